import { z } from 'zod'
import type { Json, Rec } from '../../records/index.ts'
import {
  type Ctx,
  type Draft,
  type Dropped,
  defineMap,
  defineVerb,
  fence,
  type Lost,
  loadPrompt,
  promptNotes,
  unusable,
} from '../../steps/index.ts'
import { comparable } from '../comparable.ts'
import { bare, type Exercise, type Fault, faultOf, tried } from './check.ts'

const shape = {
  teacher: z.string().describe('Teacher that writes statement, solution and tests'),
  exercises: z.int().min(1).max(20).default(3).describe('Exercises a document, or a row with a topic'),
  code: z.enum(['python', 'javascript']).default('python').describe('Programming language of solutions and tests'),
  style: z.string().optional().describe('How the exercises should be written'),
  seconds: z.number().min(0.1).max(60).default(5).describe('Most processor time of a solution, in seconds'),
  interpreter: z
    .string()
    .optional()
    .describe('Your own Python, run inside bubblewrap, such as `python3`; default the one that comes along'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
const options = z.strictObject({
  ...shape,
  kind: z
    .enum(['conversation', 'prompt'])
    .default('conversation')
    .describe(
      'Rows with the solution as answer, or prompts with reference and verifier alone, for reinforcement learning',
    ),
})
export type ExercisesOptions = z.infer<typeof options>
const write = z.strictObject(shape)
type WriteOptions = z.infer<typeof write>

const reply = z.object({
  exercises: z.array(
    z.object({
      statement: z.string(),
      entry_point: z.string(),
      solution: z.string(),
      tests: z.string(),
      explanation: z.string(),
      difficulty: z.enum(['easy', 'medium', 'hard']),
    }),
  ),
})

const wording = {
  en: {
    python: 'plain `assert` statements, one a line, that call the entry point.',
    javascript:
      'plain calls of `assert.equal`, `assert.deepEqual` and `assert.throws`, one a line; `assert` is there already.',
    style: (style: string) => `- Style: ${style}`,
  },
  ja: {
    python: '名前で呼び出して結果を調べる `assert` 文だけを一行に一つずつ書きます。',
    javascript:
      '`assert.equal`、`assert.deepEqual`、`assert.throws` の呼び出しだけを一行に一つずつ書きます。`assert` は用意されています。',
    style: (style: string) => `- 書き方: ${style}`,
  },
}
const languages = { python: 'Python', javascript: 'JavaScript' }

/** The text that exercises are made from: a document, or the columns of a row, such as a topic of a curriculum. */
function materialOf(record: Rec<'document'> | Rec<'row'>): string {
  if (record.kind === 'document') return fence(record.text, 'document')
  const said = Object.entries(record.columns).filter(([, value]) => value !== null && value !== '')
  return fence(said.map(([name, value]) => `${name}: ${plain(value)}`).join('\n'), 'topic')
}
const plain = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

function request(record: Rec<'document'> | Rec<'row'>, { options, language }: Ctx<WriteOptions>) {
  const { exercises: count, code, style } = options
  const spoken = language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(options.prompt ?? new URL(`./exercises.${spoken}.md`, import.meta.url))
  const material = materialOf(record)
  const words = wording[spoken]
  return {
    ...prompt.ask({
      ...{ material, count, language: languages[code], tests: words[code] },
      style: style && words.style(style),
    }),
    reply,
    task: { name: 'exercises', input: { material, count, code, language, style } },
  }
}

/** Wording that only makes sense beside the material. A `text` is no sign of it: functions take texts. */
const pointsAtMaterial =
  /\b(?:the|this|given) (?:document|material|article|chapter|passage)\b|\b(?:above|aforementioned)\b|(?:この|本|上の)(?:文書|資料|記事|章|節|本文)|上記の?(?:文書|資料|記事)/i

/** Statement, reference solution and verifier of each exercise whose solution was run and holds. */
export const exercisesWrite = defineMap<WriteOptions, 'document' | 'row', 'prompt'>({
  verb: 'exercises-write',
  about: 'A teacher writes exercises with solution and unit tests, which are run against each other.',
  version: 1,
  options: write,
  takes: ['document', 'row'],
  gives: ['prompt'],
  reasons: [
    ...['empty-item', 'missing-entry-point', 'refers-to-document', 'duplicate-exercise', 'surplus'],
    ...['wrong-solution', 'too-costly', 'needs-package', 'vacuous-tests'],
    ...['refused', 'truncated', 'unparseable', 'rejected'],
  ],
  needs: { teachers: ['teacher'], files: ['prompt'], executes: true },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'exercises', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2306.11644',
  async run(record, ctx) {
    const { teacher, exercises: wanted, code: language, seconds, interpreter } = ctx.options
    const answer = await ctx.call(teacher, request(record, ctx))
    if (answer.bad) return unusable(answer) as Dropped
    const limits = { language, timeoutMs: Math.round(seconds * 1000), ...(interpreter ? { interpreter } : {}) }
    const seen = new Set<string>()
    const made: Draft<'prompt'>[] = []
    const lost: Lost[] = []
    const items = answer.data!.exercises.map(({ entry_point, difficulty, ...texts }) => {
      const exercise: Exercise = {
        statement: texts.statement.trim(),
        entry: entry_point.trim().replace(/\(.*\)$/s, ''),
        solution: bare(texts.solution, language),
        tests: bare(texts.tests, language),
        explanation: texts.explanation.trim(),
      }
      const key = comparable(exercise.statement)
      const reason =
        faultOf(exercise, language) ??
        (pointsAtMaterial.test(exercise.statement)
          ? 'refers-to-document'
          : seen.has(key)
            ? 'duplicate-exercise'
            : seen.size === wanted
              ? 'surplus'
              : undefined)
      if (reason === undefined) seen.add(key)
      return { exercise, difficulty, reason }
    })
    const faults = await Promise.all(
      items.map(
        ({ exercise, reason }): Promise<Fault | undefined> =>
          reason === undefined ? tried(exercise, limits, ctx.execute) : Promise.resolve({ reason, evidence: {} }),
      ),
    )
    for (const [index, { exercise, difficulty }] of items.entries()) {
      const { statement, entry, solution, tests, explanation } = exercise
      const fault = faults[index]
      if (fault) {
        lost.push({ index, reason: fault.reason, evidence: { ...fault.evidence, statement } })
        continue
      }
      made.push({
        payload: {
          kind: 'prompt',
          messages: [{ role: 'user', content: statement }],
          reference: `${explanation}\n\n\`\`\`${language}\n${solution}\n\`\`\``,
          verifier: { kind: 'code', language, entry_point: entry, tests },
        },
        index,
        notes: {
          facets: { difficulty, programming: language, ...topicOf(record) },
          ...(record.language ? { language: record.language } : {}),
        },
      })
    }
    return { is: 'made', made, lost }
  },
})

const topicOf = (record: Rec<'document'> | Rec<'row'>): { topic?: string } =>
  record.kind === 'row' && typeof record.columns.topic === 'string' ? { topic: record.columns.topic } : {}

/** The exercise as a conversation; its verifier stays with the prompt that it descends from. */
const exercisesAnswer = defineMap<Record<string, never>, 'prompt', 'conversation'>({
  verb: 'exercises-answer',
  about: 'Answers each exercise with the explanation and the solution that was run.',
  version: 1,
  options: z.strictObject({}),
  takes: ['prompt'],
  gives: ['conversation'],
  reasons: ['no-reference'],
  async run({ messages, reference, facets, language }) {
    if (reference === undefined) return { is: 'dropped', reason: 'no-reference' }
    return {
      is: 'made',
      made: [
        {
          payload: { kind: 'conversation', messages: [...messages, { role: 'assistant', content: reference }] },
          index: 0,
          notes: { facets, ...(language ? { language } : {}) },
        },
      ],
    }
  },
})

/** Programming exercises whose solutions are executed, after "Textbooks Are All You Need" (Gunasekar et al. 2023). */
export const exercises = defineVerb<ExercisesOptions>({
  verb: 'exercises',
  about:
    'A teacher writes programming exercises with solution and unit tests; those stay whose solution passes when it is run.',
  options,
  takes: ['document', 'row'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  source: 'https://arxiv.org/abs/2306.11644',
  expand: ({ kind, ...written }) =>
    kind === 'prompt'
      ? [{ as: '', step: exercisesWrite, options: written }]
      : [
          { as: 'write', step: exercisesWrite, options: written },
          { as: '', step: exercisesAnswer, options: {} },
        ],
})
