/**
 * A table of slots of 16 bytes (hash, first position, which is -1 where the slot is empty) and, before it, a bit for each
 * sixteenth of a slot: most of what is looked up is not there, and the bits are small enough for the cache.
 */
let bits: usize = 0
let slots: usize = 0
let shift: u32 = 0
let nexts: usize = 0

function spread(hash: u64): u64 {
  return (hash ^ (hash >> 32)) * 0x9e3779b97f4a7c15
}

function bitOf(bit: usize): u32 {
  const one: u32 = 1
  return one << (<u32>(bit & 7))
}

/** Tells where an empty table of `2^power` slots stands, its bits (two bytes a slot), and the list of next positions. */
export function gramsAt(b: usize, s: usize, power: u32, n: usize): void {
  bits = b
  slots = s
  shift = 64 - power
  nexts = n
  memory.fill(b, 0, (<usize>2) << power)
  memory.fill(s, 0xff, (<usize>16) << power)
}

/** Adds hashes of the positions from `first` on; the last ones come first, so that chains ascend. */
export function addGrams(hashes: usize, count: u32, first: u32): void {
  const end = slots + ((<usize>16) << (64 - shift))
  for (let i = count; i-- > 0; ) {
    const hash = load<u64>(hashes + ((<usize>i) << 3))
    const place = spread(hash)
    const bit = <usize>(place >> (shift - 4))
    const byte: u32 = load<u8>(bits + (bit >> 3))
    store<u8>(bits + (bit >> 3), <u8>(byte | bitOf(bit)))
    let slot = slots + ((<usize>(place >> shift)) << 4)
    while (load<i32>(slot, 8) >= 0 && load<u64>(slot) !== hash) {
      slot += 16
      if (slot === end) slot = slots
    }
    store<i32>(nexts + ((<usize>(first + i)) << 2), load<i32>(slot, 8))
    store<u64>(slot, hash)
    store<i32>(slot, first + i, 8)
  }
}

/** Writes the first position of each hash, or -1; the number of those found. */
export function probeGrams(hashes: usize, count: u32, out: usize): u32 {
  const end = slots + ((<usize>16) << (64 - shift))
  let found: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const hash = load<u64>(hashes + ((<usize>i) << 3))
    const place = spread(hash)
    const bit = <usize>(place >> (shift - 4))
    let position: i32 = -1
    if (load<u8>(bits + (bit >> 3)) & bitOf(bit)) {
      let slot = slots + ((<usize>(place >> shift)) << 4)
      while (load<i32>(slot, 8) >= 0 && load<u64>(slot) !== hash) {
        slot += 16
        if (slot === end) slot = slots
      }
      position = load<i32>(slot, 8)
      if (position >= 0) found++
    }
    store<i32>(out + ((<usize>i) << 2), position)
  }
  return found
}
