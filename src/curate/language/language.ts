import { z } from 'zod'
import { kinds, type Rec } from '../../records/index.ts'
import {
  cutBelow,
  defineFilter,
  defineMap,
  defineVerb,
  type FilterStep,
  type MapStep,
  type Primitive,
  type Verb,
} from '../../steps/index.ts'
import { identifyLanguage, plainText } from '../../text/index.ts'
import { contentOf, type Part, parts } from '../content.ts'

const of = z
  .enum(parts)
  .default('all')
  .describe('What is read: the question, the answer, or all of it; a document or a row is read whole')

/** Enough of a long text, from four places of it; the rest would cost its structure being read for nothing. */
const most = 24_000
function proseOf(record: Rec, part: Part): string {
  const text = contentOf(record, part) || contentOf(record, 'all')
  if (text.length <= most) return plainText(text)
  const slice = most / 4
  const places = [0, 1, 2, 3].map(i => Math.floor((i * (text.length - slice)) / 3))
  return places.map(at => plainText(text.slice(at, at + slice))).join('\n\n')
}

const identifyOptions = z.strictObject({ of })
/** Notes the language of a text and how sure that is, or that it cannot be told. */
export const identify: MapStep<z.output<typeof identifyOptions>> = defineMap<
  z.output<typeof identifyOptions>,
  never,
  never
>({
  verb: 'identify-language',
  about: 'Notes the language a row is written in and how sure that is; abstains on short and mixed text.',
  version: 1,
  options: identifyOptions,
  takes: kinds,
  gives: 'same',
  reasons: [],
  async run(record, ctx) {
    const found = identifyLanguage(proseOf(record, ctx.options.of))
    const method = 'script, and eld for shared ones'
    if (!found) return { is: 'passed', notes: { scores: { confidence: { method, unscored: 'abstained' } } } }
    return {
      is: 'passed',
      notes: { language: found.language, scores: { confidence: { method, value: found.confidence } } },
    }
  },
})

const keepOptions = z.strictObject({
  languages: z.array(z.string().min(2)).min(1).describe('ISO 639-1 codes of the languages that stay'),
  by: z.string().describe('Stored score, written as <step key>/<aspect>'),
})
/** Drops rows in other languages; one whose language is not known is left to the cut over its score. */
export const keepLanguages: FilterStep<z.output<typeof keepOptions>> = defineFilter({
  verb: 'keep-languages',
  about: 'Drops rows in other languages than those named.',
  version: 1,
  options: keepOptions,
  takes: kinds,
  gives: 'same',
  reasons: ['other-language'],
  test(record, { languages, by }) {
    const score = record.scores[by]
    if (!score || !('value' in score) || (record.language !== undefined && languages.includes(record.language)))
      return { is: 'passed' }
    return { is: 'dropped', reason: 'other-language', evidence: { language: record.language, confidence: score.value } }
  },
})

const options = z.strictObject({
  keep: z
    .array(z.string().regex(/^[a-z]{2,3}$/, 'a code such as en or ja'))
    .min(1)
    .optional()
    .describe('ISO 639-1 codes of the languages that stay; default all'),
  confidence: z.number().min(0).max(1).default(0.65).describe('Rows less sure than this are dropped'),
  abstained: z
    .enum(['drop', 'keep'])
    .default('drop')
    .describe('What happens to rows too short or too mixed to tell; keep them where rows are short questions'),
  of,
})

export const language: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'language',
  about: 'Notes the language of each row with its confidence, and keeps the named languages.',
  options,
  takes: kinds,
  expand({ keep, confidence, abstained, of }, key) {
    const by = `${key}/confidence`
    const steps: Primitive[] = [{ as: 'identify', step: identify, options: { of } }]
    if (keep) steps.push({ as: 'keep', step: keepLanguages, options: { languages: keep, by } })
    steps.push({ as: 'cut', step: cutBelow, options: { by, below: confidence, unscored: abstained } })
    return steps
  },
})
