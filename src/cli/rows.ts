import { type Rec, unit } from '../records/index.ts'
import { ancestorsOf, type PastRun } from '../run/index.ts'
import type { Store } from '../workspace/index.ts'
import { indent, wrap } from './layout.ts'
import { scoreList, sectionLines, sectionsOf, sourceLine } from './record-text.ts'
import type { Reporter } from './reporter.ts'

/** `n` of the records, the same ones for the same seed whatever their order. */
export function pick(records: Iterable<Rec>, n: number, seed: number): Rec[] {
  if (n === 0) return []
  const best: { at: number; record: Rec }[] = []
  for (const record of records) {
    const at = unit('rows', seed, record.id)
    if (best.length === n && at >= best.at(-1)!.at) continue
    best.push({ at, record })
    best.sort((a, b) => a.at - b.at || (a.record.id < b.record.id ? -1 : 1))
    best.length = Math.min(best.length, n)
  }
  return best.map(({ record }) => record)
}

/** Records in full, each with its id, its scores and the file it comes from. */
export function rowLines(
  store: Store,
  run: PastRun,
  records: readonly Rec[],
  { width, paint }: Pick<Reporter, 'width' | 'paint'>,
): string[] {
  const ancestors = ancestorsOf(store, run, records)
  return records.flatMap((record, i) => {
    const scores = scoreList(record)
    return [
      ...(i > 0 ? [''] : []),
      paint('bold', `${record.kind} ${record.id.slice(0, 12)}`),
      ...indent(sectionLines(sectionsOf(record), width - 2, paint)),
      ...(scores ? wrap(scores, width - 10) : []).map(
        (line, i) => `  ${paint('dim', `${i === 0 ? 'scores' : '      '}  ${line}`)}`,
      ),
      `  ${paint('dim', `from    ${sourceLine(record, ancestors)}`)}`,
    ]
  })
}
