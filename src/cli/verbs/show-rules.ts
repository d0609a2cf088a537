import { resolve } from 'node:path'
import { barOf, type Limit, previewRules, type RulePreview } from '../../curate/index.ts'
import { StillroomError } from '../../errors/index.ts'
import type { Plan } from '../../recipe/index.ts'
import { type PastRun, recordsOf } from '../../run/index.ts'
import type { Call, Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { clip, indent, table, wrap } from '../layout.ts'
import { look } from '../look.ts'
import { noRun, recipeFile } from '../open.ts'
import type { Reporter } from '../reporter.ts'
import { settings } from '../settings.ts'

/** Where the thresholds of a recipe stand, and the step whose records they are about to see. */
type Cut = { key: string; owner: string; limits: Limit[] }

export const run: Run = call => {
  const { recipe = call.args[0], ...given } = call.given
  // The thresholds stand in the recipe, so that there must be one.
  const file = resolve(recipeFile(call, recipe))
  return look({ ...call, given: { ...given, recipe: file } }, async at => {
    const { archive, project, reporter, root, runs } = at
    const { n = 3, step } = call.given
    const set = settings(call.given.set ?? [])
    const cuts = cutsOf(await project!.plan({ set }), step)
    const shown = cuts.map(cut => {
      const found = before(runs(), cut.key)
      if (!found) throw noRun(call.io, root, `run that measured texts for ${cut.key}`)
      const records = recordsOf(archive.store, found.past, found.stage)
      return { run: found.past.id, step: cut.key, ...previewRules(records, cut.limits, n) }
    })
    for (const [i, one] of shown.entries()) {
      if (i > 0) reporter.say('')
      say(one, reporter, n, call)
    }
    reporter.result({ set, steps: shown })
    return 0
  })
}

function cutsOf(plan: Plan, step: string | undefined): Cut[] {
  const all = plan.stages.flatMap(({ nodes }) =>
    nodes.flatMap(({ key, owner, step, options }): Cut[] =>
      step.verb === 'cut-rules' ? [{ key, owner, limits: (options as { limits: Limit[] }).limits }] : [],
    ),
  )
  const cuts = all.filter(cut => step === undefined || cut.key === step || cut.owner === step)
  if (cuts.length > 0) return cuts
  throw new StillroomError('SR_NOT_FOUND', `The recipe has no step ${step ?? 'with rules'}.`, {
    ...(all.length > 0 ? { expected: `one of ${all.map(({ owner }) => owner).join(', ')}` } : {}),
    hint: 'add a step such as `rules: { profiles: gopher-quality }`',
  })
}

/** The last run that has the records which a step sees, and the stage that gave them. */
function before(runs: Iterable<PastRun>, key: string): { past: PastRun; stage: string } | undefined {
  for (const past of runs) {
    const stage = past.stages.find(({ nodes }) => nodes[0]?.key === key)?.from[0]
    if (stage !== undefined && past.tasks.some(task => task.stage === stage)) return { past, stage }
  }
  return undefined
}

type Shown = { run: string; step: string } & ReturnType<typeof previewRules>

function say({ run, step, texts, kept, rules }: Shown, reporter: Reporter, n: number, { given }: Call): void {
  const { paint, width } = reporter
  const changed = (given.set ?? []).join(', ')
  reporter.say(
    paint(
      'bold',
      `${step}${changed ? ` with ${changed}` : ''}: keeps ${thousands(kept)} of ${counted(texts, 'text')} of run ${run}`,
    ),
    '',
    ruleTable(rules, reporter),
  )
  const notes = notesOf(rules)
  if (notes.length > 0) reporter.say('', ...notes.map(note => wrap(note, width)))
  for (const rule of rules.filter(rule => rule.alone > 0)) reporter.say('', ruleLines(rule, reporter, n))
  const idle = rules.filter(rule => rule.alone === 0 && rule.absent === 0)
  if (idle.length > 0) reporter.say('', wrap(`Drop nothing: ${idle.map(({ rule }) => rule).join(', ')}.`, width))
}

const bars = '▁▂▃▄▅▆▇█'
const short = (value: number): string => (value >= 1000 ? thousands(value) : String(Number(value.toPrecision(3))))
const boundOf = ({ least, most, under }: Limit): [word: string, value: number] =>
  least !== undefined ? ['>=', least] : most !== undefined ? ['<=', most] : ['<', under!]

/** Bars of how the values lie; `|` stands where the threshold does. */
function drawing({ bars: { from, to, counts }, ...rule }: RulePreview, paint: Reporter['paint']): string {
  const highest = Math.max(...counts)
  const [, value] = boundOf(rule)
  const place = barOf(value, from, to, counts.length)
  return counts
    .map((count, i) => {
      const bar = count === 0 ? ' ' : bars[Math.min(7, Math.floor((count / highest) * 8))]!
      return i === place && value >= from && value <= to && counts.length > 1 ? `${paint('yellow', '|')}${bar}` : bar
    })
    .join('')
}

function ruleTable(rules: RulePreview[], { width, paint }: Reporter): string[] {
  const columns = [
    { head: 'Rule' },
    { head: 'Keeps', right: true },
    { head: 'Values' },
    ...['5 %', 'median', '95 %', 'alone', 'first'].map(head => ({ head, right: true })),
  ]
  const rows = rules.flatMap((rule, i) => {
    const [profile, option] = partsOf(rule)
    const [word, value] = boundOf(rule)
    const q = rule.quantiles
    const row = [
      `  ${option}`,
      `${word} ${short(value)}`,
      drawing(rule, paint),
      ...(q ? [q[1]!, q[3]!, q[5]!].map(short) : ['', '', '']),
      thousands(rule.alone),
      thousands(rule.first),
    ]
    return i > 0 && partsOf(rules[i - 1]!)[0] === profile ? [row] : [[profile], row]
  })
  return table(
    columns,
    rows.map(row => columns.map((_, i) => row[i] ?? '')),
    width,
    text => paint('bold', text),
  )
}

/** `gopher-quality.min-words` as profile and option. */
function partsOf({ rule }: RulePreview): [profile: string, option: string] {
  const at = rule.indexOf('.')
  return [rule.slice(0, at), rule.slice(at + 1)]
}

/** What rules did not look at: those that were silent for the same texts in one sentence. */
function notesOf(rules: RulePreview[]): string[] {
  const silent = new Map<string, string[]>()
  const note = (about: string, rule: string) => silent.set(about, [...(silent.get(about) ?? []), rule])
  for (const { rule, absent, unscored } of rules) {
    if (absent > 0)
      note(`Dropped, since the run did not measure them (${counted(absent, 'text')}; run the recipe)`, rule)
    for (const [why, count] of Object.entries(unscored)) {
      note(`Does not apply to ${counted(count, 'text')} (${why.replaceAll('-', ' ')})`, rule)
    }
  }
  return [...silent].map(([about, names]) => `${about}: ${names.join(', ')}.`)
}

function ruleLines(rule: RulePreview, { width, paint }: Reporter, n: number): string[] {
  const [word, value] = boundOf(rule)
  const others = rule.at.map(({ value, alone }) => `${short(value)}: ${thousands(alone)}`).join('   ')
  const examples = (head: string, some: RulePreview['dropped']) =>
    some.slice(0, n).map(({ id, about, value }, i) => {
      const begin = `${i === 0 ? head : ''}`.padEnd(9)
      const mark = `${short(value).padStart(7)}  ${id.slice(0, 12)}  `
      return `${paint('dim', begin)}${mark}${clip(about, width - 11 - mark.length)}`
    })
  return [
    `${paint('yellow', rule.rule)}  ${word} ${short(value)}, by ${rule.by}: drops ${rule.alone} alone and ${rule.first} first, for ${rule.reason}`,
    ...indent([
      `${paint('dim', 'at      ')} ${others}`,
      ...examples('drops', rule.dropped),
      ...examples('keeps', rule.kept),
    ]),
  ]
}
