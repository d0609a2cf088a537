import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../workspace/index.ts'
import { openSpending, placeOf } from './spending.ts'

type Call = Extract<Event, { event: 'call' }>
const call = (more: Partial<Call> = {}): Call => ({
  event: 'call',
  teacher: 'writer',
  step: 'ask',
  root: 'r1',
  from: 'teacher',
  usage: { input: 100, output: 10 },
  usd: 0.5,
  ...more,
})
const spent = (events: Event[]) => {
  const spending = openSpending()
  for (const event of events) spending.take(event)
  return spending.data()
}

test('what a step asked is summed: what it was worth with replays, what was paid and saved without', () => {
  const { steps, roots } = spent([
    call({ ms: 100, saved: { cache: 0.1, batch: 0 }, usage: { input: 100, output: 10, cachedInput: 60 } }),
    call({ ms: 300, root: 'r2' }),
    call({ from: 'journal' }),
    call({ teacher: 'other', usage: {}, usd: null }),
  ])
  expect(steps.ask!.writer).toEqual({
    ...{ calls: 3, journal: 1, input: 300, output: 30, cached: 60, usd: 1.5, paid: 1 },
    saved: { cache: 0.1, batch: 0 },
    ms: { count: 2, mean: 200, p50: expect.closeTo(100, -1.5), p95: expect.closeTo(300, -1.5) },
  })
  expect(steps.ask!.other).toMatchObject({ calls: 1, usd: null, paid: null })
  expect(steps.ask!.other).not.toHaveProperty('ms')
  expect(roots.each).toEqual({
    r1: {
      ask: {
        writer: { calls: 2, input: 200, output: 20, usd: 1 },
        other: { calls: 1, input: 0, output: 0, usd: null },
      },
    },
    r2: { ask: { writer: { calls: 1, input: 100, output: 10, usd: 0.5 } } },
  })
})

test('records of tasks that were there already are counted: nothing was asked about them', () => {
  const counts = (n: number) => ({ in: n }) as never
  const { recalled } = spent([
    { event: 'task-done', stage: 'ask', task: 't', cached: true, funnel: { ask: counts(3) } },
    { event: 'task-done', stage: 'ask', task: 't', cached: false, funnel: { ask: counts(5) } },
    { event: 'stage-recalled', stage: 'ask', summary: 's', tasks: 2, funnel: { ask: counts(7) } },
  ])
  expect(recalled).toEqual({ ask: 10 })
})

test('of many roots a sample is kept, whole and whatever the order', () => {
  const events = Array.from({ length: 3000 }, (_, i) =>
    call({ root: `r${i % 1500}`, step: i < 1500 ? 'ask' : 'judge' }),
  )
  const { roots } = spent(events)
  expect(Object.keys(roots.each)).toHaveLength(512)
  for (const [root, uses] of Object.entries(roots.each)) {
    expect(placeOf(root)).toBeLessThan(roots.below)
    expect(Object.keys(uses)).toEqual(['ask', 'judge'])
  }
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 0, max: 2999 })), stream => {
      const mixed = [...events]
      for (const [i] of mixed.entries()) {
        const j = stream.next().value as number
        ;[mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!]
      }
      const other = spent(mixed).roots
      expect(other.below).toBe(roots.below)
      expect(Object.keys(other.each)).toEqual(Object.keys(roots.each))
    }),
    { numRuns: 3 },
  )
})

test('what a pilot asked online is worth its share in batches, and was paid in full', () => {
  const spending = openSpending(new Map([['slow', 0.5]]))
  const call = {
    event: 'call',
    step: 'ask',
    root: 'r',
    from: 'teacher',
    usage: { input: 10, output: 5 },
    usd: 2,
  } as const
  spending.take({ ...call, teacher: 'slow' })
  spending.take({ ...call, teacher: 'fast' })
  const { steps, roots } = spending.data()
  expect(steps.ask).toMatchObject({ slow: { usd: 1, paid: 2 }, fast: { usd: 2, paid: 2 } })
  expect(roots.each.r!.ask).toMatchObject({ slow: { usd: 1 }, fast: { usd: 2 } })
})
