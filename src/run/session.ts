import { mkdirSync, statfsSync } from 'node:fs'
import { StillroomError } from '../errors/index.ts'
import {
  type Journal,
  makeWorkspace,
  openJournal,
  openStore,
  type Paths,
  type Reached,
  type Store,
  takeLock,
} from '../workspace/index.ts'
import { pendingErasure } from './erase/erase.ts'
import { asStop, diskFull } from './stop.ts'

/** Time as the engine sees it; injected, so that tests need not wait. */
export type Clock = {
  now(): Date
  /** Milliseconds that only ever grow, whatever is done to the time of day. */
  elapsed(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(done, ms)
      function done(): void {
        signal?.removeEventListener('abort', stop)
        resolve()
      }
      function stop(): void {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
    }),
}

/** A workspace taken by this process. */
export type Session = { paths: Paths; store: Store; journal: Journal; clock: Clock; reached: Reached; close(): void }

/** Bytes left on the disk of a folder, as far as that can be told. */
function room(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Opens a workspace for writing. Throws SR_LOCKED when another process has it, SR_DISK_FULL. */
export function openSession(root: string, options: { clock?: Clock; reached?: Reached; command: string }): Session {
  const clock = options.clock ?? systemClock
  const reached = options.reached ?? (() => {})
  let unlock = (): void => {}
  try {
    mkdirSync(root, { recursive: true })
    const paths = makeWorkspace(root)
    unlock = takeLock(paths.lock, clock.now(), options.command)
    if (pendingErasure(root)) {
      throw new StillroomError('SR_WORKSPACE', 'An erasure was begun here and has not come to its end.', {
        hint: 'finish it with: stillroom erase --yes',
      })
    }
    const journal = openJournal(paths.journal, clock.now, reached)
    return {
      paths,
      journal,
      clock,
      reached,
      store: openStore(paths, reached),
      close() {
        journal.close()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    // SQLite calls it an I/O error when there is no room for its shared memory.
    throw !StillroomError.is(error) && room(root) < 2 ** 16 ? diskFull(error) : asStop(error)
  }
}
