import { type Interval, wilson, z95 } from '../../measure/index.ts'
import { canonical, digestOf, type Json } from '../../records/index.ts'
import type { Evaluation, ItemResult, ScoreLine } from '../evaluation.ts'
import type { Evaluated } from '../folder.ts'
import { meanInterval } from '../tally.ts'

export type Fields = { [key: string]: Json | undefined }

/** A file of results with the logged samples of its tasks, as they were read. */
export type Results = { results: Fields; samples: { [task: string]: Fields[] } }

/** An evaluation out of results of lm-evaluation-harness, and what could not be taken as it stands. */
export type Imported = Evaluated & { notes: string[] }

/**
 * Reads results of lm-evaluation-harness, whoever wrote the tasks. An item is named by the exam record that it was exported
 * from, else by its place in the task (`doc_id`). Metrics keep the name of their filter unless it is `none`. A metric whose
 * figure is no mean over items, such as a perplexity, keeps its figure and gives no item a score.
 */
export function evaluationOf({ results, samples }: Results, name: string): Imported {
  const configs = object(results.configs)
  const notes: string[] = []
  const items: ItemResult[] = []
  const scores: ScoreLine[] = []
  /** Figures without an interval. */
  const open: string[] = []
  const tasks: Evaluation['tasks'] = {}
  let partial = given(object(results.config).limit) || given(object(results.config).samples)
  for (const task of Object.keys(configs)) {
    const rows = samples[task] ?? []
    if (rows.length === 0)
      notes.push(`${task}: no samples were logged, so that it cannot be compared item by item (--log_samples)`)
    const { original, effective } = object(object(results['n-samples'])[task])
    if (typeof original === 'number' && typeof effective === 'number' && effective < original) partial = true
    const read = rows.map(row => ({
      row,
      about: { task, item: itemOf(row), digest: digestOfSample(row) },
      answer: answerOf(row),
    }))
    const seen = new Map(read.map(({ about }) => [about.item, about.digest]))
    tasks[task] = {
      exam: digestOf(rows.length > 0 ? [...seen.values()] : { task, version: object(results.versions)[task] ?? null }),
      items: rows.length > 0 ? seen.size : Number(effective ?? original ?? 0),
      grader: graderOf(results, task),
      conditions: conditionsOf(results, task),
    }
    for (const line of linesOf(results, task)) {
      const own = read.filter(({ row }) => (row.filter ?? 'none') === line.filter)
      const graded = own.map(({ row, about, answer }) => ({
        ...about,
        ...resultOf(line.metric, row[line.column], answer),
      }))
      const values = graded.flatMap(({ score }) => score ?? [])
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const isMean = values.length > 0 && Math.abs(mean - line.value) <= 1e-6 * Math.max(1, Math.abs(mean))
      if (values.length > 0 && !isMean)
        notes.push(`${task} ${line.metric}: the figure is no mean over items, which are left without scores`)
      const why = values.length > 0 && !isMean ? 'the figure is no mean over items' : 'no single number'
      for (const { score, ...item } of graded)
        items.push(isMean && score !== undefined ? { ...item, score } : { ...item, why })
      const score = scoreLine(task, line, isMean ? values : [], own.length)
      scores.push(score)
      if (score.low === undefined) open.push(`${task} ${line.metric}`)
    }
  }
  if (open.length > 0)
    notes.push(
      `${open.join(', ')}: no interval, since neither a standard error nor marks of several items say how far it may be off`,
    )
  const groups = groupsOf(results, Object.keys(tasks))
  const evaluation: Evaluation = {
    ...{ name, date: dateOf(results), model: modelOf(results), tasks, scores },
    ...(Object.keys(groups).length > 0 ? { groups } : {}),
    ...(partial ? { partial: true } : {}),
    from: 'lm-eval',
  }
  return { evaluation, items, notes: [...new Set(notes)] }
}

export const object = (value: Json | undefined): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
const given = (value: Json | undefined): boolean => value !== undefined && value !== null
/** A setting as it is compared and shown: what is no single value as its JSON, or its digest where that is long. */
function simple(value: Json | undefined): string | number | boolean | null {
  if (typeof value !== 'object' || value === null) return value ?? null
  const text = canonical(value)
  return text.length > 200 ? digestOf(value) : text
}

type Line = { metric: string; column: string; filter: string; value: number; stderr?: number; higherIsBetter: boolean }

/** The figures of a task: `metric,filter` beside `metric_stderr,filter`. */
function linesOf(results: Fields, task: string): Line[] {
  const figures = object(object(results.results)[task])
  const better = object(object(results.higher_is_better)[task])
  return Object.entries(figures).flatMap(([key, value]) => {
    const comma = key.lastIndexOf(',')
    const [column, filter] = comma < 0 ? [key, 'none'] : [key.slice(0, comma), key.slice(comma + 1)]
    if (typeof value !== 'number' || beside.has(column) || column.endsWith('_stderr')) return []
    const stderr = figures[comma < 0 ? `${column}_stderr` : `${column}_stderr,${filter}`]
    const metric = filter === 'none' ? column : `${column},${filter}`
    const higherIsBetter = typeof better[column] === 'boolean' ? better[column] : !lowerIsBetter.test(column)
    return [{ metric, column, filter, value, higherIsBetter, ...(typeof stderr === 'number' ? { stderr } : {}) }]
  })
}

const beside = new Set(['alias', 'name', 'sample_len', 'sample_count', 'bypass'])
/** Metrics that say nothing of their own direction. */
const lowerIsBetter = /perplexity|loss|bits_per_byte|brier|(?:^|_)[wct]er$/

function scoreLine(
  task: string,
  { metric, higherIsBetter, value, stderr }: Line,
  values: number[],
  n: number,
): ScoreLine {
  const scale: [number, number] = unbounded.test(metric) ? [value, value] : scaleOf([...values, value])
  const interval = intervalOf(values, value, stderr, scale, `${task} ${metric}`)
  return {
    ...{ task, metric, higherIsBetter, scale, value },
    ...(interval ? { low: interval.low, high: interval.high } : {}),
    n: values.length > 0 ? values.length : n,
    ungraded: values.length > 0 ? n - values.length : 0,
  }
}

/** Metrics without an upper end, whose figure is never a share. */
const unbounded = /perplexity|bits_per_byte/

/**
 * From the marks of the items as for our own exams, else from the standard error. The scale is only guessed here, so that
 * one mark, or marks that are all the same, tell nothing; neither does a standard error of 0 or of "N/A".
 */
function intervalOf(
  values: readonly number[],
  value: number,
  stderr: number | undefined,
  scale: [number, number],
  seed: string,
): Interval | undefined {
  if (values.length > 0 && values.every(one => one === 0 || one === 1))
    return wilson(values.filter(one => one === 1).length, values.length)
  if (values.some(one => one !== values[0])) return meanInterval(values, scale, seed)
  return stderr === undefined || stderr <= 0 ? undefined : { low: value - z95 * stderr, high: value + z95 * stderr }
}

/** The harness does not say on which scale a metric counts; most count from 0 to 1 or to 100. */
function scaleOf(values: readonly number[]): [number, number] {
  const least = values.reduce((a, b) => Math.min(a, b))
  const most = values.reduce((a, b) => Math.max(a, b))
  if (least >= 0 && most <= 1) return [0, 1]
  return least >= 0 && most <= 100 ? [0, 100] : [least, most]
}

/** What we exported carries the id of its record; the sign before dates is ours. */
function itemOf({ doc, doc_id }: Fields): string {
  const { id, digest } = object(doc)
  const ours = typeof id === 'string' && typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest)
  return ours ? id.replace(/^=(?=\d{4}-)/, '') : String(doc_id)
}

/** What was asked and expected, without the template around it: models may differ in that. */
const digestOfSample = ({ doc_hash, target_hash, doc, target }: Fields) =>
  digestOf([doc_hash ?? doc ?? null, target_hash ?? target ?? null])

function resultOf(
  metric: string,
  value: unknown,
  answer: string | undefined,
): Pick<ItemResult, 'metric' | 'score' | 'answer'> {
  const score = typeof value === 'boolean' ? Number(value) : value
  return {
    metric,
    ...(typeof score === 'number' ? { score } : {}),
    ...(answer === undefined ? {} : { answer }),
  }
}

/** The reply as it came, or the choice that was most likely; nothing where only likelihoods were asked for. */
function answerOf({ resps, arguments: asked }: Fields): string | undefined {
  const replies = Array.isArray(resps) ? resps.map(reply => (Array.isArray(reply) ? reply[0] : undefined)) : []
  const { arg_0, arg_1 } = object(object(asked).gen_args_0)
  // Beside the prompt stand settings of generation; a text alone was only measured.
  const measured = arg_0 !== undefined && (typeof arg_1 !== 'object' || arg_1 === null)
  if (typeof replies[0] === 'string') return measured ? undefined : replies[0]
  if (replies.length < 2) return undefined
  const likely = replies.map(reply => (Array.isArray(reply) ? Number(reply[0]) : Number.NaN))
  const best = likely.indexOf(Math.max(...likely))
  const said = object(object(asked)[`gen_args_${best}`]).arg_1
  return typeof said === 'string' ? said.trim() : undefined
}

function graderOf(results: Fields, task: string): Evaluation['tasks'][string]['grader'] {
  const version = object(results.versions)[task]
  const by = `lm-eval ${String(object(object(results.configs)[task]).output_type ?? 'task')}`
  return { by, ...(typeof version === 'string' || typeof version === 'number' ? { version } : {}) }
}

/** Settings of a task that change what is graded, apart from where its data lies. */
const graded = [
  'output_type',
  'metric_list',
  'filter_list',
  'process_results',
  'repeats',
  'doc_to_choice',
  'target_delimiter',
] as const

function conditionsOf(results: Fields, task: string): Evaluation['tasks'][string]['conditions'] {
  const [config, own] = [object(results.config), object(object(results.configs)[task])]
  // Functions without a source are written with where they lay in memory.
  const settings = JSON.stringify(graded.map(key => own[key] ?? null)).replaceAll(/ at 0x[0-9a-f]+/g, '')
  const hash = object(results.task_hashes)[task]
  return {
    'n-shot': simple(object(results['n-shot'])[task]),
    grading: digestOf(settings),
    generation: simple(own.generation_kwargs),
    'gen-kwargs': simple(config.gen_kwargs),
    'random-seed': simple(config.random_seed),
    'numpy-seed': simple(config.numpy_seed),
    'torch-seed': simple(config.torch_seed),
    'fewshot-seed': simple(config.fewshot_seed),
    'system-instruction': simple(results.system_instruction_sha),
    'fewshot-as-multiturn': simple(results.fewshot_as_multiturn),
    'chat-template': simple(results.chat_template_sha),
    ...(typeof hash === 'string' ? { 'task-hash': hash } : {}),
    'lm-eval': simple(results.lm_eval_version),
  }
}

/** The last part of what the model is called: its name, or that of its folder. */
export const nameOf = ({ model_name: name }: Fields): string =>
  String(name ?? 'model')
    .replace(/[/\\]+$/, '')
    .split(/[/\\]/)
    .at(-1)!

function modelOf(results: Fields): Evaluation['model'] {
  const config = object(results.config)
  const source = String(results.model_source ?? config.model ?? 'lm-eval')
  // A folder names the model by its last part: where it lies is nobody's business.
  const model = String(results.model_name ?? 'model')
  const revision = config.model_sha || (config.model_revision === 'main' ? undefined : config.model_revision)
  const local = /^(?:[/~.]|[A-Za-z]:)/.test(model)
  const id = `${source}/${local ? nameOf(results) : model}`
  return { id, ...(typeof revision === 'string' && revision !== '' ? { revision } : {}) }
}

const dateOf = ({ date }: Fields): string =>
  typeof date === 'number' ? new Date(date * 1000).toISOString().slice(0, 10) : String(date ?? '').slice(0, 10)

/** Groups with the tasks below them, however deep. */
function groupsOf(results: Fields, tasks: readonly string[]): { [group: string]: string[] } {
  const below = object(results.group_subtasks)
  const leaves = (name: string, above: readonly string[]): string[] => {
    const members = below[name]
    if (tasks.includes(name) || !Array.isArray(members) || above.includes(name))
      return tasks.includes(name) ? [name] : []
    return members.flatMap(member => leaves(String(member), [...above, name]))
  }
  const found = Object.keys(below)
    .filter(name => !tasks.includes(name))
    .map((name): [string, string[]] => [name, [...new Set(leaves(name, []))]])
  return Object.fromEntries(found.filter(([, members]) => members.length > 1))
}
