import { z } from 'zod'
import { defineVerb } from '../../steps/index.ts'
import { rounds } from '../waves.ts'
import { improve, improveShape } from './improve.ts'

const options = z.strictObject({
  ...improveShape,
  waves: z.int().min(1).max(20).default(3).describe('Rounds: each improves what the one before gave'),
  keep: z
    .enum(['all', 'last'])
    .default('all')
    .describe('The answers that came in and those of every round, or of each the last one alone'),
})
type EvolveAnswersOptions = z.output<typeof options>

/**
 * Evol-Quality (Liu et al. 2023): in every round an answer is rewritten so that it gains in one of five qualities. The
 * variants side by side are what a judge can tell good from better by.
 */
export const evolveAnswers = defineVerb<EvolveAnswersOptions>({
  verb: 'evolve-answers',
  about:
    'A teacher makes answers better in one quality at a time, round by round; what is no gain is eliminated by name.',
  options,
  takes: ['conversation'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/2312.15685',
  expand: ({ waves, keep, ...rewrite }, key) =>
    rounds(key, waves, keep, wave => ({ step: improve, options: { ...rewrite, wave } })),
})
