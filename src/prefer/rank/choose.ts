import type { Id } from '../../records/index.ts'

/** Which answers of one prompt become pairs. */
export const policies = ['best-worst', 'best-random', 'all'] as const
export type Policy = (typeof policies)[number]
export type Scored = { id: Id; score: number }

/** What is left of equal sums after rounding is no difference. */
const rounding = 1e-9

/**
 * Pairs of a better and a worse answer, whatever order the answers come in. Scores that are equal, or closer than
 * `margin`, are a tie and make no pair. `best-worst` sets the highest score against the lowest, `best-random` against one
 * of those that lie a margin below it (Tunstall et al. 2023, arXiv 2310.16944), chosen by the smallest `lot`; `all` takes
 * every two. Of equal scores the smaller id counts as the better answer.
 */
export function choosePairs(
  answers: readonly Scored[],
  policy: Policy,
  margin: number,
  lot: (better: Id, worse: Id) => number,
): [better: Scored, worse: Scored][] {
  const ranked = [...answers].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  const apart = (a: Scored, b: Scored) => a.score - b.score > rounding && a.score - b.score >= margin - rounding
  const worseThan = (better: Scored) => ranked.filter(worse => apart(better, worse))
  if (policy === 'all')
    return ranked.flatMap(better => worseThan(better).map((worse): [Scored, Scored] => [better, worse]))
  const best = ranked[0]
  if (!best) return []
  const below = worseThan(best)
  const worst =
    policy === 'best-worst'
      ? below.at(-1)
      : below.toSorted((a, b) => lot(best.id, a.id) - lot(best.id, b.id) || (a.id < b.id ? -1 : 1))[0]
  return worst ? [[best, worst]] : []
}
