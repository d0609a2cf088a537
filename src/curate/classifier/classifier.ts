import { z } from 'zod'
import { kinds } from '../../records/index.ts'
import { defineVerb, type GlobalStep, type Verb } from '../../steps/index.ts'
import { sample } from '../sample/sample.ts'
import { fit } from './fit.ts'
import { label, labelShape } from './label.ts'
import { loadModel } from './model.ts'
import { scoreByLearnt, scoreBySaved } from './score.ts'

/** As `sample`, but the rows that are not taken are no drops: they go on beside it. */
const taken: GlobalStep = {
  ...sample,
  verb: 'classifier-sample',
  about: 'Takes a number of rows to be marked, chosen by a hash of their ids.',
  reasons: [],
  apply: (_, decided) => (decided ? { is: 'passed' } : { is: 'consumed' }),
}

const options = z
  .strictObject({
    teacher: z.string().optional().describe('Teacher that marks a sample of the rows'),
    labels: z
      .number()
      .int()
      .min(1)
      .max(20_000)
      .default(2000)
      .describe('Rows to be marked, chosen by a hash of their ids; a larger number keeps those it had'),
    ...labelShape,
    model: z.string().optional().describe('Path of a saved model to use instead: nobody is asked'),
  })
  .refine(o => (o.teacher === undefined) !== (o.model === undefined), 'give either a teacher or a saved model')

/**
 * A teacher marks a sample, a linear model learns the marks, and every row is marked at the speed of reading it. The score
 * is `<step>/score`, so that `extract: { keep: 5%, by: <step> }` cuts by it. Too few labels give no score and say so.
 */
export const classifier: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'classifier',
  about:
    'A teacher marks a sample of the rows from 0 to 5; a model learnt from these marks all of them, as the score <step key>/score.',
  options,
  takes: kinds,
  needs: { teachers: ['teacher'], files: ['rubric', 'model', 'prompt'] },
  source: 'Penedo et al. 2024, arXiv 2406.17557, section 4',
  expand({ teacher, labels, model, ...rest }, key) {
    if (model !== undefined) {
      // A file that is no model is a mistake of the recipe, and not of each row.
      loadModel(model)
      return [{ as: 'score', step: scoreBySaved, options: { model } }]
    }
    const { rubric, characters } = rest
    return [
      { as: 'sample', step: taken, options: { n: labels } },
      { as: 'label', step: label, options: { teacher, ...rest } },
      { as: 'fit', step: fit, options: { step: key, rubric, characters } },
      { as: 'score', step: scoreByLearnt, options: {}, from: ['$in'], side: { model: ['fit'] } },
    ]
  },
})
