import { StillroomError } from '../errors/index.ts'

/** Thrown where work ends early because the run is stopping; never an outcome of a record. */
export class Stopped extends Error {}

/** Thrown when a closed teacher has no stored reply: the root of the record is left out of this run. */
export class Unpaid extends Error {}

/**
 * One switch for every clean stop: interrupt, budget, a teacher that is down, a full disk. The first reason wins; after it
 * no new work starts, and what is in the air still lands in the journal.
 */
export type Stop = {
  readonly reason: StillroomError | undefined
  /** Rejects with the reason; never resolves. */
  readonly tripped: Promise<never>
  trip(reason: StillroomError): void
  /** Throws `Stopped` once tripped. */
  check(): void
}

export function createStop(): Stop {
  let reason: StillroomError | undefined
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  return {
    get reason() {
      return reason
    },
    tripped: promise,
    trip(why) {
      if (reason) return
      reason = why
      reject(why)
    },
    check() {
      if (reason) throw new Stopped()
    },
  }
}

export const diskFull = (cause: unknown): StillroomError =>
  new StillroomError('SR_DISK_FULL', 'The disk is full.', {
    cause,
    hint: 'make room and run the same command again; finished tasks and paid replies are kept',
  })

/** SQLITE_FULL. */
const databaseFull = 13

/** What a thrown value means for the run: a full disk and our own errors stop it under their code. */
export function asStop(error: unknown): StillroomError {
  if (StillroomError.is(error)) return error
  const { code, errcode } = (error ?? {}) as { code?: string; errcode?: number }
  if (code === 'ENOSPC' || code === 'EDQUOT' || errcode === databaseFull) return diskFull(error)
  return new StillroomError('SR_INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error), {
    cause: error,
  })
}
