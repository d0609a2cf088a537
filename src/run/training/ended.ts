import { existsSync, readFileSync } from 'node:fs'
import { StillroomError } from '../../errors/index.ts'
import { lastLines } from '../../train/index.ts'

export const again = 'run `stillroom train run` again'

/** Somebody wanted the end; `next` says what the same call does then. */
export const interrupted = (next?: string): StillroomError =>
  new StillroomError('SR_INTERRUPTED', 'The training was interrupted.', {
    hint: next === undefined ? again : `${again}: it ${next}`,
  })

/** All that a log holds; nothing where there is none. */
export const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

/** The last lines of what was said, below a message. */
export const below = (said: string): string =>
  lastLines(said)
    .map(line => `\n    ${line}`)
    .join('')
