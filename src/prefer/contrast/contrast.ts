import { z } from 'zod'
import { defineGroup, type GroupOutcome } from '../../steps/index.ts'
import { byPrompt, endings, exchange, pairOf, sayingOf } from '../pair.ts'

const options = z.strictObject({
  group: z
    .string()
    .optional()
    .describe('Step whose subjects original and revisions descend from; default the one that made them'),
})

/**
 * Constitutional AI (Bai et al. 2022, arXiv 2212.08073): what an answer became under written principles is preferred to
 * what it was. `revision` counts from 0, the original; the last one is chosen.
 */
export const contrast = defineGroup<z.output<typeof options>, 'conversation', 'preference'>({
  verb: 'contrast',
  about: 'Pairs the last revision of an answer, chosen, with the original, rejected.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: ['preference'],
  reasons: ['no-answer', 'no-revision', 'no-original', 'unchanged', 'between'],
  source: 'https://arxiv.org/abs/2212.08073',
  group: ({ group }) => group,
  async run(records, ctx) {
    const { each, drop, consume } = endings()
    const made: NonNullable<GroupOutcome<'preference'>['made']> = []
    drop(
      records.filter(record => !exchange(record)),
      'no-answer',
    )
    for (const answers of byPrompt(records.filter(exchange))) {
      const counted = answers
        .map(record => ({ record, revision: Number(record.facets.revision ?? 0) }))
        .sort((a, b) => a.revision - b.revision || (a.record.id < b.record.id ? -1 : 1))
      const original = counted.find(({ revision }) => revision === 0)?.record
      const last = counted.findLast(({ revision }) => revision > 0)?.record
      if (!last) drop(answers, 'no-revision')
      else if (!original) drop(answers, 'no-original')
      else if (sayingOf(last) === sayingOf(original)) drop([original, last], 'unchanged')
      else {
        consume(original.id, last.id)
        made.push(pairOf(last, original, ctx))
      }
      drop(answers, 'between')
    }
    return { each, made }
  },
})
