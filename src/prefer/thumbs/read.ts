import { z } from 'zod'
import type { Id, Payload } from '../../records/index.ts'
import { type Draft, defineMap, type Lost } from '../../steps/index.ts'
import { lengthsOf } from '../pair.ts'
import { type Joined, joinedColumn } from './join.ts'
import { columnsShape, shownIn, type Vote } from './log.ts'

export const readShape = {
  columns: columnsShape.describe('Columns of the log, where they have other names'),
  give: z
    .enum(['both', 'feedback', 'pairs'])
    .default('both')
    .describe('feedback: a row for each vote, as KTO takes them; pairs: out of edits and regenerations'),
  kept: z
    .boolean()
    .default(true)
    .describe('A regeneration that nobody voted on nor replaced counts as preferred to the reply before it'),
}
const options = z.strictObject(readShape)

/**
 * Which of two replies to one prompt people preferred, the later one asked for instead of the earlier one, and by which
 * sign: a vote says so, staying with it only suggests it. Undefined where the signs say nothing or disagree.
 */
export function preferred(
  before: Vote,
  after: Vote,
  replaced: boolean,
  kept: boolean,
): { later: boolean; signal: 'vote' | 'kept' } | undefined {
  if (after === 'up' && before !== 'up') return { later: true, signal: 'vote' }
  if (after === 'down' && before === 'up') return { later: false, signal: 'vote' }
  if (after === 'none' && before !== 'up' && !replaced && kept) return { later: true, signal: 'kept' }
  return undefined
}

/** One reply of a log becomes feedback and pairs, as far as people said something about it. */
export const thumbsRead = defineMap<z.output<typeof options>, 'row' | 'feedback', 'feedback' | 'preference'>({
  verb: 'thumbs-read',
  about: 'Makes feedback of votes, and pairs of edits and regenerations.',
  version: 1,
  options,
  takes: ['row', 'feedback'],
  gives: ['feedback', 'preference'],
  reasons: ['no-prompt', 'no-completion', 'unknown-vote', 'contradicted', 'outvoted', 'no-signal', 'unchanged'],
  source: 'https://arxiv.org/abs/2402.01306',
  async run(record, ctx) {
    if (record.kind === 'feedback') return { is: 'passed' }
    const { columns, give, kept } = ctx.options
    const row = shownIn(record, columns)
    if ('reason' in row) return { is: 'dropped', reason: row.reason }
    const { prompt, completion, vote, edited } = row
    const { before, replaced = false, votes } = (record.columns[joinedColumn] ?? {}) as Joined
    if (votes && vote !== 'none') {
      if (votes.up === votes.down) return { is: 'dropped', reason: 'contradicted', evidence: votes }
      if (votes.up > votes.down !== (vote === 'up')) return { is: 'dropped', reason: 'outvoted', evidence: votes }
    }
    const made: Draft<'feedback' | 'preference'>[] = []
    const lost: Lost[] = []
    const say = (content: string) => [{ role: 'assistant' as const, content }]
    function pair(key: string, chosen: string, rejected: string, signal: string, members?: Id[]): void {
      const index = made.length + lost.length
      if (chosen === rejected) lost.push({ index, reason: 'unchanged', evidence: { signal } })
      else {
        const payload: Payload<'preference'> = {
          kind: 'preference',
          prompt,
          chosen: say(chosen),
          rejected: say(rejected),
        }
        made.push({
          payload,
          index,
          key,
          notes: { facets: { signal, ...lengthsOf(chosen, rejected, ctx) }, ...(members ? { members } : {}) },
        })
      }
    }
    if (give !== 'pairs' && vote !== 'none') {
      const payload: Payload<'feedback'> = {
        kind: 'feedback',
        prompt,
        completion: say(completion),
        label: vote === 'up',
      }
      made.push({ payload, index: 0, key: 'vote', notes: { facets: { signal: 'vote' } } })
    }
    if (give !== 'feedback') {
      if (edited) pair('edit', edited, completion, 'edit')
      const won = before && preferred(before.vote, vote, replaced, kept)
      const later = edited ?? completion
      if (won?.later) pair('regeneration', later, before!.completion, won.signal, [before!.id])
      else if (won) pair('regeneration', before!.completion, completion, won.signal, [before!.id])
    }
    if (made.length + lost.length === 0) return { is: 'dropped', reason: 'no-signal' }
    return { is: 'made', made, lost }
  },
})
