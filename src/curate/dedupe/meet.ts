/** Rows that have a key in common: the rows of a group ascend, and group `i` ends at `ends[i]` (exclusive). */
export type Groups = { rows: Int32Array; ends: Int32Array }

/** About as many keys in a partition as a processor's cache holds with their table. */
const partition = 4096

/**
 * Groups equal 64-bit keys, leaving out those that stand alone. Keys are first partitioned by a mix of their bits, in
 * sequence, then matched in a small table each: linear in the keys, however many of them are equal. Whatever the order
 * of groups is, it depends on the keys alone.
 */
export function groupEqual(keys: BigUint64Array): Groups {
  const n = keys.length
  const lanes = new Uint32Array(keys.buffer, keys.byteOffset, n * 2)
  let bits = 0
  while (n >>> bits > partition) bits++
  const shift = 32 - bits
  const bucketOf = (i: number) => (bits === 0 ? 0 : mix(lanes[2 * i]!, lanes[2 * i + 1]!) >>> shift)

  const ends = new Int32Array(1 << bits)
  for (let i = 0; i < n; i++) ends[bucketOf(i)]!++
  let largest = 0
  let sum = 0
  for (let bucket = 0; bucket < ends.length; bucket++) {
    largest = Math.max(largest, ends[bucket]!)
    sum += ends[bucket]!
    ends[bucket] = sum - ends[bucket]!
  }
  // Keys go along with their rows, so that what follows reads one partition at a time.
  const order = new Int32Array(n)
  const parted = new Uint32Array(n * 2)
  for (let i = 0; i < n; i++) {
    const at = ends[bucketOf(i)]!++
    order[at] = i
    parted[2 * at] = lanes[2 * i]!
    parted[2 * at + 1] = lanes[2 * i + 1]!
  }

  let size = 2
  while (size < largest * 2) size *= 2
  const table = new Int32Array(size)
  /** For a place its first place with the same key, and for that one the place after it and the last. */
  const next = new Int32Array(largest)
  const last = new Int32Array(largest)
  const found = { rows: new Int32Array(1024), ends: new Int32Array(256) }
  let rows = 0
  let groups = 0
  for (let bucket = 0, from = 0; bucket < ends.length; from = ends[bucket]!, bucket++) {
    const count = ends[bucket]! - from
    if (count < 2) continue
    let mask = 2
    while (mask < count * 2) mask *= 2
    mask--
    table.fill(-1, 0, mask + 1)
    let doubled = false
    for (let place = 0; place < count; place++) {
      const low = parted[2 * (from + place)]!
      const high = parted[2 * (from + place) + 1]!
      next[place] = -1
      last[place] = place
      for (let slot = mix(high, low) & mask; ; slot = (slot + 1) & mask) {
        const head = table[slot]!
        if (head === -1) {
          table[slot] = place
          break
        }
        const other = 2 * (from + head)
        if (parted[other] !== low || parted[other + 1] !== high) continue
        next[last[head]!] = place
        last[head] = place
        last[place] = -1
        doubled = true
        break
      }
    }
    if (!doubled) continue
    for (let head = 0; head < count; head++) {
      if (last[head]! < 0 || next[head]! < 0) continue
      for (let place = head; place >= 0; place = next[place]!) {
        if (rows === found.rows.length) found.rows = grown(found.rows)
        found.rows[rows++] = order[from + place]!
      }
      if (groups === found.ends.length) found.ends = grown(found.ends)
      found.ends[groups++] = rows
    }
  }
  return { rows: found.rows.slice(0, rows), ends: found.ends.slice(0, groups) }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}

/** Both lanes into 32 well-mixed bits: keys need not be hashes. */
function mix(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b ^ (b >>> 15), 0x85ebca77)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return (h ^ (h >>> 13)) >>> 0
}

/** Disjoint sets of rows, each row its own at first (union by the smaller row, path halving). */
export function openForest(rows: number): Int32Array {
  const forest = new Int32Array(rows)
  for (let row = 0; row < rows; row++) forest[row] = row
  return forest
}

/** The smallest row of a row's set. */
export function rootOf(forest: Int32Array, row: number): number {
  let at = row
  for (;;) {
    const above = forest[at]!
    if (above === at) return at
    const top = forest[above]!
    forest[at] = top
    at = top
  }
}

export function unite(forest: Int32Array, a: number, b: number): void {
  const x = rootOf(forest, a)
  const y = rootOf(forest, b)
  if (x < y) forest[y] = x
  else if (y < x) forest[x] = y
}

/** Rows of one group that a member is compared with: it bounds the work on a group whose members are all unlike. */
const heads = 16

/**
 * Unites the rows of each group with the first one of it that is near: a group begins with one head, and a row that is
 * near no head becomes the next, up to 16. Rows that are together already are not compared again.
 */
export function uniteGroups(
  forest: Int32Array,
  { rows, ends }: Groups,
  near?: (a: number, b: number) => boolean,
): void {
  const first = new Int32Array(heads)
  for (let group = 0, from = 0; group < ends.length; from = ends[group]!, group++) {
    let known = 0
    for (let at = from; at < ends[group]!; at++) {
      const row = rows[at]!
      const root = rootOf(forest, row)
      let joined = false
      for (let i = 0; i < known && !joined; i++) joined = root === rootOf(forest, first[i]!)
      for (let i = 0; i < known && !joined; i++) {
        if (near !== undefined && !near(first[i]!, row)) continue
        unite(forest, first[i]!, row)
        joined = true
      }
      if (!joined && known < heads) first[known++] = row
    }
  }
}
