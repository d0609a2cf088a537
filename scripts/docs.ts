/** Writes the pages of `docs/` that follow from the code: recipe, steps, commands, errors, exports. A test holds them to it. */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { type ZodType, z } from 'zod'
import { builtinSteps } from '../src/builtin-steps.ts'
import { commands, everywhere } from '../src/cli/commands.ts'
import { options as commandOptions } from '../src/cli/options.ts'
import { codes, exits } from '../src/errors/index.ts'
import { builtinGates } from '../src/govern/index.ts'
import { describeVerb, type OptionNote, recipeJsonSchema, recipeSchema, trainConfig } from '../src/recipe/index.ts'
import { kinds } from '../src/records/index.ts'
import { wordsOf } from '../src/run/index.ts'
import { chunkOptions, sourceConfig } from '../src/sources/index.ts'
import type { Primitive, Step, Verb } from '../src/steps/index.ts'
import { poolConfig, priceConfig, priceEntry, teacherConfig } from '../src/teachers/index.ts'
import { exportReasons, targets } from '../src/train/index.ts'

/** One line of a recipe for each verb: shown, and expanded to tell what becomes of it. */
const examples: { [verb: string]: string } = {
  chunk: '{ from: handbook, tokens: 1024 }',
  ask: '{ teacher: writer, questions: 10, audience: a graduate student, like: tickets }',
  answer: '{ teacher: solver, samples: 5, agreement: 0.6 }',
  'edge-cases': '{ from: queries, teacher: writer, held: held, by: [topic, length] }',
  instruct: '{ teacher: writer, domains: [household budgets, bicycle repair], count: 2 }',
  exercises: '{ teacher: writer, exercises: 3, code: python }',
  'from-queries': '{ from: tickets, teacher: writer, variants: 3 }',
  redistil: '{ from: logs, teacher: solver }',
  backtranslate: '{ from: handbook, teacher: writer, min: 5 }',
  'multi-document': '{ from: handbook, teacher: writer, documents: 3 }',
  rephrase: '{ from: handbook, teacher: writer, styles: [faq, tutorial], names: 60% }',
  rewrite: '{ from: letters, teacher: writer, run: 10, carried: 1 }',
  translate: '{ from: handbook, teacher: writer, to: ja, kind: document, register: polite, back: judge, min: 40% }',
  persona: '{ from: handbook, teacher: writer, hops: 2, tasks: [a question from their work, a maths problem] }',
  syllabus: '{ from: handbook, teacher: writer, subjects: [bicycle repair, household budgets], depth: 2, count: 5 }',
  'self-instruct': '{ from: tickets, teacher: writer, target: 2000, waves: 2 }',
  novelty: '{ below: 0.7, against: [tickets] }',
  evolve: '{ from: tickets, teacher: writer, waves: 2 }',
  'evolve-answers': '{ teacher: solver, waves: 2, keep: last }',
  counterfactual: '{ teacher: judge, against: judge/overall, attribute: gender, mark: 6 }',
  'critique-revise': '{ teacher: writer, constitution: helpful-harmless-honest, rounds: 2, keep: all }',
  textbook: '{ from: handbook, teacher: writer, styles: [textbook, story], waves: 2 }',
  tools:
    '{ teacher: writer, tools: tools.json, count: 200, styles: { single: 4, parallel: 2, irrelevance: 1 }, judge: judge }',
  ground: '{ teacher: solver, entailment: judge, citations: keep, support: 60% }',
  dialogue: '{ teacher: solver, user: writer, turns: [2, 4] }',
  magpie: '{ teacher: qwen, samples: 1000, topics: [tax law, physics homework] }',
  marginals: '{ from: people, epsilon: 2 }',
  'gaussian-copula': '{ from: people, rows: 5000 }',
  mst: '{ from: people, epsilon: 2, budget: 4, columns: { age: { min: 0, max: 120 } } }',
  classifier: '{ from: handbook, teacher: judge, labels: 2000, rubric: educational }',
  extract: '{ from: handbook, keep: 20%, by: quality }',
  rules: '{ profiles: [gopher-repetition, fineweb], gopher-quality: { min-words: 40 } }',
  language: '{ keep: [en, ja], confidence: 0.65 }',
  'personal-data': '{ action: surrogate, ner: local }',
  clean: '{ checks: [refusals, truncation, format] }',
  judge: '{ teacher: judge, rubric: accuracy-clarity-usefulness, drop: 30% }',
  compare: '{ from: answer.draw, teacher: judge }',
  reward: '{ teacher: reward-model, drop: 20% }',
  perplexity: '{ of: completion, above: 2000, drop: 5% }',
  ifd: '{ teacher: student, keep: 10% }',
  deita: '{ teacher: judge, by: expectation }',
  verify: '{ by: maths, keep: distinct, difficulty: [0.25, 0.75] }',
  best: '{ by: judge/overall }',
  distinct: '{ by: equations }',
  length: '{ min: 50, max: 2000 }',
  dedupe: '{ near: 0.8 }',
  'dedupe-substring': '{ tokens: 100, action: cut }',
  decontaminate: '{ against: [gsm8k, my-tests.jsonl], ngram: 10 }',
  vectors: '{ of: prompt }',
  topics: '{ topics: 40, vectors: vectors }',
  select: '{ method: diverse, size: 6000, by: deita/score }',
  balance: '{ difficulty: { easy: 3, medium: 5, hard: 2 }, tokens: [200, 4000] }',
  sample: '{ n: 1000 }',
  privacy: '{ training: people, holdout: unseen }',
  canaries: '{ from: letters, secrets: 50 }',
  'canary-check': '{ planted: canaries }',
  holdout: '{ from: handbook, share: 10% }',
  resample: '{ like: tickets, share: 50% }',
  review: '{ reviews: reviews/tutor-judge.jsonl }',
  mix: '{ with: tickets, real: 10% }',
  accumulate: '{ with: tickets, real: 10% }',
  split: '{ into: { train: 90%, test: 10% } }',
  rank: '{ by: [judge/accuracy, judge/usefulness], pairs: best-random, margin: 1, length: balanced }',
  contrast: '{ from: critique-revise }',
  'verified-pairs': '{ by: verify/correct, most: 2 }',
  'self-play': '{ from: tickets, teacher: student }',
  'self-reward': '{ teacher: student, candidates: 4, marks: 3 }',
  thumbs: '{ from: log, columns: { vote: rating } }',
  'preference-bias': '{ margin: rank/margin }',
  sit: '{ from: exams, teacher: solver, shots: { from: exams, n: 4 } }',
  'sit-likelihood': '{ from: exams, teacher: student, length: bytes }',
  grade: '{ judge: judge, samples: 3, marks: 10 }',
}

/** Outside code spans a sign of HTML would vanish with what follows it. */
const cell = (text: string) =>
  text
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
    .replace(/`[^`]*`|</g, found => (found === '<' ? '\\<' : found))
const row = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`
const table = (head: string[], rows: string[][]) =>
  [row(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n')
const code = (text: string) => `\`${text}\``
const generated = '<!-- Written by scripts/docs.ts; change the code it describes instead. -->'
const kindsOf = (takes: readonly string[]) =>
  takes.length === kinds.length ? 'any kind' : takes.length === 0 ? 'nothing' : takes.join(', ')

/** An empty object as default says no more than none. */
const presetOf = ({ required, default: preset }: OptionNote) =>
  required ? 'required' : preset === undefined || JSON.stringify(preset) === '{}' ? '' : code(JSON.stringify(preset))
const optionTable = (head: string, notes: OptionNote[]) =>
  table(
    [head, 'Type', 'Default', 'Meaning'],
    notes.map(note => [code(note.name), note.type, presetOf(note), note.about]),
  )

/** What the example of a verb becomes: primitive steps with their keys. */
function primitives(word: Verb | Step): { key: string; step: Step; from?: string[] }[] {
  const line = examples[word.verb]
  if (line === undefined) throw new Error(`scripts/docs.ts has no example for the step ${word.verb}`)
  if (word.shape !== 'verb') return [{ key: word.verb, step: word }]
  const { from: _, ...written } = parse(line.replace(/(\d+)%/g, (_, n: string) => String(Number(n) / 100)))
  const expanded: Primitive[] = word.expand(word.options.parse(written), word.verb)
  return expanded.map(({ as, step, from }) => ({ key: as === '' ? word.verb : `${word.verb}.${as}`, step, from }))
}

function stepPage(word: Verb | Step): string {
  const note = describeVerb(word)
  const parts = primitives(word)
  const maker = parts.findLast(({ step, from }) => step.gives !== 'same' || from?.includes('$in'))
  const gives = maker?.step.gives !== 'same' && (maker?.step.gives as readonly string[] | undefined)
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
    ...(note.options.length > 0 ? ['', optionTable('Option', note.options)] : []),
    ...(reasons.length > 0 ? ['', 'Reasons for what is dropped, fixed or lost:', ''] : []),
    ...reasons.map(({ key, step }) => `- ${code(key)}: ${step.reasons.map(code).join(', ')}`),
  ].join('\n')
}

/** A recipe with every key of the top level; a test plans it. */
const exampleRecipe = `\
name: support-tutor
use: fine-tuning
purpose:                       # terms and licenses are checked against it
  base: Qwen/Qwen3-8B-Base
  product: domain
  commercial: true
  distribute: private
  users: under-700M
  regulated: false
evaluation: {}                 # releases that judge and are judged, such as exam: releases/exam-0.1.0
language: en
seed: 7
tokenizer: o200k_base

teachers:
  writer:
    model: deepseek/deepseek-v4-flash            # a provider; the key comes from DEEPSEEK_API_KEY
    price: { input: 0.3, output: 1.2 }           # dollars per million tokens; left out, a known price counts
    temperature: 0.8
    max_tokens: 2048
    rpm: 300
  solver:
    model: qwen3-32b                             # a server of your own
    at: http://localhost:8000/v1
    license: Apache-2.0
    price: free
    concurrency: 16
  judge: { model: builtin/heuristic }            # rules instead of a model

sources:
  handbook:
    files: [docs/**/*.md, faq.md]
    license: CC-BY-4.0
    uri: https://example.org/handbook
    chunk: { tokens: 1024, overlap: 64 }
  tickets:
    files: logs/tickets.jsonl
    license: proprietary
    origin: real
    kind: conversation
    id: ticket
    columns: { messages: turns, topic: queue }

steps:
  - extract: { from: handbook, keep: 20% }
  - ask: { teacher: writer, questions: 10, audience: a new colleague, like: tickets }
  - answer: { teacher: solver, samples: 5, agreement: 60% }
  - clean                                        # a step without options
  - judge: { teacher: judge, drop: 30% }
  - use: ./polite.ts                             # a step of your own
    as: polite
    options: { least: 1 }
  - dedupe: { near: 0.8 }
  - mix: { with: tickets, real: 10% }
  - split: { from: mix, into: { train: 90%, test: 10% } }
  - accumulate: { with: tickets }                # where the rows of all rounds meet

rounds:                                          # \`stillroom rounds\`: solver is trained on each release and answers again
  n: 2
  student: solver
  revisions: [base, r1]
train:                                           # \`stillroom train plan\`: what is left out is proposed, with its reasons
  base: Qwen/Qwen3-8B-Base
  adapter: qlora
  hardware: { gpu: L40S }
prices: prices.yaml                              # before those that come along
budget: { usd: 50, calls: 20000 }
gates:                                           # needed here because no step is \`decontaminate\`
  decontaminated: { override: people compare the answers and no test set is used }
floor: 100
release:
  version: 0.1.0
  license: proprietary
  date: 2026-11-20
  previous: none
  configs: { conversation: tutor }
  splits: [train, test]
`

/** Keys of an object's schema, named below `under` where it stands inside another. */
function keysOf(schema: ZodType, under = ''): OptionNote[] {
  const object: Verb = { shape: 'verb', verb: '', about: '', takes: [], options: schema, expand: () => [] }
  return describeVerb(object).options.map(note => ({ ...note, name: under + note.name }))
}

/** The keys that every step has stand together only in the schema for editors, where a step of one's own comes last. */
function stepKeys(schema: ReturnType<typeof recipeJsonSchema>): OptionNote[] {
  const { steps } = schema.properties as { steps: { items: { oneOf: { description: string }[] } } }
  const own = steps.items.oneOf.at(-1)!
  const about: { [key: string]: string } = { use: own.description, options: 'Options of a step of your own' }
  const notes = keysOf(z.fromJSONSchema(own))
  return ['as', 'from', 'use', 'options'].map(name => {
    const note = notes.find(known => known.name === name)!
    return { ...note, required: false, about: note.about || about[name]! }
  })
}

/** Blocks of `train:` whose keys are listed one by one. */
const blocksOfTrain = {
  hardware: () => trainConfig.shape.hardware.unwrap(),
  sft: () => trainConfig.shape.sft.unwrap(),
  preference: () => trainConfig.shape.preference.unwrap(),
  settle: () => trainConfig.shape.settle.unwrap(),
  track: () => trainConfig.shape.track.unwrap(),
  evaluate: () => trainConfig.shape.evaluate.unwrap(),
} as const satisfies { [block: string]: () => z.ZodObject }

function recipePage(): string {
  const words = wordsOf(builtinSteps)
  const { shape } = recipeSchema(words)
  const gates = Object.entries(shape.gates.unwrap().shape)
  const types: { [key: string]: string } = {
    purpose: 'see [purpose](#purpose)',
    evaluation: 'see [evaluation](#evaluation)',
    teachers: 'names, a [teacher](#a-teacher) or a [pool](#a-pool-of-teachers) each',
    sources: 'names, a [source](#a-source) each',
    budget: 'see [budget](#budget)',
    rounds: 'see [rounds](#rounds)',
    train: 'see [train](#train)',
    prices: 'see [prices](#prices)',
    gates: 'see [gates](#gates)',
    release: 'see [release](#release)',
    steps: 'list of [steps](#a-step)',
  }
  const top = keysOf(recipeSchema(words)).map(note => ({ ...note, type: types[note.name] ?? note.type }))
  const section = (title: string, about: string[], notes: OptionNote[], after: string[] = []) => [
    ...[`## ${title}`, '', ...(about.length > 0 ? [...about, ''] : []), optionTable('Key', notes), ''],
    ...(after.length > 0 ? [...after, ''] : []),
  ]
  const columns = sourceConfig.shape.columns.unwrap().keyType.options.map(code)
  return [
    generated,
    '',
    '# The recipe',
    '',
    'A recipe is a YAML file, or a module whose default export is `defineRecipe({ .. })`. An unknown key is an error.',
    '',
    '- **Percentages.** A number among the options of a step may be written as one: `30%` is `0.3`. Elsewhere it may not.',
    '- **Paths** in `files`, `tokenizer`, `use` and the options of steps are relative to the folder of the recipe.',
    '- **Names** of teachers, sources and steps are letters, digits, `-` and `_`.',
    '',
    '`stillroom steps schema` prints the same as JSON Schema for editors; [steps.md](steps.md) has the options of each step.',
    '',
    ...section('Top level', [], top),
    ...section(
      'purpose',
      ['A field that is left out is not assumed: a rule that asks for its value does not apply.'],
      keysOf(shape.purpose),
    ),
    ...section(
      'evaluation',
      ['Paths are relative to the recipe. What is left out, gates answer `unknown` about.'],
      keysOf(shape.evaluation),
    ),
    ...section(
      'A teacher',
      ['One entry of `teachers`. Sampling parameters that are left out are not sent.'],
      keysOf(teacherConfig).flatMap(note => [
        note,
        ...(note.name === 'price' ? keysOf(priceConfig.options[1], 'price.') : []),
        ...(note.name === 'batch' ? keysOf(teacherConfig.shape.batch, 'batch.') : []),
        ...(note.name === 'then' ? keysOf(teacherConfig.shape.then, 'then.') : []),
      ]),
      [
        'A model of any provider of the AI SDK is a teacher through a module of your own beside the recipe:',
        '',
        ['```ts', "import { google } from '@ai-sdk/google'", "export default google('gemini-2.5-pro')", '```'].join(
          '\n',
        ),
        '',
        ['```yaml', 'writer: { model: google/gemini-2.5-pro, use: ./gemini.ts }', '```'].join('\n'),
        '',
        'Its default export is a model object, a teacher after `stillroom/teachers`, or a function of the environment that gives',
        'either. `model` says whose terms hold, what it costs and what records name; the module must give that model. Every',
        'setting that changes replies belongs into the recipe, or into a `revision`: the code of the module is no identity.',
        '',
        'A model of `createOpenAICompatible` sends no JSON schema unless that is given `supportsStructuredOutputs: true`; for a',
        'server that takes none write `schema: false`, and prompts say what a reply must look like. Neither asks anew what was',
        'answered before: `stillroom retry --reason unparseable` does.',
      ],
    ),
    ...section(
      'A pool of teachers',
      [
        'Several teachers under one name. Each record has one of them, by weight and by its own id, so that a run again chooses',
        'alike and another member moves only its share. Members may be pools. A fallback of a member counts before that of its',
        'pool. What a teacher refuses goes to `then.refusal` as often as the recipe runs; `then.outage` is asked only while a',
        'teacher is down, and the answer is kept with its name. Terms, keys and prices are asked of all that may answer.',
      ],
      keysOf(poolConfig).flatMap(note => [
        note,
        ...(note.name === 'then' ? keysOf(poolConfig.shape.then, 'then.') : []),
      ]),
      [
        [
          '```yaml',
          'teachers:',
          '  large: { model: deepseek/deepseek-v4-pro }',
          '  small: { model: mistral/mistral-small-2603, then: { outage: large } }',
          '  writers: { any-of: { large: 1, small: 3 }, then: { refusal: large } }',
          '```',
        ].join('\n'),
      ],
    ),
    ...section(
      'A source',
      ['One entry of `sources`.'],
      keysOf(sourceConfig).flatMap(note => [note, ...(note.name === 'chunk' ? keysOf(chunkOptions, 'chunk.') : [])]),
      [
        `Fields that \`columns\` fills: ${columns.join(', ')}.`,
        '',
        'A file that ends in .sqlite, .sqlite3 or .db is a database, and its rows are those of any other table:',
        '',
        [
          '```yaml',
          'tickets: { files: support.sqlite, table: tickets, id: number, license: proprietary }',
          'solved:',
          '  files: support.sqlite',
          '  sql: select asked, said from tickets join replies using (number) where solved order by number',
          '  columns: { prompt: asked, completion: said }',
          '  license: proprietary',
          '```',
        ].join('\n'),
        '',
        'A query is one `select`, `with` or `values`. Nothing is written, and chance and the clock are refused, so that the same',
        'file gives the same rows. Without `order by` they come as SQLite finds them, those of a table by rowid. Whole numbers',
        'past 2^53 become text, bytes base64, 0 and 1 of a column declared boolean false and true; dates stay as they are stored.',
        'While a program has changes that are not in the file yet (`-wal` beside it), the file is not read.',
        '',
        'Answers that a model has written before are a source too: what `stillroom import completions` brings, an export of',
        'stored completions, a log of requests and responses, or any set of conversations. `teacher` says who wrote them. They',
        "are synthetic, each record names its model, and the gate of the terms looks at that model's provider. Rows that name a",
        'model themselves are rejected without it. Read as `kind: prompt`, a log gives the questions of people, which are real.',
      ],
    ),
    ...section(
      'A step',
      [
        'A step is a verb alone (`- clean`), a verb with its options (`- judge: { teacher: judge }`), or the path of your own',
        'module (`- use: ./mine.ts`). `as` and `from` stand among the options of a verb and beside `use`.',
      ],
      stepKeys(recipeJsonSchema(words)),
    ),
    ...section(
      'prices',
      [
        'A file of prices of your own, YAML or JSON: a list of these. `price` of a teacher counts first, then the entry of this',
        'file that names the model best, then those that come along (`stillroom prices`). Dollars per million tokens.',
      ],
      keysOf(priceEntry).flatMap(note => [
        note,
        ...(note.name === 'long' ? keysOf(priceEntry.shape.long, 'long.') : []),
      ]),
      [
        [
          '```yaml',
          '- { provider: openai, model: gpt-4.1-mini, input: 0.32, output: 1.28, batch: 0.5, date: 2026-11-01, source: our contract }',
          '- { provider: self, model: qwen*, input: 0.1, output: 0.1 }',
          '```',
        ].join('\n'),
      ],
    ),
    ...section(
      'budget',
      [
        'Everything spent in the workspace counts, of earlier runs too. A call is reserved at its worst case before it is sent;',
        'at the limit the run pauses with exit code 4.',
      ],
      keysOf(shape.budget),
    ),
    ...section(
      'gates',
      ['A gate that blocks stops the release with exit code 3 until it is overridden in writing.'],
      gates.flatMap(([gate, override]) => keysOf(override, `${gate}.`)),
      builtinGates.map(({ id, about, uses }) => `- ${code(id)}, required for ${uses.map(code).join(', ')}: ${about}`),
    ),
    ...section(
      'rounds',
      [
        'A student answers, is trained on the release, and answers again: `stillroom rounds` runs the recipe `n` times, a release',
        'each (`0.1.0-r1`, ...). The step `accumulate` says where new rows, real rows and those of earlier rounds become one set.',
        'Rows are a generation deeper than what their student was trained on. A round whose rows drift from those of the first',
        'one ends with exit code 5. `between.run` finds STILLROOM_RELEASE (the folder), STILLROOM_ROUND, STILLROOM_STUDENT and',
        'STILLROOM_REVISION in its environment, and STILLROOM_NEXT_REVISION where `revisions` lists one; killed in between, it is',
        'run again.',
      ],
      keysOf(shape.rounds.unwrap()).flatMap(note => [
        note,
        ...(note.name === 'between' ? keysOf(shape.rounds.unwrap().shape.between, 'between.') : []),
        ...(note.name === 'stop' ? keysOf(shape.rounds.unwrap().shape.stop, 'stop.') : []),
      ]),
    ),
    ...section(
      'train',
      [
        'A model is trained in two phases, each a run of its own. `stillroom train plan` proposes what is left out here, with its',
        'reasons, and says what it takes; `train write` writes what the trainer reads; `train run` runs it.',
        '',
        'Phase two begins when the held-out loss of phase one has settled: after `settle.patience` looks in a row without one',
        'that is lower than the best before it by the share `settle.min-delta`. Falls too small to count alone add up, a loss that',
        'is no number is no better one, and the first look is where counting begins. Phase one is then asked to save and end, and',
        'the checkpoint with the lowest held-out loss is handed over. A loss that has not settled when the steps are over ends the',
        'training with exit code 5: write it again with more epochs, and phase one goes on where it is, or go on with',
        '`--unsettled`. Without held-out rows nobody can tell, and phase one goes to its end. Phase two is not cut short.',
        '',
        '`train run` may be stopped at any instant, and goes on when it is called again: a finished phase is never repeated, one',
        'that is not goes on from its last whole checkpoint. The first Ctrl-C lets the trainer save; the second does not. What a',
        'killed run left at work is ended first. `run/state.json` in the folder of the training says how far it is,',
        '`run/events.ndjson` what happened, `model.json` where the model comes from: releases, configs, libraries, figures, and',
        'what the license of the base asks. A license that forbids what `purpose` says ends it with exit code 3. Rows that were',
        'edited since `train write` end it before a phase learns from them. With `evaluate:` the base and what came out are',
        'compared at the end as `evaluate compare` does it, and `model.json` says what moved.',
        '',
        "Exports and trainings take the release of the recipe's own version; where that is not released, the newest one of its",
        'name, and say so.',
        '',
        'Trainers on transformers are reached through a `sitecustomize` that Python imports by itself: it writes figures down',
        'with their steps, goes on from a checkpoint and asks for the end. A trainer of your own takes part by three things of',
        'its environment: it goes on from the folder STILLROOM_RESUME where that is set, ends behind a checkpoint once the file',
        '`stop` appears in the folder STILLROOM_BRIDGE, and adds lines to `log.ndjson` there:',
        '`{"event": "began", "step": 0, "of": 900, "versions": {..}}` and `{"event": "log", "step": 10, "of": 900, "figures": {"loss": 2.1}}`.',
        'Of others what they print and the `trainer_state.json` of their checkpoints is read, and they are ended by SIGTERM.',
      ],
      keysOf(shape.train.unwrap()).flatMap(note => {
        const inner = Object.hasOwn(blocksOfTrain, note.name)
          ? blocksOfTrain[note.name as keyof typeof blocksOfTrain]()
          : undefined
        return [note, ...(inner ? keysOf(inner, `${note.name}.`) : [])]
      }),
    ),
    ...section('release', ['`stillroom run` releases what it made under these names.'], keysOf(shape.release)),
    '## Example',
    '',
    ['```yaml', `${exampleRecipe}\`\`\``].join('\n'),
    '',
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

function exportPage(): string {
  return [
    generated,
    '',
    '# Exports',
    '',
    '`stillroom export <target>` writes a release as a trainer or vendor reads it: whole files in `exports/<release>-<target>`, a',
    'folder for each type, a file for each split, and `export.json` with release, options, counts and what was left out. What is',
    'left out or cut stands row by row in `left-out.jsonl`.',
    '',
    'Every row keeps its id: in the column `id`, or for vendors that take no further columns line by line in',
    '`<split>.ids.jsonl`, together with what their format cannot hold. A source with `id: id` reads names and content back.',
    '',
    'Reasoning is written inline as `<think>` before the answer, separate under `reasoning_content` or `thinking`, or dropped.',
    'Good and bad rows of labelled types stand in turn. For trainers, columns that only some rows have stand in all of them, and the shortest',
    'rows that have them go first, since `datasets` takes the types of a file from its first megabytes. `tools` is a JSON string',
    'for trainers, which parse it, and a list for vendors.',
    '',
    'With `--context` rows are counted as a trainer would see them (5 tokens a turn for the marks of a chat template; of a pair,',
    'the prompt with its longer side). `--too-long` says what becomes of longer ones: `stop` writes nothing, `drop` leaves them',
    'out, `truncate` takes later exchanges away and then cuts the end of answers; prompts and calls of tools are never cut.',
    '',
    ...targets.flatMap(({ name, about, types, ids }) => [
      `## ${name}`,
      '',
      `${about}. Ids stand ${ids === 'column' ? 'in the column `id`' : 'in `<split>.ids.jsonl`'}.`,
      '',
      table(
        ['Type', 'Kinds', 'Reasoning', 'Rows'],
        Object.entries(types).map(([type, { kinds, converts = {}, reasoning, about }]) => [
          code(type),
          [...kinds, ...Object.keys(converts).map(kind => `${kind} when asked for`)].join(', '),
          kinds.some(kind => kind !== 'document' && kind !== 'row') ? reasoning.join(', ') : '',
          about,
        ]),
      ),
      '',
    ]),
    '## Left out',
    '',
    table(
      ['Reason', 'Meaning'],
      Object.entries(exportReasons).map(([reason, about]) => [code(reason), about]),
    ),
    '',
  ].join('\n')
}

/** Path below the repository and text of every generated page. */
export function pages(): { [path: string]: string } {
  return {
    'docs/recipe.md': recipePage(),
    'docs/steps.md': steps(),
    'docs/commands.md': commandPage(),
    'docs/errors.md': errors(),
    'docs/exports.md': exportPage(),
  }
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..')
  for (const [path, text] of Object.entries(pages())) writeFileSync(join(root, path), text)
  console.log(Object.keys(pages()).join('\n'))
}
