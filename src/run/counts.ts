import type { Slug } from '../records/index.ts'
import type { Counts } from '../workspace/index.ts'

export type Funnel = { [step: string]: Counts }

export function emptyCounts(): Counts {
  return { in: 0, passed: 0, fixed: 0, expanded: 0, consumed: 0, dropped: {}, items: 0, made: 0, lost: {}, repairs: {} }
}

export function count(table: { [reason: Slug]: number }, reason: Slug, by = 1): void {
  table[reason] = (table[reason] ?? 0) + by
}

export function sum(table: { [reason: Slug]: number }): number {
  return Object.values(table).reduce((a, b) => a + b, 0)
}

/** Adds the counts of a task to a running funnel. */
export function addFunnel(into: Funnel, funnel: Funnel): void {
  for (const [step, counts] of Object.entries(funnel)) {
    into[step] ??= emptyCounts()
    const to = into[step]
    for (const field of ['in', 'passed', 'fixed', 'expanded', 'consumed', 'items', 'made'] as const)
      to[field] += counts[field]
    for (const field of ['dropped', 'lost', 'repairs'] as const) {
      for (const [reason, n] of Object.entries(counts[field])) count(to[field], reason, n)
    }
  }
}

/** The two identities that hold at every primitive step; returns what is wrong, empty when nothing is. */
export function funnelErrors(funnel: Funnel): string[] {
  return Object.entries(funnel).flatMap(([step, c]) => {
    const out = c.passed + c.fixed + c.expanded + c.consumed + sum(c.dropped)
    const items = c.made + sum(c.lost)
    return [
      ...(c.in === out ? [] : [`${step}: ${c.in} in, but ${out} accounted for`]),
      ...(c.items === items ? [] : [`${step}: ${c.items} items in replies, but ${items} accounted for`]),
    ]
  })
}
