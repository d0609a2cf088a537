import type { Rule } from './sheet.ts'

/** a b c d e f of ISO 32000-1, 8.3.3. */
export type Matrix = readonly [number, number, number, number, number, number]

export const times = (m: Matrix, n: Matrix): Matrix => [
  m[0] * n[0] + m[2] * n[1],
  m[1] * n[0] + m[3] * n[1],
  m[0] * n[2] + m[2] * n[3],
  m[1] * n[2] + m[3] * n[3],
  m[0] * n[4] + m[2] * n[5] + m[4],
  m[1] * n[4] + m[3] * n[5] + m[5],
]

export const placed = (m: Matrix, x: number, y: number): [number, number] => [
  m[0] * x + m[2] * y + m[4],
  m[1] * x + m[3] * y + m[5],
]

/** Numbers of the operators that are looked at (`OPS` of pdf.js). */
export type Codes = {
  [name in
    | 'save'
    | 'restore'
    | 'transform'
    | 'paintFormXObjectBegin'
    | 'paintFormXObjectEnd'
    | 'constructPath'
    | 'stroke'
    | 'closeStroke'
    | 'fill'
    | 'eoFill'
    | 'fillStroke'
    | 'eoFillStroke'
    | 'closeFillStroke'
    | 'closeEOFillStroke']: number
}

/** Points: a filled rectangle as thin as this is a line; a line shorter than that is part of a drawing. */
const thin = 2.5
const shortest = 8
/** A page with more lines than this is a drawing, and its lines say nothing about text. */
const most = 4000

/** A stretch of what a page draws, as pdf.js has it. */
export type Drawn = { fnArray: ArrayLike<number>; argsArray: ArrayLike<unknown> }

/**
 * Looks for lines that a page draws along or across it, and for what may be a picture, in stretches of its operators in
 * order. `base` takes coordinates of the file to those of the sheet.
 */
export function ruler(
  codes: Codes,
  base: Matrix,
): { take(drawn: Drawn): void; seen(): { rules: Rule[]; painted: boolean } } {
  const rules: Rule[] = []
  const stack: Matrix[] = []
  let now = base
  let painted = false
  const stroking = new Set([codes.stroke, codes.closeStroke])
  const both = new Set([codes.fillStroke, codes.eoFillStroke, codes.closeFillStroke, codes.closeEOFillStroke])
  const filling = new Set([codes.fill, codes.eoFill])

  function line(from: readonly [number, number], to: readonly [number, number]): void {
    const [left, right] = from[0] < to[0] ? [from[0], to[0]] : [to[0], from[0]]
    const [top, bottom] = from[1] < to[1] ? [from[1], to[1]] : [to[1], from[1]]
    if (rules.length > most) return
    if (bottom - top < 1 && right - left >= shortest) rules.push({ left, right, top, bottom, across: true })
    else if (right - left < 1 && bottom - top >= shortest) rules.push({ left, right, top, bottom, across: false })
  }

  /** Corners of each part of a path, in the sheet; undefined where a part is curved. */
  function* parts(data: ArrayLike<number>): Generator<[number, number][]> {
    let part: [number, number][] = []
    for (let at = 0; at < data.length; ) {
      const op = data[at]!
      if (op === 0) {
        if (part.length > 1) yield part
        part = [placed(now, data[at + 1]!, data[at + 2]!)]
        at += 3
      } else if (op === 1) {
        part.push(placed(now, data[at + 1]!, data[at + 2]!))
        at += 3
      } else if (op === 2) {
        part = [placed(now, data[at + 5]!, data[at + 6]!)]
        at += 7
      } else if (op === 3) {
        part = [placed(now, data[at + 3]!, data[at + 4]!)]
        at += 5
      } else {
        if (part.length > 1) yield [...part, part[0]!]
        part = []
        at += 1
      }
    }
    if (part.length > 1) yield part
  }

  function path(paint: number, data: ArrayLike<number>): void {
    for (const part of parts(data)) {
      if (filling.has(paint)) {
        const xs = part.map(([x]) => x)
        const ys = part.map(([, y]) => y)
        const box = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)] as const
        const [middleX, middleY] = [(box[0] + box[1]) / 2, (box[2] + box[3]) / 2]
        if (box[3] - box[2] <= thin) line([box[0], middleY], [box[1], middleY])
        else if (box[1] - box[0] <= thin) line([middleX, box[2]], [middleX, box[3]])
      } else if (stroking.has(paint) || both.has(paint)) {
        for (let at = 1; at < part.length; at++) line(part[at - 1]!, part[at]!)
      }
    }
  }

  function step(code: number, args: unknown[]): void {
    if (code === codes.save) stack.push(now)
    else if (code === codes.restore) now = stack.pop() ?? base
    else if (code === codes.transform) {
      now = times(now, args as unknown as Matrix)
      // What a picture is scaled by: the picture itself is not decoded.
      if (Math.hypot(now[0], now[1]) > 100 && Math.hypot(now[2], now[3]) > 100) painted = true
    } else if (code === codes.paintFormXObjectBegin) {
      stack.push(now)
      if (args[0]) now = times(now, args[0] as Matrix)
    } else if (code === codes.paintFormXObjectEnd) now = stack.pop() ?? base
    else if (code === codes.constructPath) {
      const data = (args[1] as ArrayLike<number>[] | undefined)?.[0]
      if (data) path(args[0] as number, data)
    }
  }

  return {
    take({ fnArray, argsArray }) {
      for (let at = 0; at < fnArray.length; at++) step(fnArray[at]!, argsArray[at] as unknown[])
    },
    seen: () => ({ rules: rules.length > most ? [] : rules, painted }),
  }
}
