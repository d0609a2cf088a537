import { hash } from 'node:crypto'

/** A number in [0, 1) that depends on the given names alone: the base of every choice, so that order never matters. */
export function unit(...names: (string | number)[]): number {
  return Number.parseInt(hash('sha256', names.join('\u0000'), 'hex').slice(0, 12), 16) / 2 ** 48
}

/** A seeded generator (mulberry32, public domain) for steps that need several numbers in a row. */
export function random(...names: (string | number)[]): () => number {
  let state = Math.floor(unit(...names) * 2 ** 32)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
