import type { Plan } from '../recipe/index.ts'
import { counted, dollars, duration, thousands } from './figures.ts'
import type { Io } from './io.ts'
import {
  batchesUnderWay,
  moneySoFar,
  type Progress,
  progressOf,
  pulledText,
  type StageProgress,
  timeLeft,
  troubleOf,
} from './progress.ts'
import type { Live } from './reporter.ts'

/** Milliseconds between two lines while nothing finishes. */
const pause = 5000

function stageLine(stage: StageProgress): string {
  if (stage.tasks === 0) return `${stage.key}: nothing arrived`
  return `${stage.key}: ${counted(stage.rows, 'record')} (${duration(stage.ended! - (stage.began ?? stage.ended!))})`
}

function pulse(state: Progress, now: number): string {
  const parts = [duration(now - state.started)]
  for (const stage of state.stages) {
    if (stage.pulled && stage.tasks === undefined) parts.push(`${stage.key} ${pulledText(stage.pulled)}`)
    if (stage.tasks && !stage.ended && stage.began !== undefined)
      parts.push(`${stage.key} ${stage.done} of ${stage.tasks} tasks`)
  }
  for (const teacher of state.teachers) {
    const done = teacher.sent + teacher.replayed
    const trouble = troubleOf(teacher, state, now)
    if (trouble) parts.push(`${teacher.name}: ${trouble}`)
    if (done === 0 && Object.keys(teacher.batches).length === 0) continue
    const more = teacher.open ? ' or more' : ''
    const calls = `${teacher.name} ${thousands(done)} of ${thousands(teacher.expected)}${more} calls`
    parts.push([calls, dollars(teacher.usd), ...batchesUnderWay(teacher)].join(', '))
  }
  parts.push(...moneySoFar(state))
  const eta = timeLeft(state, now)
  if (eta !== undefined && eta > 0) parts.push(`about ${duration(eta)} left`)
  return parts.join('; ')
}

/** Progress for a pipe: a line when a stage finishes, one every few seconds while none does, nothing for a call. */
export function lines(plan: Plan, io: Io): Live {
  const { state, take } = progressOf(plan, io.now().getTime())
  const said = new Set<string>()
  let last = state.started
  /** Stages in a row that earlier runs had done: one line for all of them. */
  let known = 0
  function say(line: string): void {
    flush()
    io.out(`${line}\n`)
  }
  function flush(): void {
    if (known > 0) io.out(`${counted(known, 'stage')} as before\n`)
    known = 0
  }
  function tick(): void {
    const now = io.now().getTime()
    if (state.ended || now - last < pause) return
    last = now
    say(pulse(state, now))
  }
  const stop = io.every(1000, tick)
  return {
    emit(event) {
      const now = io.now().getTime()
      take(event, now)
      for (const stage of state.stages) {
        if (stage.ended === undefined || stage.tasks === undefined || said.has(stage.key)) continue
        said.add(stage.key)
        last = now
        if (stage.done > 0 && stage.cached === stage.done) known++
        else say(stageLine(stage))
      }
      if (state.ended) flush()
      tick()
    },
    notice: say,
    end: stop,
  }
}
