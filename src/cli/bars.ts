import type { Plan } from '../recipe/index.ts'
import { compact, dollars, duration, reasonList, thousands } from './figures.ts'
import type { Io } from './io.ts'
import { cells, clip, cut, pad } from './layout.ts'
import {
  batchesUnderWay,
  moneySoFar,
  type Progress,
  progressOf,
  pulledText,
  type StageProgress,
  shareOf,
  type TeacherProgress,
  timeLeft,
  troubleOf,
} from './progress.ts'
import type { Live, Paint } from './reporter.ts'

/** Milliseconds between two drawings. */
const frame = 100

/** Cells of names and of bars: what the numbers leave. */
type Columns = { keys: number; bar: number; width: number }

function bar(stage: StageProgress, width: number, paint: Paint): string {
  const full = Math.floor(shareOf(stage) * width)
  return paint(stage.ended === undefined ? 'cyan' : 'green', '━'.repeat(full)) + paint('dim', '─'.repeat(width - full))
}

/** Rows a second, or why there is no such number. */
function pace({ tasks, done, cached, fresh, began, ended, pulled }: StageProgress, now: number): string {
  if (tasks === 0 && ended !== undefined) return 'nothing arrived'
  if (tasks === undefined && pulled) return pulledText(pulled)
  if (done > 0 && cached === done) return 'was there'
  const seconds = ((ended ?? now) - (began ?? now)) / 1000
  return seconds >= 1 && fresh > 0 ? `${thousands(fresh / seconds)} rows/s` : ''
}

function stageLine(stage: StageProgress, columns: Columns, now: number, paint: Paint): string {
  const name = pad(clip(stage.key, columns.keys), columns.keys)
  if (stage.began === undefined) return paint('dim', `${name}  ${'─'.repeat(columns.bar)}  waits`)
  const tasks = `${thousands(stage.done)}/${thousands(stage.tasks ?? 0)} tasks`.padStart(12)
  const rows = `${thousands(stage.rows)} rows`.padStart(14)
  return `${stage.ended === undefined ? paint('bold', name) : name}  ${bar(stage, columns.bar, paint)}${tasks}${rows}  ${paint('dim', pace(stage, now))}`
}

function teacherLine(
  teacher: TeacherProgress,
  trouble: string | undefined,
  { keys, width }: Columns,
  paint: Paint,
): string {
  const done = teacher.sent + teacher.replayed
  const parts = [`${thousands(done)} of ${thousands(teacher.expected)}${teacher.open ? '+' : ''} calls`]
  if (teacher.inAir > 0) parts.push(`${thousands(teacher.inAir)} in the air`)
  if (teacher.replayed > 0) parts.push(`${thousands(teacher.replayed)} replayed`)
  const seconds = ((teacher.last ?? 0) - (teacher.first ?? 0)) / 1000
  if (seconds >= 1 && teacher.sent > 0) parts.push(`${((teacher.sent + teacher.replayed) / seconds).toFixed(1)}/s`)
  parts.push(dollars(teacher.usd), ...batchesUnderWay(teacher))
  if (trouble) parts.push(clip(trouble, width))
  else if (teacher.input + teacher.output > 0) {
    const cached = teacher.cached > 0 ? ` (${Math.round((100 * teacher.cached) / teacher.input)} % cached)` : ''
    parts.push(`${compact(teacher.input)} in${cached}, ${compact(teacher.output)} out`)
  }
  const line = cut(`${pad(clip(teacher.name, keys), keys)}  ${parts.join(' · ')}`, width)
  return trouble ? paint('yellow', line) : line
}

/** What is on screen at one instant: a line a stage, a line a teacher, and the end in sight. */
export function drawing(state: Progress, now: number, size: { width: number; height: number }, paint: Paint): string[] {
  const keys = Math.min(24, Math.max(...state.stages.map(s => cells(s.key)), ...state.teachers.map(t => cells(t.name))))
  const columns = { keys, bar: Math.max(6, Math.min(20, size.width - keys - 46)), width: size.width }
  const room = Math.max(3, size.height - state.teachers.length - 4)
  const done = state.stages.filter(s => s.ended !== undefined)
  const hidden = state.stages.length > room ? done.slice(0, state.stages.length - room + 1) : []
  const lines = hidden.length > 0 ? [paint('dim', `${hidden.length} stages done`)] : []
  const shown = state.stages.filter(s => !hidden.includes(s)).slice(0, room)
  lines.push(...shown.map(stage => stageLine(stage, columns, now, paint)))
  const troubles = new Map(state.teachers.map(t => [t, troubleOf(t, state, now)]))
  const asked = state.teachers.filter(t => t.sent + t.replayed + Object.keys(t.batches).length > 0 || troubles.get(t))
  if (asked.length > 0) lines.push('', ...asked.map(t => teacherLine(t, troubles.get(t), columns, paint)))
  const eta = timeLeft(state, now)
  const foot = [duration(now - state.started), ...moneySoFar(state)]
  if (!state.ended && eta !== undefined && eta > 0)
    foot.push(`about ${duration(eta)} left${state.teachers.some(t => t.open) ? ' for what is known' : ''}`)
  const reasons = reasonList(state.reasons, 4)
  if (reasons) foot.push(`left out: ${reasons}`)
  lines.push(paint('dim', clip(foot.join(' · '), size.width)))
  return lines
}

/** Control sequence introducer. */
const csi = '\u001b['

/** Progress on a terminal: drawn over itself at most ten times a second, each frame in one write. */
export function bars(plan: Plan, view: { io: Io; width: number; paint: Paint }): Live {
  const { io, width, paint } = view
  const { state, take } = progressOf(plan, io.now().getTime())
  let drawn = 0
  let changed = true
  const said: string[] = []
  function draw(): void {
    if (!changed && state.ended) return
    changed = false
    const lines = [
      ...drawing(state, io.now().getTime(), { width, height: io.height }, paint),
      ...said.map(text => paint('yellow', cut(text, width))),
    ]
    const up = drawn > 0 ? `${csi}${drawn}A\r` : ''
    // Between the marks a terminal that knows them shows the frame at once.
    io.out(`${csi}?2026h${up}${lines.map(line => `${line}${csi}K\n`).join('')}${csi}J${csi}?2026l`)
    drawn = lines.length
  }
  io.out(`${csi}?25l`)
  const stop = io.every(frame, draw)
  return {
    emit(event) {
      take(event, io.now().getTime())
      changed = true
    },
    notice(text) {
      said.push(text)
      changed = true
      draw()
    },
    end() {
      stop()
      changed = true
      draw()
      io.out(`${csi}?25h\n`)
    },
  }
}
