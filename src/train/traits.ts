import { emptyPairs, type PairBias, pairBias, tallyPair } from '../measure/index.ts'
import { canonical, type Id, type Kind, type Message, type Rec, sha256, type Tool } from '../records/index.ts'
import type { Tokenizer } from '../text/index.ts'
import { heldOutOf } from './held-out.ts'
import { canBeChecked } from './learnt.ts'

/**
 * Lengths of sequences in tokens. `parts` are the means of twenty equal parts from the shortest to the longest, from which
 * follows what padding costs.
 */
export type Lengths = { sequences: number; total: number; mean: number; p95: number; max: number; parts: number[] }

/** How sure the better side of a pair is, where rows say by how much it was better. */
export type PairTraits = {
  bias: PairBias
  /** Pairs whose sides are the same text, which teach nothing. */
  equal: { rows: number; ids: Id[] }
  /** Share of tokens that both sides have in common, on average. */
  similarity: number
  /** Pairs with a known margin, and the share of these that won by the largest one. */
  margins?: { known: number; largest: number; atLargest: number }
  nearDeterministic: boolean | 'unknown'
}

/** What the rows of one kind are like, as far as a training is concerned. Rows of other splits than `train` are counted and no more. */
export type KindTraits = {
  kind: Kind
  rows: number
  heldOut: number
  splits: { [split: string]: number }
  /** Of the sequences that are trained on: both sides of a pair are one each; and of those in rows that are not too long. */
  lengths: Lengths
  fitting: Lengths
  heldOutTokens: number
  /** Training rows with more tokens than the context, the longest first. */
  tooLong: { id: Id; tokens: number }[]
  multiTurn: number
  tools: number
  reasoning: number
  /** Rows whose answer a program can check, by kind of verifier. */
  verifiable: number
  /** Of the prompts of these rows. */
  checked?: Lengths
  verifiers: { [kind: string]: number }
  /** Tokens of the answers alone, 95 of 100 of which are no longer. */
  answers?: number
  /** Rows whose prompt an earlier row had. */
  repeated: number
  pairs?: PairTraits
  labels?: { good: number; bad: number }
}
export type Traits = { tokenizer: string; context: number; kinds: { [K in Kind]?: KindTraits } }

const splitOf = (record: Rec): string => record.facets.split ?? 'train'

/** Tokens that a chat template writes around each turn: five in ChatML, about as many in others. */
const around = 5

export type TraitOptions = { tokenizer: Tokenizer; context: number; reasoning: 'separate' | 'inline' | 'drop' }

/** Counts the tokens of turns as a trainer will see them. */
function counter({ tokenizer, reasoning }: TraitOptions) {
  return (turns: readonly Message[]): number =>
    turns.reduce((sum, turn) => {
      const thought = reasoning === 'drop' ? '' : (turn.reasoning ?? '')
      const calls = turn.tool_calls ? JSON.stringify(turn.tool_calls) : ''
      const text = [turn.content ?? '', thought, calls].filter(part => part !== '')
      return sum + around + text.reduce((n, part) => n + tokenizer.count(part), 0)
    }, 0)
}

/** Where the last answer of a conversation begins. */
const answerAt = (messages: readonly Message[]) => {
  const at = messages.findLastIndex(({ role }) => role === 'assistant')
  return at < 0 ? messages.length : at
}

/** What of a row is trained on, by side. */
type Parts = { prompt: Message[]; sides: Message[][]; tools?: Tool[] }
function partsOf(record: Rec): Parts | undefined {
  switch (record.kind) {
    case 'conversation': {
      const at = answerAt(record.messages)
      return { prompt: record.messages.slice(0, at), sides: [record.messages.slice(at)], ...toolsOf(record) }
    }
    case 'prompt':
      return { prompt: record.messages, sides: [[]], ...toolsOf(record) }
    case 'preference':
      return { prompt: record.prompt, sides: [record.chosen, record.rejected], ...toolsOf(record) }
    case 'feedback':
      return { prompt: record.prompt, sides: [record.completion] }
    default:
      return undefined
  }
}
const toolsOf = ({ tools }: { tools?: Tool[] }) => (tools?.length ? { tools } : {})

/** Share of the tokens of two texts that they have in common, each as often as it stands in both (Dice 1945). */
function overlap(a: readonly number[], b: readonly number[]): number {
  if (a.length + b.length === 0) return 1
  const left = new Map<number, number>()
  for (const id of a) left.set(id, (left.get(id) ?? 0) + 1)
  let shared = 0
  for (const id of b) {
    const n = left.get(id) ?? 0
    if (n > 0) {
      shared++
      left.set(id, n - 1)
    }
  }
  return (2 * shared) / (a.length + b.length)
}

const textOf = (turns: readonly Message[]) => turns.map(({ content }) => content ?? '').join('\n\n')
/** The words and calls of a side, whatever the white space around them. */
const sayingOf = (turns: readonly Message[]) =>
  canonical(turns.map(({ content, tool_calls }) => [content?.trim() ?? '', tool_calls ?? []]))

/** The margin that a step noted: the score of that name, whichever step it is of. */
function marginOf(record: Rec): number | undefined {
  const name = Object.keys(record.scores)
    .filter(key => key.endsWith('/margin'))
    .sort()
    .at(-1)
  const score = name === undefined ? undefined : record.scores[name]
  return score && 'value' in score ? score.value : undefined
}

export function lengthsOf(tokens: readonly number[]): Lengths {
  const sorted = [...tokens].sort((a, b) => a - b)
  const n = sorted.length
  const total = sorted.reduce((a, b) => a + b, 0)
  const parts = Array.from({ length: Math.min(20, n) }, (_, i, count = Math.min(20, n)) => {
    const part = sorted.slice(Math.floor((i * n) / count), Math.floor(((i + 1) * n) / count))
    return part.reduce((a, b) => a + b, 0) / part.length
  })
  return {
    sequences: n,
    total,
    mean: n === 0 ? 0 : total / n,
    p95: sorted[Math.max(0, Math.ceil(0.95 * n) - 1)] ?? 0,
    max: sorted.at(-1) ?? 0,
    parts,
  }
}

/** Lengths once what is longer than the context is cut off. */
export function cutAt({ parts, ...lengths }: Lengths, context: number): Lengths {
  if (lengths.max <= context) return { ...lengths, parts }
  const cut = parts.map(part => Math.min(part, context))
  const mean = cut.reduce((a, b) => a + b, 0) / Math.max(1, cut.length)
  return {
    ...lengths,
    mean,
    total: mean * lengths.sequences,
    p95: Math.min(lengths.p95, context),
    max: context,
    parts: cut,
  }
}

/** Tokens of the longest of `n` sequences that are drawn at random, on average: what each of a micro-batch is padded to. */
export function paddedTo({ parts, mean }: Lengths, n: number): number {
  if (n <= 1 || parts.length === 0) return mean
  const of = parts.length
  return parts.reduce((sum, part, i) => sum + part * (((i + 1) / of) ** n - (i / of) ** n), 0)
}

/** A row is near the largest margin within a twentieth of it; half of the pairs there are near-deterministic. */
const [nearLargest, manyAtLargest] = [0.95, 0.5]

/**
 * Reads what a training depends on off the rows of a release: lengths by the student's tokenizer, what lies over the
 * context, what the rows hold, and for pairs how sure and how lopsided they are. Rows of kinds that nobody trains on are
 * counted by split alone.
 */
export async function traitsOf(records: AsyncIterable<Rec>, options: TraitOptions): Promise<Traits> {
  const { tokenizer, context } = options
  const count = counter(options)
  const seen = new Map<Kind, ReturnType<typeof tallyOf>>()
  for await (const record of records) {
    const tally = seen.get(record.kind) ?? tallyOf(record.kind)
    seen.set(record.kind, tally)
    const split = splitOf(record)
    tally.splits[split] = (tally.splits[split] ?? 0) + 1
    const parts = partsOf(record)
    if (split === 'train') tally.rows++
    if (!parts) continue
    const head = count(parts.prompt) + (parts.tools ? tokenizer.count(JSON.stringify(parts.tools)) : 0)
    const sides = parts.sides.map(count)
    if (split !== 'train') {
      const tokens = sides.reduce((sum, side) => sum + head + side, 0)
      tally.otherTokens[split] = (tally.otherTokens[split] ?? 0) + tokens
      continue
    }
    const longest = head + Math.max(...sides)
    const fits = longest <= context
    if (!fits) tally.tooLong.push({ id: record.id, tokens: longest })
    for (const side of sides) {
      tally.tokens.push(head + side)
      if (fits) tally.fitting.push(head + side)
      tally.answers.push(side)
    }
    const turns = [...parts.prompt, ...parts.sides.flat()]
    if (parts.prompt.filter(({ role }) => role === 'user').length > 1) tally.multiTurn++
    if (parts.tools || turns.some(turn => turn.role === 'tool' || turn.tool_calls)) tally.tools++
    if (turns.some(turn => turn.reasoning)) tally.reasoning++
    const prompt = sha256(canonical(parts.prompt)).slice(0, 24)
    if (tally.prompts.has(prompt)) tally.repeated++
    tally.prompts.add(prompt)
    if ((record.kind === 'prompt' || record.kind === 'conversation') && canBeChecked(record)) {
      const { kind } = record.verifier!
      tally.verifiers[kind] = (tally.verifiers[kind] ?? 0) + 1
      tally.checked.push(head)
    }
    if (record.kind === 'feedback') tally.labels[record.label ? 'good' : 'bad']++
    if (record.kind === 'preference') {
      const [chosen, rejected] = [record.chosen, record.rejected]
      if (sayingOf(chosen) === sayingOf(rejected)) tally.equal.push(record.id)
      const margin = marginOf(record)
      if (margin !== undefined) tally.margins.push(margin)
      tally.similarity += overlap(tokenizer.encode(textOf(chosen)), tokenizer.encode(textOf(rejected)))
      const tokens = sides as [number, number]
      tallyPair(tally.pairs, { tokens, traits: {}, ...(margin === undefined ? {} : { margin }) })
    }
  }
  const kinds = Object.fromEntries([...seen].map(([kind, tally]) => [kind, traitsOfKind(tally)]))
  return { tokenizer: tokenizer.name, context, kinds }
}

const tallyOf = (kind: Kind) => ({
  kind,
  rows: 0,
  splits: {} as { [split: string]: number },
  tokens: [] as number[],
  fitting: [] as number[],
  answers: [] as number[],
  otherTokens: {} as { [split: string]: number },
  tooLong: [] as { id: Id; tokens: number }[],
  multiTurn: 0,
  tools: 0,
  reasoning: 0,
  verifiers: {} as { [kind: string]: number },
  checked: [] as number[],
  prompts: new Set<string>(),
  repeated: 0,
  equal: [] as Id[],
  margins: [] as number[],
  similarity: 0,
  pairs: emptyPairs(),
  labels: { good: 0, bad: 0 },
})

function traitsOfKind(tally: ReturnType<typeof tallyOf>): KindTraits {
  const { kind, rows, splits, multiTurn, tools, reasoning, verifiers, repeated } = tally
  const heldOut = heldOutOf(split => splits[split] !== undefined)
  const answers = lengthsOf(tally.answers.filter(n => n > 0))
  return {
    ...{ kind, rows, splits, multiTurn, tools, reasoning, verifiers, repeated },
    heldOut: (heldOut && splits[heldOut]) || 0,
    heldOutTokens: (heldOut && tally.otherTokens[heldOut]) || 0,
    lengths: lengthsOf(tally.tokens),
    fitting: lengthsOf(tally.fitting),
    tooLong: tally.tooLong.sort((a, b) => b.tokens - a.tokens || (a.id < b.id ? -1 : 1)),
    verifiable: tally.checked.length,
    ...(tally.checked.length > 0 ? { checked: lengthsOf(tally.checked) } : {}),
    ...(answers.sequences > 0 ? { answers: answers.p95 } : {}),
    ...(kind === 'preference' && rows > 0 ? { pairs: pairTraits(tally) } : {}),
    ...(kind === 'feedback' ? { labels: tally.labels } : {}),
  }
}

function pairTraits({ rows, equal, margins, similarity, pairs }: ReturnType<typeof tallyOf>): PairTraits {
  const largest = margins.reduce((most, margin) => Math.max(most, margin), 0)
  const atLargest = margins.filter(margin => margin >= nearLargest * largest).length / Math.max(1, margins.length)
  const told = margins.length >= rows / 2 && largest > 0
  return {
    bias: pairBias(pairs),
    equal: { rows: equal.length, ids: equal },
    similarity: similarity / rows,
    ...(margins.length > 0 ? { margins: { known: margins.length, largest, atLargest } } : {}),
    nearDeterministic: told ? atLargest >= manyAtLargest : 'unknown',
  }
}
