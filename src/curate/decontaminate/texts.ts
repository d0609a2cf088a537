import { type Json, type Message, type Rec, sha256 } from '../../records/index.ts'

/** One text of a benchmark item: the item by its set, its id and the name a reader knows it by, and the field. */
export type ItemText = [set: string, id: string, name: string, field: string, text: string]
/** The texts of all benchmarks in one order, whatever the order of shards; the digest names what indexes are kept by. */
export type Texts = { digest: string; all: ItemText[] }

export function textsOf(all: ItemText[]): Texts {
  const order = ([set, id, , field, text]: ItemText) => `${set}\u0000${id}\u0000${field}\u0000${text}`
  const keyed = all
    .map(text => ({ text, key: order(text) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return { digest: sha256(keyed.map(({ key }) => key).join('\u0001')), all: keyed.map(({ text }) => text) }
}

/** Columns that say where a row is from, not what it asks: an address or a licence is shared without any leak. */
const aside =
  /^(?:(?:[a-z]+[_-])*id|(?:[a-z]+[_-])*ur[il]s?|sources?|links?|licen[cs]es?|dates?|version|category|subject|type)$/i

/** What an item says, field by field. */
export function itemTexts(record: Rec, set: string): ItemText[] {
  const name = nameOf(record, set)
  const fields = fieldsOf(record).filter(([field]) => record.kind !== 'row' || !aside.test(field))
  return fields.flatMap(([field, text]) =>
    text.trim() === '' ? [] : [[set, record.id, name, field, text] as ItemText],
  )
}

/** The id that a benchmark gives its item, else its row in the file, else the record's id. */
function nameOf(record: Rec, set: string): string {
  if (record.kind === 'row' && ['string', 'number'].includes(typeof record.columns.id)) return String(record.columns.id)
  const source = record.lineage.source
  if (source?.row === undefined) return source && record.kind === 'document' ? source.uri : record.id
  return source.uri === set ? `row ${source.row}` : `${source.uri}, row ${source.row}`
}

/** The texts of a record that a model would learn from, or be asked with, under the names that evidence uses. */
export function fieldsOf(record: Rec): [name: string, text: string][] {
  switch (record.kind) {
    case 'document':
      return [['text', record.text]]
    case 'row':
      return Object.entries(record.columns).map(([name, value]) => [name, strings(value).join('\n')])
    case 'prompt':
    case 'conversation':
      return [
        ['prompt', asked(record.messages)],
        ['completion', answered(record.messages)],
        ['reference', record.reference ?? ''],
      ]
    case 'preference':
      return [
        ['prompt', asked(record.prompt)],
        ['completion', answered([...record.prompt, ...record.chosen])],
        ['completion', answered(record.rejected)],
      ]
    case 'feedback':
      return [
        ['prompt', asked(record.prompt)],
        ['completion', answered([...record.prompt, ...record.completion])],
      ]
    case 'exam':
      return [
        ['prompt', asked(record.prompt)],
        ['target', record.target],
        ['choices', (record.choices ?? []).join('\n')],
      ]
  }
}

const asked = (messages: Message[]) =>
  messages.flatMap(m => (m.content && m.role !== 'assistant' ? [m.content] : [])).join('\n')

/** Reasoning and the arguments of tools are trained on like the answer itself. */
const answered = (messages: Message[]) =>
  messages
    .filter(m => m.role === 'assistant')
    .flatMap(m => [
      m.reasoning ?? '',
      m.content ?? '',
      ...(m.tool_calls ?? []).flatMap(call => strings(call.function.arguments)),
    ])
    .filter(Boolean)
    .join('\n')

/** The texts inside a value; numbers and names of keys say nothing. */
function strings(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value]
  return value && typeof value === 'object' ? Object.values(value).flatMap(strings) : []
}
