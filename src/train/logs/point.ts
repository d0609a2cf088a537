/**
 * What a trainer told of itself, under the names of transformers (`loss`, `eval_loss`, `rewards/margins`). Null is what is
 * no number: NaN, or infinite.
 */
export type Figures = { [name: string]: number | null }
/** The figures of one optimizer step. */
export type Point = { step: number; figures: Figures }

/** Joins what several sources tell of the same steps, in order of steps. Of a figure told twice the later source counts. */
export function joinPoints(...sources: readonly (readonly Point[])[]): Point[] {
  const steps = new Map<number, Figures>()
  for (const { step, figures } of sources.flat()) steps.set(step, { ...steps.get(step), ...figures })
  return [...steps].sort(([a], [b]) => a - b).map(([step, figures]) => ({ step, figures }))
}

/** One figure over the steps; what is no number is left out. */
export function series(points: readonly Point[], name: string): { step: number; value: number }[] {
  return points.flatMap(({ step, figures }) => {
    const value = figures[name]
    return typeof value === 'number' ? [{ step, value }] : []
  })
}

/** The last of each figure: what a training ended with. */
export const lastFigures = (points: readonly Point[]): Figures =>
  Object.fromEntries(points.flatMap(({ figures }) => Object.entries(figures)))
