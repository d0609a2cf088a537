import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { StillroomError } from '../errors/index.ts'
import { blocking, type GateReport } from '../govern/index.ts'
import { type Id, type Lineage, sha256 } from '../records/index.ts'
import { callsFile } from './calls.ts'
import { editedParts } from './card-marks.ts'
import { checkCroissant } from './croissant-check.ts'
import { digestFile, readLines } from './disk.ts'
import { factsFile } from './facts.ts'
import { checkFrontMatter } from './front-matter.ts'
import { collectLeaves, firstChange, type Leaves, leafOf, merkleRoot } from './merkle.ts'
import { dataFiles, rowsOf } from './read.ts'
import { checkSignature, type Signed } from './sign.ts'
import { type Tombstone, tombstoneFile } from './tombstone.ts'
import { leavesFile, type Manifest } from './write.ts'

/** Something wrong with a release. `line` is a line of a text file or a row of a data file, from 1. */
export type Problem = { file: string; line?: number; message: string }

/** Different from run to run, or added later, and therefore outside of the manifest. */
const outside = /^(manifest\.json|run\.json|signature\.(json|pub)|report\/.*)$/

/**
 * Checks a release as it lies on disk: the manifest and every byte it names, row counts, that each row has a line of
 * descent without gaps, that no gate blocks, that the card's globs find exactly the data, and the signature. `key` is the
 * public key (PEM) of whom the reader trusts; without it, the one that came with the release. Returns all problems found,
 * in order of discovery. Of a certificate of erasure it checks the signature. Throws SR_NOT_FOUND when there is no release, SR_USAGE when the key is none.
 */
export async function verifyRelease(
  dir: string,
  { key }: { key?: string } = {},
): Promise<{ problems: Problem[]; manifest?: Manifest; digest?: string; signed?: Signed }> {
  const problems: Problem[] = []
  if (existsSync(join(dir, tombstoneFile))) {
    const { withdrawn } = JSON.parse(readFileSync(join(dir, tombstoneFile), 'utf8')) as Tombstone
    const signed = checkSignature(dir, key, problems)
    const { at, request, replacedBy } = withdrawn
    const instead = replacedBy ? `, and version ${replacedBy} stands in its place` : ''
    problems.push({ file: tombstoneFile, message: `it was withdrawn on ${at.slice(0, 10)} (${request})${instead}` })
    return { problems, ...(signed ? { signed } : {}) }
  }
  if (existsSync(join(dir, 'certificate.json'))) {
    const signed = checkSignature(dir, key, problems)
    return { problems, ...(signed ? { signed } : {}) }
  }
  if (!existsSync(join(dir, 'manifest.json'))) {
    throw new StillroomError('SR_NOT_FOUND', 'There is no release here: manifest.json is missing.', {
      position: { file: dir },
      hint: 'Name the folder of a release, such as releases/<name>-<version>.',
    })
  }
  const text = readFileSync(join(dir, 'manifest.json'), 'utf8')
  const manifest = readManifest(text, problems)
  const signed = checkSignature(dir, key, problems)
  if (!manifest) return { problems }
  await checkFiles(dir, manifest, problems)
  const check = await treesOf(dir, manifest, problems)
  const known = await checkProvenance(dir, problems, check)
  await checkRows(dir, manifest, known, problems, check)
  await checkLines(dir, problems, check)
  checkGates(dir, problems)
  checkCard(dir, manifest, problems)
  checkMetadata(dir, manifest, problems)
  return { problems, manifest, digest: sha256(text), ...(signed ? { signed } : {}) }
}

function readManifest(text: string, problems: Problem[]): Manifest | undefined {
  try {
    const manifest = JSON.parse(text) as Manifest
    if (manifest.format !== 1)
      problems.push({ file: 'manifest.json', message: `format ${manifest.format} is not known to this version` })
    else if (!Array.isArray(manifest.files) || typeof manifest.rows !== 'object')
      problems.push({ file: 'manifest.json', message: 'files or rows are missing' })
    else return manifest
  } catch (error) {
    problems.push({ file: 'manifest.json', message: `is no JSON: ${(error as Error).message}` })
  }
  return undefined
}

async function checkFiles(dir: string, manifest: Manifest, problems: Problem[]): Promise<void> {
  const named = new Set<string>()
  for (const { path, bytes, sha256 } of manifest.files) {
    named.add(path)
    if (path.startsWith('/') || path.split(/[/\\]/).includes('..')) {
      problems.push({ file: 'manifest.json', message: `names a file outside of the release: ${path}` })
    } else if (!existsSync(join(dir, path))) {
      problems.push({ file: path, message: 'is missing' })
    } else {
      const found = await digestFile(join(dir, path))
      if (found.bytes !== bytes)
        problems.push({ file: path, message: `has ${found.bytes} bytes, the manifest says ${bytes}` })
      else if (found.sha256 !== sha256)
        problems.push({ file: path, message: `has sha256 ${found.sha256}, the manifest says ${sha256}` })
    }
  }
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(entry => !entry.isDirectory())
  const present = entries.map(entry =>
    join(entry.parentPath, entry.name).slice(join(dir, '/').length).replaceAll('\\', '/'),
  )
  for (const path of present.sort()) {
    if (!named.has(path) && !outside.test(path)) problems.push({ file: path, message: 'is not in the manifest' })
  }
}

type CheckTree = (file: string, leaves: Leaves) => void

/** Compares the rows of a file with the root in the manifest, and says which row is another. */
async function treesOf(dir: string, manifest: Manifest, problems: Problem[]): Promise<CheckTree> {
  const marks = new Map<string, string>()
  try {
    for await (const text of readLines(join(dir, leavesFile))) {
      const { path, marks: all } = JSON.parse(text) as { path: string; marks: string }
      marks.set(path, all)
    }
  } catch {
    // Missing or damaged, which was told: the roots still say whether rows are others, not which.
  }
  const roots = new Map(manifest.files.map(({ path, merkle }) => [path, merkle]))
  return (file, leaves) => {
    const root = roots.get(file)
    const known = marks.get(file)
    if (root === undefined || merkleRoot(leaves) === root) return
    const change = known === undefined ? undefined : firstChange(leaves, known)
    if (!change) problems.push({ file, message: `its rows have another Merkle root than the manifest says, ${root}` })
    else
      problems.push({ file, line: change.row, message: `the row here was ${change.is}, by the tree of the manifest` })
  }
}

/** Lines of facts, against the manifest; and of calls, against run.json. */
async function checkLines(dir: string, problems: Problem[], check: CheckTree): Promise<void> {
  for (const file of [factsFile, callsFile]) {
    if (!existsSync(join(dir, file))) continue
    const leaves = collectLeaves()
    try {
      for await (const row of rowsOf(join(dir, file))) leaves.push(leafOf(row))
      if (file === factsFile) check(file, leaves)
      else {
        const { journal } = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))
        if (journal?.merkle !== merkleRoot(leaves))
          problems.push({ file, message: 'its lines have another Merkle root than run.json says' })
      }
    } catch (error) {
      problems.push({ file, line: leaves.length + 1, message: `cannot be read: ${(error as Error).message}` })
    }
  }
}

async function checkProvenance(dir: string, problems: Problem[], check: CheckTree): Promise<Set<Id>> {
  const file = 'provenance.jsonl'
  const known = new Set<Id>()
  const needed = new Map<Id, number>()
  if (!existsSync(join(dir, file))) return known
  const leaves = collectLeaves()
  let line = 0
  let before = ''
  for await (const text of readLines(join(dir, file))) {
    line++
    try {
      const row = JSON.parse(text)
      leaves.push(leafOf(row))
      const { id, lineage } = row as { id: Id; lineage: Lineage }
      if (id <= before) problems.push({ file, line, message: `${id} is out of order or there twice` })
      before = id
      known.add(id)
      for (const parent of lineage.parents)
        if (parent.role !== 'corpus' && !needed.has(parent.id)) needed.set(parent.id, line)
    } catch (error) {
      problems.push({ file, line, message: `cannot be read: ${(error as Error).message}` })
    }
  }
  check(file, leaves)
  for (const [id, at] of needed)
    if (!known.has(id)) problems.push({ file, line: at, message: `the parent ${id} has no line` })
  return known
}

async function checkRows(
  dir: string,
  manifest: Manifest,
  known: Set<Id>,
  problems: Problem[],
  check: CheckTree,
): Promise<void> {
  const counted: Manifest['rows'] = {}
  const seen = new Set<Id>()
  const files = existsSync(join(dir, 'data')) ? dataFiles(dir) : []
  for (const { config, split, file } of files) {
    let line = 0
    const leaves = collectLeaves()
    try {
      for await (const row of rowsOf(join(dir, file))) {
        line++
        leaves.push(leafOf(row))
        const id = row.id
        if (typeof id !== 'string') problems.push({ file, line, message: 'the row has no id' })
        else if (seen.has(id)) problems.push({ file, line, message: `the id ${id} is there twice` })
        else if (!known.has(id)) problems.push({ file, line, message: `the row ${id} has no line in provenance.jsonl` })
        if (typeof id === 'string') seen.add(id)
      }
      check(file, leaves)
    } catch (error) {
      problems.push({ file, line: line + 1, message: `cannot be read: ${(error as Error).message}` })
    }
    counted[config] ??= {}
    counted[config][split] = (counted[config][split] ?? 0) + line
  }
  const pairs = [manifest.rows, counted].flatMap(rows =>
    Object.entries(rows).flatMap(([config, splits]) => Object.keys(splits).map(split => `${config}/${split}`)),
  )
  for (const pair of new Set(pairs)) {
    const [config = '', split = ''] = pair.split('/')
    const [said, found] = [manifest.rows[config]?.[split] ?? 0, counted[config]?.[split] ?? 0]
    if (said !== found) problems.push({ file: `data/${pair}`, message: `has ${found} rows, the manifest says ${said}` })
  }
}

function checkGates(dir: string, problems: Problem[]): void {
  if (!existsSync(join(dir, 'gates.json'))) return
  try {
    const { gates } = JSON.parse(readFileSync(join(dir, 'gates.json'), 'utf8')) as { gates: GateReport[] }
    for (const gate of blocking(gates))
      problems.push({ file: 'gates.json', message: `the gate ${gate.id} blocks: ${gate.why}` })
  } catch (error) {
    problems.push({ file: 'gates.json', message: `cannot be read: ${(error as Error).message}` })
  }
}

/** The front matter and the data must agree: each data file is found by one glob, and each glob finds files of one format. */
function checkCard(dir: string, manifest: Manifest, problems: Problem[]): void {
  const file = 'README.md'
  if (!existsSync(join(dir, file))) return
  try {
    const card = readFileSync(join(dir, file), 'utf8')
    const front = /^---\n([\s\S]*?)\n---\n/.exec(card)?.[1]
    if (front === undefined) return void problems.push({ file, line: 1, message: 'has no front matter' })
    for (const part of editedParts(card, manifest.card ?? {}))
      problems.push({
        file,
        message: `${part.startsWith('#') ? `the section "${part.replace(/^#+ /, '') || 'above all others'}"` : `the field ${part}`} is not as released`,
      })
    const fields = parse(front)
    for (const message of checkFrontMatter(fields)) problems.push({ file, message })
    const { configs } = fields as {
      configs: { config_name: string; data_files: { split: string; path: string }[] }[]
    }
    const data = manifest.files.map(entry => entry.path).filter(path => path.startsWith('data/'))
    const found = new Map(data.map(path => [path, 0]))
    for (const { config_name, data_files } of configs) {
      for (const { path } of data_files) {
        const [head = '', tail = ''] = path.split('*')
        const matched = data.filter(
          name => name.startsWith(head) && name.endsWith(tail) && !name.slice(head.length).includes('/'),
        )
        if (matched.length === 0) problems.push({ file, message: `the glob ${path} of ${config_name} finds no file` })
        if (new Set(matched.map(name => name.split('.').pop())).size > 1)
          problems.push({ file, message: `the glob ${path} of ${config_name} finds two formats` })
        for (const name of matched) found.set(name, (found.get(name) ?? 0) + 1)
      }
    }
    for (const [path, times] of found)
      if (times !== 1) problems.push({ file, message: `${path} is found by ${times} globs, expected 1` })
  } catch (error) {
    problems.push({ file, message: `the front matter cannot be read: ${(error as Error).message}` })
  }
}

function checkMetadata(dir: string, manifest: Manifest, problems: Problem[]): void {
  const file = 'croissant.json'
  if (!existsSync(join(dir, file))) return
  try {
    const document = JSON.parse(readFileSync(join(dir, file), 'utf8')) as {
      distribution: { contentUrl: string; sha256: string }[]
    }
    for (const { node, message } of checkCroissant(document)) problems.push({ file, message: `${node} ${message}` })
    const { distribution } = document
    const said = new Map(distribution.map(entry => [entry.contentUrl, entry.sha256]))
    for (const { path, sha256 } of manifest.files.filter(entry => entry.path.startsWith('data/'))) {
      if (said.get(path) !== sha256) problems.push({ file, message: `does not agree with the manifest about ${path}` })
    }
  } catch (error) {
    problems.push({ file, message: `cannot be read: ${(error as Error).message}` })
  }
}
