import { z } from 'zod'
import type { Id, Json, Rec } from '../../records/index.ts'
import type { Side, Verdict } from '../../steps/index.ts'
import { parts, scoreOf } from '../content.ts'
import { type Names, nameAt, namesOf, segmentOf } from './columns.ts'

const criterion = z.union([
  z.string().describe('Stored score, written as <step key>/<aspect>: the higher one stays'),
  z.strictObject({ latest: z.string().describe('Facet with a date (ISO 8601) or a number: the greater one stays') }),
  z.strictObject({ earliest: z.string().describe('Facet with a date (ISO 8601) or a number: the smaller one stays') }),
  z.strictObject({ sources: z.array(z.string()).min(1).describe('Names of sources: the one named first stays') }),
])
type Criterion = z.output<typeof criterion>

/** Options of every step that finds copies. */
export const shape = {
  of: z.enum(parts).default('all').describe('What is compared: the prompt, the completion, or all'),
  prefer: z
    .union([criterion, z.array(criterion)])
    .optional()
    .describe(
      'Which of several copies stays: a score (<step key>/<aspect>), `latest:` or `earliest:` by a facet, an order of `sources:`, or a list of these; a row without the value comes last, and then the smallest id decides',
    ),
  against: z
    .array(z.string())
    .default([])
    .describe(
      'Sources or steps whose rows are copies to avoid, such as an earlier release; they are never dropped, and are compared anew only where they may be copies of a row',
    ),
}
export type Prefer = Criterion | Criterion[] | undefined

export const sides = ({ against }: { against: string[] }): Side[] => against.map(from => ({ name: from, from }))
/** The same names as the side inputs of a primitive. */
export const sideInputs = ({ against }: { against: string[] }): { [name: string]: string[] } =>
  Object.fromEntries(against.map(name => [name, [name]]))

const date = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?)?/
/** A date as a number that grows with it, in the time zone it is written in. */
function when(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const found = typeof value === 'string' ? date.exec(value) : null
  if (!found) return undefined
  const [year, month, day, hour, minute, second] = found.slice(1).map(part => Number(part ?? 0)) as number[]
  return (((year! * 12 + month!) * 31 + day!) * 24 + hour!) * 3600 + minute! * 60 + second!
}

const last = Number.NEGATIVE_INFINITY
function rank(record: Rec, by: Criterion): number {
  if (typeof by === 'string') return scoreOf(record, by) ?? last
  if ('latest' in by) return when(record.facets[by.latest]) ?? last
  if ('earliest' in by) return -(when(record.facets[by.earliest]) ?? Number.POSITIVE_INFINITY)
  const place = by.sources.indexOf(record.lineage.source?.name ?? '')
  return place < 0 ? last : -place
}

const criteria = (prefer: Prefer): Criterion[] =>
  prefer === undefined ? [] : Array.isArray(prefer) ? prefer : [prefer]

/** Where a row stands among its copies, and what it brings along. */
export type Standing = { id: Id; side?: string; ranks: Float64Array; members: Id[]; licenses: string[] }

/** Rows of a side input first, then rank by rank the higher one, then the smaller id: total, so order never matters. */
export function bySurvival(a: Standing, b: Standing): number {
  if ((a.side === undefined) !== (b.side === undefined)) return a.side === undefined ? 1 : -1
  for (let i = 0; i < a.ranks.length; i++) if (a.ranks[i] !== b.ranks[i]) return b.ranks[i]! > a.ranks[i]! ? 1 : -1
  if (a.id !== b.id) return a.id < b.id ? -1 : 1
  const [x, y] = [a.side ?? '', b.side ?? '']
  return x < y ? -1 : x > y ? 1 : 0
}

/** The standings of one shard's rows as columns. */
export type Standings = {
  rows: number
  side?: string
  names: Names
  /** As many for each row as there are criteria. */
  ranks: Float64Array
  /** Rows that stand for others already. */
  members: Map<number, Id[]>
  /** Sets of licenses that occur, and which one each row has. */
  licenses: string[][]
  license: Uint32Array
}

/** Licenses that a row answers for: its own where it was read from a source, and those of rows it stands for. */
function licensesOf(record: Rec): string[] {
  const own = record.lineage.source?.license
  const taken = record.facets.memberLicenses
  const all = [...(own === undefined ? [] : [own]), ...(typeof taken === 'string' ? taken.split(', ') : [])]
  return [...new Set(all)].sort()
}

/** Takes the standings of a shard row by row, so that no record is held. */
export function openStandings(
  side: string | undefined,
  prefer: Prefer,
): { add(record: Rec): void; close(): Standings } {
  const by = criteria(prefer)
  const ids: Id[] = []
  const ranks: number[] = []
  const members = new Map<number, Id[]>()
  const licenses: string[][] = []
  const license: number[] = []
  const known = new Map<string, number>()
  return {
    add(record) {
      const row = ids.push(record.id) - 1
      for (const one of by) ranks.push(rank(record, one))
      if (record.lineage.members) members.set(row, record.lineage.members)
      const own = licensesOf(record)
      const name = own.join('\n')
      if (!known.has(name)) known.set(name, licenses.push(own) - 1)
      license.push(known.get(name)!)
    },
    close: () => ({
      rows: ids.length,
      ...(side === undefined ? {} : { side }),
      names: namesOf(ids),
      ranks: Float64Array.from(ranks),
      members,
      licenses,
      license: Uint32Array.from(license),
    }),
  }
}

/** One row of many segments, by its number through all of them. */
export function standingAt(segments: readonly Standings[], starts: Int32Array, row: number): Standing {
  const at = segmentOf(starts, row)
  const { side, names, ranks, rows, members, licenses, license } = segments[at]!
  const own = row - starts[at]!
  const width = ranks.length / rows
  return {
    id: nameAt(names, own),
    ...(side === undefined ? {} : { side }),
    ranks: ranks.subarray(own * width, (own + 1) * width),
    members: members.get(own) ?? [],
    licenses: licenses[license[own]!]!,
  }
}

/** What a record is told: that it goes, and for whom, or whom it stands for, with the licenses these have beside its own. */
export type Fate = ({ cluster: Id; set?: string } & Similarity) | { members: Id[]; licenses: string[] }
/** How like the two are, where they are not equal. */
export type Similarity = { jaccard?: number; cosine?: number }

/** Fates out of (representative, copy) pairs. */
export function fates(pairs: readonly ({ kept: Standing; gone: Standing } & Similarity)[]): [Id, Fate][] {
  const told: [Id, Fate][] = []
  const stands = new Map<Id, { members: Set<Id>; licenses: Set<string>; own: string[] }>()
  for (const { kept, gone, ...similarity } of pairs) {
    const set = kept.side === undefined ? {} : { set: kept.side }
    told.push([gone.id, { cluster: kept.id, ...set, ...similarity }])
    if (kept.side !== undefined) continue
    let found = stands.get(kept.id)
    if (!found) {
      found = { members: new Set(kept.members), licenses: new Set(), own: kept.licenses }
      stands.set(kept.id, found)
    }
    for (const id of [gone.id, ...gone.members]) found.members.add(id)
    for (const license of gone.licenses) found.licenses.add(license)
  }
  for (const [id, { members, licenses, own }] of stands) {
    told.push([id, { members: [...members].sort(), licenses: [...licenses].filter(l => !own.includes(l)).sort() }])
  }
  return told
}

/** A sentence for people; nothing where nothing was found. */
export function told(each: readonly (readonly [Id, Fate])[], what: string): string[] {
  let [gone, clusters, largest] = [0, 0, 0]
  for (const [, fate] of each) {
    if ('cluster' in fate) gone++
    else {
      clusters++
      largest = Math.max(largest, fate.members.length)
    }
  }
  if (gone === 0) return []
  const kept =
    clusters === 0
      ? 'each has its like in a set to avoid'
      : `${clusters} kept in their place; the largest cluster has ${largest + 1} rows`
  return [`${what}: ${gone} dropped, ${kept}`]
}

/**
 * The verdict that steps about whole rows share. A row that goes names its cluster, which is the id of the row that
 * stays, and its license; the one that stays names its members, and their licenses where they are others than its own.
 */
export function verdict(record: Rec, fate: Json | undefined, reason: string): Verdict {
  const told = fate as Fate | undefined
  if (!told) return { is: 'passed' }
  if ('cluster' in told) {
    const license = record.lineage.source?.license
    return { is: 'dropped', reason, evidence: { ...told, ...(license === undefined ? {} : { license }) } }
  }
  const own = licensesOf(record)
  const taken = [...new Set([...told.licenses, ...own.filter(l => l !== record.lineage.source?.license)])].sort()
  const licenses = taken.length > 0 ? { memberLicenses: taken.join(', ') } : {}
  return { is: 'passed', notes: { members: told.members, facets: { cluster: record.id, ...licenses } } }
}
