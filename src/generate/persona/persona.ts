import { z } from 'zod'
import { defineVerb, type Primitive } from '../../steps/index.ts'
import { registerOption } from '../register.ts'
import { distinct } from './distinct.ts'
import { find, findOptions } from './find.ts'
import { relate, relateOptions, relations } from './relate.ts'
import { write, writeOptions } from './write.ts'

export { relations }

const options = z.strictObject({
  ...findOptions.shape,
  hops: z.int().min(0).max(6).default(1).describe('How often personas lead to others; those of every hop are used'),
  relations: relateOptions.shape.relations,
  tasks: writeOptions.shape.tasks
    .optional()
    .describe(
      'What each persona writes, one prompt each, to be answered with `grounded: false`; without it the personas themselves come out, as rows',
    ),
  register: registerOption,
})

/**
 * Persona Hub: people found in texts, people who are related to them, and what all of them would ask. A persona is a row
 * with the column `persona`, so that it can be deduplicated, read from a file or released like any other row; what it
 * leads to carries it as a facet.
 */
export const persona = defineVerb<z.output<typeof options>>({
  verb: 'persona',
  about: 'Finds the people behind documents and those around them, and writes the prompts they would bring.',
  options,
  takes: ['document', 'row'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/2406.20094',
  expand({ teacher, personas, prompt, hops, relations, tasks, register }) {
    const steps: Primitive[] = [
      { as: 'find', step: find, options: { teacher, personas, ...(prompt === undefined ? {} : { prompt }) } },
    ]
    for (let hop = 1; hop <= hops; hop++)
      steps.push({ as: `hop-${hop}`, step: relate, options: { teacher, relations, hop } })
    steps.push({ as: 'distinct', step: distinct, options: {}, from: steps.map(({ as }) => as) })
    if (tasks) steps.push({ as: 'write', step: write, options: { teacher, tasks, ...(register ? { register } : {}) } })
    return steps
  },
})
