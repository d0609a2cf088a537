import type { Id, Json, Kind, Payload, Sha } from '../../records/index.ts'
import type { Reason } from './reasons.ts'

/** What is exported of a record: its name and its content. */
export type Content<K extends Kind = Kind> = { [P in K]: Payload<P> & { id: Id } }[K]

/** Reasoning in a field of its own (`reasoning_content` or `thinking`), as `<think>` within the answer, or left out. */
export const reasonings = ['separate', 'thinking', 'inline', 'drop'] as const
export type Reasoning = (typeof reasonings)[number]
export type RowOptions = { reasoning: Reasoning }

export type Row = { [column: string]: Json }

/**
 * A row, or why there is none. `restore` puts back what the format cannot hold, in the row as it is read again: each is a
 * JSON pointer and its value, null for what was made up and goes. `lost` names what cannot be put back.
 */
export type Outcome = { row: Row; restore?: Restore; lost?: string } | { why: Reason }
export type Restore = [pointer: string, value: Json][]

/** One form of rows that a trainer or a vendor reads. Pure. */
export type Type = {
  about: string
  kinds: readonly Kind[]
  /** Kinds that are converted where the type is asked for and no row of `kinds` is there, and what to know about it. */
  converts?: { [K in Kind]?: string }
  /** How reasoning can be written; what is asked for and not among them becomes the first. */
  reasoning: readonly [Reasoning, ...Reasoning[]]
  /** Column of a boolean: good and bad rows are written in turn. */
  label?: string
  /** What becomes of turns with weight 0, where the trainer does not read weights by itself. */
  weights?: string
  /** One outcome for each row that the content becomes. */
  rows(content: Content, options: RowOptions): Outcome[]
}

/** What a release holds of one kind: rows, and how many of them are of several turns or tools, or can be checked. */
export type Seen = { rows: number; several: number; checkable: number }

/** A file of rows. `path` is relative to the folder of the export. */
export type RowFile = { path: string; type: string; split: string; rows: number; bytes: number }

/** The release that rows come from; `card` is its README. */
export type Origin = { name: string; version: string; license: string; manifest: Sha; card: string }

/** A trainer, vendor or layout that rows are written for: data, and pure functions of data. */
export type Target = {
  name: string
  about: string
  types: { readonly [name: string]: Type }
  /** The type that rows of a kind are written as where none is asked for; undefined where they are left out. */
  choose(kind: Kind, seen: Seen): string | undefined
  /** Ids in a column of each row, or line by line in `<split>.ids.jsonl`, where other columns are not tolerated. */
  ids: 'column' | 'beside'
  /** Fewest and most rows of a training file, by whose rule. */
  bounds?: { least: number; most?: number; whose: string }
  /** What whoever uploads the files should know. */
  notes?: readonly string[]
  /** Files of at most `rows` rows, where a layout names its files itself. */
  parts?: { rows: number; path(type: string, split: string, part: number, parts: number): string }
  /** Further files, such as a list of the data sets. */
  files?(
    written: readonly RowFile[],
    columns: { [type: string]: readonly string[] },
    origin: Origin,
  ): { [path: string]: string }
}
