import type { Figures, Point } from './point.ts'

const entry = /'([^'\\]+)':\s*(?:'([^']*)'|([-+\w.]+))/g
const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i
const noNumber = /^[-+]?(nan|inf|infinity)$/i

/** A number as trainers spell it; null for NaN and infinities, undefined for any other word. */
export function figureOf(text: string): number | null | undefined {
  if (number.test(text)) return Number(text)
  return noNumber.test(text) ? null : undefined
}

/**
 * The figures of one line of a trainer's output, where it is the dictionary that the callbacks of transformers print. Since
 * version 5 the values are strings of four digits. Drawings of progress around it are overlooked.
 */
export function figuresIn(line: string): Figures | undefined {
  const from = line.indexOf("{'")
  const to = line.lastIndexOf('}')
  if (from < 0 || to < from) return undefined
  const figures: Figures = {}
  for (const [, name, quoted, bare] of line.slice(from, to).matchAll(entry)) {
    const value = figureOf(quoted ?? bare!)
    if (value !== undefined) figures[name!] = value
  }
  return 'epoch' in figures && Object.keys(figures).length > 1 ? figures : undefined
}

/**
 * The points of a trainer's output. The dictionaries name no step: figures of training come every `logSteps` steps from
 * `from` on, held-out ones belong to the training figures before them. Where a checkpoint tells otherwise, it is right.
 */
export function readOutput(text: string, { logSteps, from = 0 }: { logSteps: number; from?: number }): Point[] {
  const points: Point[] = []
  let step = from
  for (const line of text.split(/[\r\n]+/)) {
    const figures = figuresIn(line)
    if (!figures || 'train_runtime' in figures) continue
    if ('loss' in figures) step += logSteps
    points.push({ step, figures })
  }
  return points
}
