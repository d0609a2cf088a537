import { type Plan, paidPart } from '../recipe/index.ts'
import type { Id } from '../records/index.ts'
import type { Counts, Paths, Store } from '../workspace/index.ts'
import { type Carried, decode, enteredAs } from './carried.ts'
import { leafTeachers } from './facts.ts'
import {
  type Estimate,
  type Forecast,
  type ForecastStep,
  forecast,
  type RootUse,
  type Sample,
  type Speeds,
} from './forecast.ts'
import { listRuns, type PastRun, readRun } from './log.ts'
import { placeOf, readSpending, type Spending, type UseByStep } from './spending.ts'

type Archive = { paths: Paths; store: Store }
/** A forecast with the run that it looked at. `limited`: that run let only some roots through. `kept`: rows of the output. */
export type PlanForecast = Forecast & { run: string; limited: boolean; kept: Estimate }

/** Records that a step hands on. */
const left = (counts: Counts | undefined): number => (counts ? counts.passed + counts.fixed + counts.made : 0)
const verbsOf = (run: PastRun): string[] => run.stages.flatMap(stage => stage.nodes.map(node => node.verb))

/** What makes two runs the same work, whether or not roots were held back; joins are named after what they join. */
function workOf(stages: readonly { id: string; shape: string; nodes: readonly { verb?: string }[] }[]): string {
  const own = stages.filter(({ shape, nodes }) => shape !== 'union' && !nodes.some(({ verb }) => verb === 'limit'))
  return own.map(({ id }) => id).join(' ')
}

/**
 * What a plan will come to, told from the newest run of the same work: one without a limit, else the one with the most
 * roots. Undefined where no such run came to its end. `limit` asks for so many roots and not for all.
 */
export function forecastPlan(plan: Plan, archive: Archive, limit?: number): PlanForecast | undefined {
  const work = workOf(
    plan.stages.map(stage => ({ ...stage, nodes: stage.nodes.map(node => ({ verb: node.step.verb })) })),
  )
  const runs = listRuns(archive.paths)
    .reverse()
    .map(id => readRun(archive.paths, id))
    .filter(run => workOf(run.stages) === work && !verbsOf(run).includes('leave-out'))
  const ended = runs.filter(({ status }) => status === 'done' || status === 'yield')
  const paid = plan.stages.flatMap(stage => stage.nodes.filter(node => node.teachers.length > 0).map(node => node.key))
  const partsOf = (run: PastRun): Spending[] =>
    runs.filter(other => idsOf(other) === idsOf(run)).flatMap(other => readSpending(archive.paths, other.id) ?? [])
  const allAsked = (run: PastRun): boolean =>
    paid.every(step => run.funnel[step] === undefined || freshOf(runs, run, step, archive) >= run.funnel[step].in)
  for (const run of ended) {
    if (verbsOf(run).includes('limit') || !allAsked(run)) continue
    // A run that was stopped and went on left what it spent in several places.
    const parts = partsOf(run)
    if (parts.length > 0) return told(plan, run, wholeOf(run, parts), parts, false)
  }
  const found = ended.flatMap(run => {
    if (!verbsOf(run).includes('limit')) return []
    const parts = partsOf(run)
    return allAsked(run) && parts.length > 0 ? [{ run, parts, roots: rootsLetIn(run) }] : []
  })
  const best = found.reduce<(typeof found)[number] | undefined>((a, b) => (a && a.roots >= b.roots ? a : b), undefined)
  if (!best) return undefined
  return told(plan, best.run, sampleOf(best.run, best.parts, archive, limit), best.parts, true)
}

const idsOf = (run: PastRun): string => run.stages.map(stage => stage.id).join(' ')
const limitsOf = (run: PastRun) => run.stages.filter(stage => stage.nodes.some(node => node.verb === 'limit'))
const rootsLetIn = (run: PastRun): number => limitsOf(run).reduce((n, { key }) => n + (run.funnel[key]?.passed ?? 0), 0)

/** Records that a step asked about in all runs of the same work, each in the one run that finished its task. */
function freshOf(runs: PastRun[], like: PastRun, step: string, { paths }: Archive): number {
  return runs
    .filter(run => idsOf(run) === idsOf(like))
    .reduce((n, run) => {
      const spending = readSpending(paths, run.id)
      return n + (spending ? (run.funnel[step]?.in ?? 0) - (spending.recalled[step] ?? 0) : 0)
    }, 0)
}

function told(plan: Plan, run: PastRun, sample: Sample, parts: Spending[], limited: boolean): PlanForecast {
  const all = forecast(stepsOf(plan, limited), sample, speedsOf(plan, parts), plan.recipe.seed)
  return { ...all, run: run.id, limited, kept: keptOf(plan, all) }
}

/** Rows of the output: of its last step, or of all branches that are joined there. */
function keptOf({ output, stages }: Plan, { steps }: Forecast): Estimate {
  const own = new Set([output, ...output.split('+')])
  const last = stages.filter(({ key }) => own.has(key)).flatMap(({ nodes }) => nodes.at(-1)?.key ?? [])
  const rows = steps.filter(({ key }) => last.includes(key)).map(step => step.rows)
  const sum = (of: (rows: Estimate) => number): number => rows.reduce((n, one) => n + of(one), 0)
  return {
    value: sum(one => one.value),
    ...(rows.some(({ band }) => band)
      ? { band: [sum(one => one.band?.[0] ?? one.value), sum(one => one.band?.[1] ?? one.value)] }
      : {}),
  }
}

/** The steps of a plan; behind the limit, a global and all that follows it need not grow in step with the roots. */
function stepsOf(plan: Plan, limited: boolean): ForecastStep[] {
  const nodes = plan.stages.flatMap(stage => stage.nodes)
  const paid = paidPart(nodes)
  const rough = new Set<string>()
  for (const { key, from, step, restricts } of nodes) {
    if (restricts || !limited || !paid.has(key)) continue
    if (step.shape === 'global' || from.some(one => rough.has(one))) rough.add(key)
  }
  return nodes.filter(node => !node.restricts).map(({ key, teachers }) => ({ key, teachers, rough: rough.has(key) }))
}

function speedsOf(plan: Plan, parts: Spending[]): Speeds {
  const teachers: Speeds['teachers'] = {}
  for (const { name, config, way } of leafTeachers(plan)) {
    const { concurrency, rpm, tpm, mode } = config
    teachers[name] = {
      route: way,
      concurrency,
      ...(rpm ? { rpm } : {}),
      ...(tpm ? { tpm } : {}),
      batch: mode === 'batch',
    }
  }
  const sums: { [step: string]: { [teacher: string]: { count: number; ms: number } } } = {}
  for (const { steps } of parts) {
    for (const [step, asked] of Object.entries(steps)) {
      sums[step] ??= {}
      for (const [teacher, { ms }] of Object.entries(asked)) {
        if (!ms) continue
        const sum = sums[step][teacher] ?? { count: 0, ms: 0 }
        sums[step][teacher] = { count: sum.count + ms.count, ms: sum.ms + ms.count * ms.mean }
      }
    }
  }
  const means = Object.entries(sums).map(([step, of]) => {
    return [
      step,
      Object.fromEntries(Object.entries(of).map(([teacher, { count, ms }]) => [teacher, ms / count])),
    ] as const
  })
  return { teachers, ms: Object.fromEntries(means) }
}

/**
 * A run without a limit tells of itself: nothing is estimated. Of the runs that it went on from, newest first, the oldest
 * counts whole; what the later ones replayed is mostly what those before them had asked, and counts there.
 */
function wholeOf(run: PastRun, parts: Spending[]): Sample {
  const uses: UseByStep = {}
  for (const [i, { steps }] of parts.entries()) {
    for (const [step, teachers] of Object.entries(steps)) {
      uses[step] ??= {}
      for (const [teacher, { calls, journal, input, output, usd }] of Object.entries(teachers)) {
        const share = i === parts.length - 1 ? 1 : (calls - journal) / Math.max(1, calls)
        const use = uses[step][teacher] ?? { calls: 0, input: 0, output: 0, usd: 0 }
        uses[step][teacher] = {
          calls: use.calls + Math.round(calls * share),
          input: use.input + Math.round(input * share),
          output: use.output + Math.round(output * share),
          usd: use.usd === null || usd === null ? null : use.usd + usd * share,
        }
      }
    }
  }
  return { strata: [], beside: { rows: rowsOf(run), uses } }
}

const rowsOf = (run: PastRun): { [step: string]: number } =>
  Object.fromEntries(Object.entries(run.funnel).map(([step, counts]) => [step, left(counts)]))

/** The roots that a limited run let through, each with its rows and calls; at every limit a sample of what arrived there. */
function sampleOf(run: PastRun, parts: Spending[], archive: Archive, limit?: number): Sample {
  const nodes = nodesOf(run)
  const paid = paidPart(nodes)
  const below = Math.min(...parts.map(({ roots }) => roots.below))
  const roots = new Map<Id, RootUse>()
  const letIn = new Set<Id>()
  const strata = limitsOf(run).map(({ key }) => {
    const ids = [...recordsOf(run, key, archive)].map(({ record }) => record.id)
    const seen = ids.filter(id => placeOf(id) < below)
    for (const id of ids) letIn.add(id)
    for (const id of seen) roots.set(id, { rows: {}, uses: usesOf(id, parts) })
    const arrived = run.funnel[key]?.in ?? ids.length
    return { of: limit === undefined ? arrived : Math.min(arrived, limit), roots: seen.map(id => roots.get(id)!) }
  })
  const beside: RootUse = { rows: {}, uses: {} }
  for (const { key, nodes: inside } of run.stages) {
    const last = inside.at(-1)
    if (!last || !paid.has(last.key)) {
      for (const step of [...inside.map(node => node.key), ...(last ? [] : [key])]) {
        if (run.funnel[step]) beside.rows[step] = left(run.funnel[step])
      }
      continue
    }
    for (const item of recordsOf(run, key, archive)) {
      const root = enteredAs(item, paid)
      // Those of a root that was let in and not looked at are in the scale of those that were.
      const of = roots.get(root) ?? (letIn.has(root) ? undefined : beside)
      if (of) of.rows[last.key] = (of.rows[last.key] ?? 0) + 1
    }
    // What the steps before the last of a stage handed on is not on disk: their counts say it, in the same proportions.
    for (const { key: step } of inside.slice(0, -1)) {
      const share = left(run.funnel[step]) / Math.max(1, left(run.funnel[last.key]))
      for (const of of [beside, ...roots.values()]) of.rows[step] = (of.rows[last.key] ?? 0) * share
    }
  }
  return { strata, beside }
}

/** What a root was asked about, over the runs that asked: a run that was stopped left a part. */
function usesOf(root: Id, parts: Spending[]): UseByStep {
  const uses: UseByStep = {}
  for (const { roots } of parts) {
    for (const [step, teachers] of Object.entries(roots.each[root] ?? {})) {
      uses[step] ??= {}
      for (const [teacher, use] of Object.entries(teachers)) {
        if (use.calls > (uses[step][teacher]?.calls ?? 0)) uses[step][teacher] = use
      }
    }
  }
  return uses
}

/** Steps of a past run with the steps they read. */
function nodesOf(run: PastRun) {
  const stages = new Map(run.stages.map(stage => [stage.key, stage]))
  const ends = (key: string): string[] => {
    const stage = stages.get(key)
    return stage?.shape === 'union' ? stage.from.flatMap(ends) : [key]
  }
  return run.stages.flatMap(({ from, nodes }) =>
    nodes.map(({ key, teachers }, i) => ({ key, teachers, from: i === 0 ? from.flatMap(ends) : [nodes[i - 1]!.key] })),
  )
}

function* recordsOf(run: PastRun, stage: string, { store }: Archive): Generator<Carried> {
  for (const { task } of run.tasks.filter(one => one.stage === stage)) {
    for (const piece of store.done(task)?.output ?? []) {
      for (const lines of store.lines(task, piece)) for (const line of lines) yield decode(line)
    }
  }
}
