import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { type Draft, defineMap, fence, type Lost, loadPrompt, type Pure, promptNotes } from '../../steps/index.ts'
import { comparedText } from '../novelty/novelty.ts'
import { comparable, faultOf, keywords, lengths, openings } from './rules.ts'

export const writeShape = {
  teacher: z.string().describe('Teacher that invents the prompts'),
  'per-call': z.int().min(1).max(50).default(8).describe('New prompts one call is asked for'),
  human: z.int().min(1).default(6).describe('Seeds that a call shows; those of the first wave show seeds alone'),
  generated: z.int().min(0).default(2).describe('Prompts of earlier waves that a call shows beside them'),
  inputs: z.boolean().default(true).describe('Asks for the material that a task works on, where it needs some'),
  classify: z
    .boolean()
    .default(true)
    .describe('Asks what each task is about and whether it is a classification: facets topic and classification'),
  keywords: z
    .array(z.string().min(1))
    .optional()
    .describe('Words of tasks that are not taken; default what text alone cannot show, such as image, map, file'),
  openings: z
    .array(z.string().min(1))
    .optional()
    .describe('Openings that are not taken; default the one that models wear out: write a program'),
  length: z
    .tuple([z.int().min(1), z.int().min(1)])
    .refine(([least, most]) => least <= most, 'the smaller number comes first')
    .optional()
    .describe('Words of a task, least and most, or characters without spaces; default 4 to 150, or 8 to 300'),
  language: z.string().optional().describe('Language of the new prompts; default that of the seeds'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
const options = z.strictObject({ ...writeShape, wave: z.int().min(1).describe('Number of the wave') })
export type WriteOptions = z.output<typeof options>

const reply = z.object({
  tasks: z.array(
    z.object({
      instruction: z.string(),
      input: z.string().optional(),
      topic: z.string().optional(),
      classification: z.boolean().optional(),
    }),
  ),
})

const asked = {
  en: {
    input:
      '- Where a task works on material (a text, data, code), write that out in full as "input": different each time, as long as real material is. Elsewhere "input" is an empty string.',
    noInput: '- Write what a task works on into the task itself.',
    classification:
      '- "topic" names the subject in one to three words. "classification" is true where the answer is one of a few given labels; at most a third of the tasks are of that kind.',
    language: (name: string) => `- Write the tasks in this language: ${name}.`,
  },
  ja: {
    input:
      '- 材料(文章、データ、コード)を使う課題では、その材料を省略せずに "input" に書きます。毎回違うものを、実際にありそうな長さで書いてください。材料が要らない課題では空文字列にします。',
    noInput: '- 課題に使う材料は、課題の文の中に書きます。',
    classification:
      '- "topic" には題材を短い名詞で書きます。答えが決まったいくつかの選択肢の一つになる課題では "classification" を true にします。そのような課題は全体の三分の一までにしてください。',
    language: (name: string) => `- 課題は次の言語で書いてください: ${name}`,
  },
}

const bounds = (language: string) => (language.startsWith('ja') ? 'ja' : 'en')
const none = /^\s*(?:<?no ?input>?|none|n\/a|なし|不要)?\s*[.。]?\s*$/i

/** What a call shows: seeds and earlier prompts, the record itself among its own kind, in an order of its own. */
function examplesFor(record: Rec<'prompt'>, ctx: Pure<WriteOptions>): string[] {
  const { human, generated, wave } = ctx.options
  const waves = ctx.key.replace(/\d+-ask$/, '')
  const invented = record.lineage.made?.step.startsWith(waves) ?? false
  const earlier = ctx.draw('grown', Math.max(0, generated - Number(invented)), { turn: wave })
  const missing = generated - Number(invented) - earlier.length
  const seeds = ctx.draw('seeds', human + Math.max(0, missing) - Number(!invented), { turn: wave })
  const shown = [record, ...seeds, ...earlier].map(one => comparedText(one, 'prompt').trim().slice(0, 600))
  for (let i = shown.length - 1; i > 0; i--) {
    const j = Math.floor(ctx.random() * (i + 1))
    ;[shown[i], shown[j]] = [shown[j]!, shown[i]!]
  }
  return shown
}

function request(examples: string[], ctx: Pure<WriteOptions>) {
  const { inputs, classify, language: own } = ctx.options
  const count = ctx.options['per-call']
  const language = bounds(own ?? ctx.language)
  const words = asked[language]
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./self-instruct.${language}.md`, import.meta.url))
  const fields = ['"instruction": "..."', ...(inputs ? ['"input": "..."'] : [])]
  if (classify) fields.push('"topic": "..."', '"classification": true|false')
  return {
    ...prompt.ask({
      examples: examples.map(text => fence(text, 'example')).join('\n'),
      count,
      input: inputs ? words.input : words.noInput,
      classification: classify ? words.classification : undefined,
      language: own && words.language(own),
      shape: `{"tasks": [{${fields.join(', ')}}]}`,
    }),
    reply,
    task: { name: 'self-instruct', input: { examples, count, language: own ?? ctx.language } },
  }
}

/** One call of a wave: shows examples, takes what passes the heuristics, and says why the rest does not. */
export const selfInstructWrite = defineMap<WriteOptions, 'prompt', 'prompt'>({
  verb: 'self-instruct-write',
  about: 'A teacher invents prompts in the manner of a few seeds and earlier ones.',
  version: 1,
  options,
  takes: ['prompt'],
  gives: ['prompt'],
  reasons: [
    ...['empty-instruction', 'odd-start', 'too-short', 'too-long', 'copies-example', 'duplicate-instruction'],
    ...['beyond-text', 'worn-opening', 'missing-input', 'surplus'],
    ...['refused', 'truncated', 'unparseable', 'rejected'],
  ],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'self-instruct', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2212.10560',
  async run(record, ctx) {
    const { options } = ctx
    const examples = examplesFor(record, ctx)
    const answer = await ctx.call(options.teacher, request(examples, ctx), options.wave - 1)
    if (answer.bad) {
      const { reason, detail } = answer.bad
      return { is: 'dropped', reason, evidence: { call: answer.call, detail } }
    }
    const language = bounds(options.language ?? ctx.language)
    const before = new Set<string>()
    const rules = {
      keywords: options.keywords ?? keywords[language],
      openings: options.openings ?? openings[language],
      length: options.length ?? lengths[language]!,
      shown: new Set(examples.map(comparable)),
      before,
    }
    const made: Draft<'prompt'>[] = []
    const lost: Lost[] = []
    for (const [index, task] of answer.data!.tasks.entries()) {
      const input = options.inputs && !none.test(task.input ?? '') ? task.input!.trim() : ''
      // The first blank line is where the input begins.
      const instruction = task.instruction.trim().replace(/\n\s*\n/g, '\n')
      const reason = made.length === options['per-call'] ? 'surplus' : faultOf(instruction, input, rules)
      before.add(comparable(instruction))
      if (reason) {
        lost.push({ index, reason, evidence: { instruction: instruction.slice(0, 300) } })
        continue
      }
      const content = input === '' ? instruction : `${instruction}\n\n${input}`
      const topic = options.classify ? task.topic?.trim() || undefined : undefined
      const classification = options.classify ? task.classification : undefined
      // What was known of the seed says nothing about the new prompt.
      const facets = {
        topic,
        classification,
        difficulty: undefined,
        ...(options.inputs && { withInput: input !== '' }),
      }
      made.push({
        payload: { kind: 'prompt', messages: [{ role: 'user', content }] },
        index,
        notes: { facets, ...(options.language ? { language: options.language } : {}) },
      })
    }
    return { is: 'made', made, lost }
  },
})
