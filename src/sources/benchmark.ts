import { basename } from 'node:path'
import type { Json } from '../records/index.ts'
import { type Columns, object } from './columns.ts'
import { formatOf, type SourceFile } from './files.ts'
import { readTable } from './read.ts'
import type { SourceReason } from './reasons.ts'
import { jsonOf, textOf, unfolded, wholeBytes } from './unfold.ts'

/** What a benchmark's item says, part by part; a part of several texts is a list. */
export const parts = ['prompt', 'second', 'context', 'choices', 'answer', 'wrong', 'test'] as const
export type Part = (typeof parts)[number]
export type BenchmarkItem = { id: string } & { [part in Part]?: string | string[] }
/** Columns that each part was taken from. */
export type Taken = { [part in Part]?: string[] }
/** One file of a benchmark as it was understood; rows that could not be are counted by reason. */
export type BenchmarkFile = {
  path: string
  taken: Taken
  items: BenchmarkItem[]
  rejected: { [reason in SourceReason | 'no-prompt']?: number }
}

/** Names that columns of public benchmarks have, compared without case, spaces and signs; of each list the first counts. */
const names: { [part in Part]: readonly string[] } = {
  prompt: [
    'prompt',
    'question',
    'query',
    'instruction',
    'problem',
    'turns',
    'text',
    'sentence1',
    'sentence',
    'input',
    'goal',
  ],
  second: ['sentence2', 'hypothesis'],
  context: ['context', 'passage', 'premise', 'article', 'story', 'support'],
  choices: ['choices', 'options', 'endings'],
  answer: [
    ...['answer', 'answers', 'correctanswer', 'bestanswer', 'target', 'canonicalsolution', 'solution', 'groundtruth'],
    ...['code', 'output', 'response', 'completion', 'reference', 'label'],
  ],
  wrong: ['wronganswers', 'incorrectanswers', 'distractors'],
  test: ['test', 'tests', 'testlist', 'testcases', 'unittests'],
}
/** Columns that go together with the first of their part. */
const together: { [name: string]: readonly string[] } = {
  bestanswer: ['correctanswers'],
  testlist: ['challengetestlist'],
}
const ids = ['id', 'taskid', 'questionid', 'qid', 'itemid', 'problemid', 'sentencepairid', 'uid', 'idx']
const numbered = /^(?:choices?|options?|endings?)_?(?:\d+|[a-h])$|^[a-e]$/i

const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/** Reads one file of a benchmark. `mapping` names columns for parts; what it leaves out is found by name. */
export async function readBenchmark(
  file: SourceFile,
  mapping: { [part in Part]?: string } = {},
): Promise<BenchmarkFile> {
  const read: BenchmarkFile = { path: file.path, taken: {}, items: [], rejected: {} }
  const reject = (reason: SourceReason | 'no-prompt') => {
    read.rejected[reason] = (read.rejected[reason] ?? 0) + 1
  }
  const rows: Columns[] = []
  for await (const columns of rowsOf(file, reject)) rows.push(columns)
  // A column may be empty in the first rows, and a reference belongs to some questions only.
  const filled: Columns = {}
  for (const columns of rows) {
    for (const [name, value] of Object.entries(columns)) if (nothing(filled[name])) filled[name] = value
  }
  read.taken = takenFrom(filled, mapping)
  for (const [i, columns] of rows.entries()) {
    const item = itemOf(columns, read.taken, i + 1)
    if (!item) {
      reject('no-prompt')
      continue
    }
    read.items.push(item)
  }
  read.items = apart(read.items)
  return read
}

/** Items with no id twice: a later one of the same id is numbered. A source would leave it out. */
export function apart(items: readonly BenchmarkItem[]): BenchmarkItem[] {
  const given = new Map<string, number>()
  const taken = new Set<string>()
  return items.map(item => {
    const idOf = (n: number) => (n === 1 ? item.id : `${item.id}#${n}`)
    let n = (given.get(item.id) ?? 0) + 1
    while (taken.has(idOf(n))) n++
    given.set(item.id, n)
    taken.add(idOf(n))
    return { ...item, id: idOf(n) }
  })
}

/** Which columns make which part. */
function takenFrom(columns: Columns, mapping: { [part in Part]?: string }): Taken {
  const free = new Map(Object.keys(columns).map(name => [plain(name), name]))
  const taken: Taken = {}
  for (const part of parts) {
    if (mapping[part] !== undefined) {
      taken[part] = [mapping[part]]
      free.delete(plain(mapping[part]))
    }
  }
  for (const part of parts) {
    if (taken[part]) continue
    const single = names[part].find(name => free.has(name) && !nothing(columns[free.get(name)!]))
    const several =
      part === 'choices' && single === undefined ? Object.keys(columns).filter(name => numbered.test(name)) : []
    const found =
      single === undefined ? several : [single, ...(together[single] ?? [])].flatMap(name => free.get(name) ?? [])
    if (found.length === 0) continue
    taken[part] = found
    for (const name of found) free.delete(plain(name))
  }
  return taken
}

const nothing = (value: Json | undefined) => value === undefined || value === null || value === ''

function itemOf(columns: Columns, taken: Taken, row: number): BenchmarkItem | undefined {
  const column = ids.map(id => Object.keys(columns).find(name => plain(name) === id)).find(name => name !== undefined)
  const value = column === undefined ? undefined : columns[column]
  const item: BenchmarkItem = {
    id: typeof value === 'string' || typeof value === 'number' ? String(value) : String(row),
  }
  for (const part of parts) {
    const found = (taken[part] ?? []).flatMap(name => texts(columns[name]))
    if (found.length > 0) item[part] = found.length === 1 && part !== 'choices' ? found[0]! : found
  }
  // An answer that is the number of a choice is that choice.
  const choice =
    typeof item.answer === 'string' && /^\d+$/.test(item.answer) ? item.choices?.[Number(item.answer)] : undefined
  if (choice !== undefined) item.answer = choice
  return item.prompt === undefined && item.context === undefined ? undefined : item
}

/** The texts of a cell: its own, those of a list, or those under `text`, as choices and answers are often given. */
function texts(value: Json | undefined): string[] {
  if (nothing(value)) return []
  if (typeof value === 'string') return value.trim() === '' ? [] : [value]
  if (typeof value === 'number') return [String(value)]
  if (Array.isArray(value)) return [...new Set(value.flatMap(texts))]
  const inner = object(value)
  if (!inner) return []
  return inner.text !== undefined ? texts(inner.text) : Object.values(inner).flatMap(texts)
}

/** Rows of a file, nested forms unfolded. A text file is one row. */
async function* rowsOf(file: SourceFile, reject: (reason: SourceReason) => void): AsyncGenerator<Columns> {
  const format = formatOf({}, file.path)
  if (format === 'markdown' || format === 'rst' || format === 'text') {
    const text = await textOf(file, reject)
    if (text?.trim()) yield { id: basename(file.path), text }
    return
  }
  if (/\.json(?:\.gz)?$/i.test(file.path) && file.size <= wholeBytes) {
    const text = await textOf(file, reject)
    if (text === undefined) return
    const value = jsonOf(text)
    const nested = object(value)
    if (nested) yield* unfolded(nested)
    // What is no row has no prompt, and is counted as such.
    else if (value !== undefined)
      for (const one of Array.isArray(value) ? value : [value]) yield* unfolded(object(one) ?? {})
    // Several public sets end in `.json` and hold JSON Lines.
    if (value !== undefined) return
  }
  for await (const row of readTable(file)) {
    if ('columns' in row) yield* unfolded(row.columns)
    else reject(row.reason)
  }
}
