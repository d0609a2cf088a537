/** Bits of a class, as in `classes.ts`. */
const letter: u32 = 1
const number: u32 = 2
const mark: u32 = 4
const foldable: u32 = 8
const space: u32 = 16
const format: u32 = 32
const joiner: u32 = 64
const unspaced: u32 = 128
/** Set where a unit of words begins: 1 to 127 is a character of a word, more a character of an unspaced script. */
const plain: u32 = letter | number | joiner | unspaced

/** Where the classes of all code points stand: the loader writes them there. */
const table: usize = 1024

/** Sixteen bytes of ones and sixteen of zeros: what of a vector belongs to a unit. */
const window: usize = 512

let text: usize = 0
let starts: usize = 0
let ends: usize = 0
let lows: usize = 0
let highs: usize = 0
let kinds: usize = 0

/** Tells where the text and the units stand. Behind the text there is room for a zero, and memory that can be read. */
export function place(t: usize, s: usize, e: usize, l: usize, h: usize, k: usize): void {
  text = t
  starts = s
  ends = e
  lows = l
  highs = h
  kinds = k
  v128.store(window, i8x16.splat(-1))
  v128.store(window, i8x16.splat(0), 16)
  const rest = i32x4.replace_lane(round(i32x4.add(seeds(), i32x4.splat(1))), 0, 0)
  restLow = lowOf(rest)
  restHigh = highOf(rest)
}

function classOf(point: u32): u32 {
  return load<u8>(point, table)
}

/** The code point at an address; a lone surrogate is one of its own. */
function pointAt(p: usize): u32 {
  const unit: u32 = load<u16>(p)
  if ((unit & 0xfc00) !== 0xd800) return unit
  const next: u32 = load<u16>(p + 2)
  return (next & 0xfc00) === 0xdc00 ? ((unit - 0xd800) << 10) + (next - 0xdc00) + 0x10000 : unit
}

function isApostrophe(unit: u32): bool {
  return unit === 0x27 || unit === 0x2019
}

/** Does a letter of a script with spaces follow, format characters aside? */
function letterFollows(p: usize): bool {
  let point = pointAt(p)
  while (classOf(point) & format) {
    p += point > 0xffff ? 4 : 2
    point = pointAt(p)
  }
  return (classOf(point) & (letter | unspaced)) === letter
}

/** Final mixing of MurmurHash3. */
export function mix(h: u32): u32 {
  h = (h ^ (h >> 16)) * 0x85ebca6b
  h = (h ^ (h >> 13)) * 0xc2b2ae35
  return h ^ (h >> 16)
}

/** The sum of four numbers. */
function sum(v: v128): u32 {
  const two = i32x4.add(v, i32x4.shuffle(v, v, 2, 3, 0, 1))
  return i32x4.extract_lane(two, 0) + i32x4.extract_lane(two, 1)
}

function seeds(): v128 {
  return i32x4(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344)
}

function round(s: v128): v128 {
  s = i32x4.mul(s, i32x4.splat(0x85ebca6b))
  s = i32x4.mul(v128.xor(s, i32x4.shr_u(s, 16)), i32x4.splat(0xc2b2ae35))
  return v128.xor(s, i32x4.shr_u(s, 15))
}

function lowOf(s: v128): u32 {
  return sum(i32x4.mul(s, i32x4(0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f)))
}

function highOf(s: v128): u32 {
  return sum(i32x4.mul(s, i32x4(0x165667b1, 0x2545f491, 0x4f6cdd1d, 0x7feb352d)))
}

/** What the last three lanes of a single code unit add to its hash: always the same. */
let restLow: u32 = 0
let restHigh: u32 = 0

/**
 * Writes a unit: where it stands, what it is, and the hash of the code units from `p` to `stop`. Eight of them at a time
 * are four numbers of 32 bits; each lane is mixed by itself, and two weighted sums of the lanes are the hash.
 */
function put(at: usize, from: usize, to: usize, kind: u32, p: usize, stop: usize, fold: bool): void {
  store<u32>(starts + (at << 2), (from - text) >> 1)
  store<u32>(ends + (at << 2), (to - text) >> 1)
  store<u8>(kinds + at, kind)
  if (stop - p === 2) {
    let unit: u32 = load<u16>(p)
    if (fold && unit - 65 < 26) unit |= 32
    let lane: u32 = (0x243f6a89 ^ unit) * 0x85ebca6b
    lane = (lane ^ (lane >> 16)) * 0xc2b2ae35
    lane ^= lane >> 15
    store<u32>(lows + (at << 2), lane * 0x9e3779b1 + restLow)
    store<u32>(highs + (at << 2), lane * 0x165667b1 + restHigh)
    return
  }
  let s = i32x4.add(seeds(), i32x4.splat(<i32>((stop - p) >> 1)))
  do {
    let v = v128.load(p)
    const left = stop - p
    if (left < 16) v = v128.and(v, v128.load(window + 16 - left))
    if (fold) {
      const capital = i16x8.lt_u(i16x8.sub(v, i16x8.splat(65)), i16x8.splat(26))
      v = v128.or(v, v128.and(capital, i16x8.splat(32)))
    }
    s = round(v128.xor(s, v))
    p += 16
  } while (p < stop)
  store<u32>(lows + (at << 2), lowOf(s))
  store<u32>(highs + (at << 2), highOf(s))
}

function kindOf(bits: u32): u32 {
  return bits & (letter | number) ? bits & (letter | number) : 4
}

/** Does the text hold anything outside ASCII that folding may change? */
export function folds(count: u32): bool {
  const end = text + ((<usize>count) << 1)
  const high = i16x8.splat(-128)
  let p = text
  while (p < end) {
    if (p + 16 <= end && !v128.any_true(v128.and(v128.load(p), high))) {
      p += 16
      continue
    }
    const stop = min(p + 16, end)
    while (p < stop) {
      const point = pointAt(p)
      if (classOf(point) & foldable) return true
      p += point > 0xffff ? 4 : 2
    }
  }
  return false
}

/**
 * Cuts the text of `count` code units; the number of units, or -1 where more than `capacity` are found. The text is
 * spent afterwards.
 */
export function split(count: u32, how: u32, capacity: u32): i32 {
  const end = text + ((<usize>count) << 1)
  store<u16>(end, 0)
  if (how === 3) return stretches(end, capacity)
  if (how === 4) return characters(end, capacity)
  return words(end, how === 0, how === 2, capacity)
}

function words(end: usize, fold: bool, symbols: bool, capacity: u32): i32 {
  let found: usize = 0
  let p = text
  while (p < end) {
    const unit: u32 = load<u16>(p)
    let bits = classOf(unit)
    if (bits & space) {
      p += 2
      continue
    }
    let width: usize = 2
    if ((unit & 0xf800) === 0xd800) {
      const point = pointAt(p)
      if (point > 0xffff) width = 4
      bits = classOf(point)
    }
    if (bits & plain || (symbols && !(bits & format))) {
      if (found === capacity) return -1
      if ((bits & plain) - 1 < 127) p = word(found, p, fold)
      else if (bits & plain) p = character(found, p, width, bits, fold)
      else p = run(found, p, width, end)
      found++
    } else p += width
  }
  return <i32>found
}

/** A word. Its hash leaves out apostrophes and format characters where it is folded. Says where to go on. */
function word(at: usize, p: usize, fold: bool): usize {
  const from = p
  let to = p
  let seen: u32 = 0
  let holes = false
  for (;;) {
    // Letters, digits and _ of ASCII, sixteen at a time. Other code units saturate to what is none of them.
    const bytes = i8x16.narrow_i16x8_u(v128.load(p), v128.load(p, 16))
    const cased = i8x16.sub(v128.or(bytes, i8x16.splat(32)), i8x16.splat(97))
    const letters: u32 = i8x16.bitmask(i8x16.lt_u(cased, i8x16.splat(26)))
    const numbers: u32 = i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(48)), i8x16.splat(10)))
    const joiners: u32 = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(95)))
    const length = ctz<u32>(~(letters | numbers | joiners))
    const within = ((<u32>1) << length) - 1
    seen |= (letters & within ? letter : 0) | (numbers & within ? number : 0)
    p += length << 1
    if (length) to = p
    if (length === 16) continue
    const unit: u32 = load<u16>(p)
    if (unit < 0x80 && unit !== 0x27) break
    const point = pointAt(p)
    let bits = classOf(point)
    let width: usize = point > 0xffff ? 4 : 2
    if ((bits & plain) - 1 < 127) {
      do {
        seen |= bits
        p += width
        width = 2
        bits = classOf(load<u16>(p))
      } while ((bits & plain) - 1 < 127)
      to = p
    } else if (bits & plain) break
    else if (bits & mark) {
      p += width
      to = p
    } else if (bits & format || (isApostrophe(point) && letterFollows(p + 2))) {
      p += width
      holes = true
    } else break
  }
  let stop = to
  if (fold && holes) {
    stop = from
    for (let q = from; q < to; ) {
      const point = pointAt(q)
      const width: usize = point > 0xffff ? 4 : 2
      if (!(classOf(point) & format) && !isApostrophe(point)) {
        for (let unit: usize = 0; unit < width; unit += 2) store<u16>(stop + unit, load<u16>(q + unit))
        stop += width
      }
      q += width
    }
  }
  put(at, from, to, kindOf(seen), from, stop, fold)
  return p
}

/** A character of a script without spaces, and the marks on it. */
function character(at: usize, p: usize, width: usize, bits: u32, fold: bool): usize {
  const from = p
  const kind = 8 | (bits & (letter | number))
  p += width
  let to = p
  let stop = p
  for (;;) {
    const point = pointAt(p)
    bits = classOf(point)
    if (bits & plain || !(bits & (mark | format))) break
    width = point > 0xffff ? 4 : 2
    if (bits & mark) {
      // Folded, the mark closes up to what stands before a format character.
      if (fold) for (let unit: usize = 0; unit < width; unit += 2) store<u16>(stop + unit, load<u16>(p + unit))
      stop += width
      to = p + width
    }
    p += width
  }
  put(at, from, to, kind, from, fold ? stop : to, fold)
  return p
}

/** A run of what is neither white space nor part of a word. */
function run(at: usize, p: usize, width: usize, end: usize): usize {
  const from = p
  let to = p
  let bits: u32 = 0
  do {
    p += width
    if (!(bits & format)) to = p
    const point = pointAt(p)
    bits = classOf(point)
    width = point > 0xffff ? 4 : 2
  } while (p < end && !(bits & (plain | space)))
  put(at, from, to, 4, from, to, false)
  return p
}

/** Runs between white space. */
function stretches(end: usize, capacity: u32): i32 {
  let found: usize = 0
  let p = text
  while (p < end) {
    if (classOf(load<u16>(p)) & space) {
      p += 2
      continue
    }
    if (found === capacity) return -1
    const from = p
    let seen: u32 = 0
    for (;;) {
      // Visible characters of ASCII, sixteen at a time.
      const bytes = i8x16.narrow_i16x8_u(v128.load(p), v128.load(p, 16))
      const cased = i8x16.sub(v128.or(bytes, i8x16.splat(32)), i8x16.splat(97))
      const visible: u32 = i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(33)), i8x16.splat(94)))
      const letters: u32 = i8x16.bitmask(i8x16.lt_u(cased, i8x16.splat(26)))
      const numbers: u32 = i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(48)), i8x16.splat(10)))
      const length = ctz<u32>(~visible)
      const within = ((<u32>1) << length) - 1
      seen |= (letters & within ? letter : 0) | (numbers & within ? number : 0)
      p += length << 1
      if (length === 16) continue
      if (p >= end) break
      const point = pointAt(p)
      const bits = classOf(point)
      if (bits & space) break
      seen |= bits
      p += point > 0xffff ? 4 : 2
    }
    put(found, from, p, kindOf(seen), from, p, false)
    found++
  }
  return <i32>found
}

/** Code points that are not white space. */
function characters(end: usize, capacity: u32): i32 {
  let found: usize = 0
  let p = text
  while (p < end) {
    const point = pointAt(p)
    const bits = classOf(point)
    const next: usize = p + (point > 0xffff ? 4 : 2)
    if (!(bits & space)) {
      if (found === capacity) return -1
      put(found, p, next, bits & unspaced ? 8 | (bits & (letter | number)) : kindOf(bits), p, next, false)
      found++
    }
    p = next
  }
  return <i32>found
}
