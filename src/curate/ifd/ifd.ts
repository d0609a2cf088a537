import { z } from 'zod'
import type { Id, Rec, Score } from '../../records/index.ts'
import {
  type Answer,
  cutShare,
  type Decision,
  defineFilter,
  defineGlobal,
  defineMap,
  defineVerb,
  type FilterStep,
  type GlobalStep,
  type MapStep,
  type Primitive,
  type Verb,
} from '../../steps/index.ts'
import { type ChatTemplateName, chatTemplates, logprobsOf, modelTokens, opened } from '../../text/index.ts'
import { scoreOf, sides } from '../content.ts'
import { append } from '../dedupe/columns.ts'
import { learning, learntMethod, learntShape, type Models, meanOf, modelFor, spreadOf } from '../perplexity/learnt.ts'

const ratio = z
  .enum(['loss', 'perplexity'])
  .default('loss')
  .describe(
    'What is divided: mean losses, as in the paper that named the score, or perplexities, as in Superfiltering; both are 1 where the prompt neither helps nor misleads',
  )

/** Mean loss of an answer after its prompt, and by itself, in nats a token. */
type Losses = { conditioned: number; direct: number }

/**
 * Instruction-following difficulty: the loss of the answer after the prompt over its loss alone (Li et al. 2023, arXiv
 * 2308.12032, equation 4), or the same of perplexities (Li et al. 2024, arXiv 2402.00530, equation 2). From 1 on the prompt
 * does not help to foresee the answer; high below 1 is an answer that the model would not have given by itself.
 */
export function difficulty({ conditioned, direct }: Losses, by: z.output<typeof ratio>): number {
  return by === 'loss' ? conditioned / direct : Math.exp(conditioned - direct)
}

function scoresOf(losses: Losses, by: z.output<typeof ratio>, how: string, call?: string): { [aspect: string]: Score } {
  const more = call ? { call } : {}
  return {
    ifd: {
      method: `ratio of ${by === 'loss' ? 'mean losses' : 'perplexities'}; ${how}`,
      value: difficulty(losses, by),
      ...more,
    },
    conditioned: { method: `mean loss of the answer after its prompt; ${how}`, value: losses.conditioned, ...more },
    direct: { method: `mean loss of the answer alone; ${how}`, value: losses.direct, ...more },
  }
}

const without = (unscored: string, method: string, call?: string) =>
  ({
    is: 'passed',
    notes: { scores: { ifd: { method, unscored, ...(call ? { call } : {}) } } },
  }) as const

/** The turns before the last answer, and that answer. */
function split({ messages }: Rec<'conversation'>): { before: Rec<'conversation'>['messages']; answer: string } {
  const end = messages.findLastIndex(({ role }) => role === 'assistant')
  return { before: messages.slice(0, Math.max(0, end)), answer: messages[end]?.content ?? '' }
}

const learntOptions = z.strictObject({ ratio, ...learntShape })
type LearntOptions = z.output<typeof learntOptions>
type Found = { found: [Id, Losses][]; of: number }

/** By the built-in model: the words of the prompt make those of the answer likelier, as far as it speaks of the same. */
export const ifdLearnt: GlobalStep<LearntOptions> = defineGlobal<LearntOptions>({
  verb: 'ifd-learnt',
  about: 'Scores by a language model learnt from the rows how much each prompt helps to foresee its answer.',
  version: 1,
  options: learntOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  source: 'Li et al. 2023, arXiv 2308.12032; Li et al. 2024, arXiv 2402.00530',
  side: ({ like }) => (like === undefined ? [] : [{ name: 'like', from: like }]),
  passes: [
    learning((record, _: LearntOptions) => sides(record)[1]),
    {
      survey(records, _, { side, earlier, seed }) {
        const models = earlier as Models
        const found: [Id, Losses][] = []
        if (side !== undefined) return new Map()
        for (const record of records) {
          const { before, answer } = split(record as Rec<'conversation'>)
          const tokens = modelTokens(answer)
          const asked = modelTokens(before.map(({ content }) => content ?? '').join('\n'))
          if (tokens.length === 0 || asked.length === 0) continue
          const model = modelFor(models, record.id, seed)
          const conditioned = -meanOf(logprobsOf(model, tokens, asked))
          found.push([record.id, { conditioned, direct: -meanOf(logprobsOf(model, tokens)) }])
        }
        return new Map([[0, { found, of: models.of }]])
      },
      merge: (a: Found, b: Found) => ({ found: append(a.found, b.found), of: a.of }),
      decide: (_, found: Found) => found,
      combine([told]: Found[], { ratio }): Decision {
        const { found, of } = told ?? { found: [], of: 0 }
        const values = found.map(([, losses]) => difficulty(losses, ratio))
        const spread = values.length > 0 ? `: ${spreadOf(values)}` : ''
        return {
          each: new Map(found.map(([id, { conditioned, direct }]) => [id, { conditioned, direct }])),
          notes: [`difficulty of ${values.length} rows by a model of ${of} tokens${spread}`],
        }
      },
    },
  ],
  apply(_, decided, __, options) {
    const how = learntMethod(options)
    if (!decided) return without('no-text', how)
    return { is: 'passed', notes: { scores: scoresOf(decided as Losses, options.ratio, how) } }
  },
})

const template = z
  .enum(Object.keys(chatTemplates) as [ChatTemplateName, ...ChatTemplateName[]])
  .optional()
  .describe('Chat template of the teacher; without one the turns stand below each other, as for a base model')
const askedOptions = z.strictObject({
  teacher: z
    .string()
    .describe('Teacher whose log-probabilities are looked at: the model to be trained, or a smaller one'),
  ratio,
  template,
})
type AskedOptions = z.output<typeof askedOptions>

/** Both means are over the same tokens: the first of all has no log-probability where nothing stands before it. */
function lossesOf(conditioned: Answer, direct: Answer): Losses | undefined {
  const [after, alone] = [conditioned, direct].map(({ logprobs = [] }) => logprobs.map(({ logprob }) => -logprob))
  const n = Math.min(after!.length, alone!.length)
  if (n === 0) return undefined
  return { conditioned: meanOf(after!.slice(-n)), direct: meanOf(alone!.slice(-n)) }
}

/** By a model that tells the log-probabilities of a given text: two calls a row. */
export const ifdAsked: MapStep<AskedOptions, 'conversation', 'conversation'> = defineMap<
  AskedOptions,
  'conversation',
  'conversation'
>({
  verb: 'ifd-asked',
  about: 'Scores by the log-probabilities of a teacher how much each prompt helps to foresee its answer.',
  version: 1,
  options: askedOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], forms: { teacher: 'score' } },
  source: 'Li et al. 2023, arXiv 2308.12032; Li et al. 2024, arXiv 2402.00530',
  async run(record, ctx) {
    const { teacher, ratio, template } = ctx.options
    const how = 'log-probabilities of a model'
    const { before, answer } = split(record)
    if (answer.trim() === '' || before.length === 0) return without('no-text', how)
    const asked = template
      ? opened(template, before, 'assistant')
      : before.map(({ content }) => `${content ?? ''}\n\n`).join('')
    const said = { role: 'assistant' as const, content: answer }
    const [conditioned, direct] = await Promise.all([
      ctx.call(teacher, { form: 'score', messages: [{ role: 'user', content: asked }, said] }),
      ctx.call(teacher, { form: 'score', messages: [said] }),
    ])
    const bad = conditioned.bad ?? direct.bad
    if (bad) return without(bad.reason, how, conditioned.call)
    const losses = lossesOf(conditioned, direct)
    if (!losses) return without('no-logprobs', how, conditioned.call)
    // Nothing is a share of a loss of nothing.
    if (ratio === 'loss' && losses.direct <= 0) return without('certain-answer', how, conditioned.call)
    return { is: 'passed', notes: { scores: scoresOf(losses, ratio, how, conditioned.call) } }
  },
})

const helpOptions = z.strictObject({ by: z.string().describe('Stored score of the difficulty') })

/** Answers that their prompt does not help to foresee belong to no prompt, or to another one. */
export const ifdCut: FilterStep<z.output<typeof helpOptions>> = defineFilter<z.output<typeof helpOptions>>({
  verb: 'ifd-cut',
  about: 'Drops rows whose prompt does not make the answer likelier.',
  version: 1,
  options: helpOptions,
  takes: ['conversation'],
  gives: 'same',
  reasons: ['prompt-does-not-help', 'unscored'],
  test(record, { by }) {
    const value = scoreOf(record, by)
    if (value === undefined) return { is: 'dropped', reason: 'unscored', evidence: { by } }
    return value < 1 ? { is: 'passed' } : { is: 'dropped', reason: 'prompt-does-not-help', evidence: { by, value } }
  },
})

const options = z
  .strictObject({
    teacher: askedOptions.shape.teacher
      .optional()
      .describe(
        'Teacher whose log-probabilities are looked at: the model to be trained, or a smaller one; without one a built-in model is learnt',
      ),
    ratio,
    template,
    ...learntShape,
    keep: z.number().gt(0).max(1).optional().describe('Share of the rows to keep, the most difficult first'),
    helped: z.boolean().default(true).describe('Drop rows with a difficulty of 1 and more, whose prompt does not help'),
  })
  .refine(o => o.teacher === undefined || o.like === undefined, {
    path: ['like'],
    error: 'a teacher has learnt already: leave out either `like` or the teacher',
  })
  .refine(o => o.teacher !== undefined || o.template === undefined, {
    path: ['template'],
    error: 'the built-in model reads no chat template: it belongs to a teacher',
  })
type Options = z.output<typeof options>

/** Rows whose answers are hard for the model that is to learn them, though their prompt helps. */
export const ifd: Verb<Options> = defineVerb<Options>({
  verb: 'ifd',
  about:
    'Scores how little each prompt helps a model to foresee its answer, as <step key>/ifd; drops where it does not help at all, and keeps the most difficult share.',
  options,
  takes: ['conversation'],
  needs: { teachers: ['teacher'], forms: { teacher: 'score' } },
  side: ({ like }) => (like === undefined ? [] : [{ name: 'like', from: like }]),
  source: 'Li et al. 2023, arXiv 2308.12032; Li et al. 2024, arXiv 2402.00530',
  expand({ teacher, ratio, template, like, order, tokens, keep, helped }, key) {
    const by = `${key}/ifd`
    const learnt = { ratio, order, tokens, ...(like === undefined ? {} : { like }) }
    const steps: Primitive[] = [
      teacher === undefined
        ? { as: 'score', step: ifdLearnt, options: learnt }
        : { as: 'score', step: ifdAsked, options: { teacher, ratio, ...(template ? { template } : {}) } },
    ]
    if (helped) steps.push({ as: 'helped', step: ifdCut, options: { by } })
    if (keep !== undefined) steps.push({ as: 'cut', step: cutShare, options: { by, drop: 1 - keep } })
    return steps
  },
})
