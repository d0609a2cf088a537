import { z } from 'zod'
import { dots } from '../../kernels/index.ts'
import type { Id, Json } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { append } from '../dedupe/columns.ts'
import { inOrder, type Placed, placedRows } from './placed.ts'
import { eitherOne, eitherOneSaid, said, wanted, wantedShape } from './wanted.ts'

const options = z
  .strictObject({ ...wantedShape, vectors: z.string().describe('Step that noted the vectors') })
  .refine(eitherOne, eitherOneSaid)
type Options = z.output<typeof options>

/**
 * Rows of unit length such that none is far from a chosen one: each next one is the farthest from those before, which is
 * at most twice as far as the best choice leaves (Gonzalez 1985). Begins with the row nearest to the middle of all.
 *
 * @returns the chosen rows, and for each row the nearest of them with its cosine
 */
export function farthestFirst(matrix: Float32Array, dimensions: number, size: number) {
  const rows = dimensions > 0 ? matrix.length / dimensions : 0
  const chosen: number[] = []
  const of = new Int32Array(rows).fill(-1)
  const cosine = new Float32Array(rows).fill(Number.NEGATIVE_INFINITY)
  if (rows === 0 || size === 0) return { chosen, of, cosine }
  const sum = new Float64Array(dimensions)
  for (let at = 0; at < matrix.length; at += dimensions) for (let c = 0; c < dimensions; c++) sum[c]! += matrix[at + c]!
  const products = dots(
    Float32Array.from(sum, x => x / rows),
    matrix,
    dimensions,
  )
  let next = 0
  for (let row = 1; row < rows; row++) if (products[row]! > products[next]!) next = row
  while (chosen.length < Math.min(size, rows)) {
    chosen.push(next)
    dots(matrix.subarray(next * dimensions, (next + 1) * dimensions), matrix, dimensions, products)
    for (let row = 0; row < rows; row++) {
      if (products[row]! <= cosine[row]!) continue
      cosine[row] = products[row]!
      of[row] = next
    }
    // Chosen rows are out of the question, whatever their twins are.
    cosine[next] = Number.POSITIVE_INFINITY
    of[next] = next
    for (let row = 0; row < rows; row++) if (cosine[row]! < cosine[next]!) next = row
  }
  return { chosen, of, cosine }
}

type Told = { each: [Id, Json][]; notes: string[] }

/** The rows that leave none far behind: they cover the whole of the set, its rare corners too. */
export const selectKCenter: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'select-k-center',
  about: 'Keeps rows spread over the whole set: each next one is the farthest from those before.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['not-selected', 'no-vector'],
  source: 'Sener & Savarese 2018, arXiv 1708.00489; Gonzalez 1985',
  passes: [
    {
      survey: (records, { vectors }, at) =>
        new Map([
          [
            0,
            [
              placedRows(
                records,
                () => 0,
                record => at.vector(record, vectors),
                id => unit(at.seed, id),
              ),
            ],
          ],
        ]),
      merge: append<Placed>,
      decide(_, found: Placed[], options): Told {
        const { rows, matrix, dimensions } = inOrder(found)
        const { chosen, of, cosine } = farthestFirst(matrix, dimensions, wanted(options, rows.length))
        let least = 1
        const each = rows.flatMap(({ id }, row): [Id, Json][] => {
          if (of[row] === row) return [[id, 1]]
          if (of[row] === -1) return []
          least = Math.min(least, cosine[row]!)
          return [[id, { of: rows[of[row]!]!.id, cosine: Math.round(cosine[row]! * 1e4) / 1e4 }]]
        })
        const far = chosen.length > 0 && chosen.length < rows.length
        return {
          each,
          notes: [
            ...said(chosen.length, rows.length, options),
            ...(far ? [`every row has a cosine of ${least.toFixed(2)} or more to one that is kept`] : []),
          ],
        }
      },
      combine: (parts: Told[]) => ({
        each: new Map(parts.flatMap(part => part.each)),
        notes: parts.flatMap(part => part.notes),
      }),
    },
  ],
  apply(record, decided, _, { vectors }, at) {
    if (decided === 1) return { is: 'passed' }
    if (!at.vector(record, vectors)) return { is: 'dropped', reason: 'no-vector', evidence: { vectors } }
    return { is: 'dropped', reason: 'not-selected', ...(decided === undefined ? {} : { evidence: decided }) }
  },
})
