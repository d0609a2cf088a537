import { retrieveInstead, strategies, type Use } from '../../govern/index.ts'
import { bytes, counted } from '../figures.ts'
import { askedOf, sameTeacher } from './asked.ts'
import { type Draft, feeding, licenseOf, licensesOf, releaseLicense } from './draft.ts'
import { gateNotes } from './gate-notes.ts'
import { helpers } from './helpers.ts'
import { type Group, languagesOf } from './seen.ts'
import { stepLines } from './step-lines.ts'
import { byRules, proposals, type Teacher } from './teachers.ts'
import { flow, names, note, scalar } from './yaml.ts'

/** A first recipe over what `init` saw, with a word on each line and on how to make it one's own. */
export function recipeText(draft: Draft): string {
  const { answers, decision, seen } = draft
  const feeds = feeding(draft)
  const language = languagesOf(feeds)[0]?.[0] ?? 'en'
  const { goal } = strategies[decision.use]
  return lines([
    ...note(
      `${sentence(goal)}, out of ${feeds.length > 3 ? `${feeds.length} sources` : feeds.map(summary).join('; ')}.`,
    ),
    '# Look: stillroom plan    Try: stillroom preview -n 3    Make: stillroom run',
    ...(decision.is === 'retrieve'
      ? [
          '#',
          ...note(
            `${retrieveInstead.answer} ${retrieveInstead.why} (${retrieveInstead.sources.join('; ')}.) ${retrieveInstead.still}`,
          ),
        ]
      : []),
    ...(decision.is === 'make' && decision.forced
      ? [
          '#',
          ...note(
            'What the sources say changes, and will be wrong in a model that was trained on it: a search over them would not be.',
          ),
        ]
      : []),
    '',
    `name: ${scalar(decision.is === 'retrieve' ? `${answers.name}-exam` : answers.name)}`,
    `use: ${decision.use}`,
    `language: ${language}        # of texts whose own cannot be told`,
    'seed: 1             # of every choice: the same recipe gives the same bytes',
    '',
    ...purposeLines(draft),
    '',
    ...teacherLines(draft),
    ...sourceLines(draft),
    '',
    ...evaluationLines(draft),
    'steps:',
    ...stepLines(draft),
    '',
    ...gateLines(draft, decision.use),
    '',
    ...endLines(draft, feeds),
    ...unusedLines(draft, seen.groups),
  ])
}

/** Lines as a file. */
export const lines = (all: readonly string[]): string =>
  `${all
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`

const sentence = (text: string) => text[0]!.toUpperCase() + text.slice(1)

export function summary({ name, records, atLeast, kind, material, bytes: size }: Group): string {
  const what = kind === 'document' ? 'document' : material === 'people' ? 'person' : 'row'
  const many = what === 'person' ? 'people' : `${what}s`
  return `${name} (${atLeast ? 'over ' : ''}${counted(records, what, many)}, ${bytes(size)})`
}

export function purposeLines({ answers: { purpose } }: Draft): string[] {
  const { base, product, commercial, distribute, regulated } = purpose
  return [
    '# What it is for: licenses of sources and terms of teachers are held against this.',
    'purpose:',
    base ? `  base: ${scalar(base)}` : '  # base: Qwen/Qwen3-8B-Base    # the model to be trained',
    `  product: ${scalar(product ?? 'domain')}       # what the model is to be: domain, assistant, classifier`,
    commercial === undefined
      ? '  # commercial: true      # whether money is made with it'
      : `  commercial: ${commercial}`,
    `  distribute: ${distribute ?? 'private'}     # who gets the model: private or public`,
    ...(regulated === undefined ? [] : [`  regulated: ${regulated}`]),
  ]
}

/** A teacher as the recipe holds it; `more` are options of its sampling. */
export const teacherText = ({ model, at }: Teacher, more = ''): string =>
  `{ model: ${scalar(model)}${at ? `, at: ${scalar(at)}` : ''}${more} }`

function teacherLines(draft: Draft): string[] {
  const [asked, judge] = askedOf(draft)
  if (!asked) return []
  const { role: first, teacher } = asked
  const rules = byRules(teacher)
  return [
    ...(rules
      ? [
          ...note(
            'Who writes and who judges. These two are rules, no language models: no key, no network, and every answer in the words of the document. For data worth more than its source, name a model:',
          ),
          `#   ${first}: { model: ${proposals.deepseek} }            # DEEPSEEK_API_KEY in the environment`,
          `#   ${first}: { model: qwen3-32b, at: "http://localhost:8000/v1" }  # a server of your own`,
        ]
      : note(
          'Who writes and who judges. Keys come from the environment, never from this file; `stillroom terms` tells what each provider allows.',
        )),
    'teachers:',
    `  ${first}: ${teacherText(teacher)}`,
    ...(judge
      ? [
          ...(!rules && sameTeacher(judge.teacher, teacher)
            ? note('Better of another maker: models prefer their own answers.', '  ')
            : []),
          `  judge: ${teacherText(judge.teacher, rules ? '' : ', temperature: 0')}`,
        ]
      : []),
    '',
  ]
}

/** A source as one line. `extra` goes behind what is always said. */
export function sourceLine(group: Group, draft: Draft, more: readonly (readonly [string, string])[] = []): string {
  const { files, table, synthetic } = group
  const license = licenseOf(group, draft.answers)
  const found = draft.answers.license === undefined ? group.license : undefined
  const said =
    found && found.from.length <= 24
      ? `   # by ${found.from}`
      : license === 'unknown'
        ? '   # SPDX id, or proprietary'
        : ''
  const kind = kindOf(group, draft)
  return `  ${scalar(group.name)}: ${flow([
    ['files', typeof files === 'string' ? scalar(files) : `[${files.map(scalar).join(', ')}]`],
    ...(table === undefined ? [] : ([['table', scalar(table)]] as const)),
    ['license', scalar(license)],
    ...(synthetic ? ([['origin', 'synthetic']] as const) : []),
    ...kind,
    ...(chunked(group) ? ([['chunk', 'true']] as const) : []),
    ...more,
  ])}${said}`
}

/** Documents that are longer than a teacher should be shown at once. */
export const chunked = ({ kind, longest }: Group): boolean => kind === 'document' && longest > 2000

function kindOf(group: Group, { decision }: Draft): (readonly [string, string])[] {
  const { kind, columns, material, asked } = group
  if (material === 'exams') return [['exam', 'auto']]
  if (material === 'people' || decision.way === 'table') return [['kind', 'row']]
  if (decision.way === 'edge-cases' && material === 'conversations') return [['kind', 'prompt']]
  const named = asked !== undefined || material === 'votes' || columns
  if (!named || !kind || kind === 'document') return []
  // The columns of a log of votes are read by the step.
  if (material === 'votes') return [['kind', kind]]
  const mapped = Object.entries(columns ?? {}).map(([field, column]) => [field, scalar(column)] as const)
  return [['kind', kind], ...(mapped.length > 0 ? [['columns', flow(mapped)] as const] : [])]
}

function sourceLines(draft: Draft): string[] {
  const { exam, decision } = draft
  const feeds = feeding(draft)
  const helping = helpers(draft)
  return [
    '# What goes in. The license follows every row to the release.',
    'sources:',
    ...feeds.flatMap((group, i) => [
      ...(i > 0 && about(feeds[i - 1]!).join() === about(group).join() ? [] : about(group)),
      sourceLine(group, draft),
    ]),
    ...helping.flatMap(group => [
      ...note(
        group.material === 'queries'
          ? 'What people really asked: how they write is imitated.'
          : 'Real rows that stay in the set.',
        '  ',
      ),
      sourceLine(group, draft),
    ]),
    ...(exam && decision.use !== 'eval-set'
      ? [...note('The exam: read to be kept out, never rows.', '  '), `  exam: ${examSource(exam)}`]
      : []),
  ]
}

/** An exam as a source. */
export const examSource = ({ path, is }: { path: string; is: 'release' | 'file' }): string =>
  is === 'release'
    ? `{ files: ${scalar(`${path}/data/**/*.{parquet,jsonl}`)}, license: unknown }`
    : `{ files: ${scalar(path)}, license: unknown, exam: auto }`

function about(group: Group): string[] {
  const found = Object.keys(group.personal)
  const said = [
    ...(group.shape && group.material !== 'documents' ? [`Told as ${group.shape}.`] : []),
    ...(chunked(group) ? ['Long documents are cut into pieces of about 800 tokens.'] : []),
    ...(group.material === 'conversations' && !group.synthetic
      ? ['If a model wrote the answers, say so: `teacher: <provider>/<model>`.']
      : []),
    ...(found.length > 0 && group.kind !== undefined ? [`Holds personal data: ${found.slice(0, 4).join(', ')}.`] : []),
  ]
  return said.length > 0 ? note(said.join(' '), '  ') : []
}

/** Exam and baseline come before the training: named, or how to get them. */
function evaluationLines(draft: Draft): string[] {
  const { answers, exam, decision } = draft
  if (decision.is === 'retrieve') return []
  if (decision.use === 'eval-set') {
    return [
      ...note(
        'The data whose model this judges: a recipe, or the folder of a release. Its writers must be of another family.',
      ),
      '# evaluation: { training: ../training/recipe.yaml }',
      '',
    ]
  }
  if (decision.use === 'privacy') return []
  const named = [
    ...(exam?.is === 'release' ? ([['exam', scalar(exam.path)]] as const) : []),
    ...(answers.baseline ? ([['baseline', scalar(answers.baseline)]] as const) : []),
  ]
  if (named.length > 0)
    return [
      '# What the model will be judged by, and what the base model scored on it.',
      `evaluation: ${flow(named)}`,
      '',
    ]
  if (exam || !proposesExam(draft)) {
    if (exam || decision.way === 'edge-cases') return []
    return [
      ...note(
        'Bring an exam, and measure the base model on it, before you train: without both nobody can tell whether the data helped. `stillroom import benchmark` brings one in, `stillroom evaluate` measures. Both are older than release.date.',
      ),
      '# evaluation: { exam: <folder of a release>, baseline: evaluations/<name> }',
      '',
    ]
  }
  return [
    ...note(
      'First an exam and a baseline, or nobody can tell whether the data helped. Then name both here, and let release.date be a later day than theirs:',
    ),
    '#   stillroom run exam.yaml',
    `#   stillroom evaluate releases/${examName(draft)}-0.1.0 --model <base model> --at <its server>`,
    `# evaluation: { exam: releases/${examName(draft)}-0.1.0, baseline: evaluations/<name> }`,
    '',
  ]
}

export const examName = ({ answers }: Draft): string => `${answers.name}-exam`

/** Fewer than these are too few to hold an exam out of them that is worth asking. */
const [enoughRecords, enoughTokens] = [8, 20_000]

/** An exam recipe is written beside where there is none yet, and something worth asking about was held out. */
export function proposesExam(draft: Draft): boolean {
  const { exam, decision, examiner } = draft
  if (exam !== undefined || decision.is !== 'make') return false
  const feeds = feeding(draft)
  const sum = (of: (group: Group) => number) => feeds.reduce((all, group) => all + of(group), 0)
  if (sum(group => group.records) < enoughRecords && sum(group => group.tokens) < enoughTokens) return false
  if (['teach-documents', 'curate-conversations'].includes(decision.way)) return true
  return ['teach-queries', 'edge-cases'].includes(decision.way) && !byRules(examiner)
}

export function gateLines(draft: Draft, use: Use): string[] {
  const notes = gateNotes(draft, use)
  const ids = (stands: string) => notes.filter(one => one.stands === stands)
  const told = (list: typeof notes) => list.map(({ id, how }) => `#     ${id.padEnd(17)}${how}`)
  const met = ids('met').map(({ id }) => id)
  return [
    `# Gates of ${use}: one that blocks stops the release, what is not known is told.`,
    ...(met.length > 0 ? note(`  met here: ${met.join(', ')}`) : []),
    ...(ids('open').length > 0 ? ['#   left to you:', ...told(ids('open'))] : []),
    ...(ids('after').length > 0 ? ['#   known after the run (stillroom check):', ...told(ids('after'))] : []),
  ]
}

export function endLines(draft: Draft, feeds: readonly Group[]): string[] {
  const { answers, date } = draft
  const licenses = [...feeds, ...helpers(draft).filter(({ material }) => material === 'conversations')].flatMap(group =>
    licensesOf(group, answers),
  )
  const paid = askedOf(draft).some(one => one.paid)
  return [
    ...(paid
      ? [
          '# Never exceeded, also not by calls in the air. `stillroom plan --pilot 20` tells what all will cost.',
          `budget: { usd: ${answers.budget} }`,
          '',
        ]
      : []),
    '# Written at the end of a run, when no gate blocks.',
    `release: { version: 0.1.0, license: ${releaseLicense(licenses, answers.purpose)}, date: ${date} }`,
  ]
}

/** Sources that this recipe does not use, so that nobody looks for them in vain. */
function unusedLines(draft: Draft, groups: readonly Group[]): string[] {
  const used = new Set([...feeding(draft), ...helpers(draft)])
  const left = groups.filter(group => !used.has(group))
  if (left.length === 0) return []
  const how: { [material: string]: string } = {
    people: 'about people: stillroom init --use privacy, in a folder of its own',
    preferences: 'pairs for preference training, after this: a recipe of their own',
    votes: 'votes: a recipe of their own, with the step thumbs',
    exams: 'an exam: keep it out with decontaminate',
    tables: 'rows of an unknown shape: say what they hold with kind: and columns:',
  }
  return [
    '',
    '# Not used here:',
    ...left.map(
      group => `#   ${names([group.name])}: ${how[group.material ?? 'tables'] ?? group.shape ?? group.material}`,
    ),
  ]
}
