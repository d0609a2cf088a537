import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import type { Measured } from '../govern/index.ts'
import { type Json, type Sha, sha256 } from '../records/index.ts'

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
  const folder = folderOf(root)
  const text = `${JSON.stringify(measured, null, 1)}\n`
  const file = join(folder, `${measured.kind}-${measured.of.digest.slice(0, 16)}.json`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${file}.tmp-${process.pid}`, text)
  renameSync(`${file}.tmp-${process.pid}`, file)
  return file
}

/** Measurements of exactly these rows, in order of their file names. */
export function measuredOf(root: string, digest: Sha): Measured[] {
  const folder = folderOf(root)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => name.endsWith('.json'))
    .sort()
    .flatMap(name => {
      const text = readFileSync(join(folder, name), 'utf8')
      const { format, of, kind, is, statement, holdout } = read(text, join(folder, name))
      if (format !== 1 || of?.digest !== digest) return []
      return [{ kind, is, statement, sha256: sha256(text), ...(holdout === undefined ? {} : { holdout }) }]
    })
}

function read(text: string, file: string): MeasuredFile {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StillroomError('SR_WORKSPACE', `${file} is no measurement.`, {
      position: { file },
      hint: 'measure again, or take the file out of the workspace',
      cause,
    })
  }
}
