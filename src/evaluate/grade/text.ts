import { claimedAnswer, lcs } from '../../text/index.ts'

/** Metrics of llm-jp-eval and JGLUE on a short answer. */
export const textMetrics = ['exact_match', 'char_f1', 'pearson', 'spearman'] as const
export type TextMetric = (typeof textMetrics)[number]

/** Names under which other harnesses have them. */
const aliases: { [name: string]: TextMetric } = { em: 'exact_match', f1: 'char_f1', char_f1_score: 'char_f1' }
export function textMetric(name: string): TextMetric | undefined {
  const known = aliases[name] ?? name
  return (textMetrics as readonly string[]).includes(known) ? (known as TextMetric) : undefined
}

const plain = (text: string): string => text.normalize('NFKC').trim()

/** The same text but for width and space at both ends: of several right ones any. */
export const exactMatch = (answer: string, right: readonly string[]): number =>
  right.some(one => plain(one) === plain(answer)) ? 1 : 0

/** Characters that are compared at most. */
const longest = 4000

/** Words in alphabetical order, in small letters and without signs: Japanese text is one word. */
const sorted = (text: string): string[] => [
  ...(plain(text)
    .toLowerCase()
    .match(/[\p{L}\p{N}\p{M}]+/gu)
    ?.sort()
    .join(' ') ?? ''),
]

/**
 * Likeness of characters from 0 to 1, in hundredths: twice the longest common subsequence over both lengths, the best of
 * several right ones. It is what llm-jp-eval calls `char_f1`.
 */
export function charF1(answer: string, right: readonly string[]): number {
  const said = sorted(answer.slice(0, longest))
  const each = right.map(one => {
    const wanted = sorted(one.slice(0, longest))
    const length = said.length + wanted.length
    return length === 0 ? 0 : Math.round((200 * lcs(said, wanted)) / length) / 100
  })
  return Math.max(0, ...each)
}

const number = /[-+−]?(?:\d+(?:\.\d+)?|\.\d+)/g

/** The number that an answer is, that it states as its result, or the only one it holds; undefined where that is none. */
export function numberSaid(answer: string): number | undefined {
  const numbersOf = (text: string): number[] => [
    ...new Set([...plain(text).matchAll(number)].map(([found]) => Number(found.replace('−', '-')))),
  ]
  const stated = claimedAnswer(answer)
  for (const text of [...(stated === undefined ? [] : [stated]), answer]) {
    const [first, second] = numbersOf(text)
    if (first !== undefined && second === undefined) return first
  }
  return undefined
}
