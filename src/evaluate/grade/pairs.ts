import { z } from 'zod'
import { StillroomError } from '../../errors/index.ts'
import type { Rec, Score } from '../../records/index.ts'
import { type Ask, type Ctx, defineMap, fence, fromFile, loadPrompt, type MapStep } from '../../steps/index.ts'
import type { ItemResult } from '../evaluation.ts'
import { answersOf, type Exam, openTurns, questionsOf } from '../sit/questions.ts'
import { notesOf, promptFile } from './forms.ts'
import { referenceSaid, rubricSaid } from './judge.ts'
import { tellsNothing } from './rule.ts'

const options = z.strictObject({ judge: z.string(), against: z.string(), prompt: z.string().optional() })
type Options = z.output<typeof options>
type Verdict = { rationale: string; better: 'A' | 'B' | 'tie' }

/** Answers of another evaluation, by the item and by what was asked. */
const answersIn = fromFile((text, file): Map<string, string> => {
  const found = new Map<string, string>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      const { item, digest, answer } = JSON.parse(line) as ItemResult
      if (answer === undefined) continue
      found.set(digest, answer)
      found.set(item, answer)
    } catch {
      throw new StillroomError('SR_RECIPE_VALUE', `Line ${i + 1} of ${file} is no result of an evaluation.`, {
        expected: 'the items.jsonl that `stillroom evaluate` wrote',
      })
    }
  }
  return found
})

/** The other answer: the reference of the exam, or what another model said to the same item. */
const rivalOf = (exam: Exam, against: string): string | undefined =>
  against === 'reference'
    ? exam.target || undefined
    : (answersIn(against).get(exam.id) ?? answersIn(against).get(exam.digest))

async function compared(conversation: Rec<'conversation'>, exam: Exam, ctx: Ctx<Options>): Promise<Score> {
  const { judge, against, prompt: own } = ctx.options
  const method = `pairwise in both orders, against ${against === 'reference' ? 'the reference' : 'another evaluation'}`
  const nothing = tellsNothing(conversation)
  if (nothing) return { method, unscored: nothing }
  const questions = questionsOf(exam)
  const answers = answersOf(conversation, openTurns(exam.prompt).length)
  // All turns of both, as the items of an evaluation hold them; who broke off gave no answer.
  const answer = answers.at(-1) === '' ? '' : answers.join('\n\n')
  const rival = rivalOf(exam, against)
  if (rival === undefined) return { method, unscored: 'no-rival', why: 'there is no other answer to this item' }
  const silent = rival.trim() === ''
  if (silent && answer === '') return { method, value: 0.5, why: 'neither gave an answer, and nobody was asked' }
  if (answer === '') return { method, value: 0, why: 'no answer: it loses, and nobody was asked' }
  if (silent) return { method, value: 1, why: 'the other gave no answer: it loses, and nobody was asked' }
  const prompt = loadPrompt(promptFile('pairs', ctx.language, own))
  const ask = (first: string, second: string): Ask<Verdict> => ({
    ...prompt.ask({
      question: fence(questions.join('\n\n'), 'question'),
      reference: against === 'reference' ? undefined : referenceSaid(exam.target, ctx.language),
      rubric: rubricSaid([exam.rubric], ctx.language),
      first: fence(first, 'answer-1'),
      second: fence(second, 'answer-2'),
    }),
    reply: z.object({ rationale: z.string(), better: z.enum(['A', 'B', 'tie']) }),
  })
  const [ahead, behind] = await Promise.all([ctx.call(judge, ask(answer, rival)), ctx.call(judge, ask(rival, answer))])
  if (!ahead.data || !behind.data) {
    const bad = [ahead, behind].find(({ data }) => !data)!
    return { method, unscored: bad.bad?.reason ?? 'unparseable', call: bad.call }
  }
  const wins = ahead.data.better === 'A' && behind.data.better === 'B'
  const loses = ahead.data.better === 'B' && behind.data.better === 'A'
  const why =
    wins || loses ? ahead.data.rationale : 'the verdict did not hold when the answers changed places, or is a tie'
  return { method, call: ahead.call, value: wins ? 1 : loses ? 0 : 0.5, why: why.slice(0, 300) }
}

/** Which of two answers a judge prefers: a win or a loss must hold in both orders, all else is a tie. */
export const gradePairs: MapStep<Options, 'conversation', 'conversation'> = defineMap<
  Options,
  'conversation',
  'conversation'
>({
  verb: 'grade-pairs',
  about: 'A judge compares each answer with the reference, or with that of another evaluation, in both orders.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: ['no-exam'],
  needs: { teachers: ['judge'], files: ['against', 'prompt'], ancestors: ['exam'] },
  prompts: ({ prompt }) => notesOf('pairs', prompt),
  source: 'Zheng et al. 2023, arXiv 2306.05685',
  async run(record, ctx) {
    const exam = ctx.ancestor('exam')
    if (!exam) return { is: 'dropped', reason: 'no-exam', evidence: 'the row was not made by `sit`' }
    return { is: 'passed', notes: { scores: { win_rate: await compared(record, exam, ctx) } } }
  },
})
