import { z } from 'zod'
import type { Message, Rec, Score } from '../../records/index.ts'
import type { Answer } from '../../steps/index.ts'
import {
  cutBelow,
  cutShare,
  defineMap,
  defineVerb,
  fence,
  loadPrompt,
  type MapStep,
  type Primitive,
  type Pure,
  promptNotes,
  type Verb,
} from '../../steps/index.ts'
import { builtinRubrics, loadRubric } from './rubric.ts'

export const judgeShape = {
  teacher: z.string().describe('Teacher that judges; another family than the one that answered judges more fairly'),
  rubric: z
    .string()
    .refine(
      name => name.endsWith('.md') || builtinRubrics.includes(name),
      `expected ${builtinRubrics.join(' or ')}, or a path that ends in .md`,
    )
    .default('accuracy-clarity-usefulness')
    .describe('Name of a built-in rubric, or path of a Markdown file with one "### aspect" a criterion'),
  scale: z
    .tuple([z.number().int(), z.number().int()])
    .refine(([low, high]) => low < high, 'the lower end comes first')
    .default([1, 10])
    .describe('Lowest and highest mark of an aspect'),
  grounded: z.boolean().default(true).describe('Show the judge the document a row was made from, where there is one'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
const scoreOptions = z.strictObject(judgeShape)
type Options = z.output<typeof scoreOptions>
type Marks = { rationale: string } & { [aspect: string]: number | string }

const grounding = {
  en: 'The source document is the authority: what the answer states must follow from it or be common knowledge. The person who asked does not see it.',
  ja: '資料を正しいものとして扱ってください。回答の内容は、資料から導けるか、一般に知られた事実でなければなりません。質問した人は資料を見ていません。',
}

/** What was asked (a transcript where there were several turns) and the last answer. */
function exchange(messages: Message[]): [question: string, answer: string] {
  const end = messages.findLastIndex(m => m.role === 'assistant')
  const before = messages.slice(0, end < 0 ? undefined : end).filter(m => m.content)
  const lone = before.length === 1 && before[0]!.role === 'user'
  const question = before.map(m => (lone ? m.content : `[${m.role}]\n${m.content}`)).join('\n\n')
  return [question, messages[end]?.content ?? '']
}

const marks = (aspects: string[], [low, high]: [number, number]) =>
  z.object({
    rationale: z.string(),
    ...Object.fromEntries(aspects.map(aspect => [aspect, z.number().int().min(low).max(high)])),
  }) as unknown as z.ZodType<Marks>

function request(record: Rec<'conversation'>, ctx: Pure<Options>) {
  const { scale, grounded } = ctx.options
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const rubric = loadRubric(ctx.options.rubric, ctx.language)
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./judge.${language}.md`, import.meta.url))
  const document = grounded ? ctx.ancestor('document') : undefined
  const [question, answer] = exchange(record.messages)
  const mark = language === 'ja' ? '整数' : 'integer'
  return {
    ...prompt.ask({
      document: document && fence(document.text, 'document'),
      grounding: document && grounding[language],
      rubric: rubric.text,
      question: fence(question, 'question'),
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

const note = (text: string) => (text.length > 300 ? `${text.slice(0, 299).trimEnd()}…` : text)

export const judgeScore: MapStep<Options, 'conversation', 'conversation'> = defineMap<
  Options,
  'conversation',
  'conversation',
  Marks
>({
  verb: 'judge-score',
  about: 'A teacher gives each aspect of a rubric a mark; the overall score is their mean.',
  version: 1,
  options: scoreOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], files: ['rubric', 'prompt'], ancestors: ['document'] },
  prompts: o => [
    ...promptNotes(import.meta.url, 'judge', ['en', 'ja'], o.prompt),
    ...['en', 'ja'].map(language => loadRubric(o.rubric, language)).map(({ name, digest }) => ({ name, digest })),
  ],
  source: 'Cui et al. 2023, arXiv 2310.01377',
  teacher: options => options.teacher,
  prompt: request,
  parse(reply, _, options) {
    const { rationale, ...values } = reply.data!
    const by = {
      method: `rubric ${nameOf(options.rubric)}`,
      judge: options.teacher,
      call: reply.call,
      why: note(rationale),
    }
    const scores: { [aspect: string]: Score } = {}
    let sum = 0
    for (const [aspect, value] of Object.entries(values) as [string, number][]) {
      scores[aspect] = { ...by, value }
      sum += value
    }
    scores.overall = {
      ...by,
      method: `mean of ${Object.keys(values).join(', ')}`,
      value: sum / Object.keys(values).length,
    }
    return { is: 'passed', notes: { scores } }
  },
  /** No mark is no judgement: the row is kept as unscored and a cut drops it by that name. */
  unusable: (reply: Answer<Marks>, _, options) => ({
    is: 'passed',
    notes: {
      scores: {
        overall: {
          method: `rubric ${nameOf(options.rubric)}`,
          judge: options.teacher,
          call: reply.call,
          unscored: reply.bad?.reason ?? 'unparseable',
          ...(reply.bad ? { why: note(reply.bad.detail) } : {}),
        },
      },
    },
  }),
})

const nameOf = (rubric: string) => rubric.replace(/^.*[\\/]/, '').replace(/\.md$/, '')

const options = z
  .strictObject({
    ...judgeShape,
    drop: z.number().min(0).max(1).optional().describe('Share of the rows to drop, lowest overall score first'),
    min: z.number().optional().describe('Lowest overall score that stays, on the scale of the rubric'),
  })
  .refine(
    o => o.drop === undefined || o.min === undefined,
    'give either drop (a share) or min (a score), or use two steps',
  )

/** Rejection sampling: a separate judge scores every row, a cut of its own takes the lowest. */
export const judge: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'judge',
  about: 'A separate teacher scores each row by a rubric; the lowest share, or all under a mark, are dropped.',
  options,
  takes: ['conversation'],
  needs: { teachers: ['teacher'], files: ['rubric', 'prompt'], ancestors: ['document'] },
  source: 'Cui et al. 2023, arXiv 2310.01377',
  expand({ drop, min, ...score }, key) {
    const steps: Primitive[] = [{ as: 'score', step: judgeScore, options: score }]
    if (drop !== undefined) steps.push({ as: 'cut', step: cutShare, options: { by: `${key}/overall`, drop } })
    if (min !== undefined) steps.push({ as: 'cut', step: cutBelow, options: { by: `${key}/overall`, below: min } })
    return steps
  },
})
