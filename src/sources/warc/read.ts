import type { Json, Kind, RobotsNote } from '../../records/index.ts'
import { Unreadable } from '../bytes.ts'
import type { SourceConfig } from '../config.ts'
import { documentItem, proseOf } from '../document.ts'
import type { SourceFile } from '../files.ts'
import type { Limits } from '../form.ts'
import { type FormName, formByEnding, formOf } from '../forms.ts'
import { metasOf } from '../pages/html.ts'
import { decide } from '../pages/signals.ts'
import type { Item } from '../read.ts'
import type { SourceReason } from '../reasons.ts'
import { fits } from './digest.ts'
import { answerOf, decoded, unchunked } from './http.ts'
import { type ArchiveRecord, archiveRecords, type Head } from './records.ts'
import { type Sites, siteMemory } from './sites.ts'

/** Records with a text of their own. The others say how the archive was made, or repeat a page that stands elsewhere. */
const read = new Set(['response', 'resource', 'conversion'])

/** Logs of crawlers (`metadata:`), descriptions of files and answers of name servers have addresses of their own kinds. */
const wanted = (head: Head): boolean =>
  (head.arc !== undefined || read.has((head['warc-type'] ?? '').toLowerCase())) &&
  !/^<?(?:filedesc|dns|metadata|warcinfo):/i.test(head['warc-target-uri'] ?? '')

/** Endings of the forms that a media type stands for. */
const endings: { [type: string]: string } = {
  ...{ 'text/html': 'html', 'application/xhtml+xml': 'html', 'text/plain': 'txt', 'text/markdown': 'md' },
  ...{ 'text/x-markdown': 'md', 'text/x-rst': 'rst', 'text/prs.fallenstein.rst': 'rst', 'application/pdf': 'pdf' },
  ...{ 'application/x-pdf': 'pdf', 'application/epub+zip': 'epub', 'application/x-tex': 'tex', 'text/x-tex': 'tex' },
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
}

/**
 * Pages of an archive (WARC 0.17 to 1.1, WET, ARC 1 and 2; plain or gzip) as documents, in order. `row` counts all records,
 * `part` names the record and the byte of the file where it, or its gzip member, begins, and `uri` is the address that was
 * asked. Records of the types response, resource and conversion are read; all others (warcinfo, request, metadata, revisit),
 * DNS answers, logs of the crawler and what a site says of itself to crawlers are no pages and are counted nowhere.
 * What a page or its site reserved when it was fetched is honoured (`decide`), as far as the archive holds it: headers and
 * metas of the page, and a robots.txt or tdmrep.json that stands before it. Equal pages are all given.
 */
export async function* warcItems(
  file: SourceFile,
  config: SourceConfig,
  _: Kind,
  limits: Limits,
): AsyncGenerator<Item> {
  const sites = siteMemory()
  let empty = true
  // A page lies in memory as sent, as decoded and as text: half of a document's bytes are already more than crawls keep.
  const bound = Math.ceil(limits.bytes / 2)
  for await (const record of archiveRecords(file, { bound, wanted })) {
    for await (const item of itemsOf(record, file, config, bound, sites)) {
      empty = false
      yield item
    }
  }
  if (empty)
    yield { is: 'rejected', reason: 'empty-file', evidence: { bytes: file.size, error: 'no record of a page' } }
}

async function* itemsOf(
  record: ArchiveRecord,
  file: SourceFile,
  config: SourceConfig,
  bound: number,
  sites: Sites,
): AsyncGenerator<Item> {
  const { row, at, head } = record
  const uri = head['warc-target-uri']?.replace(/^<(.*)>$/s, '$1')
  const id = head['warc-record-id']
  const about = { byte: at, ...(id === undefined ? {} : { record: id }), ...(uri === undefined ? {} : { uri }) }
  const rejected = (reason: SourceReason, found: Json): Item => ({
    ...{ is: 'rejected', reason, row },
    evidence: { ...about, ...(typeof found === 'object' && !Array.isArray(found) ? found : { found }) },
  })
  if (record.is === 'rejected') {
    yield rejected(record.reason, record.evidence)
    return
  }
  try {
    const page = pageOf(record, uri, bound, sites)
    if (page === undefined) return
    const { robots, reason } = reservation(page, uri, config, sites)
    if (reason) {
      yield rejected(reason, { robots: robots as unknown as Json })
      return
    }
    const format = formFor(page, uri)
    if (!format) {
      yield rejected('not-text', { type: page.type || 'none' })
      return
    }
    const path = uri ?? file.path
    const given = { path, format, bound, ...(page.charset === undefined ? {} : { charset: page.charset }) }
    const prose = await proseOf(page.bytes, given)
    const named = { path: nameOf(path), below: path, size: page.bytes.length }
    const item = documentItem(config, named, { ...prose, ...(uri === undefined ? {} : { uri }) }, given)
    if (item.is === 'rejected') yield rejected(item.reason, item.evidence)
    else {
      const facets = page.cut === undefined ? item.facets : { ...item.facets, truncated: page.cut }
      const part = id === undefined ? `record at byte ${at}` : `record ${id} at byte ${at}`
      yield { ...item, row, part, ...(facets ? { facets } : {}), ...(robots ? { robots } : {}) }
    }
    for (const lost of prose.lost ?? []) yield rejected(lost.reason, lost.evidence)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    yield rejected(error.reason, error.evidence)
  }
}

type Page = {
  bytes: Buffer
  /** Media type in lower case, without parameters. */
  type: string
  charset?: string
  /** Why not all of it is there. */
  cut?: string
  headers: { [name: string]: string }
}

/** The page in a record; undefined for what is none. Throws `Unreadable`. */
function pageOf(
  { head, block }: ArchiveRecord & { is: 'record' },
  uri: string | undefined,
  bound: number,
  sites: Sites,
): Page | undefined {
  if (head['warc-segment-number'] !== undefined)
    throw new Unreadable('wrong-shape', 'a part of a record that is spread over several')
  const http = head.arc === undefined ? /^application\/http\b/i.test(head['content-type'] ?? '') : true
  const answer = http && head['warc-type'] !== 'conversion' ? answerOf(block) : undefined
  const stored = answer?.body ?? block
  const chunks = answer && chunked(answer.headers) ? unchunked(stored) : undefined
  const plain = chunks?.bytes ?? stored
  expectDigest(head, block, [stored, plain])
  if (http && !answer && head.arc === undefined) throw new Unreadable('damaged', 'an answer without a status line')
  if (answer && uri !== undefined && sites.learns(uri, answer.status, plain)) return undefined
  if (answer && (answer.status < 200 || answer.status > 299))
    throw new Unreadable('no-page', `status ${answer.status}`, { status: answer.status })
  const headers = answer?.headers ?? {}
  const sent = answer ? (headers['content-type'] ?? '') : (head['content-type'] ?? '')
  const type = (head['warc-identified-payload-type'] ?? sent).split(';')[0]!.trim().toLowerCase()
  const charset = /charset\s*=\s*["']?([\w.:-]+)/i.exec(sent)?.[1]
  const cut = head['warc-truncated'] ?? (chunks && !chunks.whole ? 'disconnect' : undefined)
  const bytes = decoded(plain, headers['content-encoding'] ?? '', bound)
  if (bytes.length === 0) throw new Unreadable('not-text', 'an answer without a body')
  return {
    ...{ bytes, type, headers },
    ...(charset === undefined ? {} : { charset }),
    ...(cut === undefined ? {} : { cut }),
  }
}

/**
 * The bytes are right where any checksum fits: one of the whole block, or one of the page with its chunks or without, as
 * different crawlers take it. Tools that rewrite the headers of an answer leave that of the page right.
 */
function expectDigest(head: Head, block: Buffer, bodies: Buffer[]): void {
  const fields = ['warc-block-digest', 'warc-payload-digest'].filter(field => head[field] !== undefined)
  const found = fields.flatMap(field =>
    (field === 'warc-block-digest' ? [block] : bodies).map(b => fits(head[field], b)),
  )
  if (!found.includes(false) || found.includes(true)) return
  throw new Unreadable('wrong-digest', 'no checksum fits', Object.fromEntries(fields.map(name => [name, head[name]!])))
}

const chunked = (headers: { [name: string]: string }): boolean =>
  /\bchunked\b/i.test(headers['transfer-encoding'] ?? '')

/** What the page and its site say of the use of it; nothing where it has no address on the web. */
function reservation(
  page: Page,
  uri: string | undefined,
  { crawl }: SourceConfig,
  sites: Sites,
): { robots?: RobotsNote; reason?: SourceReason } {
  if (uri === undefined || !/^https?:/i.test(uri) || !URL.canParse(uri)) return {}
  const html = isHtml(page)
  const { robots, tdmrep } = sites.of(uri)
  const { note, reason } = decide({
    ...{ url: uri, agent: crawl?.agent ?? 'stillroom', robots, headers: page.headers },
    metas: html ? metasOf(page.bytes.toString('latin1', 0, 1 << 18)) : [],
    ...(tdmrep === undefined ? {} : { tdmrep }),
  })
  return { robots: note, ...(reason ? { reason } : {}) }
}

const isHtml = ({ type, bytes }: Page): boolean =>
  endings[type] === 'html' || /^\s*(?:<!doctype html|<html)\b/i.test(bytes.toString('latin1', 0, 200))

/** The form that a page is read as; undefined where it is no document that can be read. */
function formFor(page: Page, uri: string | undefined): FormName | undefined {
  const { type, bytes } = page
  const unsaid = type === '' || /^(?:application\/(?:octet-stream|unknown)|unknown\/unknown|no-type)$/.test(type)
  const path = uri !== undefined && URL.canParse(uri) ? new URL(uri).pathname : ''
  // A page that is sent as plain text is a page still.
  const told =
    (type === 'text/plain' || unsaid) && isHtml(page)
      ? 'html'
      : unsaid
        ? bytes.subarray(0, 5).toString('latin1') === '%PDF-'
          ? 'pdf'
          : (/\.(\w+)$/.exec(path)?.[1] ?? '')
        : endings[type]
  const format = told === undefined ? undefined : formByEnding(`page.${told}`)
  return format && formOf(format).holds === 'document' ? format : undefined
}

/** What a page without a title is called: the last part of its address, or the site. */
function nameOf(path: string): string {
  if (!URL.canParse(path)) return path
  const { host, pathname } = new URL(path)
  return pathname.split('/').findLast(part => part !== '') ?? host
}
