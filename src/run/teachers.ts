import { StillroomError } from '../errors/index.ts'
import { acceptCommand } from '../govern/index.ts'
import { loadTeacherModule, type Plan } from '../recipe/index.ts'
import type { Id } from '../records/index.ts'
import {
  chooseMember,
  costOf,
  mostInput,
  openRoute,
  openTeacher,
  type PoolMember,
  poolMembers,
  priceOf,
  type Resolved,
  type Route,
  samplingOf,
  type Teacher,
  type TeacherConfig,
  teachersBehind,
  worstCase,
} from '../teachers/index.ts'
import type { Emit } from '../workspace/index.ts'
import type { Choice, OpenTeacher } from './calls.ts'
import { type LeafTeacher, leafTeachers, teacherFacts } from './facts.ts'
import type { Session } from './session.ts'

/** The teachers of a run. `close` lets what is in the air land and fails what waits. */
export type Teachers = {
  all: readonly OpenTeacher[]
  /** Who answers a record under a name of the recipe. */
  choose(name: string, record: Id): Choice
  /** All that may answer under a name, those who stand in included. */
  behind(name: string): OpenTeacher[]
  close(): Promise<void>
}

/**
 * Terms first: no call goes out on a paid route whose terms forbid this use or that nobody has accepted.
 * @throws StillroomError SR_TERMS (exit 3), which names the teachers and what to do.
 */
export function checkTerms(plan: Plan, workspace: string): void {
  const refused = teacherFacts(plan, workspace).filter(t => !t.verdict.mayCall)
  if (refused.length === 0) return
  const first = refused[0]!
  throw new StillroomError(
    'SR_TERMS',
    `${refused.map(r => `Teacher ${r.name} (${r.route.provider}): ${r.verdict.verdict}`).join('; ')}. No call was made.`,
    {
      received: first.verdict.why,
      hint: `read the terms, then: ${[...new Set(refused.map(({ verdict }) => acceptCommand(verdict)))].join('; ')}`,
    },
  )
}

/** Every key that a plan needs is there. Opens teachers and asks nobody. Throws SR_KEY_MISSING. */
export async function checkKeys(plan: Plan, env: Record<string, string | undefined>): Promise<void> {
  for (const { name, config } of leafTeachers(plan))
    if (config.use === undefined) await openTeacher(name, config, { env }).close?.()
}

/** Opens the teachers of a plan. Closed ones are never reached, so they need no key. */
export async function openTeachers(
  plan: Plan,
  session: Session,
  run: { env: Record<string, string | undefined>; closed: boolean; online?: boolean; emit: Emit },
): Promise<Teachers> {
  const entries = plan.recipe.teachers
  const open = new Map<string, OpenTeacher>()
  const leaves = leafTeachers(plan)
  const routes = openRoutes(leaves, session, run.emit)
  const teachers: Teacher[] = []
  for (const { name, config, resolved, way } of leaves) {
    const route = routes.get(way)!
    const teacher: Teacher = run.closed
      ? closedTeacher(name, resolved)
      : config.use === undefined
        ? openTeacher(name, { ...config, concurrency: route.ceiling }, { env: run.env })
        : await loadTeacherModule(config.use, plan.base, { name, config, env: run.env })
    teachers.push(teacher)
    const price = priceOf(config, resolved, plan.prices)?.price
    open.set(name, {
      name,
      teacher,
      sampling: samplingOf(config),
      cap: config.max_tokens,
      concurrency: config.concurrency,
      route,
      mode: run.online ? 'online' : config.mode,
      settings: { ...config.batch, patienceMs: config.patience * 1000 },
      cost({ usage, finish }, most, batch) {
        // Nobody charges for a request that was refused.
        const { input, output } = finish === 'rejected' ? { input: 0, output: 0 } : usage
        const cost = price === undefined ? undefined : costOf({ ...usage, input, output }, price, { batch })
        const tokens = input === undefined || output === undefined ? most.tokens : input + output
        return { money: { usd: cost?.usd ?? null, tokens }, saved: cost?.saved ?? { cache: 0, batch: 0 } }
      },
      worstCase(request, batch, cap = config.max_tokens) {
        const input = mostInput(request)
        return { usd: price === undefined ? null : worstCase(input, cap, price, { batch }), tokens: cap + input }
      },
      ...(config.dimensions === undefined ? {} : { dimensions: config.dimensions }),
      ...(config.generation === undefined ? {} : { generation: config.generation }),
    })
  }
  const pools = new Map<string, PoolMember[]>()
  function membersOf(name: string): PoolMember[] {
    let members = pools.get(name)
    if (!members) {
      members = poolMembers(name, entries)
      pools.set(name, members)
    }
    return members
  }
  let closing: Promise<unknown> | undefined
  return {
    all: [...open.values()],
    choose(name, record) {
      const { name: chosen, then } = chooseMember(membersOf(name), plan.recipe.seed, record)
      return { to: open.get(chosen)!, then, pool: membersOf(name).length > 1 }
    },
    behind: name => teachersBehind(name, entries).map(leaf => open.get(leaf)!),
    async close() {
      closing ??= Promise.all([...routes.values()].map(route => route.close())).then(() =>
        Promise.all(teachers.map(teacher => teacher.close?.())),
      )
      await closing
    },
  }
}

/** One way for all teachers of the same endpoint and model, as wide and as patient as the most generous of them. */
function openRoutes(leaves: readonly LeafTeacher[], session: Session, emit: Emit): Map<string, Route> {
  const routes = new Map<string, Route>()
  for (const [way, sharing] of Map.groupBy(leaves, leaf => leaf.way)) {
    const configs = sharing.map(({ config }) => config)
    const names = sharing.map(({ name }) => name)
    const most = (of: (config: TeacherConfig) => number): number => Math.max(...configs.map(of))
    // The first that says so: limits are those of the endpoint, whoever asks.
    const limit = (of: 'rpm' | 'tpm'): number | undefined => configs.find(config => config[of] !== undefined)?.[of]
    const concurrency = most(config => config.concurrency)
    const rpm = limit('rpm')
    const tpm = limit('tpm')
    const route = openRoute({
      id: sharing[0]!.resolved.id,
      names,
      concurrency,
      start: Math.min(
        most(config => config.start),
        concurrency,
      ),
      ...(rpm === undefined ? {} : { rpm }),
      ...(tpm === undefined ? {} : { tpm }),
      latency: most(config => config.latency),
      patience: { attempts: 6, ms: most(config => config.patience) * 1000 },
      clock: session.clock.elapsed,
      sleep: session.clock.sleep,
      onEvent: event => emit({ ...event, event: 'route', teacher: names.join(', ') }),
    })
    routes.set(way, route)
  }
  return routes
}

/** Of each teacher in batches, the share of the price that a call in a batch costs. */
export function batchShares(plan: Plan): Map<string, number> {
  const shares = new Map<string, number>()
  for (const { name, config, resolved } of leafTeachers(plan)) {
    const price = config.mode === 'batch' ? priceOf(config, resolved, plan.prices)?.price : undefined
    if (price !== undefined && price !== 'free') shares.set(name, price.batch ?? 1)
  }
  return shares
}

/** Stands in for a teacher that is not asked: the same name in the journal, and no way there. */
function closedTeacher(name: string, { id, provider, model, revision, can }: Resolved): Teacher {
  return {
    id,
    provider,
    model,
    ...(revision === undefined ? {} : { revision }),
    can,
    doGenerate: () => Promise.reject(new Error(`teacher ${name} is closed`)),
  }
}
