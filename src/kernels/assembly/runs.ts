import { mix } from './split'

const baseLow: u32 = 0x2c1b3c6d
const baseHigh: u32 = 0x297a2d39

function power(base: u32, exponent: u32): u32 {
  let p: u32 = 1
  for (; exponent; exponent >>= 1) {
    if (exponent & 1) p *= base
    base *= base
  }
  return p
}

/** `mix` of four numbers. */
function mix4(h: v128): v128 {
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x85ebca6b))
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35))
  return v128.xor(h, i32x4.shr_u(h, 16))
}

/** Writes the 64-bit hash of each run of `size` units; the number of them. */
export function runHashes(low: usize, high: usize, count: u32, size: u32, out: usize): u32 {
  if (size === 0 || count < size) return 0
  const gone = power(baseLow, size)
  const lost = power(baseHigh, size)
  let a: u32 = 0
  let b: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const at = (<usize>i) << 2
    a = a * baseLow + load<u32>(low + at)
    b = b * baseHigh + load<u32>(high + at)
    if (i >= size) {
      const before = (<usize>(i - size)) << 2
      a -= gone * load<u32>(low + before)
      b -= lost * load<u32>(high + before)
    }
    if (i + 1 < size) continue
    const run = (<usize>(i + 1 - size)) << 3
    store<u32>(out + run, mix(a + size))
    store<u32>(out + run + 4, mix(b ^ size))
  }
  return count - size + 1
}

/**
 * Sorts the distinct low 53 bits of `count` hashes, as doubles in place; the number of them. `table` has room for
 * `slots` (a power of two, more than `count`) and `count` more numbers of 64 bits. The slot of a hash is its first
 * bits: the hashes are evenly spread, so that the filled table is in order but for neighbours.
 */
export function distinct(hashes: usize, count: u32, table: usize, slots: u32): u32 {
  const end = table + ((<usize>slots + count) << 3)
  memory.fill(table, 0xff, end - table)
  const shift: u64 = 53 - ctz<u32>(slots)
  for (let i: u32 = 0; i < count; i++) {
    const hash = load<u64>(hashes + ((<usize>i) << 3)) & 0x1fffffffffffff
    let slot = table + ((<usize>(hash >> shift)) << 3)
    let there = load<u64>(slot)
    while (there !== ~0 && there !== hash) {
      slot += 8
      there = load<u64>(slot)
    }
    store<u64>(slot, hash)
  }
  // Whether a slot is taken cannot be foretold, so there is no branch on it. What is written behind the last hash is
  // within the room: there are at most `count`, and the slot behind them is the first of the table.
  let to = hashes
  for (let slot = table; slot < end; slot += 8) {
    const hash = load<u64>(slot)
    store<u64>(to, hash)
    to += (<usize>(hash !== ~0)) << 3
  }
  for (let slot = hashes + 8; slot < to; slot += 8) {
    const hash = load<u64>(slot)
    let at = slot
    while (at > hashes && load<u64>(at - 8) > hash) {
      store<u64>(at, load<u64>(at - 8))
      at -= 8
    }
    if (at !== slot) store<u64>(at, hash)
  }
  for (let at = hashes; at < to; at += 8) store<f64>(at, <f64>load<u64>(at))
  return <u32>((to - hashes) >> 3)
}

/**
 * MinHash of the low lanes of the runs of `size` units: writes the least image under each permutation, sixteen of them
 * at a time. `lanes` has room for the runs; `out` for `permutations`, rounded up to sixteen.
 */
export function signature(low: usize, count: u32, size: u32, lanes: usize, permutations: u32, out: usize): void {
  const gone = power(baseLow, size)
  const runs: u32 = size === 0 || count < size ? 0 : count - size + 1
  let a: u32 = 0
  for (let i: u32 = 0; i < count && runs > 0; i++) {
    const at = (<usize>i) << 2
    a = a * baseLow + load<u32>(low + at)
    if (i >= size) a -= gone * load<u32>(low + ((<usize>(i - size)) << 2))
    if (i + 1 >= size) store<u32>(lanes + ((<usize>(i + 1 - size)) << 2), mix(a + size))
  }
  const end = lanes + ((<usize>runs) << 2)
  const one = i32x4.splat(1)
  for (let i: u32 = 0; i < permutations; i += 16) {
    // Permutation k has the factor mix(2k + 1) | 1 and the offset mix(2k + 2).
    const odd = i32x4.add(i32x4.splat(2 * i), i32x4(1, 3, 5, 7))
    const factor0 = v128.or(mix4(odd), one)
    const factor1 = v128.or(mix4(i32x4.add(odd, i32x4.splat(8))), one)
    const factor2 = v128.or(mix4(i32x4.add(odd, i32x4.splat(16))), one)
    const factor3 = v128.or(mix4(i32x4.add(odd, i32x4.splat(24))), one)
    const offset0 = mix4(i32x4.add(odd, one))
    const offset1 = mix4(i32x4.add(odd, i32x4.splat(9)))
    const offset2 = mix4(i32x4.add(odd, i32x4.splat(17)))
    const offset3 = mix4(i32x4.add(odd, i32x4.splat(25)))
    let least0 = i32x4.splat(-1)
    let least1 = least0
    let least2 = least0
    let least3 = least0
    for (let at = lanes; at < end; at += 4) {
      const run = v128.load32_splat(at)
      least0 = i32x4.min_u(least0, i32x4.mul(v128.xor(run, offset0), factor0))
      least1 = i32x4.min_u(least1, i32x4.mul(v128.xor(run, offset1), factor1))
      least2 = i32x4.min_u(least2, i32x4.mul(v128.xor(run, offset2), factor2))
      least3 = i32x4.min_u(least3, i32x4.mul(v128.xor(run, offset3), factor3))
    }
    const to = out + ((<usize>i) << 2)
    v128.store(to, least0)
    v128.store(to, least1, 16)
    v128.store(to, least2, 32)
    v128.store(to, least3, 48)
  }
}
