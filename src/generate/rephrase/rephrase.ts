import { z } from 'zod'
import type { Rec, Score } from '../../records/index.ts'
import {
  type Answer,
  type Ask,
  cutBelow,
  type Draft,
  defineMap,
  defineVerb,
  fence,
  type Lost,
  loadPrompt,
  type Primitive,
  type Pure,
  promptNotes,
} from '../../steps/index.ts'
import { identifyLanguage, plainText, registerOf, stylesOf, weight } from '../../text/index.ts'
import { withoutThinking } from '../answer/index.ts'
import { namesOf, numbersOf, ownShare, shareKept } from '../kept.ts'
import { registerFacet, registerOption, registerWords } from '../register.ts'
import { styles, styleWords } from './styles.ts'

const styleNames = Object.keys(styles)

const writeOptions = z.strictObject({
  teacher: z.string().describe('Teacher that rephrases'),
  styles: z
    .array(z.string().min(1))
    .min(1)
    .default(['wiki'])
    .describe(
      `Forms, each of which makes a document of its own: ${styleNames.join(', ')}, or a form in your own words`,
    ),
  length: z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([least, most]) => least < most, 'the smaller number comes first')
    .default([0.3, 3])
    .describe('Shortest and longest result, as multiples of the document'),
  register: registerOption,
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type WriteOptions = z.output<typeof writeOptions>

const asLanguage = (language: string) => (language.startsWith('ja') ? 'ja' : 'en')

function request(record: Rec<'document'>, style: string, ctx: Pure<WriteOptions>): Ask {
  const language = asLanguage(ctx.language)
  const { register } = ctx.options
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./rephrase.${language}.md`, import.meta.url))
  return {
    ...prompt.ask({
      document: fence(record.text, 'document'),
      title: record.title && fence(record.title, 'title'),
      style: styleWords(style, language),
      register: register && language === 'ja' ? `- 文体は${registerWords.ja[register]}にそろえます。` : '',
    }),
    task: { name: 'rephrase', input: { document: record.text, title: record.title, style, language: ctx.language } },
  }
}

/** Why a text is no version of the document in the form that was asked for, by name, with what shows it. */
function problemOf(text: string, record: Rec<'document'>, language: string, { length, register }: WriteOptions) {
  if (text === '') return { reason: 'empty-text' }
  const ratio = Math.round((100 * weight(text)) / Math.max(1, weight(record.text))) / 100
  if (ratio < length[0]) return { reason: 'too-short', evidence: { ratio } }
  if (ratio > length[1]) return { reason: 'too-long', evidence: { ratio } }
  const found = identifyLanguage(plainText(text))?.language
  if (found && found !== language.slice(0, 2)) return { reason: 'other-language', evidence: { found } }
  const own = language.startsWith('ja') && register ? registerOf(stylesOf(text)) : undefined
  return own && own !== register ? { reason: 'other-register', evidence: { found: own } } : undefined
}

const rounded = (value: number) => Math.round(value * 1e4) / 1e4

/** What of the document is left and what is new, as scores: shares from 0 to 1, absent where there is nothing to count. */
function keptScores(text: string, document: string): { [aspect: string]: Score } {
  const numbers = shareKept(numbersOf(document), numbersOf(text))
  const names = shareKept(namesOf(document), text.normalize('NFKC').toLowerCase())
  return {
    ...(numbers === undefined ? {} : { numbers: { method: 'share of the numbers kept', value: rounded(numbers) } }),
    ...(names === undefined ? {} : { names: { method: 'share of the names kept', value: rounded(names) } }),
    own: { method: 'share outside of copied runs', value: rounded(ownShare(text, document)) },
  }
}

/** One document a style; a style without a usable reply is lost by name. */
const write = defineMap<WriteOptions, 'document', 'document'>({
  verb: 'rephrase-write',
  about: 'A teacher writes a document again in other forms.',
  version: 1,
  options: writeOptions,
  takes: ['document'],
  gives: ['document'],
  reasons: [
    'empty-text',
    'too-short',
    'too-long',
    'other-language',
    'other-register',
    'refused',
    'truncated',
    'unparseable',
    'rejected',
  ],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'rephrase', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2401.16380',
  async run(record, ctx) {
    const { teacher, styles: wanted } = ctx.options
    const replies = await Promise.all(wanted.map(style => ctx.call(teacher, request(record, style, ctx))))
    const item = (answer: Answer, index: number): Draft<'document'> | Lost => {
      const { call, bad } = answer
      if (bad) return { index, reason: bad.reason, evidence: { call, detail: bad.detail } }
      const text = withoutThinking(answer).content
      const problem = problemOf(text, record, ctx.language, ctx.options)
      if (problem)
        return { index, reason: problem.reason, evidence: { call, style: wanted[index]!, ...problem.evidence } }
      return {
        payload: { kind: 'document', text, ...(record.title ? { title: record.title } : {}) },
        index,
        key: wanted[index]!,
        calls: [call],
        notes: {
          facets: { style: wanted[index]!, ...registerFacet(text, record.language) },
          scores: keptScores(text, record.text),
        },
      }
    }
    const items = replies.map(item)
    return {
      is: 'made',
      made: items.filter(one => 'payload' in one),
      lost: items.filter(one => 'reason' in one),
    }
  },
})

const share = (about: string) => z.number().min(0).max(1).optional().describe(about)
const options = z.strictObject({
  ...writeOptions.shape,
  numbers: z.number().min(0).max(1).default(0.8).describe('Lowest share of the numbers that must be kept; 0 keeps all'),
  names: share('Lowest share of the names that must be kept'),
  own: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe('Lowest share of the words that must not stand in runs copied from the document; 0 keeps all'),
})

/** Rephrasing (WRAP): the same content in other forms, held to its numbers and names, and no copy. */
export const rephrase = defineVerb<z.output<typeof options>>({
  verb: 'rephrase',
  about: 'Writes documents again in other forms, keeping their facts and not their wording.',
  options,
  takes: ['document'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/2401.16380',
  expand({ numbers, names, own, ...writes }, key) {
    const cuts = Object.entries({ numbers, names, own }).flatMap(([aspect, below]): Primitive[] =>
      below === undefined || below === 0
        ? []
        : [{ as: aspect, step: cutBelow, options: { by: `${key}/${aspect}`, below, unscored: 'keep' } }],
    )
    return [{ as: 'write', step: write, options: writes }, ...cuts]
  },
})
