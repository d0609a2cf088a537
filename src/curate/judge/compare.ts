import { z } from 'zod'
import type { Id, Rec, Score } from '../../records/index.ts'
import {
  type Answer,
  type Ctx,
  type Decision,
  defineGlobal,
  defineGroup,
  defineVerb,
  fence,
  type GlobalStep,
  type GroupStep,
  loadPrompt,
  promptNotes,
  type Verb,
  type Verdict,
} from '../../steps/index.ts'
import { scoreOf } from '../content.ts'
import { exchange, referenceFor } from './ask.ts'

const shape = {
  teacher: z.string().describe('Teacher that compares; another family than those that answered compares more fairly'),
  group: z.string().optional().describe('Key of the step that drew the answers; default the nearest one'),
  reference: z.boolean().default(false).describe("Show the judge the prompt's reference answer, where there is one"),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
const options = z.strictObject(shape)
type Options = z.output<typeof options>

const reply = z.object({ rationale: z.string(), better: z.enum(['A', 'B', 'tie']) })
type Said = z.infer<typeof reply>

/** What two orders come to: 1 for the first answer, -1 for the second, 0 for none of them. */
export type Verdicts = { agree: boolean; value: -1 | 0 | 1 }

/**
 * A judge that prefers a place prefers another answer when they change places: only what it says both times counts, and
 * everything else is a tie. Undefined where one of the two cannot be read.
 */
export function bothOrders(
  ahead: Said['better'] | undefined,
  behind: Said['better'] | undefined,
): Verdicts | undefined {
  if (ahead === undefined || behind === undefined) return undefined
  const value = { A: 1, B: -1, tie: 0 } as const
  const [one, other] = [value[ahead], -value[behind]]
  return one === other ? { agree: true, value: one } : { agree: false, value: 0 }
}

function asking(records: readonly Rec<'conversation'>[], ctx: Ctx<Options>) {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./compare.${language}.md`, import.meta.url))
  const [question] = exchange(records[0]!.messages)
  const reference = referenceFor(ctx, language)
  const answers = records.map(record => exchange(record.messages)[1])
  return (first: number, second: number): Promise<Answer<Said>> =>
    ctx.call(ctx.options.teacher, {
      ...prompt.ask({
        question: fence(question, 'question'),
        reference,
        first: fence(answers[first]!, 'answer-A'),
        second: fence(answers[second]!, 'answer-B'),
      }),
      reply,
      task: {
        name: 'compare',
        input: { question, first: answers[first]!, second: answers[second]!, language: ctx.language },
      },
    })
}

type Tally = { won: number; read: number; agreed: number; asked: number; why?: string; call?: string }

function scoresOf({ won, read, agreed, asked, why, call }: Tally): { [aspect: string]: Score } {
  const method = `${read} of ${asked} pairs, each in both orders`
  const by = { method, ...(call ? { call } : {}), ...(why ? { why } : {}) }
  if (asked === 0) return { 'win-rate': { ...by, unscored: 'one-answer' } }
  if (read === 0) return { 'win-rate': { ...by, unscored: 'unparseable' } }
  return { 'win-rate': { ...by, value: won / read }, 'order-agreement': { ...by, value: agreed / read } }
}

const note = (text: string) => (text.length > 300 ? `${text.slice(0, 299).trimEnd()}…` : text)

/** Each answer of a prompt against each other one, in both orders. */
export const comparePairs: GroupStep<Options, 'conversation', 'conversation'> = defineGroup<
  Options,
  'conversation',
  'conversation'
>({
  verb: 'compare-pairs',
  about: 'A teacher compares each pair of answers to a prompt in both orders; what it says only once is a tie.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], files: ['prompt'], ancestors: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'compare', ['en', 'ja'], prompt),
  source: 'Zheng et al. 2023, arXiv 2306.05685',
  group: ({ group }) => group,
  async run(records, ctx) {
    const ordered = [...records].sort((a, b) => (a.id < b.id ? -1 : 1))
    const ask = asking(ordered, ctx)
    const tallies = new Map<Id, Tally>(ordered.map(({ id }) => [id, { won: 0, read: 0, agreed: 0, asked: 0 }]))
    const pairs = ordered.flatMap((_, i) => ordered.slice(i + 1).map((_, k) => [i, i + 1 + k] as const))
    const said = await Promise.all(pairs.map(([i, j]) => Promise.all([ask(i, j), ask(j, i)])))
    for (const [n, [i, j]] of pairs.entries()) {
      const [ahead, behind] = said[n]!
      const verdicts = bothOrders(ahead.data?.better, behind.data?.better)
      for (const [place, sign] of [
        [i, 1],
        [j, -1],
      ] as const) {
        const tally = tallies.get(ordered[place]!.id)!
        tally.asked++
        tally.call ??= ahead.call
        if (!verdicts) continue
        tally.read++
        tally.agreed += verdicts.agree ? 1 : 0
        tally.won += (1 + sign * verdicts.value) / 2
        tally.why ??= note(ahead.data!.rationale)
      }
    }
    const each = new Map<Id, Verdict>(
      ordered.map(({ id }) => [id, { is: 'passed', notes: { scores: scoresOf(tallies.get(id)!) } }]),
    )
    return { each }
  },
})

type Counted = { rows: number; agreement: number }
const reportOptions = z.strictObject({ step: z.string().describe('Key of the step whose pairs are counted') })

/** How often the judge kept to its verdict when the answers changed places. */
const compareReport: GlobalStep<z.output<typeof reportOptions>> = defineGlobal<z.output<typeof reportOptions>>({
  verb: 'compare-report',
  about: 'Tells how often verdicts held when the two answers changed places.',
  version: 1,
  options: reportOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey(records, { step }) {
        const counted: Counted = { rows: 0, agreement: 0 }
        for (const record of records) {
          const held = scoreOf(record, `${step}/order-agreement`)
          if (held === undefined) continue
          counted.rows++
          counted.agreement += held
        }
        return new Map([[0, counted]])
      },
      merge: (a: Counted, b: Counted) => ({ rows: a.rows + b.rows, agreement: a.agreement + b.agreement }),
      decide: (_, counted: Counted) => counted,
      combine([counted]: Counted[]): Decision {
        if (!counted || counted.rows === 0) return { each: new Map(), notes: ['no two answers were compared'] }
        const held = ((100 * counted.agreement) / counted.rows).toFixed(1)
        return {
          each: new Map(),
          notes: [`${held} % of the verdicts on ${counted.rows} answers held when the answers changed places`],
        }
      },
    },
  ],
  apply: () => ({ is: 'passed' }),
})

/** Which of several answers is better, by a judge whose liking for a place cannot decide it. */
export const compare: Verb<Options> = defineVerb<Options>({
  verb: 'compare',
  about:
    'A teacher compares the answers to each prompt in pairs, each pair in both orders; the share that an answer won is the score <step key>/win-rate.',
  options,
  takes: ['conversation'],
  needs: { teachers: ['teacher'], files: ['prompt'], ancestors: ['prompt'] },
  source: 'Zheng et al. 2023, arXiv 2306.05685',
  expand: (options, key) => [
    { as: 'pairs', step: comparePairs, options },
    { as: 'report', step: compareReport, options: { step: key } },
  ],
})
