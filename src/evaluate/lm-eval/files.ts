import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import type { Json } from '../../records/index.ts'
import { evaluationOf, type Fields, type Imported, nameOf, object, type Results } from './results.ts'

/**
 * Reads what a run of lm-evaluation-harness wrote: a results file, or a folder with those of one model. Runs of other tasks of
 * the same model count as one evaluation.
 * @throws StillroomError SR_EVALUATION when there is none, when tasks were measured twice, or when models differ.
 */
export function readResults(path: string, name?: string): Imported {
  const files = resultsFiles(path)
  const read = files.map(file => ({ file, results: object(parsed(file, readFileSync(file, 'utf8'))) }))
  const fitting = read.filter(({ results }) => results.results && results.configs)
  if (fitting.length === 0) {
    throw new StillroomError('SR_EVALUATION', `There are no results of lm-evaluation-harness in ${path}.`, {
      expected: 'results_*.json, beside samples_*.jsonl for comparisons',
      hint: 'run it with --output_path <dir> --log_samples',
    })
  }
  const [first, ...rest] = fitting
  let all: Results = { results: first!.results, samples: samplesOf(first!.file, first!.results) }
  for (const { file, results } of rest) all = joined(all, { results, samples: samplesOf(file, results) }, file, path)
  return evaluationOf(all, name ?? nameOf(all.results))
}

/** Whether a path holds something that looks like results of the harness. */
export const hasResults = (path: string): boolean => existsSync(path) && resultsFiles(path).length > 0

function resultsFiles(path: string): string[] {
  if (!existsSync(path)) {
    throw new StillroomError('SR_EVALUATION', `There is nothing at ${path}.`, {
      expected: 'a results file of lm-evaluation-harness, or the folder it wrote to',
    })
  }
  if (statSync(path).isFile()) return [path]
  const named = globSync('**/results*.json', { cwd: path })
  const stamped = named.length > 0 ? named : globSync('**/*_????-??-??T*.json', { cwd: path })
  return stamped.sort().map(file => join(path, file))
}

/** What results say once for all their tasks. */
const alike = ['system_instruction_sha', 'chat_template_sha', 'fewshot_as_multiturn', 'lm_eval_version']
const settings = ['limit', 'gen_kwargs', 'random_seed', 'numpy_seed', 'torch_seed', 'fewshot_seed', 'model_sha']

/** Two runs of one model that measured other tasks, as one. */
function joined(a: Results, b: Results, file: string, path: string): Results {
  const twice = Object.keys(object(b.results.configs)).filter(task => object(a.results.configs)[task])
  const other = a.results.model_name !== b.results.model_name
  if (other || twice.length > 0) {
    throw new StillroomError('SR_EVALUATION', `${path} holds several evaluations.`, {
      expected: 'results of one model, each task once',
      received: other
        ? `${a.results.model_name} and ${b.results.model_name}`
        : `${twice.join(', ')} again in ${relative(path, file)}`,
      hint: 'name one of the results files',
    })
  }
  const maps = [
    'results',
    'configs',
    'versions',
    'n-shot',
    'higher_is_better',
    'n-samples',
    'task_hashes',
    'group_subtasks',
  ]
  const both = Object.fromEntries(maps.map(key => [key, { ...object(a.results[key]), ...object(b.results[key]) }]))
  const differing = [
    ...alike.filter(key => JSON.stringify(a.results[key]) !== JSON.stringify(b.results[key])),
    ...settings.filter(
      key => JSON.stringify(object(a.results.config)[key]) !== JSON.stringify(object(b.results.config)[key]),
    ),
  ]
  // Settings are told a run: where two runs differ in them, a comparison could not say which task had which.
  if (differing.length > 0) {
    throw new StillroomError('SR_EVALUATION', `${path} holds runs with other settings.`, {
      received: differing.join(', '),
      hint: 'name one of the results files',
    })
  }
  return { results: { ...a.results, ...both }, samples: { ...a.samples, ...b.samples } }
}

/** Logged samples by task: they carry the time of their results file in their names. */
function samplesOf(file: string, results: Fields): Results['samples'] {
  const stamp = /_(\d{4}-\d\d-\d\dT[\d.-]+)\.json$/.exec(basename(file))?.[1]
  const there = Object.keys(object(results.configs)).flatMap(task => {
    const exact = join(dirname(file), `samples_${task}_${stamp}.jsonl`)
    const path = existsSync(exact) ? exact : join(dirname(file), `samples_${task}.jsonl`)
    return existsSync(path) ? [[task, path] as const] : []
  })
  return Object.fromEntries(
    there.map(([task, path]) => {
      const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
      return [task, lines.map(line => object(parsed(path, line)))]
    }),
  )
}

/** JSON as Python writes it, with NaN and infinities, which become nothing. */
function parsed(file: string, text: string): Json {
  const plain = /\b(?:NaN|Infinity)\b/.test(text)
    ? text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, token => (token.startsWith('"') ? token : 'null'))
    : text
  try {
    return JSON.parse(plain) as Json
  } catch (error) {
    throw new StillroomError('SR_EVALUATION', `${basename(file)} is no JSON.`, {
      position: { file },
      received: (error as Error).message,
      hint: 'the run may have been cut off: run it again, or name another file',
    })
  }
}
