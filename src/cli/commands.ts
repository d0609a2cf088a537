import type { Io } from './io.ts'
import type { Given, OptionName } from './options.ts'

/** One call of a command: operands, options, and the world around. Resolves to the exit code. */
export type Call = { args: string[]; given: Given; io: Io }
export type Run = (call: Call) => Promise<number>

export type Command = {
  /** Operands as help shows them: `<needed>`, `[optional]`. */
  operands: string
  /** One sentence. */
  about: string
  /** A real command line. */
  example: string
  options: readonly OptionName[]
  /** Loaded when the command is called, so that help is there at once. */
  load(): Promise<{ run: Run }>
}

/** Taken by every command. */
export const everywhere = ['workspace', 'json', 'plain'] as const satisfies OptionName[]

/** The commands in the order in which help shows them. A name of two words is a command below another. */
export const commands: { [name: string]: Command } = {
  init: {
    operands: '[folder]',
    about:
      'Looks at the files of a folder, asks what the data is for, writes a commented recipe with its gates, and tries it on three records.',
    example: 'stillroom init docs --yes',
    options: [
      ...([
        'yes',
        'use',
        'changes',
        'force',
        'exam',
        'baseline',
        'base',
        'product',
        'commercial',
        'distribute',
      ] as const),
      ...(['license', 'teacher', 'at', 'budget', 'name', 'preview'] as const),
    ],
    load: () => import('./verbs/init.ts'),
  },
  read: {
    operands: '<path...>',
    about:
      'Reads files, folders or patterns without a recipe: what of each format is read, how much text that is, what is not and why.',
    example: 'stillroom read docs',
    options: ['n', 'full'],
    load: () => import('./verbs/read.ts'),
  },
  plan: {
    operands: '[recipe]',
    about:
      'Checks a recipe and shows what a run would do and cost: without a call and without a key, or with a small pilot.',
    example: 'stillroom plan recipe.yaml --pilot 20',
    options: ['pilot', 'limit', 'set'],
    load: () => import('./verbs/plan.ts'),
  },
  prices: {
    operands: '[recipe]',
    about:
      'Lists the prices that come along, with dates and sources; for a recipe that is named, what its teachers cost.',
    example: 'stillroom prices recipe.yaml',
    options: [],
    load: () => import('./verbs/prices.ts'),
  },
  preview: {
    operands: '[recipe]',
    about: 'Runs a recipe on a few records and prints what came out in full.',
    example: 'stillroom preview -n 3',
    options: ['n'],
    load: () => import('./verbs/preview.ts'),
  },
  run: {
    operands: '[recipe]',
    about: 'Runs a recipe to its end, or on from where it stopped, and releases what it made.',
    example: 'stillroom run recipe.yaml --show 3',
    options: ['limit', 'verify', 'release', 'show', 'background'],
    load: () => import('./verbs/run.ts'),
  },
  rounds: {
    operands: '[recipe]',
    about:
      'Runs a recipe once for each of its rounds, or on from where they stopped, a release each; ends when rows drift.',
    example: 'stillroom rounds recipe.yaml',
    options: ['background'],
    load: () => import('./verbs/rounds.ts'),
  },
  status: {
    operands: '[recipe]',
    about: 'Says how the last runs ended, who works here now, and what to do next.',
    example: 'stillroom status',
    options: ['n'],
    load: () => import('./verbs/status.ts'),
  },
  logs: {
    operands: '[run]',
    about:
      'Tells what happened in a run, a line an event; with -f as it happens, to its end. The newest run unless named.',
    example: 'stillroom logs -f',
    options: ['follow', 'n', 'recipe'],
    load: () => import('./verbs/logs.ts'),
  },
  stop: {
    operands: '[recipe]',
    about: 'Stops what is at work in a workspace cleanly, as an interrupt does: what is in the air still lands.',
    example: 'stillroom stop',
    options: [],
    load: () => import('./verbs/stop.ts'),
  },
  show: {
    operands: '<id>',
    about: 'Tells the whole story of one record on one screen: source, license, prompt, teacher, terms, judge, gates.',
    example: 'stillroom show 3fa2c1',
    options: ['full', 'recipe'],
    load: () => import('./verbs/show.ts'),
  },
  'show rows': {
    operands: '',
    about: 'Prints rows of the last finished run, picked by a seed.',
    example: 'stillroom show rows -n 5 --seed 1',
    options: ['n', 'seed', 'full', 'recipe'],
    load: () => import('./verbs/show-rows.ts'),
  },
  'show rejects': {
    operands: '',
    about: 'Prints what the last run dropped, each with its reason, evidence and, for bad replies, prompt and reply.',
    example: 'stillroom show rejects --reason unparseable -n 3',
    options: ['step', 'reason', 'n', 'full', 'recipe'],
    load: () => import('./verbs/show-rejects.ts'),
  },
  'show overlaps': {
    operands: '[recipe]',
    about: 'Prints what the last run found of test sets: items and shares of each set, and each hit with both texts.',
    example: 'stillroom show overlaps -n 3',
    options: ['n', 'full', 'recipe'],
    load: () => import('./verbs/show-overlaps.ts'),
  },
  'show rules': {
    operands: '[recipe]',
    about:
      'Shows what each threshold of the rules drops of the last run, what it would drop at other values, and texts beside it.',
    example: 'stillroom show rules --set rules.gopher-quality.min-words=40',
    options: ['step', 'n', 'set', 'recipe'],
    load: () => import('./verbs/show-rules.ts'),
  },
  bias: {
    operands: '[recipe or release]',
    about: 'Tells who is spoken of in the rows, in which words, and whom filters, judges and preferences favour.',
    example: 'stillroom bias recipe.yaml',
    options: ['recipe'],
    load: () => import('./verbs/bias.ts'),
  },
  report: {
    operands: '[recipe|release|file]',
    about:
      'Compares rows with real ones: how far they drift, what they lack, what gives them away; a page with pictures.',
    example: 'stillroom report recipe.yaml --real tickets --of prompt',
    options: ['real', 'of', 'step', 'teacher', 'seed', 'out', 'recipe'],
    load: () => import('./verbs/report.ts'),
  },
  collapse: {
    operands: '<corpus>',
    about:
      'Shows on your own text what becomes of data made from data made from data: what is lost, and which workflow bounds it.',
    example: 'stillroom collapse docs --seeds 8',
    options: ['generations', 'seeds', 'share', 'threads'],
    load: () => import('./verbs/collapse.ts'),
  },
  privacy: {
    operands: '<real> <synthetic>',
    about:
      'Compares a synthetic table, or synthetic texts, with what they were made from: copies, attacks, likeness, use.',
    example: 'stillroom privacy real.csv synthetic.csv --holdout holdout.csv',
    options: ['holdout', 'canaries', 'target', 'types', 'seed'],
    load: () => import('./verbs/privacy.ts'),
  },
  'train plan': {
    operands: '[recipe|release]',
    about:
      'Proposes how to train a model on a release: phases, methods with reasons, settings, memory, hours, dollars, licenses.',
    example: 'stillroom train plan releases/support-tutor-0.1.0 --base Qwen/Qwen3-8B-Base --gpu H100',
    options: ['base', 'size', 'gpu', 'gpus', 'adapter', 'method', 'context', 'tooLong'],
    load: () => import('./verbs/train-plan.ts'),
  },
  'train write': {
    operands: '[recipe|release]',
    about: 'Writes a training into its folder: rows, configs that its trainer was held against, scripts, commands.',
    example: 'stillroom train write recipe.yaml',
    options: ['base', 'size', 'gpu', 'gpus', 'adapter', 'method', 'context', 'tooLong'],
    load: () => import('./verbs/train-write.ts'),
  },
  retry: {
    operands: '',
    about: 'Has the calls behind the drops of one reason asked again by the next run.',
    example: 'stillroom retry --reason unparseable --step judge',
    options: ['reason', 'step', 'recipe'],
    load: () => import('./verbs/retry.ts'),
  },
  replay: {
    operands: '[recipe]',
    about:
      'Runs with other options over the replies already paid for, without a call, and shows funnel and rows before and after.',
    example: 'stillroom replay --set judge.drop=20%',
    options: ['set', 'limit', 'n'],
    load: () => import('./verbs/replay.ts'),
  },
  diff: {
    operands: '[a] [b]',
    about:
      'Compares two recipes, runs or releases: what changed, why each row came or went, what runs again; alone, the last two runs.',
    example: 'stillroom diff releases/support-tutor-0.1.0 releases/support-tutor-0.2.0 -n 3',
    options: ['n', 'recipe'],
    load: () => import('./verbs/diff.ts'),
  },
  batches: {
    operands: '[recipe]',
    about: 'Lists the batches of teachers in `mode: batch`: where each stands, and at which provider.',
    example: 'stillroom batches',
    options: [],
    load: () => import('./verbs/batches.ts'),
  },
  'batches cancel': {
    operands: '[batch]',
    about: 'Cancels one batch or all under way; replies that are there are kept, the rest can be asked again.',
    example: 'stillroom batches cancel 3fa2c1',
    options: ['recipe'],
    load: () => import('./verbs/batches-cancel.ts'),
  },
  check: {
    operands: '[recipe]',
    about: 'Evaluates the gates over the last finished run.',
    example: 'stillroom check',
    options: [],
    load: () => import('./verbs/check.ts'),
  },
  release: {
    operands: '[recipe|release]',
    about:
      'Writes the release of a finished run, or with --partial of what is paid for so far; with --prove, the proof of one row.',
    example: 'stillroom release --prove 3fa2c1',
    options: ['partial', 'prove', 'out', 'key'],
    load: () => import('./verbs/release.ts'),
  },
  audit: {
    operands: '[recipe|release]',
    about: 'Has a sample of rows judged by people or by a teacher of another family: at most how many rows are wrong.',
    example: 'stillroom audit --teacher judge --gold known.jsonl',
    options: ['step', 'n', 'seed', 'teacher', 'people', 'gold', 'sameFamily', 'recipe'],
    load: () => import('./verbs/audit.ts'),
  },
  evaluate: {
    operands: '[recipe|exam|release]',
    about: 'Has a model sit an exam and grades it: the exams of a recipe, a benchmark, or an eval-set release.',
    example: 'stillroom evaluate question.jsonl --model tutor --at http://localhost:8000/v1 --judge openai/gpt-5.2',
    options: [
      ...(['model', 'at', 'judge', 'judgeAt', 'layout', 'shots', 'samples', 'references', 'against'] as const),
      ...(['limit', 'name', 'license', 'out', 'print'] as const),
    ],
    load: () => import('./verbs/evaluate.ts'),
  },
  verify: {
    operands: '<release>',
    about:
      'Checks a release against its manifest and signature, byte by byte and row by row; or a certificate of erasure.',
    example: 'stillroom verify releases/support-tutor-0.1.0',
    options: ['key'],
    load: () => import('./verbs/verify.ts'),
  },
  push: {
    operands: '<release>',
    about:
      'Uploads a release, or an export with a card, to the Hugging Face Hub: verified first, one commit, tagged with its version.',
    example: 'stillroom push releases/support-tutor-0.1.0 --to <owner>/support-tutor',
    options: ['to', 'public', 'version', 'key', 'dryRun'],
    load: () => import('./verbs/push.ts'),
  },
  'evaluate compare': {
    operands: '<base> <tuned...>',
    about:
      'Compares evaluations item by item, or results of lm-evaluation-harness: what moved, how sure that is, and what could not have been seen.',
    example: 'stillroom evaluate compare evaluations/base evaluations/tuned --items 3',
    options: ['common', 'items', 'failIf', 'out'],
    load: () => import('./verbs/evaluate-compare.ts'),
  },
  'evaluate export': {
    operands: '<exam file|release|recipe>',
    about:
      'Writes exam records as tasks of lm-evaluation-harness: YAML and JSON Lines, one task for each way of grading.',
    example: 'stillroom evaluate export releases/exam-0.1.0 --out lm-eval/exam',
    options: ['name', 'out'],
    load: () => import('./verbs/evaluate-export.ts'),
  },
  'evaluate import': {
    operands: '<results>',
    about: 'Reads results of lm-evaluation-harness with their samples as an evaluation, whoever wrote the tasks.',
    example: 'stillroom evaluate import results/my-model --name tuned',
    options: ['name', 'out'],
    load: () => import('./verbs/evaluate-import.ts'),
  },
  keys: {
    operands: '[folder]',
    about:
      'Prints the public half of the key that signs the releases of a workspace, and makes the key where there is none.',
    example: 'stillroom keys',
    options: [],
    load: () => import('./verbs/keys.ts'),
  },
  gc: {
    operands: '[recipe]',
    about:
      'Shows what no recipe in the folder needs of the workspace, by kind and size, and with --yes removes it; paid replies never.',
    example: 'stillroom gc',
    options: ['yes', 'keep', 'also'],
    load: () => import('./verbs/gc.ts'),
  },
  erase: {
    operands: '[recipe]',
    about:
      'Shows what an erasure would take with it, and with --yes carries it out: sources, tasks, journal, releases; and certifies it.',
    example: 'stillroom erase --subject "Ann Example" --note "request of 3 March"',
    options: ['subject', 'row', 'source', 'note', 'by', 'key', 'yes', 'destroyKey'],
    load: () => import('./verbs/erase.ts'),
  },
  terms: {
    operands: '[recipe]',
    about: 'Shows what the terms of each teacher of a recipe say about its purpose.',
    example: 'stillroom terms recipe.yaml',
    options: [],
    load: () => import('./verbs/terms.ts'),
  },
  'terms list': {
    operands: '',
    about: 'Lists the register of terms: what is known, as of when, and how sure it is.',
    example: 'stillroom terms list',
    options: [],
    load: () => import('./verbs/terms-list.ts'),
  },
  'terms accept': {
    operands: '<provider>',
    about: 'Records who read and accepts which version of a provider’s terms.',
    example: 'stillroom terms accept openai --by "<your name>" --version 2025-05-31',
    options: ['by', 'version', 'note', 'recipe'],
    load: () => import('./verbs/terms-accept.ts'),
  },
  doctor: {
    operands: '[recipe]',
    about:
      'Looks at machine, keys, recipe and workspace; with --teacher asks one teacher a few short questions, and says what it can do and what that cost.',
    example: 'stillroom doctor --teacher writer',
    options: ['teacher', 'at', 'recipe'],
    load: () => import('./verbs/doctor.ts'),
  },
  'steps list': {
    operands: '',
    about: 'Lists the steps that a recipe can use.',
    example: 'stillroom steps list',
    options: [],
    load: () => import('./verbs/steps-list.ts'),
  },
  'steps describe': {
    operands: '<verb>',
    about: 'Describes one step: options, kinds, reasons and source of the method.',
    example: 'stillroom steps describe answer',
    options: [],
    load: () => import('./verbs/steps-describe.ts'),
  },
  'steps schema': {
    operands: '',
    about: 'Prints the JSON Schema of the recipe language, for editors.',
    example: 'stillroom steps schema > recipe.schema.json',
    options: [],
    load: () => import('./verbs/steps-schema.ts'),
  },
  'import completions': {
    operands: '',
    about: 'Brings stored completions of a provider, or an export of them, into a file that a source reads.',
    example: 'stillroom import completions --from https://api.openai.com/v1 --metadata project=tutor',
    options: ['from', 'metadata', 'model', 'key', 'out'],
    load: () => import('./verbs/import-completions.ts'),
  },
  export: {
    operands: '<target> [release]',
    about:
      'Writes a release as a trainer or vendor reads it (trl, axolotl, llama-factory, unsloth, openai, together, fireworks, alpaca, sharegpt, kto, hub); as jsonl, csv or parquet, what a step of the last run gave, for people to look at and change.',
    example: 'stillroom export trl --reasoning inline --context 4096 --too-long drop',
    options: [
      ...['type', 'reasoning', 'context', 'tooLong', 'tokenizer', 'dryRun'],
      ...['step', 'unanswered', 'n', 'seed', 'out', 'recipe'],
    ] as OptionName[],
    load: () => import('./verbs/export.ts'),
  },
  'export model': {
    operands: '',
    about: 'Saves the classifier that a step of the last run learnt, and its card, for recipes to use.',
    example: 'stillroom export model --step educational --out models/educational.json',
    options: ['step', 'out', 'recipe'],
    load: () => import('./verbs/export-model.ts'),
  },
  'import edits': {
    operands: '<file>',
    about: 'Reads an export that people changed back: as reviews, which a step of the recipe applies.',
    example: 'stillroom import edits tutor-judge.csv --by "<your name>"',
    options: ['by', 'out', 'recipe'],
    load: () => import('./verbs/import-edits.ts'),
  },
  'import answers': {
    operands: '<file>',
    about:
      'Reads what people answered to prompts that no teacher could: as conversations, which a source of the recipe reads.',
    example: 'stillroom import answers tutor-unanswered-verify.csv --by "<your name>"',
    options: ['by', 'license', 'out', 'recipe'],
    load: () => import('./verbs/import-answers.ts'),
  },
  'import benchmark': {
    operands: '<path>',
    about: 'Brings a benchmark into the folder beside recipes, for `decontaminate` to keep out of what is made.',
    example: 'stillroom import benchmark gsm8k/test.jsonl --name gsm8k --license MIT',
    options: ['name', 'license', 'columns', 'version', 'date', 'uri', 'out'],
    load: () => import('./verbs/import-benchmark.ts'),
  },
  'train lint': {
    operands: '<file>',
    about:
      'Holds a config of a trainer against the keys that its version takes: unknown keys, wrong values, settings that clash.',
    example: 'stillroom train lint simpo.yaml --trainer axolotl',
    options: ['trainer', 'command'],
    load: () => import('./verbs/train-lint.ts'),
  },
  'train run': {
    operands: '[folder|recipe]',
    about:
      'Trains what `train write` wrote: phase one until its held-out loss settles, hand-over, phase two, evaluation; goes on where it was stopped.',
    example: 'stillroom train run training/support-tutor-0.1.0',
    options: ['unsettled'],
    load: () => import('./verbs/train-run.ts'),
  },
  'train status': {
    operands: '[folder|recipe]',
    about: 'Says how far a training is, draws its curves, and what to do next.',
    example: 'stillroom train status training/support-tutor-0.1.0',
    options: [],
    load: () => import('./verbs/train-status.ts'),
  },
  simulate: {
    operands: '',
    about: 'Serves a simulated model over the OpenAI and Anthropic protocols until interrupted.',
    example: 'stillroom simulate --port 4010 --latency 200 --error-rate 0.02',
    options: [
      'port',
      'seed',
      'latency',
      'msPerToken',
      'rpm',
      'tpm',
      'concurrency',
      'queue',
      'headers',
      'cache',
      'batchLooks',
      'errorRate',
      'malformedRate',
      'refusalRate',
      'answers',
      'faults',
    ],
    load: () => import('./verbs/simulate.ts'),
  },
}
