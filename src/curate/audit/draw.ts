import { z } from 'zod'
import { type Id, kinds, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'

const options = z.strictObject({
  n: z.number().int().min(1).describe('Rows to draw'),
  seed: z.number().int().min(0).describe('Seed of the draw'),
})
type Options = z.output<typeof options>
type Drawn = [at: number, id: Id]

/** Where a row stands in the draw of a seed: by the seed and its id alone, so that people and judges have the same rows. */
export const placeInDraw = (seed: number, id: Id): number => unit('audit', seed, id)

const byPlace = (a: Drawn, b: Drawn) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1)

/** A simple random sample: the rows that stand first in the draw. The others are not dropped; they are just not looked at. */
export const auditDraw: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'audit-draw',
  about: 'Draws a number of rows by a seed.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey(records, { n, seed }) {
        const drawn: Drawn[] = []
        for (const { id } of records) drawn.push([placeInDraw(seed, id), id])
        return new Map([[0, drawn.sort(byPlace).slice(0, n)]])
      },
      merge: (a: Drawn[], b: Drawn[]) => a.concat(b),
      decide: (_, drawn: Drawn[], { n }) => drawn.sort(byPlace).slice(0, n),
      combine: (parts: Drawn[][]) => ({ each: new Map(parts.flat().map(([, id]) => [id, true])) }),
    },
  ],
  apply: (_, drawn) => (drawn ? { is: 'passed' } : { is: 'consumed' }),
})
