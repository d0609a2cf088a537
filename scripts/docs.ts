/** Writes the pages of `docs/` that follow from the code: steps, commands, errors. A test holds them to it. */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { builtinSteps } from '../src/builtin-steps.ts'
import { commands, everywhere } from '../src/cli/commands.ts'
import { options as commandOptions } from '../src/cli/options.ts'
import { codes, exits } from '../src/errors/index.ts'
import { describeVerb } from '../src/recipe/index.ts'
import { kinds } from '../src/records/index.ts'
import type { Primitive, Step, Verb } from '../src/steps/index.ts'

/** One line of a recipe for each verb: shown, and expanded to tell what becomes of it. */
const examples: { [verb: string]: string } = {
  chunk: '{ from: handbook, tokens: 1024 }',
  ask: '{ teacher: writer, questions: 10, audience: a graduate student, like: tickets }',
  answer: '{ teacher: solver, samples: 5, agreement: 0.6 }',
  instruct: '{ teacher: writer, domains: [household budgets, bicycle repair], count: 2 }',
  extract: '{ from: handbook, keep: 20%, by: quality }',
  clean: '{ checks: [refusals, truncation, format] }',
  judge: '{ teacher: judge, rubric: accuracy-clarity-usefulness, drop: 30% }',
  length: '{ min: 50, max: 2000 }',
  dedupe: '{ near: 0.8 }',
  decontaminate: '{ against: [gsm8k.jsonl, my-tests.jsonl], ngram: 10 }',
  balance: '{ difficulty: { easy: 3, medium: 5, hard: 2 }, tokens: [200, 4000] }',
  sample: '{ n: 1000 }',
  mix: '{ with: tickets, real: 10% }',
  split: '{ into: { train: 90%, test: 10% } }',
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`
const table = (head: string[], rows: string[][]) =>
  [row(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n')
const code = (text: string) => `\`${text}\``
const generated = '<!-- Written by scripts/docs.ts; change the code it describes instead. -->'
const kindsOf = (takes: readonly string[]) =>
  takes.length === kinds.length ? 'any kind' : takes.length === 0 ? 'nothing' : takes.join(', ')

/** What the example of a verb becomes: primitive steps with their keys. */
function primitives(word: Verb | Step): { key: string; step: Step }[] {
  const line = examples[word.verb]
  if (line === undefined) throw new Error(`scripts/docs.ts has no example for the step ${word.verb}`)
  if (word.shape !== 'verb') return [{ key: word.verb, step: word }]
  const { from: _, ...written } = parse(line.replace(/(\d+)%/g, (_, n: string) => String(Number(n) / 100)))
  const expanded: Primitive[] = word.expand(word.options.parse(written), word.verb)
  return expanded.map(({ as, step }) => ({ key: as === '' ? word.verb : `${word.verb}.${as}`, step }))
}

function stepPage(word: Verb | Step): string {
  const note = describeVerb(word)
  const parts = primitives(word)
  const gives = parts.findLast(({ step }) => step.gives !== 'same')?.step.gives as readonly string[] | undefined
  const options = note.options.map(o => [
    code(o.name),
    o.type,
    o.required ? 'required' : o.default === undefined ? '' : code(JSON.stringify(o.default)),
    o.about,
  ])
  const reasons = parts.filter(({ step }) => step.reasons.length > 0)
  return [
    `## ${note.verb}`,
    '',
    note.about,
    '',
    ['```yaml', `- ${word.verb}: ${examples[word.verb]}`, '```'].join('\n'),
    '',
    `Takes ${kindsOf(note.takes)}; gives ${gives ? gives.join(', ') : 'the same kind'}.`,
    ...(parts.length > 1 ? [`Becomes ${parts.map(({ key }) => code(key)).join(', ')}.`] : []),
    ...(note.source ? [`After ${note.source}.`] : []),
    ...(options.length > 0 ? ['', table(['Option', 'Type', 'Default', 'Meaning'], options)] : []),
    ...(reasons.length > 0 ? ['', 'Reasons for what is dropped, fixed or lost:', ''] : []),
    ...reasons.map(({ key, step }) => `- ${code(key)}: ${step.reasons.map(code).join(', ')}`),
  ].join('\n')
}

function steps(): string {
  return [
    generated,
    '',
    '# Steps',
    '',
    'Every step takes `from:` (a source, an earlier step, or a list of them; default the step before) and `as:` (its key;',
    'default the verb, so a second use of a verb needs one) beside its own options. A number may be written as a percentage.',
    'A verb becomes one or more primitive steps; funnel, rejects and `stillroom show` name these. `stillroom steps describe <verb>`',
    'prints the same.',
    '',
    ...builtinSteps.flatMap(word => [stepPage(word), '']),
  ].join('\n')
}

function errors(): string {
  const exitRows: [keyof typeof exits, string][] = [
    ['done', 'done'],
    ['failed', 'failed'],
    ['usage', 'recipe, command line or environment wrong'],
    ['blocked', "a gate or a teacher's terms block"],
    ['budget', 'budget reached; run it again with a larger one to go on'],
    ['yield', 'a step left nothing, or less than the floor'],
    ['interrupted', 'interrupted; run it again to go on'],
  ]
  const rows = Object.entries(codes).map(([name, { exit, about }]) => [code(name), String(exit), about])
  return [
    generated,
    '',
    '# Errors and exit codes',
    '',
    'Every error has a code and a sentence and, where they apply, a position, what was expected and received, and a hint that',
    'says what to do next. With `--json` the same comes as an object.',
    '',
    table(
      ['Exit code', 'Meaning'],
      exitRows.map(([name, about]) => [String(exits[name]), about]),
    ),
    '',
    table(['Code', 'Exit', 'Meaning'], rows),
    '',
  ].join('\n')
}

function commandPage(): string {
  const optionRow = (name: keyof typeof commandOptions) => [
    code(commandOptions[name].flags),
    commandOptions[name].about,
  ]
  return [
    generated,
    '',
    '# Commands',
    '',
    'A command takes `recipe.yaml` of the current folder unless a recipe is named. Every command takes:',
    '',
    table(['Option', 'Meaning'], everywhere.map(optionRow)),
    '',
    ...Object.entries(commands).flatMap(([name, { operands, about, example, options }]) => [
      `## ${['stillroom', name, operands].filter(Boolean).join(' ')}`.replaceAll('<', '\\<'),
      '',
      about,
      '',
      ['```sh', example, '```'].join('\n'),
      '',
      ...(options.length > 0 ? [table(['Option', 'Meaning'], options.map(optionRow)), ''] : []),
    ]),
  ].join('\n')
}

/** Path below the repository and text of every generated page. */
export function pages(): { [path: string]: string } {
  return { 'docs/steps.md': steps(), 'docs/commands.md': commandPage(), 'docs/errors.md': errors() }
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..')
  for (const [path, text] of Object.entries(pages())) writeFileSync(join(root, path), text)
  console.log(Object.keys(pages()).join('\n'))
}
