import { createCipheriv, createHmac } from 'node:crypto'

/**
 * Chance out of a secret key, for noise that must not be undone: whoever knows the recipe and its seed does not know it. The
 * same key and label give the same bits, so that a release is the same again; the label holds the exact counts, so that
 * other counts have other noise and no difference of two releases shows them.
 */
export class Chance {
  readonly #stream
  #buffer = Buffer.alloc(0)
  #at = 0
  constructor(key: string, label: string) {
    const secret = createHmac('sha256', key).update(label).digest()
    this.#stream = createCipheriv('aes-256-ctr', secret, Buffer.alloc(16))
  }

  /** A whole number from 0 to below n, each exactly as likely. */
  below(n: bigint): bigint {
    const bytes = Math.ceil((n - 1n).toString(2).length / 8)
    const range = 1n << BigInt(8 * bytes)
    const limit = range - (range % n)
    for (;;) {
      if (this.#at + bytes > this.#buffer.length) {
        this.#buffer = this.#stream.update(Buffer.alloc(Math.max(4096, bytes)))
        this.#at = 0
      }
      const drawn = BigInt(`0x${this.#buffer.toString('hex', this.#at, this.#at + bytes)}`)
      this.#at += bytes
      if (drawn < limit) return drawn % n
    }
  }
}

/** True with probability exp(-numerator / denominator), in whole numbers alone. Canonne, Kamath & Steinke 2020, arXiv 2004.00010, algorithm 1. */
export function bernoulliExp(numerator: bigint, denominator: bigint, chance: Chance): boolean {
  let rest = numerator
  while (rest > denominator) {
    if (!bernoulliExp(1n, 1n, chance)) return false
    rest -= denominator
  }
  let k = 1n
  while (chance.below(denominator * k) < rest) k++
  return k % 2n === 1n
}

/** Noise of the discrete Laplace distribution, P(x) ~ exp(-|x| / scale); algorithm 2 of the same paper. */
export function discreteLaplace(scale: bigint, chance: Chance): bigint {
  for (;;) {
    const place = chance.below(scale)
    if (!bernoulliExp(place, scale, chance)) continue
    let times = 0n
    while (bernoulliExp(1n, 1n, chance)) times++
    const size = place + scale * times
    const negative = chance.below(2n) === 1n
    if (negative && size === 0n) continue
    return negative ? -size : size
  }
}

/** Noise of the discrete Gaussian distribution, P(x) ~ exp(-x^2 / (2 variance)), of a whole variance; algorithm 3. */
export function discreteGaussian(variance: bigint, chance: Chance): bigint {
  const scale = BigInt(Math.floor(Math.sqrt(Number(variance)))) + 1n
  for (;;) {
    const drawn = discreteLaplace(scale, chance)
    const size = drawn < 0n ? -drawn : drawn
    // (|y| - variance / scale)^2 / (2 variance), over scale^2.
    const off = size * scale - variance
    if (bernoulliExp(off * off, 2n * variance * scale * scale, chance)) return drawn
  }
}
