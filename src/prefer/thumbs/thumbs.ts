import { z } from 'zod'
import { ktoWeights } from '../../measure/index.ts'
import { defineGlobal, defineVerb, type GlobalStep, type Verb } from '../../steps/index.ts'
import { thumbsJoin } from './join.ts'
import { readShape, thumbsRead } from './read.ts'

const options = z.strictObject(readShape)
type Counts = [liked: number, disliked: number]
const weight = (value: number) => String(Number(value.toPrecision(3)))

function told([liked, disliked]: Counts): string[] {
  if (liked + disliked === 0) return []
  const weights = ktoWeights(liked, disliked)
  const counts = `${liked} liked and ${disliked} disliked replies`
  if (!weights) return [`${counts}: KTO takes one side alone, but is not advised to`]
  const { desirable_weight, undesirable_weight, range } = weights
  return [
    `${counts}: for KTO desirable_weight ${weight(desirable_weight)} and undesirable_weight ${weight(undesirable_weight)}; ${range.of} may lie from ${weight(range.low)} to ${weight(range.high)}`,
  ]
}

const balance: GlobalStep<{ [key: string]: never }> = defineGlobal({
  verb: 'thumbs-balance',
  about: 'Counts liked and disliked replies and says which weights a KTO trainer needs for them.',
  version: 1,
  options: z.strictObject({}),
  takes: ['feedback', 'preference'],
  gives: 'same',
  reasons: [],
  source: 'https://arxiv.org/abs/2402.01306',
  passes: [
    {
      survey(records) {
        const counts: Counts = [0, 0]
        for (const record of records) if (record.kind === 'feedback') counts[record.label ? 0 : 1]++
        return new Map([[0, counts]])
      },
      merge: (a: Counts, b: Counts): Counts => [a[0] + b[0], a[1] + b[1]],
      decide: (_, counts: Counts) => counts,
      combine: (parts: Counts[]) => ({ each: new Map(), notes: parts.flatMap(told) }),
    },
  ],
  apply: () => ({ is: 'passed' }),
})

/** What people did about the replies of an application, as feedback for KTO and as pairs for DPO and its kin. */
export const thumbs: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'thumbs',
  about: 'Makes feedback and preference pairs out of a log with votes, edits and regenerations.',
  options,
  takes: ['row', 'feedback'],
  source: 'https://arxiv.org/abs/2402.01306',
  expand: read => [
    { as: 'join', step: thumbsJoin, options: { columns: read.columns } },
    { as: '', step: thumbsRead, options: read },
    ...(read.give === 'pairs' ? [] : [{ as: 'balance', step: balance, options: {} }]),
  ],
})
