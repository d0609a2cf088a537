import { z } from 'zod'
import type { Rec, Score } from '../../records/index.ts'
import {
  type Answer,
  cutBelow,
  cutShare,
  defineMap,
  defineVerb,
  type MapStep,
  type Primitive,
  type Verb,
} from '../../steps/index.ts'

const shape = {
  teacher: z.string().describe('A reward or classification model, served with its head'),
  label: z
    .string()
    .optional()
    .describe('Which label of the head is the score; needed where it has several, such as the classes of a classifier'),
  of: z
    .enum(['last', 'all'])
    .default('last')
    .describe('last: the last answer, after all before it; all: the mean over every answer of the conversation'),
}
const scoreOptions = z.strictObject(shape)
type Options = z.output<typeof scoreOptions>

/** The score in a reply: the one value there is, or that of the label that is asked for. */
function rewardIn(reply: Answer, label: string | undefined): { value: number } | { unscored: string; why?: string } {
  if (reply.bad) return { unscored: reply.bad.reason, why: reply.bad.detail }
  const marks = reply.marks ?? []
  const own = label === undefined ? marks : marks.filter(mark => mark.label === label)
  if (own.length === 1) return { value: own[0]!.value }
  const there = marks.map(mark => mark.label).join(', ')
  return { unscored: label === undefined ? 'several-labels' : 'no-such-label', why: `the head has ${there || 'none'}` }
}

/** Where a conversation is scored: behind each answer, or behind the last. */
function endsOf({ messages }: Rec<'conversation'>, of: Options['of']): number[] {
  const ends = messages.flatMap(({ role, content }, i) => (role === 'assistant' && content ? [i + 1] : []))
  return of === 'all' ? ends : ends.slice(-1)
}

export const rewardScore: MapStep<Options, 'conversation', 'conversation'> = defineMap<
  Options,
  'conversation',
  'conversation'
>({
  verb: 'reward-score',
  about: 'A reward model scores each conversation by its head.',
  version: 1,
  options: scoreOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], forms: { teacher: 'reward' } },
  async run(record, ctx) {
    const { teacher, label, of } = ctx.options
    const replies = await Promise.all(
      endsOf(record, of).map(end =>
        ctx.call(teacher, { form: 'reward', messages: record.messages.slice(0, end).map(plain) }),
      ),
    )
    const found = replies.map(reply => rewardIn(reply, label))
    const bad = found.find(one => 'unscored' in one)
    const values = found.flatMap(one => ('value' in one ? [one.value] : []))
    const method = `reward head${label ? ` ${label}` : ''}${values.length > 1 ? `, mean of ${values.length} answers` : ''}`
    const by = { method, ...(replies[0] ? { call: replies[0].call } : {}) }
    const reward: Score =
      bad || values.length === 0
        ? { ...by, unscored: 'no-answer', ...bad }
        : { ...by, value: values.reduce((sum, value) => sum + value, 0) / values.length }
    return { is: 'passed', notes: { scores: { reward } } }
  },
})

/** Heads read the words of a turn; reasoning was not part of what reward models learnt from. */
const plain = ({ role, content }: Rec<'conversation'>['messages'][number]) => ({ role, content })

const options = z
  .strictObject({
    ...shape,
    drop: z.number().min(0).max(1).optional().describe('Share of the rows to drop, lowest reward first'),
    min: z.number().optional().describe('Lowest reward that stays, on the scale of the model'),
  })
  .refine(
    o => o.drop === undefined || o.min === undefined,
    'give either drop (a share) or min (a reward), or use two steps',
  )

/** Filtering by a reward model: its head scores every conversation, a cut of its own takes the lowest. */
export const reward: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'reward',
  about:
    'A reward or classification model scores each conversation, as the score <step key>/reward; the lowest share, or all under a value, are dropped.',
  options,
  takes: ['conversation'],
  needs: { teachers: ['teacher'], forms: { teacher: 'reward' } },
  source: 'Ouyang et al. 2022, arXiv 2203.02155; Lambert et al. 2024, arXiv 2403.13787',
  expand({ drop, min, ...score }, key) {
    const by = `${key}/reward`
    const steps: Primitive[] = [{ as: 'score', step: rewardScore, options: score }]
    if (drop !== undefined) steps.push({ as: 'cut', step: cutShare, options: { by, drop } })
    if (min !== undefined) steps.push({ as: 'cut', step: cutBelow, options: { by, below: min } })
    return steps
  },
})
