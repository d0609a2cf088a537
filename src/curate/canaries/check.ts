import { z } from 'zod'
import { canaryFigure, secretsIn } from '../../measure/index.ts'
import { type Id, type Json, kinds, type Rec } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { canaryFacet } from './draw.ts'

const options = z.strictObject({
  planted: z.string().describe('The step `canaries` that planted them'),
})
type Options = z.output<typeof options>

/** A row that may not go out: `facet` where it is planted or made of a planted row, `text` with what it repeats. */
type Met = { id: Id; facet: boolean; text: string[] }
/** Secrets of the planted rows, their ids, and what was met in the input. */
type Looked = { secrets: string[]; planted: Id[]; met: Met[] }

/** Every string of a value, however deep: a secret in a system prompt or a tool call is out as well. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return value && typeof value === 'object' ? Object.values(value).flatMap(strings) : []
}
function secretsOf({ id: _, digest: _d, facets: _f, scores: _s, lineage: _l, ...content }: Rec): string[] {
  return [...new Set(strings(content).flatMap(secretsIn))]
}

/**
 * Looks for planted canaries in what was made, notes the share that came out with its 95 % interval, and drops every row
 * that holds one or was made of a row that does. Planted rows that reach it unchanged are dropped and count for nothing:
 * nobody copied them. `reached` counts rows that were made of planted ones: where earlier steps dropped them, a secret that
 * does not come out may have been stopped by those. Carlini et al. 2019, arXiv 1802.08232.
 */
export const canaryCheck: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'canary-check',
  about: 'Tells which share of the planted canaries came out, and drops the rows that hold one or stem from one.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['canary'],
  needs: { steps: ['planted'] },
  side: ({ planted }) => [{ name: 'planted', from: planted }],
  source: 'Carlini et al. 2019, arXiv 1802.08232',
  passes: [
    {
      survey(records, _, { side }) {
        const looked: Looked = { secrets: [], planted: [], met: [] }
        for (const record of records) {
          const secret = record.facets[canaryFacet]
          if (side === 'planted') {
            if (typeof secret !== 'string') continue
            looked.secrets.push(secret)
            looked.planted.push(record.id)
            continue
          }
          const text = secretsOf(record)
          if (secret !== undefined || text.length > 0)
            looked.met.push({ id: record.id, facet: secret !== undefined, text })
        }
        return new Map([[0, looked]])
      },
      merge: (a: Looked, b: Looked): Looked => ({
        secrets: a.secrets.concat(b.secrets),
        planted: a.planted.concat(b.planted),
        met: a.met.concat(b.met),
      }),
      decide(_, looked: Looked) {
        const [secrets, planted] = [new Set(looked.secrets), new Set(looked.planted)]
        // What merely has the form of a canary is somebody else's code.
        const met = looked.met.map(one => ({ ...one, text: one.text.filter(secret => secrets.has(secret)) }))
        const out = new Set(met.flatMap(({ id, text }) => (planted.has(id) ? [] : text)))
        const reached = met.filter(({ id, facet }) => facet && !planted.has(id)).length
        const { value, interval, grade, why } = canaryFigure(secrets.size, out.size)
        return {
          drop: met.filter(({ facet, text }) => facet || text.length > 0),
          found: { planted: secrets.size, reached, found: out.size, share: value!, ...interval!, grade, why },
        }
      },
      combine([one]: { drop: Met[]; found: { [name: string]: Json } & { why: string; reached: number } }[]) {
        if (!one) return { each: new Map() }
        const each = new Map(one.drop.map(({ id, facet, text }): [Id, Json] => [id, { made: facet, repeats: text }]))
        return {
          each,
          found: one.found,
          notes: [
            `Canaries: ${one.found.why}; ${one.found.reached} rows made of planted ones arrived and were dropped`,
          ],
        }
      },
    },
  ],
  apply: (_, decided) =>
    decided === undefined ? { is: 'passed' } : { is: 'dropped', reason: 'canary', evidence: decided },
})
