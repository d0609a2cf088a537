import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { canonical, type Id, type Json, type Rec, type Sha } from '../records/index.ts'
import { callsFile, callsNamed } from './calls.ts'
import { type Fact, factsFile } from './facts.ts'
import { collectLeaves, leafOf, merklePath } from './merkle.ts'
import { dataFiles, rowsOf } from './read.ts'
import { type Envelope, publicKeyFile, signatureFile } from './sign.ts'

/** A line of a file of a release with its place in the tree of that file. `line` is canonical JSON: what the leaf is over. */
export type ProofItem = { file: string; index: number; size: number; line: string; path: Sha[] }

/**
 * Everything that one row rests on, in one file that `bin/verify-proof.mjs` checks without the release: the row, its line of
 * descent, the facts of its sources, teachers, steps and prompts, the calls behind it, the gates, and what was signed.
 */
export type Proof = {
  format: 1
  id: Id
  /** Texts as they lie in the release, since digests are over bytes. */
  manifest: string
  run?: string
  gates: string
  signature?: Envelope
  publicKey?: string
  items: ProofItem[]
}

type Row = { [name: string]: Json | undefined }
type Traced = Pick<Rec, 'id' | 'lineage' | 'scores'>

/** The rows of a file that `wanted` takes, each with its path. Reads the file once. */
async function itemsOf(dir: string, file: string, wanted: (row: Row) => boolean): Promise<ProofItem[]> {
  if (!existsSync(join(dir, file))) return []
  const leaves = collectLeaves()
  const found: { index: number; line: string }[] = []
  for await (const row of rowsOf(join(dir, file))) {
    if (wanted(row)) found.push({ index: leaves.length, line: canonical(row) })
    leaves.push(leafOf(row))
  }
  return found.map(({ index, line }) => ({ file, index, size: leaves.length, line, path: merklePath(leaves, index) }))
}

/** The lines of descent of a record: level by level, so that memory holds theirs alone. */
async function descent(dir: string, id: Id): Promise<ProofItem[]> {
  const file = 'provenance.jsonl'
  const known = new Set<Id>()
  const ids = new Set([id])
  while (ids.size > known.size) {
    for await (const row of rowsOf(join(dir, file))) {
      const { id, lineage } = row as unknown as Traced
      if (!ids.has(id) || known.has(id)) continue
      known.add(id)
      for (const parent of lineage.parents) if (parent.role !== 'corpus') ids.add(parent.id)
    }
  }
  return itemsOf(dir, file, row => ids.has(String(row.id)))
}

/** Whether a fact is about something that took part in these records. */
function concerns(records: Traced[]): (fact: Fact) => boolean {
  const made = records.flatMap(({ lineage }) => lineage.made ?? [])
  const scores = records.flatMap(({ scores }) => Object.entries(scores))
  const sources = new Set(records.flatMap(({ lineage }) => lineage.source?.name ?? []))
  const teachers = new Set([
    ...made.flatMap(one => one.teachers),
    ...scores.flatMap(([, { judge }]) => judge ?? []),
    ...records.flatMap(({ lineage }) => lineage.source?.teacher ?? []),
  ])
  const ownerOf = (step: string): string => step.split('.')[0]!
  const judged = new Set(scores.map(([name]) => ownerOf(name.slice(0, name.lastIndexOf('/')))))
  const steps = new Set([...made.map(({ step }) => step), ...judged])
  const took = (key: string): boolean => steps.has(key) || steps.has(ownerOf(key))
  const prompts = new Set(made.flatMap(one => one.prompts))
  return ({ fact, name, id, key, digest, step }) => {
    if (fact === 'source') return sources.has(String(name))
    if (fact === 'teacher') return teachers.has(String(id))
    if (fact === 'step') return took(String(key))
    // A score names its step and call; the prompt that was asked with stands with the step.
    if (fact === 'prompt') return prompts.has(String(digest)) || judged.has(ownerOf(String(step)))
    return fact === 'release'
  }
}

/**
 * The proof of the row of a release whose id begins with `prefix`. Throws SR_NOT_FOUND where there is no such row, or more
 * than one.
 */
export async function proveRow(dir: string, prefix: string): Promise<Proof> {
  const read = (name: string): string => readFileSync(join(dir, name), 'utf8')
  const rows: ProofItem[] = []
  for (const { file } of dataFiles(dir))
    rows.push(...(await itemsOf(dir, file, row => String(row.id).startsWith(prefix))))
  const [row, other] = rows
  if (!row || other) {
    throw new StillroomError(
      'SR_NOT_FOUND',
      `${row ? 'More than one row' : 'No row'} of this release has an id that begins with ${prefix}.`,
      { hint: row ? 'add a few more characters of the id' : 'rows have their id in the column `id`' },
    )
  }
  const { id } = JSON.parse(row.line) as { id: Id }
  const lines = await descent(dir, id)
  const records = lines.map(({ line }) => JSON.parse(line) as Traced)
  const calls = new Set(records.flatMap(callsNamed))
  const concern = concerns(records)
  const facts = await itemsOf(dir, factsFile, fact => concern(fact as Fact))
  const replies = await itemsOf(dir, callsFile, ({ call }) => calls.has(String(call)))
  return {
    format: 1,
    id,
    manifest: read('manifest.json'),
    ...(existsSync(join(dir, 'run.json')) ? { run: read('run.json') } : {}),
    gates: read('gates.json'),
    ...(existsSync(join(dir, signatureFile))
      ? { signature: JSON.parse(read(signatureFile)) as Envelope, publicKey: read(publicKeyFile) }
      : {}),
    items: [row, ...lines, ...facts, ...replies],
  }
}
