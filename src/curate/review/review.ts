import { z } from 'zod'
import type { Id, Json, Payload, Rec, Review } from '../../records/index.ts'
import { kinds, payloadDigest, payloadProblem } from '../../records/index.ts'
import { type Applied, defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'

const options = z.strictObject({
  reviews: z.string().describe('Reviews of people, as `import edits` writes them'),
})
type Options = z.output<typeof options>

/** One line of a file of reviews. `digest` is of the content that was looked at; `payload` is what it became. */
const line = z.object({
  review: z.string(),
  digest: z.string(),
  verdict: z.enum(['accept', 'edit', 'reject']),
  by: z.string(),
  note: z.string().nullish(),
  payload: z.unknown().optional(),
})
export type ReviewLine = z.output<typeof line>
/** Reviews by record, in the order of the file. */
type Reviews = [Id, ReviewLine][]
type Gathered = { reviews: Reviews; bad: number }

/** A line as a review; undefined where it is none, or holds no content that could stand in a record. */
function reviewIn(record: Rec): ReviewLine | undefined {
  const read = record.kind === 'row' ? line.safeParse(record.columns) : undefined
  if (!read?.success) return undefined
  return read.data.verdict === 'edit' && payloadProblem(read.data.payload) ? undefined : read.data
}

const gather: Pass<Options, Gathered, Gathered, { by: Map<Id, ReviewLine[]>; bad: number }> = {
  survey(records, _, { side }) {
    const gathered: Gathered = { reviews: [], bad: 0 }
    if (side === undefined) return new Map()
    for (const record of records) {
      const review = reviewIn(record)
      if (review) gathered.reviews.push([review.review, review])
      else gathered.bad++
    }
    return new Map([[0, gathered]])
  },
  merge: (a, b) => ({ reviews: a.reviews.concat(b.reviews), bad: a.bad + b.bad }),
  decide: (_, gathered) => gathered,
  combine(parts) {
    const by = new Map<Id, ReviewLine[]>()
    for (const [id, review] of parts.flatMap(({ reviews }) => reviews)) by.set(id, [...(by.get(id) ?? []), review])
    return { by, bad: parts.reduce((sum, { bad }) => sum + bad, 0) }
  },
  slice({ by, bad }, ids, side) {
    if (side !== undefined) return bad > 0 ? new Map() : undefined
    const own = ids.flatMap(id => (by.has(id) ? [[id, by.get(id)!] as const] : []))
    return own.length > 0 ? new Map(own) : undefined
  },
}

/** What reviews come to: the last content and verdict, and everyone who had a part in it. */
type Come = { verdict: ReviewLine['verdict']; by: string; note?: string; payload?: Payload; reviews: Review[] }
type Told = { id: Id; come: Come | undefined; stale: boolean }

/**
 * The last review of a content counts: a file is written from top to bottom. What an edit made is looked at in its turn,
 * by reviews further down.
 */
function comeTo({ kind, digest }: Rec, reviews: readonly ReviewLine[]): Omit<Told, 'id'> {
  let come: Come | undefined
  let last = -1
  for (let content = digest; ; content = payloadDigest(come!.payload!)) {
    const at = reviews.findLastIndex((review, i) => i > last && review.digest === content)
    const review = reviews[at]
    if (!review) break
    const { verdict, by, note, payload } = review
    const said = { by, ...(note ? { note } : {}) }
    if (verdict === 'edit' && (payload as Payload).kind !== kind) break
    const before: Come['reviews'] = come?.reviews ?? []
    const now = verdict === 'edit' ? (payload as Payload) : come?.payload
    come = { verdict, ...said, ...(now ? { payload: now } : {}), reviews: [...before, { ...said, verdict }] }
    last = at
    if (verdict !== 'edit') break
  }
  return { come, stale: last < reviews.length - 1 }
}

type Compared = { told: Told[]; bad: number }

const compare: Pass<Options, Compared, Compared, { each: Map<Id, Json>; notes: string[] }> = {
  survey(records, _, { side, earlier }) {
    const reviews = earlier as Map<Id, ReviewLine[]>
    const compared: Compared = { told: [], bad: 0 }
    for (const record of records) {
      if (side !== undefined) compared.bad += reviewIn(record) ? 0 : 1
      else if (reviews.has(record.id)) compared.told.push({ id: record.id, ...comeTo(record, reviews.get(record.id)!) })
    }
    return new Map([[0, compared]])
  },
  merge: (a, b) => ({ told: a.told.concat(b.told), bad: a.bad + b.bad }),
  decide: (_, compared) => compared,
  combine(parts) {
    const all = parts.flatMap(({ told }) => told)
    const bad = parts.reduce((sum, part) => sum + part.bad, 0)
    const counts = { accept: 0, edit: 0, reject: 0 }
    for (const { come } of all) if (come) counts[come.verdict]++
    const others = all.filter(({ stale }) => stale).map(({ id }) => id.slice(0, 12))
    const named = others.sort().slice(0, 10).join(', ')
    return {
      each: new Map(all.flatMap(({ id, come }) => (come ? [[id, come as unknown as Json] as const] : []))),
      notes: [
        `${counts.accept} accepted, ${counts.edit} edited, ${counts.reject} rejected by people`,
        ...(others.length > 0
          ? [`${others.length} reviews are of another content and were not applied: ${named}`]
          : []),
        ...(bad > 0 ? [`${bad} lines are no reviews and were not applied`] : []),
      ],
    }
  },
}

/** What reviews do to a record. */
function reviewed(_: Rec, decided: Json | undefined): Applied {
  if (decided === undefined) return { is: 'passed' }
  const { verdict, by, note, payload, reviews } = decided as unknown as Come
  if (verdict === 'reject')
    return { is: 'dropped', reason: 'rejected-by-review', evidence: { by, ...(note ? { note } : {}) } }
  return payload ? { is: 'fixed', reason: 'edited', payload, notes: { reviews } } : { is: 'passed', notes: { reviews } }
}

/** People have the last word: what they accepted, changed or rejected, for the content that they looked at. */
export const review: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'review',
  about: 'Applies what people made of rows: edits replace the content, rejections drop it, both with who said so.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['rejected-by-review', 'edited'],
  writes: ['edited'],
  side: ({ reviews }) => [{ name: 'reviews', from: reviews }],
  passes: [gather, compare],
  apply: reviewed,
})
