/** Erasure: what descends from a row among a million, in memory, and found on disk in a workspace of as many. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kinship } from '../src/govern/index.ts'
import { type Id, type Lineage, type Parent, type Rec, random, sha256 } from '../src/records/index.ts'
import { findErasure, openPlace } from '../src/run/index.ts'
import { makeWorkspace, openJournal, openStore } from '../src/workspace/index.ts'
import type { Figure } from './benches.ts'

const rows = 1_000_000
const perTask = 20_000
const idOf = (n: number): Id => sha256(`row ${n}`).slice(0, 32)

/** A tenth are documents; the others are made of one that came before, and every fifth was shown two others. */
function lineageOf(n: number, draw: () => number): Lineage {
  if (n < rows / 10) {
    const source = { name: 'docs', uri: `docs/${n}.md`, license: 'cc0-1.0' }
    return { origin: 'real', generation: 0, parents: [], source }
  }
  const before = (): Id => idOf(Math.floor(draw() * n))
  const shown: Parent[] = n % 5 === 0 ? [before(), before()].map(id => ({ id, role: 'context' })) : []
  const made = {
    step: 'ask',
    version: 'ask@1',
    teachers: ['self/a'],
    prompts: [sha256('p')],
    calls: [sha256(`call ${n}`)],
  }
  return { origin: 'synthetic', generation: 1, parents: [{ id: before(), role: 'subject' }, ...shown], made }
}

function recordOf(n: number, draw: () => number): Rec {
  const words = Array.from({ length: 12 }, () => Math.floor(draw() * 1e6).toString(36)).join(' ')
  const content = {
    kind: 'document' as const,
    text: `Row ${n}: ${words}.\nIts second line holds ${words.slice(0, 30)} again.`,
  }
  return { ...content, id: idOf(n), digest: sha256(content.text), facets: {}, scores: {}, lineage: lineageOf(n, draw) }
}

const seconds = (from: number): number => (performance.now() - from) / 1000

export async function* closure(): AsyncIterable<Figure> {
  const draw = random('erasure', 1)
  const family = Array.from({ length: rows }, (_, n) => ({ id: idOf(n), parents: lineageOf(n, draw).parents }))
  const roots = Array.from({ length: 1000 }, (_, n) => idOf(n))
  let start = performance.now()
  const kin = kinship()
  for (const { id, parents } of family) kin.add(id, parents)
  const fates = kin.descend(roots)
  const own = seconds(start)
  // The same walk with the least that could do it: a list of children for each parent, and no fates.
  start = performance.now()
  const children = new Map<Id, Id[]>()
  for (const { id, parents } of family)
    for (const { id: parent } of parents) children.get(parent)?.push(id) ?? children.set(parent, [id])
  const reached = new Set(roots)
  for (const id of reached) for (const child of children.get(id) ?? []) reached.add(child)
  const plain = seconds(start)
  if (reached.size !== fates.size || !reached.isSubsetOf(fates)) throw new Error('the walks found other records')
  yield { metric: `records below ${roots.length} rows of ${rows}`, value: fates.size, unit: 'records' }
  yield { metric: 'closure', value: rows / own, unit: 'rows/s', ceiling: rows / plain, ratio: plain / own }
}

export async function* finding(): AsyncIterable<Figure> {
  const dir = mkdtempSync(join(tmpdir(), 'stillroom-bench-'))
  try {
    const root = join(dir, '.stillroom')
    const paths = makeWorkspace(root)
    openJournal(
      paths.journal,
      () => new Date(0),
      () => {},
    ).close()
    const store = openStore(paths, () => {})
    const draw = random('erasure', 1)
    for (let n = 0; n < rows; ) {
      const writer = store.open(sha256(`task ${n}`))
      for (const end = n + perTask; n < end; n++) {
        writer.output(JSON.stringify({ record: recordOf(n, draw) }))
        if (n % 100 === 99) writer.cut()
      }
      await writer.commit({ stage: sha256('stage'), funnel: {} })
    }
    const { place, close } = openPlace(root, join(dir, 'releases'), { command: 'bench', now: new Date(0) })
    let start = performance.now()
    // What no search can do without: every line read, unpacked and parsed once.
    let seen = 0
    for (let n = 0; n < rows; n += perTask) {
      const task = sha256(`task ${n}`)
      for (const piece of store.done(task)!.output)
        for (const lines of store.lines(task, piece)) for (const line of lines) if (JSON.parse(line).record) seen++
    }
    const once = seconds(start)
    start = performance.now()
    const { records, tasks } = await findErasure(place, { row: idOf(rows / 10 - 1) })
    const own = seconds(start)
    close()
    if (seen !== rows) throw new Error('the bench lost rows')
    yield { metric: `records found, in tasks`, value: records.length, unit: `records in ${tasks.length} tasks` }
    yield {
      metric: 'search of a workspace',
      value: rows / own,
      unit: 'rows/s',
      ceiling: rows / once,
      ratio: once / own,
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
