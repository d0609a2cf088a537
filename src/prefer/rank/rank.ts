import { z } from 'zod'
import { defineVerb, type Verb } from '../../steps/index.ts'
import { balanceLengths, lengthShape } from './balance-lengths.ts'
import { pairShape, rankPairs } from './rank-pairs.ts'

const options = z.strictObject({
  ...pairShape,
  length: z
    .enum(['any', 'balanced'])
    .default('any')
    .describe(
      'balanced drops pairs of very unequal length until the chosen answer is not systematically the longer one',
    ),
  ...lengthShape,
})

/**
 * AI feedback: several answers to a prompt, scored before by `judge` or any other step, become pairs over a margin.
 * UltraFeedback averages aspects rather than trust one overall mark (Cui et al. 2023, arXiv 2310.01377).
 */
export const rank: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'rank',
  about:
    'Makes preference pairs out of several scored answers to one prompt: the better is chosen, the worse rejected.',
  options,
  takes: ['conversation'],
  needs: { scores: ['by'] },
  source: 'https://arxiv.org/abs/2310.01377, https://arxiv.org/abs/2310.16944',
  expand: ({ length, most, ...pairs }) => [
    { as: length === 'balanced' ? 'pairs' : '', step: rankPairs, options: pairs },
    ...(length === 'balanced' ? [{ as: 'lengths', step: balanceLengths, options: { most } }] : []),
  ],
})
