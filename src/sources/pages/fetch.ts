import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, type Dispatcher, request } from 'undici'
import { type RobotsNote, sha256 } from '../../records/index.ts'
import { putWhole } from '../../workspace/index.ts'
import type { SourceReason } from '../reasons.ts'
import { htmlText } from './encoding.ts'
import { metasOf } from './html.ts'
import { delayOf, parseRobots, type Robots, robotsBytes } from './robots-txt.ts'
import { decide } from './signals.ts'

/** What a site answered for a page; `at` is when. A page that may not be read has no body. */
export type Page = {
  url: string
  at: string
  note?: RobotsNote
  /** Where redirects led to. */
  final?: string
  status?: number
  type?: string
  body?: string
  rejected?: { reason: SourceReason; detail: string }
}

export type FetchOptions = {
  /** Where pages and robots.txt files are kept. */
  folder: string
  /** Name of the crawler, its product token first: `stillroom/0.1 (+https://example.org/bot)`. */
  agent: string
  /** Seconds between two requests to one host; a longer `crawl-delay` is kept to. */
  delay: number
  /** Most bytes of a page. */
  bytes: number
  /** Ask again for pages that lie in the folder. */
  again?: boolean
  /** Ask for nothing: a page that does not lie in the folder counts as unreachable. */
  offline?: boolean
  now(): Date
  sleep(ms: number): Promise<void>
  /** Called before each request; throws to stop. */
  check?(): void
}

/** How long what a site says of itself is believed. */
const day = 24 * 3600 * 1000
const mostRedirects = 5
const longestDelay = 60

type Answer = { status: number; headers: { [name: string]: string }; body: Buffer; cut: boolean }

/**
 * Reads pages one by one, one host at a time: robots.txt first, at most a day old; then the page, if that lets us, with each
 * redirect asked for like a page of its own. What a site reserves is found before anything is made of the page, which is
 * then not kept. Pages and refusals lie in the folder and are not asked for twice (`again` does), so that a recipe gives the
 * same rows; failures of a server are tried again by the next run.
 */
export async function fetchPages(urls: readonly string[], options: FetchOptions): Promise<Page[]> {
  const { folder, now } = options
  mkdirSync(folder, { recursive: true })
  const dispatcher = new Agent({ headersTimeout: 30_000, bodyTimeout: 30_000, connect: { timeout: 15_000 } })
  const sites = new Map<string, Promise<Site>>()
  const get = politely(options, dispatcher)
  try {
    const pages = new Map<string, Page>()
    const byHost = Map.groupBy([...new Set(urls)], url => new URL(url).host)
    for (const own of byHost.values()) {
      for (const url of own) {
        const known = options.again && !options.offline ? undefined : kept<Page>(join(folder, `${sha256(url)}.json`))
        if (known || options.offline) {
          const at = now().toISOString()
          pages.set(url, known ?? { url, at, rejected: { reason: 'unreachable', detail: 'not read before' } })
          continue
        }
        const page = await readPage(url, options, get, sites)
        if (!passing(page)) keep(join(folder, `${sha256(url)}.json`), page)
        pages.set(url, page)
      }
    }
    return urls.map(url => pages.get(url)!)
  } finally {
    await dispatcher.close()
  }
}

type Site = { robots: Robots | 'absent' | 'unreachable'; tdmrep?: string }
type Get = (url: string, bytes: number, delay?: number) => Promise<Answer | undefined>

/** The server failed: another time it may not. */
const passing = ({ rejected, note }: Page): boolean =>
  rejected?.reason === 'unreachable' || note?.signals['robots.txt'] === 'unreachable'

/** One request, no sooner than the site wants after the one before; undefined where no answer came. */
function politely({ agent, delay, now, sleep, check }: FetchOptions, dispatcher: Dispatcher): Get {
  const last = new Map<string, number>()
  return async (url, bytes, asked = 0) => {
    const { host } = new URL(url)
    const wait = Math.max(delay, Math.min(asked, longestDelay)) * 1000
    const due = (last.get(host) ?? Number.NEGATIVE_INFINITY) + wait - now().getTime()
    if (due > 0) await sleep(due)
    check?.()
    try {
      const { statusCode, headers, body } = await request(url, {
        dispatcher,
        headers: { 'user-agent': agent, accept: 'text/html, text/plain;q=0.9, */*;q=0.1' },
      })
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of body) {
        chunks.push(chunk as Buffer)
        size += (chunk as Buffer).length
        if (size > bytes) break
      }
      const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')])
      const all = Buffer.concat(chunks)
      return {
        ...{ status: statusCode, headers: Object.fromEntries(named), body: all.subarray(0, bytes), cut: size > bytes },
      }
    } catch {
      return undefined
    } finally {
      last.set(host, now().getTime())
    }
  }
}

/** Follows redirects; the last answer, and where it came from. */
async function follow(
  url: string,
  get: (url: string) => Promise<Answer | undefined>,
): Promise<{ url: string; answer: Answer | undefined; many?: true }> {
  let at = url
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const answer = await get(at)
    const to = answer && answer.status >= 300 && answer.status < 400 ? answer.headers.location : undefined
    if (to === undefined || !URL.canParse(to, at)) return { url: at, answer }
    at = new URL(to, at).href
    if (!/^https?:/.test(at)) return { url: at, answer: undefined }
  }
  return { url: at, answer: undefined, many: true }
}

/** What a site says of itself: robots.txt (RFC 9309, 2.3.1) and the file of the TDM protocol, at most a day old. */
async function siteOf(origin: string, { folder, now }: FetchOptions, get: Get): Promise<Site> {
  const file = join(folder, 'sites', `${sha256(origin)}.json`)
  type Kept = { origin: string; at: string; status?: number; robots?: string; tdmrep?: string }
  let known = kept<Kept>(file)
  if (!known || now().getTime() - Date.parse(known.at) > day) {
    const { answer } = await follow(`${origin}/robots.txt`, url => get(url, robotsBytes))
    const tdm = answer && answer.status < 500 ? await get(`${origin}/.well-known/tdmrep.json`, robotsBytes) : undefined
    known = {
      ...{ origin, at: now().toISOString() },
      ...(answer ? { status: answer.status } : {}),
      ...(answer && answer.status < 300 ? { robots: answer.body.toString('utf8') } : {}),
      ...(tdm && tdm.status < 300 ? { tdmrep: tdm.body.toString('utf8') } : {}),
    }
    // A site that did not answer is asked again by the next run.
    if (answer && answer.status < 500) keep(file, known)
  }
  const { status, robots, tdmrep } = known
  const more = tdmrep === undefined ? {} : { tdmrep }
  if (robots !== undefined) return { robots: parseRobots(robots), ...more }
  return { robots: status !== undefined && status >= 400 && status < 500 ? 'absent' : 'unreachable', ...more }
}

async function readPage(
  url: string,
  options: FetchOptions,
  get: Get,
  sites: Map<string, Promise<Site>>,
): Promise<Page> {
  const page = { url, at: options.now().toISOString() }
  const refuse = (reason: SourceReason, detail: string, more: Partial<Page> = {}): Page => ({
    ...{ ...page, ...more, rejected: { reason, detail } },
  })
  const site = (at: string): Promise<Site> => {
    const { origin } = new URL(at)
    const known = sites.get(origin) ?? siteOf(origin, options, get)
    sites.set(origin, known)
    return known
  }
  let shut: ReturnType<typeof decide> | undefined
  const found = await follow(url, async at => {
    const { robots, tdmrep } = await site(at)
    const about = { url: at, agent: options.agent, robots, ...(tdmrep === undefined ? {} : { tdmrep }) }
    const before = decide({ ...about, headers: {}, metas: [] })
    // A header may still lift what the site's file reserves: only what robots.txt says is final here.
    if (before.reason === 'disallowed') {
      shut = before
      return undefined
    }
    return get(at, options.bytes, typeof robots === 'string' ? 0 : delayOf(robots, options.agent))
  })
  const final = found.url === url ? {} : { final: found.url }
  if (shut) return refuse('disallowed', shut.note.rule ?? 'robots.txt', { note: shut.note, ...final })
  if (found.many) return refuse('unreachable', `more than ${mostRedirects} redirects`, final)
  const { answer } = found
  if (!answer || answer.status >= 500)
    return refuse('unreachable', answer ? `status ${answer.status}` : 'no answer', final)
  const { status, headers } = answer
  const type = headers['content-type'] ?? ''
  if (status >= 300) return refuse('not-found', `status ${status}`, { status, ...final })
  if (answer.cut) return refuse('too-large', `more than ${options.bytes} bytes`, { status, ...final })
  const kind = type.split(';')[0]!.trim().toLowerCase()
  if (!/^(text\/(html|plain|markdown)|application\/xhtml\+xml)?$/.test(kind)) {
    return refuse('binary', `content type ${kind}`, { status, type, ...final })
  }
  const stated = /charset=["']?([\w-]+)/i.exec(type)?.[1]
  const body = /plain|markdown/.test(kind) ? decoded(answer.body, stated) : htmlText(answer.body, stated)
  if (body === undefined) return refuse('invalid-utf8', type || 'no content type', { status, type, ...final })
  const { robots, tdmrep } = await site(found.url)
  const { note, reason } = decide({
    ...{ url: found.url, agent: options.agent, robots, headers, metas: /html/.test(kind) ? metasOf(body) : [] },
    ...(tdmrep === undefined ? {} : { tdmrep }),
  })
  if (reason) return refuse(reason, note.rule ?? reason, { status, type, note, ...final })
  return { ...page, ...final, status, type: kind || 'text/html', note, body }
}

/** Plain text says nothing of its encoding; undefined where it is not in the one that the header names. */
function decoded(body: Buffer, stated = 'utf-8'): string | undefined {
  try {
    return new TextDecoder(stated, { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}

function kept<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    // Not there, or cut off by a kill: asked for again.
    return undefined
  }
}

const keep = (file: string, value: object): void => putWhole(file, JSON.stringify(value))
