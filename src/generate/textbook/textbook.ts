import { z } from 'zod'
import { defineVerb, type Primitive, type Step, type Verb } from '../../steps/index.ts'
import { chosenCells, loadCells } from './cells.ts'
import { coverage, gate } from './coverage.ts'
import { documentSeeds, topicSeeds } from './seeds.ts'
import { mostWaves, textbookWrite, writeShape } from './write.ts'

const names = (what: string) =>
  z.array(z.string().min(1)).min(1).optional().describe(`${what}; default all of the cells`)
const options = z.strictObject({
  ...writeShape,
  audiences: names('Audiences: child, high-school, college, practitioner, or those of your own cells'),
  styles: names('Styles: textbook, how-to, story, or those of your own cells'),
  topics: z.array(z.string().min(1)).min(1).optional().describe('Topics to write about instead of documents'),
  extracts: z.int().min(1).default(1).describe('Extracts of a document, or pieces of a topic in each cell'),
  pieces: z.int().min(1).optional().describe('Cells that are asked for with each extract; default all'),
  near: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe('Jaccard similarity of shingles from which two pieces are near-duplicates'),
  duplicates: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('Share of missing pieces, near-duplicates among them, from which on no further wave is asked'),
  waves: z.int().min(1).max(mostWaves).default(4).describe('How often a piece is asked for at most'),
})
export type TextbookOptions = z.infer<typeof options>

/**
 * Textbook-like text over a matrix of audiences and styles (phi-1, Gunasekar et al., arXiv:2306.11644; Cosmopedia). Each
 * wave writes the pieces that are missing and drops those that are near to one that stands; the next asks for these with
 * another extract and another draw. `near` is the step that finds near-duplicates, handed in by the list of steps.
 */
export const textbook = (near: Step): Verb<TextbookOptions> =>
  defineVerb<TextbookOptions>({
    verb: 'textbook',
    about:
      'A teacher writes learning material for every audience and style, from extracts of documents or from topics, and again where pieces are near-duplicates.',
    options,
    takes: ['document'],
    alone: ({ topics }) => topics !== undefined,
    needs: { teachers: ['teacher'], files: ['cells', 'prompt'] },
    source: 'https://arxiv.org/abs/2306.11644',
    expand({ audiences, styles, topics, extracts, pieces, near: similarity, duplicates, waves, ...write }) {
      const cells = chosenCells(loadCells(write.cells, 'en'), audiences, styles).map(({ audience, style }) => ({
        audience,
        style,
      }))
      const seeds = { cells, extracts, ...(pieces ? { pieces } : {}) }
      const steps: Primitive[] = [
        topics
          ? { as: 'cells', step: topicSeeds, options: { ...seeds, topics } }
          : { as: 'cells', step: documentSeeds, options: seeds },
      ]
      const written: string[] = []
      const kept: string[] = []
      for (let wave = 1; wave <= waves; wave++) {
        const [ask, from, left] = [`wave-${wave}-gate`, `wave-${wave}`, `wave-${wave}-near`]
        const earlier = kept.length > 0 ? { side: { earlier: [...kept] } } : {}
        if (wave > 1)
          steps.push({ as: ask, step: gate, options: { duplicates }, from: ['cells'], side: { kept: [...kept] } })
        const against = kept.length > 0 ? ['earlier'] : []
        steps.push(
          { as: from, step: textbookWrite, options: { ...write, wave }, from: [wave > 1 ? ask : 'cells'] },
          { as: left, step: near, options: { near: similarity, against }, from: [from], ...earlier },
        )
        written.push(from)
        kept.push(left)
      }
      steps.push({ as: '', step: coverage, options: { cells }, from: kept, side: { cells: ['cells'], written } })
      return steps
    },
  })
