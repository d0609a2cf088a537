import { compareEvaluations, type Evaluated } from '../src/evaluate/index.ts'
import { random, sha256 } from '../src/records/index.ts'
import type { Figure } from './benches.ts'

const items = 400
const ids = Array.from({ length: items }, (_, i) => ({ item: `q${i}`, digest: sha256(`q${i}`) }))

function evaluated(name: string, scores: readonly number[]): Evaluated {
  const metric = 'exact'
  return {
    evaluation: {
      ...{ name, date: '2026-11-20', model: { id: `self/${name}` }, from: 'stillroom' },
      tasks: { exam: { exam: sha256('exam'), items, grader: { by: 'exact' }, conditions: {} } },
      scores: [
        {
          ...{ task: 'exam', metric, higherIsBetter: true, scale: [0, 1] },
          ...{ value: 0, low: 0, high: 1, n: items, ungraded: 0 },
        },
      ],
    },
    items: ids.map((id, i) => ({ task: 'exam', ...id, metric, score: scores[i]! })),
  }
}

/** Two models whose answers to an item differ by chance alone: so many gained, so many lost. */
function drawn(seed: number, gain: number, loss: number): [base: Evaluated, tuned: Evaluated] {
  const next = random('bench-evaluate', seed)
  const pairs = ids.map((): [number, number] => {
    const [at, alike] = [next(), next() < 0.6 ? 1 : 0]
    return at < gain ? [0, 1] : at < gain + loss ? [1, 0] : [alike, alike]
  })
  return [
    evaluated(
      'base',
      pairs.map(([base]) => base),
    ),
    evaluated(
      'tuned',
      pairs.map(([, tuned]) => tuned),
    ),
  ]
}

/** How often a comparison of 400 items calls a gain that is there, and one that is not. */
export async function* verdicts(): AsyncGenerator<Figure> {
  for (const draws of [200, 1000]) {
    const called = (gain: number, loss: number, wanted: readonly string[]): number =>
      Array.from({ length: draws }, (_, seed) => {
        const [base, tuned] = drawn(seed, gain, loss)
        return wanted.includes(compareEvaluations(base, [tuned])[0]!.lines[0]!.verdict)
      }).filter(Boolean).length / draws
    const [found, wrong] = [called(0.08, 0.03, ['better']), called(0.055, 0.055, ['better', 'worse'])]
    const unit = `of ${draws} draws`
    yield { metric: '8 % gained, 3 % lost: called better', value: found, unit, target: '>= 0.8', holds: found >= 0.8 }
    yield { metric: '5.5 % each way: called different', value: wrong, unit, target: '<= 0.08', holds: wrong <= 0.08 }
  }
}
