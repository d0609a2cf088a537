import { z } from 'zod'
import { defineVerb, type Primitive } from '../../steps/index.ts'
import { coverage, fill, fillOptions, short } from './fill.ts'
import { chooseRoots, divide, findRoot, givenRoots, treeOptions } from './tree.ts'

const options = z.strictObject({
  ...treeOptions.shape,
  subjects: z
    .array(z.string().trim().min(1))
    .min(1)
    .optional()
    .describe('Roots of the tree; without them they are found in the documents'),
  roots: z.int().min(1).max(200).default(12).describe('Most roots that are found in the documents'),
  depth: z.int().min(1).max(5).default(2).describe('How often subjects are divided; the last parts are the leaves'),
  ...fillOptions.shape,
  waves: z
    .int()
    .min(1)
    .max(5)
    .default(2)
    .describe('How often leaves under their quota are asked again, the first time included'),
})

/**
 * A tree of subjects, level by level, and a quota of prompts for each leaf, so that nothing is forgotten and nothing
 * crowds out the rest. Every question to the teacher stands beside a real text: that of the document in which a root was
 * found, else the one that bears on the subject most.
 */
export const syllabus = defineVerb<z.output<typeof options>>({
  verb: 'syllabus',
  about:
    'Grows a tree of subjects beside real documents, fills each leaf with its quota of prompts and tells the gaps.',
  options,
  takes: ['document'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/2402.13064',
  expand({ subjects, roots, teacher, breadth, depth, waves, ...fills }) {
    const side = { extracts: ['$in'] }
    const steps: Primitive[] = subjects
      ? [{ as: 'roots', step: givenRoots, options: { subjects } }]
      : [
          { as: 'find', step: findRoot, options: { teacher } },
          { as: 'roots', step: chooseRoots, options: { roots } },
        ]
    for (let level = 1; level <= depth; level++)
      steps.push({ as: `level-${level}`, step: divide, options: { teacher, breadth }, side })
    const leaves = `level-${depth}`
    const written: string[] = []
    for (let wave = 1; wave <= waves; wave++) {
      if (wave > 1) {
        const quota = { count: fills.count }
        steps.push({
          as: `short-${wave}`,
          step: short,
          options: quota,
          from: [leaves],
          side: { prompts: [...written] },
        })
      }
      const from = wave > 1 ? `short-${wave}` : leaves
      steps.push({ as: `fill-${wave}`, step: fill, options: { teacher, ...fills, wave }, from: [from], side })
      written.push(`fill-${wave}`)
    }
    steps.push({
      as: 'coverage',
      step: coverage,
      options: { count: fills.count },
      from: written,
      side: { leaves: [leaves] },
    })
    return steps
  },
})
