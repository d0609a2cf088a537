import { z } from 'zod'
import { groupsOf, swapped } from '../../measure/index.ts'
import type { Message, Score } from '../../records/index.ts'
import { defineMap, type MapStep, scoreOf } from '../../steps/index.ts'
import { askShape } from '../judge/ask.ts'
import { judgeScore } from '../judge/score.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that judges, the one that gave the score'),
  ...askShape,
  attribute: z
    .enum(Object.keys(groupsOf) as [string, ...string[]])
    .default('gender')
    .describe('Whose words are exchanged'),
  against: z
    .string()
    .regex(/^[^/\s]+\/\S+$/, 'expected <step key>/<aspect>')
    .describe('Stored score that the same judge gave the row as it is'),
  mark: z.number().optional().describe('Score from which a row stays; a counterpart on the other side is a flip'),
})
type Options = z.output<typeof options>

/** Messages with the groups exchanged, all of them or none. */
function counterpart(messages: readonly Message[], attribute: string): Message[] | undefined {
  let changed = false
  const others = messages.map(message => {
    const content = message.content === null ? undefined : swapped(message.content, attribute)
    changed ||= content !== undefined
    return content === undefined ? message : { ...message, content }
  })
  return changed ? others : undefined
}

/**
 * Does a judge mark a row by whom it speaks of? The row is shown to it once more with the groups exchanged: `difference` is
 * by how much the counterpart is scored higher, `flip` whether it lands on the other side of the mark. The row stays as it
 * is. `stillroom bias` tells what comes of it over all rows.
 */
export const counterfactual: MapStep<Options, 'conversation', 'conversation'> = defineMap<
  Options,
  'conversation',
  'conversation'
>({
  verb: 'counterfactual',
  about:
    'Has the judge score each row again with the groups of people in it exchanged, and notes by how much it differs.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], files: ['rubric', 'prompt'], ancestors: ['document', 'prompt'], scores: ['against'] },
  prompts: options => judgeScore.prompts?.(options) ?? [],
  source: 'Lu et al. 2018, arXiv 1807.11714',
  async run(record, ctx) {
    const { attribute, against, mark } = ctx.options
    const before = scoreOf(record, against)
    const messages = before === undefined ? undefined : counterpart(record.messages, attribute)
    if (before === undefined || !messages) return { is: 'passed' }
    // What the row was made from still speaks of those whose place was taken: the judge sees the row alone.
    const judged = await judgeScore.run(
      { ...record, messages },
      { ...ctx, options: { ...ctx.options, grounded: false } },
    )
    const overall = judged.is === 'passed' ? judged.notes?.scores?.overall : undefined
    if (!overall) return { is: 'passed' }
    const of = `${attribute} exchanged, against ${against}`
    const { call } = overall
    const by = { method: of, ...(call ? { call } : {}) }
    const scores: { [aspect: string]: Score } = {}
    if (!('value' in overall)) scores.difference = { ...by, unscored: overall.unscored }
    else {
      scores.difference = { ...by, value: overall.value - before }
      if (mark !== undefined) scores.flip = { ...by, value: before >= mark === overall.value >= mark ? 0 : 1 }
    }
    return { is: 'passed', notes: { scores } }
  },
})
