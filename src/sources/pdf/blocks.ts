import { joined, type Vocabulary } from './joining.ts'
import type { Line } from './lines.ts'
import { around, median } from './sheet.ts'
import type { Part } from './tables.ts'

/** One thought of a page, its lines joined. */
export type Block = {
  is: 'text' | 'heading' | 'caption' | 'note' | 'code' | 'table'
  page: number
  text: string
  size: number
  bold: boolean
  /** Of a heading, from 1; set when all headings of the document are known. */
  level?: number
  rows?: string[][]
  /** The text ran to the end of its last line and may go on in the next column. */
  open: boolean
  /** Its first line is set in, or it begins a list or a section: nothing goes on in it. */
  fresh: boolean
  /** It begins as the later lines of an entry do: something goes on in it. */
  later?: boolean
  /** Of a list whose entries have their later lines set in. */
  hanging?: boolean
  /** The first of its column. */
  first?: boolean
  lines: number
}

/** What the document as a whole says about a block. */
export type Manner = {
  /** Size of running text. */
  body: number
  /** The running text itself is set in type of one width. */
  mono: boolean
  known: Vocabulary
  /** Titles of the outline, as `titleKey` gives them. */
  outline: ReadonlyMap<string, number>
}

/** Letters and digits of a title without its number. */
export const titleKey = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/^[\d.]+\s+/, '')
    .replace(/[^\p{L}\p{N}]/gu, '')

const caption =
  /^(?:(?:figure|fig\.|table|tab\.|listing|algorithm|abbildung|tabelle)\s*[\dA-Z]+(?:[.\d]*\d)?\s*([:.|–—-])|[図表]\s*[\d０-９]+)/i
const bullet = /^([•◦‣▪●○■□➢✓·∙*–—-])\s+(?=\S)/
const numbered = /^(?:\(?(\d{1,3}|[a-z]|[ivx]{1,4})[.)]|\((\d{1,3}|[a-z]|[ivx]{1,4})\)|\[\d{1,3}\])\s+(?=\S)/
const noted = /^(?:[¹²³⁴-⁹⁰]+|[*†‡§¶∗])\s*(?=\S)/
const sectionNumber =
  /^(?:(\d{1,2}(?:\.\d{1,2}){0,4})\.?|([A-Z](?:\.\d{1,2})*)\.?|第[\d一二三四五六七八九十０-９]+[章節条])\s+(?=\p{L})/u

/** Blocks of one column, from its lines and tables. */
export function blocksOf(parts: readonly Part[], where: Where, manner: Manner): Block[] {
  const { page } = where
  const blocks: Block[] = []
  const column = columnEdges(parts, where)
  for (const part of parts) {
    if ('table' in part) {
      const plain = { page, size: manner.body, bold: false, open: false, fresh: true, lines: 1 }
      blocks.push({ ...plain, is: 'table', text: '', rows: part.table })
      continue
    }
    for (const stretch of stretchesOf(part.lines, manner))
      blocks.push(...(isCode(stretch, manner) ? [codeOf(stretch, page)] : textsOf(stretch, page, column, manner)))
  }
  if (blocks[0]) blocks[0].first = true
  return notesApart(blocks, parts, where.height, manner)
}

/** The page that a column is of, and whether it is its only one. */
export type Where = { page: number; width: number; height: number; alone: boolean }

type Edges = { left: number; right: number }
type Reach = Edges & {
  column: Edges
  /** Lines that mostly end early and go on with capitals: a list, and hardly one that goes on in the next line. */
  loose?: boolean
  /** Lines of prose that were broken by hand, short of the edge: those as long as this go on. */
  prose?: number
}

/**
 * Where the lines of a column may begin and end. The only column of a page in which few lines come near the longest one
 * holds no running text; its lines may go as far from the right as from the left.
 */
function columnEdges(parts: readonly Part[], { width, alone }: Where): Edges {
  const lines = parts.flatMap(part =>
    'lines' in part ? part.lines.filter(line => /[\p{L}\p{N}]/u.test(line.text)) : [],
  )
  if (lines.length === 0) return { left: 0, right: width }
  const { left, right } = around(lines)
  const long = lines.filter(line => line.right > right - 2 * line.size).length
  return { left, right: alone && long < Math.max(2, 0.25 * lines.length) ? Math.max(right, width - left) : right }
}

/** The edges that lines in one style keep: their own when most of them reach it, as in a quotation, else the column's. */
function edgesOf(lines: readonly Line[], column: Edges): Reach {
  const { left, right } = around(lines)
  const reach = lines.slice(0, -1).filter(line => line.right > right - 1.5 * line.size).length
  const own = lines.length >= 3 && reach >= 0.6 * (lines.length - 1)
  if (!own && lines.length >= 4) {
    const edges: Reach = { left, right: column.right, column }
    const small = lines.slice(1).filter(line => /^\p{Ll}/u.test(line.text)).length / (lines.length - 1)
    if (small >= 0.4) return { ...edges, prose: left + 0.7 * (right - left) }
    const full = lines.slice(1).filter((line, at) => isFull(lines[at]!, line, edges)).length
    if (small < 0.2 && full < 0.5 * (lines.length - 1)) return { ...edges, loose: true }
    return edges
  }
  return own ? { left, right, column: { left, right } } : { left, right: column.right, column }
}

/** Lines under each other in one size, weight where all of it is bold, and spacing. */
function stretchesOf(lines: readonly Line[], manner: Manner): Line[][] {
  const pitch = pitchOf(lines)
  const stretches: Line[][] = []
  let before: Line | undefined
  for (const line of lines) {
    const alike =
      before !== undefined &&
      Math.abs(before.size - line.size) <= 0.08 * Math.max(before.size, line.size) &&
      (before.mono === line.mono || manner.mono) &&
      line.baseline - before.baseline <= Math.max(1.32 * pitch(line.size), 1.15 * line.size) &&
      !(
        before.bold !== line.bold &&
        !/\p{L}[-‐]$/u.test(before.text) &&
        (isTitled(before, manner) || isTitled(line, manner))
      )
    if (alike) stretches.at(-1)!.push(line)
    else stretches.push([line])
    before = line
  }
  return stretches
}

/** The usual distance of lines of a size. */
function pitchOf(lines: readonly Line[]): (size: number) => number {
  const all = lines.slice(1).map((line, at) => ({ size: line.size, step: line.baseline - lines[at]!.baseline }))
  return size => {
    const steps = all.filter(
      one => Math.abs(one.size - size) < 0.08 * size && one.step > 0.5 * size && one.step < 2.6 * size,
    )
    return Math.min(median(steps.map(({ step }) => step)) ?? 1.25 * size, 2.2 * size)
  }
}

/** Larger than running text, or as large and bold from end to end. */
const isTitled = (line: Line, { body }: Manner): boolean =>
  line.size >= 1.13 * body || (line.bold && line.size >= 0.93 * body && line.text.length <= 120)

/** Type of one width is set for tables of contents and letters too: signs of code have to be in a third of the lines. */
const isCode = (lines: readonly Line[], { mono }: Manner): boolean =>
  !mono &&
  lines.length >= 2 &&
  lines.every(line => line.mono) &&
  lines.filter(line => /[(){}[\];=<>\\$#|]|:$|\/\//.test(line.text)).length >= lines.length / 3

/** Code keeps its lines, and the columns that its letters stand in. */
function codeOf(lines: readonly Line[], page: number): Block {
  const letters = lines.flatMap(line => line.runs).filter(run => run.text.length > 3)
  const width = median(letters.map(run => (run.right - run.left) / run.text.length)) ?? lines[0]!.size * 0.6
  const left = Math.min(...lines.map(line => line.left))
  const text = lines.map(line => {
    let row = ''
    for (const run of line.runs) {
      const column = Math.round((run.left - left) / width)
      row = (row === '' || column > row.length ? row.padEnd(column) : row) + run.text
    }
    return row.trimEnd()
  })
  return {
    is: 'code',
    page,
    text: text.join('\n'),
    size: lines[0]!.size,
    bold: false,
    open: false,
    fresh: true,
    lines: lines.length,
  }
}

/** Paragraphs, items and headings of lines in one style. */
function textsOf(lines: readonly Line[], page: number, column: Edges, manner: Manner): Block[] {
  const edges = edgesOf(lines, column)
  const hanging = isHanging(lines, edges)
  const blocks: Block[] = []
  let first = 0
  for (let at = 0; at < lines.length; at++) {
    const next = lines[at + 1]
    const how = next ? breakOf(lines, first, at, edges, hanging, manner) : 'block'
    if (how !== 'block') continue
    blocks.push(blockOf(lines.slice(first, at + 1), page, edges, hanging, manner))
    first = at + 1
  }
  return blocks
}

/** What comes between a line and the next: a new block, a line kept as such, or nothing. */
function breakOf(
  lines: readonly Line[],
  first: number,
  at: number,
  edges: Reach,
  hanging: boolean,
  manner: Manner,
): 'block' | 'line' | 'none' {
  const [line, next] = [lines[at]!, lines[at + 1]!]
  const size = line.size
  if (!/[\p{L}\p{N}]/u.test(line.text) || !/[\p{L}\p{N}]/u.test(next.text)) return 'block'
  if (bullet.test(next.text) && !/^[–—*-]/.test(next.text)) return 'block'
  const full = isFull(line, next, edges)
  if (isTitled(line, manner)) {
    // Titles break where they please; a section number, or a line that ends early before one, begins another.
    if (sectionNumber.test(next.text)) return 'block'
    if (line.cells.length > 1 && next.cells.length > 1) return 'line'
    if (line.size >= 1.13 * manner.body || line.bold === next.bold)
      return full || isCentred(line, next, edges) || line.size >= 1.13 * manner.body ? 'none' : 'block'
  }
  const labelled = caption.exec(next.text)?.[1] !== '.' && caption.test(next.text)
  const marked = bullet.test(next.text) || numbered.test(next.text) || noted.test(next.text) || labelled
  if (marked && (!full || Math.abs(next.left - lines[first]!.left) < 0.5 * size || isMarked(lines[first]!)))
    return 'block'
  const inset = next.left - edges.left
  const stands = isCentred(line, next, edges)
  if (hanging) {
    if (inset < 0.5 * size && line !== lines[first]! && line.left - edges.left >= 0.5 * size) return 'block'
    if (inset < 0.5 * size && !full) return 'block'
  } else if (!stands) {
    const set = next.left - line.left
    const from = isMarked(lines[first]!) && at === first
    if (set > 0.7 * size && set < 5 * size && !from) return 'block'
    if (bullet.test(lines[first]!.text) && set < -0.7 * size && next.left <= lines[first]!.left + 0.5 * size)
      return 'block'
  }
  if (full) return 'none'
  const ends = /[.!?:;。！？…]["'”’)\]」』）]*$/.test(line.text)
  return ends && line.right - line.left > 0.4 * (edges.right - edges.left) && !/^\p{Ll}/u.test(next.text)
    ? 'block'
    : 'line'
}

const isMarked = (line: Line): boolean => bullet.test(line.text) || numbered.test(line.text) || noted.test(line.text)

/** The first word of the next line would not have found room: the break is none of the writer's. */
function isFull(line: Line, next: Line, edges: Reach): boolean {
  const centred = isCentred(line, next, edges)
  const { column, loose, prose } = edges
  const small = /^\p{Ll}/u.test(next.text)
  if (prose !== undefined && line.right >= prose) return true
  // A sentence that goes on after a long line, whatever room a longer one shows.
  if (small && line.right - edges.left > 0.75 * (edges.right - edges.left) && !/[.!?:;]$/.test(line.text)) return true
  if (loose && !small && !/[-,;]$/.test(line.text)) return false
  const room = centred ? column.right - column.left - (line.right - line.left) : edges.right - line.right
  const letters = Math.max(1, next.text.length)
  const word = /^[\u2e80-\uffef]/.test(next.text) ? 1 : (next.text.split(' ')[0] ?? '').length
  return room < (word / letters) * (next.right - next.left) + 0.2 * line.size
}

/** Both lines are set in on both sides, and about a common middle. */
function isCentred(line: Line, next: Line, { column }: Reach): boolean {
  const middle = (column.left + column.right) / 2
  const off = ({ left, right }: Line): number => Math.abs((left + right) / 2 - middle)
  const inset = Math.max(line.left, next.left) - column.left
  return inset > 0.4 * line.size && off(line) < 0.5 * line.size && off(next) < 0.5 * line.size
}

/** Entries whose later lines are set in, as in lists of references: lines before those are full, before others they end. */
function isHanging(lines: readonly Line[], edges: Reach): boolean {
  const share = (inset: boolean): number => {
    const before = lines.slice(1).flatMap((line, at) => {
      const own = line.left - edges.left > 0.5 * line.size
      return own === inset ? [isFull(lines[at]!, line, edges)] : []
    })
    return before.length === 0 ? (inset ? -1 : 0) : before.filter(Boolean).length / before.length
  }
  const inset = lines.filter(line => line.left - edges.left > 0.5 * line.size).length
  return inset >= 0.4 * (lines.length - 1) && inset > 0 && share(true) > share(false) && share(true) > 0.6
}

function blockOf(lines: readonly Line[], page: number, edges: Reach, hanging: boolean, manner: Manner): Block {
  let text = ''
  lines.forEach((line, at) => {
    const kept = at > 0 && breakOf(lines, 0, at - 1, edges, hanging, manner) === 'line'
    text = kept ? `${text}\n${line.text}` : joined(text, line.text, manner.known)
  })
  const [first, last] = [lines[0]!, lines.at(-1)!]
  const plain = { page, size: first.size, bold: lines.every(line => line.bold), lines: lines.length }
  if (isHeading(lines, text, manner)) return { ...plain, is: 'heading', text, open: false, fresh: true }
  const label = caption.exec(text)
  // `Table 2. However, ...` may also be how a line of running text begins.
  const isCaption = label !== null && (label[1] !== '.' || first.size < 0.97 * manner.body || first.runs[0]!.face.bold)
  const marker = bullet.exec(text)
  const item = marker ? `- ${text.slice(marker[0].length)}` : text
  return {
    ...plain,
    is: isCaption ? 'caption' : 'text',
    text: item,
    ...(hanging ? { hanging } : {}),
    open: last.right > edges.right - 2.5 * last.size,
    ...(hanging && first.left - edges.left > 0.5 * first.size ? { later: true } : {}),
    fresh: isMarked(first) || (lines.length > 1 && hanging !== first.left - edges.left > 0.7 * first.size),
  }
}

function isHeading(lines: readonly Line[], text: string, manner: Manner): boolean {
  if (text.length > 200 || lines.length > 4 || caption.test(text)) return false
  if (manner.outline.has(titleKey(text)) && titleKey(text) !== '') return true
  if (!lines.every(line => isTitled(line, manner))) return false
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  if (letters < 2 || letters < 0.5 * text.replace(/\s/g, '').length) return false
  const plain = text.replace(sectionNumber, '')
  if (bullet.test(text) || /[,;]$/.test(text)) return false
  const gaps = lines.some(line => line.cells.length > (sectionNumber.test(line.text) ? 2 : 1))
  if (gaps) return false
  const large = lines[0]!.size >= 1.13 * manner.body
  return large || !/[.。]$/.test(plain) || sectionNumber.test(text)
}

/** Footnotes: small type that begins with a mark, at the end of a column, and all that comes after it there. */
function notesApart(blocks: Block[], parts: readonly Part[], pageHeight: number, { body }: Manner): Block[] {
  const last = parts.at(-1)
  const bottom = last && 'lines' in last ? last.lines.at(-1)!.baseline : 0
  if (bottom < 0.5 * pageHeight) return blocks
  let from = blocks.length
  for (let at = blocks.length - 1; at >= 0; at--) {
    const block = blocks[at]!
    if ((block.is !== 'text' && block.is !== 'caption') || block.size > 0.95 * body) break
    if (noted.test(block.text)) from = at
  }
  return blocks.map((block, at) => (at >= from ? { ...block, is: 'note' as const } : block))
}

/** Depth that the number of a section gives: 1 for `3`, 2 for `3.1`; undefined without one. */
export function depthOf(text: string): number | undefined {
  const match = sectionNumber.exec(text)
  if (!match?.[1]) return undefined
  return match[1].split('.').length
}
