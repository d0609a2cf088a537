import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { blocking } from '../govern/index.ts'
import { parquetWriter, type Row, type Sha, sha256 } from '../records/index.ts'
import { lineWriter } from '../workspace/index.ts'
import { callsFile, writeCalls } from './calls.ts'
import { type CardFacts, renderCard } from './card.ts'
import { cardMarks } from './card-marks.ts'
import { openClosure } from './closure.ts'
import { type DataFile, renderCroissant } from './croissant.ts'
import { digestFile, putFile, readLines, syncFolder } from './disk.ts'
import { factLines, factsFile } from './facts.ts'
import type { ReleaseInput } from './input.ts'
import { collectLeaves, leafOf, marksOf, merkleRoot } from './merkle.ts'
import { rowsOf } from './read.ts'
import { configNames, emptySurvey, type Layout, layoutOf, rowOf, type Survey, shapeRow, surveyRow } from './rows.ts'
import { type Signer, signatureFile, signRelease } from './sign.ts'
import { renderSpdx } from './spdx.ts'
import { emptyTally, type Tally, tallyRecord } from './tally.ts'
import { tombstoneFile } from './tombstone.ts'
import { renderTrainingContent } from './training-content.ts'

/** A file of a release. One of rows has the root of their Merkle tree, in which each row can be proven alone. */
export type ReleaseFile = { path: string; bytes: number; sha256: Sha; rows?: number; merkle?: Sha }

/** What identifies a release: every file but itself, run.json, report/ and the signature, with size and digest. */
export type Manifest = {
  format: 1
  name: string
  version: string
  date: string
  license: string
  recipe: Sha
  previous: { version: string; manifest?: Sha } | null
  rows: { [config: string]: { [split: string]: number } }
  /** The beginning of the digest of each field and section of the card, to say which one was edited. */
  card: { [part: string]: string }
  files: ReleaseFile[]
}

/** `existed` says that an equal release lay there already and was left as it is, but for a signature that it lacked. `manifest` is the digest of manifest.json. */
export type Released = { dir: string; manifest: Sha; rows: Manifest['rows']; existed: boolean; keyid?: Sha }

/**
 * Writes a release into `dir` (its final folder), first under a temporary name beside it; it appears whole or not at all.
 * The same input gives the same bytes, signature apart: it is made with `signer`. Throws SR_GATE when a gate blocks, SR_YIELD without rows, SR_WORKSPACE when an
 * ancestor is missing, SR_RELEASE_EXISTS when another release lies there, SR_DISK_FULL.
 */
export async function writeRelease(input: ReleaseInput, dir: string, signer?: Signer): Promise<Released> {
  const blocks = blocking(input.gates)
  if (blocks.length > 0) {
    throw new StillroomError(
      'SR_GATE',
      `The release is blocked by ${blocks.map(gate => `${gate.id} (${gate.why})`).join('; ')}`,
      {
        hint: blocks
          .map(gate => gate.wayOut)
          .filter(Boolean)
          .join(' '),
      },
    )
  }
  const partial = join(dirname(dir), `.${basename(dir)}.partial`)
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(join(partial, 'spool'), { recursive: true })
  try {
    const rows = await fill(input, partial)
    const text = readFileSync(join(partial, 'manifest.json'), 'utf8')
    const released = { dir, manifest: sha256(text), rows, ...(signer ? { keyid: signer.keyid } : {}) }
    if (existsSync(dir)) {
      if (sameManifest(dir, text)) {
        if (signer && !existsSync(join(dir, signatureFile))) signRelease(dir, signer)
        return { ...released, existed: true }
      }
      throw new StillroomError(
        'SR_RELEASE_EXISTS',
        existsSync(join(dir, tombstoneFile))
          ? `${basename(dir)} was withdrawn, and its version is taken.`
          : `${basename(dir)} exists with other content.`,
        {
          position: { file: dir },
          hint: 'Give `release.version` in the recipe a new number; a release is never changed.',
        },
      )
    }
    if (signer) signRelease(partial, signer)
    renameSync(partial, dir)
    syncFolder(dirname(dir))
    return { ...released, existed: false }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    throw new StillroomError('SR_DISK_FULL', 'The disk became full while the release was written.', {
      hint: 'Make room and run the command again; nothing was released.',
      cause: error,
    })
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

function sameManifest(dir: string, text: string): boolean {
  const path = join(dir, 'manifest.json')
  return existsSync(path) && readFileSync(path, 'utf8') === text
}

async function fill(input: ReleaseInput, dir: string): Promise<Manifest['rows']> {
  const closure = openClosure(input.lookup, join(dir, 'spool', 'provenance'))
  const { configs, tally } = await spool(input, dir, closure.add).finally(closure.close)
  const names = [...configs.keys()].sort()
  const layouts = Object.fromEntries(
    names.map(name => [name, layoutOf(configs.get(name)!.survey, input.format ?? 'parquet')]),
  )
  const rows: Manifest['rows'] = {}
  const data: DataFile[] = []
  for (const name of names) {
    const counts = configs.get(name)!.splits
    rows[name] = Object.fromEntries(
      [...counts].map(([split, { rows }]): [string, number] => [split, rows]).sort((a, b) => (a[0] < b[0] ? -1 : 1)),
    )
    mkdirSync(join(dir, 'data', name), { recursive: true })
    for (const split of Object.keys(rows[name])) {
      const { spooled, rows: count } = counts.get(split)!
      for (const path of await writeSplit(
        dir,
        `data/${name}/${split}`,
        spooled,
        count,
        layouts[name]!,
        input.rowsPerFile ?? 100_000,
      )) {
        data.push({ config: name, path, ...(await digestFile(join(dir, path))) })
      }
    }
    syncFolder(join(dir, 'data', name))
  }
  closure.write(join(dir, 'provenance.jsonl'))
  putFile(join(dir, 'gates.json'), `${JSON.stringify({ use: input.recipe.use, gates: input.gates }, null, 2)}\n`)
  const { writers, judges } = closure
  const told: CardFacts = { ...input, tally, rows, layouts, closure: closure.count(), writers, judges }
  const provenance = { path: 'provenance.jsonl', ...(await digestFile(join(dir, 'provenance.jsonl'))) }
  putFile(join(dir, 'croissant.json'), renderCroissant(told, data, provenance))
  putFile(join(dir, 'spdx.json'), renderSpdx(told, data))
  putFile(join(dir, 'training-content.md'), renderTrainingContent(told))
  putFile(join(dir, 'README.md'), renderCard(told))
  const facts = lineWriter(join(dir, factsFile))
  for (const line of factLines(input)) facts.line(line)
  facts.end()
  const trees = await growTrees(dir, [...data.map(({ path }) => path), factsFile, 'provenance.jsonl'].sort())
  const files: ReleaseFile[] = []
  const texts = ['README.md', 'croissant.json', 'gates.json', 'provenance.jsonl', 'spdx.json', 'training-content.md']
  for (const path of [...texts, factsFile, leavesFile]) files.push({ path, ...(await digestFile(join(dir, path))) })
  for (const { path, bytes, sha256 } of data) files.push({ path, bytes, sha256 })
  const manifest: Manifest = {
    format: 1,
    name: input.name,
    version: input.version,
    date: input.date,
    license: input.license,
    recipe: input.recipe.digest,
    previous: input.previous ?? null,
    rows,
    card: cardMarks(readFileSync(join(dir, 'README.md'), 'utf8')),
    files: files.map(file => ({ ...file, ...trees.get(file.path) })).sort((a, b) => (a.path < b.path ? -1 : 1)),
  }
  putFile(join(dir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  if (input.run !== undefined) {
    const calls = input.call ? { journal: await writeCalls(dir, input.call) } : {}
    putFile(join(dir, 'run.json'), `${JSON.stringify({ ...input.run, ...calls }, null, 2)}\n`)
    if (input.call) syncFolder(dirname(join(dir, callsFile)))
  }
  rmSync(join(dir, 'spool'), { recursive: true })
  for (const folder of [join(dir, 'data'), dir]) syncFolder(folder)
  return rows
}

/** Which rows a file has, by the first bytes of their leaves: to say which one is another. */
export const leavesFile = 'leaves.jsonl'

/** Reads what was written, so that a root stands for what lies on disk, and writes down the marks of all leaves. */
async function growTrees(dir: string, paths: string[]): Promise<Map<string, { rows: number; merkle: Sha }>> {
  const trees = new Map<string, { rows: number; merkle: Sha }>()
  const marks = lineWriter(join(dir, leavesFile))
  try {
    for (const path of paths) {
      const leaves = collectLeaves()
      for await (const row of rowsOf(join(dir, path))) leaves.push(leafOf(row))
      trees.set(path, { rows: leaves.length, merkle: merkleRoot(leaves) })
      marks.line(JSON.stringify({ path, marks: marksOf(leaves) }))
    }
  } finally {
    marks.end()
  }
  return trees
}

type Config = { survey: Survey; splits: Map<string, { spooled: string; rows: number }> }

/** First pass: rows wait on disk, because their schema and the number of files are known only after the last one. */
async function spool(
  input: ReleaseInput,
  dir: string,
  add: ReturnType<typeof openClosure>['add'],
): Promise<{ configs: Map<string, Config>; tally: Tally }> {
  const configs = new Map<string, Config>()
  const tally = emptyTally()
  const seen = new Set<string>()
  const writers = new Map<string, ReturnType<typeof lineWriter>>()
  try {
    for await (const record of input.records) {
      if (seen.has(record.id))
        throw new StillroomError('SR_INTERNAL', `Record ${record.id} arrives twice in the release.`)
      seen.add(record.id)
      const apart = input.apart?.rows.get(record.id)
      const name = `${input.configs?.[record.kind] ?? configNames[record.kind]}${apart ? `-${apart}` : ''}`
      // `datasets` takes word characters in the name of a split.
      const split = (record.facets.split ?? 'train').replace(/\W+/g, '_')
      const config = configs.get(name) ?? { survey: emptySurvey(record.kind), splits: new Map() }
      configs.set(name, config)
      if (config.survey.kind !== record.kind) {
        throw new StillroomError(
          'SR_RECIPE_CONFLICT',
          `The config ${name} would hold both ${config.survey.kind} and ${record.kind} rows.`,
          {
            hint: 'Give each kind a name of its own under `release.configs`.',
          },
        )
      }
      const counter = config.splits.get(split) ?? { spooled: join(dir, 'spool', `rows-${writers.size}`), rows: 0 }
      config.splits.set(split, counter)
      const row = rowOf(record, await add(record))
      surveyRow(config.survey, row)
      tallyRecord(tally, record)
      counter.rows++
      const writer = writers.get(counter.spooled) ?? lineWriter(counter.spooled)
      writers.set(counter.spooled, writer)
      // Half a surrogate pair is no Unicode text: readers in other languages fail on it or see other characters.
      writer.line(JSON.stringify(row, (_, value) => (typeof value === 'string' ? value.toWellFormed() : value)))
    }
  } finally {
    for (const writer of writers.values()) writer.end()
  }
  if (tally.rows > 0) return { configs, tally }
  throw new StillroomError('SR_YIELD', 'No row is left to release.', {
    hint: 'See the drop reasons of each step with `stillroom status`.',
  })
}

/** Second pass: the rows of one split in files of `rowsPerFile`, each with the schema of its config. */
async function writeSplit(
  dir: string,
  stem: string,
  spooled: string,
  rows: number,
  layout: Layout,
  rowsPerFile: number,
): Promise<string[]> {
  const files = Math.ceil(rows / rowsPerFile)
  const number = (n: number) => String(n).padStart(5, '0')
  const paths = Array.from({ length: files }, (_, i) => `${stem}-${number(i)}-of-${number(files)}.${layout.format}`)
  const lines = readLines(spooled)
  for (const path of paths) {
    const file =
      layout.format === 'parquet' ? parquetWriter(join(dir, path), layout.columns) : jsonlWriter(join(dir, path))
    try {
      for (let i = 0; i < rowsPerFile; i++) {
        const next = await lines.next()
        if (next.done) break
        file.row(shapeRow(JSON.parse(next.value) as Row, layout))
      }
    } finally {
      file.end()
    }
  }
  return paths
}

function jsonlWriter(path: string): { row(row: Row): void; end(): void } {
  const { line, end } = lineWriter(path)
  return { row: row => line(JSON.stringify(row)), end }
}
