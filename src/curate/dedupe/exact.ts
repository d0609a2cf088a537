import { z } from 'zod'
import type { Id, Json, Rec } from '../../records/index.ts'
import { kinds, sha256 } from '../../records/index.ts'
import { defineGlobal, type GlobalStep, type Side, type Verdict } from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { contentOf, parts, scoreOf } from '../content.ts'

export const shape = {
  of: z.enum(parts).default('all').describe('What is compared: the prompt, the completion, or all'),
  prefer: z
    .string()
    .optional()
    .describe(
      'Stored score whose highest value survives, written as <step key>/<aspect>; ties and default: the smallest id',
    ),
  against: z
    .array(z.string())
    .default([])
    .describe(
      'Sources or steps whose rows are duplicates to avoid, such as an earlier release; they are never dropped',
    ),
}
const options = z.strictObject(shape)
export type ExactOptions = z.output<typeof options>

export const sides = ({ against }: { against: string[] }): Side[] => against.map(from => ({ name: from, from }))

/** Who survives: rows of a side input, then the higher score, then the smaller id. Total, so order never matters. */
export type Standing = { id: Id; side?: string; score: number; members: Id[] }
export const standing = (record: Rec, side: string | undefined, prefer: string | undefined): Standing => ({
  id: record.id,
  ...(side === undefined ? {} : { side }),
  score: scoreOf(record, prefer) ?? Number.NEGATIVE_INFINITY,
  members: record.lineage.members ?? [],
})
export function bySurvival(a: Standing, b: Standing): number {
  if ((a.side === undefined) !== (b.side === undefined)) return a.side === undefined ? 1 : -1
  if (a.score !== b.score) return b.score > a.score ? 1 : -1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : (a.side ?? '') < (b.side ?? '') ? -1 : 1
}

/** What a record is told: that it goes, and for whom, or whom it stands for. */
export type Fate = { of: Id; set?: string; jaccard?: number } | { members: Id[] }

/** The verdict both passes share; members of a record that falls away go over to its representative. */
export function verdict(record: Rec, fate: Json | undefined, reason: string): Verdict {
  const told = fate as Fate | undefined
  if (!told) return { is: 'passed' }
  if ('of' in told) return { is: 'dropped', reason, evidence: told }
  return { is: 'passed', notes: { members: [...new Set([...(record.lineage.members ?? []), ...told.members])].sort() } }
}

/** Fates out of (representative, duplicate) pairs. */
export function fates(pairs: { kept: Standing; gone: Standing; jaccard?: number }[]): [Id, Fate][] {
  const members = new Map<Id, Id[]>()
  const told: [Id, Fate][] = []
  for (const { kept, gone, jaccard } of pairs) {
    told.push([
      gone.id,
      { of: kept.id, ...(kept.side ? { set: kept.side } : {}), ...(jaccard === undefined ? {} : { jaccard }) },
    ])
    if (kept.side === undefined) members.set(kept.id, [...(members.get(kept.id) ?? []), gone.id, ...gone.members])
  }
  for (const [id, list] of members) told.push([id, { members: list.sort() }])
  return told
}

const partitions = 16
type Artifact = [digest: string, who: Standing][]

export const dedupeExact: GlobalStep<ExactOptions> = defineGlobal<ExactOptions>({
  verb: 'dedupe-exact',
  about: 'Drops rows that are equal but for case, width, punctuation and white space.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['exact-duplicate'],
  side: sides,
  passes: [
    {
      survey(records, { of, prefer }, { side }) {
        const found = new Map<number, Artifact>()
        for (const record of records) {
          const text = normaliseForMatch(contentOf(record, of))
          if (text === '') continue
          const digest = sha256(text)
          const part = Number.parseInt(digest.slice(0, 2), 16) % partitions
          const list = found.get(part) ?? []
          found.set(part, list)
          list.push([digest, standing(record, side, prefer)])
        }
        return found
      },
      merge: (a: Artifact, b: Artifact) => a.concat(b),
      decide(_, rows: Artifact) {
        rows.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : bySurvival(x, y)))
        const pairs: { kept: Standing; gone: Standing }[] = []
        let head = rows[0]
        for (const row of rows) {
          if (row[0] !== head![0]) head = row
          // A row that is in a side input as well is no duplicate of itself.
          if (row[1].id !== head![1].id && row[1].side === undefined) pairs.push({ kept: head![1], gone: row[1] })
        }
        return fates(pairs)
      },
      combine: (parts: [Id, Fate][][]) => ({ each: new Map(parts.flat()) }),
    },
  ],
  apply: (record, fate) => verdict(record, fate, 'exact-duplicate'),
})
