import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import {
  type Draft,
  defineMap,
  defineVerb,
  fence,
  type Lost,
  loadPrompt,
  type Pure,
  promptNotes,
} from '../../steps/index.ts'
import { normaliseForMatch, plainText } from '../../text/index.ts'
import { overlap } from '../answer/index.ts'
import { refersToDocument } from '../ask/index.ts'
import { registerFacet, registerOption, registerWords } from '../register.ts'

const askOptions = z.strictObject({
  teacher: z.string().describe('Teacher that writes the questions'),
  documents: z.int().min(2).max(8).default(3).describe('Documents that are read together: each one and its companions'),
  questions: z.int().min(1).max(20).default(3).describe('Questions for each of them'),
  companions: z
    .enum(['similar', 'any'])
    .default('similar')
    .describe('Companions that share most words with a document, of 32 that are drawn for it, or any'),
  characters: z.int().min(200).default(4000).describe('Characters of each document that are shown'),
  include: z
    .boolean()
    .default(true)
    .describe(
      'The documents that a question needs stand before it, so that `answer` needs `grounded: false`; without them a reader must know them',
    ),
  register: registerOption,
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type AskOptions = z.output<typeof askOptions>

type Item = { question: string; answer: string; evidence: { document: number; quote: string }[] }
const reply = (documents: number) =>
  z.object({
    items: z.array(
      z.object({
        question: z.string(),
        answer: z.string(),
        evidence: z.array(z.object({ document: z.int().min(1).max(documents), quote: z.string() })),
      }),
    ),
  })

/** Companions that are looked at, words by which they are compared, and how alike two versions of one text are. */
const among = 32
const compared = 3000
const version = 0.8

/** Shared words, versions of the same text last: two of them hold nothing that one does not. */
export function kinship(a: string, b: string): number {
  const shared = overlap(a.slice(0, compared), b.slice(0, compared))
  return shared > version ? -1 : shared
}

/** The beginning of a text up to the last paragraph, line or word that fits. */
export function beginning(text: string, most: number): string {
  if (text.length <= most) return text.trim()
  const head = text.slice(0, most)
  const ends = [
    head.lastIndexOf('\n\n'),
    head.lastIndexOf('\n'),
    Math.max(head.lastIndexOf(' '), head.lastIndexOf('。') + 1),
  ]
  return head.slice(0, ends.find(end => end > most / 2) ?? most).trim()
}

/** Characters under which a quotation, marks and spaces set aside, shows nothing. */
const shortest = { en: 16, ja: 8 }

/** Why an item cannot be used, by name. */
export function problemOf(item: Item, texts: string[], language: 'en' | 'ja'): string | undefined {
  if (item.question.trim() === '') return 'empty-question'
  if (item.answer.trim() === '') return 'empty-answer'
  // A quotation may leave out the markup of its document.
  const known = texts.map(text => [text, plainText(text)].map(normaliseForMatch))
  for (const { document, quote } of item.evidence) {
    const said = normaliseForMatch(quote)
    if (said.length < shortest[language]) return 'short-quote'
    if (!known[document - 1]?.some(text => text.includes(said))) return 'quote-not-found'
  }
  if (new Set(item.evidence.map(({ document }) => document)).size < 2) return 'one-document'
  return undefined
}

/** One call a document: its text, its companions, and questions that none of them answers alone. */
const askSeveral = defineMap<AskOptions, 'document', 'prompt'>({
  verb: 'multi-document-ask',
  about: 'A teacher writes questions that need several documents, with a quotation from each.',
  version: 1,
  options: askOptions,
  takes: ['document'],
  gives: ['prompt'],
  reasons: [
    'no-companion',
    'empty-question',
    'empty-answer',
    'short-quote',
    'quote-not-found',
    'one-document',
    'refers-to-document',
    'duplicate-question',
    'surplus',
    'refused',
    'truncated',
    'unparseable',
    'rejected',
  ],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'multi-document', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/1809.09600',
  async run(record, ctx) {
    const { teacher, documents, questions, include } = ctx.options
    const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
    const read = [record, ...companionsOf(record, ctx)]
    if (read.length < 2) return { is: 'dropped', reason: 'no-companion' }
    const texts = read.map(({ text }) => beginning(text, ctx.options.characters))
    const answer = await ctx.call(teacher, { ...request(read, texts, ctx), reply: reply(documents) })
    const { bad, call } = answer
    if (bad) return { is: 'dropped', reason: bad.reason, evidence: { call, detail: bad.detail } }
    const made: Draft<'prompt'>[] = []
    const lost: Lost[] = []
    const seen = new Set<string>()
    answer.data!.items.forEach((item, index) => {
      const question = item.question.trim()
      const key = normaliseForMatch(question)
      const reason =
        problemOf(item, texts, language) ??
        (!include && refersToDocument(question)
          ? 'refers-to-document'
          : seen.has(key)
            ? 'duplicate-question'
            : made.length === questions
              ? 'surplus'
              : undefined)
      seen.add(key)
      if (reason) {
        lost.push({ index, reason, evidence: { question, quotes: item.evidence.map(({ quote }) => quote) } })
        return
      }
      const needed = [...new Set(item.evidence.map(({ document }) => document))].sort((a, b) => a - b)
      const shown = needed.map((n, i) => fence(texts[n - 1]!, `document-${i + 1}`))
      made.push({
        payload: {
          kind: 'prompt',
          messages: [{ role: 'user', content: include ? [...shown, question].join('\n\n') : question }],
          reference: item.answer.trim(),
        },
        index,
        notes: {
          facets: {
            documents: needed.length,
            evidence: item.evidence.map(({ quote }) => quote.trim()).join(' | '),
            ...registerFacet(question, record.language),
          },
        },
      })
    })
    return { is: 'made', made, lost }
  },
})

function companionsOf(record: Rec<'document'>, ctx: Pure<AskOptions>): Rec<'document'>[] {
  const { documents, companions } = ctx.options
  const alike = { of: among, by: (other: Rec) => kinship(record.text, (other as Rec<'document'>).text) }
  return ctx.draw('companions', documents - 1, companions === 'similar' ? alike : undefined) as Rec<'document'>[]
}

function request(read: Rec<'document'>[], texts: string[], ctx: Pure<AskOptions>) {
  const { questions, register } = ctx.options
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./multi-document.${language}.md`, import.meta.url))
  const titles = read.flatMap(({ title }, i) => (title ? [`${i + 1}. ${title}`] : [])).join('\n')
  return {
    ...prompt.ask({
      documents: texts.map((text, i) => fence(text, `document-${i + 1}`)).join('\n\n'),
      titles: titles && fence(titles, 'titles'),
      questions,
      count: read.length,
      register: register && language === 'ja' ? `- 質問の文体: ${registerWords.ja[register]}` : '',
    }),
    task: { name: 'multi-document', input: { documents: texts, questions, language: ctx.language } },
  }
}

const options = z.strictObject({
  ...askOptions.shape,
  with: z.string().optional().describe('Source or step that companions are drawn from; default the input itself'),
})

/** Questions over several documents (after the bridges and comparisons of HotpotQA), each held to quotations of two or more. */
export const multiDocument = defineVerb<z.output<typeof options>>({
  verb: 'multi-document',
  about: 'Writes questions that no single document answers, each with a quotation from every document it needs.',
  options,
  takes: ['document'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/1809.09600',
  side: ({ with: from }) => (from ? [{ name: 'companions', from }] : []),
  expand: ({ with: from, ...asks }) => [
    { as: '', step: askSeveral, options: asks, side: { companions: [from ?? '$in'] } },
  ],
})
