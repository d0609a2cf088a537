import { type Point, series } from './point.ts'

/** The lowest held-out loss of a training. */
export type Best = { step: number; loss: number }
export type Settled = {
  /** Step of the look at which it was seen; absent while the loss still falls. */
  at?: number
  /** Looks in a row, up to the last, that were not better. */
  without: number
  best?: Best
}

/**
 * Whether the held-out loss has settled. A look counts as better when it is lower than the best one before it by more than
 * `min-delta` of that one's size; after `patience` looks in a row without a better one, counted from the first look, it has
 * settled. Falls that are too small alone add up, since they are measured from the last look that was better. A look that is
 * no number is not better. `best` is the lowest look of all, however small the difference.
 */
export function settled(
  points: readonly Point[],
  { patience, 'min-delta': minDelta }: { patience: number; 'min-delta': number },
): Settled {
  const looks = points.flatMap(({ step, figures }) =>
    'eval_loss' in figures ? [{ step, loss: figures.eval_loss }] : [],
  )
  let mark: number | undefined
  let without = 0
  let at: number | undefined
  for (const { step, loss } of looks) {
    if (typeof loss === 'number' && (mark === undefined || loss < mark - Math.abs(mark) * minDelta)) {
      mark = loss
      without = 0
    } else without++
    if (without >= patience) at ??= step
  }
  const best = bestOf(points)
  return { without, ...(at === undefined ? {} : { at }), ...(best ? { best } : {}) }
}

/** The lowest held-out loss, the earliest of equals. */
export function bestOf(points: readonly Point[]): Best | undefined {
  let best: Best | undefined
  for (const { step, value } of series(points, 'eval_loss'))
    if (!best || value < best.loss) best = { step, loss: value }
  return best
}
