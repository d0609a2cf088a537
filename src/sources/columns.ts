import type { Json } from '../records/index.ts'
import type { SourceReason } from './reasons.ts'

/** One row of a file by column name. */
export type Columns = { [name: string]: Json | undefined }

/** Why a row is no record of its kind. Evidence names columns and forms, never the text of the row. */
export class Misshapen extends Error {
  readonly reason: SourceReason
  readonly evidence: Json
  constructor(reason: SourceReason, evidence: Json) {
    super(reason)
    this.reason = reason
    this.evidence = evidence
  }
}

/** Every column has a name of its own: an empty one counts its place, a repeated one its repetition. */
export function distinctNames(names: string[]): string[] {
  const seen = new Set<string>()
  /** Repetitions of a name that are taken: without them, many equal names would be counted through again and again. */
  const taken = new Map<string, number>()
  return names.map((given, i) => {
    const base = given.trim() || `column_${i + 1}`
    let name = base
    let n = taken.get(base) ?? 1
    while (seen.has(name)) name = `${base}_${++n}`
    taken.set(base, n)
    seen.add(name)
    return name
  })
}

export function object(value: Json | undefined): Columns | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
}

/** The first of the columns that has a value; null counts as none, because Parquet fills with it. */
export function pick(columns: Columns, names: readonly string[]): Json | undefined {
  for (const name of names) {
    const value = columns[name]
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

/** Like `pick`, and a row without any of them is rejected. */
export function need(columns: Columns, names: readonly string[]): Json {
  const value = pick(columns, names)
  if (value === undefined) throw new Misshapen('missing-column', { expected: [...names] })
  return value
}

export function needText(columns: Columns, names: readonly string[]): string {
  const value = need(columns, names)
  if (typeof value !== 'string') throw new Misshapen('wrong-shape', { [names[0]!]: `${typeof value}, not text` })
  if (value.trim() === '') throw new Misshapen('wrong-shape', { [names[0]!]: 'empty' })
  return value
}

export function pickText(columns: Columns, names: readonly string[]): string | undefined {
  const value = pick(columns, names)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}
