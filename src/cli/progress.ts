import type { Plan } from '../recipe/index.ts'
import type { Counts, Event } from '../workspace/index.ts'

export type StageProgress = {
  key: string
  paid: boolean
  /** Absent until the stage knows its input. */
  tasks?: number
  done: number
  cached: number
  /** Records that it put out. */
  rows: number
  /** Rows of the tasks that were not there before, for the rate. */
  fresh: number
  began?: number
  ended?: number
  /** The teacher that serves this stage and no other: its calls say more than tasks do. */
  teacher?: TeacherProgress
}

export type TeacherProgress = {
  name: string
  sent: number
  replayed: number
  inAir: number
  tokens: number
  /** Null as soon as one reply has no price. */
  usd: number | null
  /** Calls that the records known so far will need; `open` when more records may come. */
  expected: number
  open: boolean
  /** Instants of its first and latest reply. */
  first?: number
  last?: number
  /** What the server makes us do, such as waiting. */
  trouble?: string
}

export type Progress = {
  started: number
  stages: StageProgress[]
  teachers: TeacherProgress[]
  reasons: { [reason: string]: number }
  /** Records of the output stage. */
  kept: number
  ended: boolean
}

/** Records that a step hands on. */
export const left = (counts: Counts | undefined): number => (counts ? counts.passed + counts.fixed + counts.made : 0)

/** Calls that a record takes at a node, re-asking a spoilt reply apart: one, or as many as it draws samples. */
export function callsPerRecord(node: { options: Record<string, unknown>; teachers: string[] }): number {
  if (node.teachers.length === 0) return 0
  return typeof node.options.samples === 'number' ? node.options.samples : 1
}

/** Folds the events of a run into what a screen shows. `now` is milliseconds of the injected clock. */
export function progressOf(plan: Plan, now: number): { state: Progress; take(event: Event, now: number): void } {
  const shown = plan.stages.filter(stage => stage.shape !== 'union')
  const stages = new Map<string, StageProgress>(
    shown.map(({ key, nodes }) => [
      key,
      { key, paid: nodes.some(n => n.teachers.length > 0), done: 0, cached: 0, rows: 0, fresh: 0 },
    ]),
  )
  const state: Progress = {
    started: now,
    stages: [...stages.values()],
    teachers: [],
    reasons: {},
    kept: 0,
    ended: false,
  }
  const teachers = new Map<string, TeacherProgress>()
  for (const name of new Set(plan.stages.flatMap(s => s.nodes.flatMap(n => n.teachers)))) {
    teachers.set(name, { name, sent: 0, replayed: 0, inAir: 0, tokens: 0, usd: 0, expected: 0, open: true })
  }
  state.teachers = [...teachers.values()]
  for (const teacher of state.teachers) {
    const serves = plan.stages.filter(s => s.nodes.some(n => n.teachers.includes(teacher.name)))
    const stage = stages.get(serves[0]!.key)
    if (serves.length === 1 && stage) stage.teacher = teacher
  }
  const upstream = new Map(plan.stages.map(stage => [stage.key, stage.from]))
  /** Records of finished tasks, which need no call any more. */
  const settled = new Map<string, number>()
  const finished = (key: string): boolean => {
    const stage = stages.get(key)
    if (!stage) return (upstream.get(key) ?? []).every(finished)
    return stage.tasks !== undefined && stage.done >= stage.tasks
  }
  const rowsOf = (key: string): number =>
    stages.get(key)?.rows ?? (upstream.get(key) ?? []).reduce((n, from) => n + rowsOf(from), 0)

  function expect(): void {
    for (const teacher of teachers.values()) {
      teacher.expected = teacher.sent + teacher.replayed
      teacher.open = false
    }
    const waiting = new Map<string, number>()
    for (const { key, from, nodes } of plan.stages) {
      for (const node of nodes) {
        const per = callsPerRecord(node)
        for (const name of node.teachers) {
          const records = from.reduce((n, up) => n + rowsOf(up), 0)
          waiting.set(name, (waiting.get(name) ?? 0) + Math.max(0, records - (settled.get(key) ?? 0)) * per)
          if (!from.every(finished)) teachers.get(name)!.open = true
        }
      }
    }
    for (const [name, calls] of waiting) {
      const teacher = teachers.get(name)!
      const underWay = teacher.sent + teacher.replayed - (answered.get(name) ?? 0)
      teacher.expected += Math.max(0, calls - underWay)
    }
  }
  /** Calls by teacher that belong to finished tasks. */
  const answered = new Map<string, number>()

  return {
    state,
    take(event, at) {
      if (event.event === 'stage-sized') {
        const stage = stages.get(event.stage)
        if (stage) {
          stage.tasks = event.tasks
          stage.began ??= at
          if (event.tasks === 0) stage.ended ??= at
        }
      } else if (event.event === 'task-done' || event.event === 'stage-recalled') {
        const tasks = event.event === 'task-done' ? 1 : event.tasks
        const cached = event.event === 'stage-recalled' || event.cached
        const stage = stages.get(event.stage)
        const nodes = plan.stages.find(one => one.key === event.stage)?.nodes ?? []
        for (const counts of Object.values(event.funnel)) {
          for (const [reason, n] of [...Object.entries(counts.dropped), ...Object.entries(counts.lost)]) {
            state.reasons[reason] = (state.reasons[reason] ?? 0) + n
          }
        }
        const rows = left(event.funnel[nodes.at(-1)?.key ?? event.stage])
        if (event.stage === plan.output) state.kept += rows
        if (!stage) return
        stage.done += tasks
        stage.rows += rows
        if (cached) stage.cached += tasks
        else stage.fresh += rows
        if (event.event === 'stage-recalled') stage.tasks = stage.done
        if (stage.tasks !== undefined && stage.done >= stage.tasks) stage.ended ??= at
        const paid = nodes.find(node => node.teachers.length > 0)
        if (paid) {
          const records = event.funnel[paid.key]?.in ?? 0
          settled.set(event.stage, (settled.get(event.stage) ?? 0) + records)
          if (!cached) {
            for (const name of paid.teachers) {
              answered.set(name, (answered.get(name) ?? 0) + records * callsPerRecord(paid))
            }
          }
        }
        expect()
      } else if (event.event === 'call') {
        const teacher = teachers.get(event.teacher)
        if (!teacher) return
        teacher.first ??= at
        teacher.last = at
        if (event.from === 'journal') teacher.replayed++
        else {
          teacher.sent++
          teacher.tokens += (event.usage.input ?? 0) + (event.usage.output ?? 0)
          teacher.usd = teacher.usd === null || event.usd === null ? null : teacher.usd + event.usd
        }
        teacher.expected = Math.max(teacher.expected, teacher.sent + teacher.replayed)
      } else if (event.event === 'air') {
        const teacher = teachers.get(event.teacher)
        if (teacher) teacher.inAir += event.by
      } else if (event.event === 'route') {
        const teacher = teachers.get(event.teacher)
        if (!teacher) return
        if (event.type === 'recovered') delete teacher.trouble
        else teacher.trouble = event.message ?? event.type
      } else if (event.event === 'run-ended') {
        state.ended = true
        for (const stage of stages.values()) if (event.status === 'done') stage.ended ??= at
      }
    },
  }
}

/** How much of a stage is done, from 0 to 1: by calls where they can be told, else by tasks. */
export function shareOf({ tasks, done, ended, teacher }: StageProgress): number {
  if (ended !== undefined) return 1
  const byTasks = tasks ? done / tasks : 0
  if (!teacher || teacher.expected === 0) return byTasks
  return Math.min(0.99, Math.max(byTasks, (teacher.sent + teacher.replayed) / teacher.expected))
}

/** Milliseconds that the known calls will still take, at the pace so far; undefined while nothing can be said. */
export function timeLeft(state: Progress, now: number): number | undefined {
  let longest: number | undefined
  for (const { sent, replayed, expected, first } of state.teachers) {
    const done = sent + replayed
    if (first === undefined || done < 5 || now - first < 1000) continue
    longest = Math.max(longest ?? 0, ((expected - done) * (now - first)) / done)
  }
  return longest
}
