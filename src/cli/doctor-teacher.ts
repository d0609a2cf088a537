import { StillroomError } from '../errors/index.ts'
import { acceptCommand, readAcceptances, termsVerdict } from '../govern/index.ts'
import { withoutSecrets } from '../records/index.ts'
import { type Ability, type Probe, type Project, probeTeacher, systemClock, termsRoute } from '../run/index.ts'
import {
  builtinPrices,
  isPool,
  isPreset,
  priceOf,
  resolveTeacher,
  type SeenLimit,
  type TeacherConfig,
  teacherConfig,
} from '../teachers/index.ts'
import type { Call } from './commands.ts'
import { counted, dollars, duration, thousands } from './figures.ts'
import { table, wrap } from './layout.ts'
import { workspaceFolder } from './open.ts'
import { fromText, priceText } from './price-text.ts'
import { reporterOf } from './reporter.ts'

const colours = { works: 'green', part: 'yellow', no: 'dim', unsaid: 'dim' } as const
const words = { works: 'works', part: 'partly', no: 'no', unsaid: '?' }

/** Asks one teacher what it can do. Terms first: where they do not allow it, nobody is asked. */
export async function doctorTeacher(call: Call, recipe: Project | undefined | Error, name: string): Promise<number> {
  const { io } = call
  const project = recipe instanceof Error || StillroomError.is(recipe) ? undefined : recipe
  const config = configOf(call, project, recipe, name)
  const resolved = resolveTeacher(name, config)
  const root = project?.workspace ?? workspaceFolder(call)
  const purpose = project?.recipe.purpose ?? {}
  const verdict = termsVerdict(termsRoute(config, resolved), purpose, readAcceptances(root))
  const prices = project ? (await project.plan()).prices : builtinPrices
  const price = priceOf(config, resolved, prices)
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  const url = resolved.baseUrl ?? io.env[resolved.baseUrlFrom ?? '']
  const where = url && withoutSecrets(url)
  const stated = Object.entries(purpose).map(([what, value]) => `${what} ${value}`)
  const forWhat = stated.length > 0 ? `for ${stated.join(', ')}` : 'no purpose is stated'
  const terms = `${verdict.accepted ? `accepted by ${verdict.accepted.by}` : verdict.verdict}, ${forWhat}${verdict.entry ? `; ${verdict.entry.title} (${verdict.entry.version})` : ''}`
  reporter.say(
    paint('bold', `${name === resolved.id ? '' : `${name}: `}${resolved.id}${where ? ` at ${where}` : ''}`),
    ...wrap(`terms  ${terms}`, width),
    ...wrap(
      `price  ${priceText(price)}${price && price.price !== 'free' ? ` a million tokens (${fromText(price.from)})` : ''}`,
      width,
    ),
  )
  if (!verdict.mayCall) {
    throw new StillroomError(
      'SR_TERMS',
      `Teacher ${name} (${resolved.provider}): ${verdict.verdict}. No call was made.`,
      {
        received: verdict.why,
        hint: `read the terms, then: ${acceptCommand(verdict)}`,
      },
    )
  }
  const probe = await probeTeacher(
    { name, config, resolved, price, base: project?.base ?? io.cwd },
    io.env,
    systemClock.elapsed,
  )
  reporter.say(
    '',
    table(
      [{ head: '' }, { head: '' }, { head: '', flex: true }],
      probe.abilities.map(({ name: what, is, said }) => [what, paint(colours[is], words[is]), said]),
      width,
    ),
    ...limitLines(probe, width),
    '',
    ...wrap(sumText(probe), width),
  )
  reporter.result({ teacher: name, id: resolved.id, at: where ?? null, terms: verdict, price: price ?? null, ...probe })
  return works(probe.abilities) ? 0 : 1
}

const works = (abilities: readonly Ability[]): boolean =>
  abilities.every(({ name, is }) => name !== 'reply' || is !== 'no')

/** A teacher of the recipe by its name, or one that is named by provider and model, or by model and address. */
function configOf(
  { given }: Call,
  project: Project | undefined,
  recipe: Project | undefined | Error,
  name: string,
): TeacherConfig {
  const entries = project?.recipe.teachers ?? {}
  const entry = entries[name]
  if (entry !== undefined && isPool(entry)) {
    throw new StillroomError('SR_USAGE', `${name} is a pool: its members are asked one by one.`, {
      expected: Object.keys(entry['any-of']).join(', '),
    })
  }
  if (entry !== undefined) return given.at === undefined ? entry : { ...entry, at: given.at }
  const provider = name.slice(0, Math.max(0, name.indexOf('/')))
  if (given.at !== undefined || provider === 'builtin' || isPreset(provider)) {
    const read = teacherConfig.safeParse({ model: name, ...(given.at === undefined ? {} : { at: given.at }) })
    if (read.success) return read.data
    throw new StillroomError('SR_USAGE', `${name} is no teacher: ${read.error.issues[0]?.message}.`, {
      hint: 'a base URL begins with http:// or https:// and ends in /v1 as a rule',
    })
  }
  // What is wrong with the recipe may be why it has no such teacher.
  if (recipe !== undefined && project === undefined) throw recipe
  const names = Object.keys(entries)
  throw new StillroomError('SR_USAGE', `There is no teacher ${name}.`, {
    expected: names.length > 0 ? names.join(', ') : 'a recipe with teachers, or <provider>/<model>',
    hint: 'name one of the recipe, <provider>/<model>, or any model with --at <url>',
  })
}

function limitLines({ limits }: Probe, width: number): string[] {
  if (!limits) return []
  const text = (what: string, seen: SeenLimit | undefined): string[] => {
    if (!seen) return []
    const { limit, remaining, resetMs } = seen
    const parts = [
      remaining === undefined ? '' : `${thousands(remaining)} left`,
      limit === undefined ? '' : `of ${thousands(limit)}`,
      resetMs === undefined ? '' : `full again in ${duration(resetMs)}`,
    ].filter(Boolean)
    return [`${what} ${parts.join(' ')}`]
  }
  const all = [
    ...text('requests', limits.requests),
    ...text('tokens', limits.tokens),
    ...text('input tokens', limits.inputTokens),
    ...text('output tokens', limits.outputTokens),
  ]
  return wrap(`Limits that it tells: ${all.join('; ')}.`, width)
}

function sumText({ calls, free, failed, usd, ms, tokens, served }: Probe): string {
  if (calls === 0) return 'Nobody was asked.'
  const beside = free > 0 ? ` (and ${counted(free, 'request')} that nobody charges for)` : ''
  const cost =
    usd === null ? 'what they cost is not known' : usd === 0 ? 'they cost nothing' : `they cost ${dollars(usd)}`
  const lost = failed === 0 ? '' : ', besides a call that failed and may be charged'
  const [least, most] = [Math.min(...ms), Math.max(...ms)].map(duration)
  const time = least === most ? `${least} each` : `${least} to ${most} each`
  const by = served === undefined ? '' : `, answered by ${served}`
  return `${counted(calls, 'call')}${beside}${by}, ${time}; ${thousands(tokens.input)} tokens in, ${thousands(tokens.output)} out: ${cost}${lost}. They are not in the journal, and not counted against the budget.`
}
