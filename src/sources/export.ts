import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import type { Json } from '../records/index.ts'
import { Unreadable } from './bytes.ts'
import { type Columns, Misshapen, object } from './columns.ts'
import { type Completion, completionOf, isCompletion, otherChoices } from './completion.ts'
import type { SourceReason } from './reasons.ts'
import { jsonRows } from './rows.ts'

/** One row of an export, or one completion of the API: read, or rejected with the reason. */
export type Exported =
  | { completion: Completion; others: number }
  | { id?: string; reason: SourceReason; evidence: Json }

/** Reads one completion. `messages` are what it answers, where they come apart from it. */
export function exported(row: Json, messages?: Json[]): Exported {
  const columns: Columns = object(row) ?? {}
  const id = typeof columns.id === 'string' ? { id: columns.id } : {}
  try {
    if (!isCompletion(columns)) throw new Misshapen('wrong-shape', { row: 'no chat completion with its model' })
    const completion = completionOf(columns, messages)
    if (completion.id === '') throw new Misshapen('missing-column', { column: 'id' })
    return { completion, others: otherChoices(columns) }
  } catch (error) {
    if (error instanceof Misshapen) return { ...id, reason: error.reason, evidence: error.evidence }
    throw error
  }
}

/** Completions of an export: JSON Lines, or one JSON array where the name ends in `.json`; `.gz` is unpacked. */
export async function* readExport(path: string, base: string): AsyncGenerator<Exported> {
  const absolute = resolve(base, path)
  const info = await stat(absolute).catch(() => undefined)
  if (!info?.isFile()) {
    throw new StillroomError('SR_SOURCE_READ', `There is no file ${path}.`, {
      hint: 'name an export, or the base URL of an API such as https://api.openai.com/v1',
    })
  }
  const file = { path, below: basename(path), absolute, size: info.size, mtimeMs: info.mtimeMs }
  try {
    for await (const row of jsonRows(file, 32 * 2 ** 20)) {
      yield 'value' in row ? exported(row.value) : { reason: row.reason, evidence: row.evidence }
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    yield { reason: error.reason, evidence: { error: error.message } }
  }
}
