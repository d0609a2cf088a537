import { base, type Kernels, shared } from './load.ts'
import * as twin from './twins/hash.ts'

/** Puts data where kernels read it, strings as UTF-8, and says how long it is. */
function lay(data: Uint8Array | string): { kernels: Kernels; length: number } | undefined {
  const room = shared(typeof data === 'string' ? data.length * 3 : data.length)
  if (!room) return undefined
  if (typeof data === 'string') return { kernels: room.kernels, length: room.bytes.write(data, base, 'utf8') }
  room.bytes.set(data, base)
  return { kernels: room.kernels, length: data.length }
}

/** XXH64 (Collet, xxHash specification 0.1.1) of bytes, or of a string as UTF-8. */
export function xxhash64(data: Uint8Array | string, seed = 0n): bigint {
  const laid = lay(data)
  return laid ? BigInt.asUintN(64, laid.kernels.xxhash64(base, laid.length, seed)) : twin.xxhash64(data, seed)
}

/** XXH32 (Collet, xxHash specification 0.1.1) of a string as UTF-8: an unsigned 32-bit number. */
export function hash32(text: string, seed = 0): number {
  const laid = lay(text)
  return laid ? laid.kernels.xxhash32(base, laid.length, seed) >>> 0 : twin.hash32(text, seed)
}
