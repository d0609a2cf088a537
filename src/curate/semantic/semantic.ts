import { z } from 'zod'
import type { Id } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import { defineGlobal, type GlobalStep, type Primitive } from '../../steps/index.ts'
import { append, offsets } from '../dedupe/columns.ts'
import {
  bySurvival,
  type Fate,
  fates,
  openStandings,
  type Standing,
  type Standings,
  shape,
  sideInputs,
  sides,
  standingAt,
  told,
  verdict,
} from '../dedupe/survivors.ts'
import { alone, cover } from '../vectors/cover.ts'
import { vectorsFor } from '../vectors/vectors.ts'

const { prefer, against } = shape
export const semanticShape = {
  prefer,
  against,
  semantic: z
    .number()
    .gt(0)
    .max(1)
    .default(0.9)
    .describe(
      'Cosine of the vectors from which two rows mean the same; learnt vectors know words and not the world, so that rows which differ in one name or number are the same to them',
    ),
}
const options = z.strictObject({
  ...semanticShape,
  vectors: z.string().describe('Step that noted the vectors; rows without one are not compared'),
})
export type SemanticOptions = z.output<typeof options>

/** The rows of a shard that have a vector, and how many have none. */
type Segment = Standings & { matrix: Float32Array; without: number }
type Told = { each: [Id, Fate][]; compared: number; without: number; sideWithout: number; recall: number }

/** Each row with its vector, of one length, in order of survival. */
function inOrder(segments: Segment[], dimensions: number): { rows: Standing[]; matrix: Float32Array } {
  const { starts, rows } = offsets(segments)
  const all = Array.from({ length: rows }, (_, row) => ({ row, standing: standingAt(segments, starts, row) }))
  all.sort((a, b) => bySurvival(a.standing, b.standing))
  const place = new Int32Array(rows)
  for (const [to, { row }] of all.entries()) place[row] = to
  const matrix = new Float32Array(rows * dimensions)
  for (const [s, { matrix: own, rows }] of segments.entries()) {
    for (let row = 0; row < rows; row++) {
      matrix.set(own.subarray(row * dimensions, (row + 1) * dimensions), place[starts[s]! + row]! * dimensions)
    }
  }
  return { rows: all.map(({ standing }) => standing), matrix }
}

/** Sentences for people: what was not compared, and how far the search can be relied on. */
function about(sum: (of: 'compared' | 'without' | 'sideWithout') => number, recall: number, vectors: string): string[] {
  const [without, sideWithout] = [sum('without'), sum('sideWithout')]
  if (without > 0 && sum('compared') === 0) return [`no row has a vector: does the step \`${vectors}\` note any?`]
  return [
    ...(recall < 1
      ? [`searched by hash tables, which find ${(recall * 100).toFixed(1)} % of pairs at the threshold`]
      : []),
    ...(without > 0
      ? [
          without === 1
            ? '1 row has no vector and was not compared'
            : `${without} rows have no vector and were not compared`,
        ]
      : []),
    ...(sideWithout > 0 ? [`${sideWithout} rows to compare with have no vector`] : []),
  ]
}

/**
 * Rows that mean the same, by the cosine of vectors that an earlier step noted. In order of survival each row joins the
 * most similar one that stays and is near enough, or stays itself: as for near copies, no chain of small steps joins what
 * is far apart, and the order of shards never matters.
 */
export const dedupeSemantic: GlobalStep<SemanticOptions> = defineGlobal<SemanticOptions>({
  verb: 'dedupe-semantic',
  about: 'Drops rows whose vectors are near that of one that stays.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['semantic-duplicate'],
  source: 'Abbas et al. 2023, arXiv 2303.09540',
  side: sides,
  passes: [
    {
      // Vectors of unlike models are no neighbours: partitions are the lengths of vectors, 0 holds rows without.
      survey(records, { vectors, prefer }, at) {
        const open = new Map<number, { standings: ReturnType<typeof openStandings>; vectors: Float32Array[] }>()
        let without = 0
        for (const record of records) {
          const vector = at.vector(record, vectors)
          if (!vector) {
            without++
            continue
          }
          let part = open.get(vector.length)
          if (!part) {
            part = { standings: openStandings(at.side, prefer), vectors: [] }
            open.set(vector.length, part)
          }
          part.standings.add(record)
          part.vectors.push(vector)
        }
        const found = new Map<number, Segment[]>()
        for (const [dimensions, part] of open) {
          const matrix = new Float32Array(part.vectors.length * dimensions)
          for (const [i, vector] of part.vectors.entries()) matrix.set(vector, i * dimensions)
          found.set(dimensions, [{ ...part.standings.close(), matrix, without: 0 }])
        }
        if (without > 0) {
          found.set(0, [{ ...openStandings(at.side, prefer).close(), matrix: new Float32Array(0), without }])
        }
        return found
      },
      merge: append<Segment>,
      decide(dimensions, segments: Segment[], { semantic }): Told {
        if (dimensions === 0) {
          const count = (some: Segment[]) => some.reduce((sum, { without }) => sum + without, 0)
          const own = segments.filter(({ side }) => side === undefined)
          return { each: [], compared: 0, without: count(own), sideWithout: count(segments) - count(own), recall: 1 }
        }
        const { rows, matrix } = inOrder(segments, dimensions)
        const standing = rows.filter(({ side }) => side !== undefined).length
        const { by, cosine, recall } = cover(matrix, dimensions, semantic, { standing })
        const pairs: { kept: Standing; gone: Standing; cosine: number }[] = []
        for (const [row, gone] of rows.entries()) {
          const kept = by[row] === alone ? undefined : rows[by[row]!]!
          // A row that is in a side input as well is no copy of itself.
          if (kept && kept.id !== gone.id) pairs.push({ kept, gone, cosine: Math.round(cosine[row]! * 1e4) / 1e4 })
        }
        return { each: fates(pairs), compared: rows.length - standing, without: 0, sideWithout: 0, recall }
      },
      combine(parts: Told[], { vectors }) {
        const each = parts.flatMap(part => part.each)
        const sum = (of: 'compared' | 'without' | 'sideWithout') => parts.reduce((total, part) => total + part[of], 0)
        const recall = Math.min(1, ...parts.map(part => part.recall))
        return {
          each: new Map(each),
          notes: [...told(each, 'rows of the same meaning'), ...about(sum, recall, vectors)],
        }
      },
    },
  ],
  apply: (record, fate) => verdict(record, fate, 'semantic-duplicate'),
})

/**
 * The steps behind `semantic:` of a verb with this key: vectors, unless an earlier step has them, and what is done with
 * them. Rows of `against` are compared where the step noted vectors of them too.
 */
export function semanticSteps(
  { semantic, prefer, against, ...wanted }: Omit<SemanticOptions, 'vectors'> & Parameters<typeof vectorsFor>[1],
  key: string,
): Primitive[] {
  const { vectors, steps } = vectorsFor(key, wanted)
  const own = { semantic, against, vectors, ...(prefer === undefined ? {} : { prefer }) }
  return [...steps, { as: 'semantic', step: dedupeSemantic, options: own, side: sideInputs({ against }) }]
}
