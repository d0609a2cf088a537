/** A line of robots.txt that allows or disallows paths. */
export type Rule = { allow: boolean; pattern: string; line: string }
/** Rules for some crawlers; `usage` are preferences about what becomes of a page, by path where one is named. */
type Group = { agents: string[]; rules: Rule[]; delay?: number; usage: { path: string; value: string }[] }
export type Robots = { groups: Group[] }

/** Bytes of the file that are looked at, the least that RFC 9309 asks for. */
export const robotsBytes = 500 * 1024

/** Version of the reading of robots.txt and of the signals beside it. */
export const robotsVersion = 'robots 1'

/** The product token of a crawler's name: letters, `-` and `_`; `*` is everybody. */
export const tokenOf = (agent: string): string =>
  agent.trim() === '*' ? '*' : (/^[A-Za-z_-]+/.exec(agent.trim())?.[0] ?? '').toLowerCase()

/**
 * Reads a robots.txt (RFC 9309): groups of one or more `user-agent` lines and the rules behind them. Rules before any group,
 * lines that are no pair and fields that nobody knows are passed over. `Content-Usage` and `Content-Signal` lines, which
 * are drafts, are kept with their group.
 */
export function parseRobots(text: string): Robots {
  const groups: Group[] = []
  let group: Group | undefined
  let naming = false
  for (const raw of text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)) {
    const line = raw.replace(/#.*$/, '').trim()
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const field = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (field === 'user-agent') {
      if (!naming || !group) {
        group = { agents: [], rules: [], usage: [] }
        groups.push(group)
      }
      group.agents.push(tokenOf(value))
      naming = true
      continue
    }
    if (field === 'allow' || field === 'disallow') {
      naming = false
      // An empty value says nothing: everything may be read.
      if (group && value !== '') group.rules.push({ allow: field === 'allow', pattern: value, line })
    } else if (field === 'crawl-delay') {
      naming = false
      const delay = Number(value)
      if (group && Number.isFinite(delay) && delay >= 0) group.delay = delay
    } else if (field === 'content-usage' || field === 'content-signal') {
      naming = false
      const [, path = '/', usage = value] = /^(\/\S*)\s+(.*)$/.exec(value) ?? []
      group?.usage.push({ path, value: usage })
    }
  }
  return { groups }
}

/** The groups that speak to a crawler: all that name it, else all for everybody. */
function groupsFor({ groups }: Robots, agent: string): Group[] {
  const token = tokenOf(agent)
  const own = groups.filter(({ agents }) => agents.includes(token))
  return own.length > 0 ? own : groups.filter(({ agents }) => agents.includes('*'))
}

const unreserved = /^[A-Za-z0-9._~-]$/
/** Octets as they are compared: what needs no escape has none, what is outside of ASCII has one. */
export function normalPath(path: string): string {
  return path.replace(/%[0-9A-Fa-f]{2}|[^\x21-\x7e]/gu, part => {
    if (part.startsWith('%') && part.length === 3) {
      const character = String.fromCharCode(Number.parseInt(part.slice(1), 16))
      return unreserved.test(character) ? character : part.toUpperCase()
    }
    return [...Buffer.from(part, 'utf8')].map(byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  })
}

/** Whether a pattern matches the beginning of a path, or all of it where it ends in `$`; `*` is anything. */
export function matches(pattern: string, path: string): boolean {
  const anchored = pattern.endsWith('$')
  const parts = (anchored ? pattern.slice(0, -1) : pattern).split('*')
  const [first = '', ...rest] = parts
  if (!path.startsWith(first)) return false
  let at = first.length
  for (const [i, part] of rest.entries()) {
    if (anchored && i === rest.length - 1) return path.length - part.length >= at && path.endsWith(part)
    const found = path.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return !anchored || at === path.length
}

/** May a crawler read this path (with its query)? The longest matching rule decides, `allow` where two are as long. */
export function mayRead(robots: Robots, agent: string, path: string): { allow: boolean; rule?: string } {
  const wanted = normalPath(path)
  if (wanted === '/robots.txt') return { allow: true }
  let best: { length: number; rule: Rule } | undefined
  for (const rule of groupsFor(robots, agent).flatMap(({ rules }) => rules)) {
    const pattern = normalPath(rule.pattern)
    if (!matches(pattern, wanted)) continue
    const length = pattern.length
    if (!best || length > best.length || (length === best.length && rule.allow)) best = { length, rule }
  }
  return best ? { allow: best.rule.allow, rule: best.rule.line } : { allow: true }
}

/** Seconds that a site asks to wait between two requests; no part of the RFC, and harmless to keep. */
export const delayOf = (robots: Robots, agent: string): number =>
  Math.max(0, ...groupsFor(robots, agent).map(({ delay = 0 }) => delay))

/** What a site says of the use of a path: the values of the longest path that matches. */
export function usageOf(robots: Robots, agent: string, path: string): string[] {
  const wanted = normalPath(path)
  const all = groupsFor(robots, agent)
    .flatMap(({ usage }) => usage)
    .filter(({ path }) => matches(normalPath(path), wanted))
  const longest = Math.max(0, ...all.map(({ path }) => path.length))
  return all.filter(({ path }) => path.length === longest).map(({ value }) => value)
}
