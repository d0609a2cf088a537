import { resolve } from 'node:path'
import { type ModelLineage, placesIn, type State, type TrainingEvent } from '../run/index.ts'
import { type Figures, type Point, series, type Training } from '../train/index.ts'
import { comparisonTable } from './comparison-table.ts'
import { counted, duration, thousands } from './figures.ts'
import type { Io } from './io.ts'
import { cut, indent, table, wrap } from './layout.ts'
import { here } from './open.ts'
import type { Paint, Reporter } from './reporter.ts'

const blocks = '▁▂▃▄▅▆▇█'

/** Values as one line of blocks, the lowest the smallest; more values than cells are averaged. */
export function sparkline(values: readonly number[], width: number): string {
  const n = Math.min(width, values.length)
  const cells = Array.from({ length: n }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / n), Math.floor(((i + 1) * values.length) / n))
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
  const least = Math.min(...cells)
  const span = Math.max(...cells) - least
  return cells.map(value => blocks[span === 0 ? 3 : Math.round(((value - least) / span) * 7)]).join('')
}

const digits = (value: number | null | undefined): string =>
  value === null ? 'no number' : value === undefined ? '' : String(Number(value.toPrecision(4)))

/** Figures worth a curve, in order, and what they are called. */
const drawn: { [figure: string]: string } = {
  loss: 'loss',
  eval_loss: 'held-out loss',
  'rewards/accuracies': 'pairs told apart',
  'rewards/margins': 'margin',
  'logps/chosen': 'log-p of chosen',
  reward: 'reward',
  kl: 'KL',
}

/** The curves of a phase: one line a figure with its first, lowest and last value. */
function curveLines(points: readonly Point[], { width, paint }: Pick<Reporter, 'width' | 'paint'>): string[] {
  const rows = Object.entries(drawn).flatMap(([name, title]) => {
    const values = series(points, name).map(({ value }) => value)
    if (values.length === 0) return []
    const line = sparkline(values, Math.max(10, Math.min(50, width - 60)))
    return [[title, line, digits(values[0]), digits(Math.min(...values)), digits(values.at(-1))]]
  })
  const columns = [
    { head: 'figure' },
    { head: 'curve' },
    ...['first', 'lowest', 'last'].map(head => ({ head, right: true })),
  ]
  return rows.length === 0 ? [] : table(columns, rows, width, text => paint('bold', text))
}

type PhaseState = NonNullable<State['phases']['sft']>

/** How a phase stands, in words. */
function standOf(state: PhaseState | undefined, settles: boolean): string {
  if (!state) return 'not begun'
  const steps = `${thousands(state.step)}${state.of > 0 ? ` of ${thousands(state.of)}` : ''} steps`
  const at = state.settled === null ? 'not settled' : `settled at step ${thousands(state.settled)}`
  const settled = settles ? `, ${at}` : ''
  const best = state.settled !== null && state.best ? `, model of step ${thousands(state.best.step)}` : ''
  if (state.is === 'training') return `begun (${counted(state.attempts, 'time')})`
  return `${steps}${settled}${best}${state.is === 'handed-over' ? `, ${state.model}` : ', not handed over yet'}`
}

/** What a finished training left, in a few lines. */
export function madeLines(
  training: Training,
  state: State,
  model: ModelLineage | undefined,
  folder: string,
  io: Io,
  reporter: Pick<Reporter, 'width' | 'paint'>,
): string[] {
  const last = state.phases[training.phases.at(-1)!.phase.name]
  const lines = [`Model: ${here(io, `${folder}/${last?.model ?? ''}`)}`, `Lineage: ${here(io, placesIn(folder).model)}`]
  const paths = Object.entries(state.evaluations).map(
    ([what, path]) => [what, here(io, resolve(folder, path))] as const,
  )
  for (const [what, path] of paths) lines.push(`Evaluation of the ${what} model: ${path}`)
  const { baseline, trained } = Object.fromEntries(paths)
  if (baseline === undefined || trained === undefined) return lines
  const { comparison } = model ?? {}
  const command = `stillroom evaluate compare ${baseline} ${trained}`
  if (!comparison || 'why' in comparison) {
    const why = comparison ? [`They cannot be compared: ${comparison.why}`] : []
    return [...lines, ...why.flatMap(text => wrap(text, reporter.width)), `Compare them with: ${command}`]
  }
  const [said, ...more] = comparison.said
  return [
    ...[...lines, ''],
    ...wrap(said ?? '', reporter.width).map(text => reporter.paint('bold', text)),
    ...more.flatMap(text => wrap(text, reporter.width)),
    ...(comparison.lines.length > 0 ? ['', ...comparisonTable(comparison.lines, reporter)] : []),
    ...['', `In full: ${command}`],
  ]
}

/** One event as lines of a pipe; undefined for those that a pipe need not know. */
function eventText(event: TrainingEvent, io: Io): string | undefined {
  switch (event.event) {
    case 'training-started':
      return `Training ${event.name} ${event.version}: ${event.phases.join(', then ')}.`
    case 'phase-started': {
      const how = event.from > 0 ? `goes on from step ${thousands(event.from)}` : 'begins'
      return `Phase ${event.phase} (${event.method}) ${how}; what the trainer says goes to ${here(io, event.log)}.`
    }
    case 'point':
      return 'eval_loss' in event.figures ? pointText(event) : undefined
    case 'warning':
      return `${event.message} ${event.hint}.`
    case 'settled':
      return `The held-out loss of ${event.phase} has settled: ${digits(event.best.loss)} at step ${thousands(event.best.step)}.`
    case 'stopping':
      return event.why === 'settled' ? 'The trainer is asked to save and end.' : 'Stopping: the trainer saves and ends.'
    case 'phase-ended': {
      const settled = event.settled === null ? '' : event.settled ? ', settled' : ', not settled'
      return `Phase ${event.phase} ended after ${thousands(event.step)} steps${settled}.`
    }
    case 'merging':
      return `The weights of ${event.phase} are merged.`
    case 'handed-over':
      return `Phase ${event.phase} leaves ${event.model}.`
    case 'serving':
      return `The ${event.what} model is served at ${event.at} and evaluated.`
    case 'evaluated':
      return `The ${event.what} model is evaluated: ${event.folder}.`
    case 'note':
      return event.message
    case 'training-ended':
      return undefined
  }
}

const pointText = ({ step, of, figures }: { step: number; of: number; figures: Figures }): string =>
  [
    `Step ${thousands(step)}${of > 0 ? ` of ${thousands(of)}` : ''}`,
    ...['loss', 'eval_loss'].flatMap(name => (name in figures ? [`${drawn[name]} ${digits(figures[name])}`] : [])),
  ].join(', ')

/** Control sequence introducer. */
const csi = '\u001b['

/**
 * Shows a training while it goes. On a terminal one line is drawn over itself: phase, steps, losses and the end in sight. A
 * pipe gets a line a look at held-out rows and a line for whatever else happens, a program the events themselves.
 */
export function trainingView(
  io: Io,
  { kind, width, paint, say }: Reporter,
): { take(event: TrainingEvent): void; end(): void } {
  if (kind === 'json') {
    const shown = (event: TrainingEvent) => ('log' in event ? { ...event, log: here(io, event.log) } : event)
    return { take: event => io.out(`${JSON.stringify(shown(event))}\n`), end: () => {} }
  }
  let line: Line | undefined
  const clear = (): void => {
    if (kind === 'human' && line) io.out(`\r${csi}K`)
  }
  const draw = (): void => {
    if (kind === 'human' && line) io.out(`\r${cut(lineText(line, io.now().getTime(), paint), width - 1)}${csi}K`)
  }
  const stop = kind === 'human' ? io.every(500, draw) : () => {}
  return {
    take(event) {
      clear()
      if (event.event === 'phase-started')
        line = { phase: event.phase, began: io.now().getTime(), step: event.from, of: 0, losses: [] }
      else if (event.event === 'point' && line) {
        line.step = event.step
        line.first ??= { step: event.step, at: io.now().getTime() }
        line.of = event.of
        if (typeof event.figures.loss === 'number') line.losses.push(event.figures.loss)
        if (event.figures.eval_loss !== undefined) line.heldOut = event.figures.eval_loss
      } else if (event.event === 'phase-ended') line = undefined
      const text = kind === 'human' && event.event === 'point' ? undefined : eventText(event, io)
      if (text !== undefined) {
        const lines = wrap(text, width)
        say(event.event === 'warning' ? lines.map(part => paint('yellow', part)) : lines)
      }
      draw()
    },
    end() {
      clear()
      stop()
    },
  }
}

type Line = {
  phase: string
  began: number
  /** The first step that was told of and its instant: what comes before is loading. */
  first?: { step: number; at: number }
  step: number
  of: number
  losses: number[]
  heldOut?: number | null
}

/** What is on screen of a phase at one instant. */
export function lineText({ phase, began, first, step, of, losses, heldOut }: Line, now: number, paint: Paint): string {
  const parts = [`${paint('bold', phase)} ${thousands(step)}${of > 0 ? `/${thousands(of)} steps` : ' steps'}`]
  if (losses.length > 0) parts.push(`loss ${digits(losses.at(-1))} ${paint('cyan', sparkline(losses.slice(-60), 20))}`)
  if (heldOut !== undefined) parts.push(`held-out ${digits(heldOut)}`)
  parts.push(duration(now - began))
  if (first && step > first.step && of > step) {
    parts.push(`about ${duration(((now - first.at) * (of - step)) / (step - first.step))} left`)
  }
  return parts.join(' · ')
}

/** The phases of a training with how they stand and their curves. */
export function phaseLines(
  training: Training,
  state: State | undefined,
  curves: { [phase: string]: Point[] | undefined },
  reporter: Pick<Reporter, 'width' | 'paint'>,
): string[] {
  return training.phases.flatMap(({ phase: { name, method, data } }) => {
    const head = reporter.paint('bold', `Phase ${name} (${method})`)
    const curve = curveLines(curves[name] ?? [], { ...reporter, width: reporter.width - 2 })
    return [`${head}: ${standOf(state?.phases[name], name === 'sft' && data.test !== undefined)}`, ...indent(curve)]
  })
}
