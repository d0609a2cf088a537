import { z } from 'zod'
import {
  type Difficulty,
  digestOf,
  type Id,
  type Rec,
  type Score,
  type Verifier,
  withMessages,
} from '../../records/index.ts'
import {
  type Ctx,
  defineFilter,
  defineGroup,
  defineMap,
  defineVerb,
  type FilterStep,
  type GroupStep,
  type MapStep,
  type Primitive,
  type Verb,
  type Verdict,
} from '../../steps/index.ts'
import { best } from '../best/best.ts'
import { scoreOf } from '../content.ts'
import { distinct } from '../distinct/distinct.ts'
import { drawn, groupOption } from '../family.ts'
import { noReference } from './grade.ts'
import { gradeAnswer, kindsSaid, verifierOption } from './graders.ts'

const gradeShape = {
  by: verifierOption
    .optional()
    .describe(
      `How answers are checked: a kind, or { kind, .. } with its settings; default the verifier of each row. Kinds: ${kindsSaid}`,
    ),
  reference: z.string().optional().describe('What all answers are held against; default the reference of each row'),
  interpreter: z
    .string()
    .optional()
    .describe('For code: your own Python, run inside bubblewrap, such as `python3`; default the one that comes along'),
}
const gradeOptions = z.strictObject(gradeShape)
type GradeOptions = z.output<typeof gradeOptions>

/**
 * Grades the last answer. Nothing is dropped: a cut of its own does that, so that another rule grades nothing again. What the
 * answer was held against becomes part of the row, which reinforcement learning with verifiable rewards can then use.
 */
export const verifyGrade: MapStep<GradeOptions, 'conversation', 'conversation'> = defineMap<
  GradeOptions,
  'conversation',
  'conversation'
>({
  verb: 'verify-grade',
  about: 'Checks the last answer by a rule, without a model: right, wrong or undecided.',
  version: 2,
  options: gradeOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: ['verifier-added'],
  needs: { ancestors: ['prompt'], executes: true },
  async run(record, ctx) {
    const { by, reference: given } = ctx.options
    const asked = record.reference === undefined || !record.verifier ? ctx.ancestor('prompt') : undefined
    const own = record.verifier ?? asked?.verifier
    // The name of a kind alone leaves its settings, such as tests, to the rows that have them.
    const named = typeof by === 'string' ? (own?.kind === by ? own : { kind: by }) : (by ?? own)
    const reference = given ?? record.reference ?? asked?.reference
    if (!named) {
      const correct: Score = { method: 'none', unscored: 'no-reference', why: 'neither row nor step names a verifier' }
      return { is: 'passed', notes: { scores: { correct } } }
    }
    const held = { ...record, verifier: named, ...(reference === undefined ? {} : { reference }) }
    const notes = { scores: { correct: await graded(held, ctx) } }
    const payload = withMessages(held, record.messages)
    const same = record.reference === reference && digestOf(record.verifier ?? null) === digestOf(named)
    return same ? { is: 'passed', notes } : { is: 'fixed', reason: 'verifier-added', payload, notes }
  },
})

async function graded(record: Rec<'conversation'> & { verifier: Verifier }, ctx: Ctx<GradeOptions>): Promise<Score> {
  const method = `verifier ${record.verifier.kind}`
  const { messages, reference, verifier } = record
  const completion = messages.findLast(({ role }) => role === 'assistant')?.content ?? ''
  const given = { ...(reference === undefined ? {} : { reference }), verifier, messages }
  const { verdict, why } = await gradeAnswer(completion, given, ctx)
  const said = why === undefined ? {} : { why }
  if (verdict !== 'undecided') return { method, value: verdict === 'right' ? 1 : 0, ...said }
  return { method, unscored: why === noReference.why ? 'no-reference' : 'undecided', ...said }
}

const rateOptions = z.strictObject({
  by: z.string().describe('Stored score of the grades, written as <step key>/<aspect>'),
  difficulty: z
    .tuple([z.number().min(0).max(1), z.number().min(0).max(1)])
    .optional()
    .describe('Sets the facet difficulty by the pass rate: hard under the first share, easy from the second on'),
  group: groupOption,
})
type RateOptions = z.output<typeof rateOptions>

/**
 * The share of right answers among those that could be told, over the samples of one prompt, and the rest to one as its
 * difficulty, for steps that prefer what scores higher.
 */
export const passRate: GroupStep<RateOptions> = defineGroup<RateOptions, 'conversation', 'conversation'>({
  verb: 'pass-rate',
  about: 'Stores which share of the samples of a prompt is right.',
  version: 1,
  options: rateOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  group: ({ group }) => group,
  async run(records, { options: { by, difficulty } }) {
    const grades = records.map(record => scoreOf(record, by)).filter(grade => grade !== undefined)
    const method = `share right of ${grades.length} samples`
    const rate = grades.reduce((sum, grade) => sum + grade, 0) / grades.length
    const none: Score = { method, unscored: 'undecided' }
    const scores: { [aspect: string]: Score } =
      grades.length === 0
        ? { 'pass-rate': none, difficulty: none }
        : { 'pass-rate': { method, value: rate }, difficulty: { method: `1 - ${method}`, value: 1 - rate } }
    const [hard, easy] = difficulty ?? [0, 0]
    const level: Difficulty = rate < hard ? 'hard' : rate >= easy ? 'easy' : 'medium'
    const facets = difficulty && grades.length > 0 ? { facets: { difficulty: level } } : {}
    const verdict: Verdict = { is: 'passed', notes: { scores, ...facets } }
    return { each: new Map<Id, Verdict>(drawn(records).map(({ id }) => [id, verdict])) }
  },
})

const cutOptions = z.strictObject({
  by: z.string().describe('Stored score of the grades, written as <step key>/<aspect>'),
  undecided: z.enum(['drop', 'keep']).default('drop').describe('What happens to answers that could not be told'),
})
type CutOptions = z.output<typeof cutOptions>

export const cutWrong: FilterStep<CutOptions> = defineFilter<CutOptions>({
  verb: 'cut-wrong',
  about: 'Drops answers that were found wrong, and those that could not be told.',
  version: 1,
  options: cutOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: ['wrong', 'undecided', 'no-reference'],
  test(record: Rec, { by, undecided }) {
    const score = record.scores[by]
    if (score && 'value' in score && score.value > 0) return { is: 'passed' }
    const why = score?.why === undefined ? {} : { why: score.why }
    if (score && 'value' in score) return { is: 'dropped', reason: 'wrong', evidence: { by, ...why } }
    if (undecided === 'keep') return { is: 'passed' }
    const reason = score?.unscored === 'no-reference' ? 'no-reference' : 'undecided'
    return { is: 'dropped', reason, evidence: { by, ...why } }
  },
})

const options = z
  .strictObject({
    ...gradeShape,
    keep: z
      .enum(['right', 'first', 'distinct', 'all'])
      .default('right')
      .describe(
        'right: all right answers; first: the first right one of each prompt; distinct: one for each way of reasoning; all: every answer, with its grade',
      ),
    undecided: cutOptions.shape.undecided,
    difficulty: rateOptions.shape.difficulty,
    group: groupOption,
  })
  .refine(o => o.difficulty === undefined || o.difficulty[0] <= o.difficulty[1], {
    path: ['difficulty'],
    message: 'the share under which a prompt is hard comes first',
  })
type Options = z.output<typeof options>

/** Verifiable answers (rejection sampling, RFT): graded by rules, and the pass rate over the samples comes for free. */
export const verify: Verb<Options> = defineVerb<Options>({
  verb: 'verify',
  about:
    'Checks answers against a reference by rules, stores how many samples of a prompt are right, and drops the wrong.',
  options,
  takes: ['conversation'],
  needs: { ancestors: ['prompt'] },
  source: 'https://arxiv.org/abs/2308.01825',
  expand({ keep, undecided, difficulty, group, ...grade }, key) {
    const by = `${key}/correct`
    const family = group === undefined ? {} : { group }
    const steps: Primitive[] = [
      { as: 'grade', step: verifyGrade, options: grade },
      { as: 'pass-rate', step: passRate, options: { by, ...(difficulty ? { difficulty } : {}), ...family } },
    ]
    if (keep === 'all') return steps
    steps.push({ as: 'cut', step: cutWrong, options: { by, undecided } })
    if (keep === 'first') steps.push({ as: 'first', step: best, options: { by, ...family } })
    if (keep === 'distinct') steps.push({ as: 'distinct', step: distinct, options: family })
    return steps
  },
})
