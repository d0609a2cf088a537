import { z } from 'zod'
import { defineVerb, type Verb } from '../../steps/index.ts'
import { rankPairs } from '../rank/rank-pairs.ts'
import { candidateShape, candidates } from './candidates.ts'
import { markShape, marks } from './marks.ts'

const options = z.strictObject({
  ...candidateShape,
  ...markShape,
  judge: markShape.judge.optional(),
  margin: z
    .number()
    .min(0)
    .max(5)
    .default(0)
    .describe('Smallest difference of the rewards, in points; closer answers are a tie. Equal rewards always are'),
})

/** Self-rewarding language models: the student answers, judges itself, and its best answer is set against its worst. */
export const selfReward: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'self-reward',
  about:
    'The student answers each prompt several times and marks its own answers; the best and the worst become a pair.',
  options,
  takes: ['prompt'],
  needs: {
    teachers: ['teacher', 'judge'],
    // The answers have a temperature of their own.
    draws: o => ({ of: o.judge ? 'judge' : 'teacher', by: 'marks', n: o.marks }),
    files: ['prompt'],
  },
  source: 'https://arxiv.org/abs/2401.10020',
  expand: ({ teacher, candidates: n, temperature, judge = teacher, marks: times, prompt, margin }, key) => [
    { as: 'candidates', step: candidates, options: { teacher, candidates: n, temperature } },
    { as: 'marks', step: marks, options: { judge, marks: times, ...(prompt ? { prompt } : {}) } },
    { as: 'pairs', step: rankPairs, options: { by: `${key}/reward`, margin, group: `${key}.candidates` } },
  ],
})
