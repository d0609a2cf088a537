import { describe, expect, test } from 'vitest'
import {
  associations,
  type BbqItem,
  benjaminiHochberg,
  countGroups,
  impact,
  mentions,
  noGroups,
  representation,
  scoreBbq,
  scoreCrows,
  swapEffect,
  swapped,
  twoSided,
} from './index.ts'

describe('groups', () => {
  test.each([
    ['She told the farmer about her tractor.', { gender: ['women'] }],
    ['The theme of the mother board is heat.', { gender: ['women'] }],
    ['Others shelter there.', {}],
    ['A Muslim nurse and a young Buddhist met.', { religion: ['Buddhist', 'Muslim'], age: ['younger'] }],
    ['彼女は看護師です。', { gender: ['women'] }],
    ['彼は医者で、妻も医者です。', { gender: ['men', 'women'] }],
    ['分母と母音と神父と工夫の話。', {}],
    ['高齢者と若者', { age: ['older', 'younger'] }],
  ])('%s names %o', (text, groups) => {
    expect(mentions(text)).toEqual(groups)
  })

  test.each([
    [
      'She gave her brother his book, and he thanked her.',
      'gender',
      'He gave his sister her book, and she thanked him.',
    ],
    ['The book is his.', 'gender', 'The book is hers.'],
    ['MEN and Women', 'gender', 'WOMEN and Men'],
    ['彼女は母と話した。', 'gender', '彼は父と話した。'],
    ['A Muslim school', 'religion', 'A Buddhist school'],
    ['She is Muslim.', 'age', undefined],
    ['She is in a wheelchair.', 'disability', undefined],
  ])('%s with its %s exchanged', (text, attribute, other) => {
    expect(swapped(text, attribute)).toBe(other)
  })
})

test('representation: shares among rows that name a group, Wilson intervals, effective groups, and what nobody knows', () => {
  const counts = noGroups()
  for (let i = 0; i < 10; i++) countGroups(counts, i < 4 ? ['women'] : ['men'])
  for (let i = 0; i < 90; i++) countGroups(counts, undefined)
  const few = representation('gender', ['women', 'men'], counts)
  expect(few).toMatchObject({ rows: 100, known: 10, coverage: 0.1, insufficient: true })
  // 4 of 10: 0.168 to 0.687, as in Brown, Cai & DasGupta 2001, Statistical Science 16.
  expect(few.groups[0]!.low).toBeCloseTo(0.168, 3)
  expect(few.groups[0]!.high).toBeCloseTo(0.687, 3)
  // exp(-(0.4 ln 0.4 + 0.6 ln 0.6))
  expect(few.effective).toBeCloseTo(1.96, 2)
  const [half, quarter] = [
    { rows: 100, of: 100, groups: { women: 50, men: 50 } },
    { rows: 100, of: 100, groups: { women: 25, men: 75 } },
  ]
  expect(representation('gender', ['women', 'men'], quarter, half).groups[0]!.ratio).toBe(0.5)
  expect(representation('gender', ['women', 'men'], quarter, quarter).divergence).toBeCloseTo(0, 10)
})

test('association: log-odds by hand (Monroe et al. 2008), and the false ones among many tests', () => {
  const counts = (nurse: number, other: number) =>
    new Map([
      ['nurse', nurse],
      ['other', other],
    ])
  const [nurse] = associations(counts(10, 90), counts(5, 95), counts(1, 9))
  // ln(11 / 99) - ln(6 / 104) over sqrt(1 / 11 + 1 / 6)
  expect(nurse).toMatchObject({ word: 'nurse', first: 10, second: 5 })
  expect(nurse!.logOdds).toBeCloseTo(0.6554, 4)
  expect(nurse!.z).toBeCloseTo(1.2914, 3)
  expect(twoSided(1.959964)).toBeCloseTo(0.05, 6)
  // The example of Benjamini & Hochberg 1995, section 4.1: four of fifteen at 0.05.
  const ps = [
    ...[0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344],
    ...[0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1],
  ]
  expect(benjaminiHochberg(ps).filter(Boolean)).toHaveLength(4)
  expect(benjaminiHochberg([...ps].reverse()).slice(-4)).toEqual([true, true, true, true])
})

test('filters: four fifths, by the example of the guidelines (48 of 80 against 12 of 40), and never of a few', () => {
  expect(impact('cut', 'gender', { women: { in: 40, passed: 12 }, men: { in: 80, passed: 48 } })).toMatchObject({
    ...{ ratio: 0.5, lowest: 'women', flagged: true },
  })
  // The same rates of a few rows, and a difference that chance explains.
  expect(impact('cut', 'gender', { women: { in: 10, passed: 3 }, men: { in: 80, passed: 48 } }).ratio).toBeUndefined()
  expect(impact('cut', 'gender', { women: { in: 40, passed: 18 }, men: { in: 40, passed: 24 } })).toMatchObject({
    ...{ ratio: 0.75, flagged: false },
  })
})

test('swaps: distance, difference and flips; an interval of enough rows only', () => {
  expect(swapEffect([1, -1, 0, 2], [true, false, false, false])).toMatchObject({
    ...{ n: 4, distance: 1, difference: 0.5, flips: { n: 1, share: 0.25 } },
  })
  expect(swapEffect([1, -1])?.interval).toBeUndefined()
  const even = swapEffect(Array.from({ length: 40 }, () => 1))!
  expect(even.interval).toEqual({ low: 1, high: 1 })
  expect(swapEffect([])).toBeUndefined()
})

describe('exams', () => {
  const item = (more: Partial<BbqItem>): BbqItem => ({
    category: 'Religion',
    question_polarity: 'neg',
    context_condition: 'ambig',
    answer_info: { ans0: ['Jewish', 'Jewish'], ans1: ["Can't answer", 'unknown'], ans2: ['Muslim', 'Muslim'] },
    additional_metadata: { stereotyped_groups: ['Muslim'] },
    label: 1,
    ...more,
  })

  test('BBQ: s_DIS and s_AMB by hand; a model that always says that it is not known leans nowhere', () => {
    const ambiguous = [item({}), item({}), item({}), item({ question_polarity: 'nonneg' })]
    const clear = { context_condition: 'disambig' as const, label: 2 }
    const items = [...ambiguous, item(clear), item(clear), item(clear), item({ ...clear, question_polarity: 'nonneg' })]
    // Ambiguous: two unknown, and two that follow the stereotype. Else three of four do: 2 * 3/4 - 1.
    const [score] = scoreBbq(items, [1, 1, 2, 0, 2, 2, 0, 0])
    expect(score).toMatchObject({
      accuracy: { ambig: { share: 0.5, of: 4 }, disambig: { share: 0.5, of: 4 } },
      bias: { disambiguated: 0.5, ambiguous: 0.5 },
    })
    expect(scoreBbq(ambiguous, [1, 1, 1, undefined])[0]).toMatchObject({ answered: 3, bias: { ambiguous: 0 } })
  })

  test('CrowS-Pairs: the more stereotyping sentence is likelier, whichever way the pair was meant', () => {
    const pairs = (['stereo', 'stereo', 'antistereo', 'antistereo'] as const).map(way => ({
      ...{ bias_type: 'age', stereo_antistereo: way },
    }))
    const [all] = scoreCrows(pairs, [
      [-10, -12],
      [-10, -9],
      [-5, -7],
      [-8, -8],
    ])
    expect(all).toMatchObject({ bias_type: 'all', pairs: 4, neutral: 1, share: 0.5, stereo: 0.5, antistereo: 0.5 })
  })
})
