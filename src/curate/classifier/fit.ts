import { z } from 'zod'
import { type Json, kinds, sha256, type TeacherId } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { contentOf } from '../content.ts'
import { featuresOf } from './features.ts'
import { type Model, modelOf, notesOf } from './model.ts'
import { scaleName } from './scale.ts'
import { type Labelled, train } from './train.ts'

const options = z.strictObject({
  step: z.string().describe('Key of the step: its labels are read, and the model is named after it'),
  rubric: z.string().describe('Rubric that the labels follow'),
  characters: z.number().int().describe('Characters of a text that are learnt from'),
})
type Options = z.output<typeof options>
type Row = Labelled & { teacher?: TeacherId }

/** Labelled rows become one row: the model. It lies in the workspace like any record, where `export model` finds it. */
export const fit: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'classifier-fit',
  about:
    'Learns the marks of the labelled rows by ridge regression on hashed n-grams, and measures itself on a held-out tenth.',
  version: 1,
  options,
  takes: kinds,
  gives: ['row'],
  reasons: [],
  source: 'Penedo et al. 2024, arXiv 2406.17557, section 4; Hoerl & Kennard 1970, Technometrics 12',
  passes: [
    {
      survey(records, { step, characters }) {
        const rows: Row[] = []
        for (const record of records) {
          const text = contentOf(record, 'all')
          const score = record.scores[`${step}/label`]
          const mark = score && 'value' in score ? score.value : undefined
          rows.push({
            id: record.id,
            // Of the text alone: the same one from another address is the same row.
            digest: sha256(text),
            features: featuresOf(text, characters),
            ...(mark === undefined ? {} : { mark }),
            ...(score?.judge ? { teacher: score.judge } : {}),
          })
        }
        return new Map([[0, rows]])
      },
      merge: (a: Row[], b: Row[]) => a.concat(b),
      decide: (_, rows: Row[]) => rows,
      combine(parts: Row[][], { step, rubric, characters }) {
        const rows = parts.flat()
        const marks = new Array<number>(6).fill(0)
        for (const { mark } of rows) if (mark !== undefined) marks[mark]!++
        const model = modelOf(
          {
            step,
            rubric: scaleName(rubric),
            teachers: [...new Set(rows.flatMap(row => row.teacher ?? []))].sort(),
            characters,
            marks,
            unmarked: rows.filter(row => row.mark === undefined).length,
          },
          train(rows),
        )
        return { shared: model as unknown as Json, each: new Map(), notes: notesOf(model) }
      },
    },
  ],
  apply: () => ({ is: 'consumed' }),
  *emit(shared) {
    yield { payload: { kind: 'row', columns: { model: shared as Json } }, index: 0 }
  },
})

/** The model in a row that `fit` made. */
export const modelIn = (columns: { [name: string]: Json }): Model => columns.model as unknown as Model
