import { relative } from 'node:path'
import { type Facts, type Route, readAcceptances, type SourceStanding, termsVerdict } from '../govern/index.ts'
import { earlierRounds, type Node, type Plan } from '../recipe/index.ts'
import type { Json, TeacherId } from '../records/index.ts'
import type { SourceConfig } from '../sources/index.ts'
import { presets, type Resolved, resolveTeacher, type TeacherConfig, teachersBehind } from '../teachers/index.ts'
import type { Counts } from '../workspace/index.ts'
import type { Funnel } from './counts.ts'
import type { RunResult } from './run.ts'

/** Names of the teachers that a plan may ask: members of pools and all they fall back on among them, never pools. */
export function teachersUsed(plan: Plan): string[] {
  const named = new Set(plan.stages.flatMap(s => s.nodes.flatMap(n => n.teachers)))
  return [...new Set([...named].flatMap(name => teachersBehind(name, plan.recipe.teachers)))].sort()
}

/**
 * A teacher that may be asked. `way` is what its limits go by: provider, endpoint and model, whatever the recipe calls
 * the teachers that share them.
 */
export type LeafTeacher = { name: string; config: TeacherConfig; resolved: Resolved; way: string }

/** The teachers that a plan may ask, by name. */
export function leafTeachers(plan: Plan): LeafTeacher[] {
  return teachersUsed(plan).map(name => {
    const config = plan.recipe.teachers[name] as TeacherConfig
    const resolved = resolveTeacher(name, config)
    const { provider, model, baseUrl, baseUrlFrom } = resolved
    return { name, config, resolved, way: [provider, model, baseUrl ?? baseUrlFrom ?? config.use ?? ''].join('\n') }
  })
}

/** A teacher as terms know it. */
export function termsRoute({ license, terms }: TeacherConfig, { provider, model, paid }: Resolved): Route {
  return { provider, model, paid, ...(license ? { license } : {}), ...(terms ? { terms } : {}) }
}

/** Teachers of a plan with the verdict of their terms. `workspace` holds who accepted what. */
export function teacherFacts(plan: Plan, workspace: string): Facts['teachers'] {
  const accepted = readAcceptances(workspace)
  return leafTeachers(plan).map(({ name, config, resolved }) => {
    const route = termsRoute(config, resolved)
    const verdict = termsVerdict(route, plan.recipe.purpose, accepted)
    return { name, id: resolved.id, route, languageModel: resolved.can.languageModel, verdict }
  })
}

/**
 * Teachers that are not asked and took part all the same: they wrote the rows of a source. Their terms hold for what they
 * wrote, so gates look at them; no call depends on them.
 */
export function writerFacts(plan: Plan, workspace: string): Facts['teachers'] {
  const accepted = readAcceptances(workspace)
  return plan.stages.flatMap(({ shape, key }) => {
    const { teacher } = (shape === 'source' ? plan.recipe.sources[key] : {}) as Partial<SourceConfig>
    if (teacher === undefined) return []
    const [provider = '', ...rest] = teacher.split('/')
    const preset: { paid: boolean } | undefined = Object.hasOwn(presets, provider)
      ? presets[provider as 'openai']
      : undefined
    const route: Route = {
      provider,
      model: rest.join('/'),
      paid: preset?.paid ?? !['self', 'builtin'].includes(provider),
    }
    const verdict = { ...termsVerdict(route, plan.recipe.purpose, accepted), mayCall: true }
    return [{ name: key, id: teacher, route, languageModel: provider !== 'builtin', verdict }]
  })
}

/** No absolute path of this machine in what is published. */
function published(value: unknown, base: string): Json {
  if (typeof value === 'string') return value.startsWith(base) ? relative(base, value) : value
  if (Array.isArray(value)) return value.map(v => published(v, base))
  if (typeof value !== 'object' || value === null) return value as Json
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, published(v, base)]))
}

/** The sources of a plan, with their part in it. */
export function sourceStandings(plan: Plan, funnel: Funnel = {}): SourceStanding[] {
  const reached = releasedThrough(plan)
  return plan.stages.flatMap(({ shape, key }) => {
    if (shape !== 'source') return []
    const { license, origin, uri, robots, derivation, urls, pinned, detected } = plan.recipe.sources[
      key
    ] as unknown as SourceConfig
    const rejected = funnel[key]?.dropped
    return [
      {
        ...{ name: key, license, feeds: reached.has(key) },
        // Its real rows are left out, since they come in from where they are at home.
        origin: key === earlierRounds ? ('synthetic' as const) : origin,
        ...(uri === undefined ? {} : { uri }),
        ...(robots === undefined ? {} : { robots }),
        ...(urls === undefined ? {} : { asked: true as const }),
        ...(pinned?.license === undefined ? {} : { card: pinned.license }),
        ...(derivation === undefined ? {} : { derivation }),
        ...(detected === undefined ? {} : { detected }),
        ...(rejected ? { rejected } : {}),
      },
    ]
  })
}

/** Teachers whose words may stand in rows: of steps that make records. */
function writingTeachers(plan: Plan): TeacherId[] {
  const reached = releasedThrough(plan)
  const nodes = plan.stages.flatMap(({ nodes }) => nodes).filter(({ key }) => reached.has(key))
  const names = nodes.filter(({ step }) => step.gives !== 'same').flatMap(({ teachers }) => teachers)
  const behind = new Set(names.flatMap(name => teachersBehind(name, plan.recipe.teachers)))
  const own = leafTeachers(plan).flatMap(({ name, resolved }) => (behind.has(name) ? [resolved.id] : []))
  const written = Object.values(plan.recipe.sources).flatMap(({ teacher }) =>
    typeof teacher === 'string' ? [teacher] : [],
  )
  return [...new Set([...own, ...written])].sort()
}

/** What gates and the card look at: the plan, and the counts of a run of it. */
export function gateFacts(
  plan: Plan,
  ran: ({ funnel: Funnel } & Partial<Pick<RunResult, 'notes' | 'found'>>) | undefined,
  workspace: string,
): Facts {
  const nodes = plan.stages.flatMap(s => s.nodes)
  const reached = releasedThrough(plan)
  const { release } = plan.recipe
  const notes = (key: string): string[] => (ran?.notes ?? []).filter(n => n.step === key).map(n => n.message)
  return {
    use: plan.recipe.use,
    purpose: plan.recipe.purpose,
    teachers: [...teacherFacts(plan, workspace), ...writerFacts(plan, workspace)],
    sources: sourceStandings(plan, ran?.funnel),
    writing: writingTeachers(plan),
    ...(release ? { release: { version: release.version, license: release.license, date: release.date } } : {}),
    steps: nodes.map(node => ({
      ...(reached.has(node.key) ? {} : { aside: true as const }),
      ...rewrittenBy(node, ran?.funnel[node.key]),
      key: node.key,
      verb: node.step.verb,
      about: node.step.about,
      ...(node.from.length > 1 ? { joins: true } : {}),
      options: published(node.options, plan.base) as { [name: string]: Json | undefined },
      ...(node.step.report ? { report: node.step.report(node.options) } : {}),
      ...(notes(node.key).length > 0 ? { notes: notes(node.key) } : {}),
      ...(ran?.found?.[node.key] ? { found: ran.found[node.key]! } : {}),
      ...(ran?.funnel[node.key] ? { counts: ran.funnel[node.key] } : {}),
    })),
  }
}

/** Keys of the stages and nodes that released rows come through. */
function releasedThrough(plan: Plan): Set<string> {
  const reached = new Set([plan.output])
  for (const stage of plan.stages.toReversed()) {
    if (!reached.has(stage.key)) continue
    for (const key of [...stage.from, ...stage.nodes.map(node => node.key)]) reached.add(key)
  }
  return reached
}

/** Repairs by a teacher, or for a reason that the step says brings in words. */
function rewrittenBy({ step, teachers }: Node, counts: Counts | undefined): { rewritten?: number } {
  if (!counts) return {}
  const reasons = Object.entries(counts.repairs).filter(
    ([reason]) => teachers.length > 0 || step.writes?.includes(reason),
  )
  const rewritten = reasons.reduce((sum, [, n]) => sum + n, 0)
  return rewritten > 0 ? { rewritten } : {}
}
