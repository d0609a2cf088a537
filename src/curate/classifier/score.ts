import { z } from 'zod'
import { type Json, kinds, type Notes, type Rec } from '../../records/index.ts'
import { defineGlobal, defineMap, type GlobalStep, type MapStep } from '../../steps/index.ts'
import { contentOf } from '../content.ts'
import { modelIn } from './fit.ts'
import { graderOf, loadModel, type Model } from './model.ts'

/** The mark as a score of the aspect `score`; no number where the model has nothing to grade by. */
function graded(record: Rec, model: Model): Notes {
  const grader = graderOf(model)
  if ('insufficient' in grader)
    return { scores: { score: { method: grader.id, unscored: 'insufficient-labels', why: grader.insufficient } } }
  return { scores: { score: { method: grader.id, value: grader.mark(contentOf(record, 'all')) } } }
}

const none = z.strictObject({})

/** Marks every row with the model that the labelled sample gave. */
export const scoreByLearnt: GlobalStep<z.output<typeof none>> = defineGlobal<z.output<typeof none>>({
  verb: 'classifier-score',
  about: 'Marks each row with the model that was learnt from the labelled sample.',
  version: 1,
  options: none,
  takes: kinds,
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey(records, _, { side }) {
        if (side === undefined) return new Map()
        for (const record of records) if (record.kind === 'row') return new Map([[0, modelIn(record.columns)]])
        return new Map()
      },
      merge: (model: Model) => model,
      decide: (_, model: Model) => model,
      combine: (models: Model[]) => ({ shared: models[0] as unknown as Json, each: new Map() }),
    },
  ],
  apply: (record, _, shared) => ({ is: 'passed', notes: graded(record, shared as unknown as Model) }),
})

const saved = z.strictObject({ model: z.string().describe('Path of a saved model') })

/** Marks every row with a model out of a file: no teacher is asked. */
export const scoreBySaved: MapStep<z.output<typeof saved>> = defineMap<
  z.output<typeof saved>,
  Rec['kind'],
  Rec['kind']
>({
  verb: 'classifier-apply',
  about: 'Marks each row with a saved model.',
  version: 1,
  options: saved,
  takes: kinds,
  gives: 'same',
  reasons: [],
  needs: { files: ['model'] },
  run: async (record, ctx) => ({ is: 'passed', notes: graded(record, loadModel(ctx.options.model)) }),
})
