import { join } from 'node:path'
import type { Measured } from '../govern/index.ts'
import type { Json, Sha } from '../records/index.ts'
import { putWhole } from '../workspace/index.ts'
import { statedOf } from './evidence-files.ts'

/**
 * What a command measured, as it is kept in the workspace: gates find it by the digest of the rows that it is of, so that
 * what was measured of other rows counts for nothing. No clock is in it.
 */
export type MeasuredFile = Omit<Measured, 'sha256'> & {
  format: 1
  of: { name: string; digest: Sha }
  /** Everything the command found. */
  found: Json
}

const folderOf = (root: string): string => join(root, 'measured')

/** Keeps a measurement; the same one gives the same bytes. Returns the path. */
export function keepMeasured(root: string, measured: MeasuredFile): string {
  const file = join(folderOf(root), `${measured.kind}-${measured.of.digest.slice(0, 16)}.json`)
  putWhole(file, `${JSON.stringify(measured, null, 1)}\n`)
  return file
}

/** Measurements of exactly these rows, in order of their file names. */
export function measuredOf(root: string, digest: Sha): Measured[] {
  const of = { noun: 'measurement', again: 'measure again' }
  return statedOf<MeasuredFile>(folderOf(root), digest, of).map(
    ({ value: { kind, is, statement, holdout }, sha256 }) => ({
      ...{ kind, is, statement, sha256 },
      ...(holdout === undefined ? {} : { holdout }),
    }),
  )
}
