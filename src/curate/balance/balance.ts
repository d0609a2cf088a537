import { z } from 'zod'
import type { Difficulty, Rec } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, defineVerb, type GlobalStep, type Verb } from '../../steps/index.ts'
import { scoreOf } from '../content.ts'
import { cutTokens, tokens } from '../length/length.ts'
import { balanceFacet, facetShape, keepShape } from './facet.ts'
import { apportion, largest, shortfall } from './ratio.ts'

const weight = z.number().min(0).default(0)
const shape = {
  difficulty: z
    .strictObject({ easy: weight, medium: weight, hard: weight })
    .refine(w => w.easy + w.medium + w.hard > 0, 'at least one weight must be above 0')
    .default({ easy: 3, medium: 5, hard: 2 })
    .describe('Weights of easy, medium and hard rows'),
  by: z
    .enum(['label', 'agreement', 'length'])
    .optional()
    .describe(
      'Where the difficulty comes from: the label of a teacher, the agreement of samples, or tokens of the answer. Default: the label, else the agreement',
    ),
  bounds: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe(
      'Limits of medium for by: agreement (default 0.5 and 0.9; less agreement is harder) or by: length (default 400 and 1200 tokens)',
    ),
  ...keepShape,
}
const shareOptions = z.strictObject(shape)
type ShareOptions = z.output<typeof shareOptions>

const defaults = { agreement: [0.5, 0.9], length: [400, 1200] } as const

function agreementOf(record: Rec): number | undefined {
  const key = Object.keys(record.scores)
    .filter(name => name.endsWith('/agreement'))
    .sort()
    .at(-1)
  return scoreOf(record, key)
}

/** The bucket of a record, or nothing when the field it is read from is absent. */
export function difficultyOf(
  record: Rec,
  by: ShareOptions['by'],
  bounds?: readonly [number, number],
): Difficulty | undefined {
  if (by === undefined) return record.facets.difficulty ?? difficultyOf(record, 'agreement', bounds)
  if (by === 'label') return record.facets.difficulty
  const [low, high] = bounds ?? defaults[by]
  const value = by === 'length' ? record.facets.tokens : agreementOf(record)
  if (value === undefined) return undefined
  if (value >= low && value < high) return 'medium'
  return value < low === (by === 'length') ? 'easy' : 'hard'
}

/** Bucket, preferred score and a hash: all that the decision needs of a record. */
type Entry = [id: string, bucket: Difficulty, prefer: number, hash: number]
type Told = {
  counts: Record<Difficulty, number>
  kept: Record<Difficulty, number>
  target: number
  short: Partial<Record<Difficulty, number>>
}

/** Which buckets hold too few rows for everything to stay, and by how many. */
function tellShort({ counts, kept, target, short }: Told): string[] {
  const total = kept.easy + kept.medium + kept.hard
  return Object.entries(short).map(
    ([bucket, n]) =>
      `${bucket} is short by ${n}: ${counts[bucket as Difficulty]} rows where ${target} in the wanted ratio need ${counts[bucket as Difficulty] + n}; ${total} are kept`,
  )
}

export const balanceShare: GlobalStep<ShareOptions> = defineGlobal<ShareOptions>({
  verb: 'balance-share',
  about: 'Keeps the largest set of rows whose difficulties stand in the wanted ratio.',
  version: 1,
  options: shareOptions,
  takes: kinds,
  gives: 'same',
  reasons: ['over-share', 'no-difficulty'],
  passes: [
    {
      survey(records, options, { seed }) {
        const entries: Entry[] = []
        for (const record of records) {
          const bucket = difficultyOf(record, options.by, options.bounds)
          const prefer = scoreOf(record, options.prefer) ?? Number.NEGATIVE_INFINITY
          if (bucket) entries.push([record.id, bucket, prefer, unit(seed, record.id)])
        }
        return new Map([[0, entries]])
      },
      merge: (a: Entry[], b: Entry[]) => a.concat(b),
      decide(_, entries: Entry[], options) {
        const counts = { easy: 0, medium: 0, hard: 0 }
        for (const [, bucket] of entries) counts[bucket]++
        const target = options.size ?? entries.length
        const wanted = options.fill
          ? apportion(target, options.difficulty)
          : largest(counts, options.difficulty, options.size)
        const left = { ...wanted }
        const kept = { easy: 0, medium: 0, hard: 0 }
        const each: [string, Difficulty][] = []
        entries.sort((a, b) => (a[2] === b[2] ? 0 : b[2] > a[2] ? 1 : -1) || a[3] - b[3] || (a[0] < b[0] ? -1 : 1))
        for (const [id, bucket] of entries) {
          if (left[bucket]-- <= 0) continue
          kept[bucket]++
          each.push([id, bucket])
        }
        return {
          each,
          told: { counts, kept, target, short: shortfall(counts, options.difficulty, target) } satisfies Told,
        }
      },
      combine: (parts: { each: [string, Difficulty][]; told: Told }[]) => ({
        each: new Map(parts.flatMap(part => part.each)),
        notes: parts.flatMap(part => tellShort(part.told)),
      }),
    },
  ],
  apply(record, decided, _, options) {
    if (decided) return { is: 'passed', notes: { facets: { difficulty: decided as Difficulty } } }
    const bucket = difficultyOf(record, options.by, options.bounds)
    if (!bucket) return { is: 'dropped', reason: 'no-difficulty', evidence: { by: options.by ?? 'label or agreement' } }
    return { is: 'dropped', reason: 'over-share', evidence: { bucket } }
  },
})

const options = z
  .strictObject({
    ...shape,
    facet: facetShape.facet.optional().describe(`${facetShape.facet.description}; default: difficulty`),
    weights: facetShape.weights.unwrap().optional().describe(facetShape.weights.description!),
    most: facetShape.most,
    tokens: z
      .tuple([z.number().int().min(0), z.number().int().positive()])
      .optional()
      .describe('Smallest and largest number of tokens of the answer'),
  })
  .refine(o => o.facet !== undefined || (o.weights === undefined && o.most === undefined), {
    message: 'needs `facet`: the weights of difficulties are named by `difficulty`',
    path: ['weights'],
  })
  .refine(o => o.weights === undefined || o.most === undefined, 'give weights or most, not both')

/** Difficulty, or any facet, in the wanted ratio, inside the wanted length. */
export const balance: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'balance',
  about:
    'Keeps rows inside a length and the largest set whose difficulties, or values of another facet, stand in a given ratio, and says which are short.',
  options,
  takes: kinds,
  needs: { scores: ['prefer'] },
  expand({ tokens: bounds, facet, weights, most, ...share }) {
    const [min, max] = bounds ?? []
    const { prefer, size, fill } = share
    const byFacet = { facet, ...(weights && { weights }), ...(most && { most }), prefer, size, fill }
    return [
      ...(bounds || share.by === 'length' ? [{ as: 'tokens', step: tokens, options: {} }] : []),
      ...(bounds ? [{ as: 'cut-tokens', step: cutTokens, options: { min, max } }] : []),
      facet === undefined
        ? { as: 'share', step: balanceShare, options: share }
        : { as: 'share', step: balanceFacet, options: byFacet },
    ]
  },
})
