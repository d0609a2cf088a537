/** Deduplication: rates of the passes over JSON Lines, recall and precision. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dedupeExact } from '../src/curate/dedupe/exact.ts'
import { bandsFor, dedupeNear, recall } from '../src/curate/dedupe/near.ts'
import { bandKeys, jaccard, shingles, signature, split } from '../src/kernels/index.ts'
import { type Rec, random } from '../src/records/index.ts'
import type { GlobalStep } from '../src/steps/index.ts'
import type { Figure } from './benches.ts'
import { asLines, ceiling, rateOf, type Work } from './threads.ts'

const root = join(import.meta.dirname, '..')
const read = (pattern: string) =>
  globSync(pattern, { cwd: root })
    .sort()
    .map(file => readFileSync(join(root, file), 'utf8'))

/** Documents of about 2 kB out of real paragraphs; every tenth is an earlier one with one word in forty replaced. */
export function* documents(n: number): Generator<string> {
  const pieces = read('examples/quickstart/documents/**/*.md').flatMap(text => text.split(/\n\s*\n/))
  const draw = random(7, 'dedupe-documents')
  const recent: string[] = []
  for (let i = 0; i < n; i++) {
    let text = ''
    if (i % 10 === 9) {
      const words = recent[Math.floor(draw() * recent.length)]!.split(' ')
      text = words.map(word => (draw() < 1 / 40 ? `w${Math.floor(draw() * 1e6)}` : word)).join(' ')
    } else {
      while (text.length < 2000) text += `${pieces[Math.floor(draw() * pieces.length)]} ${Math.floor(draw() * 1e6)}\n\n`
    }
    recent[i % 1000] = text
    yield text
  }
}

/** The first look of a step at shards of 128 documents, as the engine takes it. */
function surveying(step: GlobalStep, given: object = {}): Work {
  const options = step.options.parse(given)
  let shard: Rec[] = []
  let n = 0
  return text => {
    const around = {
      digest: '',
      facets: {},
      scores: {},
      lineage: { origin: 'real', generation: 0, parents: [] },
    } as const
    shard.push({ ...around, kind: 'document', id: (n++).toString(16).padStart(32, '0'), text } as unknown as Rec)
    if (shard.length < 128) return 0
    const found = step.passes[0]!.survey(shard, options, { seed: '', vector: () => undefined })
    shard = []
    return found.size
  }
}
/** The second look at a document: split, and its set of shingles. */
const sets = (): Work => text => shingles(split(text, 'match'), 5).length
export const work: { [name: string]: () => Work } = {
  exact: () => surveying(dedupeExact),
  near: () => surveying(dedupeNear),
  '14 x 8': () => surveying(dedupeNear, { bands: 14, rows: 8 }),
  sets,
}

const task = (name: string) => ({ module: import.meta.url, name })

/** Exact copies: the look at every document, in one thread and in two. */
export async function* exact(): AsyncGenerator<Figure> {
  const lines = asLines(documents(30_000))
  for (const threads of [1, 2]) {
    const most = await rateOf(ceiling, lines, { threads })
    const { megabytes } = await rateOf(task('exact'), lines, { threads })
    yield {
      metric: `documents looked at, ${threads} threads`,
      value: megabytes,
      unit: 'MB/s',
      ceiling: most.megabytes,
      ratio: megabytes / most.megabytes,
      ...(threads === 2 ? { target: '>= 200', holds: megabytes >= 200 } : {}),
    }
  }
}

/** Near copies: signatures and keys of every document, and the sets of those that may be copies. */
export async function* near(): AsyncGenerator<Figure> {
  const lines = asLines(documents(30_000))
  for (const threads of [1, 2]) {
    const most = await rateOf(ceiling, lines, { threads })
    for (const [name, about] of [
      ['near', 'signatures and keys, 126 hashes'],
      ['14 x 8', 'signatures and keys, 112 hashes'],
      ['sets', 'sets of candidates'],
    ] as const) {
      const { documents } = await rateOf(task(name), lines, { threads })
      yield {
        metric: `${about}, ${threads} threads`,
        value: documents,
        unit: 'docs/s',
        ceiling: most.documents,
        ratio: documents / most.documents,
      }
    }
  }
}

/** Two texts whose sets of single words have this Jaccard similarity, as exactly as 400 words allow. */
export function pairOf(similarity: number, draw: () => number): [string, string] {
  const common = Math.round((400 * 2 * similarity) / (1 + similarity))
  const word = () => `w${Math.floor(draw() * 2 ** 40).toString(36)}`
  const shared = Array.from({ length: common }, word)
  const own = () => [...shared, ...Array.from({ length: 400 - common }, word)].join(' ')
  return [own(), own()]
}

/** How often pairs of a similarity meet in a band. */
export function meeting(similarity: number, pairs: number, at: { bands: number; rows: number }, seed: number): number {
  const draw = random(seed, 'pairs', String(similarity))
  const keys = (text: string) => bandKeys(signature(split(text, 'match'), 1, at.bands * at.rows), at.bands, at.rows)
  let met = 0
  for (let i = 0; i < pairs; i++) {
    const [a, b] = pairOf(similarity, draw).map(keys) as [BigUint64Array, BigUint64Array]
    if (a.some((key, band) => key === b[band])) met++
  }
  return met / pairs
}

/** Found pairs of generated similarities beside the theoretical curve, and the near-duplicate set by exact Jaccard. */
export async function* recalls(): AsyncGenerator<Figure> {
  for (const at of [{ bands: 14, rows: 8 }, bandsFor(0.8)]) {
    for (const similarity of [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]) {
      const pairs = 1000
      const value = meeting(similarity, pairs, at, 1)
      const expected = recall(similarity, at.bands, at.rows)
      const off = Math.abs(value - expected)
      yield {
        metric: `${at.bands} x ${at.rows}: pairs of similarity ${similarity} that meet`,
        value,
        unit: 'share',
        ceiling: expected,
        ratio: value / expected,
        target: 'within 4 standard errors',
        holds: off <= 4 * Math.sqrt((expected * (1 - expected)) / pairs) + 1 / pairs,
      }
    }
  }
  yield* revisions()
}

/** Real revisions of the same chapter: where exact Jaccard finds pairs, and where the step does. */
async function* revisions(): AsyncGenerator<Figure> {
  const texts = read('test/fixtures/near-duplicates/*.md').filter(text => text.length > 1000)
  const all = texts.map(text => shingles(split(text, 'match'), 5))
  const { bands, rows } = bandsFor(0.7)
  const keys = texts.map(text => bandKeys(signature(split(text, 'match'), 5, bands * rows), bands, rows))
  let [near, met, candidates] = [0, 0, 0]
  for (const [i, a] of all.entries()) {
    for (const [j, b] of all.entries()) {
      if (j <= i) continue
      const candidate = keys[i]!.some((key, band) => key === keys[j]![band])
      if (candidate) candidates++
      if (jaccard(a, b) < 0.7) continue
      near++
      if (candidate) met++
    }
  }
  yield { metric: 'revisions of similarity >= 0.7 found', value: met, unit: 'pairs', ceiling: near, ratio: met / near }
  yield { metric: 'of the pairs compared, true ones', value: near / candidates, unit: 'share' }
}
