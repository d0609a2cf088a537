import { z } from 'zod'
import type { Message, Rec, Score } from '../../records/index.ts'
import { type Answer, type Draft, defineMap, type MapStep, type Outcome } from '../../steps/index.ts'
import { openTurns } from './questions.ts'
import { answered, notesOf } from './sit.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that is examined; it must tell log-probabilities of a text'),
  length: z
    .enum(['none', 'bytes'])
    .default('none')
    .describe(
      'none: the likeliest choice counts; bytes: the likeliest for its length, so that long choices have a chance',
    ),
})
type Options = z.output<typeof options>

/** Scores of the choices, in order: `<step key>/choice-1` and so on. */
const likelihoodOf = /\/choice-(\d+)$/

/** Log-likelihoods of both sentences of a pair, where they were told. */
export function likelihoods({ scores }: Rec): [number, number] | undefined {
  const found = new Map<string, number>()
  for (const [name, score] of Object.entries(scores)) {
    const place = likelihoodOf.exec(name)?.[1]
    if (place !== undefined && 'value' in score && !found.has(place)) found.set(place, score.value)
  }
  const [more, less] = [found.get('1'), found.get('2')]
  return more === undefined || less === undefined ? undefined : [more, less]
}

/** The text before the choices: all turns, as they stand, since no chat template is applied. */
const contextOf = (prompt: readonly Message[]): string => prompt.map(({ content }) => content ?? '').join('\n\n')

const sum = ({ logprobs }: Answer): number | undefined =>
  logprobs?.length ? logprobs.reduce((total, { logprob }) => total + logprob, 0) : undefined

/**
 * Answers an exam with choices by how likely each is to the model, as lm-evaluation-harness does for base models; pairs of
 * sentences such as CrowS-Pairs stand alone, without a question before them.
 */
export const sitLikelihood: MapStep<Options, 'exam', 'conversation'> = defineMap<Options, 'exam', 'conversation'>({
  verb: 'sit-likelihood',
  about: 'A student answers choices by how likely each is to it: for base models, and for pairs of sentences.',
  version: 1,
  options,
  takes: ['exam'],
  gives: ['conversation'],
  reasons: ['no-choices'],
  needs: { teachers: ['teacher'], forms: { teacher: 'score' } },
  source: 'Gao et al., lm-evaluation-harness; Nangia et al. 2020, arXiv 2010.00133 (pairs)',
  async run(exam, ctx) {
    const { choices = [] } = exam
    if (choices.length < 2) return { is: 'dropped', reason: 'no-choices', evidence: { choices: choices.length } }
    const alone = exam.verifier?.kind === 'crows-pairs'
    const before: Message[] = alone ? [] : [{ role: 'user', content: `${contextOf(exam.prompt)}\n` }]
    const answers = await Promise.all(
      choices.map(choice =>
        ctx.call(ctx.options.teacher, {
          form: 'score',
          messages: [...before, { role: 'assistant', content: choice }],
        }),
      ),
    )
    const asked = exam.prompt.slice(0, (openTurns(exam.prompt).at(-1) ?? exam.prompt.length - 1) + 1)
    const made = (said: string, notes: Draft['notes']): Outcome<'exam', 'conversation'> => ({
      is: 'made',
      made: [
        {
          payload: answered(exam, [...asked, { role: 'assistant', content: said }]),
          index: 0,
          calls: answers.map(({ call }) => call),
          ...(notes ? { notes } : {}),
        },
      ],
    })
    const sums = answers.map(sum)
    // Nothing is known of the model then: graders leave it out, and say so.
    if (sums.includes(undefined)) return made('', notesOf(exam, { draw: 0, answers: 1, ended: 'no-logprobs' }))
    const values = (sums as number[]).map((value, i) =>
      ctx.options.length === 'bytes' ? value / Math.max(1, Buffer.byteLength(choices[i]!)) : value,
    )
    const best = values.indexOf(Math.max(...values))
    const method = `log-likelihood${ctx.options.length === 'bytes' ? ' a byte' : ''}`
    const scores: { [aspect: string]: Score } = Object.fromEntries(
      values.map((value, i) => [`choice-${i + 1}`, { method, value, call: answers[i]!.call }]),
    )
    return made(choices[best]!, { ...notesOf(exam, { draw: 0, answers: 1 }), scores })
  },
})
