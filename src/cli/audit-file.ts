import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { partsOf, wrongWhen } from '../curate/index.ts'
import { StillroomError } from '../errors/index.ts'
import type { Id, Json, Rec } from '../records/index.ts'
import { type PeopleSaid, readCall } from '../run/index.ts'
import { listFiles, readTable } from '../sources/index.ts'

/** What the column for verdicts is called in a table, so that the file explains itself. */
const verdictHead = 'verdict (right, wrong or unsure)'

/** A cell that a spreadsheet would take for a formula is text all the same: it comes out of documents and models. */
const inert = (cell: string) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell)
const quoted = (cell: string) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

/** Spreadsheets cut a longer cell off. */
const longest = 32_000

function textOf(record: Rec): string {
  const text = partsOf(record)
    .map(({ label, text }) => `${label.replaceAll('-', ' ').toUpperCase()}\n${text}`)
    .join('\n\n')
  return text.length > longest ? `${text.slice(0, longest).toWellFormed()} […]` : text
}

/** Writes the drawn rows for people to judge, as JSON Lines or CSV by the file's ending, and what to do beside it. */
export function writeForPeople(path: string, rows: { id: Id; record: Rec }[], language: string): string {
  const lines = rows.map(({ id, record }) => ({ id, digest: record.digest.slice(0, 12), text: textOf(record) }))
  mkdirSync(dirname(path), { recursive: true })
  if (/\.jsonl$/i.test(path)) {
    const text = lines.map(({ id, digest, text }) =>
      JSON.stringify({ id, text, verdict: '', note: '', by: '', digest }).concat('\n'),
    )
    writeFileSync(path, text.join(''))
  } else {
    const cells = lines.map(({ id, digest, text }) => [id, inert(text), '', '', '', digest])
    const table = [['id', 'text', verdictHead, 'note', 'by', 'digest'], ...cells]
    // A byte order mark, without which spreadsheets take UTF-8 for something else.
    writeFileSync(path, `\ufeff${table.map(row => row.map(quoted).join(',')).join('\r\n')}\r\n`)
  }
  const guide = `${path.replace(/\.\w+$/, '')}.md`
  const kinds = [...new Set(rows.map(({ record }) => record.kind))]
  writeFileSync(guide, guideFor(basename(path), kinds, language.startsWith('ja') ? 'ja' : 'en'))
  return guide
}

function guideFor(file: string, kinds: Rec['kind'][], language: 'en' | 'ja'): string {
  const wrong = kinds.map(kind => wrongWhen[language][kind]).join('\n\n')
  if (language === 'ja') {
    return `# ${file} の判定のしかた

それぞれの行を読み、自分で確かめてから、verdict の列に right（正しい）、wrong（誤り）、unsure（判断できない）のいずれかを書いてください。note には理由を、by には名前を書けます。

${wrong}文体、長さ、丁寧さは問いません。

上から順に判定し、どこで終えてもかまいません。行は無作為に並んでいます。飛ばした行は判断できないものとして数えます。複数の人が判定するときは、行を複製して by に名前を書いてください。出典は \`stillroom show <id>\` で見られます。
`
  }
  return `# How to judge ${file}

Read each row, work it out yourself, and write right, wrong or unsure into the column \`verdict\`. There is room for a reason under \`note\` and for your name under \`by\`.

${wrong} Style, length and manners do not count.

Go from the top and stop wherever you like: the rows are in random order. A row that is skipped counts as one that nobody could tell. Where several people judge, each row may stand several times, each with another name under \`by\`. \`stillroom show <id>\` tells where a row comes from.
`
}

/**
 * Verdicts that people filled in. Throws SR_USAGE for a word that is no verdict, for rows that were not drawn, and for rows
 * whose content has changed since.
 */
export async function readFromPeople(path: string, drawn: ReadonlyMap<Id, Rec>): Promise<PeopleSaid[]> {
  /** By row and person: who judged a row twice means the later verdict. */
  const said = new Map<string, PeopleSaid>()
  const strangers: string[] = []
  const changed: string[] = []
  const [file] = existsSync(path) ? await listFiles({ files: path }, dirname(path)) : []
  if (!file) throw new StillroomError('SR_NOT_FOUND', `There is no file ${path}.`, { hint: 'name it with --people' })
  for await (const row of readTable(file)) {
    const wrong = (message: string, more: object = {}) =>
      new StillroomError('SR_USAGE', `${basename(path)}, row ${row.row}: ${message}`, {
        position: { file: path },
        ...more,
      })
    if (!('columns' in row)) throw wrong(`cannot be read (${row.reason}).`)
    const cell = (name: string) => textIn(Object.entries(row.columns).find(([key]) => key.split(' ')[0] === name)?.[1])
    const [id, word, note, by, digest] = ['id', 'verdict', 'note', 'by', 'digest'].map(cell)
    if (word === undefined) continue
    const call = readCall(word)
    if (!call) throw wrong(`\`${word.slice(0, 40)}\` is no verdict.`, { expected: 'right, wrong or unsure' })
    if (id === undefined) throw wrong('it has a verdict and no id.')
    const record = drawn.get(id)
    if (!record) strangers.push(id)
    else if (digest !== undefined && !record.digest.startsWith(digest)) changed.push(id)
    else said.set(`${id} ${by ?? ''}`, { id, call, ...(by ? { by } : {}), ...(note ? { note } : {}) })
  }
  const list = (ids: string[]) => `${ids.slice(0, 3).join(', ')}${ids.length > 3 ? `, and ${ids.length - 3} more` : ''}`
  if (strangers.length > 0) {
    throw new StillroomError('SR_USAGE', `${basename(path)} judges rows that were not drawn: ${list(strangers)}.`, {
      hint: 'give the -n, --seed and --step that the file was written with',
    })
  }
  if (changed.length > 0) {
    throw new StillroomError('SR_USAGE', `Rows have changed since they were judged: ${list(changed)}.`, {
      hint: 'audit again into another file, or take these rows out of it',
    })
  }
  return [...said.values()]
}

const textIn = (value: Json | undefined): string | undefined =>
  value === undefined || value === null || String(value).trim() === '' ? undefined : String(value).trim()
