import { expect, test } from 'vitest'
import { readAnswers, startSimulator } from './index.ts'

test('known prompts have known replies, one a draw, the same for the same draw; all others are answered as ever', async () => {
  const replies = ['Answer: 1', { content: 'Answer: 2', reasoning: 'One and one.' }]
  const answers = readAnswers(`${JSON.stringify({ prompt: 'What is it?', replies })}\n\n`, 'x.jsonl')
  const simulator = await startSimulator({ answers })
  const ask = async (content: string, draw: number) => {
    const response = await fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-stillroom-draw': String(draw) },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }),
    })
    const { choices } = (await response.json()) as {
      choices: { message: { content: string; reasoning_content?: string } }[]
    }
    return choices[0]!.message
  }
  try {
    const draws = await Promise.all(Array.from({ length: 12 }, (_, n) => ask('What is it?', n)))
    expect(new Set(draws.map(({ content }) => content))).toEqual(new Set(['Answer: 1', 'Answer: 2']))
    expect(draws.find(({ content }) => content === 'Answer: 2')?.reasoning_content).toBe('One and one.')
    expect(await ask('What is it?', 3)).toEqual(draws[3])
    const fenced = '<reference>\nA text.\n</reference>\n\nWhat is it?'
    expect((await ask(fenced, 0)).content).toMatch(/^Answer: [12]$/)
    expect((await ask('<question>\nWhat is it?\n</question>', 0)).content).toMatch(/^Answer: [12]$/)
    expect((await ask('What is it? And why?', 0)).content).not.toMatch(/^Answer: [12]$/)
  } finally {
    await simulator.stop()
  }
})

test('a text that a request holds is answered wherever it stands, with data where that is wanted', async () => {
  const lines = [
    { match: ['capital', 'France'], replies: ['Paris.'] },
    { match: 'France', replies: [{ data: { city: 'Paris' } }] },
  ]
  const answers = readAnswers(lines.map(line => JSON.stringify(line)).join('\n'), 'x.jsonl')
  const simulator = await startSimulator({ answers })
  const ask = async (content: string, draw: number): Promise<string> => {
    const response = await fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-stillroom-draw': String(draw) },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }),
    })
    return ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]!.message.content
  }
  const asked = (content: string) => Promise.all(Array.from({ length: 12 }, (_, draw) => ask(content, draw)))
  try {
    const both = await asked('Name the capital of France.')
    expect(new Set(both)).toEqual(new Set(['Paris.', '{"city":"Paris"}']))
    expect(new Set(await asked('Praise France.'))).toEqual(new Set(['{"city":"Paris"}']))
    for (const other of await asked('Name the capital of Japan.')) expect(both).not.toContain(other)
  } finally {
    await simulator.stop()
  }
})

test('a line that holds no answers is named', () => {
  expect(() => readAnswers('{"prompt": "a", "replies": ["b"]}\n{"prompt": "a"}', 'x.jsonl')).toThrow(
    /Line 2 of x\.jsonl/,
  )
  expect(() => readAnswers('{', 'x.jsonl')).toThrow(/not valid JSON/)
  expect(() => readAnswers('{"prompt": "a", "match": "a", "replies": ["b"]}', 'x.jsonl')).toThrow(/either/)
})
