import { random } from '../../records/index.ts'

/** Bits of a sketch, and those that two rows are compared by before they are multiplied. */
const bits = 512
const words = bits / 32
const compared = 8
/** What two rows of sketches must miss each other by to be told apart for good: four standard deviations. */
const deviations = 4
const mostTables = 192
/** Share of the pairs at the threshold that may be missed. */
const missed = 0.01
/** Telling two rows apart by their sketches takes as long as so many products of a kernel that compares every pair. */
const apart = 600

/** The Walsh-Hadamard transform in place; the length is a power of four times one or two, and at least 4. */
function transform(x: Float64Array): void {
  const { length } = x
  for (let half = 1; half < length; ) {
    // Two steps at once touch every number half as often.
    const quarter = half * 4 <= length ? half : 0
    const step = quarter ? half * 4 : half * 2
    for (let from = 0; from < length; from += step) {
      if (quarter) {
        for (let i = from, end = from + half; i < end; i++) {
          const a = x[i]!
          const b = x[i + half]!
          const c = x[i + 2 * half]!
          const d = x[i + 3 * half]!
          x[i] = a + b + (c + d)
          x[i + half] = a - b + (c - d)
          x[i + 2 * half] = a + b - (c + d)
          x[i + 3 * half] = a - b - (c - d)
        }
      } else {
        for (let i = from, end = from + half; i < end; i++) {
          const a = x[i]!
          const b = x[i + half]!
          x[i] = a + b
          x[i + half] = a - b
        }
      }
    }
    half = step
  }
}

/**
 * Projections of a vector on as many directions as a sketch has bits: three rounds of random signs and the Hadamard
 * transform turn it as good as at random (Andoni et al. 2015, arXiv 1509.02897, section 3).
 */
function openProjections(dimensions: number): (row: ArrayLike<number>, at: number, out: Float64Array) => void {
  let size = 64
  while (size < dimensions) size *= 2
  const turns = Math.ceil(bits / size)
  const next = random('sketch', dimensions)
  const signs = Int8Array.from({ length: turns * 3 * size }, () => (next() < 0.5 ? -1 : 1))
  const x = new Float64Array(size)
  return (row, at, out) => {
    for (let turn = 0; turn < turns; turn++) {
      x.fill(0, dimensions)
      for (let i = 0; i < dimensions; i++) x[i] = row[at + i]!
      for (let round = 0; round < 3; round++) {
        const from = (turn * 3 + round) * size
        for (let i = 0; i < size; i++) x[i]! *= signs[from + i]!
        transform(x)
      }
      for (let i = 0, to = turn * size; i < size && to < bits; i++, to++) out[to] = x[i]!
    }
  }
}

type Sketches = {
  all: Uint32Array
  /** Squared distance of each row from the mean, and of the rows on average. */
  spread: Float64Array
  mean: number
}

/** On which side of each hyperplane through the mean of all rows a row lies: vectors of texts often lie in a narrow cone. */
function sketchesOf(matrix: Float32Array, dimensions: number): Sketches {
  const rows = matrix.length / dimensions
  const centre = new Float64Array(dimensions)
  for (let at = 0; at < matrix.length; at += dimensions)
    for (let c = 0; c < dimensions; c++) centre[c]! += matrix[at + c]!
  for (let c = 0; c < dimensions; c++) centre[c]! /= rows
  const project = openProjections(dimensions)
  const middle = new Float64Array(bits)
  project(centre, 0, middle)
  const all = new Uint32Array(rows * words)
  const spread = new Float64Array(rows)
  const out = new Float64Array(bits)
  let mean = 0
  for (let row = 0; row < rows; row++) {
    let square = 0
    for (let c = 0; c < dimensions; c++) square += (matrix[row * dimensions + c]! - centre[c]!) ** 2
    spread[row] = square
    mean += square / rows
    project(matrix, row * dimensions, out)
    for (let word = 0; word < words; word++) {
      let value = 0
      for (let i = 0; i < 32; i++) if (out[word * 32 + i]! > middle[word * 32 + i]!) value |= 1 << i
      all[row * words + word] = value
    }
  }
  return { all, spread, mean }
}

const ones = (word: number): number => {
  let v = word - ((word >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** `cost` of one search, in pairs told apart by their sketches. */
type Plan = { tables: number; keyed: number; recall: number; cost: number }

/**
 * As many bits to a key as make a search cheapest, and as many tables as find 99 % of the pairs at the threshold. What
 * else falls into the same buckets is estimated on pairs of rows.
 */
function planned({ all, mean }: Sketches, rows: number, threshold: number): Plan | undefined {
  const next = random('tables', rows)
  const agreeing = Float64Array.from({ length: 2048 }, () => {
    const [a, b] = [Math.floor(next() * rows), Math.floor(next() * rows)]
    let differ = 0
    for (let word = 0; word < words; word++) differ += ones(all[a * words + word]! ^ all[b * words + word]!)
    return a === b ? 0 : 1 - differ / bits
  })
  // A pair at the threshold, at a usual distance from the mean: the share of bits that it agrees in.
  const same = 1 - Math.acos(Math.max(0, 1 - (1 - threshold) / Math.max(mean, 1e-9))) / Math.PI
  let best: Plan | undefined
  for (let keyed = 6; keyed <= 20; keyed++) {
    const hit = Math.min(same ** keyed, 0.99)
    const tables = Math.ceil(Math.log(missed) / Math.log1p(-hit))
    if (tables > mostTables) break
    let met = 0
    for (const share of agreeing) met += (1 - (1 - share ** keyed) ** tables) / agreeing.length
    const cost = tables / 2 + (rows / 2) * met
    if (!best || cost < best.cost) best = { tables, keyed, recall: 1 - (1 - hit) ** tables, cost }
  }
  return best
}

/** Rows that were added, found again by one near enough: the most similar one of those that the tables know of. */
export type Tables = {
  add(row: number): void
  nearest(row: number): { row: number; cosine: number } | undefined
  recall: number
}

/**
 * Locality-sensitive hashing with random hyperplanes (Charikar 2002), every hit verified. Rows have unit length. Undefined
 * where comparing every pair costs no more, because all rows are alike as seen from the threshold.
 */
export function openTables(matrix: Float32Array, dimensions: number, threshold: number): Tables | undefined {
  const rows = matrix.length / dimensions
  const sketches = sketchesOf(matrix, dimensions)
  const { all, spread } = sketches
  const plan = planned(sketches, rows, threshold)
  if (!plan || plan.cost * apart > (rows / 2) * dimensions) return undefined
  const { tables, keyed, recall } = plan
  const next = random('keys', tables, keyed)
  const positions = new Uint16Array(tables * keyed)
  for (let table = 0; table < tables; table++) {
    const drawn = new Set<number>()
    while (drawn.size < keyed) drawn.add(Math.floor(next() * bits))
    positions.set([...drawn], table * keyed)
  }
  const heads = new Int32Array(tables << keyed).fill(-1)
  /** For a row added and a table, the row added before it to the same bucket. */
  let chains = new Int32Array(tables * 1024)
  const added: number[] = []
  const stamps = new Int32Array(rows).fill(-1)
  const distance = Math.sqrt(2 - 2 * threshold)

  /** The buckets of the row that was looked at last, one in each table. */
  const buckets = new Int32Array(tables)
  let current = -1
  function look(row: number): void {
    if (row === current) return
    current = row
    const sketch = row * words
    for (let table = 0, i = 0; table < tables; table++) {
      let key = table
      for (const end = i + keyed; i < end; i++) {
        const position = positions[i]!
        key = (key << 1) | ((all[sketch + (position >>> 5)]! >>> (position & 31)) & 1)
      }
      buckets[table] = key
    }
  }
  function differing(a: number, b: number): number {
    let differ = 0
    for (let word = 0; word < compared; word++) differ += ones(all[a * words + word]! ^ all[b * words + word]!)
    return differ
  }
  /** Bits that a row within the distance may differ in: seen from the mean it is at most so far aside. */
  function allowance(row: number): number {
    const far = Math.sqrt(spread[row]!)
    const share = (far > distance ? Math.asin(distance / far) : Math.PI / 2) / Math.PI
    const many = compared * 32
    return far > distance ? many * share + deviations * Math.sqrt(many * share * (1 - share)) : many
  }
  function product(a: number, b: number): number {
    let [x, y, s0, s1, s2, s3] = [a * dimensions, b * dimensions, 0, 0, 0, 0]
    const end = x + dimensions
    for (; x + 3 < end; x += 4, y += 4) {
      s0 += matrix[x]! * matrix[y]!
      s1 += matrix[x + 1]! * matrix[y + 1]!
      s2 += matrix[x + 2]! * matrix[y + 2]!
      s3 += matrix[x + 3]! * matrix[y + 3]!
    }
    for (; x < end; x++, y++) s0 += matrix[x]! * matrix[y]!
    return s0 + s1 + (s2 + s3)
  }

  return {
    recall,
    add(row) {
      look(row)
      const place = added.push(row) - 1
      if (chains.length < (place + 1) * tables) {
        const larger = new Int32Array(Math.min(chains.length * 2, rows * tables))
        larger.set(chains)
        chains = larger
      }
      for (let table = 0; table < tables; table++) {
        const bucket = buckets[table]!
        chains[place * tables + table] = heads[bucket]!
        heads[bucket] = place
      }
    },
    nearest(row) {
      look(row)
      const allowed = allowance(row)
      let best = -1
      let cosine = threshold
      for (let table = 0; table < tables; table++) {
        for (let place = heads[buckets[table]!]!; place >= 0; place = chains[place * tables + table]!) {
          if (stamps[place] === row) continue
          stamps[place] = row
          const other = added[place]!
          if (differing(row, other) > allowed) continue
          const value = product(row, other)
          if (value > cosine || (value === cosine && (best < 0 || other < best))) {
            best = other
            cosine = value
          }
        }
      }
      return best < 0 ? undefined : { row: best, cosine }
    },
  }
}
