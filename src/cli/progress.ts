import type { Plan } from '../recipe/index.ts'
import { type PoolMember, poolMembers, teachersBehind } from '../teachers/index.ts'
import type { Counts, Event } from '../workspace/index.ts'
import { bytes, counted, dollars, duration, thousands } from './figures.ts'

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
  /** Bytes of its files that came from far away, and of all that have to. */
  pulled?: { bytes: number; of: number }
  /** Calls that its records need, and those answered or not needed any more: they say more than tasks do. */
  calls: { needed: number; done: number }
}

export type TeacherProgress = {
  name: string
  sent: number
  replayed: number
  inAir: number
  /** Tokens in, those of them read from a prompt cache, and tokens out. */
  input: number
  cached: number
  output: number
  /** Null as soon as one reply has no price. */
  usd: number | null
  /** Dollars that caches and batches saved. */
  saved: { cache: number; batch: number }
  /** Its batches that are not over: calls in them, and those known to be done. */
  batches: { [batch: string]: { rows: number; done: number } }
  /** Calls that the records known so far will need; `open` when more records may come. */
  expected: number
  open: boolean
  /** Instants of its first and latest reply. */
  first?: number
  last?: number
  /** What the server makes us do. A parked route waits until it is told; other trouble passes unless it is said again. */
  trouble?: { message: string; parked: boolean; since: number; wait: number }
}

/** Milliseconds for which a trouble that passes stays in sight. */
const inSight = 5000
/** Milliseconds from which a wait is worth a word. */
const longWait = 2000

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
      {
        ...{ key, paid: nodes.some(n => n.teachers.length > 0), done: 0, cached: 0, rows: 0, fresh: 0 },
        calls: { needed: 0, done: 0 },
      },
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
  const entries = plan.recipe.teachers
  const none = { sent: 0, replayed: 0, inAir: 0, input: 0, cached: 0, output: 0, usd: 0, expected: 0, open: true }
  for (const named of new Set(plan.stages.flatMap(s => s.nodes.flatMap(n => n.teachers)))) {
    for (const name of teachersBehind(named, entries)) {
      teachers.set(name, { name, ...none, saved: { cache: 0, batch: 0 }, batches: {} })
    }
  }
  state.teachers = [...teachers.values()]
  const stageOf = new Map(shown.flatMap(stage => stage.nodes.map(node => [node.key, stages.get(stage.key)!] as const)))
  /** Teachers under a name with their parts of its records; who stands in is asked when it comes to that. */
  const pools = new Map<string, readonly Pick<PoolMember, 'name' | 'weight'>[]>()
  function membersOf(named: string): readonly Pick<PoolMember, 'name' | 'weight'>[] {
    const members = pools.get(named) ?? poolMembers(named, entries)
    pools.set(named, members)
    return members
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
        const records = from.reduce((n, up) => n + rowsOf(up), 0)
        const stage = stages.get(key)
        if (stage && per > 0) stage.calls.needed = records * per
        const left = Math.max(0, records - (settled.get(key) ?? 0)) * per
        for (const { name, weight } of node.teachers.flatMap(membersOf)) {
          waiting.set(name, (waiting.get(name) ?? 0) + left * weight)
          if (!from.every(finished)) teachers.get(name)!.open = true
        }
      }
    }
    for (const [name, calls] of waiting) {
      const teacher = teachers.get(name)!
      const underWay = teacher.sent + teacher.replayed - (answered.get(name) ?? 0)
      teacher.expected += Math.max(0, Math.round(calls) - underWay)
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
      } else if (event.event === 'pulled') {
        const stage = stages.get(event.stage)
        if (!stage) return
        stage.began ??= at
        stage.pulled = { bytes: event.bytes, of: event.of }
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
          if (cached) stage.calls.done += records * callsPerRecord(paid)
          else {
            for (const { name, weight } of paid.teachers.flatMap(membersOf)) {
              answered.set(name, (answered.get(name) ?? 0) + records * callsPerRecord(paid) * weight)
            }
          }
        }
        expect()
      } else if (event.event === 'call') {
        const teacher = teachers.get(event.teacher)
        if (!teacher) return
        const stage = stageOf.get(event.step)
        if (stage) stage.calls.done++
        teacher.first ??= at
        teacher.last = at
        if (event.from === 'journal') teacher.replayed++
        else {
          teacher.sent++
          teacher.input += event.usage.input ?? 0
          teacher.cached += event.usage.cachedInput ?? 0
          teacher.output += event.usage.output ?? 0
          teacher.saved.cache += event.saved?.cache ?? 0
          teacher.saved.batch += event.saved?.batch ?? 0
          teacher.usd = teacher.usd === null || event.usd === null ? null : teacher.usd + event.usd
        }
        teacher.expected = Math.max(teacher.expected, teacher.sent + teacher.replayed)
      } else if (event.event === 'air') {
        const teacher = teachers.get(event.teacher)
        if (teacher) teacher.inAir += event.by
      } else if (event.event === 'batch') {
        const batches = teachers.get(event.teacher)?.batches
        if (!batches) return
        if (event.state === 'over') delete batches[event.batch]
        else batches[event.batch] = { rows: event.rows, done: event.done ?? batches[event.batch]?.done ?? 0 }
      } else if (event.event === 'route') {
        // Teachers of one endpoint and model share a route.
        for (const name of event.teacher.split(', ')) {
          const teacher = teachers.get(name)
          if (!teacher) continue
          if (event.type === 'recovered' || event.type === 'unparked') delete teacher.trouble
          else {
            const { type, wait = 0, message = type } = event
            teacher.trouble = { message, parked: type === 'parked', since: at, wait }
          }
        }
      } else if (event.event === 'run-ended') {
        state.ended = true
        for (const teacher of teachers.values()) teacher.expected = teacher.sent + teacher.replayed
        for (const stage of stages.values()) if (event.status === 'done') stage.ended ??= at
      }
    },
  }
}

/** Dollars of all teachers so far; null as soon as one reply has no price. */
export function spentSoFar({ teachers }: Progress): number | null {
  return teachers.reduce<number | null>((sum, { usd }) => (sum === null || usd === null ? null : sum + usd), 0)
}

/** The money of a run so far, in words: what it cost, for each row that is kept, and what caches and batches saved. */
export function moneySoFar(state: Progress): string[] {
  if (!state.teachers.some(({ sent }) => sent > 0)) return []
  const usd = spentSoFar(state)
  const saved = (of: 'cache' | 'batch'): number => state.teachers.reduce((n, teacher) => n + teacher.saved[of], 0)
  return [
    usd === null ? 'no price' : `${dollars(usd)} so far`,
    ...(usd && state.kept > 0 ? [`${dollars(usd / state.kept)} a kept row`] : []),
    ...(saved('cache') > 0 ? [`caches saved ${dollars(saved('cache'))}`] : []),
    ...(saved('batch') > 0 ? [`batches saved ${dollars(saved('batch'))}`] : []),
  ]
}

/** What keeps a teacher at this instant; nothing once the run is over, whose end says it. */
export function troubleOf({ trouble }: TeacherProgress, { ended }: Progress, now: number): string | undefined {
  if (!trouble || ended) return undefined
  const { message, parked, since, wait } = trouble
  const left = Math.max(0, since + wait - now)
  if (parked) return `parked for ${duration(left)}`
  if (now >= since + wait + inSight) return undefined
  return wait >= longWait && left > 0 ? `waits ${duration(left)}: ${message}` : message
}

/** Batches of a teacher that are under way, in words. */
export function batchesUnderWay({ batches }: TeacherProgress): string[] {
  const all = Object.values(batches)
  if (all.length === 0) return []
  const [done, rows] = [all.reduce((n, b) => n + b.done, 0), all.reduce((n, b) => n + b.rows, 0)]
  return [`${thousands(done)} of ${thousands(rows)} done in ${counted(all.length, 'batch', 'batches')}`]
}

/** How far the files of a source have come. */
export const pulledText = ({ bytes: there, of }: { bytes: number; of: number }): string =>
  `${bytes(there)} of ${bytes(of)}`

/** How much of a stage is done, from 0 to 1: by calls where they can be told, else by tasks. */
export function shareOf({ tasks, done, ended, calls }: StageProgress): number {
  if (ended !== undefined) return 1
  const byTasks = tasks ? done / tasks : 0
  return calls.needed === 0 ? byTasks : Math.min(0.99, Math.max(byTasks, calls.done / calls.needed))
}

/** Milliseconds that the known calls will still take, at the pace so far; undefined while nothing can be said. */
export function timeLeft(state: Progress, now: number): number | undefined {
  // When a batch ends is for the provider to say.
  if (state.teachers.some(({ batches }) => Object.keys(batches).length > 0)) return undefined
  let longest: number | undefined
  for (const { sent, replayed, expected, first, trouble } of state.teachers) {
    const done = sent + replayed
    if (first === undefined || done < 5 || now - first < 1000) continue
    const waits = trouble && expected > done ? trouble.since + trouble.wait - now : 0
    longest = Math.max(longest ?? 0, waits, ((expected - done) * (now - first)) / done)
  }
  return longest
}
