import type { Sha } from '../records/index.ts'
import type { Counts } from './store.ts'

type Usage = { input?: number; output?: number; cachedInput?: number; cacheWrite?: number }
/** Dollars that a call did not cost, against the same call without prompt cache and batch. */
export type Saved = { cache: number; batch: number }

/** What happens in a run, as data. The log is NDJSON of these; terminal, `--json` and `status` are renderers of it. */
export type Event =
  | { event: 'run-started'; run: string; recipe: string; stages: { key: string; steps: string[] }[] }
  | { event: 'stage-sized'; stage: string; tasks: number }
  /** A file of a source has come from far away: `bytes` of `of` are there. */
  | { event: 'pulled'; stage: string; bytes: number; of: number }
  | { event: 'task-done'; stage: string; task: string; cached: boolean; funnel: { [step: string]: Counts } }
  | { event: 'stage-recalled'; stage: string; summary: string; tasks: number; funnel: { [step: string]: Counts } }
  | { event: 'route'; teacher: string; type: string; message?: string; wait?: number; width?: number; streak?: number }
  /** A batch came to another state; `done` and `rows` count calls. */
  | {
      event: 'batch'
      teacher: string
      batch: string
      state: string
      rows: number
      done?: number
      message?: string
    }
  /** What teachers were asked so far; at most one every ten seconds, and none while nobody is asked. */
  | { event: 'tally'; calls: { [teacher: string]: { sent: number; journal: number; usd: number | null } } }
  | { event: 'note'; step?: string; message: string }
  | { event: 'unpaid'; root: string; step: string }
  /** `rows` is the digest of the output: what audits and measurements of it are found by. */
  | { event: 'run-ended'; run: string; status: Status; exit: number; message?: string; calls: CallTotals; rows?: Sha }
  /** Live only: not written to the log, since there are some for every call. */
  | { event: 'air'; teacher: string; by: 1 | -1 }
  | {
      event: 'call'
      teacher: string
      /** Step that asked, and the record that its item entered the paid part as. */
      step: string
      root: string
      from: 'teacher' | 'journal'
      usage: Usage
      usd: number | null
      saved?: Saved
      /** Milliseconds from sending to the reply; absent from the journal and of batches. */
      ms?: number
    }

export type Status = 'done' | 'failed' | 'budget' | 'interrupted' | 'yield' | 'paused'
export type CallTotals = {
  [teacher: string]: {
    sent: number
    journal: number
    input: number
    output: number
    /** Of `input`, read from a prompt cache, and written to one. */
    cached: number
    written: number
    usd: number | null
    saved: Saved
  }
}
export type Emit = (event: Event) => void
