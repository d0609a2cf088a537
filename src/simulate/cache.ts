import { hash } from 'node:crypto'
import { tokensOf } from './prose.ts'

/** A part of a prompt; `marked` for how long the cache may keep what ends with it. */
export type Segment = { text: string; marked?: '5m' | '1h' }
/** Tokens of a prompt that came out of the cache, and that go into it when the reply begins: `keep`. */
export type CacheUse = { read: number; written: number; hour: boolean; keep(): void }

/** Tokens of a block: prefixes are kept in whole blocks where nothing is marked. */
const block = 128
const bytes = block * 4
/** Blocks before a mark at which an earlier, shorter prefix is still found. */
const lookback = 20
const room = 500_000

/**
 * Prefixes of prompts seen before, per model: by themselves in blocks of 128 tokens, or up to the marks of a request.
 * Found from the first reply to them on, as vendors do it, and kept until pushed out by newer ones; prefixes below
 * `minTokens` are not kept.
 */
export function promptCache({ minTokens = 1024 }: { minTokens?: number }) {
  const kept = new Set<string>()

  function keep(digest: string) {
    kept.add(digest)
    if (kept.size > room) kept.delete(kept.values().next().value!)
  }

  function automatic(segments: Segment[], model: string, input: number): CacheUse {
    const prompt = Buffer.from(segments.map(segment => segment.text).join('\n'))
    let digest = model
    let read = 0
    let unbroken = true
    const fresh: string[] = []
    for (let end = bytes; end <= prompt.length; end += bytes) {
      digest = hash('sha256', `${digest}${prompt.toString('latin1', end - bytes, end)}`, 'base64')
      unbroken &&= kept.has(digest)
      if (unbroken) read = end / 4
      else fresh.push(digest)
    }
    read = Math.min(read, input - (input % block))
    return { read: read >= minTokens ? read : 0, written: 0, hour: false, keep: () => fresh.forEach(keep) }
  }

  function marked(segments: Segment[], model: string, input: number): CacheUse {
    let digest = model
    let tokens = 0
    const ends = segments.map(({ text, marked }) => {
      digest = hash('sha256', `${digest}\n${text}`, 'base64')
      tokens += tokensOf(text)
      return { digest, tokens, marked }
    })
    const last = ends.findLastIndex(end => end.marked)
    if (last < 0) return { read: 0, written: 0, hour: false, keep: () => {} }
    let read = 0
    for (let i = last; i >= 0 && read === 0; i--) {
      // Each mark is looked up, and the blocks before it as far as the vendor looks back.
      const near = ends.slice(i, i + lookback).some(end => end.marked)
      if (near && kept.has(ends[i]!.digest)) read = ends[i]!.tokens
    }
    const fresh = ends.filter(end => end.marked && end.tokens >= minTokens)
    const whole = Math.min(ends[last]!.tokens, input)
    read = Math.min(read, whole)
    const written = whole >= minTokens ? whole - read : 0
    return {
      read,
      written,
      hour: ends[last]!.marked === '1h',
      keep() {
        for (const end of fresh) keep(end.digest)
      },
    }
  }

  return {
    use: (segments: Segment[], marks: boolean, model: string, input: number): CacheUse =>
      (marks ? marked : automatic)(segments, model, input),
    clear: () => kept.clear(),
  }
}

export type PromptCache = ReturnType<typeof promptCache>
