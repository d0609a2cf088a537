import { z } from 'zod'
import { defineVerb } from '../../steps/index.ts'
import { registerOption } from '../register.ts'
import { check, checkOptions, dress } from './check.ts'
import { compare, plan } from './plan.ts'
import { write, writeOptions } from './write.ts'

const options = z.strictObject({
  ...writeOptions.shape,
  variants: z.int().min(1).max(20).default(2).describe('New queries for each real one'),
  like: z.string().optional().describe('Source or step whose queries are measured; default the input itself'),
  slips: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Share of the new queries with a slip of writing; default what is measured in English ones'),
  register: registerOption,
  ...checkOptions.shape,
})

/**
 * Queries that are written as people write: how real ones vary is measured, all traits together, and each new one is asked
 * for in a manner drawn from that. What a rule can do (case, last mark, slips) a rule does; what a model got wrong is
 * dropped by name.
 */
export const fromQueries = defineVerb<z.output<typeof options>>({
  verb: 'from-queries',
  about: 'Writes queries after real ones, as short, hasty, polite and misspelt as people write.',
  options,
  takes: ['prompt'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  side: ({ like }) => (like ? [{ name: 'pool', from: like }] : []),
  expand({ variants, like, slips, register, hold, ...writes }) {
    const side = { pool: [like ?? '$in'] }
    return [
      {
        as: 'plan',
        step: plan,
        options: { variants, ...(slips === undefined ? {} : { slips }), ...(register ? { register } : {}) },
        side,
      },
      { as: 'write', step: write, options: writes, side },
      { as: 'check', step: check, options: { hold } },
      { as: 'dress', step: dress, options: {} },
      { as: 'compare', step: compare, options: {}, side },
    ]
  },
})
