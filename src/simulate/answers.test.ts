import { expect, test } from 'vitest'
import { StillroomError } from '../errors/index.ts'
import { readAnswers } from './answers.ts'
import { startSimulator } from './index.ts'

test('a request that holds the text is answered out of the table, by draw; any other as ever', async () => {
  const answers = readAnswers(
    '{"match": ["capital", "France"], "reply": "Paris."}\n\n{"match": "France", "reply": {"city": "Paris"}}\n',
    'answers.jsonl',
  )
  const server = await startSimulator({ answers })
  async function ask(content: string, seed: number): Promise<string> {
    const body = JSON.stringify({ model: 'm', seed, messages: [{ role: 'user', content }] })
    const reply = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body })
    return ((await reply.json()) as { choices: { message: { content: string } }[] }).choices[0]!.message.content
  }
  const asked = (content: string) => Promise.all(Array.from({ length: 12 }, (_, seed) => ask(content, seed)))
  const both = await asked('Name the capital of France.')
  expect(new Set(both)).toEqual(new Set(['Paris.', '{"city":"Paris"}']))
  expect(await asked('Name the capital of France.')).toEqual(both)
  expect(new Set(await asked('Praise France.'))).toEqual(new Set(['{"city":"Paris"}']))
  for (const other of await asked('Name the capital of Japan.')) expect(both).not.toContain(other)
  await server.stop()
})

test('a line that is no answer is named', () => {
  const wrong = (text: string): unknown => {
    try {
      readAnswers(text, 'a.jsonl')
    } catch (error) {
      return StillroomError.is(error) && error.position
    }
    return undefined
  }
  expect(wrong('{"match": "a", "reply": 1}\n{"match": [], "reply": "b"}')).toEqual({ file: 'a.jsonl', line: 2 })
  expect(wrong('{"match": "a"}')).toEqual({ file: 'a.jsonl', line: 1 })
  expect(wrong('no JSON')).toEqual({ file: 'a.jsonl', line: 1 })
})
