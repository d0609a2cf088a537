import type { GateReport } from '../../govern/index.ts'
import type { Node, Plan, Stage } from '../../recipe/index.ts'
import { gatesOf, listRuns, type Project, readRun, teacherFacts } from '../../run/index.ts'
import { listFiles, type SourceConfig } from '../../sources/index.ts'
import { workspacePaths } from '../../workspace/index.ts'
import type { Run } from '../commands.ts'
import { bytes, counted, dollars, thousands } from '../figures.ts'
import { gateLines } from '../gates.ts'
import { indent, table, wrap } from '../layout.ts'
import { openRecipe } from '../open.ts'
import { callsPerRecord, left } from '../progress.ts'
import { reporterOf } from '../reporter.ts'
import { settings } from '../settings.ts'

export const run: Run = async call => {
  const { given } = call
  const project = await openRecipe(call, call.args[0])
  const plan = await project.plan({
    ...(given.set ? { set: settings(given.set) } : {}),
    ...(given.limit === undefined ? {} : { restrict: { limit: given.limit } }),
  })
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  const bold = (text: string): string => paint('bold', text)
  const sources = await sourceNotes(plan)
  const steps = stepNotes(plan)
  const teachers = teacherNotes(plan, project)
  const first = firstPaid(plan, project)
  const gates = gatesOf(plan, undefined, project.workspace)

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
      sources.map(s => [s.name, thousands(s.files), bytes(s.bytes), s.origin, s.license, s.pattern]),
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
        .map(t =>
          indent(
            wrap(`${t.name}: ${t.terms.why} No call is made until: stillroom terms accept ${t.terms.key}`, width - 2),
          ),
        ),
    )
  }
  reporter.say('', wrap(reach(first, plan), width))
  const open = gates.filter(gate => gate.is !== 'pass')
  if (open.length > 0) reporter.say('', gateLines(open, reporter))
  reporter.result({
    recipe: plan.recipe.name,
    use: plan.recipe.use,
    sources,
    steps,
    teachers,
    firstPaid: first ?? null,
    gates: gates satisfies GateReport[],
    output: plan.output,
  })
  return 0
}

async function sourceNotes(plan: Plan) {
  const notes = []
  for (const { key, shape } of plan.stages) {
    if (shape !== 'source') continue
    const config = plan.recipe.sources[key] as unknown as SourceConfig
    const files = await listFiles(config, plan.base)
    const size = files.reduce((n, file) => n + file.size, 0)
    notes.push({
      name: key,
      files: files.length,
      bytes: size,
      license: config.license,
      origin: config.origin,
      pattern: [config.files].flat().join(', '),
    })
  }
  return notes
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

function teacherNotes(plan: Plan, project: Project) {
  return teacherFacts(plan, project.workspace).map(({ name, id, route, verdict }) => {
    const { price } = plan.recipe.teachers[name]!
    const { verdict: standing, key, entry, accepted, mayCall, why, obligations } = verdict
    return {
      name,
      id,
      price: !route.paid
        ? 'free'
        : price === undefined || price === 'free'
          ? 'no price'
          : `${dollars(price.input)} in, ${dollars(price.output)} out, a million tokens`,
      terms: {
        verdict: accepted ? `accepted by ${accepted.by}` : standing,
        version: entry?.version,
        key,
        mayCall,
        why,
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

function reach(first: FirstPaid | undefined, plan: Plan): string {
  if (!first) return 'No step calls a teacher.'
  if (first.records === null)
    return `How many records reach ${first.step}, the first step that calls a teacher, is not known before the first run.`
  const most = first.records * first.callsPerRecord
  const budget = plan.recipe.budget.usd === undefined ? '' : ` The budget is ${dollars(plan.recipe.budget.usd)}.`
  return `${counted(first.records, 'record')} reached ${first.step}, the first step that calls a teacher, in run ${first.run}: ${counted(most, 'call')} there.${budget}`
}
