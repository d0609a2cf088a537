import { z } from 'zod'
import type { Id, Json, Rec } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { scoreOf } from '../content.ts'
import { append } from '../dedupe/columns.ts'
import { alone, cover, unseen } from '../vectors/cover.ts'
import { inOrder, type Placed, placedRows } from './placed.ts'
import { eitherOne, eitherOneSaid, said, wanted, wantedShape } from './wanted.ts'

export const diverseShape = {
  by: z
    .string()
    .optional()
    .describe(
      'Stored score of the quality, written as <step key>/<aspect>, such as judge/overall or classifier/score: the highest come first',
    ),
  difficulty: z
    .string()
    .optional()
    .describe('Stored score that the quality is multiplied by, so that rows that are both good and hard come first'),
  cap: z
    .number()
    .gt(0)
    .max(1)
    .default(0.9)
    .describe(
      'Cosine to a row that is kept from which another one is too similar; 0.9 is usual for vectors of a teacher, and of learnt ones 0.7 says as much',
    ),
}
const options = z
  .strictObject({ ...wantedShape, ...diverseShape, vectors: z.string().describe('Step that noted the vectors') })
  .refine(eitherOne, eitherOneSaid)
type Options = z.output<typeof options>

/** Quality times difficulty, as far as they are asked for. What is below zero is worth nothing. */
function worth(record: Rec, { by, difficulty }: Pick<Options, 'by' | 'difficulty'>): number | undefined {
  let value = 1
  for (const name of [by, difficulty]) {
    if (name === undefined) continue
    const score = scoreOf(record, name)
    if (score === undefined) return undefined
    value *= Math.max(0, score)
  }
  return value
}

type Told = { each: [Id, Json][]; notes: string[] }

/** Greedy in order of worth, leaving out what is too similar to a row that was taken before. */
export const selectDiverse: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'select-diverse',
  about: 'Takes rows in order of quality times difficulty, and none that is too similar to one taken before.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['not-selected', 'too-similar', 'no-vector', 'unscored'],
  source: 'Liu et al. 2023, arXiv 2312.15685',
  passes: [
    {
      survey: (records, options, at) =>
        new Map([
          [
            0,
            [
              placedRows(
                records,
                record => worth(record, options),
                record => at.vector(record, options.vectors),
                id => unit(at.seed, id),
              ),
            ],
          ],
        ]),
      merge: append<Placed>,
      decide(_, found: Placed[], options): Told {
        const { rows, matrix, dimensions } = inOrder(found)
        const size = wanted(options, rows.length)
        const { by, cosine, kept, recall } = cover(matrix, dimensions, options.cap, { most: size })
        const each = rows.flatMap(({ id }, row): [Id, Json][] => {
          if (by[row] === unseen) return []
          if (by[row] === alone) return [[id, 1]]
          return [[id, { of: rows[by[row]!]!.id, cosine: Math.round(cosine[row]! * 1e4) / 1e4 }]]
        })
        const similar = each.length - kept
        return {
          each,
          notes: [
            ...said(kept, rows.length, options),
            ...(similar > 0 ? [`${similar} rows on the way are too similar to one that is kept`] : []),
            ...(recall < 1
              ? [`searched by hash tables, which find ${(recall * 100).toFixed(1)} % of pairs at the cap`]
              : []),
          ],
        }
      },
      combine: (parts: Told[]) => ({
        each: new Map(parts.flatMap(part => part.each)),
        notes: parts.flatMap(part => part.notes),
      }),
    },
  ],
  apply(record, decided, _, options, at) {
    if (decided === 1) return { is: 'passed' }
    if (decided) return { is: 'dropped', reason: 'too-similar', evidence: decided }
    const value = worth(record, options)
    const { by = null, difficulty } = options
    if (value === undefined)
      return {
        is: 'dropped',
        reason: 'unscored',
        evidence: { by, ...(difficulty === undefined ? {} : { difficulty }) },
      }
    if (!at.vector(record, options.vectors))
      return { is: 'dropped', reason: 'no-vector', evidence: { vectors: options.vectors } }
    return { is: 'dropped', reason: 'not-selected', evidence: { worth: value } }
  },
})
