import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { type Json, parquetWriter, type Rec, sha256 } from '../../records/index.ts'
import { recordsOf, stageOf, unansweredBy } from '../../run/index.ts'
import { cellsOf, contentCells } from '../../sources/index.ts'
import { targetNames } from '../../train/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { look } from '../look.ts'
import { finishedRun } from '../open.ts'
import { options } from '../options.ts'
import { pick } from '../rows.ts'
import { shielded } from '../spreadsheet.ts'

const formats = ['jsonl', 'csv', 'parquet'] as const
type Format = (typeof formats)[number]

/** Cells for a person to fill in, beside those that hold content and those that say what the row is. */
const reviewed = ['verdict', 'by', 'note']
const authored = ['completion', 'reasoning', 'by', 'note']

/** Rows of a step for people, or, where a trainer or vendor is named, a release for machines. */
export const run: Run = async call => {
  const [format, release] = call.args as [string, string | undefined]
  const people = formats.includes(format as Format)
  if (!people && !targetNames.includes(format)) {
    throw new StillroomError('SR_USAGE', `There is no export ${format}.`, {
      expected: `for people ${formats.join(', ')}; for training ${targetNames.join(', ')}`,
    })
  }
  const asked = Object.keys(call.given).filter(name => (people ? training : rows).includes(name))
  if (asked.length > 0 || (people && release !== undefined)) {
    throw new StillroomError(
      'SR_USAGE',
      people
        ? `${format} writes rows of the last run for people${asked.length > 0 ? `, and takes no ${flagsOf(asked)}` : ' and takes no release'}.`
        : `${format} writes a release, and takes no ${flagsOf(asked)}.`,
    )
  }
  return people ? forPeople(call) : (await import('./export-target.ts')).run(call)
}

/** Options of one of the two alone. */
const rows = ['step', 'unanswered', 'n', 'seed']
const training = ['type', 'reasoning', 'context', 'tooLong', 'tokenizer', 'dryRun']
const flagsOf = (names: string[]): string =>
  names.map(name => options[name as keyof typeof options].flags.split(' ')[0]).join(', ')

const forPeople: Run = call =>
  look(call, ({ archive, reporter, root, runs }) => {
    const format = call.args[0] as Format
    const { step, unanswered, n, seed = 1, out: named } = call.given
    const past = finishedRun(runs(), call.io, root, unanswered !== undefined)
    if (step !== undefined && unanswered !== undefined) {
      throw new StillroomError('SR_USAGE', '--step and --unanswered exclude each other.', {
        expected: 'rows of a step, or prompts of which none is left behind it',
      })
    }
    const open = unanswered === undefined ? undefined : unansweredBy(archive.store, past, unanswered)
    const asked = open ? authored : reviewed
    const stage = step === undefined ? past.output : stageOf(past, step)
    const all = (): Iterable<Rec> => open ?? recordsOf(archive.store, past, stage)
    const chosen = n === undefined ? undefined : pick(all(), n, seed)
    const what = open ? `unanswered-${unanswered}` : (step ?? 'rows')
    const out = resolve(call.io.cwd, named ?? `${past.recipe}-${what.replaceAll(/[^\w.-]/g, '-')}.${format}`)
    const draft = `${out}.tmp-${process.pid}`
    const exported = sha256([past.id, open ? what : stage, String(n ?? 'all'), String(seed)].join('\n')).slice(0, 12)
    // What was handed out, so that a row that is missing when the file comes back is known to have been taken out.
    const list = join(root, 'exports', exported)
    const listed = `${list}.tmp-${process.pid}`
    let count = 0
    mkdirSync(dirname(out), { recursive: true })
    mkdirSync(dirname(list), { recursive: true })
    try {
      writeRows(format, draft, () => chosen ?? all(), asked, exported)
      writing(listed, write => {
        write(`${JSON.stringify({ run: past.id, stage })}\n`)
        for (const { id, digest } of chosen ?? all()) {
          count++
          write(`${id} ${digest}\n`)
        }
      })
      renameSync(listed, list)
      renameSync(draft, out)
    } catch (error) {
      for (const file of [draft, listed]) rmSync(file, { force: true })
      throw error
    }
    const path = relative(call.io.cwd, out)
    if (open) {
      reporter.say(
        `${counted(count, 'prompt')} of which nothing is left behind ${unanswered}, in ${path}.`,
        '',
        'Write an answer under `completion` where you have one, and how you came to it under `reasoning`. Then:',
        '',
        `  stillroom import answers ${path} --by "<your name>"`,
      )
    } else {
      reporter.say(
        `${counted(count, 'row')} of ${stage} in ${path}.`,
        '',
        'Change texts, write accept, edit or reject under `verdict`, or take rows out. Then:',
        '',
        `  stillroom import edits ${path} --by "<your name>"`,
      )
    }
    const from = open ? { unanswered: unanswered! } : { step: stage }
    reporter.result({ run: past.id, ...from, format, out: path, rows: count, export: exported })
    return 0
  })

type Row = { [column: string]: Json }

function rowOf(record: Rec, asked: string[], exported: string): Row {
  const { id, digest, kind, language, facets, scores, lineage } = record
  const { source } = lineage
  return {
    id,
    kind,
    ...cellsOf(record),
    ...Object.fromEntries(asked.map(name => [name, ''])),
    language: language ?? null,
    facets: facets as Json,
    scores: Object.fromEntries(Object.entries(scores).map(([name, s]) => [name, 'value' in s ? s.value : null])),
    origin: lineage.origin,
    source: source ? `${source.uri} (${source.license})` : null,
    digest,
    export: exported,
  }
}

/** Writes a file piece by piece: one text of all rows may be longer than a text can be. */
function writing(file: string, work: (write: (text: string) => void) => void): void {
  const fd = openSync(file, 'w')
  let held: string[] = []
  let size = 0
  function flush(): void {
    writeFileSync(fd, held.join(''))
    held = []
    size = 0
  }
  try {
    work(text => {
      held.push(text)
      size += text.length
      if (size > 2 ** 20) flush()
    })
    flush()
  } finally {
    closeSync(fd)
  }
}

function writeRows(
  format: Format,
  file: string,
  records: () => Iterable<Rec>,
  asked: string[],
  exported: string,
): void {
  if (format === 'jsonl') {
    writing(file, write => {
      for (const record of records()) write(`${JSON.stringify(rowOf(record, asked, exported))}\n`)
    })
    return
  }
  const there = new Set<string>()
  const content = new Set<string>()
  for (const record of records()) {
    for (const name of contentCells(record.kind)) content.add(name)
    for (const name of Object.keys(cellsOf(record))) there.add(name)
  }
  const used = [...content].filter(name => there.has(name))
  const about = ['language', 'facets', 'scores', 'origin', 'source', 'digest', 'export']
  const columns = ['id', 'kind', ...used, ...asked, ...about]
  const text = (value: Json | undefined): string =>
    value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  if (format === 'csv') {
    writing(file, write => {
      // A byte order mark, without which spreadsheets take UTF-8 for something else.
      write(`\ufeff${columns.join(',')}\r\n`)
      for (const record of records()) {
        const row = rowOf(record, asked, exported)
        write(`${columns.map(name => quoted(shielded(text(row[name])))).join(',')}\r\n`)
      }
    })
    return
  }
  rmSync(file, { force: true })
  const writer = parquetWriter(file, Object.fromEntries(columns.map(name => [name, 'string' as const])))
  for (const record of records()) {
    const row = rowOf(record, asked, exported)
    writer.row(Object.fromEntries(columns.map(name => [name, text(row[name])])))
  }
  writer.end()
}

const quoted = (cell: string): string => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
