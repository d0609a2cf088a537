import { z } from 'zod'
import {
  bandKeys,
  hash32,
  jaccard,
  kind,
  shingles,
  signature,
  split,
  type Units,
  xxhash64,
} from '../../kernels/index.ts'
import type { Id } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import { defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'
import { contentOf } from '../content.ts'
import { append, type Lists, listAt, lists, type Names, nameAt, namesOf, offsets, segmentOf } from './columns.ts'
import { groupEqual, openForest, rootOf, unite } from './meet.ts'
import {
  bySurvival,
  type Fate,
  fates,
  openStandings,
  type Standing,
  type Standings,
  shape,
  sides,
  standingAt,
  told,
  verdict,
} from './survivors.ts'

const length = z.number().int().positive().max(2000)
export const nearShape = {
  ...shape,
  near: z.number().gt(0).max(1).default(0.8).describe('Jaccard similarity of shingles from which two rows are copies'),
  shingle: z
    .union([
      length.describe('Units in every shingle'),
      z.strictObject({
        words: length.default(5).describe('Words in a shingle'),
        characters: length.default(5).describe('Characters in a shingle, in scripts without spaces'),
        long: length.default(10).describe('The same in texts of 1,000 such characters and more'),
      }),
    ])
    .default({ words: 5, characters: 5, long: 10 })
    .describe('Units in a shingle: words, or characters in scripts without spaces between words'),
  bands: length.optional().describe('Bands of the index; default chosen for the similarity'),
  rows: length.optional().describe('Hashes in a band; default chosen for the similarity'),
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
const bandsOf = ({ near, bands, rows }: NearOptions) => (bands && rows ? { bands, rows } : bandsFor(near))

const longText = 1000
type Lengths = { words: number; characters: number; long: number }
const lengthsOf = (shingle: NearOptions['shingle']): Lengths =>
  typeof shingle === 'number' ? { words: shingle, characters: shingle, long: shingle } : shingle

/**
 * Shingle lengths a text is looked at with: the one for its script and length, and beside a boundary also the one on
 * the other side, where a text near to it may lie. Two texts are compared by the longest that both have.
 */
function shinglesOf(u: Units, { near, shingle }: NearOptions): number[] {
  const lengths = lengthsOf(shingle)
  let characters = 0
  for (let i = 0; i < u.count; i++) if (u.kinds[i]! & kind.character) characters++
  const words = u.count - characters
  const lengthFor = (words: number, characters: number) =>
    characters <= words ? lengths.words : characters < longText ? lengths.characters : lengths.long
  return [
    ...new Set([
      lengthFor(words, characters),
      lengthFor(words * near, characters),
      lengthFor(words, characters * near),
    ]),
  ]
}

/** 64 bits for the sequence of units: equal texts meet here, however many there are. */
function textKey({ low, high, count }: Units): bigint {
  const bytes = (lane: Uint32Array) => new Uint8Array(lane.buffer, lane.byteOffset, count * 4)
  return xxhash64(bytes(high), xxhash64(bytes(low)))
}

/** Keys of one band of a shard's looks; a row is a look, and a text near a boundary has two. */
type Band = { rows: number; keys: BigUint64Array }
/** Whose looks they are, and the key of the whole text. */
type Roster = { rows: number; side?: string; names: Names; texts: BigUint64Array }
type Meeting = { rows: Int32Array; ends: Int32Array; keys: BigUint64Array }
const isRoster = (segments: (Band | Roster)[]): segments is Roster[] => 'names' in segments[0]!

const components = 8
/** Rows that may be copies. Of equal texts one, the lead, is compared for all. */
type Candidates = {
  /** By side (none for the input) and id. */
  rows: Map<string | undefined, Map<Id, number>>
  leads: Int32Array
  texts: BigUint64Array
  buckets: Map<number, BigUint64Array>
  /** By lead: the partition its connected group is decided in. */
  parts: Map<number, number>
}
/** What the second look at a shard needs. */
type Share = { ids: Id[]; parts: Uint8Array; texts: BigUint64Array; leads: Uint8Array; buckets: Lists<BigUint64Array> }

/** First pass: which rows meet in a band. Partitions are bands, and the roster behind them. */
const meet: Pass<NearOptions, (Band | Roster)[], Meeting | Roster[], Candidates> = {
  survey(records, options, { side }) {
    const { bands, rows } = bandsOf(options)
    const ids: Id[] = []
    const looks: BigUint64Array[] = []
    const texts: bigint[] = []
    for (const record of records) {
      const u = split(contentOf(record, options.of), 'match')
      if (u.count === 0) continue
      const text = textKey(u)
      for (const n of shinglesOf(u, options)) {
        ids.push(record.id)
        texts.push(text)
        looks.push(bandKeys(signature(u, n, bands * rows), bands, rows))
      }
    }
    const found = new Map<number, (Band | Roster)[]>()
    for (let band = 0; band < bands; band++) {
      const keys = new BigUint64Array(looks.length)
      for (let i = 0; i < keys.length; i++) keys[i] = looks[i]![band]!
      found.set(band, [{ rows: looks.length, keys }])
    }
    const roster = { rows: ids.length, names: namesOf(ids), texts: BigUint64Array.from(texts) }
    return found.set(bands, [{ ...roster, ...(side === undefined ? {} : { side }) }])
  },
  merge: append<Band | Roster>,
  decide(_, segments) {
    if (isRoster(segments)) return segments
    const keys = joined((segments as Band[]).map(segment => segment.keys))
    const { rows, ends } = groupEqual(keys)
    return { rows, ends, keys: BigUint64Array.from(ends, (_, i) => keys[rows[i === 0 ? 0 : ends[i - 1]!]!]!) }
  },
  combine(parts) {
    const roster = (parts.at(-1) ?? []) as Roster[]
    const { starts, rows } = offsets(roster)
    const texts = joined(roster.map(segment => segment.texts))
    const nameOf = (row: number): [side: string | undefined, id: Id] => {
      const segment = segmentOf(starts, row)
      const { side, names } = roster[segment]!
      return [side, nameAt(names, row - starts[segment]!)]
    }
    /** Total and independent of the order of rows. */
    const orderOf = (row: number): string => {
      const [side, id] = nameOf(row)
      return side === undefined ? id : ` ${side} ${id}`
    }
    const found: Candidates = { rows: new Map(), leads: openForest(rows), texts, buckets: new Map(), parts: new Map() }
    const note = (row: number) => {
      const [side, id] = nameOf(row)
      const known = found.rows.get(side)
      if (known) known.set(id, row)
      else found.rows.set(side, new Map([[id, row]]))
    }

    // Texts that a row of the input has: rows of side inputs are not compared among themselves.
    const own = new Uint8Array(rows)
    for (const [s, { side, rows }] of roster.entries()) {
      if (side === undefined) own.fill(1, starts[s]!, starts[s]! + rows)
    }
    const copies: number[] = []
    eachGroup(groupEqual(texts), group => {
      if (!group.some(row => own[row])) {
        // Both looks of one text are one row here too; they stand one after the other.
        for (const [i, row] of group.entries()) {
          if (i === 0 || group[i - 1] !== row - 1) continue
          const [[side, id], [before, other]] = [nameOf(row), nameOf(row - 1)]
          if (side === before && id === other) found.leads[row] = found.leads[row - 1]!
        }
        return
      }
      const names = Array.from(group, orderOf)
      let lead = 0
      for (let i = 1; i < group.length; i++) if (names[i]! < names[lead]!) lead = i
      for (const [i, row] of group.entries()) {
        found.leads[row] = group[lead]!
        own[row] = 1
        if (names[i] !== names[lead]) copies.push(row, group[lead]!)
      }
    })

    const forest = openForest(rows)
    const lists = new Map<number, bigint[]>()
    const seen = new Int32Array(rows).fill(-1)
    let serial = 0
    for (const { keys, ...groups } of parts.slice(0, -1) as Meeting[]) {
      eachGroup(groups, (group, n) => {
        const leads: number[] = []
        for (const row of group) {
          const lead = found.leads[row]!
          if (seen[lead] === serial) continue
          seen[lead] = serial
          leads.push(lead)
        }
        serial++
        if (leads.length < 2 || !leads.some(lead => own[lead])) return
        for (const lead of leads) {
          unite(forest, leads[0]!, lead)
          const list = lists.get(lead)
          if (list) list.push(keys[n]!)
          else lists.set(lead, [keys[n]!])
        }
      })
    }
    for (const [lead, keys] of lists) found.buckets.set(lead, BigUint64Array.from(keys).sort())

    // Where a connected group is decided hangs on its smallest name, so that it stays there when other rows come.
    const smallest = new Map<number, string>()
    const leads = new Set([...found.buckets.keys(), ...copies.map(row => found.leads[row]!)])
    for (const lead of leads) {
      note(lead)
      const root = rootOf(forest, lead)
      const name = orderOf(lead)
      const known = smallest.get(root)
      if (known === undefined || name < known) smallest.set(root, name)
    }
    for (const row of copies) note(row)
    for (const lead of leads) found.parts.set(lead, hash32(smallest.get(rootOf(forest, lead))!) % components)
    return found
  },
  slice(found, ids, side): Share | undefined {
    const known = found.rows.get(side)
    const own = known ? ids.filter(id => known.has(id)) : []
    if (own.length === 0) return undefined
    const rows = own.map(id => known!.get(id)!)
    const none = new BigUint64Array(0)
    return {
      ids: own,
      parts: Uint8Array.from(rows, row => found.parts.get(found.leads[row]!)!),
      texts: BigUint64Array.from(rows, row => found.texts[row]!),
      leads: Uint8Array.from(rows, row => (found.leads[row] === row ? 1 : 0)),
      buckets: lists(
        rows.map(row => found.buckets.get(row) ?? none),
        BigUint64Array,
      ),
    }
  },
}

function joined(each: readonly BigUint64Array[]): BigUint64Array {
  return lists(each, BigUint64Array).all
}

function eachGroup(
  { rows, ends }: { rows: Int32Array; ends: Int32Array },
  look: (group: Int32Array, n: number) => void,
) {
  let from = 0
  for (let n = 0; n < ends.length; n++) {
    look(rows.subarray(from, ends[n]!), n)
    from = ends[n]!
  }
}

/** Candidates of one shard: their buckets and, for each shingle length, the set of the lead of each text. */
type Compared = Standings & { texts: BigUint64Array; buckets: Lists<BigUint64Array>; sets: Lists<Float64Array> }
/** Shingle lengths that may occur, the longest first: `sets` has a list for each of them, row by row. */
const allLengths = ({ shingle }: NearOptions): number[] => {
  const { words, characters, long } = lengthsOf(shingle)
  return [...new Set([words, characters, long])].sort((a, b) => b - a)
}

/** Rows with one text. */
type Same = { all: Standing[]; head: Standing; buckets: number[]; sets: Sketched[] }
/** A set of shingles with a bit for each of its hashes. */
type Sketched = { set: Float64Array; bits: Int32Array }
type Pair = { kept: Standing; gone: Standing; jaccard: number }
type Decided = { each: [Id, Fate][]; crowded: number }

/** Representatives of one bucket that a row is compared with: it bounds the work where many rows are half alike. */
const crowd = 128

/**
 * Second pass: in order of survival, each text is compared by exact Jaccard with the representatives it shares a bucket
 * with; it joins the most similar one that is near enough, else it represents itself. So every row that goes is truly
 * near the one that stays, and no chain of small steps can join what is far apart.
 */
const compare: Pass<NearOptions, Compared[], Decided, { each: Map<Id, Fate>; notes: string[] }> = {
  survey(records, options, { side, earlier }) {
    const share = earlier as Share
    const places = new Map(share.ids.map((id, i) => [id, i]))
    const lengths = allLengths(options)
    const found = new Map<
      number,
      { rows: number[]; sets: Float64Array[]; standings: ReturnType<typeof openStandings> }
    >()
    const none = new Float64Array(0)
    for (const record of records) {
      const i = places.get(record.id)
      if (i === undefined) continue
      let part = found.get(share.parts[i]!)
      if (!part) {
        part = { rows: [], sets: [], standings: openStandings(side, options.prefer) }
        found.set(share.parts[i]!, part)
      }
      part.rows.push(i)
      part.standings.add(record)
      if (!share.leads[i] || listAt(share.buckets, i).length === 0) part.sets.push(...lengths.map(() => none))
      else {
        const u = split(contentOf(record, options.of), 'match')
        const own = shinglesOf(u, options)
        part.sets.push(...lengths.map(n => (own.includes(n) ? shingles(u, n) : none)))
      }
    }
    return new Map(
      [...found].map(([part, { rows, sets, standings }]) => {
        const compared: Compared = {
          ...standings.close(),
          texts: BigUint64Array.from(rows, i => share.texts[i]!),
          buckets: lists(
            rows.map(i => (share.leads[i] ? listAt(share.buckets, i) : new BigUint64Array(0))),
            BigUint64Array,
          ),
          sets: lists(sets, Float64Array),
        }
        return [part, [compared]]
      }),
    )
  },
  merge: append<Compared>,
  decide(_, segments, options) {
    const all = sameTexts(segments, allLengths(options).length).sort((a, b) => bySurvival(a.head, b.head))
    const standing: number[][] = []
    const asked = new Int32Array(all.length).fill(-1)
    const crowded = new Set<number>()
    const pairs: Pair[] = []
    for (const [n, { all: rows, head, buckets, sets }] of all.entries()) {
      let best: { kept: Standing; jaccard: number } | undefined
      // A row of a side input always stands.
      for (const bucket of head.side === undefined ? buckets : []) {
        for (const rival of standing[bucket] ?? []) {
          if (asked[rival] === n) continue
          asked[rival] = n
          const kept = all[rival]!.head
          // The same row in a side input is no copy of it.
          if (rows.length === 1 && kept.id === head.id) continue
          const jaccard = similarity(all[rival]!.sets, sets, best?.jaccard ?? options.near)
          if (jaccard < (best?.jaccard ?? options.near)) continue
          if (!best || jaccard > best.jaccard || bySurvival(kept, best.kept) < 0) best = { kept, jaccard }
        }
      }
      const { kept, jaccard } = best ?? { kept: head, jaccard: 1 }
      const rounded = Math.round(jaccard * 1e4) / 1e4
      for (const gone of rows) {
        if (gone.side === undefined && gone.id !== kept.id) pairs.push({ kept, gone, jaccard: rounded })
      }
      for (const bucket of best ? [] : buckets) {
        const list = standing[bucket]
        if (!list) standing[bucket] = [n]
        else if (list.length < crowd) list.push(n)
        else crowded.add(bucket)
      }
    }
    return { each: fates(pairs), crowded: crowded.size }
  },
  combine(parts, options) {
    const each = parts.flatMap(part => part.each)
    const { bands, rows } = bandsOf(options)
    const chance = 100 * recall(options.near, bands, rows)
    const crowded = parts.reduce((sum, part) => sum + part.crowded, 0)
    const notes = [
      `two rows of similarity ${options.near} are compared with a chance of ${chance.toFixed(1)} %: ${bands} bands of ${rows} hashes`,
      ...told(each, 'near copies'),
      ...(crowded > 0
        ? [
            `${crowded} buckets hold more than ${crowd} rows that are unlike: others were compared with the first of these`,
          ]
        : []),
    ]
    return { each: new Map(each), notes }
  },
}

/** Candidates by their text: the row that stands for it, and what the lead brought along. */
function sameTexts(segments: Compared[], lengths: number): Same[] {
  const { starts, rows } = offsets(segments)
  const numbers = new Map<number, number[]>()
  const keys = joined(segments.map(segment => segment.buckets.all))
  let bucket = 0
  const bucketOf = new Int32Array(keys.length)
  eachGroup(groupEqual(keys), group => {
    for (const at of group) bucketOf[at] = bucket
    bucket++
  })
  let at = 0
  for (const [s, { buckets, rows }] of segments.entries()) {
    for (let row = 0; row < rows; row++) {
      const own = listAt(buckets, row).length
      if (own > 0) numbers.set(starts[s]! + row, Array.from(bucketOf.subarray(at, at + own)))
      at += own
    }
  }
  const one = (group: Int32Array | [number]): Same => {
    const all = Array.from(group as Int32Array, row => standingAt(segments, starts, row))
    const head = all.reduce((best, one) => (bySurvival(one, best) < 0 ? one : best))
    const lead = group.find(row => numbers.has(row))
    if (lead === undefined) return { all, head, buckets: [], sets: [] }
    const segment = segmentOf(starts, lead)
    const own = (lead - starts[segment]!) * lengths
    const sets = Array.from({ length: lengths }, (_, i) => sketched(listAt(segments[segment]!.sets, own + i)))
    return { all, head, buckets: numbers.get(lead)!, sets }
  }
  const found: Same[] = []
  const grouped = new Uint8Array(rows)
  eachGroup(groupEqual(joined(segments.map(segment => segment.texts))), group => {
    for (const row of group) grouped[row] = 1
    found.push(one(group))
  })
  for (let row = 0; row < rows; row++) if (!grouped[row]) found.push(one([row]))
  return found
}

/** Words of 32 bits of a sketch: wide enough that the sets of common rows leave most of it empty. */
const sketchWords = 16

function sketched(set: Float64Array): Sketched {
  const bits = new Int32Array(sketchWords)
  for (const hash of set) {
    const bit = hash % (32 * sketchWords)
    bits[bit >> 5]! |= 1 << (bit & 31)
  }
  return { set, bits }
}

/** Bits that a sketch has and another has not: at least so many hashes stand in the first set alone. */
function bitsAlone(a: Int32Array, b: Int32Array): number {
  let n = 0
  for (let i = 0; i < sketchWords; i++) {
    let x = a[i]! & ~b[i]!
    x -= (x >>> 1) & 0x55555555
    x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
    n += Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return n
}

/**
 * Jaccard similarity by the longest shingles that both texts have; 0 where it is certain to lie under the limit, which
 * sizes and sketches mostly tell without a look at the sets.
 */
function similarity(a: readonly Sketched[], b: readonly Sketched[], least: number): number {
  for (let i = 0; i < a.length; i++) {
    const [{ set: x, bits }, { set: y, bits: others }] = [a[i]!, b[i]!]
    if (x.length === 0 || y.length === 0) continue
    // What both share at the limit; more than the rest may stand in neither alone.
    const shared = (least * (x.length + y.length)) / (1 + least) - 1e-9
    if (x.length < shared || y.length < shared) return 0
    if (bitsAlone(bits, others) > x.length - shared || bitsAlone(others, bits) > y.length - shared) return 0
    return jaccard(x, y, least)
  }
  return 0
}

export const dedupeNear: GlobalStep<NearOptions> = defineGlobal<NearOptions>({
  verb: 'dedupe-near',
  about:
    'Drops rows that are near copies of one that stays, found by MinHash and verified by exact Jaccard similarity.',
  version: 2,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['near-duplicate'],
  source: 'Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3',
  side: sides,
  passes: [meet, compare],
  apply: (record, fate) => verdict(record, fate, 'near-duplicate'),
})
