/** How a value on the command line is read. `list` may be given several times. */
type ValueKind = 'flag' | 'text' | 'whole' | 'count' | 'port' | 'number' | 'share' | 'list'

type Option = { flags: string; is: ValueKind; about: string }

/** Every option of every command, once. A key is the long name in camel case, as the parser hands it over. */
export const options = {
  workspace: {
    flags: '--workspace <dir>',
    is: 'text',
    about: 'folder of journal, tasks and runs (default: .stillroom beside the recipe)',
  },
  recipe: {
    flags: '--recipe <file>',
    is: 'text',
    about: 'recipe that the workspace belongs to (default: recipe.yaml here)',
  },
  json: { flags: '--json', is: 'flag', about: 'machine-readable: events as NDJSON, then one result object' },
  plain: { flags: '--plain', is: 'flag', about: 'no colour, no redrawing, 100 columns; what a pipe gets' },
  limit: { flags: '--limit <n>', is: 'whole', about: 'let only n records through to the first paid step' },
  pilot: { flags: '--pilot <n>', is: 'whole', about: 'run n records first, and forecast everything from them' },
  verify: { flags: '--verify', is: 'flag', about: 'read every source file again instead of trusting size and time' },
  release: { flags: '--no-release', is: 'flag', about: 'stop before the release' },
  background: {
    flags: '--background',
    is: 'flag',
    about: 'run as a process of its own that outlives the shell; `logs -f` follows it, `stop` stops it',
  },
  follow: { flags: '-f, --follow', is: 'flag', about: 'go on until the run ends, and end with its exit code' },
  show: { flags: '--show <n>', is: 'whole', about: 'print n of the rows made' },
  unanswered: {
    flags: '--unanswered <key>',
    is: 'text',
    about: 'prompts of which nothing is left behind this step, for people to answer',
  },
  n: { flags: '-n <n>', is: 'whole', about: 'how many' },
  seed: { flags: '--seed <n>', is: 'whole', about: 'seed of what is chosen or made up (default: 1)' },
  full: { flags: '--full', is: 'flag', about: 'print content unabridged' },
  step: { flags: '--step <key>', is: 'text', about: 'step key, for example judge or judge.cut' },
  reason: { flags: '--reason <slug>', is: 'text', about: 'reason, for example unparseable' },
  set: { flags: '--set <step.option=value>', is: 'list', about: 'another value for one option of a step; repeatable' },
  to: { flags: '--to <owner/name>', is: 'text', about: 'repository of the Hugging Face Hub that is pushed to' },
  public: { flags: '--public', is: 'flag', about: 'let everybody read what is pushed (default: a private repository)' },
  dryRun: { flags: '--dry-run', is: 'flag', about: 'only say what would be done, ask nobody and write nothing' },
  partial: { flags: '--partial', is: 'flag', about: 'release what is paid for; leave the other roots out' },
  keep: { flags: '--keep <run>', is: 'list', about: 'a run whose rows and rejects stay as well; repeatable' },
  also: {
    flags: '--also <what>',
    is: 'list',
    about:
      'free this as well: pages or hub (copies that are fetched again when needed), releases (tasks behind releases, which hold their own evidence); repeatable',
  },
  subject: {
    flags: '--subject <text>',
    is: 'text',
    about: 'erase whatever holds these words, or fits a pattern written as /.../',
  },
  row: { flags: '--row <id>', is: 'text', about: 'erase one record, with the source rows it was made of' },
  source: {
    flags: '--source <name>',
    is: 'text',
    about: 'erase what came from a source, or with <name>/<path> from one of its files',
  },
  destroyKey: {
    flags: '--destroy-key',
    is: 'flag',
    about: 'destroy the key of erasures: tombstones match nothing any more, and nothing is kept out of sources',
  },
  prove: {
    flags: '--prove <id>',
    is: 'text',
    about: 'write the proof of one row of the release, to be checked offline',
  },
  out: {
    flags: '--out <path>',
    is: 'text',
    about:
      'where to write: the folder of a release (default: releases beside the recipe), the file of an import (default: completions.jsonl), the folder of benchmarks (default: benchmarks), of an export (default: exports/<release>-<target>), of evaluations (default: evaluations beside the recipe; of an import evaluations/<name>) or of tasks (default: lm-eval/<name>), or a page (.html)',
  },
  type: {
    flags: '--type <type>',
    is: 'text',
    about:
      'form of the rows, such as messages, prompt-completion, preference, unpaired or rlvr, or sft, dpo, kto, grpo (default: by the kinds of the release)',
  },
  reasoning: {
    flags: '--reasoning <how>',
    is: 'text',
    about: 'inline as <think> in the answer, separate (reasoning_content), thinking, or drop (default: inline)',
  },
  tokenizer: {
    flags: '--tokenizer <file>',
    is: 'text',
    about: "tokenizer.json that tokens are counted by (default: the recipe's, else o200k_base)",
  },
  from: { flags: '--from <file|url>', is: 'text', about: 'an export as JSON Lines, or the base URL of an API' },
  metadata: { flags: '--metadata <k=v>', is: 'list', about: 'only completions with this label; repeatable' },
  model: {
    flags: '--model <name>',
    is: 'text',
    about:
      'of an import, only completions of this model; of an evaluation, the student, as <provider>/<model> or any name with --at',
  },
  at: {
    flags: '--at <url>',
    is: 'text',
    about: 'base URL that serves the student, or the teacher of init or doctor, such as http://localhost:8000/v1',
  },
  judge: {
    flags: '--judge <name>',
    is: 'text',
    about: 'model that judges, as <provider>/<model> or any name with --judge-at',
  },
  judgeAt: { flags: '--judge-at <url>', is: 'text', about: 'base URL that serves the judge' },
  layout: { flags: '--layout <name>', is: 'text', about: 'form of a benchmark (default: told from its columns)' },
  shots: { flags: '--shots <n>', is: 'whole', about: 'worked examples of the file before each question (llm-jp-eval)' },
  samples: { flags: '--samples <n>', is: 'count', about: 'answers an item (default: 1)' },
  references: {
    flags: '--references <file>',
    is: 'text',
    about: 'reference answers of MT-Bench for questions that are judged beside one',
  },
  against: {
    flags: '--against <folder>',
    is: 'text',
    about: 'has the judge compare answers as well: with those of another evaluation, or with the `reference`',
  },
  print: { flags: '--print', is: 'flag', about: 'print the recipe that the options amount to, and run nothing' },
  key: {
    flags: '--key <key>',
    is: 'text',
    about:
      'of an import, the environment variable that holds the API key (default: OPENAI_API_KEY, for OpenAI alone); of a release, the file of the key that signs (default: that of the workspace); of verify, the file of the public key to check by',
  },
  by: {
    flags: '--by <name>',
    is: 'text',
    about: 'who read and accepts the terms, reviewed rows, or asks for an erasure',
  },
  version: {
    flags: '--version <v>',
    is: 'text',
    about:
      'version or date of the terms that were read, or of a benchmark; of a pushed folder that is no release, its tag',
  },
  name: {
    flags: '--name <name>',
    is: 'text',
    about: 'what recipes call the benchmark, or what an evaluation, its tasks or a new dataset are called',
  },
  license: {
    flags: '--license <id>',
    is: 'text',
    about:
      'license of the benchmark, the exam, what people wrote or (init) the sources, as an SPDX identifier; default of init what files beside them say',
  },
  columns: {
    flags: '--columns <part=column>',
    is: 'list',
    about: 'column of a part (prompt, second, context, choices, answer, wrong, test) where it is not found; repeatable',
  },
  uri: { flags: '--uri <address>', is: 'text', about: 'where the benchmark was published' },
  date: { flags: '--date <date>', is: 'text', about: 'date of the benchmark, for its manifest' },
  note: { flags: '--note <text>', is: 'text', about: 'why, for the record and the card' },
  teacher: {
    flags: '--teacher <name>',
    is: 'text',
    about:
      'teacher of the recipe that judges; of init, the model that writes, and of doctor, the one that is asked: <provider>/<model>, or any with --at',
  },
  people: {
    flags: '--people <file>',
    is: 'text',
    about: 'file for people to judge in, csv or jsonl: written where it does not exist, else read',
  },
  gold: { flags: '--gold <file>', is: 'text', about: 'rows whose truth is known, with a column `verdict`' },
  sameFamily: {
    flags: '--same-family',
    is: 'flag',
    about: 'allow a judge of a family that wrote the rows; the result says so',
  },
  real: {
    flags: '--real <source|path>',
    is: 'text',
    about: 'real rows to compare with: a source of the recipe, a file, a folder',
  },
  of: { flags: '--of <part>', is: 'text', about: 'prompt, completion or all: the part that is compared' },
  generations: { flags: '--generations <n>', is: 'count', about: 'generations after the real data (default: 10)' },
  seeds: { flags: '--seeds <n>', is: 'count', about: 'runs of each workflow; a verdict takes 5 (default: 5)' },
  share: { flags: '--share <x>', is: 'share', about: 'share of real text that is kept beside new text (default: 0.1)' },
  holdout: {
    flags: '--holdout <file>',
    is: 'text',
    about: 'real rows that nothing was made from; without them copying cannot be told',
  },
  canaries: {
    flags: '--canaries <file>',
    is: 'text',
    about: 'rows that the step `canaries` planted secrets in, which are looked for in the synthetic texts',
  },
  trainer: {
    flags: '--trainer <name>',
    is: 'text',
    about: 'trl, axolotl, llama-factory or unsloth (default: told by the keys)',
  },
  command: {
    flags: '--command <name>',
    is: 'text',
    about: 'command of TRL that the config is for, for example dpo (default: told by the keys)',
  },
  target: {
    flags: '--target <column>',
    is: 'text',
    about: 'column that a model learns to tell (default: the last with few labels)',
  },
  types: {
    flags: '--types <column=type>',
    is: 'list',
    about: 'type of a column (number, date, category, boolean, text, id) where it is taken for another; repeatable',
  },
  base: {
    flags: '--base <model>',
    is: 'text',
    about: 'model to be trained, on the Hub or a folder (default: train.base or purpose.base of the recipe)',
  },
  size: { flags: '--size <n>', is: 'text', about: 'parameters of the base where nothing says it: 8B, 30B-A3B' },
  gpu: { flags: '--gpu <kind>', is: 'text', about: 'kind of GPU, as the table lists them (default: A100-80G)' },
  gpus: { flags: '--gpus <n>', is: 'count', about: 'GPUs of one node (default: 1)' },
  adapter: { flags: '--adapter <kind>', is: 'text', about: 'lora, qlora or full (default: qlora)' },
  method: {
    flags: '--method <name>',
    is: 'text',
    about: 'method of phase two: auto, none, dpo, ipo, kto, simpo, orpo or grpo (default: auto)',
  },
  context: {
    flags: '--context <n>',
    is: 'count',
    about: 'tokens of the longest row that is trained on (default of a training: 2048; of an export, none)',
  },
  tooLong: {
    flags: '--too-long <what>',
    is: 'text',
    about: 'drop, truncate or stop at longer rows, which are counted and listed (default: stop)',
  },
  common: {
    flags: '--common',
    is: 'flag',
    about: 'compare the items that both evaluations have where their exams differ',
  },
  items: {
    flags: '--items <n>',
    is: 'whole',
    about: 'show n items of each line that came out otherwise, with both answers',
  },
  failIf: {
    flags: '--fail-if <verdict>',
    is: 'text',
    about:
      'exit with 3 when anything is worse, or with not-better when nothing is better; also when a shared task is left out',
  },
  threads: { flags: '--threads <n>', is: 'count', about: 'threads to work in (default: one a core)' },
  use: {
    flags: '--use <what>',
    is: 'text',
    about: 'fine-tuning, eval-set, edge-cases or privacy (default: by what is there)',
  },
  changes: {
    flags: '--changes <how>',
    is: 'text',
    about: 'how often what the files say changes: rarely, monthly or weekly (default: rarely)',
  },
  exam: {
    flags: '--exam <path>',
    is: 'text',
    about: 'exam that the model will be judged by, or none (default: none; one is proposed)',
  },
  baseline: {
    flags: '--baseline <path>',
    is: 'text',
    about: 'what the base model scored on it, or none (default: none)',
  },
  product: {
    flags: '--product <what>',
    is: 'text',
    about: 'what the model is to be: domain, assistant, classifier (default: domain)',
  },
  commercial: {
    flags: '--commercial <yes|no|open>',
    is: 'text',
    about: 'whether money is made with it (default: open)',
  },
  distribute: { flags: '--distribute <whom>', is: 'text', about: 'who gets it: private or public (default: private)' },
  budget: {
    flags: '--budget <usd>',
    is: 'number',
    about: 'dollars that are never exceeded, where a teacher costs any (default: 20)',
  },
  preview: { flags: '--no-preview', is: 'flag', about: 'write the recipe and make no preview' },
  force: { flags: '--force', is: 'flag', about: 'train although the knowledge changes; nothing is ever overwritten' },
  yes: { flags: '--yes', is: 'flag', about: 'ask nothing: take the defaults, or do what an erasure or gc would do' },
  unsettled: {
    flags: '--unsettled',
    is: 'flag',
    about: 'go on to phase two although the held-out loss of phase one has not settled',
  },
  port: { flags: '--port <n>', is: 'port', about: 'port to listen on (default: any free one)' },
  latency: { flags: '--latency <ms>', is: 'number', about: 'milliseconds before a reply' },
  errorRate: { flags: '--error-rate <x>', is: 'share', about: 'share of requests answered with 500, from 0 to 1' },
  malformedRate: { flags: '--malformed-rate <x>', is: 'share', about: 'share of structured replies with spoilt JSON' },
  refusalRate: { flags: '--refusal-rate <x>', is: 'share', about: 'share of requests that are refused' },
  rpm: { flags: '--rpm <n>', is: 'count', about: 'requests a minute; beyond them the answer is 429' },
  concurrency: { flags: '--concurrency <n>', is: 'count', about: 'requests at a time; beyond them the answer is 429' },
  queue: { flags: '--queue', is: 'flag', about: 'lets requests beyond --concurrency wait, instead of 429' },
  msPerToken: { flags: '--ms-per-token <ms>', is: 'number', about: 'milliseconds more for each output token' },
  tpm: { flags: '--tpm <n>', is: 'count', about: 'tokens a minute, input and output; beyond them the answer is 429' },
  headers: { flags: '--headers <vendor>', is: 'text', about: 'rate-limit headers as openai or anthropic send them' },
  batchLooks: { flags: '--batch-looks <n>', is: 'whole', about: 'looks at a batch until it ends (default: 2)' },
  cache: { flags: '--cache <n>', is: 'count', about: 'keeps prompt prefixes of at least n tokens, and reports them' },
  answers: { flags: '--answers <file>', is: 'text', about: 'what to say to which prompts, as JSON Lines' },
  faults: {
    flags: '--faults <file>',
    is: 'text',
    about: 'faults, fates of batches, capacity and prices, as YAML or JSON',
  },
} as const satisfies { [name: string]: Option }

export type OptionName = keyof typeof options
type ValueOf<K extends ValueKind> = K extends 'flag'
  ? boolean
  : K extends 'text'
    ? string
    : K extends 'list'
      ? string[]
      : number
/** What a command was given. */
export type Given = { [O in OptionName]?: ValueOf<(typeof options)[O]['is']> }

/** Reads one value; a string says what was expected. */
export function readValue(is: ValueKind, text: string, earlier: unknown): { value: unknown } | { expected: string } {
  if (is === 'list') return { value: [...((earlier as string[] | undefined) ?? []), text] }
  if (is === 'text' || is === 'flag') return { value: text }
  const { pattern, from = 0, to = Number.MAX_SAFE_INTEGER, expected } = numbers[is]
  const value = Number(text)
  return pattern.test(text) && value >= from && value <= to ? { value } : { expected }
}

const whole = /^\d+$/
const decimal = /^\d+(\.\d+)?$/
type NumberKind = Exclude<ValueKind, 'flag' | 'text' | 'list'>
const numbers: { [K in NumberKind]: { pattern: RegExp; from?: number; to?: number; expected: string } } = {
  whole: { pattern: whole, expected: 'a whole number' },
  count: { pattern: whole, from: 1, expected: 'a whole number from 1' },
  port: { pattern: whole, to: 65_535, expected: 'a port, from 0 to 65535' },
  number: { pattern: decimal, expected: 'a number' },
  share: { pattern: decimal, to: 1, expected: 'a share from 0 to 1' },
}
