/** An upright rectangle of a page, in points; y grows downwards. */
export type Box = { left: number; right: number; top: number; bottom: number }

export type Face = { bold: boolean; italic: boolean; mono: boolean }

/** Characters that the file shows in one stretch, in one font. */
export type Run = Box & {
  text: string
  baseline: number
  /** Of the font, in points. */
  size: number
  face: Face
}

/** A straight line that is drawn. */
export type Rule = Box & { across: boolean }

/** What a page shows, turned so that its text runs from left to right and its lines downwards. */
export type Sheet = {
  page: number
  width: number
  height: number
  runs: Run[]
  rules: Rule[]
  /** Paints something, be it a picture. */
  painted: boolean
  /** Characters in all, and those left out that stand for nothing: no Unicode value, private use, control characters. */
  letters: number
  garbled: number
}

export const around = (boxes: readonly Box[]): Box => {
  const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity }
  for (const { left, right, top, bottom } of boxes) {
    box.left = Math.min(box.left, left)
    box.right = Math.max(box.right, right)
    box.top = Math.min(box.top, top)
    box.bottom = Math.max(box.bottom, bottom)
  }
  return box
}

/** The middle of the sorted values, the lower one of two; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]
}

/** The size that most letters have. */
export function bodySize(sheets: readonly Sheet[]): number {
  const letters = new Map<number, number>()
  for (const { runs } of sheets)
    for (const { size, text } of runs) {
      const rounded = Math.round(size * 5) / 5
      letters.set(rounded, (letters.get(rounded) ?? 0) + text.length)
    }
  let best = 10
  let count = 0
  for (const [size, number] of letters)
    if (number > count || (number === count && size < best)) [best, count] = [size, number]
  return best
}
