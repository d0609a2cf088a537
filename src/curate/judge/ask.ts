import { z } from 'zod'
import type { Message, Rec } from '../../records/index.ts'
import { type Ask, fence, loadPrompt, type Pure } from '../../steps/index.ts'
import { builtinRubrics, loadRubric } from './rubric.ts'

/** What a judge is asked: marks for the aspects of a rubric, or points that are given or withheld. */
export const modes = ['aspects', 'additive'] as const
type Mode = (typeof modes)[number]

export const askShape = {
  mode: z
    .enum(modes)
    .default('aspects')
    .describe(
      'aspects: a mark for each aspect, and their mean; additive: each point of the rubric is given or withheld, and we add them up',
    ),
  rubric: z
    .string()
    .refine(
      name => name.endsWith('.md') || builtinRubrics.includes(name),
      `expected ${builtinRubrics.join(' or ')}, or a path that ends in .md`,
    )
    .optional()
    .describe(
      'Name of a built-in rubric, or path of a Markdown file with one "### aspect" a criterion; default accuracy-clarity-usefulness, and five-points where points are added up',
    ),
  scale: z
    .tuple([z.number().int(), z.number().int()])
    .refine(([low, high]) => low < high, 'the lower end comes first')
    .optional()
    .describe('Lowest and highest mark of an aspect; default [1, 10]'),
  samples: z
    .int()
    .min(1)
    .max(16)
    .optional()
    .describe('Times that a row is judged, to be averaged; default 1, and 3 where points are added up'),
  grounded: z.boolean().default(true).describe('Show the judge the document a row was made from, where there is one'),
  reference: z.boolean().default(false).describe("Show the judge the prompt's reference answer, where there is one"),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
export const askOptions = z.strictObject(askShape)
export type AskOptions = z.output<typeof askOptions>
export type Marks = { rationale: string } & { [aspect: string]: number | string }

export const rubricOf = ({ rubric, mode }: { rubric?: string; mode: Mode }): string =>
  rubric ?? (mode === 'additive' ? 'five-points' : 'accuracy-clarity-usefulness')
export const scaleOf = ({ mode, scale }: { mode: Mode; scale?: [number, number] }): [number, number] =>
  mode === 'additive' ? [0, 1] : (scale ?? [1, 10])
export const samplesOf = ({ mode, samples }: { mode: Mode; samples?: number }): number =>
  samples ?? (mode === 'additive' ? 3 : 1)
/** The prompt file of a mode. */
export const promptOf = ({ mode }: { mode: Mode }): string => (mode === 'additive' ? 'additive' : 'judge')

const grounding = {
  en: 'The source document is the authority: what the answer states must follow from it or be common knowledge. The person who asked does not see it.',
  ja: '資料を正しいものとして扱ってください。回答の内容は、資料から導けるか、一般に知られた事実でなければなりません。質問した人は資料を見ていません。',
}
const expected = {
  en: 'The right answer, as the person who set the question knows it; an answer may put it in other words:',
  ja: '出題者の知る正解です。回答の言い方が違っていてもかまいません。',
}

/** What was asked (a transcript where there were several turns) and the last answer. */
export function exchange(messages: Message[]): [question: string, answer: string] {
  const end = messages.findLastIndex(m => m.role === 'assistant')
  const before = messages.slice(0, end < 0 ? undefined : end).filter(m => m.content)
  const lone = before.length === 1 && before[0]!.role === 'user'
  const question = before.map(m => (lone ? m.content : `[${m.role}]\n${m.content}`)).join('\n\n')
  return [question, messages[end]?.content ?? '']
}

/** The reference answer of the prompt that a conversation answers, fenced and introduced. */
export function referenceFor(ctx: Pure<{ reference: boolean }>, language: 'en' | 'ja'): string | undefined {
  const right = ctx.options.reference ? ctx.ancestor('prompt')?.reference : undefined
  return right ? `${expected[language]}\n${fence(right, 'reference')}` : undefined
}

const schemas = new Map<string, z.ZodType<Marks>>()

/**
 * Marks are whole numbers of the scale, each by its own name: what does not validate is no mark, and is asked for once
 * more. One schema for each rubric and scale, since to make one takes longer than to look a reply up.
 */
export function marks(aspects: string[], [low, high]: [number, number]): z.ZodType<Marks> {
  const key = JSON.stringify([aspects, low, high])
  const known = schemas.get(key)
  if (known) return known
  const made = z.object({
    rationale: z.string(),
    ...Object.fromEntries(aspects.map(aspect => [aspect, z.number().int().min(low).max(high)])),
  }) as unknown as z.ZodType<Marks>
  schemas.set(key, made)
  return made
}

export function request(record: Rec<'conversation'>, ctx: Pure<AskOptions>): Ask<Marks> {
  const { options } = ctx
  const scale = scaleOf(options)
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const rubric = loadRubric(rubricOf(options), ctx.language)
  const file = new URL(`./${promptOf(options)}.${language}.md`, import.meta.url)
  const prompt = loadPrompt(options.prompt ?? file)
  const document = options.grounded ? ctx.ancestor('document') : undefined
  const [question, answer] = exchange(record.messages)
  const mark = language === 'ja' ? '整数' : 'integer'
  return {
    ...prompt.ask({
      document: document && fence(document.text, 'document'),
      grounding: document && grounding[language],
      rubric: rubric.text,
      question: fence(question, 'question'),
      reference: referenceFor(ctx, language),
      answer: fence(answer, 'answer'),
      aspects: rubric.aspects.join(', '),
      low: scale[0],
      high: scale[1],
      shape: `{"rationale": "...", ${rubric.aspects.map(aspect => `"${aspect}": <${mark}>`).join(', ')}}`,
    }),
    prompts: [prompt.digest, rubric.digest],
    reply: marks(rubric.aspects, scale),
    task: {
      name: 'judge',
      input: {
        prompt: question,
        completion: answer,
        document: document?.text,
        aspects: rubric.aspects,
        scale,
        language: ctx.language,
      },
    },
  }
}
