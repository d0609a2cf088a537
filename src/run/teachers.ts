import { StillroomError } from '../errors/index.ts'
import type { TermsVerdict } from '../govern/index.ts'
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
  resolveTeacher,
  samplingOf,
  type Teacher,
  type TeacherConfig,
  teachersBehind,
  worstCase,
} from '../teachers/index.ts'
import type { Emit } from '../workspace/index.ts'
import type { Choice, OpenTeacher } from './calls.ts'
import { teacherFacts, teachersUsed } from './facts.ts'
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
export function checkTerms(plan: Plan, session: Session): void {
  const refused = teacherFacts(plan, session.paths.root).filter(t => !t.verdict.mayCall)
  if (refused.length === 0) return
  const first = refused[0]!
  throw new StillroomError(
    'SR_TERMS',
    `${refused.map(r => `Teacher ${r.name} (${r.route.provider}): ${r.verdict.verdict}`).join('; ')}. No call was made.`,
    {
      received: first.verdict.why,
      hint: `read the terms, then: ${[...new Set(refused.map(accept))].join('; ')}`,
    },
  )
}

const accept = ({ verdict }: { verdict: TermsVerdict }): string =>
  `stillroom terms accept ${verdict.key} --by "<your name>" --version "${verdict.entry?.version ?? '<version or date you read>'}"`

/** Opens the teachers of a plan. Closed ones are never reached, so they need no key. */
export async function openTeachers(
  plan: Plan,
  session: Session,
  run: { env: Record<string, string | undefined>; closed: boolean; online?: boolean; emit: Emit },
): Promise<Teachers> {
  const entries = plan.recipe.teachers
  const open = new Map<string, OpenTeacher>()
  const names = teachersUsed(plan)
  const shared = new Map<string, string[]>()
  for (const name of names) {
    const way = wayOf(name, entries[name] as TeacherConfig)
    shared.set(way, [...(shared.get(way) ?? []), name])
  }
  const routes = new Map<string, Route>()
  for (const [way, sharing] of shared) {
    const configs = sharing.map(name => entries[name] as TeacherConfig)
    const most = (of: (config: TeacherConfig) => number): number => Math.max(...configs.map(of))
    // The first that says so: limits are those of the endpoint, whoever asks.
    const limit = (of: 'rpm' | 'tpm'): number | undefined => configs.find(config => config[of] !== undefined)?.[of]
    const concurrency = most(config => config.concurrency)
    const rpm = limit('rpm')
    const tpm = limit('tpm')
    const route = openRoute({
      id: resolveTeacher(sharing[0]!, configs[0]!).id,
      names: sharing,
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
      onEvent: event => run.emit({ ...event, event: 'route', teacher: sharing.join(', ') }),
    })
    routes.set(way, route)
  }
  const teachers: Teacher[] = []
  for (const name of names) {
    const config = entries[name] as TeacherConfig
    const resolved = resolveTeacher(name, config)
    const route = routes.get(wayOf(name, config))!
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

/** Of each teacher in batches, the share of the price that a call in a batch costs. */
export function batchShares(plan: Plan): Map<string, number> {
  const shares = new Map<string, number>()
  for (const name of teachersUsed(plan)) {
    const config = plan.recipe.teachers[name] as TeacherConfig
    const price =
      config.mode === 'batch' ? priceOf(config, resolveTeacher(name, config), plan.prices)?.price : undefined
    if (price !== undefined && price !== 'free') shares.set(name, price.batch ?? 1)
  }
  return shares
}

/** What limits go by: provider, endpoint and model, whatever the recipe calls the teachers that share them. */
function wayOf(name: string, config: TeacherConfig): string {
  const { provider, model, baseUrl, baseUrlFrom } = resolveTeacher(name, config)
  return [provider, model, baseUrl ?? baseUrlFrom ?? config.use ?? ''].join('\n')
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
