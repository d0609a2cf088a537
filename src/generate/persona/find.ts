import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import {
  type Draft,
  defineMap,
  fence,
  type Lost,
  loadPrompt,
  type Outcome,
  promptNotes,
  unusable,
} from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'

/** What a person may do with a text: each leads to other people. */
const ties = {
  en: ['read', 'write', 'like', 'dislike', 'need', 'be affected by'],
  ja: ['読む', '書く', '好む', '嫌う', '必要とする', '影響を受ける'],
} as const

export const findOptions = z.strictObject({
  teacher: z.string().describe('Teacher that finds the personas'),
  personas: z.int().min(1).max(20).default(1).describe('Personas for each document'),
  prompt: z.string().optional().describe('Prompt file to find personas with instead of the built-in one'),
})
type FindOptions = z.output<typeof findOptions>

const reply = z.object({ personas: z.array(z.string()) })

/** The persona that a row holds; rows of one's own have it in a column of that name. */
export const personaOf = (record: Rec<'row'>): string =>
  typeof record.columns.persona === 'string' ? record.columns.persona.trim() : ''

/** Rows out of a list of personas: what is empty, there already or too much is lost by name. */
export function personaRows(
  personas: string[],
  most: number,
  more: { relation?: string; of?: string; hops: number },
): { made: Draft<'row'>[]; lost: Lost[] } {
  const made: Draft<'row'>[] = []
  const lost: Lost[] = []
  const seen = new Set(more.of === undefined ? [] : [normaliseForMatch(more.of)])
  for (const [index, written] of personas.entries()) {
    const persona = written.trim()
    const key = normaliseForMatch(persona)
    const reason =
      key === '' ? 'empty-persona' : seen.has(key) ? 'duplicate-persona' : made.length === most ? 'surplus' : undefined
    seen.add(key)
    if (reason) {
      lost.push({ index, reason, evidence: { persona } })
      continue
    }
    const { relation, hops } = more
    made.push({
      payload: { kind: 'row', columns: { persona, hops, ...(relation ? { relation } : {}) } },
      index,
      notes: { facets: { persona, hops, ...(relation ? { relation } : {}) } },
    })
  }
  return { made, lost }
}

export const badReplies = ['refused', 'truncated', 'unparseable', 'rejected'] as const

/** Text-to-persona. A row that is a persona already passes as it is, so that personas of one's own can be used. */
export const find = defineMap<FindOptions, 'document' | 'row', 'row'>({
  verb: 'persona-find',
  about: 'A teacher says who is likely to read, write, like or need a document; rows with a persona pass.',
  version: 1,
  options: findOptions,
  takes: ['document', 'row'],
  gives: ['row'],
  reasons: ['no-persona', 'empty-persona', 'duplicate-persona', 'surplus', ...badReplies],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'persona', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2406.20094',
  async run(record, ctx): Promise<Outcome<'document' | 'row', 'row'>> {
    if (record.kind === 'row') {
      const persona = personaOf(record)
      if (persona === '') return { is: 'dropped', reason: 'no-persona' }
      return { is: 'passed', notes: { facets: { persona, hops: Number(record.columns.hops ?? 0) } } }
    }
    const { teacher, personas } = ctx.options
    const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
    const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./persona.${language}.md`, import.meta.url))
    const tie = ties[language][Math.floor(ctx.random() * ties[language].length)]!
    const text = record.text.slice(0, 8000)
    const answer = await ctx.call(teacher, {
      ...prompt.ask({ text: fence(text, 'text'), tie, personas }),
      reply,
      task: { name: 'persona', input: { text, tie, personas, language: ctx.language } },
    })
    if (answer.bad) return unusable(answer) as Outcome<'document' | 'row', 'row'>
    return { is: 'made', ...personaRows(answer.data!.personas, personas, { hops: 0 }) }
  },
})
