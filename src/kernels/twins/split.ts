import { classes, is } from '../classes.ts'
import { foldForMatch, type How, kind, type Units } from '../units.ts'

const table = classes()
const apostrophe = (code: number) => code === 0x27 || code === 0x2019

/** Final mixing of MurmurHash3 (Appleby, public domain): every input bit reaches every output bit. */
export function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const seeds = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]
const weights = {
  low: [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f],
  high: [0x165667b1, 0x2545f491, 0x4f6cdd1d, 0x7feb352d],
}

/**
 * Two 32-bit hashes of UTF-16 code units. Eight of them are four numbers of 32 bits, the last ones filled up with zeros;
 * each of the four lanes is mixed by itself, and two weighted sums of the lanes are the hashes.
 */
function lanesOf(codes: readonly number[]): { low: number; high: number } {
  const lanes = seeds.map(seed => (seed + codes.length) | 0)
  for (let i = 0; i < codes.length; i += 8) {
    for (let lane = 0; lane < 4; lane++) {
      const pair = (codes[i + 2 * lane] ?? 0) | ((codes[i + 2 * lane + 1] ?? 0) << 16)
      let h = Math.imul(lanes[lane]! ^ pair, 0x85ebca6b)
      h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35)
      lanes[lane] = h ^ (h >>> 15)
    }
  }
  const sum = (by: number[]) => lanes.reduce((total, lane, i) => (total + Math.imul(lane, by[i]!)) >>> 0, 0)
  return { low: sum(weights.low), high: sum(weights.high) }
}

/** The reference of `split`: one code point after the other. */
export function split(text: string, how: How): Units {
  const folded = how === 'match' ? foldForMatch(text) : text
  const starts: number[] = []
  const ends: number[] = []
  const kinds: number[] = []
  const low: number[] = []
  const high: number[] = []

  function unit(from: number, to: number, seen: number): void {
    const codes: number[] = []
    for (let i = from; i < to; i++) {
      const point = folded.codePointAt(i)!
      const left = how === 'match' && (apostrophe(point) || table[point]! & is.format)
      if (!left) codes.push(folded.charCodeAt(i))
      else if (point > 0xffff) i++
    }
    const lanes = lanesOf(codes)
    starts.push(from)
    ends.push(to)
    kinds.push(seen)
    low.push(lanes.low)
    high.push(lanes.high)
  }
  const kindOf = (bits: number) => bits & (is.letter | is.number) || kind.symbols

  let from = -1
  let to = 0
  let bits = 0
  /** What the open unit is: a word, a run of symbols, one unspaced character. */
  let open: 'word' | 'symbols' | 'character' | undefined
  function close(): void {
    if (open === 'word') unit(from, to, kindOf(bits))
    else if (open === 'symbols') unit(from, to, kind.symbols)
    else if (open === 'character') unit(from, to, kind.character | (bits & 3))
    open = undefined
    bits = 0
  }
  function begin(what: 'word' | 'symbols' | 'character', at: number): void {
    close()
    open = what
    from = at
  }
  /** The next code point that is no format character. */
  function nextBits(at: number): number {
    while (at < folded.length) {
      const point = folded.codePointAt(at)!
      const b = table[point]!
      if (!(b & is.format)) return b
      at += point > 0xffff ? 2 : 1
    }
    return 0
  }

  for (let i = 0; i < folded.length; ) {
    const point = folded.codePointAt(i)!
    const after = i + (point > 0xffff ? 2 : 1)
    const b = table[point]!
    if (how === 'characters') {
      if (!(b & is.space)) unit(i, after, b & is.unspaced ? kind.character | (b & 3) : kindOf(b))
    } else if (how === 'whitespace') {
      if (b & is.space) close()
      else {
        if (!open) begin('word', i)
        bits |= b
        to = after
      }
    } else if (b & is.unspaced) {
      begin('character', i)
      bits = b
      to = after
    } else if (b & (is.letter | is.number | is.joiner)) {
      if (open !== 'word') begin('word', i)
      bits |= b
      to = after
    } else if (b & is.format) {
      // Between two characters of a word it is nothing.
    } else if (b & is.mark && open) {
      to = after
    } else if (
      open === 'word' &&
      apostrophe(point) &&
      nextBits(after) & is.letter &&
      !(nextBits(after) & is.unspaced)
    ) {
      // Inside a word.
    } else if (how === 'tokens' && !(b & is.space)) {
      if (open !== 'symbols') begin('symbols', i)
      to = after
    } else close()
    i = after
  }
  close()
  return {
    how,
    text: folded,
    count: starts.length,
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(ends),
    low: Uint32Array.from(low),
    high: Uint32Array.from(high),
    kinds: Uint8Array.from(kinds),
  }
}
