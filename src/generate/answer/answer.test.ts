import { describe, expect, test } from 'vitest'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { agree, answer, cluster, draw, majority, overlap, withoutThinking } from './index.ts'

const lineage = { origin: 'synthetic' as const, generation: 1, parents: [] }
const prompt = {
  kind: 'prompt',
  id: 'p',
  digest: 'x',
  messages: [{ role: 'user', content: 'What is 6 x 7?' }],
  language: 'en',
  facets: {},
  scores: {},
  lineage,
} as Rec<'prompt'>
const drawn = (n: number, content: string) =>
  ({
    ...prompt,
    kind: 'conversation',
    id: `c${n}`,
    messages: [...prompt.messages, { role: 'assistant', content }],
    facets: { draw: n },
  }) as Rec<'conversation'>

describe('expansion', () => {
  const names = (options: object) =>
    answer.expand(answer.options.parse(options), 'answer').map(p => [p.as, p.step.verb])
  test('one sample is one step, several are drawn and compared, a floor is a cut of its own', () => {
    expect(names({ teacher: 't' })).toEqual([['', 'draw']])
    expect(names({ teacher: 't', samples: 5, agreement: 0.6 })).toEqual([
      ['draw', 'draw'],
      ['agree', 'agree'],
      ['floor', 'cut-below'],
    ])
    const floor = answer.expand(answer.options.parse({ teacher: 't', samples: 5, agreement: 0.6 }), 'a2').at(-1)!
    expect(floor.step.options.parse(floor.options)).toMatchObject({ by: 'a2/agreement', below: 0.6 })
  })
  test('several teachers are compared as well, and nothing is compared where another step chooses', () => {
    expect(names({ teachers: ['a', 'b'] }).map(([as]) => as)).toEqual(['draw', 'agree'])
    expect(names({ teacher: 't', samples: 8, agree: 'none' })).toEqual([['', 'draw']])
    const bad = [{}, { teacher: 't', teachers: ['a', 'b'] }, { teachers: ['a', 'a'] }]
    const more = [
      { teachers: ['a', 'b'], agree: 'judge' },
      { teacher: 't', samples: 2, agree: 'none', agreement: 0.5 },
    ]
    for (const options of [...bad, ...more]) expect(answer.options.safeParse(options).success).toBe(false)
  })
  test('a floor without samples is a mistake', () => {
    expect(answer.options.safeParse({ teacher: 't', agreement: 0.6 }).error?.issues[0]?.path).toEqual(['samples'])
  })
})

describe('draws', () => {
  const run = async (replies: Partial<Answer>[]) => {
    const asked: Ask[] = []
    const ctx = {
      options: draw.options.parse({ teacher: 't', samples: replies.length }),
      language: 'en',
      ancestor: () => ({ kind: 'document', text: 'Six times seven is forty-two.' }),
      call: async (_: string, ask: Ask, n: number) => {
        asked.push(ask)
        return { call: `call${n}`, content: '', finish: 'stop', usage: {}, warnings: [], ...replies[n] }
      },
    } as never
    return { outcome: await draw.run(prompt, ctx), asked }
  }

  test('one conversation a draw, reasoning apart, what is unusable lost by name; the reference is not in the row', async () => {
    const { outcome, asked } = await run([
      { content: '42', reasoning: '6 x 7' },
      { content: '<think>six sevens</think>\nIt is 42.' },
      { content: ' ' },
      { bad: { reason: 'refused', detail: 'no' } },
    ])
    if (outcome.is !== 'made') throw new Error(outcome.is)
    expect(outcome.made.map(d => [d.index, (d.payload as Rec<'conversation'>).messages])).toEqual([
      [0, [prompt.messages[0], { role: 'assistant', content: '42', reasoning: '6 x 7' }]],
      [1, [prompt.messages[0], { role: 'assistant', content: 'It is 42.', reasoning: 'six sevens' }]],
    ])
    expect(outcome.lost?.map(l => [l.index, l.reason])).toEqual([
      [2, 'empty-answer'],
      [3, 'refused'],
    ])
    const { messages, prefix } = asked[0]!
    expect(messages.map(m => m.role)).toEqual(['system', 'user'])
    expect(prefix?.messages).toBe(1)
    expect(messages[1]!.content!.slice(0, prefix!.characters)).toBe(
      '<reference>\nSix times seven is forty-two.\n</reference>',
    )
  })

  test('each of several teachers draws its own, named by its calls; calls of tools are kept', async () => {
    const asked: [string, number][] = []
    const tool_calls = [{ type: 'function' as const, function: { name: 'look', arguments: { at: 1 } } }]
    const ctx = {
      options: draw.options.parse({ teachers: ['a', 'b'], samples: 2 }),
      language: 'en',
      ancestor: () => undefined,
      call: async (name: string, _: Ask, n: number) => {
        asked.push([name, n])
        const said = name === 'a' ? { content: `${name}${n}` } : { content: '', tool_calls }
        return { call: `${name}-${n}`, finish: 'stop', usage: {}, warnings: [], ...said }
      },
    } as never
    const outcome = await draw.run(prompt, ctx)
    if (outcome.is !== 'made') throw new Error(outcome.is)
    expect(asked).toEqual([
      ['a', 0],
      ['a', 1],
      ['b', 0],
      ['b', 1],
    ])
    expect(outcome.made.map(({ index, calls, notes }) => [index, calls, notes?.facets?.draw])).toEqual([
      [0, ['a-0'], 0],
      [1, ['a-1'], 1],
      [2, ['b-0'], 2],
      [3, ['b-1'], 3],
    ])
    const last = (outcome.made[2]!.payload as Rec<'conversation'>).messages.at(-1)
    expect(last).toEqual({ role: 'assistant', content: null, tool_calls })
  })

  test('no usable draw makes nothing: each is lost by name, and the engine drops the prompt as empty', async () => {
    const { outcome } = await run([{ bad: { reason: 'truncated', detail: 'cap' } }, { content: '' }])
    expect(outcome).toMatchObject({ is: 'made', made: [], lost: [{ reason: 'truncated' }, { reason: 'empty-answer' }] })
  })

  test('thinking is taken off the front alone, whichever of the two marks a model knows', () => {
    expect(withoutThinking({ content: '<thinking>6 x 7</thinking> 42 ' })).toEqual({
      content: '42',
      reasoning: '6 x 7',
    })
    expect(withoutThinking({ content: 'Write <think>x</think> like this.' })).toEqual({
      content: 'Write <think>x</think> like this.',
    })
  })
})

describe('agreement', () => {
  const run = (texts: string[], options: object = {}, reply: Partial<Answer> = {}) =>
    agree.run(texts.map((text, n) => drawn(n, text)).reverse(), {
      options: agree.options.parse({ group: 'answer.draw', ...options }),
      language: 'en',
      call: async () => ({ call: 'c', content: '', finish: 'stop', usage: {}, warnings: [], ...reply }),
    } as never)

  test('the first of the largest group passes with its share, whatever order the draws arrive in', async () => {
    const { each } = await run(['Answer: 41', 'Answer: 42', 'Answer: 42.0', 'no idea'])
    expect(each.get('c1')).toEqual({
      is: 'passed',
      notes: { scores: { agreement: { method: 'final answer', value: 0.5 } } },
    })
    for (const id of ['c0', 'c2', 'c3']) expect(each.get(id)).toMatchObject({ is: 'dropped', reason: 'not-chosen' })
  })
  test('a tie goes to the lowest draw', async () => {
    const { each } = await run(['Answer: 1', 'Answer: 2', 'Answer: 2', 'Answer: 1'])
    expect(each.get('c0')).toMatchObject({ is: 'passed' })
  })
  test('open answers agree by their words', async () => {
    const { each } = await run([
      'Cats purr loudly at night.',
      'A lock protects shared data.',
      'A lock protects the shared data.',
    ])
    expect(each.get('c1')).toMatchObject({ is: 'passed', notes: { scores: { agreement: { value: 2 / 3 } } } })
  })
  test('a referee names the set; numbers it makes up count for nothing', async () => {
    const { each } = await run(['a', 'b', 'c'], { by: 'judge', referee: 'r' }, { data: { equivalent: [3, 2, 9, 3] } })
    expect(each.get('c1')).toMatchObject({ is: 'passed', notes: { scores: { agreement: { value: 2 / 3 } } } })
    const none = await run(['a', 'b'], { by: 'judge', referee: 'r' }, { data: { equivalent: [] } })
    expect([...none.each.values()].map(v => 'reason' in v && v.reason)).toEqual(['no-agreement', 'no-agreement'])
  })
  test('a referee that cannot be understood says nothing of the answers, and one answer needs none', async () => {
    const bad = { bad: { reason: 'unparseable' as const, detail: '' } }
    const { each } = await run(['a', 'b'], { by: 'judge', referee: 'r' }, bad)
    expect(each.get('c0')).toMatchObject({ notes: { scores: { agreement: { unscored: 'unparseable', call: 'c' } } } })
    expect(each.get('c1')).toMatchObject({ is: 'dropped', reason: 'not-chosen' })
    const alone = await run(['a'], { by: 'judge', referee: 'r' }, bad)
    expect(alone.each.get('c0')).toMatchObject({ notes: { scores: { agreement: { value: 1 } } } })
  })
  test('the share is one of the answers asked for: those that were lost agree with nobody', async () => {
    const steps = answer.expand(answer.options.parse({ teachers: ['a', 'b'], samples: 2 }), 'answer')
    expect(steps[1]!.options).toMatchObject({ of: 4 })
    const { each } = await run(['Answer: 42'], { of: 4 })
    expect(each.get('c0')).toMatchObject({ notes: { scores: { agreement: { value: 1 / 4 } } } })
  })
  test('pieces', () => {
    expect(majority(['a', undefined, 'b', 'b', undefined])).toEqual([2, 3])
    expect(majority([undefined, undefined])).toEqual([0])
    expect(overlap('日本の首都は東京です', '首都は東京です')).toBeGreaterThan(0.6)
    expect(overlap('x', 'x')).toBe(1)
    expect(cluster(['a b', 'c d'], 0.6)).toEqual([0])
  })
})
