import { linesOf } from './lines.ts'
import type { Run, Sheet } from './sheet.ts'

/** Share of the height, at the top and at the bottom, in which running heads and numbers of pages stand. */
const margin = 0.15
const outer = 0.09
/** Lines looked at from each edge. */
const deep = 4

type Edge = { key: string; at: number; size: number; runs: Run[] }

/**
 * Pages without the heads, feet and numbers that come back from page to page: what stands in the margin at the same
 * height with the same text, digits apart, on three pages, or on two when it is near the edge, whatever is in between. Lines
 * go from the edge inwards, so nothing below a line that stays is taken. A document of one page keeps all.
 */
export function withoutRunning(sheets: readonly Sheet[]): Sheet[] {
  if (sheets.length < 2) return [...sheets]
  const edges = sheets.map(sheet => ({ top: edgeOf(sheet, true), bottom: edgeOf(sheet, false) }))
  const seen = new Map<string, { page: number; at: number; outside: boolean }[]>()
  edges.forEach(({ top, bottom }, page) => {
    for (const [lines, isTop] of [
      [top, true],
      [bottom, false],
    ] as const)
      for (const { key, at } of lines) {
        const height = sheets[page]!.height
        const outside = isTop ? at < outer * height : at > (1 - outer) * height
        const places = seen.get(key) ?? []
        places.push({ page, at, outside })
        seen.set(key, places)
      }
  })
  const runs = ({ key, at, size }: Edge): boolean => {
    const same = seen.get(key)!.filter(place => Math.abs(place.at - at) <= 0.6 * size)
    const pages = new Set(same.map(place => place.page)).size
    return pages >= 3 || (pages === 2 && (same.every(place => place.outside) || key === '#'))
  }
  return sheets.map((sheet, page) => {
    const gone = new Set<Run>()
    for (const lines of [edges[page]!.top, edges[page]!.bottom]) {
      for (const line of lines) {
        if (!runs(line)) break
        for (const run of line.runs) gone.add(run)
      }
    }
    return gone.size === 0 ? sheet : { ...sheet, runs: sheet.runs.filter(run => !gone.has(run)) }
  })
}

/** Lines of one margin, from the edge inwards. */
function edgeOf({ runs, height }: Sheet, top: boolean): Edge[] {
  const near = runs.filter(run => (top ? run.baseline < margin * height : run.baseline > (1 - margin) * height))
  const lines = linesOf(near)
  return (top ? lines : lines.reverse())
    .slice(0, deep)
    .map(line => ({ key: masked(line.text), at: line.baseline, size: line.size, runs: line.runs }))
}

function masked(text: string): string {
  const plain = text.trim().toLowerCase().replace(/\s+/g, ' ')
  if (/^[ivxlc]+$/.test(plain)) return '#'
  const digits = plain.replace(/[0-9０-９]+/g, '#')
  return digits.replace(/^[-–—\s]*#[-–—\s]*$/, '#')
}
