import { random, unit } from '../../records/index.ts'
import { compression, distinct, entropy } from '../diversity.ts'
import { kneserNey, perplexity, type Scorer, sampler, type Texts } from './language-model.ts'

/**
 * Workflows: what a generation learns from. `replace`: the last one alone; `mixed`: it, and real texts to a share of the
 * same size; `subsample`: as much as one generation, drawn from all so far; `accumulate`: all so far; `verified`: the same,
 * of new texts those that a verifier prefers which has read other real texts.
 */
export const arms = ['replace', 'mixed', 'subsample', 'accumulate', 'verified'] as const
export type Arm = (typeof arms)[number]

/** Real texts in three parts that share no text: to learn from, for the verifier, and to measure by. */
export type Corpus = {
  train: Texts
  verifier: Texts
  heldOut: Texts
  /** Words of the training part; words that it lacks are one more. */
  vocabulary: number
  /** The words themselves, for what counts bytes. */
  words: readonly string[]
}

export type Settings = { generations: number; real: number; keep: number }
/** A generation by what it was learnt to: fit on real text, and what is left inside. */
export type Generation = {
  perplexity: number
  /** Shares of the real types still there: of all, and of those seen five times at most. */
  types: number
  rareTypes: number
  distinct2: number
  compression: number
  entropy: number
}

/**
 * Documents, each a list of sentences as lists of words, as numbers: by the hash of a document a tenth is held out and a
 * tenth is the verifier's. Equal documents count once, so that nothing is measured by what was learnt.
 */
export function corpusOf(documents: readonly (readonly (readonly string[])[])[]): Corpus {
  const parts: Record<'train' | 'verifier' | 'heldOut', (readonly string[])[]> = {
    train: [],
    verifier: [],
    heldOut: [],
  }
  const seen = new Set<string>()
  for (const sentences of documents) {
    const text = sentences.map(words => words.join(' ')).join('\n')
    if (seen.has(text)) continue
    seen.add(text)
    const place = unit('corpus', text)
    const part = place < 0.1 ? 'heldOut' : place < 0.2 ? 'verifier' : 'train'
    parts[part].push(...sentences.filter(words => words.length > 0))
  }
  const number = new Map<string, number>()
  for (const text of parts.train) for (const word of text) if (!number.has(word)) number.set(word, number.size)
  const unknown = number.size
  const numbered = (some: (readonly string[])[]) =>
    some.map(text => Int32Array.from(text, word => number.get(word) ?? unknown))
  return {
    train: numbered(parts.train),
    verifier: numbered(parts.verifier),
    heldOut: numbered(parts.heldOut),
    vocabulary: unknown + 1,
    words: [...number.keys(), '<unknown>'],
  }
}

const sizeOf = (texts: Texts) => texts.reduce((sum, text) => sum + text.length + 1, 0)

/** Texts in a seeded order until so many tokens are there. */
function part(texts: Texts, tokens: number, next: () => number): Int32Array[] {
  const order = [...texts]
  const chosen: Int32Array[] = []
  for (let i = 0, held = 0; i < order.length && held < tokens; i++) {
    const j = i + Math.floor(next() * (order.length - i))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
    chosen.push(order[i]!)
    held += order[i]!.length + 1
  }
  return chosen
}

/** As many new texts as one generation has; with a verifier the better share of them, by the mean chance of a word. */
function written(
  pool: Texts,
  { vocabulary, train }: Corpus,
  next: () => number,
  keep: number,
  verifier?: Scorer,
): Texts {
  const write = sampler(pool, vocabulary)
  const tokens = sizeOf(train)
  const texts: { text: Int32Array; worth: number }[] = []
  for (let held = 0; held < (verifier ? tokens / keep : tokens); ) {
    const text = write(next)
    held += text.length + 1
    const logs = verifier?.(text)
    texts.push({ text, worth: logs ? logs.reduce((sum, log) => sum + log, 0) / logs.length : 0 })
  }
  if (!verifier) return texts.map(({ text }) => text)
  texts.sort((a, b) => b.worth - a.worth)
  const kept: Int32Array[] = []
  for (let held = 0, i = 0; held < tokens && i < texts.length; i++) {
    kept.push(texts[i]!.text)
    held += texts[i]!.text.length + 1
  }
  return kept
}

/** One run of one workflow: the real data, and each generation after it. The seed alone decides. */
export function collapseRun(
  corpus: Corpus,
  arm: Arm,
  seed: string,
  { generations, real, keep }: Settings,
): Generation[] {
  const next = random('collapse', arm, seed)
  const tokens = sizeOf(corpus.train)
  const judge = arm === 'verified' ? kneserNey(corpus.verifier, corpus.vocabulary) : undefined
  const all: Int32Array[] = [...corpus.train]
  let pool: Texts = corpus.train
  const told = [generationOf(corpus, pool, pool, 1)]
  for (let generation = 1; generation <= generations; generation++) {
    const fresh = written(pool, corpus, next, keep, judge)
    all.push(...fresh)
    if (arm === 'replace') pool = fresh
    else if (arm === 'mixed') {
      pool = [...part(fresh, tokens * (1 - real), next), ...part(corpus.train, tokens * real, next)]
    } else if (arm === 'subsample') pool = part(all, tokens, next)
    else pool = all.slice()
    told.push(generationOf(corpus, pool, fresh, sizeOf(pool) / tokens))
  }
  return told
}

/** Window of words that distinct pairs are counted in, and bytes that are compressed. */
const [window, bytes] = [20_000, 200_000]

function generationOf(corpus: Corpus, pool: Texts, fresh: Texts, scale: number): Generation {
  const { vocabulary, words } = corpus
  const real = countsOf(corpus.train, vocabulary)
  const now = countsOf(pool, vocabulary)
  let [types, kept, rare, keptRare] = [0, 0, 0, 0]
  for (const [word, count] of real.entries()) {
    if (count === 0) continue
    types++
    if (now[word]! > 0) kept++
    if (count > 5) continue
    rare++
    if (now[word]! > 0) keptRare++
  }
  const lists = fresh.map(text => Uint32Array.from(text))
  const lines: string[] = []
  for (let length = 0, i = 0; i < fresh.length && length < bytes; i++) {
    lines.push(Array.from(fresh[i]!, word => words[word]!).join(' '))
    length += lines.at(-1)!.length
  }
  return {
    perplexity: perplexity(kneserNey(pool, vocabulary, scale), corpus.heldOut),
    types: types > 0 ? kept / types : 1,
    rareTypes: rare > 0 ? keptRare / rare : 1,
    distinct2: distinct(lists, 2, window) ?? 0,
    compression: compression(lines, bytes) ?? 1,
    entropy: entropy(lists, 1) ?? 0,
  }
}

export function countsOf(texts: Texts, vocabulary: number): Uint32Array {
  const counts = new Uint32Array(vocabulary)
  for (const text of texts) for (const word of text) counts[word]!++
  return counts
}
