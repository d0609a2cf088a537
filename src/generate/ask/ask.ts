import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { type Draft, defineMap, fence, type Lost, loadPrompt, type Pure, promptNotes } from '../../steps/index.ts'
import { comparable } from '../comparable.ts'
import { example } from '../example.ts'
import { registerFacet } from '../register.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that writes the questions'),
  questions: z.int().min(1).max(50).default(10).describe('Questions a document'),
  audience: z.string().min(1).default('a graduate student').describe('Who asks'),
  style: z.string().optional().describe('How the questions should be written'),
  like: z.string().optional().describe('Source or step with real queries whose register is imitated'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
export type AskOptions = z.infer<typeof options>

const reply = z.object({
  questions: z.array(
    z.object({
      question: z.string(),
      difficulty: z.enum(['easy', 'medium', 'hard']),
      evidence: z.string().optional(),
    }),
  ),
})

/** Wording that only makes sense beside the document. */
const pointsAtDocument = [
  /\b(?:the|this|that|provided|given) (?:text|document|passage|article|excerpt|section|chapter|page|author|listing|paragraph)\b/i,
  /\b(?:above|aforementioned|mentioned (?:here|earlier)|as described (?:here|below))\b/i,
  /(?:この|本|当該|上の|与えられた)(?:文書|文章|記事|資料|本文|節|章|ページ|段落|テキスト)|上記|前述|上述|本文(?:中|で|に|の)|筆者/,
]

/** True when a question cannot be understood without the document it was written from. */
export function refersToDocument(question: string): boolean {
  return pointsAtDocument.some(pattern => pattern.test(question))
}

function request(record: Rec<'document'>, ctx: Pure<AskOptions>) {
  const { questions, audience, style, like } = ctx.options
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./ask.${language}.md`, import.meta.url))
  const examples = like
    ? ctx
        .draw('like', 3)
        .map(example)
        .filter(text => text !== undefined)
    : []
  const title = record.title ?? ''
  return {
    ...prompt.ask({
      document: fence(record.text, 'document'),
      title: title && fence(title, 'title'),
      questions,
      audience,
      style: style && (language === 'ja' ? `- 書き方: ${style}` : `- Style: ${style}`),
      like: examples.map(text => fence(text.slice(0, 500), 'example')).join('\n'),
    }),
    reply,
    task: {
      name: 'ask',
      input: { document: record.text, title, questions, audience, language: ctx.language, style, like: examples },
    },
  }
}

/** Questions a named audience would ask about a document, one call a document. */
export const ask = defineMap<AskOptions, 'document', 'prompt', z.infer<typeof reply>>({
  verb: 'ask',
  about: 'A teacher writes the questions that a named audience might ask about each document.',
  version: 2,
  options,
  takes: ['document'],
  gives: ['prompt'],
  reasons: ['empty-question', 'duplicate-question', 'refers-to-document', 'surplus'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  side: ({ like }) => (like ? [{ name: 'like', from: like }] : []),
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'ask', ['en', 'ja'], prompt),
  teacher: ({ teacher }) => teacher,
  prompt: request,
  parse({ data }, record, { questions, audience, style }) {
    const made: Draft<'prompt'>[] = []
    const lost: Lost[] = []
    const seen = new Set<string>()
    data!.questions.forEach((item, index) => {
      const question = item.question.trim()
      const key = comparable(question)
      const reason =
        key === ''
          ? 'empty-question'
          : seen.has(key)
            ? 'duplicate-question'
            : refersToDocument(question)
              ? 'refers-to-document'
              : made.length === questions
                ? 'surplus'
                : undefined
      seen.add(key)
      if (reason) {
        lost.push({ index, reason, evidence: { question } })
        return
      }
      made.push({
        payload: { kind: 'prompt', messages: [{ role: 'user', content: question }] },
        index,
        notes: {
          facets: {
            difficulty: item.difficulty,
            audience,
            ...(style ? { style } : {}),
            ...registerFacet(question, record.language),
          },
          ...(record.language ? { language: record.language } : {}),
        },
      })
    })
    return { is: 'made', made, lost }
  },
})
