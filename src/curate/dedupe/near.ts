import { z } from 'zod'
import type { Id } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import { defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'
import { hash32, hash53, minhash } from '../../text/index.ts'
import { Components } from '../components.ts'
import { contentOf } from '../content.ts'
import { jaccardSorted, shingleSet } from '../grams.ts'
import { bySurvival, type Fate, fates, type Standing, shape, sides, standing, verdict } from './exact.ts'

export const nearShape = {
  ...shape,
  near: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe('Jaccard similarity of shingles from which two rows are duplicates'),
  shingle: z
    .number()
    .int()
    .positive()
    .default(5)
    .describe('Units in a shingle: words, or characters in scripts without spaces'),
  bands: z.number().int().positive().optional().describe('Bands of the index; default chosen for the similarity'),
  rows: z.number().int().positive().optional().describe('Hashes in a band; default chosen for the similarity'),
}
const options = z
  .strictObject(nearShape)
  .refine(o => (o.bands === undefined) === (o.rows === undefined), 'give bands and rows together, or neither')
export type NearOptions = z.output<typeof options>

/** Chance that two sets of similarity `s` meet in a band (Leskovec et al., Mining of Massive Datasets, 3.4). */
export const recall = (s: number, bands: number, rows: number): number => 1 - (1 - s ** rows) ** bands

const hashes = 128
/** The longest bands, hence the fewest false candidates, that still find 99 % of the pairs at the similarity asked for. */
export function bandsFor(near: number): { bands: number; rows: number } {
  for (let rows = 32; rows > 1; rows--) {
    const bands = Math.floor(hashes / rows)
    if (recall(near, bands, rows) >= 0.99) return { bands, rows }
  }
  return { bands: hashes, rows: 1 }
}

/** Rows of a side input carry its name before a space, which no id holds. */
const nameOf = (id: Id, side: string | undefined) => (side === undefined ? id : ` ${side} ${id}`)

type Band = { keys: number[]; names: string[] }
/** For each row that shares a bucket: its buckets, and the partition that its connected group is decided in. */
type Candidates = { buckets: Map<string, number[]>; parts: Map<string, number> }

/** First pass: which rows meet in a band. Partitions are bands. */
const meet: Pass<NearOptions, Band, string[][], Candidates> = {
  survey(records, options, { side }) {
    const { bands, rows } =
      options.bands && options.rows ? { bands: options.bands, rows: options.rows } : bandsFor(options.near)
    const found = new Map<number, Band>(Array.from({ length: bands }, (_, band) => [band, { keys: [], names: [] }]))
    for (const record of records) {
      const set = shingleSet(contentOf(record, options.of), options.shingle)
      if (set.length === 0) continue
      const signature = minhash(
        [...set].map(hash => hash >>> 0),
        bands * rows,
      )
      for (const [band, { keys, names }] of found) {
        keys.push(hash53(signature.subarray(band * rows, (band + 1) * rows).join(' ')))
        names.push(nameOf(record.id, side))
      }
    }
    return found
  },
  merge: (a, b) => ({ keys: a.keys.concat(b.keys), names: a.names.concat(b.names) }),
  decide(_, { keys, names }) {
    const groups = new Map<number, string[]>()
    keys.forEach((key, i) => {
      const group = groups.get(key)
      if (group) group.push(names[i]!)
      else groups.set(key, [names[i]!])
    })
    return [...groups.values()].filter(group => group.length > 1)
  },
  combine(bands) {
    const buckets = new Map<string, number[]>()
    const components = new Components()
    for (const [bucket, names] of bands.flat().entries()) {
      for (const name of names) {
        components.join(names[0]!, name)
        const list = buckets.get(name)
        if (list) list.push(bucket)
        else buckets.set(name, [bucket])
      }
    }
    return { buckets, parts: new Map([...buckets.keys()].map(name => [name, hash32(components.find(name)) % 64])) }
  },
}

type Candidate = Standing & { buckets: number[]; set: Float64Array }

/**
 * Second pass: in order of survival, each row is compared by exact Jaccard with the representatives it shares a bucket
 * with; it joins the most similar one that is near enough, else it represents itself. So every row that goes is truly
 * near the one that stays, and no chain of small steps can join what is far apart.
 */
const compare: Pass<NearOptions, Candidate[], [Id, Fate][], { each: Map<Id, Fate> }> = {
  survey(records, options, { side, earlier }) {
    const { buckets, parts } = earlier as Candidates
    const found = new Map<number, Candidate[]>()
    for (const record of records) {
      const name = nameOf(record.id, side)
      const part = parts.get(name)
      if (part === undefined) continue
      const set = shingleSet(contentOf(record, options.of), options.shingle)
      const candidate = { ...standing(record, side, options.prefer), buckets: buckets.get(name)!, set }
      const list = found.get(part)
      if (list) list.push(candidate)
      else found.set(part, [candidate])
    }
    return found
  },
  merge: (a, b) => a.concat(b),
  decide(_, candidates, { near }) {
    const standingIn = new Map<number, Candidate[]>()
    const pairs: { kept: Standing; gone: Standing; jaccard: number }[] = []
    for (const candidate of candidates.sort(bySurvival)) {
      let best: { kept: Candidate; jaccard: number } | undefined
      const rivals = new Set(candidate.buckets.flatMap(bucket => standingIn.get(bucket) ?? []))
      for (const kept of candidate.side === undefined ? [...rivals].sort(bySurvival) : []) {
        if (kept.id === candidate.id) continue
        // Sets of very different size cannot be near: no need to compare them.
        const [small, large] = [kept.set.length, candidate.set.length].sort((a, b) => a - b) as [number, number]
        if (small < near * large - 1e-9) continue
        const jaccard = jaccardSorted(kept.set, candidate.set)
        if (jaccard >= near && jaccard > (best?.jaccard ?? 0)) best = { kept, jaccard }
      }
      if (best) pairs.push({ kept: best.kept, gone: candidate, jaccard: best.jaccard })
      else
        for (const bucket of candidate.buckets) {
          const list = standingIn.get(bucket)
          if (list) list.push(candidate)
          else standingIn.set(bucket, [candidate])
        }
    }
    return fates(pairs.map(pair => ({ ...pair, jaccard: Math.round(pair.jaccard * 1e4) / 1e4 })))
  },
  combine: parts => ({ each: new Map(parts.flat()) }),
}

export const dedupeNear: GlobalStep<NearOptions> = defineGlobal<NearOptions>({
  verb: 'dedupe-near',
  about:
    'Drops rows that are near copies of one that stays, found by MinHash and verified by exact Jaccard similarity.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['near-duplicate'],
  source: 'Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3',
  side: sides,
  passes: [meet, compare],
  apply: (record, fate) => verdict(record, fate, 'near-duplicate'),
})
