import { describe, expect, test } from 'vitest'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { enough } from '../waves.ts'
import { faultOf, keywords, lengths, openings } from './rules.ts'
import { selfInstruct } from './self-instruct.ts'
import { selfInstructWrite } from './write.ts'

const prompt = (id: string, content: string, more: object = {}) =>
  ({
    kind: 'prompt',
    id,
    digest: id,
    messages: [{ role: 'user', content }],
    facets: {},
    scores: {},
    lineage: { origin: 'real', generation: 0, parents: [] },
    ...more,
  }) as Rec<'prompt'>

describe('heuristics', () => {
  const fault = (text: string, language: 'en' | 'ja' = 'en', input = '') =>
    faultOf(text, input, {
      keywords: keywords[language],
      openings: openings[language],
      length: lengths[language]!,
      shown: new Set(['explain tides to a child']),
      before: new Set(['plan a trip to rome']),
    })
  test.each([
    ['Explain why bread rises when it is baked.', undefined],
    ['"Well begun is half done": explain this saying.', undefined],
    ['?!', 'empty-instruction'],
    ['- Explain why bread rises.', 'odd-start'],
    ['Say hello.', 'too-short'],
    [`Say ${'hello '.repeat(150)}`, 'too-long'],
    ['Explain tides to a child!', 'copies-example'],
    ['Plan a trip to Rome?', 'duplicate-instruction'],
    ['Describe what you see in the image.', 'beyond-text'],
    ['Go to the bank and draw a graph.', 'beyond-text'],
    ['Divide the paragraph into photographic scenes.', undefined],
    ['Write a program that sorts ten numbers.', 'worn-opening'],
    ['Summarise the following text in a sentence.', 'missing-input'],
  ])('%j: %s', (text, reason) => expect(fault(text)).toBe(reason))
  test('with its input the same instruction stands', () => {
    expect(fault('Summarise the following text in a sentence.', 'en', 'Bread rises.')).toBeUndefined()
  })
  test.each([
    ['パンが焼けるとふくらむのはなぜですか。', undefined],
    ['「急がば回れ」の意味を説明してください。', undefined],
    ['図書館の使い方を三つ挙げてください。', undefined],
    ['こんにちは。', 'too-short'],
    ['次の画像に写っている動物を説明してください。', 'beyond-text'],
    ['以下の文章を一文にまとめてください。', 'missing-input'],
  ])('%s: %s', (text, reason) => expect(fault(text, 'ja')).toBe(reason))
})

describe('a call', () => {
  const seeds = Array.from({ length: 12 }, (_, i) => prompt(`s${i}`, `Seed task number ${i} of the pool`))
  const grown = [prompt('g1', 'Grown task one of wave one'), prompt('g2', 'Grown task two of wave one')]
  const ask = async (
    record: Rec<'prompt'>,
    pool: Rec[],
    reply: Partial<Answer>,
    more: object = {},
    language = 'en',
  ) => {
    const asked: (Ask & { draw: number })[] = []
    const ctx = {
      options: selfInstructWrite.options.parse({ teacher: 't', wave: 2, 'per-call': 3, ...more }),
      key: 'self-instruct.w2-ask',
      language,
      random: () => 0.5,
      draw: (name: string, n: number) => (name === 'seeds' ? seeds : pool).filter(r => r.id !== record.id).slice(0, n),
      call: async (_: string, request: Ask, draw: number) => {
        asked.push({ ...request, draw })
        return { call: 'c', content: '', finish: 'stop', usage: {}, warnings: [], ...reply }
      },
    } as never
    const outcome = await selfInstructWrite.run(record, ctx)
    const text = asked[0]!.messages.map(message => message.content).join('\n')
    const shown = [...text.matchAll(/<example>\n(.*)\n<\/example>/g)].map(found => found[1]!)
    return { outcome, text, shown, draw: asked[0]!.draw }
  }
  const kinds = (shown: string[]) => ['Seed', 'Grown'].map(kind => shown.filter(text => text.startsWith(kind)).length)

  test('shows six seeds and two earlier prompts, the record among its own kind; eight seeds where nothing has grown', async () => {
    const data = { tasks: [] }
    expect(kinds((await ask(seeds[3]!, grown, { data })).shown)).toEqual([6, 2])
    const own = { lineage: { origin: 'synthetic', generation: 1, parents: [], made: { step: 'self-instruct.w1-ask' } } }
    const late = await ask(prompt('g1', 'Grown task one of wave one', own), grown, { data })
    expect(kinds(late.shown)).toEqual([6, 2])
    expect(late.shown).toContain('Grown task one of wave one')
    expect(kinds((await ask(seeds[3]!, [], { data })).shown)).toEqual([8, 0])
    // A wave that meets the same request again must not get the reply of the one before.
    expect(late.draw).toBe(1)
  })

  test('what is taken has input and facets; the rest is lost by name, and nothing of the seed is passed on', async () => {
    const tasks = [
      {
        instruction: ' Sort these\n\nfruits: by colour. ',
        input: 'pear\n\nplum',
        topic: 'fruit ',
        classification: false,
      },
      { instruction: 'Describe the picture of a pear.' },
      { instruction: 'Seed task number 3 of the pool!' },
      { instruction: 'Name the capital of France.', input: '<noinput>', topic: '', classification: true },
      { instruction: 'Explain how a bill becomes law.' },
      { instruction: 'Explain how a law becomes history.' },
    ]
    const { outcome } = await ask(seeds[3]!, grown, { data: { tasks } })
    if (outcome.is !== 'made') throw new Error(outcome.is)
    expect(outcome.made.map(({ index, payload }) => [index, payload.messages])).toEqual([
      [0, [{ role: 'user', content: 'Sort these\nfruits: by colour.\n\npear\n\nplum' }]],
      [3, [{ role: 'user', content: 'Name the capital of France.' }]],
      [4, [{ role: 'user', content: 'Explain how a bill becomes law.' }]],
    ])
    expect(outcome.made.map(({ notes }) => notes!.facets)).toEqual([
      { topic: 'fruit', classification: false, difficulty: undefined, withInput: true },
      { topic: undefined, classification: true, difficulty: undefined, withInput: false },
      { topic: undefined, classification: undefined, difficulty: undefined, withInput: false },
    ])
    expect(outcome.lost!.map(({ index, reason }) => [index, reason])).toEqual([
      [1, 'beyond-text'],
      [2, 'copies-example'],
      [5, 'surplus'],
    ])
  })

  test('asks in the language of the seeds or the one that is wanted, and for no more than is wanted', async () => {
    const japanese = await ask(seeds[0]!, grown, { data: { tasks: [] } }, {}, 'ja')
    expect(japanese.text).toContain('新しい課題を3個考えてください')
    const plain = await ask(
      seeds[0]!,
      grown,
      { data: { tasks: [] } },
      { inputs: false, classify: false, language: 'de' },
    )
    expect(plain.text).toContain('{"tasks": [{"instruction": "..."}]}')
    expect(plain.text).toContain('in this language: de')
  })

  test('an unusable reply is a drop that keeps the call', async () => {
    const { outcome } = await ask(seeds[0]!, grown, { bad: { reason: 'truncated', detail: 'cap' } })
    expect(outcome).toEqual({ is: 'dropped', reason: 'truncated', evidence: { call: 'c', detail: 'cap' } })
  })
})

describe('a wave', () => {
  const pool = Array.from({ length: 30 }, (_, i) => prompt(`p${i}`, `p${i}`))
  const drive = (target: number, side?: { [name: string]: Rec[][] }, seed = 'a') =>
    driveGlobal(
      enough,
      [pool.slice(0, 11), pool.slice(11)],
      { target, each: 8, calls: 1, grown: 's.w' },
      { seed, ...(side ? { side } : {}) },
    )
  const passed = (driven: ReturnType<typeof drive>) => driven.kept.map(record => record.id)

  test('asks as many as the target needs at the yield so far, others in each wave, and none once it is met', () => {
    expect(passed(drive(100))).toHaveLength(13)
    expect(passed(drive(1000))).toHaveLength(30)
    // 10 calls gave 40 of 80: half of what is asked for comes to something.
    const [kept, asked] = [[pool.concat(pool).slice(0, 40)], [pool.slice(0, 10)]]
    expect(passed(drive(100, { kept, asked }))).toHaveLength(15)
    expect(passed(drive(100))).not.toEqual(passed(drive(100, undefined, 'b')))
    const met = drive(40, { kept, asked })
    expect(new Set([...met.verdicts.values()].map(v => 'reason' in v && v.reason))).toEqual(new Set(['target-met']))
  })

  test('asks no more often than its seeds allow, so that few of them do not grow without bounds', () => {
    const made = { lineage: { origin: 'synthetic', generation: 1, parents: [], made: { step: 's.w1-ask' } } }
    const few = [...pool.slice(0, 3), ...pool.slice(3).map(({ id }) => prompt(id, id, made))]
    const { kept } = driveGlobal(enough, [few], { target: 1000, each: 8, calls: 4, grown: 's.w' })
    expect(kept).toHaveLength(12)
  })

  test('the verb unrolls: each wave reads seeds and what earlier waves kept, and no wave what comes after it', () => {
    const steps = selfInstruct.expand(
      selfInstruct.options.parse({ teacher: 't', target: 10, waves: 3 }),
      'self-instruct',
    )
    expect(steps.map(({ as }) => as)).toEqual([
      ...['w1-input', 'w1-ask', 'w1', 'w2-input', 'w2-ask', 'w2', 'w3-input', 'w3-ask', 'w3', ''],
    ])
    const third = steps.filter(({ as }) => as.startsWith('w3'))
    expect(third.map(({ side }) => side)).toEqual([
      { kept: ['w1', 'w2'], asked: ['w1-input', 'w2-input'] },
      { seeds: ['$in'], grown: ['w1', 'w2'] },
      { seeds: ['$in'], kept: ['w1', 'w2'] },
    ])
    for (const { step, options } of steps) expect(step.options.safeParse(options).success).toBe(true)
  })
})
