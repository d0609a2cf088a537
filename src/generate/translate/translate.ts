import { z } from 'zod'
import { chrf } from '../../measure/index.ts'
import type { Payload, Rec, Score } from '../../records/index.ts'
import {
  type Ctx,
  cutBelow,
  type Dropped,
  defineMap,
  defineVerb,
  fence,
  loadPrompt,
  type MapStep,
  type Primitive,
  promptNotes,
} from '../../steps/index.ts'
import { registerOf, stylesOf } from '../../text/index.ts'
import { withoutThinking } from '../answer/index.ts'
import { numbersOf, shareKept } from '../kept.ts'
import { registerFacet, registerOption, registerWords } from '../register.ts'
import { isWordless, type Language, languageOf, problemOf } from './check.ts'

const kinds = ['document', 'prompt', 'conversation'] as const
type Translated = (typeof kinds)[number]

const writeOptions = z.strictObject({
  teacher: z.string().describe('Teacher that translates'),
  to: z.enum(['ja', 'en']).describe('Language to translate into'),
  length: z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([least, most]) => least < most, 'the smaller number comes first')
    .default([0.4, 2.5])
    .describe('Shortest and longest translation, as multiples of the words (three characters of Japanese are one)'),
  register: registerOption,
  back: z.string().optional().describe('Teacher that translates back; how much of the original returns is stored'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type WriteOptions = z.output<typeof writeOptions>

/** Kinds of verifier that hold no words: numbers, formulas and programs are right in either language. */
const wordless = ['number', 'maths', 'code']

/** The texts of a record in order, and the record with others in their place. */
function textsOf(record: Rec<Translated>): { texts: string[]; put(texts: string[]): Payload<Translated> } {
  if (record.kind === 'document') {
    const { kind, title, uri } = record
    return {
      texts: [record.text, ...(title ? [title] : [])],
      put: ([text, name]) => ({ kind, text: text!, ...(name ? { title: name } : {}), ...(uri ? { uri } : {}) }),
    }
  }
  const spoken = record.messages.filter(({ content }) => content?.trim())
  const { reference, verifier } = record
  return {
    texts: [...spoken.map(({ content }) => content!), ...(reference ? [reference] : [])],
    put(texts) {
      let at = 0
      // Reasoning is left out: in the other language it would be another train of thought.
      const messages = record.messages.map(({ reasoning: _, ...message }) =>
        message.content?.trim() ? { ...message, content: texts[at++]! } : message,
      )
      return {
        kind: record.kind,
        messages,
        ...(reference ? { reference: texts.at(-1)! } : {}),
        // Any other would hold the words of the original against an answer in the other language.
        ...(verifier && wordless.includes(verifier.kind) ? { verifier } : {}),
        ...(record.tools ? { tools: record.tools } : {}),
      }
    },
  }
}

/** Asks for one text in another language; the text before it is shown, since words such as "it" rest on it. */
async function ask(text: string, before: string | undefined, to: Language, teacher: string, ctx: Ctx<WriteOptions>) {
  const { register, prompt: own } = ctx.options
  const prompt = loadPrompt(own ?? new URL(`./translate.${to}.md`, import.meta.url))
  return await ctx.call(teacher, {
    ...prompt.ask({
      before: before && fence(before.slice(-2000), 'before'),
      text: fence(text, 'text'),
      language: to === 'ja' ? '日本語' : 'English',
      register: register && to === 'ja' ? `- 文体は${registerWords.ja[register]}にそろえます。` : '',
    }),
    task: { name: 'translate', input: { text, to } },
  })
}

type Translation = { texts: string[]; calls: string[] }

/** A step for each kind: what comes out is of the kind that went in. */
function translator<K extends Translated>(kind: K): MapStep<WriteOptions, K, K> {
  return defineMap<WriteOptions, K, K>({
    verb: `translate-${kind}`,
    about: `A teacher translates each ${kind} into another language.`,
    version: 1,
    options: writeOptions,
    takes: [kind],
    gives: [kind],
    reasons: [
      'tool-calls',
      'nothing-to-translate',
      'same-language',
      'empty-text',
      'code-changed',
      'placeholder-changed',
      'other-language',
      'other-register',
      'too-short',
      'too-long',
      'refused',
      'truncated',
      'unparseable',
      'rejected',
    ],
    needs: { teachers: ['teacher', 'back'], files: ['prompt'] },
    prompts: ({ prompt }) => promptNotes(import.meta.url, 'translate', ['en', 'ja'], prompt),
    source: 'https://aclanthology.org/W15-3049',
    async run(record, ctx) {
      const { teacher, to, back, register } = ctx.options
      if ('messages' in record && record.messages.some(({ role, tool_calls }) => role === 'tool' || tool_calls?.length))
        return { is: 'dropped', reason: 'tool-calls' }
      const { texts, put } = textsOf(record as Rec<Translated>)
      if (texts.every(isWordless)) return { is: 'dropped', reason: 'nothing-to-translate' }
      if (languageOf(texts.join('\n\n')) === to) return { is: 'dropped', reason: 'same-language' }
      const from: Language = to === 'ja' ? 'en' : 'ja'
      const all = async (of: string[], into: Language, by: string): Promise<Translation | Dropped> => {
        const replies = await Promise.all(
          of.map((text, i) => (isWordless(text) ? undefined : ask(text, of[i - 1], into, by, ctx))),
        )
        const bad = replies.find(reply => reply?.bad)
        if (bad?.bad)
          return { is: 'dropped', reason: bad.bad.reason, evidence: { call: bad.call, detail: bad.bad.detail } }
        return {
          texts: replies.map((reply, i) => (reply ? withoutThinking(reply).content : of[i]!)),
          calls: replies.flatMap(reply => reply?.call ?? []),
        }
      }
      const written = await all(texts, to, teacher)
      if ('is' in written) return written
      const made = written.texts
      for (const [i, text] of made.entries()) {
        const problem = problemOf(text, texts[i]!, to, ctx.options.length)
        if (problem) return { is: 'dropped', reason: problem.reason, evidence: { text: i, ...problem.evidence } }
      }
      const found = to === 'ja' && register ? registerOf(stylesOf(made.join('\n\n'))) : undefined
      if (found && found !== register) return { is: 'dropped', reason: 'other-register', evidence: { found } }
      const numbers = shareKept(numbersOf(texts.join('\n')), numbersOf(made.join('\n')))
      const returned = back === undefined ? undefined : await all(made, from, back)
      const scores: { [aspect: string]: Score } = {
        ...(numbers === undefined ? {} : { numbers: { method: 'share of the numbers kept', value: numbers } }),
        ...(returned === undefined ? {} : { back: backScore(returned, texts) }),
      }
      return {
        is: 'made',
        made: [
          {
            payload: put(made) as object as Payload<K>,
            index: 0,
            key: to,
            calls: written.calls,
            notes: { language: to, facets: { translated: from, ...registerFacet(made.join('\n\n'), to) }, scores },
          },
        ],
      }
    },
  })
}

/** How much of the original comes back; no back-translation is no mark. */
function backScore(returned: Translation | Dropped, texts: string[]): Score {
  const method = 'chrF of the back-translation'
  if ('is' in returned) return { method, unscored: returned.reason }
  return { method, call: returned.calls[0]!, value: chrf(returned.texts.join('\n\n'), texts.join('\n\n')) }
}

const translators = {
  document: translator('document'),
  prompt: translator('prompt'),
  conversation: translator('conversation'),
}

const options = z
  .strictObject({
    kind: z.enum(kinds).default('conversation').describe('Kind of the records, which the translations have too'),
    ...writeOptions.shape,
    numbers: z
      .number()
      .min(0)
      .max(1)
      .default(0.8)
      .describe('Lowest share of the numbers that must be kept; 0 keeps all'),
    min: z.number().min(0).max(1).optional().describe('Lowest chrF (0 to 1) of the back-translation'),
  })
  .refine(o => o.min === undefined || o.back !== undefined, {
    path: ['back'],
    message: 'min is over the back-translation: name the teacher that translates back',
  })

/** Translation with its checks: language, code, placeholders, numbers and length; optionally how much comes back. */
export const translate = defineVerb<z.output<typeof options>>({
  verb: 'translate',
  about: 'Translates records into Japanese or English, and holds them to language, code, numbers and length.',
  options,
  takes: kinds,
  needs: { teachers: ['teacher', 'back'], files: ['prompt'] },
  source: 'https://aclanthology.org/W15-3049',
  expand({ kind, numbers, min, ...writes }, key) {
    const cut = (as: string, below: number | undefined, unscored: 'drop' | 'keep'): Primitive[] =>
      below ? [{ as, step: cutBelow, options: { by: `${key}/${as}`, below, unscored } }] : []
    return [
      { as: 'write', step: translators[kind], options: writes },
      ...cut('numbers', numbers, 'keep'),
      ...cut('back', min, 'drop'),
    ]
  },
})
