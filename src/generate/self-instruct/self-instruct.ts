import { z } from 'zod'
import { defineVerb, type Primitive } from '../../steps/index.ts'
import { novelty, noveltyShape } from '../novelty/novelty.ts'
import { enough, gather } from '../waves.ts'
import { selfInstructWrite, writeShape } from './write.ts'

const options = z.strictObject({
  ...writeShape,
  target: z.int().min(1).describe('New prompts after which no further wave asks'),
  waves: z
    .int()
    .min(1)
    .max(50)
    .default(5)
    .describe('Waves at most; each shows and asks with what the earlier ones gave'),
  calls: z
    .int()
    .min(1)
    .default(4)
    .describe('Calls of one wave at most, for each seed: a wave asks with seeds and with what has grown from them'),
  novelty: noveltyShape.below.describe(
    'A new prompt is kept if its ROUGE-L F1 with every seed and every kept one is under this value',
  ),
  units: noveltyShape.units,
})
type SelfInstructOptions = z.output<typeof options>

/**
 * Self-Instruct (Wang et al. 2022): a pool of seeds grows in waves. A wave asks once with each prompt of the pool, as far
 * as the target needs it; what is like a member of the pool, or like an earlier prompt of the wave by id, goes.
 */
export const selfInstruct = defineVerb<SelfInstructOptions>({
  verb: 'self-instruct',
  about: 'A teacher invents new prompts from seed prompts, wave by wave, and only those unlike all others are kept.',
  options,
  takes: ['prompt'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/2212.10560',
  expand({ target, waves, calls, novelty: below, units, ...write }, key) {
    const names = Array.from({ length: waves }, (_, i) => `w${i + 1}`)
    const steps = names.flatMap((name, i): Primitive[] => {
      const kept = names.slice(0, i)
      // Where no earlier prompt is to be shown, none asks.
      const pool = write.generated > 0 ? ['$in', ...kept] : ['$in']
      const asked = kept.map(one => `${one}-input`)
      return [
        {
          as: `${name}-input`,
          step: enough,
          options: { target, each: write['per-call'], calls, grown: `${key}.w` },
          from: pool,
          side: i === 0 ? {} : { kept, asked },
        },
        {
          as: `${name}-ask`,
          step: selfInstructWrite,
          options: { ...write, wave: i + 1 },
          side: { seeds: ['$in'], ...(i === 0 ? {} : { grown: kept }) },
        },
        { as: name, step: novelty, options: { below, units }, side: { seeds: ['$in'], ...(i === 0 ? {} : { kept }) } },
      ]
    })
    return [...steps, { as: '', step: gather, options: {}, from: names }]
  },
})
