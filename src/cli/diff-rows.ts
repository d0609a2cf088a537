import type { Id, Payload, Rec } from '../records/index.ts'
import { contentsOf } from '../release/index.ts'
import { type PastRun, type RowDiff, recordsById } from '../run/index.ts'
import type { Store } from '../workspace/index.ts'
import { otherwiseText, type Sides, whyText } from './diff-text.ts'
import { indent, wrap } from './layout.ts'
import { sectionLines, sectionsOf } from './record-text.ts'
import type { Reporter } from './reporter.ts'

/** What rows say, by id, on each of two sides. */
export type Texts = { a: Map<Id, Payload>; b: Map<Id, Payload> }
/** The first rows of each sort of difference, by id. */
type Chosen = Pick<RowDiff, 'changed' | 'onlyA' | 'onlyB'>

export const firstOf = ({ changed, onlyA, onlyB }: RowDiff, n: number): Chosen => ({
  changed: changed.slice(0, n),
  onlyA: onlyA.slice(0, n),
  onlyB: onlyB.slice(0, n),
})

const idsOf = ({ changed, onlyA, onlyB }: Chosen): { a: Id[]; b: Id[] } => ({
  a: [...changed.map(one => one.a), ...onlyA.map(({ id }) => id)],
  b: [...changed.map(one => one.b), ...onlyB.map(({ id }) => id)],
})

export function textsOfRuns(store: Store, [a, b]: [PastRun, PastRun], chosen: Chosen): Texts {
  const ids = idsOf(chosen)
  return { a: recordsById(store, a, ids.a, 'last'), b: recordsById(store, b, ids.b, 'last') }
}

export async function textsOfReleases([a, b]: [string, string], chosen: Chosen): Promise<Texts> {
  const ids = idsOf(chosen)
  const read = async (dir: string, wanted: Id[]): Promise<Map<Id, Payload>> => {
    const missing = new Set(wanted)
    const found = new Map<Id, Payload>()
    if (missing.size === 0) return found
    for await (const { id, payload } of contentsOf(dir)()) {
      if (!missing.delete(id)) continue
      found.set(id, payload)
      if (missing.size === 0) break
    }
    return found
  }
  return { a: await read(a, ids.a), b: await read(b, ids.b) }
}

/** Rows in full, under why they differ; of a row that reads otherwise both forms. */
export function exampleLines(chosen: Chosen, { a, b }: Texts, sides: Sides, shown: Reporter): string[] {
  const { width, paint } = shown
  const content = (payload: Payload | undefined): string[] =>
    payload ? indent(sectionLines(sectionsOf(payload as Rec), width - 2, paint)) : ['  (its text is no longer here)']
  const missing = (side: string, other: string, texts: Map<Id, Payload>, list: Chosen['onlyA']): string[] =>
    list.flatMap(({ id, why }) => [
      '',
      paint('bold', `Row ${id.slice(0, 12)}, only in ${side}; in ${other}: ${whyText(why)}`),
      ...(why.evidence === undefined
        ? []
        : indent(wrap(`evidence  ${JSON.stringify(why.evidence)}`, width - 2).slice(0, 3))),
      ...content(texts.get(id)),
    ])
  return [
    ...missing(sides[0], sides[1], a, chosen.onlyA),
    ...missing(sides[1], sides[0], b, chosen.onlyB),
    ...chosen.changed.flatMap(one => [
      '',
      paint('bold', `Row ${one.b.slice(0, 12)}, in both: ${otherwiseText(one.why)}`),
      paint('dim', `  ${sides[0]}`),
      ...content(a.get(one.a)),
      paint('dim', `  ${sides[1]}`),
      ...content(b.get(one.b)),
    ]),
  ]
}
