import { z } from 'zod'
import type { Rec, Score } from '../../records/index.ts'
import {
  cutBelow,
  cutShare,
  defineMap,
  defineVerb,
  type MapStep,
  type Primitive,
  type Verb,
} from '../../steps/index.ts'
import { detectLanguage, type Format, injection, plainText } from '../../text/index.ts'
import { quality } from './quality.ts'

const shape = { by: z.enum(['quality']).default('quality').describe('What is scored') }
const scoreOptions = z.strictObject(shape)

/** The format by the ending of the file that the text came from; Markdown where that is not told. */
function formatOf(record: Rec<'document'>): Format {
  const uri = record.uri ?? record.lineage.source?.uri ?? ''
  return /\.(?:rst|rest)\b/i.test(uri) ? 'rst' : /\.txt\b/i.test(uri) ? 'text' : 'markdown'
}

export const extractScore: MapStep<z.output<typeof scoreOptions>, 'document', 'document'> = defineMap<
  z.output<typeof scoreOptions>,
  'document',
  'document'
>({
  verb: 'extract-score',
  about: 'Scores each document by rules and flags text that tries to instruct a model.',
  version: 1,
  options: scoreOptions,
  takes: ['document'],
  gives: 'same',
  reasons: [],
  needs: { segmenter: true },
  source: 'Rae et al. 2021, arXiv 2112.11446, appendix A; Swallow corpus, arXiv 2404.17733',
  async run(record, ctx) {
    const format = formatOf(record)
    const language = record.language ?? detectLanguage(plainText(record.text, format)) ?? ctx.language
    const scores: { [aspect: string]: Score } = {}
    for (const [part, value] of Object.entries(quality(record.text, language, format))) {
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
    ...shape,
    keep: z.number().gt(0).max(1).optional().describe('Share of the documents to keep, best first'),
    min: z.number().min(0).max(1).optional().describe('Lowest quality that stays, from 0 to 1'),
  })
  .refine(o => o.keep === undefined || o.min === undefined, 'give either keep (a share) or min (a score)')

/** Seeds: the best documents by documented rules. Without `keep` or `min` it scores and keeps all. */
export const extract: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'extract',
  about: 'Keeps the best documents by quality: complete, explanatory prose without repetition or navigation.',
  options,
  takes: ['document'],
  source: 'Rae et al. 2021, arXiv 2112.11446, appendix A; Swallow corpus, arXiv 2404.17733',
  expand({ keep, min, by }, key) {
    const steps: Primitive[] = [{ as: 'score', step: extractScore, options: { by } }]
    if (keep !== undefined) steps.push({ as: 'cut', step: cutShare, options: { by: `${key}/${by}`, drop: 1 - keep } })
    if (min !== undefined) steps.push({ as: 'cut', step: cutBelow, options: { by: `${key}/${by}`, below: min } })
    return steps
  },
})
