import { z } from 'zod'
import type { Rec, Score } from '../../records/index.ts'
import { unit } from '../../records/index.ts'
import { defineGroup, type GroupOutcome, scoreOf } from '../../steps/index.ts'
import { byPrompt, endings, exchange, pairOf, sayingOf } from '../pair.ts'
import { choosePairs, policies, type Scored } from './choose.ts'

const scoreName = z.string().regex(/^[^/\s]+\/\S+$/, 'expected <step key>/<aspect>')

export const pairShape = {
  by: z
    .union([scoreName, z.array(scoreName).min(1)])
    .describe('Stored score, as <step key>/<aspect>, or a list of them, which are averaged'),
  pairs: z
    .enum(policies)
    .default('best-worst')
    .describe('Which answers of a prompt are paired: the best with the worst, with a random other one, or every two'),
  margin: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Smallest difference of the scores, on their own scale; closer answers are a tie. Equal scores always are',
    ),
  seed: z.int().default(0).describe('Another number makes other random choices'),
  group: z
    .string()
    .optional()
    .describe('Step whose subjects the answers descend from; default the one that made the answers'),
}
const options = z.strictObject(pairShape)
type Options = z.output<typeof options>

/** The mean of the named scores; an answer that lacks one of them has none. */
function meanScore(record: Rec, names: readonly string[]): number | undefined {
  const values = names.map(name => scoreOf(record, name))
  return values.includes(undefined) ? undefined : values.reduce((sum: number, value) => sum + value!, 0) / names.length
}

/** The mean as a score of the pair; who judged in which call where one score says it all. */
function sideScore(record: Rec<'conversation'>, names: readonly string[], value: number): Score {
  const [only, ...others] = names.map(name => record.scores[name]!)
  if (others.length === 0) return { ...only!, method: `${names[0]}: ${only!.method}`, value }
  return { method: `mean of ${names.join(', ')}`, value }
}

const stepOf = (name: string) => name.slice(0, name.indexOf('/'))

/** Who judged: of the scores themselves, or of all that their step stored where a score is put together of several. */
function judgesOf(record: Rec, names: readonly string[]): string[] {
  const named = names.flatMap(name => record.scores[name]?.judge ?? [])
  if (named.length > 0) return named
  const steps = new Set(names.map(stepOf))
  return Object.entries(record.scores).flatMap(([name, { judge }]) => (judge && steps.has(stepOf(name)) ? [judge] : []))
}

/** How far a comparison in both orders agreed with itself on the two answers, where the scores come from one. */
function orderAgreement(records: readonly Rec[], names: readonly string[]): { [aspect: string]: Score } {
  const stored = [...new Set(names.map(name => `${stepOf(name)}/order-agreement`))]
  const values = records.flatMap(record => stored.flatMap(name => scoreOf(record, name) ?? []))
  if (values.length === 0) return {}
  const value = values.reduce((sum, one) => sum + one, 0) / values.length
  return { 'order-agreement': { method: `mean of both answers, ${stored.join(', ')}`, value } }
}

/** The answers to one prompt, ranked by a stored score and made into pairs of a better and a worse one. */
export const rankPairs = defineGroup<Options, 'conversation', 'preference'>({
  verb: 'rank-pairs',
  about: 'Pairs better with worse answers to one prompt by a stored score.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: ['preference'],
  reasons: ['unscored', 'one-answer', 'same-answer', 'tie', 'not-paired', 'no-answer'],
  needs: { scores: ['by'] },
  source: 'https://arxiv.org/abs/2310.16944',
  group: ({ group }) => group,
  async run(records, ctx) {
    const { pairs: policy, margin, seed } = ctx.options
    const names = [ctx.options.by].flat()
    const { each, drop, consume } = endings()
    const made: NonNullable<GroupOutcome<'preference'>['made']> = []
    drop(
      records.filter(record => !exchange(record)),
      'no-answer',
    )
    for (const answers of byPrompt(records.filter(exchange))) {
      const byId = new Map(answers.map(record => [record.id, record]))
      const scored = answers.flatMap((record): Scored[] => {
        const score = meanScore(record, names)
        return score === undefined ? [] : [{ id: record.id, score }]
      })
      // Of answers in the same words none is better, whatever a judge said of each; the smallest id stands for them.
      const alike = Map.groupBy(
        scored.sort((a, b) => (a.id < b.id ? -1 : 1)),
        ({ id }) => sayingOf(byId.get(id)!),
      )
      const distinct = [...alike.values()].map(([one]) => one!)
      const pairs = choosePairs(distinct, policy, margin, (a, b) => unit('rank', seed, a, b))
      for (const [better, worse] of pairs) {
        const [chosen, rejected] = [byId.get(better.id)!, byId.get(worse.id)!]
        const difference = better.score - worse.score
        consume(better.id, worse.id)
        made.push(
          pairOf(chosen, rejected, ctx, {
            scores: {
              chosen: sideScore(chosen, names, better.score),
              rejected: sideScore(rejected, names, worse.score),
              margin: { method: 'chosen minus rejected', value: difference },
              ...orderAgreement([chosen, rejected], names),
            },
            judges: [chosen, rejected].flatMap(record => judgesOf(record, names)),
          }),
        )
      }
      drop(
        answers.filter(record => !scored.some(({ id }) => id === record.id)),
        'unscored',
        { by: names },
      )
      drop(
        scored.filter(answer => !distinct.includes(answer)),
        'same-answer',
      )
      if (distinct.length === 1) drop(distinct, 'one-answer')
      else
        drop(distinct, pairs.length === 0 || policy === 'all' ? 'tie' : 'not-paired', { of: distinct.length, margin })
    }
    return { each, made }
  },
})
