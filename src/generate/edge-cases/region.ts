import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { words } from '../../text/index.ts'

/** What a region is told apart by, for every step that must see the same regions. */
export const regionShape = {
  by: z
    .array(z.string().min(1))
    .min(1)
    .default(['topic', 'length'])
    .describe('What tells regions apart: facets such as topic or difficulty, `language`, `length`; the class first'),
  lengths: z
    .array(z.int().positive())
    .min(1)
    .max(4)
    .default([8, 20])
    .describe('Words up to which a prompt falls into each class of `length`; longer ones are a class of their own'),
}
export type RegionOptions = { by: string[]; lengths: number[] }

/** The last turn of the user: what people wrote. */
export function queryOf(record: Rec): string {
  return (record.kind === 'prompt' && record.messages.findLast(({ role }) => role === 'user')?.content) || ''
}

/** The class of a length in words, such as `9-20 words`. */
export function lengthClass(count: number, bounds: readonly number[]): string {
  const sorted = [...bounds].sort((a, b) => a - b)
  const at = sorted.findIndex(bound => count <= bound)
  const from = at === 0 ? 1 : sorted.at(at < 0 ? -1 : at - 1)! + 1
  return at < 0 ? `${from} words or more` : `${from}-${sorted[at]} words`
}

const lengthOf = (text: string, language: string | undefined, bounds: readonly number[]): string =>
  lengthClass(Math.max(1, words(text, language).length), bounds)

/** The values of a record, in the order of `by`: what region it lies in. One that is not known is `unknown`. */
export function regionOf(record: Rec, { by, lengths }: RegionOptions): string[] {
  return by.map(name => {
    if (name === 'length') return lengthOf(queryOf(record), record.language, lengths)
    const value = name === 'language' ? record.language : record.facets[name]
    return value === undefined || value === '' ? 'unknown' : String(value)
  })
}

/** The name of a region. */
export const nameOf = (values: readonly string[]): string => values.join(' / ')

/** True where a text is as long as its region asks, or the region asks nothing. */
export function fitsLength(
  text: string,
  language: string | undefined,
  region: readonly string[],
  options: RegionOptions,
): boolean {
  const at = options.by.indexOf('length')
  return at < 0 || lengthOf(text, language, options.lengths) === region[at]
}
