/** Vectors: how well the built-in ones tell meanings apart, how fast they are made, and how fast like rows are found. */
import { readFileSync } from 'node:fs'
import { dedupeSemantic } from '../src/curate/semantic/semantic.ts'
import { assignTopics } from '../src/curate/topics/topics.ts'
import { cover } from '../src/curate/vectors/cover.ts'
import { featuresOf } from '../src/curate/vectors/features.ts'
import { learnVectors } from '../src/curate/vectors/learn.ts'
import type { Model } from '../src/curate/vectors/model.ts'
import { projector, unitLength } from '../src/curate/vectors/project.ts'
import { dot, dots, pairsAbove, split } from '../src/kernels/index.ts'
import { spearman } from '../src/measure/index.ts'
import { type Id, type Rec, random, sha256 } from '../src/records/index.ts'
import type { GlobalStep } from '../src/steps/index.ts'
import type { Figure } from './benches.ts'
import { documents } from './dedupe.ts'
import { asLines, ceiling, rateOf, type Work } from './threads.ts'

const fixture = (name: string) => readFileSync(new URL(`../test/fixtures/meanings/${name}`, import.meta.url), 'utf8')

const documentOf = (id: string, text: string): Rec => ({
  kind: 'document',
  id: sha256(id),
  digest: '',
  text,
  facets: {},
  scores: {},
  lineage: { origin: 'real', generation: 0, parents: [] },
})

type Beside = (record: Rec) => Float32Array | undefined
/** A global over shards of 128 rows as the engine takes them, up to its decision. */
function decided<O>(step: GlobalStep<O>, rows: Rec[], given: object, beside: Beside = () => undefined) {
  const options = step.options.parse(given)
  let earlier: unknown
  for (const [n, pass] of step.passes.entries()) {
    const merged = new Map<number, unknown>()
    const { slice } = step.passes[n - 1] ?? {}
    for (let from = 0; from < rows.length; from += 128) {
      const shard = rows.slice(from, from + 128)
      const needed = slice
        ? slice(
            earlier,
            shard.map(({ id }) => id),
            undefined,
          )
        : earlier
      if (slice && needed === undefined) continue
      for (const [part, found] of pass.survey(shard, options, { seed: 's', earlier: needed, vector: beside })) {
        merged.set(part, merged.has(part) ? pass.merge(merged.get(part), found) : found)
      }
    }
    earlier = pass.combine(
      [...merged.keys()].sort((a, b) => a - b).map(part => pass.decide(part, merged.get(part), options)),
      options,
    )
  }
  return { options, decision: earlier as { shared?: never; each: Map<Id, object>; notes?: string[] } }
}

/** The vector of each text, learnt from all of them. */
function learnt(texts: string[]): Float32Array[] {
  const rows = texts.map((text, i) => documentOf(`${i}`, text))
  const { decision } = decided(learnVectors, rows, {})
  const project = projector(decision.shared as unknown as Model)
  return texts.map(text => project(featuresOf(text))!)
}

/** Overlap of the features alone: what a comparison without any learning sees. */
function overlap(a: string, b: string): number {
  const bag = (text: string) => {
    const { buckets } = featuresOf(text)
    return new Set(buckets)
  }
  const [x, y] = [bag(a), bag(b)]
  let both = 0
  for (const bucket of x) if (y.has(bucket)) both++
  return both / Math.sqrt(x.size * y.size || 1)
}

/** Does the cosine order pairs of sentences as people do, and is the nearest question one of the same intent? */
export async function* meanings(): AsyncGenerator<Figure> {
  const pairs = fixture('jsts.first700.jsonl')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { sentence1: string; sentence2: string; label: number })
  const all = learnt(pairs.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]))
  const gold = pairs.map(({ label }) => label)
  const cosines = pairs.map((_, i) => dot(all[2 * i]!, all[2 * i + 1]!))
  const plain = pairs.map(({ sentence1, sentence2 }) => overlap(sentence1, sentence2))
  const found = spearman(cosines, gold)!
  yield {
    metric: 'Spearman correlation with people, 700 Japanese pairs (beside it: overlap of features)',
    value: found,
    unit: '',
    ceiling: spearman(plain, gold)!,
    target: '>= 0.65',
    holds: found >= 0.65,
  }

  const rows = [...fixture('banking77.20x50.csv').matchAll(/^(?:"((?:[^"]|"")*)"|([^,\n]*)),([\w?]+)$/gm)].slice(1)
  const texts = rows.map(([, quoted, bare]) => quoted ?? bare!)
  const intents = rows.map(row => row[3]!)
  const vectors = learnt(texts)
  const matrix = new Float32Array(vectors.length * vectors[0]!.length)
  for (const [i, vector] of vectors.entries()) matrix.set(vector, i * vector.length)
  const hits = vectors.filter((vector, i) => {
    const products = dots(vector, matrix, vector.length)
    products[i] = -1
    let best = 0
    for (let j = 1; j < products.length; j++) if (products[j]! > products[best]!) best = j
    return intents[best] === intents[i]
  }).length
  yield {
    metric: 'nearest of 1,000 questions has the same of 20 intents',
    value: (100 * hits) / rows.length,
    unit: '%',
    target: '>= 85',
    holds: hits >= 0.85 * rows.length,
  }

  const records = texts.map((text, i) => documentOf(`${i}`, text))
  const vectorOf = new Map(records.map((record, i) => [record.id, vectors[i]!]))
  const beside: Beside = record => vectorOf.get(record.id)
  const { options, decision } = decided(assignTopics, records, { vectors: '', topics: 20 }, beside)
  const topics = records.map(record => {
    const applied = assignTopics.apply(record, undefined, decision.shared, options, { vector: beside })
    return String(applied.is === 'passed' && applied.notes!.facets!.topic)
  })
  const shared = information(topics, intents)
  yield {
    metric: '20 topics against 20 intents, normalised mutual information',
    value: shared,
    unit: '',
    target: '>= 0.55',
    holds: shared >= 0.55,
  }
}

/** Mutual information over the mean of both entropies (Strehl & Ghosh 2002, with the arithmetic mean). */
function information(a: string[], b: string[]): number {
  const count = (names: string[]) => {
    const found = new Map<string, number>()
    for (const name of names) found.set(name, (found.get(name) ?? 0) + 1)
    return found
  }
  const entropy = (names: string[]) => {
    let sum = 0
    for (const n of count(names).values()) sum -= (n / names.length) * Math.log(n / names.length)
    return sum
  }
  const both = entropy(a.map((name, i) => `${name}\n${b[i]}`))
  return (2 * (entropy(a) + entropy(b) - both)) / (entropy(a) + entropy(b))
}

let model: Model | undefined
function known(): Model {
  model ??= decided(
    learnVectors,
    [...documents(2000)].map((text, i) => documentOf(`${i}`, text)),
    {},
  ).decision.shared as unknown as Model
  return model
}
export const work: { [name: string]: () => Work } = {
  split: () => text => split(text, 'match').count,
  features: () => text => featuresOf(text).buckets.length,
  project: () => {
    const project = projector(known())
    return text => project(featuresOf(text))!.length
  },
}

/** Built-in vectors: the look at each document, and its vector, over JSON Lines. */
export async function* embedding(): AsyncGenerator<Figure> {
  const begin = performance.now()
  known()
  yield { metric: 'learnt from 2,000 documents of 2 kB', value: (performance.now() - begin) / 1000, unit: 's' }
  const lines = asLines(documents(20_000))
  const most = await rateOf(ceiling, lines)
  for (const name of Object.keys(work)) {
    const { documents } = await rateOf({ module: import.meta.url, name }, lines)
    yield {
      metric: `${name}, 2 threads`,
      value: documents,
      unit: 'documents/s',
      ceiling: most.documents,
      ratio: documents / most.documents,
    }
  }
}

/** Vectors in groups, as texts have subjects; every tenth one lies at a cosine of about 0.92 from an earlier one. */
function grouped(rows: number, dimensions: number): { matrix: Float32Array; of: Int32Array } {
  const next = random('vectors')
  const draw = () => Float64Array.from({ length: dimensions }, () => next() + next() + next() - 1.5)
  const groups = Array.from({ length: 200 }, () => unitLength(draw())!)
  const matrix = new Float32Array(rows * dimensions)
  const of = new Int32Array(rows).fill(-1)
  for (let row = 0; row < rows; row++) {
    const noise = unitLength(draw())!
    const copied = row % 10 === 9
    if (copied) of[row] = Math.floor(next() * (row / 10)) * 10
    const from = copied ? matrix.subarray(of[row]! * dimensions, (of[row]! + 1) * dimensions) : groups[row % 200]!
    const [own, other] = copied ? [0.92, Math.sqrt(1 - 0.92 ** 2)] : [Math.sqrt(0.5), Math.sqrt(0.5)]
    matrix.set(unitLength(from.map((x, c) => own * x + other * noise[c]!))!, row * dimensions)
  }
  return { matrix, of }
}

/** Like rows among many, the vectors being given. */
export async function* semantic(): AsyncGenerator<Figure> {
  const [rows, dimensions, threshold] = [120_000, 256, 0.9]
  const { matrix, of } = grouped(rows, dimensions)
  const some = 8192
  const begin = performance.now()
  pairsAbove(matrix.subarray(0, some * dimensions), dimensions, threshold)
  const every = ((performance.now() - begin) / 1000) * (rows / some) ** 2

  const records = Array.from({ length: rows }, (_, i) => documentOf(`${i}`, ''))
  const row = new Map(records.map(({ id }, i) => [id, i]))
  const start = performance.now()
  const { decision } = decided(dedupeSemantic, records, { vectors: 'v', semantic: threshold }, ({ id }) => {
    const at = row.get(id)! * dimensions
    return matrix.subarray(at, at + dimensions)
  })
  const seconds = (performance.now() - start) / 1000
  yield {
    metric: '120,000 vectors of 256 numbers, whole step (beside it: every pair by the kernel, from 8,192 rows)',
    value: seconds,
    unit: 's',
    ceiling: every,
    ratio: seconds / every,
    target: '<= 10',
    holds: seconds <= 10,
  }

  let [near, found] = [0, 0]
  for (let i = 0; i < rows; i++) {
    const j = of[i]!
    if (j < 0) continue
    const cosine = dot(
      matrix.subarray(i * dimensions, (i + 1) * dimensions),
      matrix.subarray(j * dimensions, (j + 1) * dimensions),
    )
    if (cosine < threshold) continue
    near++
    // One of the two goes: the one that stands behind the other, or both behind a third.
    if (
      'cluster' in (decision.each.get(records[i]!.id) ?? {}) ||
      'cluster' in (decision.each.get(records[j]!.id) ?? {})
    )
      found++
  }
  yield {
    metric: `planted pairs found, of ${near}`,
    value: (100 * found) / near,
    unit: '%',
    target: '>= 99',
    holds: found >= 0.99 * near,
  }

  const all = new Float32Array(rows * dimensions)
  for (let at = 0; at < all.length; at += dimensions) all[at] = 1
  const before = performance.now()
  const { kept } = cover(all, dimensions, threshold)
  const equal = (performance.now() - before) / 1000
  yield {
    metric: '120,000 equal vectors, the search alone',
    value: equal,
    unit: 's',
    target: '<= 10, one kept',
    holds: equal <= 10 && kept === 1,
  }
}
