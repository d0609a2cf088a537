import { z } from 'zod'
import type { Id, Json, Rec, Score } from '../../records/index.ts'
import { type Ctx, defineGroup, fence, loadPrompt, promptNotes, type Verdict } from '../../steps/index.ts'
import { finalAnswer } from '../../text/index.ts'

/** How the draws of one prompt are compared. */
export const agreeBy = z.enum(['final', 'judge', 'similarity'])

export const agreeOptions = z.strictObject({
  by: agreeBy.optional().describe('Default: final answers where most draws state one, else similarity'),
  referee: z.string().optional().describe('Teacher that compares open answers, for by: judge'),
  similar: z.number().min(0).max(1).default(0.6).describe('Word overlap (Dice) from which two answers count as one'),
  of: z.int().min(1).optional().describe('Answers that were asked for; default those that came'),
  group: z.string().describe('Key of the step that drew the answers'),
})
type AgreeOptions = z.infer<typeof agreeOptions>

const reply = z.object({ equivalent: z.array(z.int()) })

const answerOf = (record: Rec<'conversation'>) => record.messages.at(-1)?.content ?? ''
const drawOf = (record: Rec<'conversation'>) => Number(record.facets.draw ?? 0)

/** Indexes of the largest set of equal keys; ties go to the set with the lowest index. `undefined` equals nothing. */
export function majority(keys: (string | undefined)[]): number[] {
  const sets = new Map<string, number[]>()
  keys.forEach((key, i) => {
    const name = key === undefined ? `\u0000${i}` : key
    sets.set(name, [...(sets.get(name) ?? []), i])
  })
  let best: number[] = []
  for (const set of sets.values()) if (set.length > best.length) best = set
  return best
}

/** Words of a text; characters in pairs where a script writes no spaces. */
function terms(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [run] of text
    .normalize('NFKC')
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}_]+/gu)) {
    const cjk = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(run) && run.length > 2
    const parts = cjk ? Array.from({ length: run.length - 1 }, (_, i) => run.slice(i, i + 2)) : [run]
    for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1)
  }
  return counts
}

/** Dice coefficient over word counts: 1 for equal bags of words. */
export function overlap(a: string, b: string): number {
  const [x, y] = [terms(a), terms(b)]
  const size = (bag: Map<string, number>) => bag.values().reduce((sum, n) => sum + n, 0)
  let shared = 0
  for (const [term, n] of x) shared += Math.min(n, y.get(term) ?? 0)
  const total = size(x) + size(y)
  return total === 0 ? 1 : (2 * shared) / total
}

/** Indexes of the answer with most similar ones (ties: lowest index) and of these. */
export function cluster(texts: string[], similar: number): number[] {
  let best: number[] = []
  texts.forEach((text, i) => {
    const near = texts.flatMap((other, j) => (i === j || overlap(text, other) >= similar ? [j] : []))
    if (near.length > best.length) best = [i, ...near.filter(j => j !== i)]
  })
  return best
}

/** Indexes of the answers that agree, or why nobody could say. */
type Found = { method: string; call?: string } & ({ set: number[] } | { unscored: string })

async function largestSet(records: Rec<'conversation'>[], ctx: Ctx<AgreeOptions>): Promise<Found> {
  const texts = records.map(answerOf)
  const finals = texts.map(finalAnswer)
  const stated = finals.filter(final => final !== undefined).length
  const by = ctx.options.by ?? (stated * 2 > texts.length ? 'final' : 'similarity')
  if (by === 'final') return { set: majority(finals), method: 'final answer' }
  if (by === 'similarity') return { set: cluster(texts, ctx.options.similar), method: 'word overlap' }
  const method = 'referee'
  // One answer agrees with itself: there is nothing to ask.
  if (texts.length === 1) return { set: [0], method }
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(new URL(`./referee.${language}.md`, import.meta.url))
  const question = records[0]!.messages
    .slice(0, -1)
    .map(message => message.content ?? '')
    .join('\n\n')
  const { data, bad, call } = await ctx.call(ctx.options.referee!, {
    ...prompt.ask({
      question: fence(question, 'question'),
      answers: texts.map((text, i) => fence(text, `answer-${i + 1}`)).join('\n'),
    }),
    reply,
    task: { name: 'referee', input: { question, answers: texts as Json[], language: ctx.language } },
  })
  if (bad) return { unscored: bad.reason, method, call }
  const named = data!.equivalent.map(n => n - 1).filter(n => n >= 0 && n < texts.length)
  return { set: [...new Set(named)].sort((a, b) => a - b), method, call }
}

/**
 * Self-consistency (Wang et al., arXiv:2203.11171): of the draws of one prompt, the first of the largest group that
 * agrees passes, with the group's share of the answers asked for as score `agreement`: one that was lost agrees with
 * nobody. Of answers that no referee could compare the first passes unscored. The floor is a cut of its own.
 */
export const agree = defineGroup<AgreeOptions, 'conversation', 'conversation'>({
  verb: 'agree',
  about: 'Keeps one of several answers to a prompt: the first of the largest group that agrees.',
  version: 2,
  options: agreeOptions,
  takes: ['conversation'],
  gives: ['conversation'],
  reasons: ['not-chosen', 'no-agreement'],
  needs: { teachers: ['referee'] },
  source: 'https://arxiv.org/abs/2203.11171',
  prompts: ({ by }) => (by === 'judge' ? promptNotes(import.meta.url, 'referee', ['en', 'ja']) : []),
  group: ({ group }) => group,
  async run(records, ctx) {
    const ordered = [...records].sort((a, b) => drawOf(a) - drawOf(b) || (a.id < b.id ? -1 : 1))
    const { method, call, ...found } = await largestSet(ordered, ctx)
    const each = new Map<Id, Verdict>()
    const by = { method, ...(call ? { call } : {}) }
    const asked = Math.max(ctx.options.of ?? 0, ordered.length)
    const score: Score =
      'set' in found ? { ...by, value: found.set.length / asked } : { ...by, unscored: found.unscored }
    const chosen = ordered['set' in found ? (found.set[0] ?? -1) : 0]
    for (const record of ordered) {
      if (!chosen) each.set(record.id, { is: 'dropped', reason: 'no-agreement', evidence: { of: asked } })
      else if (record === chosen) each.set(record.id, { is: 'passed', notes: { scores: { agreement: score } } })
      else {
        const agreement = 'value' in score ? score.value : null
        each.set(record.id, { is: 'dropped', reason: 'not-chosen', evidence: { chosen: chosen.id, agreement } })
      }
    }
    return { each }
  },
})
