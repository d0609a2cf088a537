/** Clustering of ten million documents by the keys of their bands, which are made on the fly. */
import { fork } from 'node:child_process'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { groupEqual, openForest, rootOf, unite, uniteGroups } from '../src/curate/dedupe/meet.ts'
import type { Figure } from './benches.ts'

const shape = { bands: 14, rows: 8 }
const lanes = shape.bands * shape.rows

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Every tenth document is a copy of an earlier original; undefined for an original. */
export function originalOf(doc: number): number | undefined {
  if (doc % 10 !== 9) return undefined
  const original = mix(doc ^ 0x5bd1e995) % doc
  return original % 10 === 9 ? original - 1 : original
}
/** A lane of a signature: a copy has its original's in 100, 95, 90 or 85 of 100 places. */
function lane(doc: number, original: number | undefined, i: number): number {
  if (original !== undefined && mix(Math.imul(doc, 0x9e3779b1) ^ i) % 100 >= 100 - 5 * (doc & 3)) original = undefined
  return mix(Math.imul(original ?? doc, 0x85ebca77) + Math.imul(i + 1, 0x27d4eb2f))
}
/** Share of places in which the signatures of two documents, made again, agree. */
export function agreement(a: number, b: number): number {
  const [x, y] = [originalOf(a), originalOf(b)]
  let same = 0
  for (let i = 0; i < lanes; i++) if (lane(a, x, i) === lane(b, y, i)) same++
  return same / lanes
}
function keysOf(band: number, n: number): BigUint64Array {
  const keys = new BigUint64Array(n)
  const halves = new Uint32Array(keys.buffer)
  for (let doc = 0; doc < n; doc++) {
    const original = originalOf(doc)
    let [low, high] = [band, ~band]
    for (let row = 0; row < shape.rows; row++) {
      const value = lane(doc, original, band * shape.rows + row)
      low = Math.imul(low ^ value, 0x9e3779b1)
      low ^= low >>> 15
      high = Math.imul(high + value, 0x85ebca77)
      high ^= high >>> 13
    }
    halves[2 * doc] = low
    halves[2 * doc + 1] = high
  }
  return keys
}

/** Clusters by some of the bands; `sort` makes the same keys and sorts them with the sort of typed arrays alone. */
function clusterBands(n: number, bands: number[], sort: boolean): { forest: Int32Array; compared: number } {
  const forest = openForest(n)
  let compared = 0
  for (const band of bands) {
    const keys = keysOf(band, n)
    if (sort) {
      keys.sort()
      continue
    }
    uniteGroups(forest, groupEqual(keys), (a, b) => {
      compared++
      return agreement(a, b) >= 0.8
    })
  }
  return { forest, compared }
}

type Job = { n: number; bands: number[]; sort: boolean }
async function inTwo(n: number, sort: boolean): Promise<{ seconds: number; forest: Int32Array; compared: number }> {
  const begin = performance.now()
  const all = Array.from({ length: shape.bands }, (_, band) => band)
  const halves = await Promise.all(
    [0, 1].map(half => {
      const job: Job = { n, bands: all.filter(band => band % 2 === half), sort }
      return new Promise<ReturnType<typeof clusterBands>>((resolve, reject) => {
        const worker = new Worker(new URL(import.meta.url), { workerData: { cluster: job } })
        worker.once('message', resolve).once('error', reject)
      })
    }),
  )
  const [{ forest, compared }, other] = halves as [ReturnType<typeof clusterBands>, ReturnType<typeof clusterBands>]
  for (let doc = 0; doc < n; doc++) if (other.forest[doc] !== doc) unite(forest, doc, other.forest[doc]!)
  return { seconds: (performance.now() - begin) / 1000, forest, compared: compared + other.compared }
}

/** What clustering found of what was planted. `wrong` are documents whose cluster is not their original's. */
export type Clustered = {
  seconds: number
  megabytes: number
  planted: number
  found: number
  wrong: number
  compared: number
}
export async function clustered(n: number): Promise<Clustered> {
  const { seconds, forest, compared } = await inTwo(n, false)
  const megabytes = process.resourceUsage().maxRSS / 1024
  let [planted, found, wrong] = [0, 0, 0]
  for (let doc = 0; doc < n; doc++) {
    const original = originalOf(doc)
    const at = rootOf(forest, doc)
    if (original === undefined) {
      if (at !== doc) wrong++
      continue
    }
    if (at === original) found++
    else if (at !== doc) wrong++
    if (agreement(doc, original) >= 0.8) planted++
  }
  return { seconds, megabytes, planted, found, wrong, compared }
}

const asked = Number(process.env.STILLROOM_BENCH_DOCUMENTS ?? 10_000_000)
/** Band keys of ten million documents, made on the fly: grouped, verified and united, in two threads. */
export async function* cluster(n: number = asked): AsyncGenerator<Figure> {
  const inChild = <T>(what: string) =>
    new Promise<T>((resolve, reject) => {
      const child = fork(import.meta.filename, [what, String(n)])
      child.once('message', message => resolve(message as T)).once('error', reject)
    })
  const sorted = await inChild<{ seconds: number }>('sort')
  const all = await inChild<Clustered>('cluster')
  yield {
    metric: `${n} documents x 14 bands clustered`,
    value: all.seconds,
    unit: 's',
    ceiling: sorted.seconds,
    ratio: sorted.seconds / all.seconds,
    target: '<= 90',
    holds: all.seconds <= 90,
  }
  yield { metric: 'peak memory', value: all.megabytes, unit: 'MB', target: '<= 1500', holds: all.megabytes <= 1500 }
  const share = (100 * all.found) / all.planted
  yield {
    metric: 'planted copies of agreement >= 0.8 found',
    value: share,
    unit: '%',
    target: '>= 99',
    holds: share >= 99,
  }
  yield {
    metric: 'documents in a wrong cluster',
    value: all.wrong,
    unit: 'documents',
    target: '0',
    holds: all.wrong === 0,
  }
}

if (!isMainThread && workerData?.cluster) {
  const { n, bands, sort } = workerData.cluster as Job
  const done = clusterBands(n, bands, sort)
  parentPort!.postMessage(done, [done.forest.buffer as ArrayBuffer])
} else if (process.argv[1] === import.meta.filename && process.send) {
  const n = Number(process.argv[3])
  process.send(process.argv[2] === 'sort' ? { seconds: (await inTwo(n, true)).seconds } : await clustered(n))
  process.disconnect()
}
