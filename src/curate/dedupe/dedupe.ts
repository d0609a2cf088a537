import { z } from 'zod'
import { kinds } from '../../records/index.ts'
import { defineVerb, type Primitive, type Verb } from '../../steps/index.ts'
import { dedupeExact, shape, sides } from './exact.ts'
import { dedupeNear, nearShape } from './near.ts'

const { near, shingle, bands, rows } = nearShape
const options = z
  .strictObject({
    ...shape,
    near: z
      .union([near.unwrap(), z.literal(false)])
      .default(0.8)
      .describe(`${near.description}; false for exact duplicates alone`),
    shingle,
    bands,
    rows,
  })
  .refine(o => (o.bands === undefined) === (o.rows === undefined), 'give bands and rows together, or neither')

/** Exact duplicates first, then near ones among what is left. */
export const dedupe: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'dedupe',
  about: 'Drops exact and near duplicates; the row that stays names those it stands for.',
  options,
  takes: kinds,
  side: sides,
  expand({ near, shingle, bands, rows, ...common }) {
    const side = Object.fromEntries(common.against.map(name => [name, [name]]))
    const steps: Primitive[] = [{ as: 'exact', step: dedupeExact, options: common, side }]
    if (near !== false) {
      const limits = { near, shingle, ...(bands && rows ? { bands, rows } : {}) }
      steps.push({ as: 'near', step: dedupeNear, options: { ...common, ...limits }, side })
    }
    return steps
  },
})
