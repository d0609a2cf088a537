import { z } from 'zod'
import {
  emptyPairs,
  type Interval,
  mergePairs,
  type PairBias,
  type PairTally,
  pairBias,
  tallyPair,
} from '../../measure/index.ts'
import type { Message, Rec } from '../../records/index.ts'
import { defineGlobal, defineMap, defineVerb, type GlobalStep, type Verb } from '../../steps/index.ts'
import { lengthsOf } from '../pair.ts'
import { seenIn } from './traits.ts'

const scoreName = z.string().regex(/^[^/\s]+\/\S+$/, 'expected <step key>/<aspect>')
const shape = {
  margin: scoreName
    .optional()
    .describe('Stored score that says by how much the chosen answer was better; default one of the name `margin`'),
  orders: scoreName
    .optional()
    .describe(
      'Stored score that says in which share of comparisons a judge chose alike in both orders; default one of the name `order-agreement`, as `rank` takes over from `compare`',
    ),
}
const options = z.strictObject(shape)
type Options = z.output<typeof options>
type Kinds = 'preference' | 'feedback'
const takes: readonly Kinds[] = ['preference', 'feedback']

const textOf = (messages: Message[]) => messages.map(turn => turn.content ?? '').join('\n\n')

/** Counts the tokens of both sides where no step before did. */
const lengths = defineMap<{ [key: string]: never }, Kinds, Kinds>({
  verb: 'pair-lengths',
  about: 'Counts the tokens of the chosen and of the rejected answer.',
  version: 1,
  options: z.strictObject({}),
  takes,
  gives: 'same',
  reasons: [],
  async run(record, ctx) {
    if (record.kind !== 'preference') return { is: 'passed' }
    if (record.facets.chosenTokens !== undefined && record.facets.tokenizer === ctx.tokenizer) return { is: 'passed' }
    const { chosen, rejected } = record as Rec<'preference'>
    return { is: 'passed', notes: { facets: lengthsOf(textOf(chosen), textOf(rejected), ctx) } }
  },
})

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
const between = ({ low, high }: Interval) => `${percent(low)} to ${percent(high)}`
const tokens = (value: number) => `${value > 0 ? '+' : ''}${value.toFixed(1)}`

/** The figures as sentences. Each says what it rests on; what could not be measured is said as well. */
export function told(bias: PairBias): string[] {
  if (bias.pairs === 0) return []
  const { longer, tokens: difference, lengthAndMargin, ownFamily, orders } = bias
  const seen = bias.traits.filter(({ chosen, rejected }) => chosen + rejected > 0)
  const unseen = bias.traits.filter(({ chosen, rejected }) => chosen + rejected === 0)
  return [
    longer
      ? `length: the chosen answer is the longer one in ${percent(longer.share)} (${between(longer)}) of ${longer.of} pairs of unequal length`
      : `length: both answers of all ${bias.pairs} pairs are as long`,
    ...(difference
      ? [
          `length: chosen less rejected is ${tokens(difference.mean)} tokens on average (${tokens(difference.low)} to ${tokens(difference.high)})`,
        ]
      : []),
    lengthAndMargin
      ? `length: its difference and the margin correlate by ${lengthAndMargin.correlation.toFixed(2)} over ${lengthAndMargin.of} pairs`
      : 'length: no margin is known that it could go with',
    ...seen.map(
      ({ trait, chosen, rejected, lean }) =>
        `${trait}: ${percent(chosen)} of the chosen and ${percent(rejected)} of the rejected answers` +
        (lean
          ? `; where one side alone has it, it is the chosen one in ${percent(lean.share)} (${between(lean)}) of ${lean.of} pairs`
          : ''),
    ),
    ...(unseen.length > 0 ? [`no answer of either side has: ${unseen.map(({ trait }) => trait).join(', ')}`] : []),
    ownFamily
      ? `family: an answer of the judge's own family wins ${percent(ownFamily.share)} (${between(ownFamily)}) of ${ownFamily.of} pairs in which it stands against another`
      : "family: no pair is known in which an answer of the judge's own family stands against another",
    orders
      ? `position: both orders gave the same answer in ${percent(orders.share)} (${between(orders)}) of the comparisons behind ${orders.of} pairs`
      : 'position: no pair was compared in both orders',
  ]
}

const look: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'preference-look',
  about: 'Measures what a set of preferences prefers besides the better answer.',
  version: 1,
  options,
  takes,
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey(records, options) {
        const tally = emptyPairs()
        for (const record of records) if (record.kind === 'preference') tallyPair(tally, seenIn(record, options))
        return new Map([[0, tally]])
      },
      merge: mergePairs,
      decide: (_, tally: PairTally) => tally,
      combine: (parts: PairTally[]) => ({ each: new Map(), notes: parts.flatMap(part => told(pairBias(part))) }),
    },
  ],
  apply: () => ({ is: 'passed' }),
  report: () => ({
    title: 'What the preferences prefer',
    text: 'The figures stand with what the steps said of their decisions. Shares count the pairs whose sides differ, so that a half says that a trait does not matter; in brackets is what holds in 95 % of samples. A trainer learns whatever tells chosen from rejected: where a share is far from a half, balance it, or be sure that it is meant.',
  }),
})

/** Length, position, family, refusal and layout: what a preference set may prefer besides the better answer. */
export const preferenceBias: Verb<Options> = defineVerb<Options>({
  verb: 'preference-bias',
  about:
    'Reports what a set of preferences prefers besides the better answer: length, refusals, layout, family, position.',
  options,
  takes,
  needs: { scores: ['margin', 'orders'] },
  source: 'https://arxiv.org/abs/2310.03716, https://arxiv.org/abs/2306.05685',
  expand: scores => [
    { as: 'lengths', step: lengths, options: {} },
    { as: '', step: look, options: scores },
  ],
})
