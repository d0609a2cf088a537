import type { Place } from './lineage.ts'

/** The parts of a document that a stretch of its text lies in: `page 3`, or `page 3 to page 5`. Undefined before the first. */
export function placeOf(places: readonly Place[] | undefined, [start, end]: [number, number]): string | undefined {
  const first = places?.findLast(([at]) => at <= start)
  const last = places?.findLast(([at]) => at < Math.max(end, start + 1))
  if (!first && !last) return undefined
  return first && last && first !== last ? `${first[1]} to ${last[1]}` : (first ?? last)![1]
}
