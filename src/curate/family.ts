import { z } from 'zod'
import type { Rec } from '../records/index.ts'

/** Option of group steps: which records belong together. */
export const groupOption = z
  .string()
  .optional()
  .describe(
    'Key of the step whose records belong together by what they were made from; default the last that made some',
  )

/** The records of a family in the order in which they were drawn. */
export function drawn<R extends Rec>(records: readonly R[]): R[] {
  const at = (record: R) => Number(record.facets.draw ?? 0)
  return [...records].sort((a, b) => at(a) - at(b) || (a.id < b.id ? -1 : 1))
}
