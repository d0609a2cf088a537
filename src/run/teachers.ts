import { StillroomError } from '../errors/index.ts'
import type { TermsVerdict } from '../govern/index.ts'
import type { Plan } from '../recipe/index.ts'
import {
  costOf,
  mostInput,
  openRoute,
  openTeacher,
  type Resolved,
  type Route,
  resolveTeacher,
  samplingOf,
  type Teacher,
  type TeacherConfig,
  worstCase,
} from '../teachers/index.ts'
import type { Emit } from '../workspace/index.ts'
import type { OpenTeacher } from './calls.ts'
import { teacherFacts, teachersUsed } from './facts.ts'
import { createWindow } from './flow.ts'
import type { Session } from './session.ts'
import type { Stop } from './stop.ts'

/** `close` lets what is in the air land and fails what waits. */
export type Teachers = { get(name: string): OpenTeacher; close(): Promise<void> }

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

/** Opens the teachers of a plan, each with its route. Closed ones are never reached, so they need no key. */
export function openTeachers(
  plan: Plan,
  session: Session,
  run: { env: Record<string, string | undefined>; closed: boolean; stop: Stop; emit: Emit },
): Teachers {
  if (!run.closed) checkTerms(plan, session)
  const open = new Map<string, { to: OpenTeacher; route: Route }>()
  for (const name of teachersUsed(plan)) {
    const config = plan.recipe.teachers[name] as TeacherConfig
    const resolved = resolveTeacher(name, config)
    const teacher: Teacher = run.closed ? closedTeacher(name, resolved) : openTeacher(name, config, { env: run.env })
    const route = openRoute(teacher, {
      name,
      concurrency: config.concurrency,
      start: Math.min(config.start, config.concurrency),
      ...(config.rpm ? { rpm: config.rpm } : {}),
      patience: { attempts: 6, ms: config.patience * 1000 },
      clock: () => session.clock.now().getTime(),
      sleep: session.clock.sleep,
      onEvent: event => run.emit({ ...event, event: 'route', teacher: name }),
    })
    const price = config.price ?? (resolved.paid ? undefined : 'free')
    const to: OpenTeacher = {
      name,
      teacher,
      sampling: samplingOf(config),
      cap: config.max_tokens,
      concurrency: config.concurrency,
      room: createWindow(config.concurrency + Math.ceil(config.concurrency / 8)),
      async send(request, wire, before, gaveUp) {
        try {
          return await route.call(request, wire, before, gaveUp)
        } catch (error) {
          if (StillroomError.is(error)) run.stop.trip(error)
          throw error
        }
      },
      cost: reply => ({
        usd: price === undefined ? null : (costOf(reply.usage, price) ?? null),
        tokens: (reply.usage.input ?? 0) + (reply.usage.output ?? 0),
      }),
      worstCase: request => ({
        usd: price === undefined ? null : worstCase(request, config.max_tokens, price),
        tokens: config.max_tokens + mostInput(request),
      }),
    }
    open.set(name, { to, route })
  }
  let closing: Promise<unknown> | undefined
  return {
    get: name => open.get(name)!.to,
    async close() {
      closing ??= Promise.all([...open.values()].map(({ route }) => route.close()))
      await closing
    },
  }
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
