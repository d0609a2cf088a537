import { z } from 'zod'
import type { Message, Rec } from '../../records/index.ts'
import {
  type Draft,
  defineMap,
  fence,
  type Lost,
  loadPrompt,
  type Outcome,
  type Pure,
  promptNotes,
  unusable,
} from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { example } from '../example.ts'
import { isJapanese, parseManner } from './manner.ts'
import { mannerWords, wants } from './words.ts'

export const writeOptions = z.strictObject({
  teacher: z.string().describe('Teacher that writes the queries'),
  need: z
    .enum(['same', 'another'])
    .default('another')
    .describe('Whether a new query has the need of the real one, or another need of the same person'),
  examples: z.int().min(0).max(10).default(3).describe('Other real queries that are shown beside each'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type WriteOptions = z.output<typeof writeOptions>

const reply = z.object({ queries: z.array(z.string()) })

/** What stands before the first user turn, such as a system turn, and the query in its place. */
export const withQuery = ({ messages }: Rec<'prompt'>, content: string): Message[] => [
  ...messages.slice(
    0,
    messages.findIndex(({ role }) => role === 'user'),
  ),
  { role: 'user', content },
]

const plansOf = (record: Rec<'prompt'>) => String(record.facets.manners ?? '').split('; ')

function request(record: Rec<'prompt'>, shown: string[], ctx: Pure<WriteOptions>) {
  const query = example(record)!.trim()
  const language = isJapanese(query) ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./from-queries.${language}.md`, import.meta.url))
  const manners = plansOf(record).map(plan => mannerWords(parseManner(plan), language))
  const need = wants[language].need[ctx.options.need]
  return {
    ...prompt.ask({
      message: fence(query, 'message'),
      examples: shown.map(text => fence(text, 'query')).join('\n'),
      need,
      count: manners.length,
      manners: manners.map((manner, i) => `${i + 1}. ${manner}`).join('\n'),
    }),
    reply,
    task: { name: 'from-queries', input: { query, need, manners, examples: shown, language } },
  }
}

/** New queries in the manners that were drawn for a real one; what was asked for stands in the facets. */
export const write = defineMap<WriteOptions, 'prompt', 'prompt'>({
  verb: 'from-queries-write',
  about: 'A teacher writes queries after a real one, each in the manner drawn for it.',
  version: 1,
  options: writeOptions,
  takes: ['prompt'],
  gives: ['prompt'],
  reasons: ['empty-query', 'copy', 'duplicate-query', 'surplus', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'from-queries', ['en', 'ja'], prompt),
  async run(record, ctx): Promise<Outcome<'prompt', 'prompt'>> {
    const shown = ctx.draw('pool', ctx.options.examples).flatMap(other => example(other)?.trim().slice(0, 500) ?? [])
    const answer = await ctx.call(ctx.options.teacher, request(record, shown, ctx))
    if (answer.bad) return unusable(answer) as Outcome<'prompt', 'prompt'>
    const plans = plansOf(record)
    const made: Draft<'prompt'>[] = []
    const lost: Lost[] = []
    // What people really wrote is no new query, whichever of them wrote it.
    const real = new Set([example(record)!, ...shown].map(normaliseForMatch))
    const seen = new Set<string>()
    for (const [index, written] of answer.data!.queries.entries()) {
      const query = written.trim()
      const key = normaliseForMatch(query)
      const plan = plans[index]
      const reason =
        key === ''
          ? 'empty-query'
          : real.has(key)
            ? 'copy'
            : seen.has(key)
              ? 'duplicate-query'
              : plan === undefined
                ? 'surplus'
                : undefined
      seen.add(key)
      if (reason) lost.push({ index, reason, evidence: { query } })
      else {
        const facets = {
          ...parseManner(plan!),
          manners: undefined,
          ...(plan!.endsWith(' slip') ? { slip: 'wanted' } : {}),
        }
        made.push({
          payload: {
            kind: 'prompt',
            messages: withQuery(record, query),
            ...(record.tools ? { tools: record.tools } : {}),
          },
          index,
          notes: { facets },
        })
      }
    }
    return { is: 'made', made, lost }
  },
})
