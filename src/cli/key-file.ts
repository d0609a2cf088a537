import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import type { Call } from './commands.ts'
import { here } from './open.ts'

/** The text of the key that `--key` names, where it does. Throws SR_NOT_FOUND. */
export function keyGiven({ io, given }: Call): string | undefined {
  if (given.key === undefined) return undefined
  const path = resolve(io.cwd, given.key)
  if (existsSync(path)) return readFileSync(path, 'utf8')
  throw new StillroomError('SR_NOT_FOUND', `There is no key at ${here(io, path)}.`, {
    hint: 'stillroom keys makes one for this workspace',
  })
}
