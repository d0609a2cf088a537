import { hash32 } from '../kernels/index.ts'

/** A token of the simulator's language model with the place where it begins. */
export type Told = { token: string; start: number; logprob: number }

/** Pieces as a byte-pair vocabulary has them: a space belongs to the word after it, long words fall apart. */
const piece = /\r?\n+|[^\S\r\n]?[\p{L}\p{N}_]{1,6}|[^\S\r\n]?[^\s\p{L}\p{N}_]|[^\S\r\n]+/gu
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u

function* tokensOf(text: string): Generator<[token: string, start: number]> {
  for (const { 0: found, index } of text.matchAll(piece)) {
    if (!unspaced.test(found)) {
      yield [found, index]
      continue
    }
    let start = index
    for (const character of found) {
      yield [character, start]
      start += character.length
    }
  }
}

/** Shares of what has been read, by the pair of tokens and by the token alone, and of what is known beforehand. */
const [byPair, byToken] = [0.45, 0.25]

/**
 * How likely each token of a text is after those before it: what was read before makes its own words likely (a cache model,
 * Kuhn & De Mori 1990), short tokens are likelier than long ones, and the rest follows from seed and token. Texts that repeat
 * themselves, or words that stood in the context, score high as with a real model. What was `written` after the text begins
 * with a token of its own.
 */
export function likelihoods(text: string, seed: number, written = ''): Told[] {
  const seen = new Map<string, number>()
  const pairs = new Map<string, number>()
  const told: Told[] = []
  let before = ''
  let read = 0
  const after = [...tokensOf(written)].map(([token, start]) => [token, text.length + start] as const)
  for (const [token, start] of [...tokensOf(text), ...after]) {
    const form = token.trim().toLowerCase() || token
    const pair = `${before}\n${form}`
    const rare = Math.min(form.length, 6) * 0.5 + (hash32(form, seed) / 2 ** 32) * 2.5
    const prior = Math.exp(-2 - rare)
    const followed = seen.get(before) ?? 0
    const likely =
      byPair * (followed > 0 ? (pairs.get(pair) ?? 0) / followed : 0) +
      byToken * (read > 0 ? (seen.get(form) ?? 0) / read : 0) +
      (1 - byPair - byToken) * prior
    told.push({ token, start, logprob: Number(Math.log(likely).toFixed(6)) })
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
    seen.set(form, (seen.get(form) ?? 0) + 1)
    before = form
    read++
  }
  return told
}
