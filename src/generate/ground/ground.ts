import { z } from 'zod'
import { cutBelow, defineVerb } from '../../steps/index.ts'
import { groundWrite, writeShape } from './write.ts'

const options = z.strictObject({
  ...writeShape,
  support: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Smallest share of the sentences that must stand on the document'),
})
export type GroundOptions = z.infer<typeof options>

/**
 * Answers that cite the document they were written from: sentences without words of it behind them are taken out, and
 * answers of which too little stays are dropped.
 */
export const ground = defineVerb<GroundOptions>({
  verb: 'ground',
  about:
    'A teacher answers each prompt from its document and cites it; sentences that do not stand on it are taken out.',
  options,
  takes: ['prompt'],
  needs: { teachers: ['teacher', 'entailment'], files: ['prompt', 'entailment-prompt'], ancestors: ['document'] },
  expand: ({ support, ...write }, key) => [
    { as: 'write', step: groundWrite, options: write },
    { as: 'cut', step: cutBelow, options: { by: `${key}/support`, below: support } },
  ],
})
