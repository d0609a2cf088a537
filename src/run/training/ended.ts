import { existsSync, readFileSync, statSync } from 'node:fs'
import { StillroomError } from '../../errors/index.ts'
import { lastLines } from '../../train/index.ts'

export const again = 'run `stillroom train run` again'

/** Somebody wanted the end; `next` says what the same call does then. */
export const interrupted = (next?: string): StillroomError =>
  new StillroomError('SR_INTERRUPTED', 'The training was interrupted.', {
    hint: next === undefined ? again : `${again}: it ${next}`,
  })

/** What a log holds behind so many bytes; nothing where there is none. */
export const textOf = (file: string, from = 0): string =>
  existsSync(file) ? readFileSync(file).subarray(from).toString('utf8') : ''

/** Bytes of a log that is added to: what is said from now on stands behind them. */
export const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/** The last lines of what was said, below a message. */
export const below = (said: string): string =>
  lastLines(said)
    .map(line => `\n    ${line}`)
    .join('')
