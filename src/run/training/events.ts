import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Figures, joinPoints, type Phase, type Point, type Warning } from '../../train/index.ts'
import { textOf } from './ended.ts'

export type PhaseName = Phase['name']

/** What happens in a training, as data: lines of `run/events.ndjson`, and what a terminal draws from. */
export type TrainingEvent =
  | { event: 'training-started'; name: string; version: string; phases: PhaseName[] }
  /** `from` is the step of the checkpoint that the phase goes on from, 0 for a start. */
  | { event: 'phase-started'; phase: PhaseName; method: string; attempt: number; from: number; log: string }
  /** Figures of one step. Of a step told twice, after a phase went on from before it, the later line counts. */
  | { event: 'point'; phase: PhaseName; step: number; of: number; figures: Figures }
  | ({ event: 'warning'; phase: PhaseName; step: number } & Warning)
  | { event: 'settled'; phase: PhaseName; step: number; best: { step: number; loss: number } }
  | { event: 'stopping'; phase: PhaseName; why: 'settled' | 'interrupted' }
  | { event: 'phase-ended'; phase: PhaseName; step: number; settled: boolean | null; output: string }
  | { event: 'merging'; phase: PhaseName; log: string }
  | { event: 'handed-over'; phase: PhaseName; model: string }
  | { event: 'serving'; what: WhichModel; at: string; log: string }
  | { event: 'evaluated'; what: WhichModel; folder: string }
  | { event: 'note'; message: string }
  | { event: 'training-ended'; exit: number; message?: string }

/** Of which model an evaluation is: the base model before, or what came out. */
export type WhichModel = 'baseline' | 'trained'
export type TellTraining = (event: TrainingEvent) => void

/** Appends events to a file, each with its instant, and passes them on. */
export function trainingLog(file: string, now: () => Date, told?: TellTraining): TellTraining {
  mkdirSync(dirname(file), { recursive: true })
  return event => {
    appendFileSync(file, `${JSON.stringify({ at: now().toISOString(), ...event })}\n`)
    told?.(event)
  }
}

/** The points that the events tell of a phase: of a step told twice the later counts. */
export function curveOf(name: PhaseName, file: string): Point[] {
  let points: Point[] = []
  for (const line of textOf(file).split('\n')) {
    if (!line.includes('"point"') && !line.includes('"phase-started"')) continue
    let event: { event: string; phase: PhaseName; step: number; from: number; figures: Figures }
    try {
      event = JSON.parse(line)
    } catch {
      // Cut off, as by a full disk: the lines around it count.
      continue
    }
    if (event.phase !== name) continue
    if (event.event === 'phase-started') points = points.filter(({ step }) => step <= event.from)
    else if (event.event === 'point') points.push({ step: event.step, figures: event.figures })
  }
  return joinPoints(points)
}
