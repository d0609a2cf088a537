import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { type Draft, defineMap, fence, type Lost, loadPrompt, type Pure, promptNotes } from '../../steps/index.ts'
import { comparable } from '../comparable.ts'
import { fitsLength, queryOf, regionOf, regionShape } from './region.ts'

export const writeShape = {
  teacher: z.string().describe('Teacher that writes the new prompts'),
  audience: z.string().min(1).default('users of this service').describe('Who writes such prompts'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
const options = z.strictObject({ ...writeShape, ...regionShape })
type WriteOptions = z.output<typeof options>

const reply = z.object({ queries: z.array(z.object({ query: z.string() })) })

/** What a region is, a line a value, without those that nobody knows. */
function describe(record: Rec, options: WriteOptions): string {
  const values = regionOf(record, options)
  return options.by.flatMap((name, i) => (values[i] === 'unknown' ? [] : [`- ${name}: ${values[i]}`])).join('\n')
}

function request(record: Rec<'prompt'>, ctx: Pure<WriteOptions>) {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./edge-cases.${language}.md`, import.meta.url))
  const count = Number(record.facets.wanted ?? 1)
  const region = describe(record, ctx.options)
  const example = queryOf(record)
  const { audience } = ctx.options
  return {
    ...prompt.ask({ count, audience, region, example: fence(example, 'example') }),
    reply,
    task: { name: 'edge-cases', input: { count, audience, region, example, language: ctx.language } },
  }
}

/** New prompts of the region that a real one lies in, one call a real prompt. */
export const writeCases = defineMap<WriteOptions, 'prompt', 'prompt', z.infer<typeof reply>>({
  verb: 'write-cases',
  about: 'A teacher writes new prompts of the region that a rare real one lies in.',
  version: 1,
  options,
  takes: ['prompt'],
  gives: ['prompt'],
  reasons: ['empty-query', 'copy', 'duplicate-query', 'other-length', 'surplus'],
  needs: { teachers: ['teacher'], files: ['prompt'], segmenter: true },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'edge-cases', ['en', 'ja'], prompt),
  teacher: ({ teacher }) => teacher,
  prompt: request,
  parse({ data }, record, options) {
    const made: Draft<'prompt'>[] = []
    const lost: Lost[] = []
    const region = regionOf(record, options)
    const example = comparable(queryOf(record))
    const seen = new Set<string>()
    for (const [index, item] of data!.queries.entries()) {
      const query = item.query.trim()
      const key = comparable(query)
      const reason =
        key === ''
          ? 'empty-query'
          : key === example
            ? 'copy'
            : seen.has(key)
              ? 'duplicate-query'
              : !fitsLength(query, record.language, region, options)
                ? 'other-length'
                : made.length === Number(record.facets.wanted ?? 1)
                  ? 'surplus'
                  : undefined
      seen.add(key)
      if (reason) {
        lost.push({ index, reason, evidence: { query } })
        continue
      }
      const before = record.messages.slice(
        0,
        record.messages.findLastIndex(({ role }) => role === 'user'),
      )
      made.push({
        payload: { kind: 'prompt', messages: [...before, { role: 'user', content: query }] },
        index,
        notes: { facets: { wanted: undefined }, ...(record.language ? { language: record.language } : {}) },
      })
    }
    return { is: 'made', made, lost }
  },
})
