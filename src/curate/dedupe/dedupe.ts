import { z } from 'zod'
import { kinds } from '../../records/index.ts'
import { cutBelow, defineVerb, type Primitive, type Verb } from '../../steps/index.ts'
import { semanticShape, semanticSteps } from '../semantic/semantic.ts'
import { vectorShape } from '../vectors/vectors.ts'
import { dedupeExact } from './exact.ts'
import { dedupeNear, nearShape } from './near.ts'
import { dedupeLines, dedupeParagraphs, passageShape } from './passages.ts'
import { dedupeSubstring } from './substring.ts'
import { shape, sideInputs, sides } from './survivors.ts'

const { near, shingle, bands, rows } = nearShape
const passages = (what: string, where = '') =>
  z
    .union([
      z.boolean(),
      z.strictObject({
        ...passageShape,
        own: z
          .number()
          .gt(0)
          .max(1)
          .optional()
          .describe('Documents of which less than this share is their own are dropped'),
      }),
    ])
    .default(false)
    .describe(
      `${what} that stand in several documents: true cuts them out of all but the first; or { action, seen, min, own }${where}`,
    )

const options = z
  .strictObject({
    ...shape,
    exact: z
      .boolean()
      .default(true)
      .describe('Drop rows that are equal but for case, width, punctuation and white space'),
    near: z
      .union([near.unwrap(), z.literal(false)])
      .default(0.8)
      .describe(`${near.description}; false for none`),
    shingle,
    bands,
    rows,
    semantic: z
      .union([semanticShape.semantic.unwrap(), z.literal(false)])
      .default(false)
      .describe(
        `${semanticShape.semantic.unwrap().description ?? semanticShape.semantic.description}; 0.9 is a good start, and more for learnt vectors of a set of several languages, whose rarer ones they tell apart less well`,
      ),
    ...vectorShape,
    paragraphs: passages('Paragraphs'),
    lines: passages('Lines', '; where lines are wrapped, paragraphs are the better choice'),
    substring: z
      .union([z.boolean(), dedupeSubstring.options])
      .default(false)
      .describe(
        'Spans of 100 words or more that stand at several places: true cuts all but the first; or { tokens, characters, action }',
      ),
  })
  .refine(o => (o.bands === undefined) === (o.rows === undefined), 'give bands and rows together, or neither')
  .refine(
    o => o.exact || o.near || o.semantic || o.paragraphs || o.lines || o.substring,
    'switch on one kind of copies at least',
  )

/** Whole rows first, from equal ones to near ones, then passages in what is left: what is gone needs no cutting. */
export const dedupe: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'dedupe',
  about:
    'Drops exact and near copies and rows of the same meaning, and cuts repeated passages; the row that stays names those it stands for.',
  options,
  takes: kinds,
  needs: { teachers: ['teacher'], embeds: true, steps: ['vectors'] },
  side: sides,
  expand(
    { exact, near, shingle, bands, rows, semantic, vectors, teacher, paragraphs, lines, substring, ...common },
    key,
  ) {
    const { prefer, against } = common
    const side = sideInputs(common)
    const steps: Primitive[] = []
    if (exact) steps.push({ as: 'exact', step: dedupeExact, options: common, side })
    if (near !== false) {
      const limits = { near, shingle, ...(bands && rows ? { bands, rows } : {}) }
      steps.push({ as: 'near', step: dedupeNear, options: { ...common, ...limits }, side })
    }
    if (semantic !== false) steps.push(...semanticSteps({ ...common, semantic, vectors, teacher }, key))
    const levels = [
      ['paragraphs', dedupeParagraphs, paragraphs],
      ['lines', dedupeLines, lines],
    ] as const
    for (const [as, step, asked] of levels) {
      if (asked === false) continue
      const { own, ...limits } = asked === true ? { own: undefined } : asked
      steps.push({ as, step, options: { prefer, against, ...limits }, side })
      // A document that nothing was cut out of has no score and is all its own.
      const below = { by: `${key}/own-${as}`, below: own, unscored: 'keep' }
      if (own !== undefined) steps.push({ as: `own-${as}`, step: cutBelow, options: below })
    }
    if (substring !== false)
      steps.push({ as: 'substring', step: dedupeSubstring, options: substring === true ? {} : substring })
    return steps
  },
})
