import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import type { Lineage, Rec } from '../../records/index.ts'
import { unit } from '../../records/index.ts'
import { balanceLengths, type Entry, overlong } from './balance-lengths.ts'
import { choosePairs } from './choose.ts'
import { rank } from './rank.ts'
import { rankPairs } from './rank-pairs.ts'

const lot = (a: string, b: string) => unit('lot', a, b)
const ids = (pairs: ReturnType<typeof choosePairs>) => pairs.map(([better, worse]) => `${better.id}>${worse.id}`)
const scored = (scores: { [id: string]: number }) => Object.entries(scores).map(([id, score]) => ({ id, score }))

describe('which answers are paired', () => {
  const four = scored({ a: 7, b: 9, c: 4, d: 8.5 })
  test('the best with the worst, with a random one a margin below it, or every two a margin apart', () => {
    expect(ids(choosePairs(four, 'best-worst', 0, lot))).toEqual(['b>c'])
    expect(ids(choosePairs(four, 'all', 1.5, lot))).toEqual(['b>a', 'b>c', 'd>a', 'd>c', 'a>c'])
    const random = new Set(
      Array.from({ length: 60 }, (_, seed) => ids(choosePairs(four, 'best-random', 1, (a, b) => unit(seed, a, b)))[0]),
    )
    // Never with d, which is half a point below.
    expect([...random].sort()).toEqual(['b>a', 'b>c'])
  })
  test('a tie makes no pair: equal scores, scores closer than the margin, and sums that differ by rounding alone', () => {
    expect(choosePairs(scored({ a: 5, b: 5, c: 5 }), 'best-worst', 0, lot)).toEqual([])
    expect(choosePairs(scored({ a: 5, b: 4.01 }), 'best-worst', 1, lot)).toEqual([])
    expect(ids(choosePairs(scored({ a: 5, b: 4 }), 'best-worst', 1, lot))).toEqual(['a>b'])
    expect(choosePairs(scored({ a: 0.1 + 0.2, b: 0.3 }), 'all', 0, lot)).toEqual([])
    expect(ids(choosePairs(scored({ a: 8 / 3 + 1 / 3, b: 2 }), 'all', 1, lot))).toEqual(['a>b'])
  })
  test('the order in which answers come never matters, and a pair always has its margin', () => {
    const answers = fc.uniqueArray(
      fc.record({ id: fc.string({ minLength: 1 }), score: fc.integer({ min: 1, max: 10 }) }),
      {
        selector: answer => answer.id,
        maxLength: 7,
      },
    )
    fc.assert(
      fc.property(
        answers,
        fc.constantFrom('best-worst', 'best-random', 'all'),
        fc.integer({ min: 0, max: 4 }),
        (list, policy, margin) => {
          const pairs = choosePairs(list, policy as 'all', margin, lot)
          expect(ids(choosePairs([...list].reverse(), policy as 'all', margin, lot))).toEqual(ids(pairs))
          for (const [better, worse] of pairs)
            expect(better.score - worse.score).toBeGreaterThanOrEqual(Math.max(1, margin))
        },
      ),
    )
  })
})

const made = (teacher: string): Partial<Lineage> => ({
  made: { step: 'answer', version: 'draw@1', teachers: [teacher], prompts: [], calls: [] },
})
const marked = (
  id: string,
  marks: number | string,
  teacher = 'openai/gpt-5',
  more: { asked?: string; judge?: string } = {},
) =>
  conversation(id, more.asked ?? 'What is a still?', `Answer ${id}`, {
    lineage: made(teacher),
    scores: {
      'judge/overall': {
        method: 'm',
        judge: more.judge ?? 'anthropic/claude-opus-5',
        call: `call-${id}`,
        ...(typeof marks === 'number' ? { value: marks } : { unscored: marks }),
      },
      'judge/clarity': { method: 'm', value: 6 },
    },
  })

async function ranked(records: Rec<'conversation'>[], options: object = {}) {
  const ctx = {
    options: rankPairs.options.parse({ by: 'judge/overall', ...options }),
    key: 'rank',
    tokens: (t: string) => t.length,
    tokenizer: 'letters',
  }
  const { each, made = [] } = await rankPairs.run(records, ctx as never)
  const ended = Object.fromEntries([...each].map(([id, end]) => [id, end.is === 'dropped' ? end.reason : end.is]))
  return { made, ended }
}

describe('pairs of a family', () => {
  test('the pair has both scores, their difference, who wrote, who judged, and whose family won', async () => {
    const { made, ended } = await ranked([
      marked('a', 4, 'mistral/mistral-small'),
      marked('b', 9, 'anthropic/claude-haiku-4'),
      marked('c', 6),
    ])
    expect(ended).toEqual({ a: 'consumed', b: 'consumed', c: 'not-paired' })
    expect(made).toEqual([
      {
        payload: {
          kind: 'preference',
          prompt: [{ role: 'user', content: 'What is a still?' }],
          chosen: [{ role: 'assistant', content: 'Answer b' }],
          rejected: [{ role: 'assistant', content: 'Answer a' }],
        },
        index: 0,
        from: ['b', 'a'],
        notes: {
          facets: {
            chosenBy: 'anthropic/claude-haiku-4',
            rejectedBy: 'mistral/mistral-small',
            judgedBy: 'anthropic/claude-opus-5',
            ownFamily: 'chosen',
            chosenTokens: 8,
            rejectedTokens: 8,
            tokenizer: 'letters',
          },
          scores: {
            chosen: { method: 'judge/overall: m', judge: 'anthropic/claude-opus-5', call: 'call-b', value: 9 },
            rejected: { method: 'judge/overall: m', judge: 'anthropic/claude-opus-5', call: 'call-a', value: 4 },
            margin: { method: 'chosen minus rejected', value: 5 },
          },
        },
      },
    ])
  })

  test('what is not paired leaves by name: no mark, a tie, alone', async () => {
    expect((await ranked([marked('a', 'unparseable'), marked('b', 9)])).ended).toEqual({
      a: 'unscored',
      b: 'one-answer',
    })
    expect((await ranked([marked('a', 7), marked('b', 7)])).ended).toEqual({ a: 'tie', b: 'tie' })
    const silent = { ...marked('z', 9), messages: [{ role: 'user' as const, content: 'hm' }] }
    expect((await ranked([silent, marked('a', 7), marked('b', 6)])).ended).toEqual({
      z: 'no-answer',
      a: 'consumed',
      b: 'consumed',
    })
  })

  test('the same words twice are no pair, though a judge marked them apart', async () => {
    const said = (id: string, mark: number, words: string) => ({
      ...marked(id, mark),
      messages: [marked(id, mark).messages[0]!, { role: 'assistant' as const, content: words }],
    })
    const twice = [said('b', 3, 'It heats. \n'), said('a', 9, 'It heats.')]
    expect((await ranked(twice)).ended).toEqual({ a: 'one-answer', b: 'same-answer' })
    expect((await ranked([...twice, said('c', 5, 'It cools.')])).made[0]!.from).toEqual(['a', 'c'])
    // Two calls of tools without a word are not the same.
    const calls = (id: string, mark: number, city: string) => {
      const call = { type: 'function' as const, function: { name: 'weather', arguments: { city } } }
      const turn = { role: 'assistant' as const, content: null, tool_calls: [call] }
      return { ...marked(id, mark), messages: [marked(id, mark).messages[0]!, turn] }
    }
    expect((await ranked([calls('a', 9, 'Kyoto'), calls('b', 3, 'Nara')])).made).toHaveLength(1)
    expect((await ranked([calls('a', 9, 'Kyoto'), calls('b', 3, 'Kyoto')])).made).toHaveLength(0)
  })

  test('a list of aspects is averaged, and an answer that lacks one has no score', async () => {
    const bare = conversation('c', 'What is a still?', 'Answer c', {
      scores: { 'judge/overall': { method: 'm', value: 10 } },
    })
    const { made, ended } = await ranked([marked('a', 4), marked('b', 9), bare], {
      by: ['judge/overall', 'judge/clarity'],
    })
    expect(made[0]!.notes!.scores!.chosen).toEqual({ method: 'mean of judge/overall, judge/clarity', value: 7.5 })
    expect(ended.c).toBe('unscored')
  })

  test('a score put together of several judges names them all, and what a comparison knows of its orders comes along', async () => {
    const panel = (id: string, value: number) =>
      conversation(id, 'What is a still?', `Answer ${id}`, {
        scores: {
          'judge/overall': { method: 'mean of 2', value },
          'judge/a.overall': { method: 'm', judge: 'openai/gpt-5', value },
          'judge/b.overall': { method: 'm', judge: 'google/gemini-3', value },
          'judge/order-agreement': { method: 'm', value: value / 10 },
          'other/overall': { method: 'm', judge: 'x/y', value },
        },
      })
    const { made } = await ranked([panel('a', 4), panel('b', 8)])
    expect(made[0]!.notes!.facets!.judgedBy).toBe('google/gemini-3 + openai/gpt-5')
    expect(made[0]!.notes!.scores!['order-agreement']).toMatchObject({ value: expect.closeTo(0.6, 12) })
  })

  test('answers to different prompts are never paired, though one document led to both', async () => {
    const other = { asked: 'What is a pump?' }
    const { made } = await ranked([
      marked('a', 9),
      marked('b', 3),
      marked('c', 8, 'x/y', other),
      marked('d', 2, 'x/y', other),
    ])
    expect(made.map(({ from }) => from)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  test('a random choice follows ids and seed, so that the order of answers and a new answer elsewhere move nothing', async () => {
    const family = [9, 1, 2, 3, 4, 5].map((mark, n) => marked(`r${n}`, mark))
    const rejected = async (records: Rec<'conversation'>[], seed: number) =>
      (await ranked(records, { pairs: 'best-random', seed })).made[0]!.from[1]
    const chosen = await Promise.all(Array.from({ length: 12 }, (_, seed) => rejected(family, seed)))
    expect(new Set(chosen).size).toBeGreaterThan(2)
    expect(await rejected(family.toReversed(), 3)).toBe(chosen[3])
    const gone = family.filter(({ id }) => id === 'r0' || id === chosen[3] || id === 'r5')
    expect(await rejected(gone, 3)).toBe(chosen[3])
  })
})

describe('balanced lengths', () => {
  const entries = (ratios: number[]) => ratios.map((ratio, n): Entry => [`p${n}`, ratio])
  test('the most unequal pairs go first, on whichever side there are too many', () => {
    // 6 longer, 2 shorter, 1 equal: 3 of 6 may stay at a half.
    const ratios = [0.1, 0.9, 0.5, 0.2, 0.7, 0.3, -0.4, -2, 0]
    expect(overlong(entries(ratios), 0.5).map(([id]) => id)).toEqual(['p1', 'p4', 'p2'])
    expect(overlong(entries(ratios.map(ratio => -ratio)), 0.5).map(([id]) => id)).toEqual(['p1', 'p4', 'p2'])
    expect(overlong(entries(ratios), 1)).toEqual([])
    expect(overlong([], 0.5)).toEqual([])
  })
  test('what stays holds the share, and no more is dropped than needed', () => {
    const ratio = fc.constantFrom(-1, -0.5, 0, 0.5, 1)
    fc.assert(
      fc.property(
        fc.array(ratio, { minLength: 1, maxLength: 40 }),
        fc.constantFrom(0.5, 0.55, 0.6, 0.75),
        (ratios, most) => {
          const all = entries(ratios)
          const gone = overlong(all, most)
          const share = (list: Entry[]) =>
            Math.max(...[1, -1].map(sign => list.filter(([, r]) => r * sign > 0).length)) / list.length
          const stay = all.filter(entry => !gone.includes(entry))
          if (stay.length > 0) expect(share(stay)).toBeLessThanOrEqual(most + 1e-9)
          if (gone.length > 0) expect(share([...stay, gone.at(-1)!])).toBeGreaterThan(most)
        },
      ),
    )
  })
  test('the same pairs stay however the corpus is cut, and the figures are told', () => {
    const pairs = [30, 20, 25, 12, 4].map((chosenTokens, n) => ({
      ...conversation(`p${n}`, 'q', 'a', { facets: { chosenTokens, rejectedTokens: 10 } }),
      kind: 'preference' as const,
    })) as unknown as Rec[]
    const whole = driveGlobal(balanceLengths, [pairs], { most: 0.5 })
    expect(droppedBy(whole.verdicts)).toEqual({ 'length-balance': ['p0', 'p1', 'p2'] })
    expect(droppedBy(driveGlobal(balanceLengths, [pairs.slice(0, 2), pairs.slice(2)], { most: 0.5 }).verdicts)).toEqual(
      droppedBy(whole.verdicts),
    )
    expect(whole.notes).toEqual([
      'the chosen answer was the longer one in 80.0 % of 5 pairs, and is in 50.0 % of the 2 that stay',
    ])
  })
  test('is a step of its own behind the pairs', () => {
    const names = (options: object) =>
      rank
        .expand(rank.options.parse({ by: 'judge/overall', ...options }), 'rank')
        .map(({ as, step }) => `${as}: ${step.verb}`)
    expect(names({})).toEqual([': rank-pairs'])
    expect(names({ length: 'balanced' })).toEqual(['pairs: rank-pairs', 'lengths: balance-lengths'])
    expect(rank.options.safeParse({ by: 'overall' }).success).toBe(false)
  })
})
