import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { folder } from '../../../test/support/project.ts'
import type { Rec, ToolCall } from '../../records/index.ts'
import { random } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { toolAnswer } from './answer.ts'
import { readTools } from './declared.ts'
import { apportioned, callProblem, execute, resultOf, toolFormat, toolStyles, tools } from './index.ts'
import { toolJudge } from './judge.ts'
import { toolGrid, toolWrite } from './write.ts'

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a town.',
    parameters: {
      type: 'object',
      properties: { town: { type: 'string' }, days: { type: 'integer', minimum: 1 } },
      required: ['town'],
    },
  },
  returns: [
    { arguments: { town: 'Oslo', days: 3 }, result: { said: 'Snow in {{town}} for {{days}} days.' } },
    { arguments: { town: 'Oslo' }, result: 'Snow in {{town}}.' },
    { arguments: { town: 'Bergen' }, error: 'the station is down' },
  ],
  examples: [{ query: 'snow in oslo?', arguments: { town: 'Oslo' } }],
}
const clock = {
  function: { name: 'clock', description: 'Time of day.', parameters: { type: 'object', properties: {} } },
  returns: [{ arguments: {}, result: '12:00' }],
}
const declared = readTools(JSON.stringify([weather, clock]))
const offered = declared.map(({ type, function: tool }) => ({ type, function: tool }) as never)
const call = (name: string, given: object, id = 'call_1'): ToolCall => ({
  id,
  type: 'function',
  function: { name, arguments: given as never },
})
const row = (calls: ToolCall[], facets: object = {}, query = 'snow in oslo?') =>
  ({
    kind: 'conversation',
    id: 'r',
    tools: offered,
    messages: [
      { role: 'user', content: query },
      ...(calls.length > 0 ? [{ role: 'assistant', content: null, tool_calls: calls }] : []),
    ],
    facets: { style: 'multiple', calls: calls.length, ...facets },
    scores: {},
  }) as unknown as Rec<'conversation'>

describe('declared tools', () => {
  test.each([
    ['not json', '{', /JSON/],
    ['no list', '{}', /expected array/i],
    ['a name twice', JSON.stringify([clock, clock]), /clock stands twice/],
    [
      'a wrong example',
      JSON.stringify([{ ...clock, examples: [{ query: 'x', arguments: { zone: 1 } }] }]),
      /no argument zone/,
    ],
    [
      'a result for no argument',
      JSON.stringify([{ ...clock, returns: [{ arguments: { zone: 1 }, result: 1 }] }]),
      /zone/,
    ],
    [
      'a result and an error',
      JSON.stringify([{ ...clock, returns: [{ arguments: {}, result: 1, error: 'x' }] }]),
      /either/,
    ],
  ])('a file with %s is refused', (_, text, received) => {
    expect(() => readTools(text)).toThrow(expect.objectContaining({ received: expect.stringMatching(received) }))
  })

  test.each([
    [{ name: 'get_weather', arguments: { town: 'Oslo', days: 2 } }, undefined],
    [{ name: 'get_weather', arguments: { town: 'Oslo', days: 0 } }, 'invalid-arguments'],
    [{ name: 'get_weather', arguments: { town: 7 } }, 'invalid-arguments'],
    [{ name: 'get_weather', arguments: { days: 2 } }, 'invalid-arguments'],
    [{ name: 'get_weather', arguments: { town: 'Oslo', unit: 'C' } }, 'invalid-arguments'],
    [{ name: 'weather', arguments: { town: 'Oslo' } }, 'unknown-tool'],
  ])('%j: %s', (given, reason) => {
    expect(callProblem(given as never, offered)?.reason).toBe(reason)
  })

  test('the first entry whose arguments the call has decides; what no entry fits is an error', () => {
    const of = (given: object) => resultOf(call('get_weather', given), declared)
    expect(of({ town: ' ＯＳＬＯ', days: 3 })).toEqual({ result: { said: 'Snow in  ＯＳＬＯ for 3 days.' } })
    expect(of({ town: 'Oslo', days: 2 })).toEqual({ result: 'Snow in Oslo.' })
    expect(of({ town: 'Bergen' })).toEqual({ error: 'the station is down' })
    expect(of({ town: 'Rome' })).toEqual({ error: 'get_weather has no result for {"town":"Rome"}' })
    expect(resultOf(call('clock', {}), declared)).toEqual({ result: '12:00' })
  })
})

describe('the format gate', () => {
  const oslo = call('get_weather', { town: 'Oslo' })
  const rome = call('get_weather', { town: 'Rome' }, 'call_2')
  test.each<[string | undefined, ToolCall[], object, string?]>([
    [undefined, [oslo], {}],
    [undefined, [], { style: 'irrelevance', calls: 0 }],
    [undefined, [oslo, rome], { style: 'parallel' }],
    [undefined, [oslo, call('clock', {})], { style: 'parallel-multiple' }],
    ['wrong-calls', [oslo, rome], { style: 'parallel-multiple' }],
    ['wrong-calls', [oslo], { style: 'irrelevance', calls: 0 }],
    ['wrong-calls', [], { calls: 1 }],
    ['repeated-call', [oslo, oslo], { style: 'parallel' }],
    ['unknown-tool', [call('sun', {})], {}],
    ['invalid-arguments', [call('clock', { zone: 'CET' })], {}],
    ['names-a-tool', [oslo], {}, 'Call get_weather for Oslo'],
    [undefined, [oslo], {}, 'What does the clock say in Oslo, and how is the weather?'],
  ])('%s', (reason, calls, facets, query) => {
    expect(toolFormat.test(row(calls, facets, query), {})).toMatchObject(
      reason ? { is: 'dropped', reason } : { is: 'passed' },
    )
  })
})

test('results become turns in the order of the calls; one that fails drops the row with what it said', async () => {
  const file = `${folder({ 'tools.json': JSON.stringify([weather, clock]) })}/tools.json`
  const run = (calls: ToolCall[]) => execute.run(row(calls), { options: { tools: file } } as never)
  const two = [call('get_weather', { town: 'Oslo' }), call('clock', {}, 'call_2')]
  expect(await run(two)).toMatchObject({
    is: 'fixed',
    payload: {
      tools: offered,
      messages: [
        { role: 'user' },
        { tool_calls: two },
        { role: 'tool', name: 'get_weather', content: 'Snow in Oslo.', tool_call_id: 'call_1' },
        { role: 'tool', name: 'clock', content: '12:00', tool_call_id: 'call_2' },
      ],
    },
  })
  expect(await run([call('get_weather', { town: 'Bergen' })])).toEqual({
    is: 'dropped',
    reason: 'execution-failed',
    evidence: 'the station is down',
  })
  expect(await run([])).toEqual({ is: 'passed' })
})

describe('requests', () => {
  test('stand in the declared ratio, and more of them move none', () => {
    const rows = (count: number) => [...toolGrid.rows(toolGrid.options.parse({ count }))]
    const styles = rows(20).map(draft => (draft.payload as Rec<'row'>).columns.style)
    expect(toolStyles.map(style => styles.filter(one => one === style).length)).toEqual([6, 6, 4, 2, 2])
    expect(rows(40).map(draft => draft.key)).toEqual(expect.arrayContaining(rows(20).map(draft => draft.key)))
    fc.assert(
      fc.property(fc.nat(500), fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1 }), (count, weights) => {
        fc.pre(weights.some(n => n > 0))
        const whole = apportioned(count, weights)
        expect(whole.reduce((sum, n) => sum + n, 0)).toBe(count)
        const all = weights.reduce((sum, n) => sum + n, 0)
        for (const [i, n] of whole.entries()) expect(Math.abs(n - (count * weights[i]!) / all)).toBeLessThan(1)
      }),
    )
  })

  test('offer as many tools as their kind says, and show results only where they bind', async () => {
    const file = `${folder({ 'tools.json': JSON.stringify([weather, clock]) })}/tools.json`
    for (const [style, most] of [
      ['single', 1],
      ['parallel', 1],
      ['multiple', 2],
      ['irrelevance', 2],
    ] as const) {
      let asked: Ask | undefined
      const outcome = await toolWrite.run(
        { kind: 'row', id: style, columns: { style, n: 1, count: 1 }, facets: {} } as never,
        {
          options: toolWrite.options.parse({ teacher: 't', tools: file }),
          language: 'ja',
          random: random(style),
          call: async (_: string, ask: Ask) => {
            asked = ask
            const data = { query: ' q ', calls: style === 'irrelevance' ? [] : [{ name: 'clock', arguments: {} }] }
            return { call: 'c', content: '', finish: 'stop', usage: {}, warnings: [], data } as Answer
          },
        } as never,
      )
      if (outcome.is !== 'made') throw new Error(outcome.is)
      const { messages, tools: shown } = outcome.made[0]!.payload as Rec<'conversation'>
      expect(shown).toHaveLength(most)
      expect(JSON.stringify(shown)).not.toMatch(/returns|examples/)
      expect(messages.map(message => message.role)).toEqual(style === 'irrelevance' ? ['user'] : ['user', 'assistant'])
      const text = asked!.messages.at(-1)!.content!
      expect(text).toContain('利用者は道具のことを知りません')
      const weatherShown = JSON.stringify(shown).includes('get_weather')
      expect(text.includes('<known>\nget_weather {')).toBe(weatherShown && style !== 'irrelevance')
    }
  })
})

test('an unusable judge is no mark, and the cut is a step of its own', async () => {
  const judged = await toolJudge.run(row([call('clock', {})]), {
    options: { teacher: 'j' },
    language: 'en',
    call: async () => ({ call: 'c', content: 'x', bad: { reason: 'unparseable', detail: 'no JSON' } }),
  } as never)
  expect(judged).toMatchObject({ is: 'passed', notes: { scores: { overall: { unscored: 'unparseable' } } } })
  const steps = tools.expand(tools.options.parse({ teacher: 't', tools: 'x.json', min: 4 }), 'calls')
  expect(steps.map(({ as }) => as)).toEqual(['grid', 'write', 'format', 'execute', 'judge', 'cut', ''])
  expect(steps[5]!.options).toEqual({ by: 'calls/overall', below: 4 })
  for (const { step, options } of steps) expect(step.options.safeParse(options).success).toBe(true)
})

test('the answer is written out of the results, and says so where there are none', async () => {
  const texts: string[] = []
  const answered = (record: Rec<'conversation'>, content: string) =>
    toolAnswer.run(record, {
      options: { teacher: 't' },
      language: 'en',
      call: async (_: string, ask: Ask) => {
        texts.push(ask.messages.at(-1)!.content!)
        return { call: 'c', content, finish: 'stop', usage: {}, warnings: [] }
      },
    } as never)
  const full = row([call('get_weather', { town: 'Oslo' })])
  full.messages.push({ role: 'tool', name: 'get_weather', content: '{"said": "Snow."}', tool_call_id: 'call_1' })
  const outcome = await answered(full, 'It snows.')
  expect(outcome).toMatchObject({ is: 'fixed', reason: 'answered', payload: { tools: offered } })
  expect((outcome as never as { payload: Rec<'conversation'> }).payload.messages.at(-1)).toEqual({
    role: 'assistant',
    content: 'It snows.',
  })
  expect(await answered(row([]), ' ')).toMatchObject({ is: 'dropped', reason: 'empty-answer' })
  expect(texts[0]).toMatch(/<results>[\s\S]*"said": "Snow\."/)
  expect(texts[1]).toContain('You can do nothing about this request')
})
