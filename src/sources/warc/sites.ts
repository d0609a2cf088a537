import { parseRobots, type Robots } from '../pages/robots-txt.ts'

/** What is known of a site out of the archive itself. */
type Site = { robots: Robots | 'absent' | 'unknown'; tdmrep?: string }

export type Sites = {
  /** True where the answer says something of the site and is no page. */
  learns(uri: string, status: number, body: Buffer): boolean
  of(uri: string): Site
}

/** Sites that are remembered, those that were met last; and bytes of what each says. */
const mostSites = 2000
const mostBytes = 64 * 1024

/**
 * Remembers the robots.txt and tdmrep.json that a crawler stored with its pages, of the sites that it met last: archives
 * hold millions of sites, and a crawler writes these before the pages that follow from them.
 */
export function siteMemory(): Sites {
  const known = new Map<string, Site>()
  const siteOf = (uri: string): Site => known.get(new URL(uri).origin) ?? { robots: 'unknown' }
  return {
    learns(uri, status, body) {
      if (!URL.canParse(uri)) return false
      const { origin, pathname } = new URL(uri)
      const says =
        pathname === '/robots.txt' ? 'robots' : pathname === '/.well-known/tdmrep.json' ? 'tdmrep' : undefined
      if (!says || origin === 'null') return false
      const found = status >= 200 && status < 300
      const text = found ? body.toString('utf8', 0, mostBytes) : undefined
      const site = siteOf(uri)
      if (says === 'robots' && (found || (status >= 400 && status < 500)))
        site.robots = text === undefined ? 'absent' : parseRobots(text)
      if (says === 'tdmrep' && text !== undefined) site.tdmrep = text
      known.delete(origin)
      known.set(origin, site)
      if (known.size > mostSites) known.delete(known.keys().next().value!)
      return true
    },
    of: siteOf,
  }
}
