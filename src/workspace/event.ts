import type { Counts } from './store.ts'

type Usage = { input?: number; output?: number; cachedInput?: number }

/** What happens in a run, as data. The log is NDJSON of these; terminal, `--json` and `status` are renderers of it. */
export type Event =
  | { event: 'run-started'; run: string; recipe: string; stages: { key: string; steps: string[] }[] }
  | { event: 'stage-sized'; stage: string; tasks: number }
  | { event: 'task-done'; stage: string; task: string; cached: boolean; funnel: { [step: string]: Counts } }
  | { event: 'stage-recalled'; stage: string; summary: string; tasks: number; funnel: { [step: string]: Counts } }
  | { event: 'route'; teacher: string; type: string; message?: string; wait?: number; width?: number; streak?: number }
  | { event: 'note'; step?: string; message: string }
  | { event: 'unpaid'; root: string; step: string }
  | { event: 'run-ended'; run: string; status: Status; exit: number; message?: string; calls: CallTotals }
  /** Live only: not written to the log, since there are some for every call. */
  | { event: 'air'; teacher: string; by: 1 | -1 }
  | { event: 'call'; teacher: string; from: 'teacher' | 'journal'; usage: Usage; usd: number | null }

export type Status = 'done' | 'failed' | 'budget' | 'interrupted' | 'yield' | 'paused'
export type CallTotals = {
  [teacher: string]: { sent: number; journal: number; input: number; output: number; usd: number | null }
}
export type Emit = (event: Event) => void
