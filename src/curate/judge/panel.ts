import { z } from 'zod'
import type { Score } from '../../records/index.ts'
import { defineFilter, type FilterStep, type Verdict } from '../../steps/index.ts'
import { scoreOf } from '../content.ts'

const options = z.strictObject({
  step: z.string().describe('Key of the step whose judges are put together'),
  judges: z.array(z.string()).min(2).describe('Names of the judges'),
  width: z.number().positive().describe('Distance between the lowest and the highest overall score'),
})
type Options = z.output<typeof options>

/**
 * Several judges as one: their mean, the distance between the highest and the lowest, and how much they disagree, from 0
 * (one and the same mark) to 1 (half of them at each end of the scale): the standard deviation as a share of the largest
 * there can be. A judge without a mark does not count.
 */
export const panel: FilterStep<Options> = defineFilter<Options>({
  verb: 'judge-panel',
  about: 'Puts the scores of several judges together: mean, spread and disagreement.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  source: 'Verga et al. 2024, arXiv 2404.18796',
  test(record, { step, judges, width }) {
    const marks = judges.flatMap(judge => scoreOf(record, `${step}/${judge}.overall`) ?? [])
    const method = `${marks.length} of ${judges.length} judges: ${judges.join(', ')}`
    const scored = (scores: { [aspect: string]: Score }): Verdict => ({ is: 'passed', notes: { scores } })
    if (marks.length === 0) return scored({ overall: { method, unscored: 'no-judgement' } })
    const mean = marks.reduce((sum, mark) => sum + mark, 0) / marks.length
    const overall: Score = { method: `mean of ${method}`, value: mean }
    if (marks.length === 1) return scored({ overall })
    const deviation = Math.sqrt(marks.reduce((sum, mark) => sum + (mark - mean) ** 2, 0) / marks.length)
    const spread = { method: `highest less lowest of ${method}`, value: Math.max(...marks) - Math.min(...marks) }
    const disagreement = { method: `standard deviation of ${method}`, value: deviation / (width / 2) }
    return scored({ overall, spread, disagreement })
  },
})
