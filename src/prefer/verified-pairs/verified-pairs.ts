import { z } from 'zod'
import { type Rec, type Score, unit } from '../../records/index.ts'
import { defineGroup, type GroupOutcome, scoreOf } from '../../steps/index.ts'
import { answerOf, byPrompt, endings, exchange, pairOf } from '../pair.ts'

const options = z.strictObject({
  by: z
    .string()
    .regex(/^[^/\s]+\/\S+$/, 'expected <step key>/<aspect>')
    .default('verify/correct')
    .describe('Stored verdict, as <step key>/<aspect>: 1 is right, 0 is wrong'),
  most: z.int().min(1).default(1).describe('Most pairs of a prompt; each sample stands in one of them at most'),
  length: z
    .enum(['similar', 'any'])
    .default('similar')
    .describe('similar prefers pairs whose sides are about as long, so that length says nothing of correctness'),
  seed: z.int().default(0).describe('Another number makes other random choices'),
  group: z
    .string()
    .optional()
    .describe('Step whose subjects the samples descend from; default the one that drew the samples'),
})
type Options = z.output<typeof options>
type Conversation = Rec<'conversation'>

/**
 * Up to `most` pairs of a right and a wrong sample, each used once: those of the smallest `distance` first, ties by the
 * smallest `lot`. Any order of the samples gives the same pairs.
 */
export function matched<T>(
  right: readonly T[],
  wrong: readonly T[],
  most: number,
  distance: (right: T, wrong: T) => number,
  lot: (right: T, wrong: T) => number,
): [right: T, wrong: T][] {
  const offers = right
    .flatMap(a => wrong.map(b => ({ a, b, distance: distance(a, b), lot: lot(a, b) })))
    .sort((x, y) => x.distance - y.distance || x.lot - y.lot)
  const used = new Set<T>()
  const found: [T, T][] = []
  for (const { a, b } of offers) {
    if (found.length === most) break
    if (used.has(a) || used.has(b)) continue
    used.add(a).add(b)
    found.push([a, b])
  }
  return found
}

/** The pass rate that stands beside the verdict: difficulty for free, so the pair keeps it. */
function passRate(record: Conversation, by: string): { [aspect: string]: Score } {
  const score = record.scores[by.replace(/[^/]*$/, 'pass-rate')]
  return score ? { 'pass-rate': score } : {}
}

/** Right against wrong samples of one prompt, as a verifier told them apart. */
export const verifiedPairs = defineGroup<Options, 'conversation', 'preference'>({
  verb: 'verified-pairs',
  about: 'Pairs samples that a verifier found right, chosen, with samples it found wrong, rejected.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: ['preference'],
  reasons: ['no-answer', 'undecided', 'all-right', 'all-wrong', 'not-paired'],
  needs: { scores: ['by'] },
  source: 'Pang et al. 2024, arXiv 2404.19733',
  group: ({ group }) => group,
  async run(records, ctx) {
    const { by, most, length, seed } = ctx.options
    const { each, drop, consume } = endings()
    const made: NonNullable<GroupOutcome<'preference'>['made']> = []
    drop(
      records.filter(record => !exchange(record)),
      'no-answer',
    )
    for (const samples of byPrompt(records.filter(exchange))) {
      const right = samples.filter(record => scoreOf(record, by) === 1)
      const wrong = samples.filter(record => scoreOf(record, by) === 0)
      const tokens = new Map(samples.map(record => [record.id, ctx.tokens(answerOf(record))]))
      const ratio = (a: Conversation, b: Conversation) =>
        Math.abs(Math.log((tokens.get(a.id)! + 1) / (tokens.get(b.id)! + 1)))
      const pairs = matched(right, wrong, most, length === 'similar' ? ratio : () => 0, (a, b) =>
        unit('verified', seed, a.id, b.id),
      )
      for (const [chosen, rejected] of pairs) {
        consume(chosen.id, rejected.id)
        made.push(
          pairOf(chosen, rejected, ctx, {
            scores: { chosen: chosen.scores[by]!, rejected: rejected.scores[by]!, ...passRate(chosen, by) },
          }),
        )
      }
      drop(
        samples.filter(record => !right.includes(record) && !wrong.includes(record)),
        'undecided',
        { by },
      )
      drop(samples, wrong.length === 0 ? 'all-right' : right.length === 0 ? 'all-wrong' : 'not-paired')
    }
    return { each, made }
  },
})
