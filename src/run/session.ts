import { mkdirSync } from 'node:fs'
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

/** Time as the engine sees it; injected, so that tests need not wait. */
export type Clock = { now(): Date; sleep(ms: number, signal?: AbortSignal): Promise<void> }

export const systemClock: Clock = {
  now: () => new Date(),
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

/** Opens a workspace for writing. Throws SR_LOCKED when another process has it. */
export function openSession(root: string, options: { clock?: Clock; reached?: Reached; command: string }): Session {
  const clock = options.clock ?? systemClock
  const reached = options.reached ?? (() => {})
  mkdirSync(root, { recursive: true })
  const paths = makeWorkspace(root)
  const unlock = takeLock(paths.lock, clock.now(), options.command)
  try {
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
    throw error
  }
}
