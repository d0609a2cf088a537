import { signTest } from './forms.ts'
import type { Arm, Generation } from './loop.ts'

/** All runs of a laboratory: of each workflow one for each seed, in the same order of seeds. */
export type Runs = Partial<Record<Arm, Generation[][]>>

/** Workflows from the worst to the best, as theory has it. */
const order = ['replace', 'mixed', 'subsample', 'accumulate'] as const

/**
 * How fast the excess perplexity over the real data grows: the slope of its logarithm against that of the generation, over
 * the last half. About 0.6 to 0.8 is divergence, below 0.3 it settles. Undefined where nothing grew.
 */
export function exponent(generations: readonly Generation[]): number | undefined {
  const first = generations[0]!.perplexity
  const points = generations
    .map(({ perplexity }, t) => [t, perplexity / first - 1] as const)
    .slice(Math.max(1, Math.ceil(generations.length / 2)))
    .filter(([, excess]) => excess > 1e-6)
    .map(([t, excess]) => [Math.log(t), Math.log(excess)] as const)
  if (points.length < 2) return undefined
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const below = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
  return points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / below
}

/** One step of the order: in how many seeds the worse workflow ended with the higher perplexity, and the chance of that. */
export type Step = { worse: Arm; better: Arm; wins: number; seeds: number; p: number }
export type CollapseVerdict = { is: 'as predicted' | 'inconclusive at this corpus size'; steps: Step[] }

/** Seeds below which a sign test cannot be sure. */
const fewest = 5

/**
 * Whether the runs show what theory says: replace > some real data > a fixed size of all > accumulate, in held-out
 * perplexity of the last generation, seed by seed.
 */
export function collapseVerdict(runs: Runs): CollapseVerdict {
  const present = order.filter(arm => (runs[arm]?.length ?? 0) > 0)
  const steps = present.slice(1).map((better, i): Step => {
    const worse = present[i]!
    const [a, b] = [runs[worse]!, runs[better]!]
    const seeds = Math.min(a.length, b.length)
    let wins = 0
    for (let seed = 0; seed < seeds; seed++) {
      if (a[seed]!.at(-1)!.perplexity > b[seed]!.at(-1)!.perplexity) wins++
    }
    return { worse, better, wins, seeds, p: signTest(wins, seeds) }
  })
  const sure = steps.length > 0 && steps.every(({ seeds, p }) => seeds >= fewest && p < 0.05)
  return { is: sure ? 'as predicted' : 'inconclusive at this corpus size', steps }
}
