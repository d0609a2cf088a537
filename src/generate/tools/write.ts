import { z } from 'zod'
import type { Json, Rec, Tool } from '../../records/index.ts'
import {
  type Ctx,
  type Draft,
  defineGrid,
  defineMap,
  fence,
  loadPrompt,
  type PromptNote,
  promptNotes,
  unusable,
} from '../../steps/index.ts'
import { loadSections } from '../sections.ts'
import { type DeclaredTool, loadTools, shown } from './declared.ts'

/** Ways to call tools, after the categories of APIGen and of the Berkeley Function Calling Leaderboard. */
export const toolStyles = ['single', 'multiple', 'parallel', 'parallel-multiple', 'irrelevance'] as const
type ToolStyle = (typeof toolStyles)[number]

const weight = z.number().min(0).default(0)
export const gridShape = {
  count: z.int().min(1).default(100).describe('Requests'),
  styles: z
    .strictObject(Object.fromEntries(toolStyles.map(style => [style, weight])) as { [S in ToolStyle]: typeof weight })
    .refine(weights => Object.values(weights).some(n => n > 0), 'at least one weight must be above 0')
    .default({ single: 3, multiple: 3, parallel: 2, 'parallel-multiple': 1, irrelevance: 1 })
    .describe('Weights of the ways to call tools; irrelevance is a request that no tool offered can serve'),
}
const gridOptions = z.strictObject(gridShape)

/** Whole numbers in the ratio of the weights that sum to `count` (largest remainder, ties in the order given). */
export function apportioned(count: number, weights: readonly number[]): number[] {
  const all = weights.reduce((sum, n) => sum + n, 0)
  const shares = weights.map(n => (count * n) / all)
  const whole = shares.map(Math.floor)
  const order = shares.map((share, i) => [share - whole[i]!, i] as const).sort(([a, i], [b, j]) => b - a || i - j)
  const left = count - whole.reduce((sum, n) => sum + n, 0)
  for (const [, i] of order.slice(0, left)) whole[i]!++
  return whole
}

/** One row for every request; ids name style and number, so that more of them move none. */
export const toolGrid = defineGrid<z.infer<typeof gridOptions>>({
  verb: 'tools-grid',
  about: 'Lays out one row for every request, with its way to call tools.',
  version: 1,
  options: gridOptions,
  takes: [],
  gives: ['row'],
  reasons: [],
  *rows({ count, styles }): Iterable<Draft<'row'>> {
    const counts = apportioned(
      count,
      toolStyles.map(style => styles[style]),
    )
    let index = 0
    for (const [i, style] of toolStyles.entries())
      for (let n = 1; n <= counts[i]!; n++)
        yield {
          payload: { kind: 'row', columns: { style, n, count: counts[i]! } },
          index: index++,
          key: JSON.stringify([style, n]),
        }
  },
})

export const writeShape = {
  teacher: z.string().describe('Teacher that writes the requests, their calls and the answers'),
  tools: z.string().describe('JSON file of tools in the shape of OpenAI, with declared results and examples'),
  offered: z.int().min(2).max(32).default(4).describe('Most tools that a row offers'),
  language: z.string().optional().describe("Language of the rows; default the recipe's"),
  prompt: z.string().optional().describe('Prompt file for the requests to use instead of the built-in one'),
}
const options = z.strictObject(writeShape)
type WriteOptions = z.infer<typeof options>

export const languageOf = (ctx: { language: string; options: { language?: string | undefined } }): 'en' | 'ja' =>
  (ctx.options.language ?? ctx.language).startsWith('ja') ? 'ja' : 'en'

const stylesIn = (language: string) => loadSections(new URL(`./styles.${language}.md`, import.meta.url))
const stylesNote = (language: string): PromptNote => {
  const { name, digest, text } = stylesIn(language)
  return { name, digest, text }
}

const reply = z.object({
  query: z.string(),
  calls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.json()) })),
})

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items]
  return Array.from({ length: items.length }, () => left.splice(Math.floor(random() * left.length), 1)[0]!)
}

const usesKnown = {
  en: '- The tools have results for the values between the known marks alone: use these, however the user may word them.',
  ja: '- 道具が結果を返せるのは、known の印の間にある値だけです。利用者がどう言い表すとしても、その値を使います。',
}

/** What the declared results are for, tool by tool; nothing of a tool that answers anything. */
function knownOf(tools: readonly DeclaredTool[], random: () => number): string {
  return tools
    .flatMap(({ function: { name }, returns }) =>
      returns.some(entry => Object.keys(entry.arguments).length === 0)
        ? []
        : shuffled(returns, random)
            .slice(0, 12)
            .map(entry => `${name} ${JSON.stringify(entry.arguments)}`),
    )
    .join('\n')
}

/** Which tools the row offers, how many calls it is to have, and what the teacher is shown of them. */
function request(record: Rec<'row'>, ctx: Ctx<WriteOptions>) {
  const { style, n, count } = record.columns as { style: ToolStyle; n: number; count: number }
  const language = languageOf(ctx)
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./tools.${language}.md`, import.meta.url))
  const all = loadTools(ctx.options.tools)
  const several = style !== 'single' && style !== 'parallel'
  const most = Math.min(ctx.options.offered, all.length)
  const offered = several ? Math.min(most, 2 + Math.floor(ctx.random() * (most - 1))) : 1
  const chosen = shuffled(all, ctx.random).slice(0, offered)
  const calls = style === 'irrelevance' ? 0 : style.startsWith('parallel') ? 2 + Math.floor(ctx.random() * 2) : 1
  const known = calls === 0 ? '' : knownOf(chosen, ctx.random)
  const examples = chosen
    .flatMap(tool =>
      shuffled(tool.examples, ctx.random)
        .slice(0, 1)
        .map(one => ({ name: tool.function.name, ...one })),
    )
    .slice(0, 3)
  const tools = chosen.map(shown)
  const ask = {
    ...prompt.ask({
      tools: fence(JSON.stringify(tools, null, 1), 'tools'),
      known: known && fence(known, 'known'),
      from_known: known && usesKnown[language],
      examples: calls === 0 ? '' : examples.map(one => fence(JSON.stringify(one), 'example')).join('\n'),
      style: stylesIn(language).of.get(style)!.replaceAll('{{calls}}', String(calls)),
      n,
      count,
    }),
    prompts: [prompt.digest, stylesIn(language).digest],
    reply,
    task: { name: 'tools', input: { tools: tools as Json, style, calls, language } },
  }
  return { ask, tools, style, calls }
}

/** One request with the calls that serve it, which no gate has looked at yet. */
export const toolWrite = defineMap<WriteOptions, 'row', 'conversation'>({
  verb: 'tools-write',
  about: 'A teacher writes a request for drawn tools and the calls that serve it.',
  version: 1,
  options,
  takes: ['row'],
  gives: ['conversation'],
  reasons: ['empty-query', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher'], files: ['tools', 'prompt'] },
  prompts: o => {
    loadTools(o.tools)
    return [...promptNotes(import.meta.url, 'tools', ['en', 'ja'], o.prompt), stylesNote('en'), stylesNote('ja')]
  },
  async run(record, ctx) {
    const { ask, tools, style, calls } = request(record, ctx)
    const answer = await ctx.call(ctx.options.teacher, ask)
    if (answer.bad) return unusable(answer) as { is: 'dropped'; reason: string }
    const { query, calls: made } = answer.data!
    if (query.trim() === '') return { is: 'dropped', reason: 'empty-query', evidence: { call: answer.call } }
    const asked = { role: 'user' as const, content: query.trim() }
    const tool_calls = made.map(({ name, arguments: given }, i) => ({
      id: `call_${i + 1}`,
      type: 'function' as const,
      function: { name, arguments: given as { [key: string]: Json } },
    }))
    const messages = made.length === 0 ? [asked] : [asked, { role: 'assistant' as const, content: null, tool_calls }]
    const language = ctx.options.language
    return {
      is: 'made',
      made: [
        {
          payload: { kind: 'conversation', messages, tools: tools as Tool[] },
          index: 0,
          notes: { facets: { style, calls }, ...(language ? { language } : {}) },
        },
      ],
    }
  },
})
