import { z } from 'zod'
import type { Id } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { type Decision, defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'
import { apportion } from '../balance/ratio.ts'
import { contentOf, parts } from '../content.ts'
import { append } from '../dedupe/columns.ts'
import { eitherOne, eitherOneSaid, said, wanted, wantedShape } from '../select/wanted.ts'
import { pack, unpack } from '../vectors/packed.ts'
import { divergence, eachGram, shares } from './grams.ts'
import { addManner, addText, byDoublings, doublings, type Manner, openManner, shift } from './manner.ts'

const options = z
  .strictObject({
    like: z.string().describe('Source or step with real rows that the result shall be like'),
    ...wantedShape,
    of: z.enum(parts).default('all').describe('What is compared: the prompt, the completion, or all'),
    lengths: z
      .boolean()
      .default(true)
      .describe(
        'Draw from rows of each length as many as the target has of it, as far as there are; short rows win otherwise',
      ),
    buckets: z
      .number()
      .int()
      .min(16)
      .max(1_000_000)
      .default(10_000)
      .describe('Buckets that words and pairs of neighbouring words are hashed into'),
  })
  .refine(eitherOne, eitherOneSaid)
type Options = z.output<typeof options>

/** The grams of some rows, and how they are written. */
type Counted = { counts: Float64Array; manner: Manner }
const open = (buckets: number): Counted => ({ counts: new Float64Array(buckets), manner: openManner() })

function add(to: Counted, text: string): void {
  const { counts, manner } = to
  addText(
    manner,
    text,
    eachGram(text, counts.length, bucket => {
      counts[bucket]!++
    }),
  )
}
function merged(a: Counted, b: Counted): Counted {
  for (const [i, count] of b.counts.entries()) a.counts[i]! += count
  addManner(a.manner, b.manner)
  return a
}

/** What the rows and the target are like, and by how much each gram speaks for a row. */
type Compared = { pool: Counted; target: Counted; ratios: Float64Array }
const [ofPool, ofTarget] = [0, 1]

const compare: Pass<Options, Counted, { of: number; found: Counted }, Compared> = {
  survey(records, { of, buckets }, { side }) {
    const found = open(buckets)
    for (const record of records) add(found, contentOf(record, of))
    return new Map([[side === undefined ? ofPool : ofTarget, found]])
  },
  merge: merged,
  decide: (of, found) => ({ of, found }),
  combine(sets, { buckets }) {
    const one = (of: number) => sets.find(set => set.of === of)?.found ?? open(buckets)
    const [pool, target] = [one(ofPool), one(ofTarget)]
    const usual = shares(pool.counts)
    const silent = target.manner.words === 0
    return { pool, target, ratios: shares(target.counts).map((share, i) => (silent ? 0 : Math.log(share / usual[i]!))) }
  },
}

/** Logarithm of how much more likely the grams of a text are in the target, and its number of words. */
function weigh(text: string, ratios: ArrayLike<number>): { importance: number; words: number } {
  let importance = 0
  const words = eachGram(text, ratios.length, bucket => {
    importance += ratios[bucket]!
  })
  return { importance, words }
}

type Keyed = { id: Id; key: number; length: number }
const byKey = (a: Keyed, b: Keyed) => b.key - a.key || (a.id < b.id ? -1 : 1)
type Drawn = { keyed: Keyed[]; compared: Compared }
type Chosen = { ids: Set<Id>; of: number; compared: Compared | undefined }

/** How many rows of each length to draw: in the ratio of the target, where there are too few the others share the rest. */
function quotas(
  size: number,
  there: ReadonlyMap<number, number>,
  target: ReadonlyMap<number, number>,
): Map<number, number> {
  const found = new Map([...there.keys()].sort((a, b) => a - b).map(length => [length, 0]))
  for (let left = size; left > 0; ) {
    const open = [...found].filter(([length, n]) => n < there.get(length)! && target.has(length))
    if (open.length === 0) break
    const seats = apportion(left, Object.fromEntries(open.map(([length]) => [length, target.get(length)!])))
    for (const [length, n] of open) {
      const more = Math.min(seats[length]!, there.get(length)! - n)
      found.set(length, n + more)
      left -= more
    }
  }
  return found
}

/** The first rows of each length up to its quota, then whatever comes first. */
function drawn(keyed: Keyed[], size: number, target: ReadonlyMap<number, number> | undefined): Keyed[] {
  keyed.sort(byKey)
  if (!target) return keyed.slice(0, size)
  const there = new Map<number, number>()
  for (const { length } of keyed) there.set(length, (there.get(length) ?? 0) + 1)
  const left = quotas(Math.min(size, keyed.length), there, target)
  const kept: Keyed[] = []
  const others: Keyed[] = []
  for (const one of keyed) {
    const n = left.get(one.length)!
    left.set(one.length, n - 1)
    ;(n > 0 ? kept : others).push(one)
  }
  return kept.concat(others.slice(0, Math.max(0, size - kept.length)))
}

/** The greatest logarithms of importance, each with Gumbel noise: a draw without replacement by those weights. */
const draw: Pass<Options, Drawn, Drawn & { of: number }, Chosen> = {
  survey(records, { of }, { side, earlier, seed }) {
    const compared = earlier as Compared
    if (side !== undefined) return new Map()
    const keyed: Keyed[] = []
    for (const record of records) {
      // The ends of the unit interval have no finite logarithm of their logarithm.
      const luck = (unit(seed, record.id) * 2 ** 48 + 0.5) / 2 ** 48
      const { importance, words } = weigh(contentOf(record, of), compared.ratios)
      keyed.push({ id: record.id, key: importance - Math.log(-Math.log(luck)), length: doublings(words) })
    }
    return new Map([[0, { keyed, compared }]])
  },
  merge: (a, b) => ({ keyed: append(a.keyed, b.keyed), compared: a.compared }),
  decide(_, { keyed, compared }, options) {
    const lengths = options.lengths ? byDoublings(compared.target.manner) : undefined
    const kept = drawn(keyed, wanted(options, keyed.length), lengths)
    return { keyed: kept, compared, of: keyed.length }
  },
  combine([drawn]) {
    return { ids: new Set(drawn?.keyed.map(({ id }) => id)), of: drawn?.of ?? 0, compared: drawn?.compared }
  },
  slice({ ids, of, compared }, own, side) {
    const chosen = side === undefined ? own.filter(id => ids.has(id)) : []
    return chosen.length > 0 ? { chosen, of, compared } : undefined
  },
}

type Kept = { ids: Id[]; of: number; kept: Counted; compared: Compared }

/** What became of it. */
const measure: Pass<Options, Kept, Kept, Decision> = {
  survey(records, options, { earlier }) {
    const { chosen, of, compared } = earlier as { chosen: Id[]; of: number; compared: Compared }
    const ids = new Set(chosen)
    const kept = open(options.buckets)
    for (const record of records) if (ids.has(record.id)) add(kept, contentOf(record, options.of))
    return new Map([[0, { ids: chosen, of, kept, compared }]])
  },
  merge: (a, b) => ({ ...a, ids: append(a.ids, b.ids), kept: merged(a.kept, b.kept) }),
  decide: (_, kept) => kept,
  combine([found], options) {
    if (!found) return { each: new Map() }
    const { ids, of, kept, compared } = found
    const { pool, target, ratios } = compared
    const [before, after] = [pool, kept].map(({ counts }) => divergence(target.counts, counts).toFixed(3))
    const told = [
      `divergence of the words from ${options.like} ${before} bits before, ${after} after`,
      ...shift(pool.manner, kept.manner, target.manner),
      ...said(ids.length, of, options),
    ]
    return {
      shared: { ratios: pack(Float32Array.from(ratios)) },
      each: new Map(ids.map(id => [id, 1])),
      notes: target.manner.words > 0 ? told : [`${options.like} holds no text to resemble`],
    }
  },
}

type Shared = { ratios: string }
const opened = new WeakMap<Shared, Float32Array>()
function ratiosOf(shared: Shared): Float32Array {
  const known = opened.get(shared) ?? unpack(shared.ratios, Float32Array)
  opened.set(shared, known)
  return known
}

/**
 * Brings a set back to how people really write, where what was made has drifted from it: data selection with importance
 * resampling. Plain resampling prefers short rows, since every word that is rare in the target counts against a row;
 * drawing by length keeps that drift out.
 */
export const resample: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'resample',
  about: 'Draws rows whose words are distributed as in a real target, and says how far both were and are apart.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['not-resampled'],
  source: 'Xie et al. 2023, arXiv 2302.03169',
  side: ({ like }) => [{ name: like, from: like }],
  passes: [compare, draw, measure],
  apply(record, decided, shared, { of }) {
    if (decided) return { is: 'passed' }
    if (!shared) return { is: 'dropped', reason: 'not-resampled' }
    const { importance } = weigh(contentOf(record, of), ratiosOf(shared as Shared))
    return { is: 'dropped', reason: 'not-resampled', evidence: { importance: Math.round(importance * 100) / 100 } }
  },
})
