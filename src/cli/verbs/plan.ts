import { existsSync } from 'node:fs'
import { acceptCommand, type GateReport, normaliseLicense } from '../../govern/index.ts'
import type { Node, Plan, Stage } from '../../recipe/index.ts'
import {
  againstBudget,
  filesOf,
  forecastDisk,
  forecastPlan,
  gatesOf,
  leafTeachers,
  listRuns,
  lookAhead,
  type Project,
  type RunResult,
  readRun,
  roomBeside,
  run as runPlan,
  teacherFacts,
} from '../../run/index.ts'
import { licenseTold, type SourceConfig } from '../../sources/index.ts'
import { ageOf, priceOf, staleAfter } from '../../teachers/index.ts'
import { workspacePaths } from '../../workspace/index.ts'
import type { Call, Run } from '../commands.ts'
import { bytes, counted, thousands } from '../figures.ts'
import { follow } from '../follow.ts'
import { againstLines, diskLines, forecastLines } from '../forecast-text.ts'
import { gateLines } from '../gates.ts'
import { indent, table, wrap } from '../layout.ts'
import { costOfCalls, moneyLines } from '../money.ts'
import { openArchive, openRecipe, takeWorkspace } from '../open.ts'
import { batchText, priceText } from '../price-text.ts'
import { callsPerRecord, left } from '../progress.ts'
import { reporterOf } from '../reporter.ts'
import { settings } from '../settings.ts'

export const run: Run = async call => {
  const { given, io } = call
  const project = await openRecipe(call, call.args[0])
  const set = given.set ? { set: settings(given.set) } : {}
  const plan = await project.plan({
    ...set,
    ...(given.limit === undefined ? {} : { restrict: { limit: given.limit } }),
  })
  const reporter = reporterOf(call)
  const pilot = given.pilot === undefined ? undefined : await runPilot(call, project, given.pilot, set)
  const { width, paint } = reporter
  const bold = (text: string): string => paint('bold', text)
  const sources = await sourceNotes(plan, project.workspace)
  const steps = stepNotes(plan)
  const teachers = teacherNotes(plan, project, io.now())
  const first = firstPaid(plan, project)
  const gates = gatesOf(plan, undefined, project.workspace, (await lookAhead(plan)).facts)

  reporter.say(
    bold(
      `${plan.recipe.name}: ${counted(steps.length, 'primitive step')} in ${counted(plan.stages.length, 'stage')}, for ${plan.recipe.use}`,
    ),
    '',
    table(
      [
        { head: 'source' },
        { head: 'files', right: true },
        { head: 'size', right: true },
        { head: 'origin' },
        { head: 'license' },
        { head: 'pattern', flex: true },
      ],
      sources.map(s => [s.name, thousands(s.files), bytes(s.bytes), s.origin, licenseText(s), s.pattern]),
      width,
      bold,
    ),
    '',
    table(
      [
        { head: 'step' },
        { head: 'verb' },
        { head: 'teacher' },
        { head: 'in' },
        { head: 'out' },
        { head: 'calls', right: true },
        { head: 'makes', right: true },
        { head: 'stage', right: true },
      ],
      steps.map(s => [
        s.key,
        s.verb,
        s.teachers.join(', '),
        s.takes.join(', '),
        s.gives.join(', '),
        s.callsPerRecord ? `${s.callsPerRecord}` : '',
        s.makes ? `≤ ${s.makes}` : '',
        `${s.stage}`,
      ]),
      width,
      bold,
    ),
  )
  if (steps.some(s => s.callsPerRecord)) {
    reporter.say(
      '',
      wrap(
        'calls, makes: for each record that arrives; a reply that does not parse is asked for once more.',
        width,
      ).map(line => paint('dim', line)),
    )
  }
  if (teachers.length > 0) {
    reporter.say(
      '',
      table(
        [{ head: 'teacher' }, { head: 'model' }, { head: 'terms' }, { head: 'version' }, { head: 'price', flex: true }],
        teachers.map(t => [
          t.name,
          t.id,
          paint(/^(allowed|accepted)/.test(t.terms.verdict) ? 'green' : 'red', t.terms.verdict),
          t.terms.version ?? '',
          t.price,
        ]),
        width,
        bold,
      ),
      ...teachers
        .filter(t => !t.terms.mayCall)
        .map(t => indent(wrap(`${t.name}: ${t.terms.why} No call is made until: ${t.terms.accept}`, width - 2))),
      ...teachers
        .filter(t => t.stale !== undefined)
        .map(t => indent(wrap(`${t.name}: ${t.stale}`, width - 2).map(line => paint('yellow', line)))),
    )
  }
  const told = tellAhead(call, project, plan)
  if (pilot) {
    const what = `The pilot of ${counted(given.pilot!, 'root')} is run ${pilot.run}.`
    reporter.say('', wrap(`${what} ${moneyOfPilot(pilot, width)}`, width))
  }
  if (told.forecast) reporter.say('', forecastLines(told.forecast, reporter), againstLines(told.against, reporter))
  else reporter.say('', boundLines(plan, first, width, call.args[0]))
  const open = gates.filter(gate => gate.is !== 'pass')
  if (open.length > 0) reporter.say('', gateLines(open, reporter))
  const free = roomBeside(project.workspace)
  const disk = diskLines(told.disk, free, told.forecast?.run, reporter)
  if (disk.length > 0) reporter.say('', disk)
  reporter.result({
    recipe: plan.recipe.name,
    use: plan.recipe.use,
    sources,
    steps,
    teachers,
    firstPaid: first ?? null,
    bounds: told.forecast ? null : boundsOf(plan, first),
    pilot: pilot ? { run: pilot.run, status: pilot.status, calls: pilot.calls, usd: costOfCalls(pilot.calls) } : null,
    forecast: told.forecast ?? null,
    budget: told.against,
    disk: { forecast: told.disk ?? null, free: free ?? null },
    gates: gates satisfies GateReport[],
    output: plan.output,
  })
  if (pilot?.error) throw pilot.error
  return pilot?.exit ?? 0
}

/** Runs the recipe over a few roots: an ordinary run, whose replies a later one need not pay again. */
async function runPilot(call: Call, project: Project, limit: number, set: object): Promise<RunResult> {
  const plan = await project.plan({ ...set, restrict: { limit } })
  const reporter = reporterOf(call)
  const session = takeWorkspace(call, project, 'plan')
  try {
    const result = await follow(call.io, reporter, plan, view =>
      runPlan({ plan, session, env: call.io.env, online: true, ...view }),
    )
    reporter.say('')
    return result
  } finally {
    session.close()
  }
}

/** What a plan will come to as far as earlier runs tell it, and how the budget stands to that. */
function tellAhead({ io, given }: Call, project: Project, plan: Plan) {
  if (!existsSync(workspacePaths(project.workspace).journal))
    return { forecast: undefined, against: [], disk: undefined }
  const archive = openArchive(io, project.workspace)
  try {
    const forecast = forecastPlan(plan, archive, given.limit)
    if (!forecast) return { forecast, against: [], disk: undefined }
    const against = againstBudget(plan.recipe.budget, forecast, archive.journal.spent())
    return { forecast, against, disk: forecastDisk(plan, forecast, archive) }
  } finally {
    archive.close()
  }
}

function moneyOfPilot({ calls, error }: RunResult, width: number): string {
  const lines = moneyLines(calls, 0, width)
  if (lines.length > 0) return lines.join(' ')
  return error ? 'It did not come to its end, and cost nothing.' : 'Every reply was there already: it cost nothing.'
}

async function sourceNotes(plan: Plan, workspace: string) {
  const notes = []
  for (const { key, shape } of plan.stages) {
    if (shape !== 'source') continue
    const config = plan.recipe.sources[key] as unknown as SourceConfig
    const files = await filesOf(config, plan.base, workspace)
    const size = files.reduce((n, file) => n + file.size, 0)
    notes.push({
      name: key,
      files: files.length,
      bytes: size,
      license: licenseTold(config),
      ...(config.detected === undefined ? {} : { detected: config.detected }),
      ...(config.pinned?.license === undefined ? {} : { card: config.pinned.license }),
      origin: config.origin,
      pattern: [config.files ?? config.urls ?? config.uri ?? []].flat().join(', '),
    })
  }
  return notes
}

/** The license that the recipe states, and that of its own page where that is another. */
function licenseText({ license, card }: { license: string; card?: string }): string {
  const same = card === undefined || normaliseLicense(card).spdx === normaliseLicense(license).spdx
  return same ? license : `${license} (its page: ${card})`
}

/** Records that one record can become at most, as far as the options say it. */
function makesAtMost({ step, options }: Node): number | undefined {
  if (step.gives === 'same' || (step.shape !== 'map' && step.shape !== 'grid')) return undefined
  const most = options.questions ?? options.samples
  return typeof most === 'number' ? most : undefined
}

function stepNotes(plan: Plan) {
  return plan.stages.flatMap((stage, i) =>
    stage.nodes.map(node => ({
      key: node.key,
      verb: node.step.verb,
      about: node.step.about,
      teachers: node.teachers,
      takes: node.takes,
      gives: node.gives,
      callsPerRecord: callsPerRecord(node),
      makes: makesAtMost(node) ?? null,
      stage: i + 1,
    })),
  )
}

function teacherNotes(plan: Plan, project: Project, now: Date) {
  const verdicts = new Map(teacherFacts(plan, project.workspace).map(({ name, verdict }) => [name, verdict]))
  return leafTeachers(plan).map(({ name, config, resolved }) => {
    const known = priceOf(config, resolved, plan.prices)
    const age = known && ageOf(known, now)
    const stale =
      age !== undefined && age > staleAfter && known && typeof known.from === 'object' ? known.from : undefined
    const { verdict: standing, key, entry, accepted, mayCall, why, obligations } = verdicts.get(name)!
    return {
      name,
      id: resolved.id,
      price: priceText(known) + (config.mode === 'batch' ? batchText(known) : ''),
      prices: known ?? null,
      ...(stale
        ? {
            stale: `its price is of ${stale.date}, ${age} days old. Look at ${stale.source ?? 'where it came from'}, and write what holds today under \`price:\` or into a file named by \`prices:\`.`,
          }
        : {}),
      terms: {
        verdict: accepted ? `accepted by ${accepted.by}` : standing,
        version: entry?.version,
        key,
        mayCall,
        why,
        accept: acceptCommand({ key, ...(entry ? { entry } : {}) }),
        obligations,
      },
    }
  })
}

/** The stages that a stage depends on, itself included, by fingerprint: equal lists mean equal work. */
function lineOf(key: string, stages: readonly Pick<Stage, 'key' | 'id' | 'from'>[]): string {
  const stage = stages.find(one => one.key === key)
  return stage ? `${stage.id}(${stage.from.map(from => lineOf(from, stages)).join(' ')})` : '?'
}

type FirstPaid = { step: string; callsPerRecord: number; records: number | null; run?: string }

/** The first step that calls a teacher, with the records that reached it the last time the steps before it ran. */
function firstPaid(plan: Plan, project: Project): FirstPaid | undefined {
  const stage = plan.stages.find(one => one.nodes.some(node => node.teachers.length > 0))
  const node = stage?.nodes.find(one => one.teachers.length > 0)
  if (!stage || !node) return undefined
  const note = { step: node.key, callsPerRecord: callsPerRecord(node), records: null }
  const paths = workspacePaths(project.workspace)
  const up = stage.from[0]
  if (up === undefined) return note
  const line = lineOf(up, plan.stages)
  const upstream = plan.stages.find(one => one.key === up)!
  for (const id of listRuns(paths).reverse()) {
    const past = readRun(paths, id)
    if (past.status !== 'done' || lineOf(up, past.stages) !== line) continue
    const counts = past.funnel[upstream.nodes.at(-1)?.key ?? up]
    if (counts) return { ...note, records: left(counts), run: id }
  }
  return note
}

type Bound = { step: string; records: number | null; calls: number | null }

/** Upper bounds of records and calls, as far as options tell how many one record becomes; null where they do not. */
function boundsOf({ stages }: Plan, first: FirstPaid | undefined): Bound[] {
  if (!first || first.records === null) return []
  const after = new Map<string, number | null>()
  const found: Bound[] = []
  for (const { key, from, nodes } of stages) {
    let records: number | null = null
    for (const [i, up] of from.entries()) {
      const one = after.get(up) ?? null
      records = i === 0 ? one : records === null || one === null ? null : records + one
    }
    for (const node of nodes) {
      if (node.key === first.step) records = first.records
      const calls = records === null ? null : records * callsPerRecord(node)
      if (node.teachers.length > 0) found.push({ step: node.key, records, calls })
      const most = makesAtMost(node)
      if (node.step.gives !== 'same') records = records === null || most === undefined ? null : records * most
    }
    after.set(key, records)
  }
  return found
}

/** What can be said before any run of these steps told more: bounds, what is unknown, and how to get it. */
function boundLines(plan: Plan, first: FirstPaid | undefined, width: number, named: string | undefined): string[] {
  if (!first) return ['No step calls a teacher.']
  const bounds = boundsOf(plan, first).filter(({ calls }) => calls !== null)
  const reached =
    first.records === null
      ? `How many records reach ${first.step}, the first step that calls a teacher, is not known before the first run.`
      : `${counted(first.records, 'record')} reached ${first.step}, the first step that calls a teacher, in run ${first.run}.`
  const atMost = bounds.map(({ step, calls }) => `${thousands(calls!)} at ${step}`).join(', ')
  return [
    ...wrap(reached, width),
    ...(bounds.length > 0 ? wrap(`Calls at most, spoilt replies apart: ${atMost}.`, width) : []),
    ...wrap(
      'Rows, calls, tokens, dollars and time of these steps are not known before they ran. A pilot over 20 records tells them, and a later run does not pay for it again:',
      width,
    ),
    `  stillroom plan --pilot 20${named === undefined ? '' : ` ${named}`}`,
  ]
}
