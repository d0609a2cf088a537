import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Id, unit } from '../records/index.ts'
import type { Event, Paths } from '../workspace/index.ts'

/** Milliseconds from sending to the reply. Percentiles are right to 5 %. */
export type Latency = { count: number; mean: number; p50: number; p95: number }

/** What one step asked of one teacher. Tokens and `usd` count replies out of the journal too: what it is worth. */
export type Asked = {
  /** All calls, and those of them that were replayed. */
  calls: number
  journal: number
  input: number
  output: number
  /** Of `input`, read from a prompt cache. */
  cached: number
  /** Dollars of all replies, and of those that this run paid; null as soon as one has no price. */
  usd: number | null
  paid: number | null
  /** What caches and batches saved in this run. */
  saved: { cache: number; batch: number }
  /** Absent where every reply came from the journal or out of a batch. */
  ms?: Latency
}
/** What became of one root at one step with one teacher. */
export type Use = { calls: number; input: number; output: number; usd: number | null }
export type UseByStep = { [step: string]: { [teacher: string]: Use } }

/** What a run spent, step by step, and root by root for a sample of its roots. */
export type Spending = {
  steps: { [step: string]: { [teacher: string]: Asked } }
  /** Records that a step did not ask about, because earlier runs had done their tasks. */
  recalled: { [step: string]: number }
  /**
   * The roots whose hash is below `below`: at most so many as are kept, and all of them where it is 1. Which ones does
   * not depend on the order of events.
   */
  roots: { below: number; each: { [root: Id]: UseByStep } }
}

/** Roots that are looked at one by one. */
const mostRoots = 512
/** Where a root stands among all roots; the lowest are the sample. */
export const placeOf = (root: Id): number => unit('root', root)

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b)

/** Counts milliseconds in steps of 10 %, so that memory does not grow and order does not matter. */
function latencies() {
  const bins = new Map<number, number>()
  let count = 0
  let sum = 0
  return {
    add(ms: number): void {
      const bin = Math.round(Math.log(Math.max(ms, 0.1)) / Math.log(1.1))
      bins.set(bin, (bins.get(bin) ?? 0) + 1)
      count++
      sum += ms
    },
    data(): Latency | undefined {
      if (count === 0) return undefined
      const sorted = [...bins].sort(([a], [b]) => a - b)
      const at = (share: number): number => {
        let seen = 0
        for (const [bin, n] of sorted) {
          seen += n
          if (seen >= share * count) return Number((1.1 ** bin).toPrecision(3))
        }
        return 0
      }
      return { count, mean: sum / count, p50: at(0.5), p95: at(0.95) }
    },
  }
}

type Counted = Omit<Asked, 'ms'> & { ms: ReturnType<typeof latencies> }
const nothing = (): Counted => ({
  calls: 0,
  journal: 0,
  input: 0,
  output: 0,
  cached: 0,
  usd: 0,
  paid: 0,
  saved: { cache: 0, batch: 0 },
  ms: latencies(),
})

/**
 * Gathers what a run spends out of its events, in memory that does not grow with the run. `shares`: of teachers that were
 * asked online for once, the share of the price that their calls will cost in batches.
 */
export function openSpending(shares: ReadonlyMap<string, number> = new Map()): {
  take(event: Event): void
  data(): Spending
} {
  const steps = new Map<string, Map<string, Counted>>()
  const recalled: Spending['recalled'] = {}
  const roots = new Map<Id, { place: number; uses: UseByStep }>()
  let below = 1

  function entry(step: string, teacher: string): Counted {
    const teachers = steps.get(step) ?? new Map<string, Counted>()
    steps.set(step, teachers)
    const counted = teachers.get(teacher) ?? nothing()
    teachers.set(teacher, counted)
    return counted
  }
  /** The uses of a root, as long as it belongs to the sample. */
  function usesOf(root: Id): UseByStep | undefined {
    const known = roots.get(root)
    if (known) return known.uses
    const place = placeOf(root)
    if (place >= below) return undefined
    const uses: UseByStep = {}
    roots.set(root, { place, uses })
    if (roots.size > mostRoots) {
      const [last, { place: highest }] = [...roots].reduce((a, b) => (a[1].place > b[1].place ? a : b))
      roots.delete(last)
      below = highest
    }
    return roots.has(root) ? uses : undefined
  }

  return {
    take(event) {
      if (event.event === 'task-done' ? event.cached : event.event === 'stage-recalled') {
        const { funnel } = event as Extract<Event, { funnel: unknown }>
        for (const [step, counts] of Object.entries(funnel)) recalled[step] = (recalled[step] ?? 0) + counts.in
      }
      if (event.event !== 'call') return
      const { step, teacher, root, from, usage, saved, ms } = event
      const usd = event.usd === null ? null : event.usd * (shares.get(teacher) ?? 1)
      const input = usage.input ?? 0
      const output = usage.output ?? 0
      const counted = entry(step, teacher)
      counted.calls++
      counted.input += input
      counted.output += output
      counted.cached += usage.cachedInput ?? 0
      counted.usd = plus(counted.usd, usd)
      if (from === 'journal') counted.journal++
      else {
        counted.paid = plus(counted.paid, event.usd)
        counted.saved.cache += saved?.cache ?? 0
        counted.saved.batch += saved?.batch ?? 0
      }
      if (ms !== undefined) counted.ms.add(ms)
      const uses = usesOf(root)
      if (!uses) return
      const teachers = uses[step] ?? {}
      uses[step] = teachers
      const use = teachers[teacher] ?? { calls: 0, input: 0, output: 0, usd: 0 }
      teachers[teacher] = use
      use.calls++
      use.input += input
      use.output += output
      use.usd = plus(use.usd, usd)
    },
    data: () => ({
      steps: Object.fromEntries(
        [...steps].map(([step, teachers]) => [
          step,
          Object.fromEntries(
            [...teachers].map(([teacher, { ms, ...counted }]) => {
              const latency = ms.data()
              return [teacher, { ...counted, ...(latency ? { ms: latency } : {}) }]
            }),
          ),
        ]),
      ),
      recalled,
      roots: { below, each: Object.fromEntries([...roots].sort(byKey).map(([root, { uses }]) => [root, uses])) },
    }),
  }
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)

const fileOf = (paths: Paths, run: string): string => join(paths.run(run), 'spending.json')

/** Keeps what a run spent beside its log. A forecast can do without: that it cannot be written ends no run. */
export function writeSpending(paths: Paths, run: string, spending: Spending): void {
  try {
    writeFileSync(fileOf(paths, run), JSON.stringify(spending))
  } catch {
    // The disk is full, and the log has said so.
  }
}

/** What a run spent; undefined for a run that was killed before it wrote it. */
export function readSpending(paths: Paths, run: string): Spending | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(paths, run), 'utf8')) as Spending
  } catch {
    return undefined
  }
}

/**
 * Dollars that all replies behind a run cost, whichever run paid them. Null where that cannot be told: a reply had no
 * price, or tasks of earlier runs stand for calls that this one did not look at.
 */
export function worthOf(
  paths: Paths,
  run: { id: string; stages: readonly { nodes: readonly { key: string; teachers: readonly string[] }[] }[] },
): number | null {
  const spending = readSpending(paths, run.id)
  if (!spending) return null
  const paid = run.stages.flatMap(({ nodes }) =>
    nodes.flatMap(({ key, teachers }) => (teachers.length > 0 ? [key] : [])),
  )
  if (paid.some(step => (spending.recalled[step] ?? 0) > 0)) return null
  return Object.values(spending.steps)
    .flatMap(teachers => Object.values(teachers))
    .reduce<number | null>((sum, { usd }) => plus(sum, usd), 0)
}
