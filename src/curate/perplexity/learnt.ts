import { z } from 'zod'
import { type Id, type Rec, unit } from '../../records/index.ts'
import type { Pass } from '../../steps/index.ts'
import { type LanguageModel, learn, modelTokens } from '../../text/index.ts'

export const learntShape = {
  like: z
    .string()
    .optional()
    .describe('Source or step whose texts the built-in model learns from; default the rows themselves'),
  order: z
    .int()
    .min(1)
    .max(6)
    .default(3)
    .describe(
      'Words that the built-in model looks at together; where no spaces are written, characters, and 5 tells more',
    ),
  tokens: z
    .int()
    .min(1000)
    .max(20_000_000)
    .default(1_000_000)
    .describe('Most tokens that the built-in model learns from, of rows chosen by a hash of their ids'),
}
type Options = { like?: string; order: number; tokens: number }

type Text = { id: Id; place: number; tokens: string; n: number }

/**
 * Models to score rows by: one of another text, or two of the rows themselves, each learnt from one half of them. A row is
 * scored by the half that it is not in, since a model knows what it has learnt by heart.
 */
export type Models = { of: number; one?: LanguageModel; halves?: [LanguageModel, LanguageModel] }

const halfOf = (id: Id, seed: string): 0 | 1 => (unit(seed, 'half', id) < 0.5 ? 0 : 1)

/** The model that a row is scored by. */
export const modelFor = ({ one, halves }: Models, id: Id, seed: string): LanguageModel =>
  one ?? halves![1 - halfOf(id, seed)]!

/** The rows with the lowest hashes, as many as the tokens allow: the same ones in whatever parts they are looked at. */
function within(texts: Text[], tokens: number): Text[] {
  texts.sort((a, b) => a.place - b.place || (a.id < b.id ? -1 : 1))
  let n = 0
  const end = texts.findIndex(text => {
    n += text.n
    return n > tokens
  })
  // The first is kept however long it is.
  return end < 0 ? texts : texts.slice(0, Math.max(1, end))
}

type Gathered = { texts: Text[]; tokens: number; seed: string }
const [own, side] = [0, 1]

/** Learns from what `textOf` gives of each row. */
export function learning<O extends Options>(
  textOf: (record: Rec, options: O) => string,
): Pass<O, Gathered, Gathered & { part: number }, Models> {
  return {
    survey(records, options, at) {
      const { like, tokens } = options
      const part = at.side === undefined ? own : side
      if (like !== undefined && part === own) return new Map()
      const texts: Text[] = []
      for (const record of records) {
        const found = modelTokens(textOf(record, options))
        const { id } = record
        if (found.length > 0) texts.push({ id, place: unit(at.seed, id), tokens: found.join(' '), n: found.length })
      }
      return new Map([[part, { texts: within(texts, tokens), tokens, seed: at.seed }]])
    },
    merge: (a, b) => ({ ...a, texts: within(a.texts.concat(b.texts), a.tokens) }),
    decide: (part, gathered) => ({ part, ...gathered }),
    combine(parts, { like, order }) {
      const { texts, seed } = parts.find(({ part }) => part === (like === undefined ? own : side)) ?? {
        texts: [] as Text[],
        seed: '',
      }
      const of = (half?: 0 | 1) =>
        learn(
          texts
            .filter(({ id }) => half === undefined || halfOf(id, seed) === half)
            .map(({ tokens }) => tokens.split(' ')),
          order,
        )
      const n = texts.reduce((sum, text) => sum + text.n, 0)
      return like === undefined ? { of: n, halves: [of(0), of(1)] } : { of: n, one: of() }
    },
  }
}

/** How the built-in model is named in scores. */
export const learntMethod = ({ like, order }: Options): string =>
  `Kneser-Ney model of order ${order} learnt from ${like ?? 'the other half of the rows'}`

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** Quantiles of what was found, for people. */
export function spreadOf(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  return `median ${at(0.5).toPrecision(3)}, 90 % from ${at(0.05).toPrecision(3)} to ${at(0.95).toPrecision(3)}`
}
