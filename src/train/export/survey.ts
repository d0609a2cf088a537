import type { Json } from '../../records/index.ts'
import type { Content, Row } from './target.ts'

type Feature = { rows: number; fill: Json | undefined; shortest: Map<string, { content: Content; size: number }> }

/**
 * What rows of one type have in common, told from all of them. A feature is a column, or a key of the messages in one, in
 * some rows or in all.
 */
export type Survey = {
  rows: { [split: string]: number }
  /** Good and bad rows of each split, where rows are labelled. */
  labels: { [split: string]: { good: number; bad: number } }
  features: Map<string, Feature>
  messages: { [column: string]: number }
}

export const emptySurvey = (): Survey => ({ rows: {}, labels: {}, features: new Map(), messages: {} })

/** The messages of a column, where it holds some. */
function messagesOf(value: Json | undefined): Row[] | undefined {
  const list = Array.isArray(value) ? value : [value]
  const first = list[0]
  const is =
    typeof first === 'object' && first !== null && !Array.isArray(first) && ('role' in first || 'from' in first)
  return is ? (list as Row[]) : undefined
}

/** What stands for an absent column: an empty text or list, since null would make a column without a type of it. */
const filler = (column: string, value: Json): Json =>
  column === 'tools' ? null : Array.isArray(value) ? [] : typeof value === 'string' ? '' : null

export function survey(all: Survey, split: string, content: Content, row: Row, label?: string): void {
  all.rows[split] = (all.rows[split] ?? 0) + 1
  if (label !== undefined) {
    all.labels[split] ??= { good: 0, bad: 0 }
    all.labels[split][row[label] === true ? 'good' : 'bad']++
  }
  const size = JSON.stringify(row).length
  const note = (name: string, n: number, fill: Json | undefined): void => {
    const feature = all.features.get(name) ?? { rows: 0, fill, shortest: new Map() }
    all.features.set(name, feature)
    feature.rows += n
    const known = feature.shortest.get(split)
    if (known === undefined || size < known.size) feature.shortest.set(split, { content, size })
  }
  for (const [column, value] of Object.entries(row)) {
    note(column, 1, filler(column, value))
    const messages = messagesOf(value)
    if (!messages) continue
    all.messages[column] = (all.messages[column] ?? 0) + messages.length
    const keys = new Map<string, number>()
    for (const message of messages) for (const key of Object.keys(message)) keys.set(key, (keys.get(key) ?? 0) + 1)
    for (const [key, n] of keys) note(`${column}[].${key}`, n, undefined)
  }
}

const total = (rows: { [split: string]: number }): number => Object.values(rows).reduce((a, b) => a + b, 0)

/** Fields of reasoning: a template that finds one asks for text in it, so that all messages have it or none. */
const texts = ['reasoning_content', 'thinking']

/**
 * Brings rows to one schema: a column that only some have stands in all of them, and so does a field of reasoning in the
 * messages. Keys of calls stay where calls are, since templates take a key that is there for a call.
 */
export function levelling(all: Survey): { columns: string[]; level(row: Row): Row } {
  const columns = [...all.features.keys()].filter(name => !name.includes('[].'))
  const fields = texts.filter(field => columns.some(column => all.features.has(`${column}[].${field}`)))
  const filled = (value: Json): Json => {
    const messages = messagesOf(value)
    if (!messages) return value
    const whole = messages.map(message => ({
      ...message,
      ...Object.fromEntries(fields.map(f => [f, message[f] ?? ''])),
    }))
    return Array.isArray(value) ? whole : whole[0]!
  }
  return {
    columns,
    level: row =>
      Object.fromEntries(
        columns.map(column => {
          const value = row[column]
          if (value === undefined) return [column, all.features.get(column)!.fill ?? null]
          return [column, fields.length > 0 ? filled(value) : value]
        }),
      ),
  }
}

/**
 * The rows that go first in a split: of each thing that only some rows have, the shortest row that has it. `datasets` takes
 * the types of a file from its first megabytes, and stops at what comes later and does not fit.
 */
export function leads(all: Survey, split: string): Map<string, Content> {
  const rows = total(all.rows)
  const found = new Map<string, Content>()
  for (const [name, { rows: n, shortest }] of all.features) {
    const [column, key] = name.split('[].')
    const base = key === undefined ? rows : all.messages[column!]!
    const lead = shortest.get(split)
    // What is filled stands in all of them.
    if (n < base && lead && !texts.includes(key ?? '')) found.set(lead.content.id, lead.content)
  }
  return found
}
