const prime1: u64 = 0x9e3779b185ebca87
const prime2: u64 = 0xc2b2ae3d27d4eb4f
const prime3: u64 = 0x165667b19e3779f9
const prime4: u64 = 0x85ebca77c2b2ae63
const prime5: u64 = 0x27d4eb2f165667c5

function round(acc: u64, lane: u64): u64 {
  return rotl(acc + lane * prime2, 31) * prime1
}

function merge(hash: u64, acc: u64): u64 {
  return (hash ^ round(0, acc)) * prime1 + prime4
}

export function xxhash64(p: usize, length: u32, seed: u64): u64 {
  const end = p + length
  let hash = seed + prime5
  if (length >= 32) {
    let a = seed + prime1 + prime2
    let b = seed + prime2
    let c = seed
    let d = seed - prime1
    do {
      a = round(a, load<u64>(p))
      b = round(b, load<u64>(p, 8))
      c = round(c, load<u64>(p, 16))
      d = round(d, load<u64>(p, 24))
      p += 32
    } while (p + 32 <= end)
    hash = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)
    hash = merge(merge(merge(merge(hash, a), b), c), d)
  }
  hash += <u64>length
  for (; p + 8 <= end; p += 8) hash = rotl(hash ^ round(0, load<u64>(p)), 27) * prime1 + prime4
  if (p + 4 <= end) {
    hash = rotl(hash ^ (<u64>load<u32>(p) * prime1), 23) * prime2 + prime3
    p += 4
  }
  for (; p < end; p++) hash = rotl(hash ^ (<u64>load<u8>(p) * prime5), 11) * prime1
  hash = (hash ^ (hash >> 33)) * prime2
  hash = (hash ^ (hash >> 29)) * prime3
  return hash ^ (hash >> 32)
}

/** xxhash64 of each of `bands` stretches of `rows` 32-bit numbers. */
export function bandKeys(signature: usize, bands: u32, rows: u32, out: usize): void {
  for (let band: usize = 0; band < bands; band++) {
    store<u64>(out + (band << 3), xxhash64(signature + ((band * rows) << 2), rows << 2, 0))
  }
}

const prime321: u32 = 0x9e3779b1
const prime322: u32 = 0x85ebca77
const prime323: u32 = 0xc2b2ae3d
const prime324: u32 = 0x27d4eb2f
const prime325: u32 = 0x165667b1

function round32(acc: u32, lane: u32): u32 {
  return rotl(acc + lane * prime322, 13) * prime321
}

export function xxhash32(p: usize, length: u32, seed: u32): u32 {
  const end = p + length
  let hash = seed + prime325
  if (length >= 16) {
    let a = seed + prime321 + prime322
    let b = seed + prime322
    let c = seed
    let d = seed - prime321
    do {
      a = round32(a, load<u32>(p))
      b = round32(b, load<u32>(p, 4))
      c = round32(c, load<u32>(p, 8))
      d = round32(d, load<u32>(p, 12))
      p += 16
    } while (p + 16 <= end)
    hash = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)
  }
  hash += length
  for (; p + 4 <= end; p += 4) hash = rotl(hash + load<u32>(p) * prime323, 17) * prime324
  for (; p < end; p++) hash = rotl(hash + <u32>load<u8>(p) * prime325, 11) * prime321
  hash = (hash ^ (hash >> 15)) * prime322
  hash = (hash ^ (hash >> 13)) * prime323
  return hash ^ (hash >> 16)
}
