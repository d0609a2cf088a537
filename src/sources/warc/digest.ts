import { createHash } from 'node:crypto'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648, without padding. */
function base32(bytes: Buffer): string {
  let [text, bits, value] = ['', 0, 0]
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) text += letters[(value >>> (bits - 5)) & 31]
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + letters[(value << (5 - bits)) & 31] : text
}

/**
 * Whether bytes are those that a field such as `sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ` was taken of: in base 32, as
 * hexadecimal digits or in base 64. Undefined for another algorithm and where nothing is stated.
 */
export function fits(stated: string | undefined, bytes: Buffer): boolean | undefined {
  const [, algorithm, value] = /^([\w-]+):\s*(\S+)$/.exec(stated ?? '') ?? []
  const name = algorithm?.toLowerCase().replace('-', '')
  if (value === undefined || !['sha1', 'sha256', 'sha512', 'md5'].includes(name!)) return undefined
  const digest = createHash(name!).update(bytes).digest()
  const bare = value.replace(/=+$/, '')
  if (bare.length === digest.length * 2) return bare.toLowerCase() === digest.toString('hex')
  if (bare.length === Math.ceil((digest.length * 8) / 5)) return bare.toUpperCase() === base32(digest)
  return Buffer.from(bare, 'base64url').equals(digest)
}
