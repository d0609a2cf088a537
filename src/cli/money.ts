import type { CallTotals } from '../workspace/index.ts'
import { compact, dollars } from './figures.ts'
import { wrap } from './layout.ts'

type Saved = { cache: number; batch: number }

/** Dollars of some totals; null as soon as a call that was made had no price. */
export function costOfCalls(calls: CallTotals): number | null {
  return Object.values(calls).reduce<number | null>(
    (sum, { sent, usd }) => (sum === null || (sent > 0 && usd === null) ? null : sum + (sent > 0 ? usd! : 0)),
    0,
  )
}

/** What prompt caches and batches did, in words; nothing where they did nothing. */
export function savings({ cached, input, saved }: { cached: number; input: number; saved: Saved }): string[] {
  const cache =
    saved.cache < 0
      ? `which cost ${dollars(-saved.cache)} more than it saved`
      : saved.cache > 0
        ? `which saved ${dollars(saved.cache)}`
        : ''
  return [
    ...(cached > 0
      ? [`${compact(cached)} of ${compact(input)} input tokens came from prompt caches${cache ? `, ${cache}` : ''}`]
      : saved.cache < 0
        ? [`writing to prompt caches cost ${dollars(-saved.cache)} that no reading made up for`]
        : []),
    ...(saved.batch > 0 ? [`batches saved ${dollars(saved.batch)}`] : []),
  ]
}

/**
 * What a run cost, in all and for each row it kept, and what was saved; nothing when nobody was asked. `worth` is what all
 * replies behind its rows cost, since earlier runs may have paid for some; null where that is not known.
 */
export function moneyLines(
  calls: CallTotals,
  rows: number,
  width: number,
  worth: number | null = costOfCalls(calls),
  each = 'a kept row',
): string[] {
  const totals = Object.values(calls)
  if (totals.every(({ sent }) => sent === 0)) return []
  const sum = (of: (total: CallTotals[string]) => number): number => totals.reduce((n, total) => n + of(total), 0)
  const usd = costOfCalls(calls)
  const saved = { cache: sum(c => c.saved?.cache ?? 0), batch: sum(c => c.saved?.batch ?? 0) }
  const done = savings({ cached: sum(c => c.cached ?? 0), input: sum(c => c.input), saved })
  const earlier = usd !== null && worth !== null && worth > usd * 1.000001
  const all = earlier ? `, and with what earlier runs paid for its replies ${dollars(worth)}` : ''
  const perRow = worth && rows > 0 ? `, ${dollars(worth / rows)} ${each}` : ''
  const cost =
    usd === null ? 'What it cost is not known: a teacher has no price' : `It cost ${dollars(usd)}${all}${perRow}`
  return wrap(`${[cost, ...done].join('; ')}.`, width)
}
