import { z } from 'zod'
import { kinds } from '../../records/index.ts'
import { defineFilter, defineMap, defineVerb, type FilterStep, type MapStep, type Verb } from '../../steps/index.ts'
import { contentOf, sides } from '../content.ts'

const of = z
  .enum(['completion', 'prompt', 'conversation', 'document'])
  .optional()
  .describe('What is counted; default the answer, or the whole text of a document, row or prompt')
const bounds = {
  min: z.number().int().min(0).optional().describe('Fewest tokens that stay'),
  max: z.number().int().positive().optional().describe('Most tokens that stay'),
}

const tokensOptions = z.strictObject({ of })
/** Counts tokens into `facets.tokens` with the recipe's tokenizer. */
export const tokens: MapStep = defineMap({
  verb: 'tokens',
  about: "Counts a row's tokens with the recipe's tokenizer.",
  version: 1,
  options: tokensOptions,
  takes: kinds,
  gives: 'same',
  reasons: [],
  async run(record, ctx) {
    const [asked, answered] = sides(record)
    const { of: part } = ctx.options
    const text =
      part === 'prompt'
        ? asked
        : part === 'conversation' || part === 'document'
          ? contentOf(record, 'all')
          : record.kind === 'prompt'
            ? asked
            : answered
    return { is: 'passed', notes: { facets: { tokens: ctx.tokens(text), tokenizer: ctx.tokenizer } } }
  },
})

const cutOptions = z.strictObject(bounds)
/** A threshold of its own over `facets.tokens`, so that other bounds recount nothing. */
export const cutTokens: FilterStep<z.output<typeof cutOptions>> = defineFilter({
  verb: 'cut-tokens',
  about: 'Drops rows outside a number of tokens.',
  version: 1,
  options: cutOptions,
  takes: kinds,
  gives: 'same',
  reasons: ['too-short', 'too-long', 'uncounted'],
  test(record, { min, max }) {
    const count = record.facets.tokens
    if (count === undefined) return { is: 'dropped', reason: 'uncounted' }
    if (min !== undefined && count < min)
      return { is: 'dropped', reason: 'too-short', evidence: { tokens: count, min } }
    if (max !== undefined && count > max) return { is: 'dropped', reason: 'too-long', evidence: { tokens: count, max } }
    return { is: 'passed' }
  },
})

const options = z.strictObject({ of, ...bounds })
export const length: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'length',
  about: 'Keeps rows between two numbers of tokens.',
  options,
  takes: kinds,
  expand: ({ of, min, max }) => [
    { as: 'tokens', step: tokens, options: { of } },
    { as: 'cut-tokens', step: cutTokens, options: { min, max } },
  ],
})
