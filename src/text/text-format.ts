import type { Rec } from '../records/index.ts'
import type { Format } from './blocks.ts'

const endings: { [ending: string]: Format } = {
  md: 'markdown',
  markdown: 'markdown',
  rst: 'rst',
  rest: 'rst',
  txt: 'text',
}
/** Tables hold texts of any sort, and a page is written down as Markdown. */
const tables = ['jsonl', 'ndjson', 'json', 'csv', 'tsv', 'parquet', 'sqlite', 'sqlite3', 'db', 'xlsx']

/**
 * What the text of a document is written in: as its reader said, else by the ending of its file. Where neither tells, the
 * marks of reStructuredText decide, which are rare in Markdown.
 */
export function textFormat(record: Rec<'document'>): Format {
  const { source } = record.lineage
  // What was cut out of a program is one.
  if (typeof record.facets.code === 'string') return 'code'
  const told = source?.format
  if (told) return told
  const ending = /\.([a-z]\w*)(?:\.gz)?$/i.exec(source?.uri ?? '')?.[1]?.toLowerCase() ?? ''
  const named = endings[ending]
  if (named) return named
  if (ending !== '' && !tables.includes(ending)) return 'text'
  return /^\.\. [\w-]+::/m.test(record.text) && !/^#{1,6} /m.test(record.text) ? 'rst' : 'markdown'
}
