import { describe, expect, test } from 'vitest'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { opened, templateLeak } from '../../text/index.ts'
import { magpie, magpieGrid, magpieWrite } from './index.ts'

const row = (columns: object) => ({ kind: 'row', id: 'r', columns, facets: {} }) as unknown as Rec<'row'>

async function drawn(reply: Partial<Answer>, options: object = {}, columns: object = { n: 3 }, language = 'en') {
  let asked: { ask: Ask; draw: number } | undefined
  const outcome = await magpieWrite.run(row(columns), {
    options: magpieWrite.options.parse({ teacher: 't', ...options }),
    language,
    tokens: (text: string) => text.split(' ').length,
    call: async (_: string, ask: Ask, draw: number) => {
      asked = { ask, draw }
      return { call: 'c', content: '', finish: 'stop', usage: {}, warnings: [], ...reply }
    },
  } as never)
  return { outcome, ...asked! }
}

test('the opening of the template is continued, each draw by itself, up to the token that ends a turn', async () => {
  const { outcome, ask, draw } = await drawn({ content: ' How do tides work?\n' })
  expect(ask).toEqual({
    form: 'continue',
    messages: [{ role: 'user', content: '<|im_start|>user\n' }],
    sampling: { stop: ['<|im_end|>'] },
  })
  expect(draw).toBe(3)
  expect(outcome).toMatchObject({
    is: 'made',
    made: [{ payload: { kind: 'prompt', messages: [{ role: 'user', content: 'How do tides work?' }] } }],
  })
  const own = await drawn({ content: 'x' }, { prefix: 'USER: ', stop: ['ASSISTANT:'] })
  expect(own.ask).toMatchObject({ messages: [{ content: 'USER: ' }], sampling: { stop: ['ASSISTANT:'] } })
})

test('a topic becomes the turn of the system, in the language of the prompts, and a facet', async () => {
  const { ask, outcome } = await drawn({ content: 'x' }, { template: 'llama3' }, { n: 1, topic: 'tides' })
  expect(ask.messages[0]!.content).toMatch(
    /^<\|start_header_id\|>system<\|end_header_id\|>\n\n.*tides.*<\|eot_id\|><\|start_header_id\|>user<\|end_header_id\|>\n\n$/s,
  )
  expect(ask.prompts).toHaveLength(1)
  expect(outcome).toMatchObject({ made: [{ notes: { facets: { topic: 'tides' } } }] })
  const ja = await drawn({ content: 'x' }, {}, { n: 1 }, 'ja')
  expect(ja.ask.messages[0]!.content).toMatch(/^<\|im_start\|>system\n.*さまざまな事柄.*<\|im_start\|>user\n$/s)
})

test.each([
  [{ content: ' \n' }, 'empty-prompt'],
  [{ content: 'Hi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello!' }, 'template-token'],
  [{ content: 'Why is it so?\nassistant\nBecause.' }, 'template-token'],
  [{ content: 'word '.repeat(9) }, 'too-long'],
  [{ content: 'Explain to', bad: { reason: 'truncated' as const, detail: '' } }, 'truncated'],
  [{ bad: { reason: 'refused' as const, detail: '' } }, 'refused'],
])('%j is dropped as %s', async (reply, reason) => {
  const { outcome } = await drawn(reply, { longest: 8 })
  expect(outcome).toMatchObject({ is: 'dropped', reason })
  expect(magpieWrite.reasons).toContain(reason)
})

describe('the grid', () => {
  const keys = (options: object) => [...magpieGrid.rows(magpieGrid.options.parse(options))].map(({ key }) => key)
  test('more draws and another topic move no row', () => {
    expect(new Set(keys({ samples: 4, topics: ['a', 'b'] })).size).toBe(8)
    expect(keys({ samples: 5, topics: ['c', 'a', 'b'] })).toEqual(
      expect.arrayContaining(keys({ samples: 4, topics: ['a', 'b'] })),
    )
  })
  test("options go to the step that they belong to, and a prefix of one's own stands alone", () => {
    for (const { step, options } of magpie.expand(magpie.options.parse({ teacher: 't', topics: ['a'] }), 'magpie'))
      expect(step.options.safeParse(options).success).toBe(true)
    expect(magpie.options.safeParse({ teacher: 't', prefix: 'x', topics: ['a'] }).success).toBe(false)
  })
})

test('turns as models write them, without a mark of the beginning', () => {
  const turns = [
    { role: 'system', content: 'S' },
    { role: 'user', content: 'Q' },
    { role: 'assistant', content: 'A' },
  ]
  expect(opened('chatml', turns, 'user')).toBe(
    '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\n',
  )
  expect(opened('gemma', turns.slice(0, 2), 'assistant')).toBe(
    '<start_of_turn>user\nS\n\nQ<end_of_turn>\n<start_of_turn>model\n',
  )
  expect(opened('mistral', turns.slice(0, 1), 'user')).toBe('[INST] S\n\n')
  expect(opened('mistral', turns.slice(1), 'user')).toBe('[INST] Q [/INST] A</s>[INST] ')
  expect(templateLeak('How do I use <b>bold</b> and user names?')).toBeUndefined()
})
