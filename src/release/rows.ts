import type { Columns, ColumnType, Json, Kind, Message, Rec, Row } from '../records/index.ts'
import type { Roots } from './closure.ts'

/** Name of the config for each kind of record: one config, one schema. */
export const configNames: { readonly [K in Kind]: string } = {
  conversation: 'sft',
  preference: 'preference',
  feedback: 'feedback',
  prompt: 'prompt',
  exam: 'exam',
  document: 'document',
  row: 'row',
}

/** Columns of a kind's content: lists of messages and plain ones, named as TRL names them. */
const contents: { [K in Kind]: { lists: string[]; plain: Columns } } = {
  conversation: { lists: ['messages'], plain: { reference: 'string', verifier: 'string' } },
  prompt: { lists: ['prompt'], plain: { reference: 'string', verifier: 'string' } },
  preference: { lists: ['prompt', 'chosen', 'rejected'], plain: {} },
  feedback: { lists: ['prompt', 'completion'], plain: { label: 'boolean' } },
  exam: {
    lists: ['prompt'],
    plain: { target: 'string', choices: { list: 'string' }, rubric: 'string', verifier: 'string' },
  },
  document: { lists: [], plain: { text: 'string', title: 'string', uri: 'string' } },
  row: { lists: [], plain: {} },
}

/** What every row says about itself, flat, so that it can be filtered without our tools. The whole story is in provenance.jsonl. */
const facts: Columns = {
  difficulty: 'string',
  tokens: 'int',
  language: 'string',
  score: 'double',
  scores: { list: { struct: { name: 'string', value: 'double' } } },
  origin: 'string',
  generation: 'int',
  source_ids: { list: 'string' },
  licenses: { list: 'string' },
}

type Asideable = 'reasoning' | 'weight' | 'name' | 'tool_calls' | 'tool_call_id'
const optionalKeys: { [K in Asideable]: ColumnType | undefined } = {
  reasoning: 'string',
  weight: 'int',
  name: 'string',
  tool_calls: undefined,
  tool_call_id: undefined,
}

/** A record as a row with all it has; absent is null. `score` is the value of its one score for the aspect `overall`. */
export function rowOf(record: Rec, roots: Roots): Row {
  const scores = Object.keys(record.scores)
    .sort()
    .flatMap(name => {
      const score = record.scores[name]!
      return 'value' in score ? [{ name, value: score.value }] : []
    })
  const overall = scores.filter(score => score.name.endsWith('/overall'))
  return {
    id: record.id,
    ...contentOf(record),
    difficulty: record.facets.difficulty ?? null,
    tokens: record.facets.tokens ?? null,
    language: record.language ?? null,
    score: overall.length === 1 ? overall[0]!.value : null,
    scores: scores.length > 0 ? scores : null,
    origin: record.lineage.origin,
    generation: record.lineage.generation,
    source_ids: roots.sources,
    licenses: roots.licenses,
  }
}

function contentOf(record: Rec): Row {
  const tools = 'tools' in record && record.tools?.length ? (record.tools as Json) : null
  const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  switch (record.kind) {
    case 'conversation':
      return { messages: record.messages, reference: record.reference ?? null, verifier: text(record.verifier), tools }
    case 'preference':
      return { prompt: record.prompt, chosen: record.chosen, rejected: record.rejected, tools }
    case 'feedback':
      return { prompt: record.prompt, completion: record.completion, label: record.label }
    case 'prompt':
      return { prompt: record.messages, reference: record.reference ?? null, verifier: text(record.verifier), tools }
    case 'exam': {
      const { prompt, target, choices, rubric, verifier } = record
      return { prompt, target, choices: choices ?? null, rubric: rubric ?? null, verifier: text(verifier) }
    }
    case 'document':
      return { text: record.text, title: record.title ?? null, uri: record.uri ?? null }
    case 'row':
      return { columns: record.columns }
  }
}

/** What the rows of one config have in common; known only when all were seen. */
export type Survey = {
  kind: Kind
  messages: number
  keys: { [key: string]: number }
  present: Set<string>
  tools: boolean
  columns: Set<string>
}

export function emptySurvey(kind: Kind): Survey {
  return { kind, messages: 0, keys: {}, present: new Set(), tools: false, columns: new Set() }
}

export function surveyRow(survey: Survey, row: Row): void {
  for (const [column, value] of Object.entries(row))
    if (value !== null && value !== undefined) survey.present.add(column)
  for (const list of contents[survey.kind].lists) {
    for (const message of row[list] as Message[]) {
      survey.messages++
      for (const key of Object.keys(optionalKeys) as Asideable[]) {
        if (message[key] !== undefined) survey.keys[key] = (survey.keys[key] ?? 0) + 1
      }
      if (message.role === 'tool' || message.tool_calls) survey.tools = true
    }
  }
  if (row.tools) survey.tools = true
  if (survey.kind === 'row') for (const name of Object.keys(row.columns as object)) survey.columns.add(name)
}

/**
 * The schema of one config. `inside` are the optional keys of its messages, `aside` those moved to columns of their own,
 * `json` the columns whose items keep a shape of their own, which `columns` calls strings.
 */
export type Layout = {
  kind: Kind
  format: 'parquet' | 'jsonl'
  inside: Asideable[]
  aside: Asideable[]
  columns: Columns
  json: string[]
  free: string[]
}

/**
 * A key stands in the messages only when every message of the config has it, because Arrow fills the others with nulls
 * and chat templates then see a key that is not there. A key that only some have moves to a list column beside the
 * messages, one entry a message: `reasoning` beside `messages`, `chosen_reasoning` beside `chosen`. Configs with tools
 * are JSON lines, whose tool calls keep their own shape inside the messages.
 */
export function layoutOf(survey: Survey, wanted: 'parquet' | 'jsonl'): Layout {
  const { kind } = survey
  const format = survey.tools || kind === 'row' ? 'jsonl' : wanted
  const seen = (Object.keys(optionalKeys) as Asideable[]).filter(key => survey.keys[key])
  const native: Asideable[] = survey.tools ? ['tool_calls', 'tool_call_id', 'name'] : []
  const inside = seen.filter(key => survey.keys[key] === survey.messages || native.includes(key))
  const aside = seen.filter(key => !inside.includes(key))
  const message: ColumnType = {
    struct: {
      role: 'string',
      content: 'string',
      ...Object.fromEntries(inside.map(key => [key, optionalKeys[key] ?? 'string'])),
    },
  }
  const { lists, plain } = contents[kind]
  const json = [...(survey.tools ? [...lists, 'tools'] : []), ...(kind === 'row' ? ['columns'] : [])]
  const columns: Columns = { id: 'string' }
  for (const list of lists) columns[list] = { list: survey.tools ? 'string' : message }
  for (const list of lists) for (const key of aside) columns[asideName(list, key)] = { list: optionalKeys[key]! }
  if (survey.present.has('tools')) columns.tools = { list: 'string' }
  if (kind === 'row') columns.columns = 'string'
  const always = ['origin', 'generation', 'source_ids', 'licenses']
  for (const [name, type] of Object.entries({ ...plain, ...facts })) {
    if (always.includes(name) || survey.present.has(name)) columns[name] = type
  }
  return { kind, format, inside, aside, columns, json, free: [...survey.columns].sort() }
}

/**
 * No list in a release holds a null: pyarrow's JSON reader loses nulls at the head of a list, and what follows then
 * stands beside the wrong message without any error. A message without a weight counts, as in the format it comes from.
 */
const absent = (key: Asideable) => (key === 'weight' ? 1 : '')

const asideName = (list: string, key: Asideable) => (list === 'messages' ? key : `${list}_${key}`)

/** Brings a row to the schema of its config: every row has the same keys in the same order. */
export function shapeRow(row: Row, layout: Layout): Row {
  const shaped: Row = { ...row }
  for (const list of contents[layout.kind].lists) {
    const messages = row[list] as Message[]
    for (const key of layout.aside)
      shaped[asideName(list, key)] = messages.map(message => (message[key] ?? absent(key)) as Json)
    shaped[list] = messages.map(message => {
      const kept: Row = { role: message.role, content: message.content }
      for (const key of layout.inside) if (message[key] !== undefined) kept[key] = message[key] as Json
      return kept as Json
    })
  }
  if (layout.kind === 'row') {
    const columns = row.columns as { [name: string]: Json }
    shaped.columns = Object.fromEntries(layout.free.map(name => [name, columns[name] ?? null]))
  }
  return Object.fromEntries(Object.keys(layout.columns).map(name => [name, shaped[name] ?? null]))
}

/** The messages of a list as they were before `shapeRow`: what stood beside them is in them again, and fillers are gone. */
export function messagesOf(row: Row, list: string): Message[] {
  return (row[list] as Message[]).map((message, i) => {
    const whole: Row = Object.fromEntries(
      Object.entries(message).filter(([key, value]) => key === 'content' || value !== null),
    ) as Row
    for (const key of Object.keys(optionalKeys) as Asideable[]) {
      const value = (row[asideName(list, key)] as Json[] | null | undefined)?.[i]
      if (!(key in whole) && value !== undefined && value !== absent(key)) whole[key] = value
    }
    return whole as unknown as Message
  })
}

/** What a row says, without what it says of itself. */
export function contentColumns(row: { [column: string]: Json }): { [column: string]: Json } {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'id' && !(name in facts)))
}
