import { contentOf } from '../curate/index.ts'
import {
  classOf,
  type Ground,
  normaliseLicense,
  type RowFacts,
  type SourceStanding,
  type Strength,
} from '../govern/index.ts'
import { nearCopies, novelty, rowOf } from '../measure/index.ts'
import type { LicenseClass } from '../recipe/index.ts'
import type { Id, Json, Message, Rec, Sha, TeacherId } from '../records/index.ts'

/** A record that was read from outside and stands behind a row, and how it came there. */
type Root = { id: Id; digest: Sha; source: string; license: string; shown: boolean; written: boolean }
/** What is known of a record from all it comes from. */
type Descent = {
  roots: Root[]
  /** The deepest generation that a model learnt from, and whether a model wrote any of it in this run. */
  trained: number
  wrote: boolean
  real: 'queries' | 'documents' | 'nothing'
  shared: boolean
}

export type Looking = {
  /** Any record that a row comes from. */
  lookup(id: Id): Promise<Rec | undefined>
  /** Rows that another stands for, which went when it stayed. */
  member(id: Id): Promise<Rec | undefined>
  sources: readonly SourceStanding[]
  /** Sources that a step was fitted on which made records of a whole input, by its key. */
  fitted(step: string): readonly string[]
  release?: { license: string; byLicense?: { [name in LicenseClass]?: string } }
  /** Generation of what a teacher was trained on. */
  generations: ReadonlyMap<TeacherId, number>
  /** Ids and digests of the data that the set is to judge. */
  training?: ReadonlySet<string>
}

/** Rows that are compared with one another for near copies. */
const compared = 20_000
/** Words in a row that make an overlap. */
const run = 5

const said = (messages: readonly Message[]): string[] => messages.flatMap(({ content }) => content ?? [])
const values = (value: Json | undefined): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(values) : [String(value ?? '')]

/** The texts of a record, each on its own. */
export function textsOf(record: Rec): string[] {
  if (record.kind === 'document') return [record.text]
  if (record.kind === 'prompt' || record.kind === 'conversation') return said(record.messages)
  if (record.kind === 'preference') return [record.prompt, record.chosen, record.rejected].flatMap(said)
  if (record.kind === 'feedback') return [record.prompt, record.completion].flatMap(said)
  if (record.kind === 'exam') return [...said(record.prompt), record.target, ...(record.choices ?? [])]
  return [values(record.columns).join(' ')]
}

const wordsOf = (text: string) => rowOf('', text).words

/** The greatest share of runs of words of one text of a row that stand in a source: half of them is a near copy. */
export function containment(row: Rec, source: Rec): number {
  const among = textsOf(source).map(wordsOf)
  const shares = textsOf(row).map(text => {
    const words = wordsOf(text)
    const fresh = novelty([words], among, Math.min(run, words.length))
    return fresh === undefined ? 0 : 1 - fresh
  })
  return Math.max(0, ...shares)
}

const rank = { verbatim: 3, copy: 2, paraphrase: 1, knowledge: 0 } as const satisfies { [s in Strength]: number }

/**
 * Counts what gates ask of the rows of a run. Reads every row once and every ancestor once; memory holds ancestors' roots.
 * The second result says which rows go out under a license of their own.
 */
export async function lookAtRows(
  rows: Iterable<Rec>,
  looking: Looking,
): Promise<{ facts: RowFacts; apart: Map<Id, LicenseClass> }> {
  const known = new Map<Id, Descent>()
  const writers = new Set<TeacherId>()
  const robots: RowFacts['robots'] = {}
  // A release license that asks for nothing drops the names that others ask for.
  const drops = looking.release !== undefined && normaliseLicense(looking.release.license).traits.length === 0
  const derivation = new Map(looking.sources.flatMap(({ name, derivation: d }) => (d ? [[name, d.strength]] : [])))

  const fittedOn = (step: string) => {
    const names = looking.fitted(step)
    return looking.sources.filter(({ name }) => names.includes(name))
  }

  async function descentOf(record: Rec): Promise<Descent> {
    const { lineage, facets } = record
    const own: Descent = { roots: [], trained: 0, wrote: false, real: 'nothing', shared: false }
    const join = (other: Descent, shown: boolean): void => {
      for (const root of other.roots) own.roots.push(shown ? { ...root, shown } : root)
      own.trained = Math.max(own.trained, other.trained)
      own.wrote ||= other.wrote
      own.shared ||= other.shared
      if (other.real === 'queries' || own.real === 'nothing') own.real = other.real
    }
    for (const { id, role } of lineage.parents) {
      if (role === 'corpus') {
        own.trained = Math.max(own.trained, lineage.generation - 1)
        own.wrote = true
        // Rows of a table are what people left, as queries are; which of them tells in a row nobody can say.
        for (const { name, license, origin } of fittedOn(lineage.made?.step ?? '')) {
          own.roots.push({ ...{ id, digest: '', source: name, license }, shown: false, written: true })
          if (origin === 'real') own.real = 'queries'
        }
        continue
      }
      const parent = known.has(id) ? undefined : await looking.lookup(id)
      const descent = known.get(id) ?? (parent && (await enter(parent)))
      if (descent) join(descent, role === 'context')
    }
    const teachers = lineage.made?.teachers ?? []
    for (const teacher of teachers) {
      writers.add(teacher)
      own.trained = Math.max(own.trained, looking.generations.get(teacher) ?? 0)
    }
    if (teachers.length > 0) {
      own.wrote = true
      own.roots = own.roots.map(root => ({ ...root, written: true }))
    }
    const { source } = lineage
    const root = { id: record.id, digest: record.digest, shown: false, written: false }
    if (source) {
      own.roots.push({ ...root, source: source.name, license: source.license })
      if (lineage.origin === 'synthetic') own.trained = Math.max(own.trained, lineage.generation)
      else if (record.kind !== 'document') own.real = 'queries'
      else if (own.real === 'nothing') own.real = 'documents'
      if (source.teacher) writers.add(source.teacher)
      const decision = typeof source.robots === 'object' ? source.robots.decision : undefined
      if (decision) robots[decision] = (robots[decision] ?? 0) + 1
    }
    if (typeof facets.memberLicenses === 'string') {
      for (const license of facets.memberLicenses.split(', ')) {
        own.roots.push({ ...root, digest: '', source: `rows that ${source?.name ?? 'one'} stands for`, license })
      }
    }
    for (const id of lineage.members ?? []) {
      if (known.has(id)) continue
      const member = await looking.member(id)
      if (member) own.roots.push(...(await enter(member)).roots.map(one => ({ ...one, digest: '' })))
    }
    own.shared ||= looking.training?.has(record.id) || looking.training?.has(record.digest) || false
    own.roots = strongest(own.roots)
    return own
  }
  async function enter(record: Rec): Promise<Descent> {
    const descent = await descentOf(record)
    known.set(record.id, descent)
    return descent
  }

  /** How much of a root stands in a row. Texts are compared only where it changes what a license asks. */
  async function strengthOf(row: Rec, root: Root): Promise<Strength> {
    const stated = derivation.get(root.source)
    if (stated !== undefined) return stated
    if (root.id === row.id && root.digest === row.digest) return 'verbatim'
    const strict = classOf([{ license: root.license, strength: 'copy' }])
    if ((root.written || root.shown) && strict !== 'free' && (strict !== 'attribution' || drops)) {
      const source = root.id === row.id ? undefined : await looking.lookup(root.id)
      if (source && containment(row, source) >= 0.5) return 'copy'
    }
    if (root.shown) return 'knowledge'
    return root.written ? 'paraphrase' : 'copy'
  }

  const facts: RowFacts = {
    ...{ rows: 0, real: 0, depths: {}, seeds: { queries: 0, documents: 0, nothing: 0 }, licenses: [], writers: [] },
    ...{ copies: { rows: 0, of: 0, textbook: false }, robots },
    ...(looking.training ? { shared: 0 } : {}),
  }
  const combinations = new Map<string, RowFacts['licenses'][number]>()
  const texts = new Map<string, Uint32Array[]>()
  const apart = new Map<Id, LicenseClass>()
  for (const row of rows) {
    // Rows themselves are not held: one that is an ancestor as well is found like any other.
    const descent = await descentOf(row)
    facts.rows++
    if (descent.shared) facts.shared! += 1
    if (row.facets.canary !== undefined) facts.canaries = (facts.canaries ?? 0) + 1
    if (row.lineage.origin === 'real') facts.real++
    else {
      const depth = descent.trained + (descent.wrote ? 1 : 0)
      facts.depths[depth] = (facts.depths[depth] ?? 0) + 1
      facts.seeds[descent.real]++
      if (row.kind === 'document') facts.copies.textbook = true
    }
    const grounds = new Map<string, Ground>()
    for (const root of descent.roots) {
      const strength = await strengthOf(row, root)
      const key = `${root.license}\n${strength}`
      const ground = grounds.get(key) ?? { license: root.license, strength, sources: [] }
      if (!ground.sources.includes(root.source)) ground.sources.push(root.source)
      grounds.set(key, ground)
    }
    const all = [...grounds.values()]
      .map(ground => ({ ...ground, sources: ground.sources.sort() }))
      .sort((a, b) => (a.license < b.license ? -1 : a.license > b.license ? 1 : rank[b.strength] - rank[a.strength]))
    const name = classOf(all)
    const own = looking.release?.byLicense?.[name]
    if (own !== undefined) apart.set(row.id, name)
    const under = own ?? looking.release?.license ?? 'unknown'
    const key = JSON.stringify([all, under])
    const counted = combinations.get(key) ?? { grounds: all, under, ...(own ? { config: name } : {}), rows: 0 }
    counted.rows++
    combinations.set(key, counted)
    if (facts.copies.of < compared) {
      facts.copies.of++
      const like = texts.get(row.kind) ?? []
      texts.set(row.kind, like)
      like.push(wordsOf(contentOf(row, 'all')))
    }
  }
  facts.licenses = [...combinations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  facts.writers = [...writers].sort()
  facts.copies.rows = [...texts.values()].reduce((n, like) => n + Math.round((nearCopies(like) ?? 0) * like.length), 0)
  return { facts, apart }
}

/** Each way in which a root stands behind a record, once. */
function strongest(roots: readonly Root[]): Root[] {
  const best = new Map<string, Root>()
  for (const root of roots) best.set(`${root.id}\n${root.license}\n${root.shown}\n${root.written}`, root)
  return [...best.values()]
}
