import { z } from 'zod'
import { defineVerb } from '../../steps/index.ts'
import { rounds } from '../waves.ts'
import { evolveRewrite, rewriteShape } from './rewrite.ts'

const options = z.strictObject({
  ...rewriteShape,
  waves: z.int().min(1).max(20).default(4).describe('Rounds: each evolves what the one before gave'),
  keep: z
    .enum(['all', 'last'])
    .default('all')
    .describe('The prompts that came in and those of every round, or of each the last one alone'),
})
type EvolveOptions = z.output<typeof options>

/**
 * Evol-Instruct (Xu et al. 2023): in every round a prompt is made harder by one of five operators, or gives rise to a new
 * one of the same domain. A prompt whose evolution is eliminated stays as it is and is tried again in the next round.
 */
export const evolve = defineVerb<EvolveOptions>({
  verb: 'evolve',
  about: 'A teacher makes prompts harder or broader, round by round; what is no evolution is eliminated by name.',
  options,
  takes: ['prompt'],
  needs: { teachers: ['teacher', 'referee', 'solver'], files: ['prompt', 'breadth-prompt'] },
  source: 'https://arxiv.org/abs/2304.12244',
  expand: ({ waves, keep, ...rewrite }, key) =>
    rounds(key, waves, keep, wave => ({ step: evolveRewrite, options: { ...rewrite, wave } })),
})
