import { around, type Box, median, type Run } from './sheet.ts'

/** Part of a line that wide gaps set apart. */
export type Cell = Box & { text: string; bold: boolean }

/** What stands on one baseline of a column. */
export type Line = Box & {
  text: string
  baseline: number
  /** That most of its letters have. */
  size: number
  /** All letters are. */
  bold: boolean
  italic: boolean
  mono: boolean
  cells: Cell[]
  runs: Run[]
}

/** A gap this wide, in sizes of the type, is no space between words. */
const wide = 0.95

/** Scripts that write no space between words. */
export const unspaced =
  /[\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3ffff}]/u

/**
 * Lines of a column from top to bottom, by the heights of what stands in it; raised and lowered small type belongs to the
 * line that it overlaps.
 */
export function linesOf(runs: readonly Run[]): Line[] {
  const order = [...runs].sort((a, b) => b.size - a.size || a.baseline - b.baseline || a.left - b.left)
  const rows: Row[] = []
  // By stretches of the height, so that a run is held against those near it alone.
  const shelves = new Map<number, Row[]>()
  const shelf = (y: number): number => Math.floor(y / 16)
  for (const run of order) {
    let best: Row | undefined
    let most = 0.45
    for (const row of new Set(range(shelf(run.top), shelf(run.bottom)).flatMap(at => shelves.get(at) ?? []))) {
      const shared = Math.min(row.main.bottom, run.bottom) - Math.max(row.main.top, run.top)
      if (shared <= 0 || row.main.size > run.size * 2.2) continue
      const part = shared / Math.min(row.main.bottom - row.main.top, run.bottom - run.top)
      if (part > most) [best, most] = [row, part]
    }
    if (best) {
      best.runs.push(run)
      continue
    }
    const row = { main: run, runs: [run] }
    rows.push(row)
    for (const at of range(shelf(run.top), shelf(run.bottom))) shelves.set(at, [...(shelves.get(at) ?? []), row])
  }
  return rows.map(row => lineOf(row.main, row.runs)).sort((a, b) => a.baseline - b.baseline || a.left - b.left)
}

type Row = { main: Run; runs: Run[] }

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.min(1000, to - from + 1) }, (_, at) => from + at)

function lineOf(main: Run, unsorted: readonly Run[]): Line {
  const runs = [...unsorted].sort((a, b) => a.left - b.left || a.right - b.right)
  const size = commonSize(runs)
  const baseline = median(runs.filter(run => run.size > size * 0.9).map(run => run.baseline)) ?? main.baseline
  const cells: Cell[] = []
  let part: Run[] = []
  const close = (): void => {
    if (part.length > 0)
      cells.push({
        ...around(part),
        text: textOf(part, size, baseline),
        bold: part.every(isBold) && part.some(run => run.face.bold),
      })
    part = []
  }
  let edge = Number.NEGATIVE_INFINITY
  for (const run of runs) {
    if (run.left - edge > wide * size) close()
    part.push(run)
    edge = Math.max(edge, run.right)
  }
  close()
  return {
    ...around(runs),
    text: cells.map(cell => cell.text).join(' '),
    baseline,
    size,
    bold: runs.every(isBold) && runs.some(run => run.face.bold),
    italic: runs.every(run => run.face.italic),
    mono: runs.every(run => run.face.mono),
    cells,
    runs,
  }
}

const isBold = (run: Run): boolean => run.face.bold || !/[\p{L}\p{N}]/u.test(run.text)

function commonSize(runs: readonly Run[]): number {
  const letters = new Map<number, number>()
  for (const { size, text } of runs) letters.set(size, (letters.get(size) ?? 0) + text.trim().length)
  return [...letters].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]![0]
}

/** Text of runs side by side: spaces where the gaps between them say so, raised and lowered digits as such. */
export function textOf(runs: readonly Run[], size: number, baseline: number): string {
  let text = ''
  let before: Run | undefined
  for (const run of runs) {
    const written = shifted(run, size, baseline)
    if (before) {
      const gap = run.left - before.right
      const near = Math.min(before.size, run.size)
      const touching = unspaced.test(text.slice(-1)) && unspaced.test(written.slice(0, 1))
      if (gap > (touching ? 0.8 : 0.14) * near && !text.endsWith(' ')) text += ' '
    }
    text += written
    before = run
  }
  return settled(accented(text))
}

const marks: { [spacing: string]: string } = {
  '´': '\u0301',
  '¨': '\u0308',
  ˆ: '\u0302',
  '˜': '\u0303',
  '¸': '\u0327',
  ˇ: '\u030c',
  '˘': '\u0306',
  '˚': '\u030a',
  '˝': '\u030b',
}

/** Accents that stand before their letter, as TeX sets those that a font lacks, put on it. */
function accented(text: string): string {
  return text.replace(/([´¨ˆ˜¸ˇ˘˚˝])\s?(\p{L})/gu, (all, mark: string, letter: string) => {
    const whole = ((letter === 'ı' ? 'i' : letter) + marks[mark]!).normalize('NFC')
    return whole.length === 1 ? whole : all
  })
}

/** Without the spaces that justified lines open between characters of scripts that write none. */
function settled(text: string): string {
  const once = text
    .replace(/(?:[.·…] ?){5,}/g, '... ')
    .replace(/ {2,}/g, ' ')
    .trim()
  if (!unspaced.test(once)) return once
  const pairs = once.match(closed)?.length ?? 0
  const opened = once.match(open)?.length ?? 0
  const all = opened > 0 && opened >= 0.2 * (pairs + opened) ? once.replace(open, '') : once
  return all.replace(/(?<=[、。，．・）」』】〕]) (?=\S)|(?<=\S) (?=[、。，．・）」』】〕])|(?<=[（「『【〔]) /gu, '')
}

const open = new RegExp(`(?<=${unspaced.source}) (?=${unspaced.source})`, 'gu')
const closed = new RegExp(`${unspaced.source}(?=${unspaced.source})`, 'gu')

const raised: { [plain: string]: string } = Object.fromEntries(
  [...'0123456789+-−()'].map((c, at) => [c, [...'⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾'][at]!]),
)
const lowered: { [plain: string]: string } = Object.fromEntries(
  [...'0123456789+-−()'].map((c, at) => [c, [...'₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎'][at]!]),
)

/** Small type above or below the baseline in the characters that Unicode has for it, where it has them for all. */
function shifted({ text, size, baseline }: Run, mainSize: number, mainBaseline: number): string {
  if (size > 0.85 * mainSize) return text
  const rise = (mainBaseline - baseline) / mainSize
  const table = rise > 0.15 ? raised : rise < -0.06 ? lowered : undefined
  // Marks of footnotes stand in a row: `1,2`.
  if (!table || !/^[\d+\-−(), ]+$/.test(text)) return text
  return [...text].map(character => table[character] ?? character).join('')
}
