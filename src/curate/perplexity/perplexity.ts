import { z } from 'zod'
import { type Id, type Json, kinds, type Rec, type Score } from '../../records/index.ts'
import {
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
import { logprobsOf, modelTokens } from '../../text/index.ts'
import { contentOf, parts, scoreOf } from '../content.ts'
import { append } from '../dedupe/columns.ts'
import { learning, learntMethod, learntShape, type Models, meanOf, modelFor, spreadOf } from './learnt.ts'

const of = z.enum(parts).default('completion').describe('What is looked at: the prompt, the completion, or all text')

const learntOptions = z.strictObject({ of, ...learntShape })
type LearntOptions = z.output<typeof learntOptions>

/** Of the mean logarithm a token: the perplexity, and the mean itself, of which a higher one is a likelier text. */
function scoresOf(method: string, mean: number, call?: string): { [aspect: string]: Score } {
  const by = { method, ...(call ? { call } : {}) }
  return { perplexity: { ...by, value: Math.exp(-mean) }, logprob: { ...by, value: mean } }
}

/** How surprising a text is to a model that was learnt from others like it. */
export const perplexityLearnt: GlobalStep<LearntOptions> = defineGlobal<LearntOptions>({
  verb: 'perplexity-learnt',
  about: 'Learns a language model from the rows, or from others, and scores how likely each text is by it.',
  version: 1,
  options: learntOptions,
  takes: kinds,
  gives: 'same',
  reasons: [],
  source: 'Chen & Goodman 1999, Computer Speech & Language 13; Wenzek et al. 2020, arXiv 1911.00359',
  side: ({ like }) => (like === undefined ? [] : [{ name: 'like', from: like }]),
  passes: [
    learning((record, options: LearntOptions) => contentOf(record, options.of)),
    {
      survey(records, options, { side, earlier, seed }) {
        const models = earlier as Models
        const found: [Id, number][] = []
        if (side !== undefined) return new Map()
        for (const record of records) {
          const tokens = modelTokens(contentOf(record, options.of))
          if (tokens.length === 0) continue
          found.push([record.id, meanOf(logprobsOf(modelFor(models, record.id, seed), tokens))])
        }
        return new Map([[0, { found, of: models.of }]])
      },
      merge: (a: Found, b: Found) => ({ found: append(a.found, b.found), of: a.of }),
      decide: (_, found: Found) => found,
      combine([told]: Found[]): Decision {
        const { found, of } = told ?? { found: [], of: 0 }
        const spread = found.length > 0 ? `: ${spreadOf(found.map(([, mean]) => Math.exp(-mean)))}` : ''
        const notes = [`perplexity of ${found.length} rows by a model of ${of} tokens${spread}`]
        return { each: new Map(found), notes: of > 0 ? notes : [...notes, 'there was no text to learn from'] }
      },
    },
  ],
  apply(_, decided, __, options) {
    const method = learntMethod(options)
    if (typeof decided === 'number') return { is: 'passed', notes: { scores: scoresOf(method, decided) } }
    const scores = { perplexity: { method, unscored: 'no-text' }, logprob: { method, unscored: 'no-text' } }
    return { is: 'passed', notes: { scores } }
  },
})
type Found = { found: [Id, number][]; of: number }

const askedOptions = z.strictObject({
  teacher: z.string().describe('Teacher whose log-probabilities are looked at'),
  of,
})
type AskedOptions = z.output<typeof askedOptions>

/** How surprising a text is to a language model that is served somewhere. */
export const perplexityAsked: MapStep<AskedOptions> = defineMap<AskedOptions, Rec['kind'], Rec['kind']>({
  verb: 'perplexity-asked',
  about: 'Scores how likely each text is to a model that tells the log-probabilities of its tokens.',
  version: 1,
  options: askedOptions,
  takes: kinds,
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], forms: { teacher: 'score' } },
  source: 'Marion et al. 2023, arXiv 2309.04564',
  async run(record, ctx) {
    const { teacher, of } = ctx.options
    const text = contentOf(record, of)
    const method = 'mean log-probability of the tokens'
    const without = (unscored: string, call?: string) => {
      const score = { method, unscored, ...(call ? { call } : {}) }
      return { is: 'passed' as const, notes: { scores: { perplexity: score, logprob: score } } }
    }
    if (text.trim() === '') return without('no-text')
    const reply = await ctx.call(teacher, { form: 'score', messages: [{ role: 'assistant', content: text }] })
    if (reply.bad) return without(reply.bad.reason, reply.call)
    if (!reply.logprobs?.length) return without('no-logprobs', reply.call)
    const mean = meanOf(reply.logprobs.map(({ logprob }) => logprob))
    return { is: 'passed', notes: { scores: scoresOf(method, mean, reply.call) } }
  },
})

const rangeOptions = z.strictObject({
  by: z.string().describe('Stored perplexity'),
  below: z.number().positive().optional().describe('Rows under this perplexity are dropped'),
  above: z.number().positive().optional().describe('Rows over this perplexity are dropped'),
})

/** Both ends: what is too likely is boilerplate, what is too surprising is no text of that kind. */
export const perplexityCut: FilterStep<z.output<typeof rangeOptions>> = defineFilter<z.output<typeof rangeOptions>>({
  verb: 'perplexity-cut',
  about: 'Drops rows whose perplexity is under or over a fixed value.',
  version: 1,
  options: rangeOptions,
  takes: kinds,
  gives: 'same',
  reasons: ['too-likely', 'too-surprising', 'unscored'],
  test(record, { by, below, above }) {
    const value = scoreOf(record, by)
    const evidence = (more: { [name: string]: Json }) => ({ by, ...more })
    if (value === undefined) return { is: 'dropped', reason: 'unscored', evidence: evidence({}) }
    if (below !== undefined && value < below)
      return { is: 'dropped', reason: 'too-likely', evidence: evidence({ value, below }) }
    if (above !== undefined && value > above)
      return { is: 'dropped', reason: 'too-surprising', evidence: evidence({ value, above }) }
    return { is: 'passed' }
  },
})

const options = z
  .strictObject({
    teacher: z
      .string()
      .optional()
      .describe('Teacher whose log-probabilities are looked at; without one a built-in model is learnt'),
    of,
    ...learntShape,
    below: rangeOptions.shape.below,
    above: rangeOptions.shape.above,
    drop: z.number().min(0).max(1).optional().describe('Share of the rows to drop, the most surprising first'),
  })
  .refine(o => o.teacher === undefined || o.like === undefined, {
    path: ['like'],
    error: 'a teacher has learnt already: leave out either `like` or the teacher',
  })
type Options = z.output<typeof options>

/** How surprising each text is; both ends can be cut, by value or by share. */
export const perplexity: Verb<Options> = defineVerb<Options>({
  verb: 'perplexity',
  about:
    'Scores how surprising each text is to a language model, as <step key>/perplexity: one that is learnt from the rows or from others, or a teacher.',
  options,
  takes: kinds,
  needs: { teachers: ['teacher'], forms: { teacher: 'score' } },
  side: ({ like }) => (like === undefined ? [] : [{ name: 'like', from: like }]),
  source: 'Chen & Goodman 1999, Computer Speech & Language 13; Wenzek et al. 2020, arXiv 1911.00359',
  expand({ teacher, of, like, order, tokens, below, above, drop }, key) {
    const learnt = { of, order, tokens, ...(like === undefined ? {} : { like }) }
    const steps: Primitive[] = [
      teacher === undefined
        ? { as: 'score', step: perplexityLearnt, options: learnt }
        : { as: 'score', step: perplexityAsked, options: { teacher, of } },
    ]
    if (below !== undefined || above !== undefined) {
      const range = { ...(below === undefined ? {} : { below }), ...(above === undefined ? {} : { above }) }
      steps.push({ as: 'range', step: perplexityCut, options: { by: `${key}/perplexity`, ...range } })
    }
    if (drop !== undefined) steps.push({ as: 'cut', step: cutShare, options: { by: `${key}/logprob`, drop } })
    return steps
  },
})
