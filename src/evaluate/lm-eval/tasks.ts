import { join } from 'node:path'
import { Document, type Scalar, stringify } from 'yaml'
import { digestOf, type Json, type Rec } from '../../records/index.ts'
import { type Doc, docOf, type Form, type LeftOut } from './doc.ts'

export type Task = { task: string; form: Form['is']; items: number }

/** What lies in the folder of an export by path, and what became of each item. */
export type ExportedTasks = {
  files: { [path: string]: string }
  /** What `--tasks` takes for all of them. */
  name: string
  tasks: Task[]
  left: { [reason in LeftOut]?: number }
}

export type TaskSource = {
  name: string
  version: string | number
  license?: string
  /** Where the folder lies, absolute: the harness looks for data from wherever it is started. */
  dir: string
}

/**
 * Exam records as tasks of lm-evaluation-harness 0.4.9 and later: a YAML file and a JSON Lines file for each form of grading, a
 * group over several. Questions go out as they are, so that a task asks what `stillroom evaluate` asks; choices are compared
 * by likelihood, free answers by what a filter finds in the reply.
 */
export function exportTasks(
  exams: Iterable<Rec<'exam'>>,
  { name: given, version, license, dir }: TaskSource,
): ExportedTasks {
  const name = given.replaceAll(/[^A-Za-z0-9_.-]+/g, '_')
  const forms = new Map<string, { form: Form; docs: Doc[] }>()
  const left: ExportedTasks['left'] = {}
  for (const exam of exams) {
    const found = docOf(exam)
    if (typeof found === 'string') {
      left[found] = (left[found] ?? 0) + 1
      continue
    }
    const key = suffixOf(found.form)
    if (!forms.has(key)) forms.set(key, { form: found.form, docs: [] })
    forms.get(key)!.docs.push(found.doc)
  }
  const files: ExportedTasks['files'] = {}
  const tasks = [...forms.keys()].sort().map((key): Task => {
    const { form, docs } = forms.get(key)!
    const task = forms.size === 1 ? name : `${name}_${key}`
    const { rows, shielded } = shieldDates(docs)
    const exam = digestOf(docs.map(({ digest }) => digest))
    const metadata = { version, exam, ...(license ? { license } : {}) }
    files[`${task}.jsonl`] = rows.map(row => `${JSON.stringify(row)}\n`).join('')
    files[`${task}.yaml`] = yamlOf({
      task,
      dataset_path: 'json',
      dataset_kwargs: { data_files: { test: join(dir, `${task}.jsonl`) } },
      test_split: 'test',
      num_fewshot: 0,
      ...settingsOf(form, shielded),
      metadata,
    })
    return { task, form: form.is, items: docs.length }
  })
  if (tasks.some(({ form }) => form === 'regex')) files['grade.py'] = grader
  if (tasks.length > 1)
    files[`${name}.yaml`] = yamlOf({ group: name, task: tasks.map(({ task }) => task), metadata: { version } })
  if (tasks.length > 0) files['README.md'] = readme(tasks.length > 1 ? name : tasks[0]!.task, tasks)
  return { files, name: tasks.length > 1 ? name : (tasks[0]?.task ?? name), tasks, left }
}

function suffixOf(form: Form): string {
  if (form.is === 'choice') return form.joined ? 'choice_joined' : 'choice'
  if (form.is !== 'exact') return form.is
  return `exact${form.case ? '_case' : ''}${form.several ? '_several' : ''}`
}

/** Tokens at which a reply ends, besides the model's own: some servers return them as text. */
const until = ['</s>', '<|im_end|>', '<|eot_id|>', '<|endoftext|>']
const free = (most: number) => ({
  output_type: 'generate_until',
  generation_kwargs: { until, max_gen_toks: most, do_sample: false, temperature: 0 },
})
const first = { function: 'take_first' }
const pick = (name: string, pattern: string) => ({
  name,
  filter: [{ function: 'regex', regex_pattern: pattern, group_select: -1 }, first],
})
const mean = (metric: string, more: object = {}) => ({ metric, aggregation: 'mean', higher_is_better: true, ...more })

/** What a reply says behind a mark of the answer: `Answer: 12`, `the answer is 12`, `答えは 12`, `#### 12`. */
const said = String.raw`(?i:answer(?: is|:)|####|答え(?:は|:|：)|正解は|回答(?:は|:|：))[*_\s]*[:：]?[*_\s]*`
const number = String.raw`-?\d[\d,]*(?:\.\d+)?`
const boxed = String.raw`\\boxed\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}`
/** `42.0`, `42.50` and `1,000` as `42`, `42.5` and `1000`. */
const notation = [',', String.raw`(?<=\d)\.0+$`, String.raw`(?<=\.\d)0+$`, String.raw`(?<=\.\d\d)0+$`]
const spelling = [
  String.raw`\s`,
  String.raw`\\(?:left|right|displaystyle|[,;!])`,
  '[$.]+$',
  String.raw`^\$+`,
  String.raw`(?<=\\)[dt](?=frac)`,
]

function settingsOf(form: Form, shielded: ReadonlySet<string>): { [key: string]: unknown } {
  const target = shielded.has('target') ? '{{target[1:]}}' : 'target'
  const text = { doc_to_text: 'text', doc_to_target: target }
  switch (form.is) {
    case 'choice':
      return {
        output_type: 'multiple_choice',
        doc_to_text: 'text',
        doc_to_target: 'answer',
        doc_to_choice: shielded.has('choices') ? "{{choices | map('regex_replace', '^=', '') | list}}" : 'choices',
        target_delimiter: form.joined ? '' : ' ',
        metric_list: [mean('acc'), mean('acc_norm')],
      }
    case 'number':
      return {
        ...free(1024),
        ...text,
        filter_list: [
          pick('stated', `(?:${said}|\\\\boxed\\{)[^\\d\\n-]{0,20}(${number})`),
          pick('last-number', `(${number})`),
        ],
        metric_list: [mean('exact_match', { regexes_to_ignore: notation })],
      }
    case 'maths':
      return {
        ...free(1024),
        ...text,
        filter_list: [pick('boxed', boxed), pick('stated', `${said}(.+?)\\s*(?:\\n|$)`)],
        metric_list: [mean('exact_match', { regexes_to_ignore: spelling })],
      }
    case 'exact':
      return {
        ...free(512),
        ...text,
        ...(form.several
          ? {
              doc_to_target: shielded.has('targets')
                ? "{{targets | map('regex_replace', '^=', '') | list}}"
                : 'targets',
            }
          : {}),
        filter_list: [
          { name: 'whole', filter: [{ function: 'remove_whitespace' }, first] },
          pick('stated', `${said}(.+?)\\s*(?:\\n|$)`),
        ],
        metric_list: [
          mean('exact_match', {
            ignore_case: !form.case,
            regexes_to_ignore: ['[.。]+$', `^["'「『*]+|["'」』*]+$`],
          }),
        ],
      }
    case 'regex':
      return { ...free(512), ...text, process_results: '!function grade.matches', metric_list: [mean('matches')] }
  }
}

/** What `process_results` of the tasks with a regular expression an item calls. */
const grader = `"""Grades replies by the regular expression of each item."""
import re


def matches(doc, results):
    find = re.fullmatch if doc["whole"] else re.search
    return {"matches": float(find(doc["pattern"], results[0].strip()) is not None)}
`

const readme = (name: string, tasks: readonly Task[]): string => `# ${name}

${tasks.map(({ task, form, items }) => `- \`${task}\`: ${items} items, ${asked[form]}`).join('\n')}

Written by \`stillroom evaluate export\` for lm-evaluation-harness. Run from this folder, on the base model and on the tuned one:

    lm-eval validate --tasks ${name} --include_path .
    lm-eval run --model hf --model_args pretrained=<model> --tasks ${name} --include_path . --log_samples --output_path results

Add \`--apply_chat_template\` for a model that was tuned to chat. Choices are compared by likelihood, which chat endpoints do not
tell: ask those through \`local-completions\`. Then:

    stillroom evaluate compare results/<base> results/<tuned>

The YAML files name their data by its place: export again where the folder moves.
`

const asked: { [form in Form['is']]: string } = {
  choice: 'the most likely of the choices',
  number: 'a number: the last of the reply, and the one that it states as its answer',
  maths: 'a formula, compared as text: in a box, and the one that the reply states as its answer',
  exact: 'a short answer: the whole reply, and what it states as its answer',
  regex: 'a reply that matches the regular expression of the item',
}

const date = /^\d{4}-\d\d-\d\d(?:[ T]\d\d(?::?\d\d(?::?\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/

/**
 * A column that holds nothing but dates is read as points of time, and `2024-01-01` becomes another text: such answers get a
 * sign in front, which the task takes off again.
 */
function shieldDates(docs: readonly Doc[]): { rows: Doc[]; shielded: Set<string> } {
  const texts = (value: Json): string[] => [value].flat().filter(one => typeof one === 'string')
  const shielded = new Set(
    ['id', 'target', 'targets', 'choices'].filter(column => {
      const all = docs.flatMap(doc => texts(doc[column] ?? null))
      return all.length > 0 && all.every(text => date.test(text))
    }),
  )
  if (shielded.size === 0) return { rows: [...docs], shielded }
  const mark = (value: Json): Json =>
    Array.isArray(value) ? value.map(mark) : typeof value === 'string' ? `=${value}` : value
  const rows = docs.map(doc => {
    const entries = Object.entries(doc).map(([column, value]) => [column, shielded.has(column) ? mark(value!) : value])
    return Object.fromEntries(entries) as Doc
  })
  return { rows, shielded }
}

function yamlOf(value: { [key: string]: unknown }): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  const call = document.get('process_results', true) as Scalar<string> | undefined
  if (call) {
    call.value = call.value.replace('!function ', '')
    call.tag = '!function'
  }
  return stringify(document, { lineWidth: 0 })
}
