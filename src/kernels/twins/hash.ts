const encoder = new TextEncoder()
const bytesOf = (data: Uint8Array | string) => (typeof data === 'string' ? encoder.encode(data) : data)
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const primes = [
  0n,
  11400714785074694791n,
  14029467366897019727n,
  1609587929392839161n,
  9650029242287828579n,
  2870177450012600261n,
] as const
const wrap = (value: bigint) => BigInt.asUintN(64, value)
const turn = (value: bigint, by: bigint) => wrap((value << by) | (value >> (64n - by)))
const round = (acc: bigint, lane: bigint) => wrap(turn(wrap(acc + lane * primes[2]), 31n) * primes[1])
const merge = (hash: bigint, acc: bigint) => wrap((hash ^ round(0n, acc)) * primes[1] + primes[4])

/** XXH64 (Collet, xxHash specification 0.1.1) of bytes, or of a string as UTF-8. */
export function xxhash64(data: Uint8Array | string, seed = 0n): bigint {
  const bytes = bytesOf(data)
  const view = viewOf(bytes)
  let at = 0
  let hash = wrap(seed + primes[5])
  if (bytes.length >= 32) {
    const acc = [seed + primes[1] + primes[2], seed + primes[2], seed, seed - primes[1]].map(wrap)
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) acc[i] = round(acc[i]!, view.getBigUint64(at + i * 8, true))
    }
    hash = wrap(turn(acc[0]!, 1n) + turn(acc[1]!, 7n) + turn(acc[2]!, 12n) + turn(acc[3]!, 18n))
    for (const one of acc) hash = merge(hash, one)
  }
  hash = wrap(hash + BigInt(bytes.length))
  for (; at + 8 <= bytes.length; at += 8) {
    hash = wrap(turn(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * primes[1] + primes[4])
  }
  if (at + 4 <= bytes.length) {
    hash = wrap(turn(hash ^ wrap(BigInt(view.getUint32(at, true)) * primes[1]), 23n) * primes[2] + primes[3])
    at += 4
  }
  for (; at < bytes.length; at++) hash = wrap(turn(hash ^ wrap(BigInt(bytes[at]!) * primes[5]), 11n) * primes[1])
  hash = wrap((hash ^ (hash >> 33n)) * primes[2])
  hash = wrap((hash ^ (hash >> 29n)) * primes[3])
  return hash ^ (hash >> 32n)
}

const primes32 = [0, 0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const
const turn32 = (value: number, by: number) => (value << by) | (value >>> (32 - by))
const round32 = (acc: number, lane: number) => Math.imul(turn32(acc + Math.imul(lane, primes32[2]), 13), primes32[1])

/** XXH32 (Collet, xxHash specification 0.1.1) of a string as UTF-8: an unsigned 32-bit number. */
export function hash32(text: string, seed = 0): number {
  const bytes = encoder.encode(text)
  const view = viewOf(bytes)
  let at = 0
  let hash = seed + primes32[5]
  if (bytes.length >= 16) {
    const acc = [seed + primes32[1] + primes32[2], seed + primes32[2], seed, seed - primes32[1]]
    for (; at + 16 <= bytes.length; at += 16) {
      for (let i = 0; i < 4; i++) acc[i] = round32(acc[i]!, view.getUint32(at + i * 4, true))
    }
    hash = turn32(acc[0]!, 1) + turn32(acc[1]!, 7) + turn32(acc[2]!, 12) + turn32(acc[3]!, 18)
  }
  hash = (hash + bytes.length) | 0
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(turn32((hash + Math.imul(view.getUint32(at, true), primes32[3])) | 0, 17), primes32[4])
  }
  for (; at < bytes.length; at++) {
    hash = Math.imul(turn32((hash + Math.imul(bytes[at]!, primes32[5])) | 0, 11), primes32[1])
  }
  hash = Math.imul(hash ^ (hash >>> 15), primes32[2])
  hash = Math.imul(hash ^ (hash >>> 13), primes32[3])
  return (hash ^ (hash >>> 16)) >>> 0
}
