export type Language = 'python' | 'javascript'

/**
 * Code to run, and unit tests to run after it in the same interpreter. `timeoutMs` is processor time, so that a busy machine
 * changes no verdict; five times as much by the wall clock ends a job that only waits. `memoryMb` is what it may use
 * beside the interpreter itself.
 */
export type Job = {
  language: Language
  code: string
  tests?: string
  stdin?: string
  timeoutMs?: number
  memoryMb?: number
  /** The user's own interpreter in an OS sandbox, such as `python3`; without it the one that comes along. */
  interpreter?: string
}

/**
 * How a job ended. Without tests `ok` is a program that came to its end; with tests, that all of them hold. `failed`: it
 * threw, or a test does not hold. `crashed`: it took the interpreter along. No times are in it, so that equal jobs give
 * equal data.
 */
export type Ran = {
  ended: 'ok' | 'failed' | 'timeout' | 'memory' | 'crashed'
  /** Its first 64 KiB. */
  stdout: string
  error?: string
  /** A module beyond the standard library that the code asked for. */
  missing?: string
}

export type WholeJob = Job & { timeoutMs: number; memoryMb: number }

/** Enough for any test of a small function; a row may say otherwise. */
export const wholeJob = (job: Job): WholeJob => ({
  ...job,
  timeoutMs: job.timeoutMs ?? 5000,
  memoryMb: job.memoryMb ?? 256,
})

/** Characters of output and of an error that are kept. */
export const most = { stdout: 2 ** 16, error: 2000 }

/** Keeps the beginning of what is written, and counts no further. */
export function bounded(): { write(text: string): void; text(): string } {
  let kept = ''
  return {
    write(text) {
      if (kept.length < most.stdout) kept += text.slice(0, most.stdout - kept.length)
    },
    text: () => kept,
  }
}

/** When every job begins: 1 January 2026. */
export const firstInstant = 1_767_225_600_000

export const timedOut = (ms: number): string => `not done after ${ms} ms of processor time`
