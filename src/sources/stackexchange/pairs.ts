/** Votes between two answers below which nobody can tell that one is better; one is a single reader's. */
const leastGap = 2
/** Pairs of one question, so that a question with many answers is not the whole set. */
const mostPairs = 3

type Voted = { id: number; score: number }

/**
 * Pairs of answers of one question, the better one first: of more votes by two at least, or of more votes and accepted. Never
 * of equal votes, and none where the asker accepted the one with fewer. Each answer is the worse one once at most; the widest
 * gaps come first, at most three.
 */
export function pairsOf<A extends Voted>(answers: readonly A[], accepted: number | undefined): [better: A, worse: A][] {
  const all = answers.flatMap(better =>
    answers.flatMap((worse): [A, A][] => {
      const gap = better.score - worse.score
      const clear = gap >= leastGap || (gap > 0 && better.id === accepted)
      return clear && worse.id !== accepted ? [[better, worse]] : []
    }),
  )
  const gap = ([better, worse]: [A, A]) => better.score - worse.score
  all.sort((a, b) => gap(b) - gap(a) || a[0].id - b[0].id || a[1].id - b[1].id)
  const seen = new Set<number>()
  return all.filter(([, worse]) => seen.size < mostPairs && !seen.has(worse.id) && seen.add(worse.id))
}
