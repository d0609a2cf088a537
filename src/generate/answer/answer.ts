import { z } from 'zod'
import { cutBelow, defineVerb, type Primitive } from '../../steps/index.ts'
import { agree, agreeBy } from './agree.ts'
import { draw, drawShape, oneOrSeveral, oneOrSeveralSaid } from './draw.ts'

const options = z
  .strictObject({
    ...drawShape,
    agreement: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Smallest share of the samples that must agree; one that was refused or cut off agrees with none'),
    agree: z
      .enum([...agreeBy.options, 'none'])
      .optional()
      .describe(
        'How several answers are compared; default final answers, else word overlap. none: all stay, for a step that verifies, scores or ranks them',
      ),
    referee: z
      .string()
      .optional()
      .describe('Teacher that compares open answers for agree: judge; default the answering one'),
  })
  .refine(oneOrSeveral, oneOrSeveralSaid)
  .refine(o => o.agree !== 'none' || (o.agreement === undefined && o.referee === undefined), {
    path: ['agree'],
    message: 'with agree: none nothing is compared, so that agreement and referee have no meaning',
  })
  .refine(o => o.agree !== 'judge' || o.teachers === undefined || o.referee !== undefined, {
    path: ['referee'],
    message: 'with several teachers say which one compares their answers',
  })
  .refine(
    o =>
      o.samples > 1 ||
      o.teachers !== undefined ||
      (o.agreement === undefined && o.agree === undefined && o.referee === undefined),
    {
      path: ['samples'],
      message: 'agreement, agree and referee compare several answers: set samples to 2 or more',
    },
  )
export type AnswerOptions = z.infer<typeof options>

/** Answers with reasoning; several samples are checked against each other. */
export const answer = defineVerb<AnswerOptions>({
  verb: 'answer',
  about: 'Teachers answer each prompt with their reasoning; several samples are checked against each other.',
  options,
  takes: ['prompt'],
  needs: { teachers: ['teacher', 'teachers', 'referee'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/2203.11171',
  expand({ agreement, agree: by, referee, ...drawn }, key) {
    const several = drawn.samples > 1 || drawn.teachers !== undefined
    if (!several || by === 'none') return [{ as: '', step: draw, options: drawn }]
    const steps: Primitive[] = [
      { as: 'draw', step: draw, options: drawn },
      {
        as: 'agree',
        step: agree,
        options: {
          ...(by ? { by } : {}),
          ...(by === 'judge' ? { referee: referee ?? drawn.teacher } : {}),
          of: drawn.samples * (drawn.teachers?.length ?? 1),
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
