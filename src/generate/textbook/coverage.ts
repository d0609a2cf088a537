import { z } from 'zod'
import type { Id, Json, Rec } from '../../records/index.ts'
import { defineGlobal } from '../../steps/index.ts'
import { nameOf } from './cells.ts'
import { seedOf } from './seeds.ts'

/** The row that a piece was written for. */
const seedId = (record: Rec): Id => record.lineage.parents.find(parent => parent.role === 'subject')?.id ?? record.id

type Ids = { rows: Id[]; kept: Id[] }

/**
 * Lets the rows through that have no piece yet: it was a near-duplicate, or its reply was of no use. Once the rest is
 * small enough it lets none through.
 */
export const gate = defineGlobal<{ duplicates: number }>({
  verb: 'textbook-gate',
  about: 'Asks again for the pieces that are missing, until their share is small enough.',
  version: 1,
  options: z.strictObject({ duplicates: z.number().min(0).max(1).describe('Share of the pieces that may be missing') }),
  takes: ['row'],
  gives: 'same',
  reasons: ['written', 'target-met'],
  passes: [
    {
      survey(records, _, { side }) {
        const ids: Id[] = []
        for (const record of records) ids.push(side === undefined ? record.id : seedId(record))
        return new Map([[0, side === undefined ? { rows: ids, kept: [] } : { rows: [], kept: ids }]])
      },
      merge: (a: Ids, b: Ids) => ({ rows: a.rows.concat(b.rows), kept: a.kept.concat(b.kept) }),
      decide(_, { rows, kept }: Ids) {
        const written = new Set(kept)
        return { missing: rows.filter(id => !written.has(id)), of: rows.length }
      },
      combine([{ missing, of } = { missing: [], of: 0 }]: { missing: Id[]; of: number }[], { duplicates }) {
        const met = missing.length <= duplicates * of
        const share = `${missing.length} of ${of} pieces are missing (${percent(missing.length, of)})`
        return {
          shared: met,
          each: new Map(met ? [] : missing.map(id => [id, true as Json])),
          notes: [`${share}${met ? '' : ': they are asked for again'}`],
        }
      },
    },
  ],
  apply(_, missing, met) {
    if (met) return { is: 'dropped', reason: 'target-met' }
    return missing ? { is: 'passed' } : { is: 'dropped', reason: 'written' }
  },
})

const percent = (n: number, of: number): string => `${of === 0 ? 0 : Number(((100 * n) / of).toPrecision(2))} %`

/** Pieces by cell: wanted, written, and left in the end. `ids` are rows that a written piece belongs to. */
type Counts = { wanted: Map<string, number>; kept: Map<string, number>; ids: Set<Id>; left: Set<Id> }
const sum = (counts: Map<string, number>) => counts.values().reduce((all, n) => all + n, 0)
const added = (a: Map<string, number>, b: Map<string, number>) => {
  for (const [name, n] of b) a.set(name, (a.get(name) ?? 0) + n)
  return a
}

const cellOptions = z.strictObject({
  cells: z.array(z.strictObject({ audience: z.string(), style: z.string() })).describe('Cells that are to be filled'),
})

/** Counts the pieces of every cell, and tells which share was a near-duplicate to the end. */
export const coverage = defineGlobal<z.infer<typeof cellOptions>>({
  verb: 'textbook-coverage',
  about: 'Counts the pieces of every cell, and those that stayed near-duplicates to the end.',
  version: 1,
  options: cellOptions,
  takes: ['document'],
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey(records, _, { side }) {
        const counts: Counts = { wanted: new Map(), kept: new Map(), ids: new Set(), left: new Set() }
        for (const record of records) {
          if (side === 'written') counts.ids.add(seedId(record))
          else if (side === 'cells') added(counts.wanted, new Map([[nameOf(seedOf(record as Rec<'row'>)), 1]]))
          else {
            const { audience = '', style = '' } = record.facets
            added(counts.kept, new Map([[nameOf({ audience, style }), 1]]))
            counts.left.add(seedId(record))
          }
        }
        return new Map([[0, counts]])
      },
      merge: (a: Counts, b: Counts) => ({
        wanted: added(a.wanted, b.wanted),
        kept: added(a.kept, b.kept),
        ids: a.ids.union(b.ids),
        left: a.left.union(b.left),
      }),
      decide: (_, counts: Counts) => counts,
      combine([{ wanted, kept, ids, left } = none]: Counts[], options) {
        const duplicates = ids.difference(left).size
        const names = options.cells.map(nameOf)
        const empty = names.filter(name => !kept.has(name))
        const cells = names.map(name => `${name} ${kept.get(name) ?? 0} of ${wanted.get(name) ?? 0}`)
        return {
          each: new Map(),
          notes: [
            `pieces by audience and style: ${cells.join(', ')}`,
            `${duplicates} of ${sum(wanted)} pieces stayed near-duplicates (${percent(duplicates, sum(wanted))}) and are left out`,
            ...(empty.length > 0 ? [`no piece at all for ${empty.join(', ')}`] : []),
          ],
        }
      },
    },
  ],
  apply: () => ({ is: 'passed' }),
})
const none: Counts = { wanted: new Map(), kept: new Map(), ids: new Set(), left: new Set() }
