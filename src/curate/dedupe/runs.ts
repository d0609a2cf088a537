import { kind, matched, runHashes, split, type Units, unitAt } from '../../kernels/index.ts'

/** How long a run must be: `tokens` words, `characters` characters of scripts without spaces, or parts of both. */
export type Length = { tokens: number; characters: number }

/**
 * The words of a text as they are compared: as written but for case, width and inner apostrophes, and each character of
 * a script without spaces. Offsets are those of the text as it is, so that it can be cut.
 */
export type Words = { units: Units; starts: Uint32Array; ends: Uint32Array; kinds: Uint8Array; name(i: number): string }

const known = new Map<string, string>()
/** Most words of a language come again and again. */
function nameOf(word: string): string {
  const name = known.get(word)
  if (name !== undefined) return name
  const made = matched(word).replace(/\s/g, '') || '_'
  if (known.size >= 1 << 16) known.clear()
  known.set(word, made)
  return made
}

export function wordsOf(text: string): Words {
  const match = split(text, 'match')
  // Where folding changed nothing but case, offsets of the folded form are those of the text.
  if (match.text.length === text.length && match.text === text.toLowerCase()) {
    const { starts, ends, kinds } = match
    return { units: match, starts, ends, kinds, name: i => unitAt(match, i) }
  }
  const words = split(text, 'words')
  const starts = words.starts.slice(0, words.count)
  const ends = words.ends.slice(0, words.count)
  const kinds = words.kinds.slice(0, words.count)
  const names = Array.from(starts, (start, i) => nameOf(text.slice(start, ends[i])))
  return { units: split(names.join(' '), 'whitespace'), starts, ends, kinds, name: i => names[i]! }
}

/** The end (exclusive) of the shortest long-enough run from each word on; none from where no run is long enough. */
export function runEnds({ units: { count }, kinds }: Words, { tokens, characters }: Length): Uint32Array {
  const enough = tokens * characters
  const weight = (i: number) => (kinds[i]! & kind.character ? tokens : characters)
  const ends = new Uint32Array(count)
  let [end, weighed, runs] = [0, 0, 0]
  for (; runs < count; runs++) {
    while (weighed < enough && end < count) weighed += weight(end++)
    if (weighed < enough) break
    ends[runs] = end
    weighed -= weight(runs)
  }
  return ends.subarray(0, runs)
}

/** For each run the place of the smaller run that stands for it, and the hashes of all smaller runs by place. */
export type Anchors = { places: Uint32Array; hashes: BigUint64Array }

/**
 * Chooses in each run the smaller run with the least hash (winnowing: Schleimer, Wilkerson, Aiken 2003): equal runs hold
 * the same smaller runs, so that the same hash stands for them. A place is kept as long as no other is less; at a
 * hundred words about one in 34 is chosen, and no more where a text repeats itself.
 */
export function anchorsOf({ units }: Words, ends: Uint32Array, { tokens, characters }: Length): Anchors {
  const size = Math.max(1, Math.floor(Math.min(tokens, characters) / 3))
  const places = new Uint32Array(ends.length)
  if (ends.length === 0) return { places, hashes: new BigUint64Array(0) }
  const hashes = runHashes(units, size)
  const lanes = new Uint32Array(hashes.buffer)
  const order = (i: number, j: number) => lanes[2 * i + 1]! - lanes[2 * j + 1]! || lanes[2 * i]! - lanes[2 * j]!
  /** Places that are, or may yet be, the least of a run: place and hash ascend. */
  const queue = new Uint32Array(hashes.length)
  let [head, tail, next] = [0, 0, 0]
  for (let run = 0; run < ends.length; run++) {
    for (; next + size <= ends[run]!; next++) {
      while (tail > head && order(queue[tail - 1]!, next) >= 0) tail--
      queue[tail++] = next
    }
    while (queue[head]! < run) head++
    const before = run > 0 ? places[run - 1]! : 0
    places[run] = run > 0 && before >= run && order(before, queue[head]!) === 0 ? before : queue[head]!
  }
  return { places, hashes }
}

const bases = { low: 0x2c1b3c6d, high: 0x297a2d39 }
const mix = (h: number) => {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * Writes a 64-bit hash of the run from each word `i` to `i + sizes[i]` into `into`, from place `at` on: two polynomials
 * modulo 2^32, out of those of everything before.
 */
export function hashRuns(units: Units, sizes: Uint32Array, into: BigUint64Array, at: number): void {
  const lanes = new Uint32Array(into.buffer, into.byteOffset, 2 * into.length)
  for (const [lane, base, values] of [
    [0, bases.low, units.low],
    [1, bases.high, units.high],
  ] as const) {
    const sums = new Int32Array(units.count + 1)
    const powers = new Int32Array(units.count + 1)
    powers[0] = 1
    for (let i = 0; i < units.count; i++) {
      sums[i + 1] = Math.imul(sums[i]!, base) + values[i]!
      powers[i + 1] = Math.imul(powers[i]!, base)
    }
    for (let i = 0; i < sizes.length; i++) {
      const size = sizes[i]!
      lanes[2 * (at + i) + lane] = mix(sums[i + size]! - Math.imul(sums[i]!, powers[size]!) + size)
    }
  }
}
