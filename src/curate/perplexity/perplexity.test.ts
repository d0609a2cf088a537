import { describe, expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import { driveGlobal, shardsOf } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask, Ctx } from '../../steps/index.ts'
import { perplexity, perplexityAsked, perplexityCut, perplexityLearnt } from './perplexity.ts'

const subjects = ['still', 'coil', 'flask', 'valve', 'burner', 'column', 'pipe', 'gauge']
const rows: Rec[] = Array.from({ length: 80 }, (_, i) => {
  const [a, b] = [subjects[i % 8]!, subjects[(i * 3 + 1) % 8]!]
  return conversation(`r${i}`, 'q', `The ${a} is heated until the ${b} is warm, and then the ${a} is cooled.`)
})
const odd = conversation('odd', 'q', 'Purple parliament wobbled sideways beneath nineteen unpaid crocodile invoices.')

function scored(shards: Rec[][], options: object = {}, side?: { [name: string]: Rec[][] }) {
  const ran = driveGlobal(perplexityLearnt, shards, options, side ? { side } : {})
  const of = (id: string) => {
    const score = (ran.verdicts.get(id) as { notes: { scores: Rec['scores'] } }).notes.scores.perplexity!
    return 'value' in score ? score.value : score.unscored
  }
  return { of, notes: ran.notes, all: [...ran.verdicts.keys()].map(of) }
}

describe('the learnt model', () => {
  test('finds a row surprising that says what no other says, though it has seen the row itself', () => {
    const { of, notes } = scored([[...rows, odd]])
    const usual = rows.map(({ id }) => of(id) as number)
    expect(Math.max(...usual)).toBeLessThan(12)
    expect(of('odd')).toBeGreaterThan(60)
    expect(notes[0]).toMatch(/^perplexity of 81 rows by a model of \d+ tokens: median/)
  })
  test('comes out the same however the rows lie in shards, and of a bounded part of them', () => {
    const all = [...rows, odd]
    for (const options of [{}, { tokens: 1000, order: 2 }]) {
      expect(scored(shardsOf(all, [3, 40, 1]), options).all).toEqual(scored([all], options).all)
    }
    expect(scored([all], { tokens: 1000 }).notes[0]).toMatch(/a model of (?:9\d\d|1000) tokens/)
  })
  test('learns from another source where one is named, and that one is in no funnel', () => {
    const texts = [
      document('d', 'Purple parliament wobbled sideways beneath nineteen unpaid crocodile invoices.'.repeat(9)),
    ]
    const { of, all } = scored([[...rows, odd]], { like: 'docs' }, { like: [texts] })
    expect(of('odd')).toBeLessThan(5)
    expect(of('r1')).toBeGreaterThan(3 * (of('odd') as number))
    expect(all).toHaveLength(81)
  })
  test('reads characters where no spaces are written', () => {
    const plain = Array.from({ length: 40 }, (_, i) => document(`j${i}`, `蒸留器を${i % 7}回加熱してから冷却します。`))
    const { of } = scored([[...plain, document('x', '鰐請求書紫色議会横揺。')]], { order: 5 })
    expect(of('x')).toBeGreaterThan(3 * (of('j3') as number))
    expect(scored([[document('e', ' ')]]).of('e')).toBe('no-text')
  })
})

test('of a teacher: e to the mean loss a token; what was not told is unscored', async () => {
  const asked: Ask[] = []
  const by = async (reply: Partial<Answer>, record: Rec = odd) => {
    const outcome = await perplexityAsked.run(record, {
      options: perplexityAsked.options.parse({ teacher: 't' }),
      call: async (_: string, ask: Ask) => {
        asked.push(ask)
        return { call: 'c', content: null, finish: 'stop', usage: {}, warnings: [], ...reply }
      },
    } as unknown as Ctx<never>)
    return (outcome as { notes: { scores: Rec['scores'] } }).notes.scores.perplexity
  }
  const logprobs = [-1, -2, -3].map(logprob => ({ token: 'x', logprob }))
  expect(await by({ logprobs })).toMatchObject({ value: Math.exp(2), call: 'c' })
  expect(asked[0]).toMatchObject({
    form: 'score',
    messages: [{ content: odd.kind === 'conversation' && odd.messages[1]!.content }],
  })
  expect(await by({ bad: { reason: 'rejected', detail: 'too long' } })).toMatchObject({ unscored: 'rejected' })
  expect(await by({ logprobs: [] })).toMatchObject({ unscored: 'no-logprobs' })
  expect(await by({}, document('e', ''))).toMatchObject({ unscored: 'no-text' })
  expect(asked).toHaveLength(3)
})

test('cuts are steps of their own: both ends by value, the most surprising by share', () => {
  const steps = perplexity.expand(perplexity.options.parse({ below: 5, above: 900, drop: 0.1 }), 'ppl')
  expect(steps.map(({ as, options }) => [as, options])).toEqual([
    ['score', { of: 'completion', order: 3, tokens: 1_000_000 }],
    ['range', { by: 'ppl/perplexity', below: 5, above: 900 }],
    ['cut', { by: 'ppl/logprob', drop: 0.1 }],
  ])
  const cut = (value?: number) =>
    perplexityCut.test(document('d', 'x', value === undefined ? {} : { scores: { p: { method: 'm', value } } }), {
      by: 'p',
      below: 5,
      above: 900,
    })
  expect([cut(4), cut(901), cut()].map(verdict => 'reason' in verdict && verdict.reason)).toEqual([
    'too-likely',
    'too-surprising',
    'unscored',
  ])
  expect(cut(5)).toEqual({ is: 'passed' })
  expect(perplexity.options.safeParse({ teacher: 't', like: 'docs' }).success).toBe(false)
})
