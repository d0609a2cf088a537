import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { type Id, type Json, type Payload, payloadDigest, payloadProblem, type Rec } from '../../records/index.ts'
import { recordsOf } from '../../run/index.ts'
import { cellsOf, contentCells, payloadOfCells, readTable } from '../../sources/index.ts'
import { putWhole } from '../../workspace/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { look } from '../look.ts'
import { finishedRun } from '../open.ts'
import { rewritten, unshielded } from '../spreadsheet.ts'

type Verdict = 'accept' | 'edit' | 'reject'
type Review = { review: Id; digest: string; verdict: Verdict; by: string; note?: string; payload?: Payload; at: string }
type Conflict = { row?: number; id?: Id; why: string }
type Cells = { [name: string]: Json | undefined }

export const run: Run = call =>
  look(call, async ({ archive, project, reporter, root, runs }) => {
    const given = call.args[0]!
    const file = resolve(call.io.cwd, given)
    if (!existsSync(file)) {
      throw new StillroomError('SR_SOURCE_READ', `There is no file ${given}.`, {
        hint: 'stillroom export csv writes one',
      })
    }
    const past = finishedRun(runs(), call.io, root)
    const { size, mtimeMs } = statSync(file)
    const rows = new Map<Id, { row: number; columns: Cells }>()
    const named = new Set<string>()
    const conflicts: Conflict[] = []
    let exported: string | undefined
    let unread = 0
    for await (const read of readTable({ path: given, below: basename(file), absolute: file, size, mtimeMs })) {
      if ('reason' in read) {
        unread++
        conflicts.push({ row: read.row, why: `cannot be read: ${read.reason}` })
        continue
      }
      const { row, columns } = read
      for (const name of Object.keys(columns)) named.add(name)
      const id = typeof columns.id === 'string' ? columns.id.trim() : ''
      if (typeof columns.export === 'string' && columns.export) exported ??= columns.export
      if (id === '') {
        if (text(columns.export)) unread++
        conflicts.push({ row, why: 'has no id: rows of your own go into a source of their own' })
      } else if (rows.has(id)) conflicts.push({ row, id, why: `stands twice, first in row ${rows.get(id)!.row}` })
      else rows.set(id, { row, columns })
    }
    const handed = handedOut(root, exported)
    const now = new Map<Id, Rec>()
    for (const record of recordsOf(archive.store, past, handed?.stage)) {
      if (rows.has(record.id) || handed?.rows.has(record.id)) now.set(record.id, record)
    }
    const inRows = [...rows.keys()].flatMap(id => now.get(id) ?? [])
    for (const name of new Set(inRows.flatMap(record => Object.keys(cellsOf(record))))) {
      if (!named.has(name)) conflicts.push({ why: `there is no column \`${name}\`: it stays as it was` })
    }
    // Rows that may be those that are missing: without a name that was handed out.
    const strays = unread + [...rows].filter(([id, { columns }]) => !now.has(id) && text(columns.export)).length
    const by = call.given.by
    const at = call.io.now().toISOString()
    const reviews: Review[] = []
    let untouched = 0
    const table = /\.[ct]sv(?:\.gz)?$/i.test(file)
    for (const [id, { row, columns }] of rows) {
      const record = now.get(id)
      const cells = record ? changedCells(columns, record, table, named) : {}
      const found = judged(id, columns, cells, record, handed?.rows.get(id) ?? text(columns.digest), table)
      if (typeof found === 'string') conflicts.push({ row, id, why: found })
      else if (!found) untouched++
      else {
        const who = text(columns.by) ?? by
        if (who === undefined) throw noName()
        const note = text(columns.note)
        reviews.push({ review: id, ...found, by: who, ...(note ? { note } : {}), at })
      }
    }
    const missing = [...(handed?.rows ?? [])].filter(([id]) => !rows.has(id) && now.has(id))
    if (missing.length > 0 && strays > 0) {
      const rows = `${counted(missing.length, 'row')} ${missing.length === 1 ? 'is' : 'are'} missing`
      conflicts.push({ why: `${rows}, and as many may be among those that are not known: they are not taken out` })
    } else {
      for (const [id, digest] of missing) {
        if (now.get(id)!.digest !== digest) {
          conflicts.push({ id, why: 'was taken out of the file, and its content has changed since; export it again' })
          continue
        }
        if (by === undefined) throw noName()
        reviews.push({ review: id, digest, verdict: 'reject', by, note: 'taken out of the file', at })
      }
    }
    const base = project?.base ?? dirname(root)
    const out = call.given.out
      ? resolve(call.io.cwd, call.given.out)
      : join(base, 'reviews', `${basename(file).replace(/\.\w+$/, '')}.jsonl`)
    const { kept, overruled } = merged(out, reviews)
    for (const { review, before, now } of overruled) {
      conflicts.push({ id: review, why: `${before} said otherwise before; ${now} counts now` })
    }
    putWhole(out, kept.map(review => `${JSON.stringify(review)}\n`).join(''))
    const counts = { accept: 0, edit: 0, reject: 0 }
    for (const { verdict } of reviews) counts[verdict]++
    const path = relative(base, out)
    reporter.say(
      `${counted(rows.size, 'row')} read: ${counts.accept} accepted, ${counts.edit} edited, ${counts.reject} rejected, ${untouched} untouched.`,
      ...(handed ? [] : ['The file names no export of this workspace: rows that were taken out of it are not known.']),
      ...(conflicts.length > 0 ? ['', `${counted(conflicts.length, 'conflict')}:`] : []),
      ...conflicts.map(
        ({ row, id, why }) => `  ${row === undefined ? '' : `row ${row} `}${id?.slice(0, 12) ?? ''} ${why}`,
      ),
      '',
      `In the recipe, behind ${handed?.stage ?? 'the step that was exported'}:`,
      '',
      `  - review: { reviews: ${path} }`,
    )
    reporter.result({ out: path, rows: rows.size, ...counts, untouched, conflicts })
    return 0
  })

const text = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined

const noName = () =>
  new StillroomError('SR_USAGE', '--by is missing.', {
    expected: 'the name of who reviewed the rows',
    hint: 'stillroom import edits rows.csv --by "<your name>", or fill in the column `by`',
  })

/** What an export handed out: the stage, and the digest of each row by its id. */
function handedOut(root: string, name: string | undefined): { stage: string; rows: Map<Id, string> } | undefined {
  const path = name && /^[0-9a-f]{12}$/.test(name) ? join(root, 'exports', name) : undefined
  if (path === undefined || !existsSync(path)) return undefined
  const [head, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
  const rows = lines.map(line => line.split(' ') as [Id, string])
  return { stage: (JSON.parse(head!) as { stage: string }).stage, rows: new Map(rows) }
}

/** The review that a row amounts to, nothing where nobody touched it, or what is wrong with it. */
function judged(
  id: Id,
  columns: Cells,
  cells: Cells,
  record: Rec | undefined,
  digest: string | undefined,
  table: boolean,
): Pick<Review, 'digest' | 'verdict' | 'payload'> | undefined | string {
  if (!record) return `the last run has no record ${id.slice(0, 12)} there`
  const verdict = text(columns.verdict)?.toLowerCase()
  if (verdict !== undefined && verdict !== 'accept' && verdict !== 'edit' && verdict !== 'reject') {
    return `\`${verdict}\` is no verdict: accept, edit or reject`
  }
  const payload = payloadOfCells(record.kind, cells)
  const edited = payloadDigest(payload) !== payloadDigest(asRead(record))
  if (verdict === undefined && !edited) return undefined
  if (digest !== record.digest) return 'its content has changed since it was exported; export it again'
  if (verdict === 'reject') return { digest, verdict }
  if (!edited) return verdict === 'edit' ? 'says edit, and nothing differs' : { digest, verdict: 'accept' }
  for (const [name, before] of Object.entries(asCells(record))) {
    const after = cells[name] ?? ''
    if (after === '' && before !== '' && !optional.has(name)) return `\`${name}\` is empty: write reject, or fill it in`
    if (table && verdict !== 'edit' && typeof after === 'string' && rewritten(before, after))
      return `\`${name}\` differs as a spreadsheet changes it by itself; write edit under \`verdict\` if you did`
  }
  return payloadProblem(payload) ?? { digest, verdict: 'edit', payload }
}

/** Cells that a record can do without. */
const optional = new Set(['title', 'uri', 'system', 'reference', 'verifier', 'tools', 'choices', 'rubric'])

/** The content of a record as it stands in a table. */
function asCells(record: Rec): { [name: string]: string } {
  const cells = Object.entries(cellsOf(record))
  return Object.fromEntries(cells.map(([name, cell]) => [name, typeof cell === 'string' ? cell : JSON.stringify(cell)]))
}

/**
 * The cells of a row as somebody changed them: without what a table adds to texts, and with the content of a column that
 * the file has no more.
 */
function changedCells(columns: Cells, record: Rec, table: boolean, named: ReadonlySet<string>): Cells {
  const before = asCells(record)
  const changed: Cells = {}
  for (const name of contentCells(record.kind)) {
    const given = columns[name]
    if (!named.has(name)) changed[name] = before[name]
    else if (typeof given !== 'string') changed[name] = given
    else {
      const cell = table ? unshielded(given) : given
      const known = before[name] ?? ''
      // Spreadsheets end lines in their own way, and UTF-8 holds no half of a character: nobody typed that.
      changed[name] = lines(cell) === lines(known.toWellFormed()) ? known : known.includes('\r') ? cell : lines(cell)
    }
  }
  return changed
}

const lines = (text: string): string => text.replaceAll(/\r\n?/g, '\n')

/** The content as an untouched row would give it back: a table forgets that a field was empty. */
const asRead = (record: Rec): Payload => payloadOfCells(record.kind, cellsOf(record))

/**
 * Reviews that were there with the new ones behind them; a later one of the same content takes the place of the earlier.
 * What a review made of a record is another content: its reviews stand behind it.
 */
function merged(file: string, fresh: Review[]) {
  const keyOf = ({ review, digest }: Review): string => `${review} ${digest}`
  const said = ({ verdict, by, note, payload }: Review): string => JSON.stringify([verdict, by, note, payload])
  const known = new Map(readReviews(file).map(review => [keyOf(review), review]))
  const overruled = fresh.flatMap(review => {
    const { verdict, by, payload } = review
    const earlier = known.get(keyOf(review))
    const same =
      !earlier || (earlier.verdict === verdict && JSON.stringify(earlier.payload) === JSON.stringify(payload))
    return same || earlier.by === by ? [] : [{ review: review.review, before: earlier.by, now: by }]
  })
  for (const review of fresh) {
    const key = keyOf(review)
    const earlier = known.get(key)
    // The same file once more says nothing new, and what was said after it still counts.
    if (earlier && said(earlier) === said(review)) continue
    known.delete(key)
    known.set(key, review)
  }
  return { kept: [...known.values()], overruled }
}

function readReviews(file: string): Review[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return []
      try {
        return [JSON.parse(line) as Review]
      } catch (cause) {
        throw new StillroomError('SR_SOURCE_READ', `Line ${i + 1} of ${file} is no review.`, {
          cause,
          hint: 'mend the line, or write to another file with --out',
        })
      }
    })
}
