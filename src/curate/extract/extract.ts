import { z } from 'zod'
import type { Score } from '../../records/index.ts'
import {
  cutBelow,
  cutShare,
  defineMap,
  defineVerb,
  type MapStep,
  type Primitive,
  type Verb,
} from '../../steps/index.ts'
import { detectLanguage, injection, plainText, textFormat } from '../../text/index.ts'
import { excerpt } from '../excerpt.ts'
import { quality } from './quality.ts'

const scoreOptions = z.strictObject({ by: z.enum(['quality']).default('quality').describe('What is scored') })

/** Characters of a text that are scored: of a longer one its beginning, middle and end, which are enough to judge it by. */
const most = 200_000

export const extractScore: MapStep<z.output<typeof scoreOptions>, 'document', 'document'> = defineMap<
  z.output<typeof scoreOptions>,
  'document',
  'document'
>({
  verb: 'extract-score',
  about: 'Scores each document by rules and flags text that tries to instruct a model.',
  version: 3,
  options: scoreOptions,
  takes: ['document'],
  gives: 'same',
  reasons: [],
  needs: { segmenter: true },
  source: 'Rae et al. 2021, arXiv 2112.11446, appendix A; Swallow corpus, arXiv 2404.17733',
  async run(record, ctx) {
    const format = textFormat(record)
    const text = excerpt(record.text, most)
    const language = record.language ?? detectLanguage(plainText(text, format)) ?? ctx.language
    const scores: { [aspect: string]: Score } = {}
    for (const [part, value] of Object.entries(quality(text, language, format))) {
      scores[part] = { method: 'rules', value: Math.round(value * 1e4) / 1e4 }
    }
    const phrase = injection(record.text)
    return {
      is: 'passed',
      notes: {
        scores,
        ...(record.language ? {} : { language }),
        ...(phrase ? { facets: { injection: phrase.slice(0, 120) } } : {}),
      },
    }
  },
})

const options = z
  .strictObject({
    by: z
      .string()
      .min(1)
      .default('quality')
      .describe('`quality`, which is scored here by rules; or an earlier step that scored, such as a classifier'),
    keep: z.number().gt(0).max(1).optional().describe('Share of the documents to keep, best first'),
    min: z.number().optional().describe('Lowest score that stays: of the quality from 0 to 1'),
  })
  .refine(o => o.keep === undefined || o.min === undefined, 'give either keep (a share) or min (a score)')
  .refine(
    o => o.by === 'quality' || o.keep !== undefined || o.min !== undefined,
    'the score of another step only cuts: give keep (a share) or min (a score)',
  )
  .refine(o => o.by !== 'quality' || (o.min ?? 0) <= 1, 'quality goes from 0 to 1')

/**
 * Seeds: the best documents by documented rules, or by the score of an earlier step. Without `keep` or `min` it scores by
 * the rules and keeps all.
 */
export const extract: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'extract',
  about:
    'Keeps the best documents: by quality, which is complete, explanatory prose without repetition or navigation, or by the score of an earlier step.',
  options,
  takes: ['document'],
  source: 'Rae et al. 2021, arXiv 2112.11446, appendix A; Swallow corpus, arXiv 2404.17733',
  expand({ keep, min, by }, key) {
    const own = by === 'quality'
    const score = own ? `${key}/${by}` : by.includes('/') ? by : `${by}/score`
    const steps: Primitive[] = own ? [{ as: 'score', step: extractScore, options: { by } }] : []
    if (keep !== undefined) steps.push({ as: 'cut', step: cutShare, options: { by: score, drop: 1 - keep } })
    if (min !== undefined) steps.push({ as: 'cut', step: cutBelow, options: { by: score, below: min } })
    return steps
  },
})
