import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Json } from '../records/index.ts'
import { completionOf, isCompletion } from './completion.ts'
import { type Item, listFiles, readSource, sourceConfig, sourceKind } from './index.ts'

const answer = (message: object = { role: 'assistant', content: 'Seven.' }) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1738960610,
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 13, completion_tokens: 18, total_tokens: 31 },
  tools: null,
  metadata: { project: 'tutor' },
  system_fingerprint: 'fp_1',
})
const question = { role: 'user', content: 'How many?' }
const line = {
  id: 'chatcmpl-1',
  model: 'gpt-4o-2024-08-06',
  created: 1738960610,
  messages: [question, { role: 'assistant', content: 'Seven.' }],
  finish_reason: 'stop',
  usage: { prompt_tokens: 13, completion_tokens: 18, total_tokens: 31 },
  metadata: { project: 'tutor' },
  system_fingerprint: 'fp_1',
}

test.each<[string, { [name: string]: Json }]>([
  ['a line of our own', line as never],
  ['an export with the messages beside the choices', { ...answer(), messages: [question] } as never],
  ['an export that calls them input', { ...answer(), input: [question] } as never],
  ['messages that end with the answer itself', { ...answer(), messages: line.messages } as never],
  [
    'a log of request and response',
    { request: { model: 'gpt-4o', messages: [question] }, response: answer() } as never,
  ],
  ['a log of input and output', { input: { messages: [question] }, output: answer(), tags: {} } as never],
])('%s is the same completion', (_, row) => {
  expect(isCompletion(row)).toBe(true)
  expect(completionOf(row)).toEqual(line)
})

test('tool calls with objects, reasoning apart, refusals and parts of text', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'find', arguments: '{"q":"x"}' } }
  const stored: Json[] = [
    { id: 'chatcmpl-1-0', role: 'user', content: null, content_parts: [{ type: 'text', text: 'Look.' }], name: null },
  ]
  const read = (message: object) => completionOf(answer(message) as never, stored).messages
  expect(read({ role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: [call] })).toEqual([
    { role: 'user', content: 'Look.' },
    {
      role: 'assistant',
      content: null,
      reasoning: 'hm',
      tool_calls: [{ ...call, function: { name: 'find', arguments: { q: 'x' } } }],
    },
  ])
  expect(read({ role: 'assistant', content: null, refusal: 'I cannot.' }).at(-1)?.content).toBe('I cannot.')
})

test.each([
  [{ messages: line.messages }],
  [{ model: 'x', messages: line.messages }],
  [{ model: 'x', messages: [question], metadata: {} }],
  [{ choices: ['a', 'b'], question: 'Which?', target: 'a' }],
])('%j does not say which model answered', row => {
  expect(isCompletion(row as never)).toBe(false)
})

async function read(rows: unknown[], more: object): Promise<Item[]> {
  const base = mkdtempSync(join(tmpdir(), 'completions-'))
  writeFileSync(join(base, 'rows.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const config = sourceConfig.parse({ files: 'rows.jsonl', license: 'proprietary', ...more })
  const files = await listFiles(config, base)
  const kind = await sourceKind(config, files)
  const items: Item[] = []
  for await (const item of readSource('completions', config, files[0]!, { kind })) items.push(item)
  return items
}

test('a source reads an export and our own lines alike: synthetic, with the model that wrote each', async () => {
  const other = { ...answer(), model: 'gpt-5', id: 'chatcmpl-2', input: [question] }
  const items = await read([line, other], { teacher: 'openai', id: 'id' })
  const made = { is: 'record', payload: { kind: 'conversation', messages: line.messages }, origin: 'synthetic' }
  expect(items).toEqual([
    { ...made, rowId: 'chatcmpl-1', row: 1, teacher: 'openai/gpt-4o-2024-08-06' },
    { ...made, rowId: 'chatcmpl-2', row: 2, teacher: 'openai/gpt-5' },
  ])
})

test('answers of a model are not read until their terms can be asked for; questions are as real as the source says', async () => {
  await expect(read([line], {})).rejects.toMatchObject({
    code: 'SR_SOURCE_EMPTY',
    hint: expect.stringContaining('teacher: <provider>/<model>'),
  })
  const [first, ...rest] = await read([line, { ...line, messages: [...line.messages, ...line.messages] }], {
    kind: 'prompt',
  })
  expect(first).toEqual({ is: 'record', payload: { kind: 'prompt', messages: [question] }, row: 1 })
  expect(rest).toMatchObject([{ is: 'rejected', reason: 'no-teacher', evidence: { model: 'gpt-4o-2024-08-06' } }])
})

test('rows of any other set can be a model’s too; a completion without its question is rejected', async () => {
  const plain = await read([{ messages: line.messages }], { teacher: 'self/qwen3' })
  expect(plain).toMatchObject([{ is: 'record', teacher: 'self/qwen3', origin: 'synthetic' }])
  const items = await read([line, answer()], { teacher: 'openai/gpt-4o' })
  expect(items[1]).toMatchObject({ is: 'rejected', reason: 'missing-column', row: 2 })
})
