import { z } from 'zod'
import type { Message, Rec, Score, Slug } from '../../records/index.ts'
import {
  type Answer,
  type Ask,
  type Ctx,
  cutShare,
  defineMap,
  defineVerb,
  fence,
  loadPrompt,
  type MapStep,
  type Primitive,
  promptNotes,
  type Verb,
} from '../../steps/index.ts'

const shape = {
  teacher: z.string().describe('Teacher that rates'),
  by: z
    .enum(['marks', 'expectation'])
    .default('marks')
    .describe(
      'marks: a whole mark with a reason; expectation: a single digit, of which the log-probabilities of all six are averaged, where the teacher tells them',
    ),
  'complexity-prompt': z
    .string()
    .optional()
    .describe('Prompt file for the complexity to use instead of the built-in one'),
  'quality-prompt': z.string().optional().describe('Prompt file for the quality to use instead of the built-in one'),
}
const scoreOptions = z.strictObject(shape)
type Options = z.output<typeof scoreOptions>

const [low, high] = [1, 6]
const reply = z.object({ rationale: z.string(), score: z.int().min(low).max(high) })
type Said = z.infer<typeof reply>
type Aspect = 'complexity' | 'quality'

const forms = {
  en: {
    marks: 'Reply with JSON only:\n{"rationale": "<one sentence>", "score": <integer from 1 to 6>}',
    expectation: 'Reply with the digit alone.',
  },
  ja: {
    marks: 'JSONだけで答えてください:\n{"rationale": "<一文>", "score": <1から6の整数>}',
    expectation: '数字一つだけで答えてください。',
  },
}

/** Turns of a user, each with the answer that follows it. */
function turnsOf(messages: readonly Message[]): [question: string, answer: string][] {
  return messages.flatMap(({ role, content }, i): [string, string][] => {
    const next = messages[i + 1]
    return role === 'user' && content && next?.role === 'assistant' && next.content ? [[content, next.content]] : []
  })
}

function asking(aspect: Aspect, [question, answer]: [string, string], ctx: Ctx<Options>): Ask<Said> {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options[`${aspect}-prompt`] ?? new URL(`./${aspect}.${language}.md`, import.meta.url))
  const { by } = ctx.options
  return {
    ...prompt.ask({
      question: fence(question, 'question'),
      answer: fence(answer, 'answer'),
      form: forms[language][by],
    }),
    ...(by === 'marks' ? { reply } : { logprobs: 10 }),
    task: {
      name: 'judge',
      input: {
        prompt: question,
        completion: aspect === 'quality' ? answer : question,
        aspects: ['score'],
        scale: [low, high],
        language: ctx.language,
      },
    },
  }
}

type Rated = { value: number; exact: boolean } | { unscored: Slug }

/**
 * The mean of the six marks by their probabilities, as the released scorers of the paper do it. A reply that is anything
 * but one digit of the scale is no mark: not the 1 of a 10, and not the first number of a sentence.
 */
export function expectation({ content, logprobs }: Pick<Answer, 'content' | 'logprobs'>): Rated {
  const said = (content ?? '').trim()
  if (!/^[1-6]$/.test(said)) return { unscored: 'unparseable' }
  const top = logprobs?.find(({ token }) => token.trim() === said)?.top ?? []
  let [weight, sum] = [0, 0]
  const seen = new Set<string>()
  for (const { token, logprob } of top) {
    const digit = token.trim()
    // The same digit with and without a space is one mark.
    if (!/^[1-6]$/.test(digit) || seen.has(token)) continue
    seen.add(token)
    weight += Math.exp(logprob)
    sum += Number(digit) * Math.exp(logprob)
  }
  return weight > 0 ? { value: sum / weight, exact: false } : { value: Number(said), exact: true }
}

function rated(answer: Answer<Said>, by: Options['by']): Rated {
  if (answer.bad) return { unscored: answer.bad.reason }
  return by === 'marks' ? { value: answer.data!.score, exact: true } : expectation(answer)
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * Complexity of each question and quality of each answer; the score is their product, summed over the turns. The paper has a
 * teacher rank variants of one seed together to make labels for small scorers; over a corpus each turn is scored by itself, as
 * those scorers do it.
 */
export const deitaScore: MapStep<Options, 'conversation', 'conversation'> = defineMap<
  Options,
  'conversation',
  'conversation'
>({
  verb: 'deita-score',
  about: 'A teacher rates the complexity of each question and the quality of each answer from 1 to 6.',
  version: 1,
  options: scoreOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], files: ['complexity-prompt', 'quality-prompt'] },
  prompts: o =>
    (['complexity', 'quality'] as const).flatMap(aspect =>
      promptNotes(import.meta.url, aspect, ['en', 'ja'], o[`${aspect}-prompt`]),
    ),
  source: 'Liu et al. 2023, arXiv 2312.15685',
  async run(record: Rec<'conversation'>, ctx) {
    const { teacher, by } = ctx.options
    const turns = turnsOf(record.messages)
    const ask = (aspect: Aspect) => Promise.all(turns.map(turn => ctx.call(teacher, asking(aspect, turn, ctx))))
    const [complexity, quality] = await Promise.all([ask('complexity'), ask('quality')])
    const all = [...complexity, ...quality].map(answer => rated(answer, by))
    const bad = turns.length === 0 ? { unscored: 'no-answer' } : all.find(one => 'unscored' in one)
    const call = complexity[0] ? { call: complexity[0].call } : {}
    if (bad && 'unscored' in bad) {
      const score: Score = { method: 'complexity x quality', unscored: bad.unscored, ...call }
      return { is: 'passed', notes: { scores: { score } } }
    }
    const values = all.map(one => (one as { value: number }).value)
    const [hard, good] = [values.slice(0, turns.length), values.slice(turns.length)]
    const how = all.every(one => 'exact' in one && one.exact) ? 'marks' : 'expected marks'
    const over = turns.length > 1 ? ` over ${turns.length} turns` : ''
    const scores: { [aspect: string]: Score } = {
      complexity: { method: `mean of ${how}${over}`, value: mean(hard), ...call },
      quality: { method: `mean of ${how}${over}`, value: mean(good), ...(quality[0] ? { call: quality[0].call } : {}) },
      score: {
        method: `complexity x quality, sum of ${how}${over}`,
        value: hard.reduce((sum, value, i) => sum + value * good[i]!, 0),
        ...call,
      },
    }
    return { is: 'passed', notes: { scores } }
  },
})

const options = z.strictObject({
  ...shape,
  drop: z.number().min(0).max(1).optional().describe('Share of the rows to drop, lowest score first'),
})

/** The scores of a small best set; `select: { method: diverse, by: <step key>/score }` chooses it by them. */
export const deita: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'deita',
  about:
    'Scores rows for a small best set: complexity of the question times quality of the answer, as <step key>/score, for `select: { method: diverse, by: <step key>/score }` to go by.',
  options,
  takes: ['conversation'],
  needs: { teachers: ['teacher'], files: ['complexity-prompt', 'quality-prompt'] },
  source: 'Liu et al. 2023, arXiv 2312.15685',
  expand({ drop, ...score }, key) {
    const steps: Primitive[] = [{ as: 'score', step: deitaScore, options: score }]
    if (drop !== undefined) steps.push({ as: 'cut', step: cutShare, options: { by: `${key}/score`, drop } })
    return steps
  },
})
