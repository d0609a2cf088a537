import { describe, expect, test } from 'vitest'
import { digestOf, random } from '../records/index.ts'
import {
  compareEvaluations,
  type Evaluated,
  type Evaluation,
  finalPart,
  type ItemResult,
  intervalText,
  valueText,
  whatMoved,
} from './index.ts'

type Given = {
  name?: string
  metric?: string
  higherIsBetter?: boolean
  scale?: [number, number]
  of?: Partial<Evaluation>
}

/** An evaluation of one task out of a score an item. */
function evaluated(
  scores: (number | undefined)[],
  { name = 'tuned', metric = 'exact', higherIsBetter = true, scale = [0, 1], of }: Given = {},
): Evaluated {
  const items = scores.map((score, i): ItemResult => {
    return { task: 'exam', item: `q${i}`, digest: digestOf(i), metric, ...(score === undefined ? {} : { score }) }
  })
  const line = { task: 'exam', metric, higherIsBetter, scale, value: 0, low: 0, high: 1, n: scores.length, ungraded: 0 }
  const evaluation: Evaluation = {
    name,
    date: '2026-11-20',
    model: { id: `self/${name}` },
    tasks: {
      exam: { exam: digestOf(scores.length), items: scores.length, grader: { by: 'exact' }, conditions: { shots: 0 } },
    },
    scores: [line],
    from: 'stillroom',
    ...of,
  }
  return { evaluation, items }
}

/** Answers of two models to 400 items: each item is gained, lost, or the same. */
function simulated(seed: number, gain: number, loss: number): [base: Evaluated, tuned: Evaluated] {
  const next = random('simulated', seed)
  const [base, tuned]: number[][] = [[], []]
  for (let i = 0; i < 400; i++) {
    const at = next()
    const alike = next() < 0.6 ? 1 : 0
    base!.push(at < gain ? 0 : at < gain + loss ? 1 : alike)
    tuned!.push(at < gain ? 1 : at < gain + loss ? 0 : alike)
  }
  return [evaluated(base!, { name: 'base' }), evaluated(tuned!)]
}

const called = (gain: number, loss: number) =>
  Array.from({ length: 200 }, (_, seed) => {
    const [base, tuned] = simulated(seed, gain, loss)
    return compareEvaluations(base, [tuned])[0]!.lines[0]!.verdict
  })

const only = (base: Evaluated, tuned: Evaluated) => compareEvaluations(base, [tuned])[0]!.lines[0]!

describe('what is called', () => {
  test('8 % gained and 3 % lost of 400 items is better in at least 80 % of 200 draws', () => {
    const verdicts = called(0.08, 0.03)
    expect(verdicts.filter(verdict => verdict === 'better').length).toBeGreaterThanOrEqual(160)
    expect(verdicts).not.toContain('worse')
  })

  test('5.5 % each way is called different in at most 8 %', () => {
    const verdicts = called(0.055, 0.055)
    expect(verdicts.filter(verdict => verdict !== 'no difference shown').length).toBeLessThanOrEqual(16)
  })

  test('figures, direction and words', () => {
    const base = Array.from({ length: 400 }, (_, i) => (i < 12 || i >= 200 ? 1 : 0))
    const tuned = base.map((score, i) => (i < 12 ? 0 : i < 44 ? 1 : score))
    const comparison = compareEvaluations(evaluated(base, { name: 'before' }), [
      evaluated(tuned, { name: 'after' }),
    ])[0]!
    expect(comparison.lines[0]).toMatchObject({ items: 400, gained: 32, lost: 12, difference: 0.05, verdict: 'better' })
    expect(whatMoved(comparison)).toEqual([
      'after is better in exam exact (53.0 % to 58.0 %, 32 gained and 12 lost) than before.',
    ])
    const lower = { metric: 'loss', higherIsBetter: false }
    const turned = only(evaluated(base, lower), evaluated(tuned, lower))
    expect(turned).toMatchObject({ gained: 12, lost: 32, difference: 0.05, verdict: 'worse' })
  })

  test('too little to tell is not called the same: few items, or too many that differ for their number', () => {
    const alike = Array.from({ length: 19 }, () => 1)
    expect(only(evaluated(alike), evaluated(alike.map(() => 0)))).toMatchObject({ verdict: 'too few items', lost: 19 })
    const noisy = Array.from({ length: 60 }, (_, i) => i % 2)
    expect(only(evaluated(noisy), evaluated(noisy.map(s => 1 - s))).verdict).toBe('too few items')
    const calm = Array.from({ length: 400 }, (_, i) => i % 2)
    expect(only(evaluated(calm), evaluated(calm)).verdict).toBe('no difference shown')
  })

  test('marks are compared by turning signs, on their scale', () => {
    const next = random('marks of judges')
    const base = Array.from({ length: 120 }, () => 1 + Math.floor(next() * 9))
    const scale: [number, number] = [1, 10]
    const better = only(
      evaluated(base, { scale }),
      evaluated(
        base.map(mark => mark + (next() < 0.4 ? 1 : 0)),
        { scale },
      ),
    )
    expect(better).toMatchObject({ test: 'sign-flip', verdict: 'better', lost: 0 })
    expect(better.interval!.low).toBeGreaterThan(0)
    expect(only(evaluated(base, { scale }), evaluated(base, { scale })).verdict).toBe('no difference shown')
  })
})

test('what has an ideal value is better when it comes nearer, from either side, and not called when it goes past', () => {
  const share = (n: number) => {
    const one = evaluated(Array.from({ length: 200 }, (_, i) => (i < n ? 1 : 0)))
    one.evaluation.scores[0]!.ideal = 0.5
    return one
  }
  expect(only(share(150), share(120)).verdict).toBe('better')
  expect(only(share(50), share(80))).toMatchObject({ verdict: 'better', gained: 30, lost: 0 })
  expect(only(share(120), share(150)).verdict).toBe('worse')
  expect(only(share(120), share(60)).verdict).toBe('no difference shown')
})

describe('what is paired', () => {
  test('items by their digest; several samples count once; what one side lacks or could not grade is counted', () => {
    const base = evaluated(Array.from({ length: 40 }, () => 1))
    const tuned = evaluated(Array.from({ length: 40 }, (_, i) => (i === 39 ? undefined : 1)))
    tuned.items[0] = { ...tuned.items[0]!, digest: digestOf('edited') }
    base.items.push({ ...base.items[1]!, score: 0 }, { ...base.items[1]!, score: 0 }, { ...base.items[1]!, score: 0 })
    const line = only(base, tuned)
    expect(line).toMatchObject({ items: 38, unmatched: 2, ungraded: 1, gained: 1, lost: 0, test: 'sign-flip' })
    expect(line.flips[0]).toMatchObject({ item: 'q1', base: { score: 0.25 }, tuned: { score: 1 } })
  })

  const task = evaluated([1]).evaluation.tasks.exam!
  const many = Array.from({ length: 40 }, () => 1)
  const as = (change: object) =>
    evaluated(many, { of: { tasks: { exam: { ...evaluated(many).evaluation.tasks.exam!, ...change } } } })

  test.each([
    ['another exam', { exam: 'other' }, 'exam'],
    ['another judge', { grader: { by: 'exact', judge: 'a/b' } }, 'judge'],
    ['another prompt of the judge', { grader: { by: 'exact', prompt: 'f'.repeat(64) } }, 'prompt of the judge'],
    ['other shots', { conditions: { shots: 5 } }, 'shots'],
    ['a condition that one side has', { conditions: { ...task.conditions, seed: 3 } }, 'seed'],
    [
      'other prompts that went out',
      { conditions: { shots: 0, 'task-hash': 'a' }, base: { 'task-hash': 'b' } },
      'task-hash',
    ],
  ])('%s is refused', (_, { base, ...change }: { base?: object; [key: string]: unknown }, what) => {
    const first = as(base ? { conditions: { shots: 0, ...base } } : {})
    expect(() => compareEvaluations(first, [as(change)])).toThrow(
      expect.objectContaining({ code: 'SR_NOT_COMPARABLE', received: expect.stringContaining(what) }),
    )
  })

  test('another chat template is told, and explains another task hash', () => {
    const base = as({ conditions: { 'chat-template': 'a', 'task-hash': '1' } })
    const [found] = compareEvaluations(base, [as({ conditions: { 'chat-template': null, 'task-hash': '2' } })])
    expect(found!.unlike).toEqual([{ task: 'exam', what: 'chat-template', base: 'a', tuned: 'none', refuses: false }])
    expect(whatMoved(found!).at(-1)).toBe('Mind: in exam the chat-template differs, a and none.')
  })

  test('a part of an exam is shown and never called; other exams are compared on request', () => {
    const whole = evaluated(many)
    const part = evaluated(
      many.slice(0, 30).map(() => 0),
      { of: { partial: true } },
    )
    expect(compareEvaluations(whole, [part])[0]).toMatchObject({
      reportable: false,
      lines: [{ verdict: 'partial', items: 30, lost: 30 }],
    })
    expect(() => compareEvaluations(whole, [evaluated(many.slice(0, 30))])).toThrow()
    expect(compareEvaluations(whole, [evaluated(many.slice(0, 30))], { common: true })[0]!.lines[0]!.unmatched).toBe(10)
  })

  test('p-values of all lines of one call are adjusted together', () => {
    const base = Array.from({ length: 200 }, (_, i) => (i < 100 ? 1 : 0))
    const tuned = base.map((score, i) => (i >= 100 && i < 108 ? 1 : i === 0 ? 0 : score))
    expect(only(evaluated(base), evaluated(tuned)).verdict).toBe('better')
    const three = compareEvaluations(evaluated(base), [evaluated(tuned), evaluated(base), evaluated(base)])
    expect(three.map(({ lines }) => lines[0]!.verdict)).not.toContain('better')
    expect(three[0]!.lines[0]!.adjusted).toBeCloseTo(3 * three[0]!.lines[0]!.p, 12)
  })
})

test('a figure is told alike wherever it is shown: correlations to three digits, shares in percent', () => {
  const line = { scale: [-1, 1] as [number, number], low: 0.41234, high: 0.5 }
  expect([valueText(0.43219, line), intervalText(line)]).toEqual(['0.432', '0.412 to 0.500'])
  expect(valueText(0.5, { scale: [0, 1] })).toBe('50.0 %')
  const total = (name: string, value: number): Evaluated => {
    const scores = [{ task: 'exam', metric: 'pearson', higherIsBetter: true, value, n: 3, ungraded: 0, ...line }]
    return evaluated([1, 0, 1], { name, of: { scores } })
  }
  const [found] = compareEvaluations(total('base', 0.43219), [total('tuned', 0.5)])
  expect(found!.shown).toMatchObject([{ scale: [-1, 1], intervals: { base: { low: 0.41234 }, tuned: { high: 0.5 } } }])
})

test.each([
  ['short', 'short'],
  [`${'work '.repeat(20)}Answer: 12`, /^….*Answer: 12$/],
  [`Answer: 12\n${'so it goes '.repeat(20)}`, /^Answer: 12 so.*…$/],
  [`${'work '.repeat(20)}\nAnswer: 12\n${'so it goes '.repeat(20)}`, /^….*Answer: 12 so.*…$/],
])('of an answer the final part is shown: %j', (answer, shown) => {
  expect(finalPart(answer, 40)).toMatch(shown)
  expect([...finalPart(answer, 40)].length).toBeLessThanOrEqual(40)
})
