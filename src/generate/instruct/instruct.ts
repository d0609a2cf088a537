import { z } from 'zod'
import type { Difficulty, Rec } from '../../records/index.ts'
import { type Draft, defineGrid, defineMap, defineVerb, loadPrompt, type Pure, promptNotes } from '../../steps/index.ts'

/** Task types of the grid unless the recipe names its own. */
export const taskTypes = [
  'open question answering',
  'question answering over a given text',
  'summarisation',
  'classification',
  'information extraction to JSON',
  'rewriting',
  'comparison',
  'step-by-step planning',
  'data transformation',
  'code writing',
  'code explanation',
  'error diagnosis',
] as const

const difficulty = z.enum(['easy', 'medium', 'hard'])
const grid = z.strictObject({
  domains: z.array(z.string().min(1)).min(1).describe('Subject areas'),
  tasks: z
    .array(z.string().min(1))
    .min(1)
    .default([...taskTypes])
    .describe('Task types'),
  difficulties: z.array(difficulty).min(1).default(['easy', 'medium', 'hard']).describe('Difficulties asked for'),
  count: z.int().min(1).default(1).describe('Items a cell'),
})
const write = z.strictObject({
  teacher: z.string().describe('Teacher that writes the items'),
  language: z.string().optional().describe("Language of the items; default the recipe's"),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
const options = z.strictObject({ ...write.shape, ...grid.shape })
type WriteOptions = z.infer<typeof write>

/** Every combination of domain, task type and difficulty, `count` times; ids name the cell, so that a new domain moves none. */
export const instructGrid = defineGrid<z.infer<typeof grid>>({
  verb: 'instruct-grid',
  about: 'Lays out one row for every domain, task type, difficulty and repetition.',
  version: 1,
  options: grid,
  takes: [],
  gives: ['row'],
  reasons: [],
  *rows({ domains, tasks, difficulties, count }): Iterable<Draft<'row'>> {
    let index = 0
    for (const domain of domains)
      for (const task of tasks)
        for (const level of difficulties)
          for (let n = 1; n <= count; n++) {
            const columns = { domain, task, difficulty: level, n, count }
            yield { payload: { kind: 'row', columns }, index: index++, key: JSON.stringify([domain, task, level, n]) }
          }
  },
})

const reply = z.object({
  instruction: z.string(),
  input: z.string().optional(),
  output: z.string(),
  style: z.string().optional(),
})

const needsInput =
  /\b(?:following|below|given (?:text|code|data|sentence|list|table))\b|(?:以下|次)の(?:文章|文|コード|データ|表|テキスト|一覧|記事)/i

const reads = (record: Rec<'row'>) =>
  record.columns as { domain: string; task: string; difficulty: Difficulty; n: number; count: number }

function request(record: Rec<'row'>, ctx: Pure<WriteOptions>) {
  const cell = reads(record)
  const language = ctx.options.language ?? ctx.language
  const file = new URL(`./instruct.${language.startsWith('ja') ? 'ja' : 'en'}.md`, import.meta.url)
  const prompt = loadPrompt(ctx.options.prompt ?? file)
  return {
    ...prompt.ask(cell),
    reply,
    task: { name: 'instruct', input: { ...cell, language } },
  }
}

/** One grid row becomes one conversation: instruction and input from the user, output from the assistant. */
export const instructWrite = defineMap<WriteOptions, 'row', 'conversation', z.infer<typeof reply>>({
  verb: 'instruct-write',
  about: 'A teacher writes the instruction, its input and its output for one cell of the grid.',
  version: 1,
  options: write,
  takes: ['row'],
  gives: ['conversation'],
  reasons: ['empty-instruction', 'empty-output', 'missing-input', 'echo'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'instruct', ['en', 'ja'], prompt),
  teacher: ({ teacher }) => teacher,
  prompt: request,
  parse({ data }, record, options) {
    const { domain, task, difficulty: level } = reads(record)
    const [instruction, input, output] = [data!.instruction, data!.input ?? '', data!.output].map(text =>
      text.trim(),
    ) as [string, string, string]
    const bad =
      instruction === ''
        ? 'empty-instruction'
        : output === ''
          ? 'empty-output'
          : input === '' && needsInput.test(instruction) && !instruction.includes('\n')
            ? 'missing-input'
            : output === instruction || output === input
              ? 'echo'
              : undefined
    if (bad) return { is: 'dropped', reason: bad, evidence: { instruction: instruction.slice(0, 200) } }
    const facets = { domain, topic: task, difficulty: level, ...(data!.style ? { style: data!.style } : {}) }
    return {
      is: 'made',
      made: [
        {
          payload: {
            kind: 'conversation',
            messages: [
              { role: 'user', content: input === '' ? instruction : `${instruction}\n\n${input}` },
              { role: 'assistant', content: output },
            ],
          },
          index: 0,
          notes: { facets, ...(options.language ? { language: options.language } : {}) },
        },
      ],
    }
  },
})

/** Domain x task type x difficulty, without any source. */
export const instruct = defineVerb<z.infer<typeof options>>({
  verb: 'instruct',
  about: 'Writes instructions with input and output over a grid of domains, task types and difficulties.',
  options,
  takes: [],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  expand: ({ teacher, language, prompt, ...cells }) => [
    { as: 'grid', step: instructGrid, options: cells },
    {
      as: '',
      step: instructWrite,
      options: { teacher, ...(language ? { language } : {}), ...(prompt ? { prompt } : {}) },
    },
  ],
})
