import type { RobotsNote } from '../../records/index.ts'
import { matches, mayRead, type Robots, robotsVersion, usageOf } from './robots-txt.ts'

/** What is known of a page and its site when it is to be decided whether a teacher may see it. */
export type Signals = {
  url: string
  /** Name of the crawler. */
  agent: string
  /** The site's robots.txt; `unreachable` where its server failed, `absent` where it has none, `unknown` where nobody asked. */
  robots: Robots | 'absent' | 'unreachable' | 'unknown'
  /** Response headers in lower case. */
  headers: { [name: string]: string }
  /** `<meta name content>` of the page, names in lower case. */
  metas: { name: string; content: string }[]
  /** Text of `/.well-known/tdmrep.json`. */
  tdmrep?: string
}

/** Crawlers that gather text for models: a site that shuts them out keeps its text from models. */
export const modelCrawlers = [
  ...['GPTBot', 'ClaudeBot', 'anthropic-ai', 'CCBot', 'Google-Extended', 'Applebot-Extended'],
  ...['Bytespider', 'meta-externalagent', 'Amazonbot', 'cohere-ai', 'Diffbot'],
]

/** Categories of the AIPREF vocabulary that what we do falls under, and those of the lines called Content-Signal. */
const categories = new Set(['train-ai', 'train-genai', 'ai', 'genai', 'tdm', 'bots', 'all', 'ai-train'])

/** The categories that a usage line refuses: `train-ai=n, search=y`. */
function refused(value: string): string[] {
  return value.split(/[,;]/).flatMap(part => {
    const [key = '', answer = ''] = part.split('=').map(word => word.trim().toLowerCase())
    return categories.has(key) && (answer === 'n' || answer === 'no') ? [key] : []
  })
}

type TdmRule = { location?: unknown; 'tdm-reservation'?: unknown; 'tdm-policy'?: unknown }

/** What the site's file of reservations says of a path: the first entry whose location matches. TDMRep, W3C CG, 10 May 2024. */
function tdmOf(text: string | undefined, path: string): { reservation: string; rule: string } | undefined {
  if (text === undefined) return undefined
  let entries: TdmRule[]
  try {
    const parsed: unknown = JSON.parse(text)
    entries = Array.isArray(parsed) ? (parsed as TdmRule[]) : []
  } catch {
    return undefined
  }
  for (const entry of entries) {
    if (typeof entry !== 'object' || entry === null || typeof entry.location !== 'string') continue
    if (!matches(entry.location, path)) continue
    return { reservation: String(entry['tdm-reservation']), rule: JSON.stringify(entry) }
  }
  return undefined
}

/** Directives of robots headers and metas that a page gives to everybody or to this crawler. */
function directives(value: string, agent: string): string[] {
  const parts = value.split(',').map(part => part.trim().toLowerCase())
  let mine = true
  return parts.flatMap(part => {
    const [, name, rest] = /^([a-z_-]+):\s*(.*)$/.exec(part) ?? []
    if (name !== undefined && name !== 'unavailable_after') mine = name === agent.toLowerCase()
    return mine ? [rest ?? part] : []
  })
}

/**
 * May a teacher see the page? `disallowed`: robots.txt keeps this crawler out (RFC 9309; an unreachable one keeps everybody
 * out). `reserved`: a reservation against text and data mining or the training of models, in whatever form. Of the TDM
 * protocol the header counts before the page and the page before the file of the site; all other signals add up, and the
 * strictest one counts. Pure: the note holds the signals as they were sent.
 */
export function decide(signals: Signals): { note: RobotsNote; reason?: 'disallowed' | 'reserved' } {
  const { url, agent, robots, headers, metas, tdmrep } = signals
  const { pathname, search } = new URL(url)
  const path = pathname + search
  const sent: { [where: string]: string } = {}
  const note = (decision: RobotsNote['decision'], rule?: string): RobotsNote => ({
    ...{ decision, ...(rule === undefined ? {} : { rule }), signals: sent, version: robotsVersion },
  })
  sent['robots.txt'] = typeof robots === 'string' ? robots : 'read'
  if (robots === 'unreachable') return { note: note('deny', 'robots.txt cannot be reached'), reason: 'disallowed' }
  const reserved: string[] = []
  let allowed: string | undefined
  if (typeof robots !== 'string') {
    const own = mayRead(robots, agent, path)
    if (!own.allow) return { note: note('deny', own.rule), reason: 'disallowed' }
    allowed = own.rule
    const shut = modelCrawlers.filter(name => !mayRead(robots, name, path).allow)
    if (shut.length > 0) {
      sent['robots.txt, for crawlers of models'] = `disallow ${shut.join(', ')}`
      reserved.push(`robots.txt disallows ${shut.join(', ')}`)
    }
    const usage = usageOf(robots, agent, path)
    if (usage.length > 0) sent['robots.txt, usage'] = usage.join('; ')
    for (const key of usage.flatMap(refused)) reserved.push(`robots.txt: ${key}=n`)
  }
  const header = headers['content-usage']
  if (header !== undefined) {
    sent['header content-usage'] = header
    for (const key of refused(header)) reserved.push(`header content-usage: ${key}=n`)
  }
  const tdmMeta = metas.find(({ name }) => name === 'tdm-reservation')?.content.trim()
  const tdmFile = tdmOf(tdmrep, path)
  const tdmHeader = headers['tdm-reservation']?.trim()
  if (tdmHeader !== undefined) sent['header tdm-reservation'] = tdmHeader
  if (tdmMeta !== undefined) sent['meta tdm-reservation'] = tdmMeta
  if (tdmFile !== undefined) sent['tdmrep.json'] = tdmFile.rule
  const policy = headers['tdm-policy'] ?? metas.find(({ name }) => name === 'tdm-policy')?.content
  if (policy !== undefined) sent['tdm-policy'] = policy
  const tdm =
    tdmHeader !== undefined
      ? { value: tdmHeader, where: 'header tdm-reservation: 1' }
      : tdmMeta !== undefined
        ? { value: tdmMeta, where: 'meta tdm-reservation: 1' }
        : { value: tdmFile?.reservation, where: `tdmrep.json: ${tdmFile?.rule}` }
  if (tdm.value === '1') reserved.push(tdm.where)
  const token = agent.split(/[/\s]/)[0]!
  const tags = [
    ['header x-robots-tag', headers['x-robots-tag']],
    ...metas.flatMap(({ name, content }) =>
      name === 'robots' || name === token.toLowerCase() ? [[`meta ${name}`, content]] : [],
    ),
  ] as [string, string | undefined][]
  for (const [where, value] of tags) {
    if (value === undefined) continue
    sent[where] = value
    if (directives(value, token).includes('noai')) reserved.push(`${where}: noai`)
  }
  if (reserved.length > 0) return { note: note('deny', reserved[0]), reason: 'reserved' }
  return { note: note('allow', allowed) }
}
