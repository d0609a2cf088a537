import { bandKeys } from '../kernels/index.ts'
import type { Measure, Row, Said } from './compare.ts'
import { frontierIntegral, jensenShannon, mauve } from './divergence.ts'
import {
  adjustedDistinct,
  compression,
  conditionalEntropy,
  distinct,
  entropy,
  gramsInto,
  novelty,
  selfBleu,
  selfRepetition,
  type Words,
} from './diversity.ts'
import { frechet } from './frechet.ts'
import { kMeans, nearest } from './k-means.ts'
import { discrepancy, type Matrix, manifold } from './manifold.ts'
import { type Features, separation } from './separation.ts'
import { vendi } from './vendi.ts'

/** Bins that are told apart; rarer ones are one bin, since each adds to the divergence of any two samples. */
const bins = 5000

type Binned = { each: Uint32Array[]; size: number }

/** Names of events as bins: the most frequent ones of all rows, and one for the rest. Ties go by name. */
function binned(events: readonly (readonly (number | string)[])[]): Binned | undefined {
  const counts = new Map<number | string, number>()
  for (const row of events) for (const event of row) counts.set(event, (counts.get(event) ?? 0) + 1)
  if (counts.size === 0) return undefined
  const frequent = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, bins)
  const bin = new Map(frequent.map(([event], i) => [event, i]))
  const rest = frequent.length
  return { each: events.map(row => Uint32Array.from(row, event => bin.get(event) ?? rest)), size: rest + 1 }
}

/** Divergence of what rows hold, in counts of bins. */
const divergence = (eventsOf: (row: Row) => readonly (number | string)[]): Measure['open'] => {
  return rows => {
    const found = binned(rows.map(eventsOf))
    if (!found) return undefined
    const counted = (places: Uint32Array) => {
      const counts = new Uint32Array(found.size)
      for (const place of places) for (const bin of found.each[place]!) counts[bin]!++
      return counts
    }
    return (real, other) => [jensenShannon(counted(real), counted(other))]
  }
}

const grams = (words: Words, n: number): number[] => {
  const all: number[] = []
  gramsInto(words, n, all)
  return all
}

/** Lengths in steps of a quarter of an octave. */
const lengthBin = (words: number) => Math.round(4 * Math.log2(words + 1))

/** All vectors as one matrix, where every row has one of the same length. */
function matrixOf(rows: readonly Row[], places?: Uint32Array): Matrix | undefined {
  const dimensions = rows[0]?.vector?.length ?? 0
  if (dimensions === 0) return undefined
  const chosen = places ?? Uint32Array.from(rows.keys())
  const all = new Float32Array(chosen.length * dimensions)
  for (const [i, place] of chosen.entries()) {
    const { vector } = rows[place]!
    if (vector?.length !== dimensions) return undefined
    all.set(vector, i * dimensions)
  }
  return { rows: all, dimensions }
}

const onVectors = (of: (real: Matrix, other: Matrix) => (number | undefined)[]): Measure['open'] => {
  return rows => matrixOf(rows) && ((real, other) => of(matrixOf(rows, real)!, matrixOf(rows, other)!))
}

/** Both samples over clusters of the two together: round(n / 10) of them, two at least (Pillutla et al. 2023). */
function clustered(real: Matrix, other: Matrix): [Uint32Array, Uint32Array] {
  const { dimensions } = real
  const joint = new Float32Array(real.rows.length + other.rows.length)
  joint.set(real.rows)
  joint.set(other.rows, real.rows.length)
  const n = Math.min(real.rows.length, other.rows.length) / dimensions
  const centres = kMeans(joint, dimensions, Math.max(2, Math.round(n / 10)))
  const counted = ({ rows }: Matrix) => {
    const counts = new Uint32Array(centres.count)
    for (let at = 0; at < rows.length; at += dimensions) {
      counts[nearest(centres, rows.subarray(at, at + dimensions)).centre]!++
    }
    return counts
  }
  return [counted(real), counted(other)]
}

/** A figure of the second sample alone. */
const ofTexts = (of: (words: Words[], texts: string[]) => (number | undefined)[]): Measure['open'] => {
  return rows => (_, other) => {
    const chosen = Array.from(other, place => rows[place]!)
    return of(
      chosen.map(row => row.words),
      chosen.map(row => row.text),
    )
  }
}

/** Places of hashed words and pairs; the length and marks stand behind them. */
export const words = 2 ** 16
export const marks: readonly string[] = [
  '!',
  '?',
  ',',
  ':',
  ';',
  '(',
  '"',
  '*',
  '#',
  '`',
  '—',
  '…',
  '、',
  '。',
  '「',
  '\n',
]
/** Hashed words and pairs of words, the length, and marks a character: what a reader would tell a sample by. */
export function featuresOf({ words: own, text }: Row): Features {
  const amounts = new Map<number, number>()
  for (const word of own) amounts.set(word % words, 1)
  for (const pair of grams(own, 2)) amounts.set(pair % words, 1)
  const share = 1 / Math.sqrt(amounts.size || 1)
  const at = [...amounts.keys(), words, ...marks.map((_, i) => words + 1 + i)]
  const value = [
    ...Array(amounts.size).fill(share),
    Math.log1p(own.length) / 8,
    ...marks.map(mark => (10 * (text.split(mark).length - 1)) / Math.max(1, text.length)),
  ]
  return { at: Uint32Array.from(at), value: Float32Array.from(value) }
}

const tellApart: Measure['open'] = rows => {
  const all = rows.map(featuresOf)
  return (real, other, seed) => {
    const chosen = [...real, ...other].map(place => all[place]!)
    const second = Uint8Array.from(chosen, (_, i) => (i < real.length ? 0 : 1))
    return [separation(chosen, second, words + 1 + marks.length, seed)?.area]
  }
}

const [bands, rowsOfBand] = [16, 8]
/** Jaccard similarity of runs of five words from which a text is a near copy: what `dedupe` compares by default. */
const [run, near] = [5, 0.8]
/** The share of texts that are near copies of an earlier one: those that meet in a band, verified. */
export function nearCopies(texts: Words[]): number | undefined {
  if (texts.length === 0) return undefined
  const held = Array.from({ length: bands }, () => new Map<bigint, number>())
  const sets = texts.map(words => new Set(shinglesOf(words)))
  let copies = 0
  for (const [i, own] of sets.entries()) {
    const keys = bandKeys(lowest(own, bands * rowsOfBand), bands, rowsOfBand)
    const met = new Set(held.flatMap((seen, band) => seen.get(keys[band]!) ?? []))
    if (met.values().some(other => likeness(own, sets[other]!) >= near)) copies++
    else for (const [band, seen] of held.entries()) if (!seen.has(keys[band]!)) seen.set(keys[band]!, i)
  }
  return copies / texts.length
}
const shinglesOf = (words: Words) => grams(words, Math.min(run, words.length || 1))
function likeness(a: Set<number>, b: Set<number>): number {
  const both = a.intersection(b).size
  return a.size + b.size > 0 ? both / (a.size + b.size - both) : 1
}

/** MinHash signature of runs that were hashed before. */
function lowest(runs: Set<number>, places: number): Uint32Array {
  const out = new Uint32Array(places).fill(0xffffffff)
  for (const run of runs) {
    const [low, high] = [run >>> 0, Math.floor(run / 2 ** 32)]
    for (let place = 0; place < places; place++) {
      let hash = Math.imul(low ^ Math.imul(place + 1, 0x9e3779b1), 0x85ebca6b) + high
      hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
      hash = (hash ^ (hash >>> 13)) >>> 0
      if (hash < out[place]!) out[place] = hash
    }
  }
  return out
}

/** Mean likeness of answers to one prompt: how far a model says the same each time. */
const collapse: Measure['open'] = rows => {
  if (!rows.some(row => row.group !== undefined)) return undefined
  return (_, other) => {
    const groups = Map.groupBy(
      Array.from(other, place => rows[place]!).filter(row => row.group !== undefined),
      row => row.group!,
    )
    const values: number[] = []
    for (const group of groups.values()) {
      const sets = group.map(row => new Set(grams(row.words, 2)))
      for (const [i, a] of sets.entries()) {
        for (const b of sets.slice(i + 1)) {
          values.push(likeness(a, b))
        }
      }
    }
    return [values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined]
  }
}

const window = 1000
const text = { version: 1, least: 500, most: 10_000 }
const some = { version: 1, least: 100, most: 2000 }
const one = (said: Said) => [said]

/** What `report` measures, in the order in which it tells it. */
export const measures: readonly Measure[] = [
  {
    ...text,
    says: one({
      name: 'words',
      about: 'Jensen-Shannon divergence of the words',
      unit: 'bits',
      wants: 'low',
      slack: 0.02,
    }),
    source: 'https://doi.org/10.1109/18.61115',
    open: divergence(row => [...row.words]),
  },
  {
    ...text,
    says: one({
      ...{ name: 'word-pairs', unit: 'bits', wants: 'low', slack: 0.03 },
      about: 'Jensen-Shannon divergence of pairs of words',
    }),
    open: divergence(row => grams(row.words, 2)),
  },
  {
    ...text,
    says: one({
      ...{ name: 'lengths', unit: 'bits', wants: 'low', slack: 0.02 },
      about: 'Jensen-Shannon divergence of the lengths in words',
    }),
    open: divergence(row => [lengthBin(row.words.length)]),
  },
  {
    ...text,
    says: one({
      ...{ name: 'openings', unit: 'bits', wants: 'low', slack: 0.05 },
      about: 'Jensen-Shannon divergence of the first three words',
    }),
    open: divergence(row => grams(row.words.subarray(0, 3), Math.min(3, row.words.length || 1)).slice(0, 1)),
  },
  {
    ...{ ...text, most: 2000 },
    says: one({
      ...{ name: 'told-apart', wants: 'low', slack: 0.05, limit: 0.75 },
      about: 'Area under the curve of a classifier that tells both apart by words, length and marks',
    }),
    source: 'https://arxiv.org/abs/1610.06545',
    open: tellApart,
  },
  {
    ...{ version: 1, least: 1000, most: 2000 },
    says: [
      { name: 'mauve', about: 'MAUVE over clusters of the vectors', wants: 'high', slack: 0.05 },
      { name: 'frontier', about: 'Frontier integral over the same clusters', wants: 'low', slack: 0.02 },
    ],
    source: 'https://arxiv.org/abs/2102.01454 and https://arxiv.org/abs/2106.07898',
    open: onVectors((a, b) => {
      const [p, q] = clustered(a, b)
      return [mauve(p, q), frontierIntegral(p, q)]
    }),
  },
  {
    ...{ version: 1, least: 100, most: 500 },
    says: one({
      ...{ name: 'discrepancy', wants: 'low', slack: 0.005 },
      about: 'Squared maximum mean discrepancy of the vectors',
    }),
    source: 'https://jmlr.org/papers/v13/gretton12a.html',
    open: onVectors((a, b) => {
      const rows = new Float32Array(a.rows.length + b.rows.length)
      rows.set(a.rows)
      rows.set(b.rows, a.rows.length)
      const first = a.rows.length / a.dimensions
      const labels = Uint8Array.from({ length: rows.length / a.dimensions }, (_, i) => (i < first ? 1 : 0))
      return [discrepancy({ rows, dimensions: a.dimensions })?.(labels)]
    }),
  },
  {
    ...{ version: 1, least: 100, most: 1000 },
    says: [
      {
        ...{ name: 'density', wants: 'near', slack: 0.1 },
        about: 'Density: how well real rows are hit; above real rows means crowding at their middle',
      },
      {
        ...{ name: 'coverage', wants: 'high', slack: 0.05 },
        about: 'Coverage: the share of real rows that have another near by',
      },
      {
        ...{ name: 'precision', wants: 'high', slack: 0.05 },
        about: 'Precision: the share of rows that lie among real ones',
      },
      {
        ...{ name: 'recall', wants: 'high', slack: 0.05 },
        about: 'Recall: the share of real rows that lie among the others',
      },
    ],
    source: 'https://arxiv.org/abs/2002.09797 and https://arxiv.org/abs/1904.06991',
    open: onVectors((a, b) => {
      const found = manifold(a, b)
      return [found?.density, found?.coverage, found?.precision, found?.recall]
    }),
  },
  {
    ...{ version: 1, least: 2000, most: 5000 },
    says: one({ name: 'frechet', about: 'Frechet distance of the vectors', wants: 'low', slack: 0.01 }),
    source: 'https://arxiv.org/abs/1706.08500',
    open: onVectors((a, b) => [frechet(a, b)]),
  },
  {
    ...some,
    says: [1, 2, 3].map(n => ({
      ...{ name: `distinct-${n}`, wants: 'near', slack: 0.03 },
      about: `Distinct ${n === 1 ? 'words' : `runs of ${n} words`} over all, in windows of 1,000 words`,
    })),
    source: 'https://arxiv.org/abs/1510.03055',
    open: ofTexts(words => [1, 2, 3].map(n => distinct(words, n, window))),
  },
  {
    ...{ ...text, most: 2000 },
    says: one({
      ...{ name: 'adjusted-distinct', wants: 'near', slack: 0.03 },
      about: 'Distinct words over those that even draws from the vocabulary of all rows would show',
    }),
    source: 'https://arxiv.org/abs/2202.13587',
    open: rows => {
      const vocabulary = new Set(rows.flatMap(row => [...row.words])).size
      return ofTexts(words => [adjustedDistinct(words, vocabulary)])(rows)
    },
  },
  {
    ...{ ...text, most: 2000 },
    says: [
      { name: 'entropy', about: 'Entropy of the words', unit: 'bits', wants: 'near', slack: 0.1 },
      {
        ...{ name: 'conditional-entropy', unit: 'bits', wants: 'near', slack: 0.1 },
        about: 'What a word tells after the one before it',
      },
    ],
    open: ofTexts(words => [entropy(words, 1), conditionalEntropy(words, 2)]),
  },
  {
    ...some,
    says: one({
      ...{ name: 'compression', wants: 'near', slack: 0.15 },
      about: 'Bytes over bytes after gzip, of 100,000 bytes; more for what repeats itself',
    }),
    source: 'https://arxiv.org/abs/2403.00553',
    open: ofTexts((_, texts) => [compression(texts, 100_000)]),
  },
  {
    ...some,
    says: one({
      ...{ name: 'self-repetition', wants: 'low', slack: 0.05 },
      about: 'The share of texts of which four words in a row stand in another one',
    }),
    source: 'https://arxiv.org/abs/2210.07983',
    open: ofTexts(words => [selfRepetition(words, 4)]),
  },
  {
    ...{ ...some, most: 500 },
    says: one({ name: 'self-bleu', about: 'Mean BLEU of each text against the others', wants: 'low', slack: 0.03 }),
    source: 'https://arxiv.org/abs/1802.01886',
    open: ofTexts(words => [selfBleu(words)]),
  },
  {
    ...some,
    says: one({
      ...{ name: 'near-copies', wants: 'low', slack: 0.005, limit: 0.02 },
      about: 'The share of texts that are near copies of an earlier one',
    }),
    open: ofTexts(words => [nearCopies(words)]),
  },
  {
    ...some,
    says: one({
      ...{ name: 'novelty-4', wants: 'near', slack: 0.05 },
      about: 'The share of four words in a row that no real row has; far below real rows means copying',
    }),
    open: rows => (real, other) => {
      const of = (places: Uint32Array) => Array.from(places, place => rows[place]!.words)
      return [novelty(of(other), of(real), 4)]
    },
  },
  {
    ...{ version: 1, least: 100, most: 1000 },
    says: one({
      ...{ name: 'vendi', wants: 'near', slack: 2 },
      about: 'Vendi score of the vectors: how many unlike rows there are in effect',
    }),
    source: 'https://arxiv.org/abs/2210.02410',
    open: onVectors((_, other) => [vendi(other)]),
  },
  {
    ...{ ...some, most: 5000 },
    says: one({
      ...{ name: 'mode-collapse', wants: 'low', slack: 0.05 },
      about: 'Mean Jaccard similarity of word pairs between answers to the same prompt',
    }),
    open: collapse,
  },
]

/** The divergence of a facet that rows carry. */
export function facetMeasure(facet: string): Measure {
  return {
    ...text,
    says: one({
      ...{ name: `facet-${facet}`, unit: 'bits', wants: 'low', slack: 0.02 },
      about: `Jensen-Shannon divergence of the facet ${facet}`,
    }),
    open: rows =>
      rows.some(row => row.facets[facet] !== undefined)
        ? divergence(row => [row.facets[facet] ?? 'unknown'])(rows)
        : undefined,
  }
}
