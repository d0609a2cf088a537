import { z } from 'zod'
import type { Message, Rec } from '../../records/index.ts'
import { type Answer, type Ctx, type Draft, defineMap, type MapStep } from '../../steps/index.ts'
import { splitThinking, thinksOnly } from '../../teachers/index.ts'
import { type Exam, exampleOf, type Manner, marks, openTurns, turnsOf } from './questions.ts'

export const sitShape = {
  teacher: z.string().describe('Teacher that is examined: the student'),
  samples: z.int().min(1).max(64).default(1).describe('Independent answers an item; its score is their mean'),
  system: z.string().min(1).optional().describe('System prompt; an exam that has one of its own keeps it'),
  shots: z
    .strictObject({
      from: z.string().describe('Source or step with exams whose answers are shown; they are drawn anew for each item'),
      n: z.int().min(1).max(32).default(4).describe('Examples before each question'),
    })
    .optional()
    .describe('Worked examples before the question: { from: a source or step with exams, n: how many, default 4 }'),
  choices: z
    .enum(Object.keys(marks) as [keyof typeof marks, ...(keyof typeof marks)[]])
    .default('letters')
    .describe('Signs of choices: letters (A), kana (ア) or numbers (1); more than ten are answered by their text'),
  form: z
    .boolean()
    .default(true)
    .describe('Says below a question in which form its answer is wanted: the sign of a choice, a result'),
  'answer-in': z.enum(['en', 'ja']).optional().describe('Language that answers are asked for in'),
}
const options = z.strictObject(sitShape)
type Options = z.output<typeof options>

/** How an answer came that is none, or not whole. An exam that the server refuses as malformed tells nothing of the student. */
type Ended = 'refused' | 'truncated' | 'rejected' | 'empty'

/** What `sit` notes on a conversation beside its content; graders and the table of an evaluation read it. */
export function notesOf(exam: Exam, more: { draw: number; answers: number; ended?: string }): Draft['notes'] {
  const { source } = exam.lineage
  return {
    facets: { ...(source ? { task: source.name } : {}), exam: exam.digest, ...more },
    ...(exam.language ? { language: exam.language } : {}),
  }
}

/** The content of a conversation that answers an exam: what it is held against stays with it. */
export function answered({ target, verifier, choices }: Exam, messages: Message[]): Draft<'conversation'>['payload'] {
  const own = verifier ?? (choices ? { kind: 'choice', choices } : undefined)
  return {
    kind: 'conversation',
    messages,
    ...(target === '' ? {} : { reference: target }),
    ...(own ? { verifier: own.kind === 'choice' && choices && !own.choices ? { ...own, choices } : own } : {}),
  }
}

const mannerOf = ({ options, language }: Pick<Ctx<Options>, 'options' | 'language'>): Manner => ({
  choices: options.choices,
  form: options.form,
  answerIn: options['answer-in'],
  language,
})

/** What comes before the first turn of an exam: system prompt and worked examples. */
function opening(exam: Exam, ctx: Ctx<Options>): Message[] {
  const { system, shots } = ctx.options
  const own = exam.prompt[0]?.role === 'system' || exam.prompt[0]?.role === 'developer'
  // One more than wanted: the pool may hold the item itself.
  const pool = shots ? (ctx.draw('shots', shots.n + 1) as Rec[]) : []
  const drawn = pool
    .filter((one): one is Exam => one.kind === 'exam' && one.digest !== exam.digest && one.target !== '')
    .slice(0, shots?.n ?? 0)
  return [
    ...(system !== undefined && !own ? [{ role: 'system' as const, content: system }] : []),
    ...drawn.flatMap(one => exampleOf(one, mannerOf(ctx))),
  ]
}

function read(answer: Answer): { turn: Message; ended?: Ended } {
  const whole = answer.content ?? ''
  // Thoughts that were cut off may name an answer, and are none.
  const { content, reasoning } = thinksOnly(whole) ? { content: '', reasoning: whole } : splitThinking(whole)
  const thought = (answer.reasoning ?? reasoning)?.trim()
  const said = content.trim()
  const bad = answer.bad?.reason
  const ended: Ended | undefined = bad === 'unparseable' ? 'empty' : (bad ?? (said === '' ? 'empty' : undefined))
  return {
    turn: { role: 'assistant', content: said, ...(thought ? { reasoning: thought } : {}) },
    ...(ended ? { ended } : {}),
  }
}

/** One draw through all turns of an exam. A turn without an answer ends it: nothing can be said to what was not said. */
async function through(exam: Exam, before: Message[], draw: number, ctx: Ctx<Options>): Promise<Draft<'conversation'>> {
  const open = openTurns(exam.prompt)
  const messages = [...before]
  const calls: string[] = []
  let ended: Ended | undefined
  let answers = 0
  for (const [i, turn] of turnsOf(exam, mannerOf(ctx)).entries()) {
    messages.push(turn)
    if (!open.includes(i)) continue
    const task = { name: 'answer', input: { question: turn.content ?? '', language: ctx.language } }
    const answer = await ctx.call(ctx.options.teacher, { messages: [...messages], task }, draw)
    calls.push(answer.call)
    const { turn: said, ended: how } = read(answer)
    messages.push(said)
    answers++
    ended ??= how
    if (said.content === '') break
  }
  return {
    payload: answered(exam, messages),
    index: draw,
    calls,
    notes: notesOf(exam, { draw, answers, ...(ended ? { ended } : {}) }),
  }
}

/**
 * Asks a student the questions of an exam. Nothing is dropped: an answer that was refused, cut off or empty is one, and
 * graders decide what it is worth.
 */
export const sit: MapStep<Options, 'exam', 'conversation'> = defineMap<Options, 'exam', 'conversation'>({
  verb: 'sit',
  about: 'A student answers the questions of an exam, turn by turn where there are several.',
  version: 1,
  options,
  takes: ['exam'],
  gives: ['conversation'],
  reasons: ['no-question'],
  needs: { teachers: ['teacher'] },
  side: ({ shots }) => (shots ? [{ name: 'shots', from: shots.from }] : []),
  source: 'Zheng et al. 2023, arXiv 2306.05685; Brown et al. 2020, arXiv 2005.14165 (examples)',
  async run(exam, ctx) {
    if (openTurns(exam.prompt).length === 0)
      return { is: 'dropped', reason: 'no-question', evidence: { turns: exam.prompt.length } }
    const before = opening(exam, ctx)
    const draws = Array.from({ length: ctx.options.samples }, (_, draw) => through(exam, before, draw, ctx))
    return { is: 'made', made: await Promise.all(draws) }
  },
})
