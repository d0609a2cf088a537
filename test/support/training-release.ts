import { join } from 'node:path'
import type { Payload, Rec } from '../../src/records/index.ts'
import { type ReleaseInput, writeRelease } from '../../src/release/index.ts'
import { handmadeInput, record } from './handmade-release.ts'

/** Rows of a release to train on: how many of each kind, and how far they go. */
export type TrainingRows = {
  conversations?: number
  pairs?: number
  feedback?: { good: number; bad: number }
  prompts?: number
  /** Every so manieth row is held out; none by default. */
  heldOut?: number
  /** Words of an answer, by the number of the row. */
  words?: (i: number) => number
  /** Of pairs: by how much the chosen answer was better, and whether both sides are the same. */
  margin?: (i: number) => number | undefined
  equal?: (i: number) => boolean
}

const text = (words: number, seed: number): string =>
  Array.from(
    { length: words },
    (_, i) => ['the', 'pump', 'stops', 'when', 'water', 'is', 'warm'][(seed + i * i) % 7],
  ).join(' ')

export function trainingRecords({ words = i => 40 + (i % 60), ...rows }: TrainingRows): Rec[] {
  const { conversations = 0, pairs = 0, feedback = { good: 0, bad: 0 }, prompts = 0, heldOut = 0 } = rows
  const user = (i: number) => ({ role: 'user' as const, content: `Question ${i}: when does the pump stop?` })
  const said = (i: number, n = words(i)) => ({ role: 'assistant' as const, content: text(n, i) })
  const split = (i: number) => (heldOut > 0 && i % heldOut === 0 ? { facets: { split: 'test' } } : {})
  const row = (name: string, payload: Payload, more: Partial<Rec>) =>
    record(name, payload, { source: { name: 'tickets', license: 'CC-BY-4.0', uri: 'tickets.jsonl' } }, more)
  const many = (n: number, of: (i: number) => Rec) => Array.from({ length: n }, (_, i) => of(i))
  return [
    ...many(conversations, i => row(`c${i}`, { kind: 'conversation', messages: [user(i), said(i)] }, split(i))),
    ...many(pairs, i => {
      const chosen = said(i)
      const rejected = rows.equal?.(i) ? chosen : said(i + 3, Math.max(1, words(i) - 10))
      const margin = rows.margin?.(i)
      const scores: Rec['scores'] =
        margin === undefined ? {} : { 'rank/margin': { method: 'difference', value: margin } }
      const payload = { kind: 'preference' as const, prompt: [user(i)], chosen: [chosen], rejected: [rejected] }
      return row(`p${i}`, payload, { ...split(i), scores })
    }),
    ...many(feedback.good + feedback.bad, i => {
      const label = i < feedback.good
      return row(`f${i}`, { kind: 'feedback', prompt: [user(i)], completion: [said(i)], label }, split(i))
    }),
    ...many(prompts, i => {
      const verifier = { kind: 'number' }
      return row(`q${i}`, { kind: 'prompt', messages: [user(i)], reference: String(i), verifier }, split(i))
    }),
  ]
}

/** Writes such a release as `releases/pumps-0.1.0` in the folder; resolves to where it lies. */
export async function trainingRelease(
  dir: string,
  rows: TrainingRows,
  more: Partial<ReleaseInput> = {},
): Promise<string> {
  const all = trainingRecords(rows)
  const out = join(dir, 'releases', `${more.name ?? 'pumps'}-${more.version ?? '0.1.0'}`)
  await writeRelease(handmadeInput({ rows: all, all }, more), out)
  return out
}
