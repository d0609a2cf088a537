import { type Figures, joinPoints, type Point } from './point.ts'
import { figureOf } from './read-output.ts'

/** What a checkpoint of transformers says of its training: `trainer_state.json`. */
export type TrainerState = { step: number; of: number; points: Point[] }

// Python writes numbers into JSON that JSON does not have. They stand behind a colon or in a list, never within a string.
const foreign = /([:[,]\s*)(NaN|-?Infinity)(?=\s*[,\]}])/g

function figuresOf(values: { [name: string]: unknown }): Figures {
  const figures: Figures = {}
  for (const [name, value] of Object.entries(values)) {
    if (name === 'step') continue
    const figure = typeof value === 'string' ? figureOf(value) : value
    if (typeof figure === 'number' || figure === null) figures[name] = figure
  }
  return figures
}

const parse = (text: string): unknown => JSON.parse(text.replace(foreign, '$1null'))

/** Reads `trainer_state.json`; undefined for what is none, or was cut off while it was written. */
export function readTrainerState(text: string): TrainerState | undefined {
  let read: unknown
  try {
    read = parse(text)
  } catch {
    return undefined
  }
  const { global_step: step, max_steps: of, log_history: history } = (read ?? {}) as { [name: string]: unknown }
  if (typeof step !== 'number' || !Array.isArray(history)) return undefined
  const points = history.flatMap(one => {
    const at = (one as { step?: unknown } | null)?.step
    return typeof at === 'number' && !('train_runtime' in one) ? [{ step: at, figures: figuresOf(one) }] : []
  })
  return { step, of: typeof of === 'number' ? of : 0, points: joinPoints(points) }
}

/** What a training told through the bridge: its points, how far it is, whether it ended, and which libraries trained. */
export type Told = {
  points: Point[]
  step: number
  of: number
  /** Step that the last of them began at: that of its checkpoint, 0 for a start. */
  from: number
  /** Trainings begun, counting those that went on from a checkpoint. */
  began: number
  ended: boolean
  /** Versions by library, as the Python that trained has them. */
  versions: { [library: string]: string }
}

/**
 * Reads the log of the bridge (`run/<phase>/log.ndjson`), over all times the phase was begun: what was told of steps beyond
 * the checkpoint that a later time went on from is of no training that counts. A last line that was cut off is left out.
 */
export function readTold(text: string): Told {
  const told: Told = { points: [], step: 0, of: 0, from: 0, began: 0, ended: false, versions: {} }
  for (const line of text.split('\n')) {
    let read: { event?: string; step?: number; of?: number; figures?: object; versions?: Told['versions'] } | null
    try {
      read = parse(line) as typeof read
    } catch {
      continue
    }
    if (!read || typeof read.step !== 'number') continue
    told.step = read.step
    if (typeof read.of === 'number') told.of = read.of
    if (read.event === 'began') {
      const { step } = read
      told.began++
      told.from = step
      told.ended = false
      told.points = told.points.filter(point => point.step <= step)
      told.versions = read.versions ?? {}
    } else if (read.event === 'ended') told.ended = true
    else if (read.event === 'log' && read.figures && !('train_runtime' in read.figures))
      told.points.push({ step: read.step, figures: figuresOf(read.figures as { [name: string]: unknown }) })
  }
  told.points = joinPoints(told.points)
  return told
}

/** Names of LLaMA-Factory for what the others call otherwise. */
const factoryNames: { [name: string]: string } = {
  lr: 'learning_rate',
  accuracy: 'rewards/accuracies',
  reward: 'rewards/chosen',
}

/** Reads `trainer_log.jsonl` of LLaMA-Factory, which draws its own curves from it. */
export function readFactoryLog(text: string): TrainerState {
  const state: TrainerState = { step: 0, of: 0, points: [] }
  for (const line of text.split('\n')) {
    try {
      const { current_steps: step, total_steps: of, ...rest } = parse(line) as { [name: string]: unknown }
      if (typeof step !== 'number') continue
      const { percentage: _, elapsed_time: __, remaining_time: ___, ...figures } = figuresOf(rest)
      state.step = step
      if (typeof of === 'number') state.of = of
      const named = Object.entries(figures).map(([name, value]) => [factoryNames[name] ?? name, value] as const)
      if (named.length > 0) state.points.push({ step, figures: Object.fromEntries(named) })
    } catch {
      // Cut off while it is written: the next look finds it whole.
    }
  }
  return { ...state, points: joinPoints(state.points) }
}
