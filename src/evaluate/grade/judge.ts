import { z } from 'zod'
import { StillroomError } from '../../errors/index.ts'
import type { Json, Rec, Score, Verifier } from '../../records/index.ts'
import {
  type Answer,
  type Ask,
  type Ctx,
  defineMap,
  fence,
  fromFile,
  loadPrompt,
  type MapStep,
} from '../../steps/index.ts'
import type { MetricName } from '../metrics.ts'
import { answersOf, type Exam, languageOf, openTurns, questionsOf } from '../sit/questions.ts'
import { judgedMetric, notesOf, type PromptForm, promptFile, type Top } from './forms.ts'
import { tellsNothing, verifierFor } from './rule.ts'

type Options = {
  judge: string
  by?: string | Verifier
  samples: number
  top: Top
  rubric?: string | undefined
  references?: string | undefined
  prompt?: string | undefined
}
type Scores = { [aspect: string]: Score }
type Marked = { rationale: string; mark: number }

const expected = {
  en: 'The right answer, as the person who set the question knows it; an answer may put it in other words:',
  ja: '出題者の知る正解です。回答の言い方が違っていてもかまいません。',
}
const wanted = { en: 'What an answer must hold:', ja: '回答が満たすべき内容:' }
export const introduced = (text: string | undefined, said: string, label: string): string | undefined =>
  text === undefined || text.trim() === '' ? undefined : `${said}\n${fence(text, label)}`
export const referenceSaid = (text: string | undefined, language: string): string | undefined =>
  introduced(text, expected[languageOf(language)], 'reference')
export const rubricSaid = (texts: (string | undefined)[], language: string): string | undefined =>
  introduced(texts.filter(Boolean).join('\n\n'), wanted[languageOf(language)], 'rubric')

/** Questions and answers of one conversation as a judge reads them; the last answer is left out. */
function transcript(questions: string[], answers: string[], n: number): string {
  return questions
    .slice(0, n)
    .map((question, i) => `[user]\n${question}\n\n[assistant]\n${answers[i]}`)
    .join('\n\n')
}

const ownRubric = fromFile(text => text.trim())

/** Reference answers of MT-Bench by the id of the question, in the form that FastChat keeps them in. */
const referenceFile = fromFile((text, file): Map<string, string[]> => {
  const found = new Map<string, string[]>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      const { question_id: id, choices } = JSON.parse(line) as { question_id: Json; choices: { turns: string[] }[] }
      found.set(String(id), choices[0]!.turns.map(String))
    } catch {
      throw new StillroomError('SR_RECIPE_VALUE', `Line ${i + 1} of ${file} holds no reference answer.`, {
        expected: '{"question_id": .., "choices": [{"turns": ["..", ".."]}]}',
        hint: 'name the file of reference answers that belongs to the questions',
      })
    }
  }
  return found
})

/** Categories of MT-Bench that are judged beside a reference answer. */
const withReference = new Set(['math', 'reasoning', 'coding'])

function referencesOf(verifier: Verifier, file: string | undefined): string[] | undefined {
  const own = file === undefined ? undefined : referenceFile(file).get(String(verifier.question_id))
  if (own) return own
  return Array.isArray(verifier.references) ? verifier.references.map(String) : undefined
}

/** The mark between double square brackets, the last where there are several; undefined without one from 1 to 10. */
export function ratingIn(text: string): number | undefined {
  const found = [...text.matchAll(/\[\[\s*(\d+(?:\.\d+)?)\s*(?:\/\s*10\s*)?\]\]/g)].at(-1)?.[1]
  const value = found === undefined ? Number.NaN : Number(found)
  return value >= 1 && value <= 10 ? value : undefined
}

const note = (text: string): string => (text.length > 300 ? `${text.slice(0, 299).trimEnd()}…` : text)
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** The mean of what could be read of several replies of a judge; unscored where none could. */
function scoreOf<T>(
  answers: Answer<T>[],
  method: string,
  read: (answer: Answer<T>) => [number, string] | undefined,
): Score {
  const said = answers.map(answer => [answer, read(answer)] as const)
  const marked = said.flatMap(([answer, mark]) => (mark ? [{ call: answer.call, value: mark[0], why: mark[1] }] : []))
  const first = answers[0]!
  if (marked.length === 0) {
    const { reason = 'unparseable', detail = 'the reply holds no mark' } = first.bad ?? {}
    return { method, unscored: reason, call: first.call, why: note(detail) }
  }
  const times = marked.length > 1 ? `, ${marked.length} times` : ''
  const [{ call, why }] = marked as [(typeof marked)[number]]
  return { method: `${method}${times}`, call, value: mean(marked.map(({ value }) => value)), why: note(why) }
}

const draws = <T>(ask: Ask<T>, { options, call }: Ctx<Options>): Promise<Answer<T>[]> =>
  Promise.all(Array.from({ length: options.samples }, (_, draw) => call(options.judge, ask, draw)))

/** A mark by a rubric: the item's own, and the one of the recipe. */
async function marked(kind: 'rubric' | 'elyza', answers: string[], exam: Exam, ctx: Ctx<Options>): Promise<Scores> {
  const { options, language } = ctx
  const top = kind === 'elyza' ? 5 : options.top
  const metric = judgedMetric(kind, top)!
  const method = `${kind} from 1 to ${top}`
  if (answers.every(answer => answer === '')) {
    return { [metric]: { method, value: 1, why: 'no answer: the lowest mark, and nobody was asked' } }
  }
  const questions = questionsOf(exam)
  const last = questions.length - 1
  const prompt = loadPrompt(promptFile(kind, language, options.prompt))
  const before = last === 0 ? '' : `${transcript(questions, answers, last)}\n\n[user]\n`
  const rubric = options.rubric === undefined ? undefined : ownRubric(options.rubric)
  const question = `${before}${questions[last]}`
  const ask: Ask<Marked> = {
    ...prompt.ask({
      question: fence(question, 'question'),
      reference: referenceSaid(exam.target, language),
      rubric: rubricSaid([rubric, exam.rubric], language),
      answer: fence(answers[last]!, 'answer'),
      low: 1,
      high: top,
      middle: top === 5 ? 3 : 5,
      earlier: undefined,
    }),
    reply: z.object({ rationale: z.string(), mark: z.int().min(1).max(top) }),
    task: {
      name: 'judge',
      input: { prompt: question, completion: answers[last]!, aspects: ['mark'], scale: [1, top], language },
    },
  }
  const score = scoreOf(await draws(ask, ctx), method, ({ data }) => (data ? [data.mark, data.rationale] : undefined))
  return { [metric]: score }
}

/** Marks of each turn from 1 to 10 and their mean, after MT-Bench: an item with a turn that has no mark has no mean. */
async function mtBench(answers: string[], exam: Exam, verifier: Verifier, ctx: Ctx<Options>): Promise<Scores> {
  const { options, language } = ctx
  const questions = questionsOf(exam)
  const based = withReference.has(String(verifier.category))
  const references = based ? referencesOf(verifier, options.references) : undefined
  const turns = await Promise.all(
    questions.map(async (question, i): Promise<Score> => {
      const form: PromptForm = `mt-bench-${i === 0 ? 'single' : 'multi'}${based ? '-math' : ''}`
      if (answers[i] === '') return { method: form, value: 1, why: 'no answer: the lowest mark, and nobody was asked' }
      if (based && references === undefined) {
        const why = `questions of ${verifier.category} are judged beside a reference answer: give \`references\``
        return { method: form, unscored: 'no-reference', why }
      }
      const prompt = loadPrompt(promptFile(form, language, options.prompt))
      const ask: Ask = prompt.ask({
        earlier: i === 0 ? undefined : fence(transcript(questions, answers, i), 'conversation'),
        question: fence(question, 'question'),
        reference: referenceSaid(references?.slice(0, i + 1).join('\n\n'), language),
        answer: fence(answers[i]!, 'answer'),
        // A prompt file of one's own may be made for marks by a rubric.
        ...{ rubric: rubricSaid([exam.rubric], language), low: 1, high: 10, middle: 5 },
      })
      return scoreOf(await draws(ask, ctx), form, ({ content, bad }) => {
        const rating = bad ? undefined : ratingIn(content ?? '')
        return rating === undefined ? undefined : [rating, (content ?? '').trim()]
      })
    }),
  )
  const each = Object.fromEntries(turns.map((score, i) => [`mt_bench_turn_${i + 1}`, score]))
  const values = turns.flatMap(score => ('value' in score ? [score.value] : []))
  const lacking = turns.find(score => 'unscored' in score) as Extract<Score, { unscored: string }> | undefined
  const method = `mean of ${turns.length} turns`
  const all: Score = lacking
    ? { method, unscored: lacking.unscored, ...(lacking.why ? { why: lacking.why } : {}) }
    : { method, value: mean(values) }
  return { mt_bench: all, ...each }
}

async function scoresOf(conversation: Rec<'conversation'>, exam: Exam, ctx: Ctx<Options>): Promise<Scores> {
  const verifier = verifierFor(ctx.options.by, exam)
  const metric: MetricName | undefined = judgedMetric(verifier.kind, ctx.options.top)
  if (!metric) return {}
  const nothing = tellsNothing(conversation)
  const top = verifier.kind === 'elyza' ? 5 : ctx.options.top
  const method = verifier.kind === 'mt-bench' ? 'mean of its turns' : `${verifier.kind} from 1 to ${top}`
  if (nothing) return { [metric]: { method, unscored: nothing } }
  const answers = answersOf(conversation, openTurns(exam.prompt).length)
  if (verifier.kind === 'mt-bench') return mtBench(answers, exam, verifier, ctx)
  return marked(verifier.kind as 'rubric' | 'elyza', answers, exam, ctx)
}

/**
 * Marks of a judge on answers of an exam. A judge whose reply holds no mark leaves an answer unscored; an answer that is empty
 * gets the lowest mark, and nobody is asked for it.
 */
export const gradeJudge = (by: z.ZodType<string | Verifier>): MapStep<Options, 'conversation', 'conversation'> =>
  defineMap<Options, 'conversation', 'conversation'>({
    verb: 'grade-judge',
    about: 'A judge marks the answers of an exam that no rule can grade.',
    version: 1,
    options: z.strictObject({
      judge: z.string(),
      by: by.optional(),
      samples: z.int().min(1).max(16),
      top: z.union([z.literal(5), z.literal(10)]),
      rubric: z.string().optional(),
      references: z.string().optional(),
      prompt: z.string().optional(),
    }) as unknown as z.ZodType<Options>,
    takes: ['conversation'],
    gives: 'same',
    reasons: ['no-exam'],
    needs: { teachers: ['judge'], files: ['rubric', 'references', 'prompt'], ancestors: ['exam'] },
    prompts: ({ prompt }) =>
      prompt === undefined
        ? [...notesOf('rubric'), ...notesOf('elyza'), ...notesOf('mt-bench')]
        : notesOf('rubric', prompt),
    async run(record, ctx) {
      const exam = ctx.ancestor('exam')
      if (!exam) return { is: 'dropped', reason: 'no-exam', evidence: 'the row was not made by `sit`' }
      return { is: 'passed', notes: { scores: await scoresOf(record, exam, ctx) } }
    },
  })
