import { z } from 'zod'
import { defineVerb, type Primitive } from '../../steps/index.ts'
import { compareCases, cutCases, nearFarShape } from './check.ts'
import { findRegions, quotaShape, tellCoverage, timesShape } from './cover.ts'
import { regionShape } from './region.ts'
import { writeCases, writeShape } from './write.ts'

const options = z.strictObject({
  ...writeShape,
  held: z
    .string()
    .describe(
      'Source or step with real prompts that were held out (`holdout` with `give: held-out`); they are never shown',
    ),
  ...regionShape,
  ...quotaShape,
  ...timesShape,
  ...nearFarShape,
})
type EdgeCases = z.output<typeof options>

/**
 * Fills the regions of real prompts that have few rows. New ones are written after the real ones of their region, checked
 * against held-out real ones of their class, and stand beside the real rows; they replace none.
 */
export const edgeCases = defineVerb<EdgeCases>({
  verb: 'edge-cases',
  about:
    'Finds regions with few real prompts, has new ones written for them, and checks each against held-out real ones.',
  options,
  takes: ['prompt'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  side: ({ held }) => [{ name: 'held', from: held }],
  expand({ teacher, audience, prompt, held, by, lengths, floor, under, most, times, near, far }, key) {
    const region = { by, lengths }
    const quota = { ...(floor === undefined ? {} : { floor }), under, most }
    const steps: Primitive[] = [
      { as: 'find', step: findRegions, options: { ...region, ...quota, times } },
      { as: 'write', step: writeCases, options: { teacher, audience, ...(prompt ? { prompt } : {}), ...region } },
      { as: 'compare', step: compareCases, options: region, side: { held: [held], real: ['$in'] } },
      { as: 'cut', step: cutCases, options: { near, far, key } },
      {
        as: '',
        step: tellCoverage,
        options: { ...region, ...quota, score: `${key}/region` },
        from: ['$in', 'cut'],
        side: { made: ['cut'] },
      },
    ]
    return steps
  },
})
