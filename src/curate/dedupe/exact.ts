import { z } from 'zod'
import type { Id } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { contentOf } from '../content.ts'
import { append, offsets } from './columns.ts'
import { keyOf, matchingForm } from './matching-form.ts'
import { groupEqual } from './meet.ts'
import {
  bySurvival,
  type Fate,
  fates,
  openStandings,
  type Standing,
  type Standings,
  shape,
  sides,
  standingAt,
  told,
  verdict,
} from './survivors.ts'

const options = z.strictObject(shape)
export type ExactOptions = z.output<typeof options>

/** Two 64-bit keys a row, and where the rows stand. */
type Segment = Standings & { keys: BigUint64Array }

export const dedupeExact: GlobalStep<ExactOptions> = defineGlobal<ExactOptions>({
  verb: 'dedupe-exact',
  about: 'Drops rows that are equal but for case, width, punctuation and white space.',
  version: 2,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['exact-duplicate'],
  side: sides,
  passes: [
    {
      survey(records, { of, prefer }, { side }): Map<number, Segment[]> {
        const standings = openStandings(side, prefer)
        const keys: bigint[] = []
        for (const record of records) {
          const form = matchingForm(contentOf(record, of))
          if (form.length === 0) continue
          standings.add(record)
          keys.push(keyOf(form), keyOf(form, 1))
        }
        const segment = { ...standings.close(), keys: BigUint64Array.from(keys) }
        return new Map([[0, [segment]]])
      },
      merge: append<Segment>,
      decide(_, segments: Segment[]) {
        const { starts, rows } = offsets(segments)
        const keys = new BigUint64Array(rows)
        const more = new BigUint64Array(rows)
        for (const [s, { keys: own, rows }] of segments.entries()) {
          for (let row = 0; row < rows; row++) {
            keys[starts[s]! + row] = own[2 * row]!
            more[starts[s]! + row] = own[2 * row + 1]!
          }
        }
        const pairs: { kept: Standing; gone: Standing }[] = []
        const groups = groupEqual(keys)
        let from = 0
        for (const end of groups.ends) {
          const equal = new Map<bigint, Standing[]>()
          for (const row of groups.rows.subarray(from, end)) {
            const standing = standingAt(segments, starts, row)
            const others = equal.get(more[row]!)
            if (others) others.push(standing)
            else equal.set(more[row]!, [standing])
          }
          for (const all of equal.values()) {
            const kept = all.reduce((best, one) => (bySurvival(one, best) < 0 ? one : best))
            // A row that is in a side input as well is no copy of itself.
            for (const gone of all) if (gone.side === undefined && gone.id !== kept.id) pairs.push({ kept, gone })
          }
          from = end
        }
        return fates(pairs)
      },
      combine(parts: [Id, Fate][][]) {
        const each = parts.flat()
        return { each: new Map(each), notes: told(each, 'equal rows') }
      },
    },
  ],
  apply: (record, fate) => verdict(record, fate, 'exact-duplicate'),
})
