import { z } from 'zod'
import { carriedOver, longestShared } from '../../measure/index.ts'
import type { Rec } from '../../records/index.ts'
import {
  type Ask,
  cutBelow,
  defineMap,
  defineVerb,
  fence,
  loadPrompt,
  type Primitive,
  type Pure,
  promptNotes,
} from '../../steps/index.ts'
import { identifyLanguage, plainText, weight } from '../../text/index.ts'
import { withoutThinking } from '../answer/index.ts'
import { ownShare } from '../kept.ts'
import { registerFacet, registerOption, registerWords } from '../register.ts'

const writeOptions = z.strictObject({
  teacher: z.string().describe('Teacher that writes the texts'),
  length: z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([least, most]) => least < most, 'the smaller number comes first')
    .default([0.4, 2.5])
    .describe('Shortest and longest result, as multiples of the document'),
  run: z
    .int()
    .min(2)
    .default(10)
    .describe('Words in a row, or characters in scripts without spaces, that may not be taken over'),
  register: registerOption,
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type WriteOptions = z.output<typeof writeOptions>

function request(record: Rec<'document'>, ctx: Pure<WriteOptions>): Ask {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const { register } = ctx.options
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./rewrite.${language}.md`, import.meta.url))
  return {
    ...prompt.ask({
      document: fence(record.text, 'document'),
      register: register && language === 'ja' ? `- 文体は${registerWords.ja[register]}にそろえます。` : '',
    }),
    task: { name: 'rewrite', input: { document: record.text, language: ctx.language } },
  }
}

const rounded = (value: number) => Math.round(value * 1e4) / 1e4

/**
 * What of the real text may still tell whose it was: the longest run of words taken over, the share of the text that stands
 * in no run, and what it carries over that has the form of a name or a number.
 */
const write = defineMap<WriteOptions, 'document', 'document'>({
  verb: 'rewrite-write',
  about: 'A teacher writes another text of the same kind, about somebody else.',
  version: 1,
  options: writeOptions,
  takes: ['document'],
  gives: ['document'],
  reasons: ['empty-text', 'too-short', 'too-long', 'other-language', 'copied-run'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'rewrite', ['en', 'ja'], prompt),
  teacher: ({ teacher }: WriteOptions) => teacher,
  prompt: request,
  parse(reply, record, { length: [least, most], run }) {
    const text = withoutThinking(reply).content
    const dropped = (reason: string, evidence?: object) =>
      ({ is: 'dropped', reason, evidence: { call: reply.call, ...evidence } }) as const
    if (text === '') return dropped('empty-text')
    const ratio = rounded(weight(text) / Math.max(1, weight(record.text)))
    if (ratio < least) return dropped('too-short', { ratio })
    if (ratio > most) return dropped('too-long', { ratio })
    const found = identifyLanguage(plainText(text))?.language
    if (record.language && found && found !== record.language.slice(0, 2)) return dropped('other-language', { found })
    const [shared] = longestShared([record.text], [text])
    if (shared!.words >= run) return dropped('copied-run', { words: shared!.words })
    const carried = carriedOver([record.text], [text])[0]!.length
    return {
      is: 'made',
      made: [
        {
          payload: { kind: 'document', text },
          index: 0,
          notes: {
            facets: registerFacet(text, record.language),
            ...(record.language ? { language: record.language } : {}),
            scores: {
              own: { method: 'share outside of copied runs', value: rounded(ownShare(text, record.text)) },
              changed: { method: '1 / (1 + names and numbers carried over)', value: rounded(1 / (1 + carried)) },
            },
          },
        },
      ],
    }
  },
})

const options = z.strictObject({
  ...writeOptions.shape,
  carried: z
    .int()
    .min(0)
    .default(1)
    .describe(
      'Most names and numbers of the real text that may stand in the new one; personal data is to be replaced before',
    ),
})

/**
 * Texts that stand in for real ones about people: the same matter, other particulars. It gives no guarantee: personal data is
 * replaced before (`personal-data`), and `stillroom privacy` looks for copies over the whole set afterwards.
 */
export const rewrite = defineVerb<z.output<typeof options>>({
  verb: 'rewrite',
  about: 'Writes texts that stand in for real ones about people: the same matter, other particulars, no copied run.',
  options,
  takes: ['document'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  source: 'Carlini et al. 2023, arXiv 2202.07646, for the length of runs',
  expand({ carried, ...writes }, key): Primitive[] {
    // One more than is allowed is below.
    const below = 1 / (1 + carried)
    return [
      { as: 'write', step: write, options: writes },
      { as: 'cut', step: cutBelow, options: { by: `${key}/changed`, below: rounded(below) } },
    ]
  },
})
