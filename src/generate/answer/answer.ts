import { z } from 'zod'
import { cutBelow, defineVerb, type Primitive } from '../../steps/index.ts'
import { agree, agreeBy } from './agree.ts'
import { draw, drawOptions } from './draw.ts'

const options = z
  .strictObject({
    ...drawOptions.shape,
    agreement: z.number().min(0).max(1).optional().describe('Smallest share of the samples that must agree'),
    agree: agreeBy.optional().describe('How answers are compared; default final answers, else word overlap'),
    referee: z
      .string()
      .optional()
      .describe('Teacher that compares open answers for agree: judge; default the answering one'),
  })
  .refine(o => o.samples > 1 || (o.agreement === undefined && o.agree === undefined && o.referee === undefined), {
    path: ['samples'],
    message: 'agreement, agree and referee compare several answers: set samples to 2 or more',
  })
export type AnswerOptions = z.infer<typeof options>

/** Answers with reasoning; several samples are checked against each other. */
export const answer = defineVerb<AnswerOptions>({
  verb: 'answer',
  about: 'A teacher answers each prompt with its reasoning; several samples are checked against each other.',
  options,
  takes: ['prompt'],
  needs: { teachers: ['teacher', 'referee'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/2203.11171',
  expand({ agreement, agree: by, referee, ...drawn }, key) {
    if (drawn.samples === 1) return [{ as: '', step: draw, options: drawn }]
    const steps: Primitive[] = [
      { as: 'draw', step: draw, options: drawn },
      {
        as: 'agree',
        step: agree,
        options: {
          ...(by ? { by } : {}),
          ...(by === 'judge' ? { referee: referee ?? drawn.teacher } : {}),
          group: `${key}.draw`,
        },
      },
    ]
    if (agreement !== undefined) {
      steps.push({ as: 'floor', step: cutBelow, options: { by: `${key}/agreement`, below: agreement } })
    }
    return steps
  },
})
