import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deserialize } from 'node:v8'
import { readParquet } from '../../records/index.ts'
import { readHeld } from '../../workspace/index.ts'
import { heldLines, heldTasks, type Place } from './held.ts'
import { type Traces, textsIn, traceFinder, traceHints } from './traces.ts'
import { foreignRows, trainingTexts } from './trainings.ts'

/** What a scan looked at, and where it found something; a place is named, never what stands there. */
export type Scan = {
  looked: { [what: string]: number }
  found: string[]
  /** Rows of trainings that hold some of it too, out of a release of another recipe. */
  elsewhere: { folder: string; release: string }[]
}

/**
 * Looks for traces in everything that a workspace and its releases hold: tasks decoded frame by frame, Parquet, the texts
 * of the journal, its file byte by byte with free pages and the log of writes, and every other file as it lies.
 */
export async function scan(place: Place, traces: Traces, skip: (path: string) => boolean): Promise<Scan> {
  const { paths, releases } = place
  const traced = traceFinder(traces)
  const hints = traceHints(traces)
  const looked: Scan['looked'] = { tasks: 0, texts: 0, pages: 0, files: 0 }
  const found: string[] = []
  const foreign = foreignRows(place)
  const elsewhere = new Set<string>()
  for (const task of heldTasks(place)) {
    looked.tasks!++
    if (heldLines(place, task, hints).some(({ value }) => traced(value))) found.push(`task ${task.task}`)
    if (task.look) {
      const look = deserialize(readFileSync(join(paths.task(task.task), 'survey.v8')))
      if (traced(JSON.stringify(look, plain))) found.push(`look ${task.task}`)
    }
  }
  const journal = readHeld(paths.journal)
  try {
    journal.texts((digest, text) => {
      looked.texts!++
      if (traced(text)) found.push(`text ${digest.slice(0, 12)} of the journal`)
    })
  } finally {
    journal.close()
  }
  found.push(...scanDatabase(paths.journal, traces, pages => (looked.pages = pages)))
  const own = (path: string): boolean => path.startsWith(paths.tasks) || path.startsWith(paths.journal) || skip(path)
  // Weights are no texts, and what people keep beside them is theirs.
  const roots = [
    ...[paths.root, releases].map(root => [root, root] as const),
    ...trainingTexts(place).map(root => [root, dirname(releases)] as const),
  ]
  for (const [root, above] of roots) {
    if (!existsSync(root)) continue
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || own(path)) continue
      looked.files!++
      if (!(await holds(path, traced))) continue
      if (foreign[entry.parentPath]) elsewhere.add(entry.parentPath)
      else found.push(relative(above, path))
    }
  }
  const others = [...elsewhere].map(folder => ({
    folder: relative(dirname(releases), folder),
    release: foreign[folder]!,
  }))
  return { looked, found: [...new Set(found)], elsewhere: others }
}

/** What JSON has no form for, such as looks hold. */
const plain = (_: string, value: unknown): unknown =>
  value instanceof Map || value instanceof Set ? [...value] : typeof value === 'bigint' ? String(value) : value

async function holds(path: string, traced: (value: unknown) => boolean): Promise<boolean> {
  if (path.endsWith('.parquet')) {
    for await (const row of readParquet(path)) if (traced(row)) return true
    return false
  }
  const text = readFileSync(path, 'utf8')
  if (/\.(jsonl|ndjson|json)$/.test(path)) {
    try {
      const lines = path.endsWith('.json') ? [text] : text.split('\n').filter(Boolean)
      return lines.some(line => traced(JSON.parse(line)))
    } catch {
      // A line that a killed process left: looked at as it lies.
    }
  }
  return traced(text) || text.split('\n').some(traced)
}

/** The file of a database as bytes: names are found wherever they lie, texts in the form in which they are kept. */
function scanDatabase(file: string, { ids, calls, lines }: Traces, pages: (n: number) => void): string[] {
  const found: string[] = []
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const { freelist_count: free } = db.prepare('pragma freelist_count').get() as { freelist_count: number }
    const { page_count: all } = db.prepare('pragma page_count').get() as { page_count: number }
    pages(all)
    if (free > 0) found.push(`${free} free pages of the journal`)
  } finally {
    db.close()
  }
  if (existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0) found.push('the log of writes of the journal')
  // Longer lines stand for the texts they are part of.
  const longest = [...lines].sort((a, b) => b.length - a.length).slice(0, 64)
  const needles = longest.map(line => Buffer.from(JSON.stringify(line.slice(0, 200)).slice(1, -1)))
  for (const bytes of pieces(file)) {
    for (const [{ length }, at] of bytes
      .toString('latin1')
      .matchAll(/[0-9a-f]{32,}/g)
      .map(m => [m[0], m.index] as const)) {
      // Names stand beside other columns without anything between them.
      for (let from = at; from + 32 <= at + length; from++) {
        const name = (n: number): string => bytes.toString('latin1', from, from + n)
        if (ids.has(name(32)) || calls.has(name(64))) found.push('a name in the pages of the journal')
      }
    }
    if (needles.some(needle => bytes.includes(needle))) found.push('a text in the pages of the journal')
  }
  return [...new Set(found)]
}

/** A file in pieces that overlap, so that nothing short is cut in two. */
function* pieces(file: string): Generator<Buffer> {
  const fd = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(2 ** 24)
    for (let at = 0; ; at += bytes.length - 4096) {
      const read = readSync(fd, bytes, 0, bytes.length, at)
      if (read > 0) yield bytes.subarray(0, read)
      if (read < bytes.length) return
    }
  } finally {
    closeSync(fd)
  }
}

/** A value without the parts that hold a trace: items of lists, and members of objects by key or value. */
export function without(value: unknown, traced: (value: unknown) => boolean): unknown {
  if (typeof value === 'string') return traced(value) ? undefined : value
  if (Array.isArray(value)) return value.map(one => without(one, traced)).filter(one => one !== undefined)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    if (textsIn(key).some(traced)) return []
    const rest = without(inner, traced)
    return rest === undefined ? [] : [[key, rest] as const]
  })
  return Object.fromEntries(kept)
}
