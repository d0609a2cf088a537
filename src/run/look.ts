import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { StillroomError } from '../errors/index.ts'
import type { Facts, Previous } from '../govern/index.ts'
import type { LicenseClass, Plan } from '../recipe/index.ts'
import type { Id, Rec, Sha, TeacherId } from '../records/index.ts'
import { type Manifest, provenanceOf, readRows } from '../release/index.ts'
import { firstRows, listFiles, type SourceConfig } from '../sources/index.ts'
import { familiesOf } from '../teachers/index.ts'
import type { Store } from '../workspace/index.ts'
import { auditsOf } from './audit-evidence.ts'
import { leafTeachers, sourceStandings } from './facts.ts'
import { measuredOf } from './measured.ts'
import { lookAtRows } from './row-facts.ts'
import { inputDigest, readShard, type ShardRef } from './shards.ts'
import { older } from './which-release.ts'

/** What gates need besides the plan and the funnel, and which rows go out under a license of their own. */
export type Looked = { facts: Partial<Facts>; apart: Map<Id, LicenseClass> }

/** `digest` is that of the rows, where the shards at hand are cut otherwise than the run had them. */
type Ground = { store: Store; root: string; folder: string; digest?: Sha }

/**
 * Finds ancestors of released rows. Only what an expanding step or a side input read can be a parent, so only those
 * stages are indexed: ids and where they lie, never texts.
 */
export function ancestorIndex(
  plan: Plan,
  shards: ReadonlyMap<string, ShardRef[]>,
  store: Store,
): (id: Id) => Promise<Rec | undefined> {
  const stages = new Set<string>()
  for (const stage of plan.stages) {
    if (stage.nodes.some(n => n.step.gives !== 'same')) for (const key of stage.from) stages.add(key)
    for (const key of Object.values(stage.side).flat()) stages.add(key)
  }
  return indexOf(
    plan.stages.map(({ key }) => key).filter(key => stages.has(key)),
    shards,
    store,
  )
}

/** Records of some stages by id; where several have one, as the last of them left it. */
function indexOf(
  stages: readonly string[],
  shards: ReadonlyMap<string, ShardRef[]>,
  store: Store,
): (id: Id) => Promise<Rec | undefined> {
  const where = new Map<Id, ShardRef>()
  for (const key of stages) {
    for (const shard of shards.get(key) ?? []) {
      for (const { record } of readShard(store, shard)) where.set(record.id, shard)
    }
  }
  const held = new Map<ShardRef, Map<Id, Rec>>()
  return async id => {
    const shard = where.get(id)
    if (!shard) return undefined
    let records = held.get(shard)
    if (!records) {
      records = new Map([...readShard(store, shard)].map(({ record }) => [record.id, record]))
      if (held.size >= 24) held.delete(held.keys().next().value!)
      held.set(shard, records)
    }
    return records.get(id)
  }
}

/** Rows that went when another stayed, out of what globals read; indexed when the first is asked for. */
function memberIndex(
  plan: Plan,
  shards: ReadonlyMap<string, ShardRef[]>,
  store: Store,
): (id: Id) => Promise<Rec | undefined> {
  let index: ReturnType<typeof indexOf> | undefined
  const read = plan.stages.filter(({ shape }) => shape === 'global').flatMap(({ from }) => from)
  return id => {
    index ??= indexOf([...new Set(read)], shards, store)
    return index(id)
  }
}

/** Looks at the rows of a finished run, at the release before it, and at what was measured of exactly these rows. */
export async function lookAt(
  plan: Plan,
  shards: ReadonlyMap<string, ShardRef[]>,
  { store, root, folder, digest: given }: Ground,
  lookup = ancestorIndex(plan, shards, store),
): Promise<Looked> {
  const output = shards.get(plan.output) ?? []
  const { release } = plan.recipe
  const sources = sourceStandings(plan)
  const ahead = await lookAhead(plan)
  const licenses = new Set(sources.filter(({ feeds }) => feeds).map(({ license }) => license))
  const member = licenses.size > 1 ? memberIndex(plan, shards, store) : async () => undefined
  const seen = await lookAtRows(chosen(plan, store, output), {
    ...{ lookup, member, sources, fitted: step => upstream(plan, step) },
    ...(release
      ? {
          release: { license: release.license, ...(release['by-license'] ? { byLicense: release['by-license'] } : {}) },
        }
      : {}),
    generations: new Map(
      leafTeachers(plan).flatMap(({ config, resolved }): [TeacherId, number][] =>
        config.generation === undefined ? [] : [[resolved.id, config.generation]],
      ),
    ),
    ...(ahead.ids ? { training: ahead.ids } : {}),
  })
  const before = release && (await previousRows(plan, folder, chosen(plan, store, output)))
  const digest = given ?? inputDigest(output)
  return {
    apart: seen.apart,
    facts: {
      ...ahead.facts,
      rows: seen.facts,
      ...(before ? { previous: before } : {}),
      measured: measuredOf(root, digest),
      audits: auditsOf(root, digest),
    },
  }
}

/** The sources that a step's records come from, its side inputs left aside. */
function upstream(plan: Plan, step: string): string[] {
  const nodes = new Map(plan.stages.flatMap(stage => stage.nodes.map(node => [node.key, node] as const)))
  const found = new Set<string>()
  const wanted = [step]
  for (let key = wanted.pop(); key !== undefined; key = wanted.pop()) {
    if (found.has(key)) continue
    found.add(key)
    wanted.push(...(nodes.get(key)?.from ?? []))
  }
  return [...found].filter(key => !nodes.has(key))
}

/** The rows to publish: all, or those of the splits that the recipe names. */
export function* chosen(plan: Plan, store: Store, output: readonly ShardRef[]): Generator<Rec> {
  const splits = plan.recipe.release?.splits
  for (const shard of output) {
    for (const { record } of readShard(store, shard)) {
      if (!splits || splits.includes(record.facets.split ?? 'train')) yield record
    }
  }
}

/** What judges and what is judged, as the recipe names it. `ids` are of the records of the training data. */
export async function lookAhead(plan: Plan): Promise<{ facts: Partial<Facts>; ids?: Set<string> }> {
  const { training, exam, baseline } = plan.recipe.evaluation
  const facts: Partial<Facts> = {}
  const mirrors = await mirroring(plan)
  if (mirrors.length > 0) facts.mirrors = mirrors
  if (exam !== undefined) {
    const { name, version, date } = manifestOf(plan, exam, 'evaluation.exam')
    facts.exam = { name: `${name} ${version}`, date }
  }
  if (baseline !== undefined) {
    const path = named(plan, baseline, 'evaluation.baseline')
    // A folder is what `stillroom evaluate` wrote.
    const file = statSync(path).isDirectory() ? join(path, 'evaluation.json') : path
    const { date, partial } = jsonOf(file, 'evaluation.baseline') as { date?: unknown; partial?: unknown }
    // A part of an exam is no result.
    const name = partial === true ? `${baseline}, a part of the exam,` : baseline
    facts.baseline = { name, ...(typeof date === 'string' && partial !== true ? { date } : {}) }
  }
  if (training === undefined) return { facts }
  const path = named(plan, training, 'evaluation.training')
  if (!statSync(path).isDirectory()) return { facts: { ...facts, training: await ofRecipe(plan, path) } }
  const { name, version } = manifestOf(plan, training, 'evaluation.training')
  const ids = new Set<string>()
  const writers = new Set<TeacherId>()
  for await (const { id, digest, lineage } of provenanceOf(path)) {
    ids.add(id).add(digest)
    for (const teacher of lineage.made?.teachers ?? []) writers.add(teacher)
    if (lineage.source?.teacher) writers.add(lineage.source.teacher)
  }
  const families = [...new Set([...writers].filter(isModel).flatMap(familiesOf))].sort()
  return { facts: { ...facts, training: { name: `${name} ${version}`, families, files: [], byRow: true } }, ids }
}

/** Columns of a training file that llm-jp-eval makes: the prompts of its evaluation files, with answers. */
const jaster = ['ID', 'input', 'instruction', 'output']

/** Sources that become rows and are training files of jaster, by their name or by the columns of their first row. */
async function mirroring(plan: Plan): Promise<NonNullable<Facts['mirrors']>> {
  const found: NonNullable<Facts['mirrors']> = []
  for (const { name, feeds } of sourceStandings(plan)) {
    const config = plan.recipe.sources[name] as SourceConfig
    if (!feeds || config.exam) continue
    const said = [name, config.uri, config.hub, config.files].flat().find(text => text && /jaster/i.test(text))
    if (said !== undefined) {
      found.push({ source: name, why: `${said} names jaster` })
      continue
    }
    const [file] = config.files ? await listFiles(config, plan.base) : []
    const [row] = file ? await firstRows(config, file, 1).catch(() => []) : []
    if (row && Object.keys(row).sort().join() === jaster.join())
      found.push({ source: name, why: `its columns are ${jaster.join(', ')}` })
  }
  return found
}

const isModel = (id: TeacherId): boolean => !id.startsWith('builtin/')

const namesIn = (against: string): string[] =>
  [JSON.parse(against.slice('"against":'.length)) as string | string[]].flat()

/** Who may write under another recipe, and which of its files are ours as well: what can be told without a run of it. */
async function ofRecipe(plan: Plan, path: string): Promise<NonNullable<Facts['training']>> {
  const recipe = parse(readFileSync(path, 'utf8')) as {
    name?: string
    teachers?: { [name: string]: { model?: string } }
    sources?: { [name: string]: Partial<SourceConfig> }
    steps?: unknown[]
  }
  const models = Object.values(recipe.teachers ?? {}).flatMap(({ model }) => model ?? [])
  const filesOf = async (sources: Iterable<Partial<SourceConfig>>, base: string): Promise<string[]> => {
    const found: string[] = []
    for (const { files, hub } of sources) {
      if (hub) found.push(`hf://datasets/${hub}`)
      if (files) found.push(...(await listFiles({ files }, base)).map(({ absolute }) => absolute))
    }
    return found
  }
  // What rows are compared with, to be avoided, is no part of them.
  const avoided = new Set(
    JSON.stringify(recipe.steps ?? [])
      .match(/"against":(?:"[^"]*"|\[[^\]]*\])/g)
      ?.flatMap(namesIn),
  )
  const feeding = Object.entries(recipe.sources ?? {}).flatMap(([name, config]) => (avoided.has(name) ? [] : [config]))
  const theirs = new Set(await filesOf(feeding, dirname(path)))
  const feeds = new Set(sourceStandings(plan).flatMap(({ name, feeds }) => (feeds ? [name] : [])))
  const own = Object.entries(plan.recipe.sources).flatMap(([name, config]) => (feeds.has(name) ? [config] : []))
  const both = (await filesOf(own as Partial<SourceConfig>[], plan.base)).filter(file => theirs.has(file))
  return {
    name: recipe.name ?? basename(path),
    families: [...new Set(models.filter(isModel).flatMap(familiesOf))].sort(),
    files: [...new Set(both.map(file => basename(file)))].sort(),
    byRow: false,
  }
}

function named(plan: Plan, path: string, field: string): string {
  const absolute = resolve(plan.base, path)
  if (existsSync(absolute)) return absolute
  throw new StillroomError('SR_NOT_FOUND', `\`${field}\` names ${path}, which is not there.`, {
    hint: 'paths are relative to the recipe',
  })
}

function jsonOf(path: string, field: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new StillroomError('SR_NOT_FOUND', `\`${field}\` names no JSON file: ${path} cannot be read.`, { cause })
  }
}

function manifestOf(plan: Plan, path: string, field: string): Manifest {
  const file = join(named(plan, path, field), 'manifest.json')
  if (existsSync(file)) return jsonOf(file, field) as Manifest
  throw new StillroomError('SR_NOT_FOUND', `\`${field}\` names ${path}, which is no release.`, {
    hint: 'name the folder of a release, which holds a manifest.json',
  })
}

/** The release that the recipe names as the one before, else the latest of the same name that lies beside. */
async function previousRows(plan: Plan, folder: string, rows: Iterable<Rec>): Promise<Previous | undefined> {
  const { name, release } = plan.recipe
  const own = release!.version
  const stated = release!.previous === 'none' ? undefined : release!.previous
  const beside = (existsSync(folder) ? readdirSync(folder) : [])
    .filter(entry => entry.startsWith(`${name}-`) && existsSync(join(folder, entry, 'manifest.json')))
    .map(entry => entry.slice(name.length + 1))
    .filter(version => /^\d+\.\d+\.\d+/.test(version) && older(version, own))
    .sort((a, b) => (older(a, b) ? -1 : 1))
  const version = stated ?? beside.at(-1)
  const dir = join(folder, `${name}-${version}`)
  if (version === undefined || !existsSync(join(dir, 'provenance.jsonl'))) return undefined
  const here = new Set<string>()
  for (const { id, digest } of rows) here.add(id).add(digest)
  const origins = new Map<Id, boolean>()
  for await (const { row } of readRows(dir)) origins.set(String(row.id), row.origin === 'real')
  const before: Previous = {
    version,
    named: stated !== undefined,
    real: 0,
    synthetic: 0,
    realKept: 0,
    syntheticKept: 0,
  }
  for await (const { id, digest } of provenanceOf(dir)) {
    const real = origins.get(id)
    if (real === undefined) continue
    const kept = here.has(id) || here.has(digest) ? 1 : 0
    if (real) {
      before.real++
      before.realKept += kept
    } else {
      before.synthetic++
      before.syntheticKept += kept
    }
  }
  return before
}
