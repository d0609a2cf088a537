import { z } from 'zod'
import { defineFilter, defineVerb } from '../../steps/index.ts'
import { plantedKinds } from './carrier.ts'
import { drawCanaries, drawOptions } from './draw.ts'
import { plant } from './plant.ts'

const options = z.strictObject({
  ...drawOptions.shape,
  kind: z.enum(plantedKinds).default('document').describe('Kind of the records'),
})

/** Where the copies come to the rows, which are as they were. */
const join = defineFilter({
  verb: 'canaries-join',
  about: 'Puts the planted copies beside the rows.',
  version: 1,
  options: z.strictObject({}),
  takes: plantedKinds,
  gives: 'same',
  reasons: [],
  test: () => ({ is: 'passed' }),
})

/**
 * Plants made-up secrets among what synthetic texts are made from: what comes out again was copied, not understood. The rows
 * themselves stay as they are; copies get the secrets, seeded by recipe, step and record ids. A facet `canary` marks each
 * copy and all that is made of it, so that `canary-check` keeps them out of the release. It stands right before what
 * writes: `personal-data` and `dedupe` take secrets and copies out, and copies have no scores.
 */
export const canaries = defineVerb<z.output<typeof options>>({
  verb: 'canaries',
  about: 'Plants made-up secrets in copies of rows, to find out whether what is made of them repeats them.',
  options,
  takes: plantedKinds,
  source: 'Carlini et al. 2019, arXiv 1802.08232',
  expand: ({ kind, ...draws }) => [
    { as: 'draw', step: drawCanaries, options: draws },
    { as: 'plant', step: plant[kind], options: {} },
    { as: '', step: join, options: {}, from: ['$in', 'plant'] },
  ],
})
