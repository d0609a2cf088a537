import type { Json, Kind, Message, Payload, Rec } from '../records/index.ts'
import type { Columns } from './columns.ts'
import { parsed } from './messages.ts'

/**
 * Records as rows that people read and change in a table: a text a cell where the turns are plain, else JSON. What is
 * written comes back as the same payload, from JSON Lines, CSV and Parquet alike. An empty cell is an absent field.
 */
const fields = {
  document: ['text', 'title', 'uri'],
  prompt: ['system', 'prompt', 'messages', 'reference', 'verifier', 'tools'],
  conversation: ['system', 'prompt', 'completion', 'messages', 'reference', 'verifier', 'tools'],
  preference: ['prompt', 'chosen', 'rejected', 'tools'],
  feedback: ['prompt', 'completion', 'label'],
  exam: ['prompt', 'target', 'choices', 'rubric', 'verifier'],
  row: ['columns'],
} as const satisfies { [K in Kind]: readonly string[] }

/** Cells of which a person changes the text; all others hold JSON. */
const texts = new Set([
  ...['text', 'title', 'uri', 'system', 'prompt', 'completion', 'chosen', 'rejected', 'reference', 'target', 'rubric'],
])

/** Names of the cells that hold the content of a record of this kind. */
export const contentCells = (kind: Kind): readonly string[] => fields[kind]

/** The text of a list of turns that is one plain turn. */
function plain(messages: Message[], ...roles: Message['role'][]): string[] | undefined {
  if (messages.length !== roles.length) return undefined
  const all = messages.map((message, i) => {
    const { role, content, ...more } = message
    // What begins like JSON would be taken for JSON when it comes back.
    const bare = Object.keys(more).length === 0 && role === roles[i] && content && !/^\s*[[{]/.test(content)
    return bare ? content : undefined
  })
  return all.every(text => text !== undefined) ? (all as string[]) : undefined
}

const turn = (messages: Message[], role: Message['role']): Json =>
  plain(messages, role)?.[0] ?? (messages as unknown as Json)

/** The content of a record as cells: strings, or JSON values. */
export function cellsOf(record: Rec): { [cell: string]: Json } {
  const given = (cells: { [cell: string]: unknown }): { [cell: string]: Json } =>
    Object.fromEntries(Object.entries(cells).filter(([, value]) => value !== undefined)) as { [cell: string]: Json }
  switch (record.kind) {
    case 'document':
      return given({ text: record.text, title: record.title, uri: record.uri })
    case 'prompt': {
      const { messages, reference, verifier, tools } = record
      return given({ ...spoken(messages, ['system', 'prompt'], ['system', 'user']), reference, verifier, tools })
    }
    case 'conversation': {
      const { messages, reference, verifier, tools } = record
      const names = ['system', 'prompt', 'completion']
      return given({ ...spoken(messages, names, ['system', 'user', 'assistant']), reference, verifier, tools })
    }
    case 'preference': {
      const { prompt, chosen, rejected, tools } = record
      const sides = { chosen: turn(chosen, 'assistant'), rejected: turn(rejected, 'assistant') }
      return given({ prompt: turn(prompt, 'user'), ...sides, tools })
    }
    case 'feedback': {
      const { prompt, completion, label } = record
      return given({ prompt: turn(prompt, 'user'), completion: turn(completion, 'assistant'), label })
    }
    case 'exam': {
      const { prompt, target, choices, rubric, verifier } = record
      return given({ prompt: turn(prompt, 'user'), target, choices, rubric, verifier })
    }
    case 'row':
      return { columns: record.columns }
  }
}

/** Turns as one cell each, with or without a system turn before them; all turns as one where they are more than that. */
function spoken(messages: Message[], names: string[], roles: Message['role'][]): { [cell: string]: Json } {
  const cells = (values: string[] | undefined, under: string[]) =>
    values && Object.fromEntries(under.map((name, i) => [name, values[i]!]))
  return (
    cells(plain(messages, ...roles), names) ??
    cells(plain(messages, ...roles.slice(1)), names.slice(1)) ?? { messages: messages as unknown as Json }
  )
}

/** As spreadsheets write them; in another language than English it is none that can be told. */
const labels = new Map([
  ['true', true],
  ['false', false],
])

/** The content that a row of cells holds; it need not be a payload that fits. */
export function payloadOfCells(kind: Kind, columns: Columns): Payload {
  const cells: { [cell: string]: Json } = {}
  for (const name of fields[kind]) {
    const value = columns[name]
    if (value === undefined || value === null || value === '') continue
    cells[name] = texts.has(name) && !(typeof value === 'string' && isTurns(kind, name, value)) ? value : parsed(value)
  }
  const said = (role: Message['role'], value: Json | undefined): unknown =>
    typeof value === 'string' ? [{ role, content: value }] : value
  const { system, prompt, completion, messages, chosen, rejected, label, ...rest } = cells
  switch (kind) {
    case 'prompt':
      return { kind, messages: messages ?? listOf(['system', system], ['user', prompt]), ...rest } as never
    case 'conversation': {
      const turns = listOf(['system', system], ['user', prompt], ['assistant', completion])
      return { kind, messages: messages ?? turns, ...rest } as never
    }
    case 'preference': {
      const sides = { chosen: said('assistant', chosen), rejected: said('assistant', rejected) }
      return { kind, prompt: said('user', prompt), ...sides, ...rest } as never
    }
    case 'feedback':
      return {
        kind,
        prompt: said('user', prompt),
        completion: said('assistant', completion),
        label: typeof label === 'string' ? labels.get(label.trim().toLowerCase()) : label,
      } as never
    case 'exam':
      return { kind, prompt: said('user', prompt), ...rest } as never
    default:
      return { kind, ...cells } as never
  }
}

/** A cell that holds turns as JSON: only those that `turn` writes so. */
function isTurns(kind: Kind, name: string, value: string): boolean {
  const sides = kind === 'preference' || kind === 'feedback' || kind === 'exam'
  if (!sides || !['prompt', 'completion', 'chosen', 'rejected'].includes(name)) return false
  return /^\s*\[/.test(value) && Array.isArray(parsed(value))
}

function listOf(...turns: [role: Message['role'], content: Json | undefined][]): Message[] {
  return turns.flatMap(([role, content]) => (content === undefined ? [] : [{ role, content: content as string }]))
}
