import { resolve } from 'node:path'
import { exits, StillroomError } from '../errors/index.ts'
import { type Node, type Plan, paidPart, type Stage } from '../recipe/index.ts'
import type { Id, Kind, Rec, Sha } from '../records/index.ts'
import { tokenizer } from '../text/index.ts'
import type { CallTotals, Counts, Emit, Event, Status } from '../workspace/index.ts'
import { createActivity } from './activity.ts'
import { ancestorLookup } from './ancestors.ts'
import { type Calls, openCalls } from './calls.ts'
import { enteredAs } from './carried.ts'
import { addFunnel, emptyCounts, type Funnel } from './counts.ts'
import { globalStage } from './global-stage.ts'
import { gridStage } from './grid-stage.ts'
import { openRunLog, type RunLog, type Told } from './log.ts'
import { mapStage } from './map-stage.ts'
import { pageStage } from './page-stage.ts'
import { hubOf } from './project.ts'
import type { Session } from './session.ts'
import { inputDigest, readShard, type ShardRef } from './shards.ts'
import { sourceStage } from './source-stage.ts'
import { openSpending, writeSpending } from './spending.ts'
import { allShards, type StageEnv, type StageOutput, working } from './stage.ts'
import { asStop, createStop, Stopped } from './stop.ts'
import { batchShares, checkTerms, openTeachers, type Teachers } from './teachers.ts'
import { unionStage } from './union-stage.ts'
import { openUnpaid } from './unpaid.ts'
import { openWorkers, type Workers } from './workers.ts'

export type RunOptions = {
  plan: Plan
  session: Session
  /** Where API keys come from, and the address and token of the Hub. */
  env: Record<string, string | undefined>
  /** How the Hub is asked. */
  fetch?: typeof fetch
  /** Teachers answer out of the journal only; a missing reply leaves its root out as `unpaid`. */
  closed?: boolean
  /** Teachers in batches are asked call by call: somebody waits for a few rows. */
  online?: boolean
  /** Read every source file again instead of trusting size and modification time. */
  verify?: boolean
  /** Marks the run as a replay from its beginning, with what it has otherwise. */
  replay?: object
  renderers?: Emit[]
  /** Threads for what asks nobody (default: one a core; 0 for none), and after how many compressed bytes of it they start. */
  threads?: { threads?: number; from?: number }
  /** A clean stop: calls in the air land, nothing new starts. */
  signal?: AbortSignal
}

export type RunResult = {
  run: string
  status: Status
  exit: number
  error?: StillroomError
  funnel: Funnel
  /** What globals say about their decisions, such as a bucket that is short. */
  notes: Told['notes']
  /** What globals found out in figures, by step. */
  found: Told['found']
  calls: CallTotals
  /** Roots that needed a reply nobody has paid for. */
  unpaid: Id[]
  /** Finished shards of a stage, by its key. */
  shards: Map<string, ShardRef[]>
  /** Rows of the output in order. */
  rows(): Generator<Rec>
}

/** Milliseconds between two tallies in the log. */
const tallyMs = 10_000

function statusOf(error: StillroomError): Status {
  if (error.code === 'SR_BUDGET') return 'budget'
  if (error.code === 'SR_INTERRUPTED') return 'interrupted'
  if (error.code === 'SR_TEACHER_DOWN') return 'paused'
  return error.exit === exits.yield ? 'yield' : 'failed'
}

/**
 * Runs a plan: the one loop behind run, limit, preview, replay and partial release. Never throws for what a run can end
 * in; the result says how it ended, and everything finished or paid for is on disk. Only a log that cannot be begun is
 * thrown.
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const { plan, session } = options
  const { store, paths, journal, clock } = session
  const stop = createStop()
  const totals: CallTotals = {}
  let tallied = clock.elapsed()
  function total(event: Event): void {
    if (event.event !== 'call') return
    add(event)
    const now = clock.elapsed()
    if (now - tallied < tallyMs) return
    tallied = now
    const calls = Object.entries(totals).map(([name, { sent, journal, usd }]) => [name, { sent, journal, usd }])
    log.emit({ event: 'tally', calls: Object.fromEntries(calls) })
  }
  function add(event: Event & { event: 'call' }): void {
    const { teacher, from, usage, usd, saved } = event
    const none = { sent: 0, journal: 0, input: 0, output: 0, cached: 0, written: 0, usd: 0 }
    totals[teacher] ??= { ...none, saved: { cache: 0, batch: 0 } }
    const total = totals[teacher]!
    if (from === 'journal') {
      total.journal++
      return
    }
    total.sent++
    total.input += usage.input ?? 0
    total.output += usage.output ?? 0
    total.cached += usage.cachedInput ?? 0
    total.written += usage.cacheWrite ?? 0
    total.usd = total.usd === null || usd === null ? null : total.usd + usd
    total.saved.cache += saved?.cache ?? 0
    total.saved.batch += saved?.batch ?? 0
  }
  const spending = openSpending(options.online ? batchShares(plan) : undefined)
  const log = openLog()
  function openLog(): RunLog {
    try {
      const renderers = [total, spending.take, ...(options.renderers ?? [])]
      return openRunLog(paths, plan, clock.now, renderers, cause => stop.trip(asStop(cause)), options.replay)
    } catch (thrown) {
      throw asStop(thrown)
    }
  }
  log.emit({
    event: 'run-started',
    run: log.id,
    recipe: plan.recipe.name,
    stages: plan.stages.map(s => ({ key: s.key, steps: s.nodes.map(n => n.key) })),
  })

  const funnel: Funnel = {}
  const notes: RunResult['notes'] = []
  const found: RunResult['found'] = {}
  const unpaid = openUnpaid(plan)
  const finished = new Map<string, ShardRef[]>()
  let teachers: Teachers | undefined
  let calls: Calls | undefined
  let workers: Workers | undefined
  let error: StillroomError | undefined
  const interrupt = (): void =>
    stop.trip(
      new StillroomError('SR_INTERRUPTED', 'Interrupted.', {
        hint: `run the same command again to go on${journal.batches({ open: true }).length > 0 ? '; batches go on at their provider, and are collected then' : ''}`,
      }),
    )
  options.signal?.addEventListener('abort', interrupt, { once: true })
  try {
    if (options.signal?.aborted) interrupt()
    const { seed, budget } = plan.recipe
    const closed = options.closed ?? false
    if (!closed) checkTerms(plan, session.paths.root)
    const opened = await openTeachers(plan, session, {
      env: options.env,
      closed,
      online: options.online ?? false,
      emit: log.emit,
    })
    teachers = opened
    const { choose, behind, all } = opened
    const { reached } = session
    const asking = openCalls({
      journal,
      seed,
      closed,
      budget,
      clock,
      stop,
      emit: log.emit,
      reached,
      choose,
      teachers: all,
    })
    calls = asking
    const activity = createActivity()
    const inBatches = all.filter(to => to.mode === 'batch')
    for (const [route, [to]] of Map.groupBy(inBatches, ({ route }) => route)) {
      const sharing = (name: string): boolean =>
        behind(name).some(one => one.route === route && inBatches.includes(one))
      activity.whenQuiet(stagesBefore(plan, sharing), () => asking.flush(to!))
    }
    const shards = new Map<Sha, ShardRef>()
    const nodes = plan.stages.flatMap(s => s.nodes)
    const paid = paidPart(nodes)
    const outputs = new Map<string, StageOutput>()
    const around = {
      store,
      paths,
      hub: hubOf({ env: options.env, ...(options.fetch ? { fetch: options.fetch } : {}) }),
      seed: plan.recipe.seed,
      language: plan.recipe.language,
      tokens: (text: string) => tokenizer(tokenizerName(plan)).count(text),
      tokenizer: () => tokenizer(tokenizerName(plan)).name,
    }
    workers = openWorkers({ ...around, tokenizerName: tokenizerName(plan) }, options.threads)
    const env: StageEnv = {
      ...around,
      plan,
      calls: asking,
      workers,
      emit: log.emit,
      stop,
      clock,
      variables: options.env,
      closed: options.closed ?? false,
      answering: behind,
      begin: activity.begin,
      root: item => enteredAs(item, paid),
      output: key => outputs.get(key)!,
      takes: (key: string): Kind[] => nodes.find(n => n.key === key)?.takes ?? [],
      shards,
      ancestor: ancestorLookup(store, shards),
      unpaid(item, node) {
        const root = enteredAs(item, paid)
        if (unpaid.add(root, node)) log.emit({ event: 'unpaid', root, step: node.key })
      },
      note(node, message) {
        notes.push({ step: node.key, message })
        log.emit({ event: 'note', step: node.key, message })
      },
      found(node, figures) {
        found[node.key] = figures
      },
      looked() {},
      finished(stage, done, cached) {
        addFunnel(funnel, done.funnel)
        log.emit({ event: 'task-done', stage: stage.key, task: done.task, cached, funnel: done.funnel })
      },
      recalled(stage, summary, { tasks, funnel: counts, notes: said, found: figures }) {
        addFunnel(funnel, counts)
        log.emit({ event: 'stage-recalled', stage: stage.key, summary, tasks: tasks.length, funnel: counts })
        for (const message of said) env.note(stage.nodes.at(-1)!, message)
        if (figures) env.found(stage.nodes.at(-1)!, figures)
      },
    }
    for (const stage of plan.stages) {
      const output = startStage(stage, env, options.verify ?? false)
      output.catch(() => {})
      outputs.set(stage.key, output)
    }
    const work = Promise.all(plan.stages.map(async stage => finished.set(stage.key, await allShards(env, stage.key))))
    work.catch(() => {})
    try {
      await Promise.race([work, stop.tripped])
    } catch (thrown) {
      if (!(thrown instanceof Stopped)) stop.trip(asStop(thrown))
    }
    // What is in the air still lands in the journal; what waits for its turn is let go.
    await Promise.all([asking.close(), opened.close(), workers.close()])
    if (!stop.reason) {
      for (const node of nodes) {
        const silent = silentReasons(node, funnel[node.key])
        if (silent.length > 0) env.note(node, silence(silent))
      }
    }
    error = stop.reason ?? yieldError(plan, funnel, finished, options.closed ?? false)
  } catch (thrown) {
    error = stop.reason ?? asStop(thrown)
  } finally {
    options.signal?.removeEventListener('abort', interrupt)
    await Promise.all([calls?.close(), teachers?.close(), workers?.close()])
  }
  const keys = plan.stages.flatMap(s => s.nodes.map(n => n.key))
  const order = (step: string): number => keys.indexOf(step)
  const status: Status = error ? statusOf(error) : 'done'
  const exit = error?.exit ?? 0
  notes.sort((a, b) => order(a.step) - order(b.step))
  log.funnel(funnel)
  log.told({ notes, found })
  writeSpending(paths, log.id, spending.data())
  log.emit({
    event: 'run-ended',
    run: log.id,
    status,
    exit,
    ...(error ? { message: error.message } : {}),
    calls: totals,
    ...(error ? {} : { rows: inputDigest(finished.get(plan.output) ?? []) }),
  })
  return {
    run: log.id,
    status,
    exit,
    ...(error ? { error } : {}),
    funnel,
    notes,
    found,
    calls: totals,
    unpaid: unpaid.first(),
    shards: finished,
    *rows() {
      for (const shard of finished.get(plan.output) ?? [])
        for (const { record } of readShard(store, shard)) yield record
    },
  }
}

/** Reasons that a step should have had, and had not: it may look at what is not there. */
function silentReasons({ step, options }: Node, counts: Counts | undefined): string[] {
  if (!counts || counts.in === 0) return []
  return (step.watches?.(options) ?? []).filter(reason => !counts.dropped[reason] && !counts.repairs[reason])
}

const named = 4
function silence(reasons: string[]): string {
  const more = reasons.length - named
  const rest = more > 1 ? ` and ${more} other reasons; \`stillroom show rules\` tells how near they come` : ''
  return `nothing was dropped for ${reasons.slice(0, more > 1 ? named : reasons.length).join(', ')}${rest}`
}

/** The stages that ask some teachers, and all before them: while one of these works, their next batch may still grow. */
function stagesBefore({ stages }: Plan, which: (teacher: string) => boolean): string[] {
  const before = new Set<string>()
  for (const stage of stages.toReversed()) {
    const asks = stage.nodes.some(node => node.teachers.some(which))
    if (!asks && !before.has(stage.key)) continue
    for (const key of [stage.key, ...stage.from, ...Object.values(stage.side).flat()]) before.add(key)
  }
  return [...before]
}

/** A tokenizer file is named relative to the recipe. */
function tokenizerName(plan: Plan): string | undefined {
  const name = plan.recipe.tokenizer
  return name?.endsWith('.json') ? resolve(plan.base, name) : name
}

function startStage(stage: Stage, env: StageEnv, verify: boolean): StageOutput {
  switch (stage.shape) {
    case 'source':
      return working(env, stage, () =>
        env.plan.recipe.sources[stage.key]?.urls ? pageStage(stage, env, verify) : sourceStage(stage, env, verify),
      )
    case 'map':
      return mapStage(stage, env)
    case 'global':
      return globalStage(stage, env)
    case 'grid':
      return working(env, stage, () => gridStage(stage, env))
    case 'union':
      return unionStage(stage, env)
  }
}

/** A step that leaves fewer rows than the floor ends the run with exit 5, named. */
function yieldError(
  plan: Plan,
  funnel: Funnel,
  finished: Map<string, ShardRef[]>,
  closed: boolean,
): StillroomError | undefined {
  const rows = (finished.get(plan.output) ?? []).reduce((sum, s) => sum + s.lines, 0)
  const { floor } = plan.recipe
  if (rows >= floor || closed) return undefined
  const at = fallsAt(plan, funnel, floor) ?? plan.output
  const counts = funnel[at]
  const reasons = Object.entries(counts?.dropped ?? {}).sort((a, b) => b[1] - a[1])
  const left = counts ? leaving(counts) : rows
  const again = reasons.map(([reason]) => reason).find(reason => badReplies.includes(reason))
  return new StillroomError('SR_YIELD', `Step ${at} left ${left === 0 ? 'nothing' : `${left} rows`}.`, {
    expected: `at least ${floor}`,
    received: counts
      ? `${counts.in} in, dropped: ${reasons.map(([r, n]) => `${n} ${r}`).join(', ') || 'none'}`
      : `${rows}`,
    hint: `stillroom show rejects --step ${at} shows what was dropped and why${again ? `; stillroom retry --reason ${again} has it asked again` : ''}`,
  })
}

/** Reasons of a reply that may come out better another time. */
const badReplies = ['unparseable', 'truncated', 'refused', 'rejected']

/** Records that went on from a step: with what it made, without what that was made of. */
const leaving = (counts: Counts): number => counts.passed + counts.fixed + counts.made

/**
 * The step at which the rows fall under the floor: from the output back, the first that got enough and left too few. An
 * input of several branches is too small where one of them fell; where none did, the input itself was.
 */
function fallsAt(plan: Plan, funnel: Funnel, floor: number): string | undefined {
  const before = new Map(plan.stages.flatMap(s => s.nodes.map((n): [string, string[]] => [n.key, n.from])))
  const seen = new Set<string>()
  function visit(key: string): string | undefined {
    const counts = funnel[key] ?? emptyCounts()
    if (seen.has(key) || leaving(counts) >= floor) return undefined
    seen.add(key)
    const from = before.get(key) ?? []
    if (counts.in >= floor || (from.length === 0 && leaving(counts) === 0)) return key
    for (const one of from) {
      const found = visit(one)
      if (found) return found
    }
    return undefined
  }
  return visit(plan.output)
}
