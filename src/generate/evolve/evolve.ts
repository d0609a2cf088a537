import { z } from 'zod'
import { defineVerb, type Primitive } from '../../steps/index.ts'
import { gather, newest } from '../waves.ts'
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
  expand({ waves, keep, ...rewrite }) {
    const names = Array.from({ length: waves }, (_, i) => `w${i + 1}`)
    const steps = names.flatMap((name, i): Primitive[] => {
      const from = i === 0 ? '$in' : `${names[i - 1]}-newest`
      const last = i === waves - 1
      const next: Primitive = { as: `${name}-newest`, step: newest, options: {}, from: [from, name] }
      return [
        { as: name, step: evolveRewrite, options: { ...rewrite, wave: i + 1 }, from: [from] },
        ...(last && keep === 'all' ? [] : [last ? { ...next, as: '' } : next]),
      ]
    })
    return keep === 'last' ? steps : [...steps, { as: '', step: gather, options: {}, from: ['$in', ...names] }]
  },
})
