import { expect, test } from 'vitest'
import { funnelErrors } from '../../src/run/index.ts'
import { folder, runIn, write } from '../support/project.ts'
import { simulator } from '../support/simulators.ts'

const exercise = (name: string, sign: string, solution = sign) => ({
  statement: `Write a function \`${name}(a, b)\` that returns a ${sign} b.`,
  entry_point: name,
  solution: `function ${name}(a, b) { return a ${solution} b }`,
  tests: `assert.equal(${name}(6, 3), ${{ '+': 9, '-': 3, '*': 18 }[sign]})\nassert.equal(${name}(4, 4), ${{ '+': 8, '-': 0, '*': 16 }[sign]})`,
  explanation: 'One operator does it.',
  difficulty: 'easy',
})
const knows = (topic: string, ...exercises: object[]) => ({
  match: `topic: ${topic}`,
  replies: [{ content: JSON.stringify({ exercises }) }],
})
const recipe = (url: string, options: object = {}) => ({
  name: 'exercises',
  teachers: { writer: { model: 'writer', at: `${url}/v1`, price: 'free' } },
  sources: { topics: { files: 'topics.jsonl', license: 'cc0-1.0', kind: 'row' } },
  steps: [{ exercises: { teacher: 'writer', code: 'javascript', ...options } }],
})

test('exercises are written, run and kept with what verifies them', async () => {
  const server = await simulator({
    answers: [
      knows('sums', exercise('add', '+'), exercise('subtract', '-', '+')),
      knows('products', exercise('multiply', '*')),
    ],
  })
  const topics = ['sums', 'products'].map(topic => JSON.stringify({ topic })).join('\n')
  const dir = folder({ 'topics.jsonl': topics })
  const first = await runIn(dir, recipe(server.url))
  expect(first.error).toBeUndefined()
  expect(funnelErrors(first.funnel)).toEqual([])
  expect(first.funnel['exercises.write']).toMatchObject({ in: 2, made: 2, lost: { 'wrong-solution': 1 } })
  expect(first.all).toHaveLength(2)
  for (const { kind, lineage, facets } of first.all) {
    expect([kind, facets.difficulty]).toEqual(['conversation', 'easy'])
    expect(lineage).toMatchObject({ origin: 'synthetic', generation: 1, made: { step: 'exercises' } })
  }
  const [question, answer] = (first.all[0] as { messages: { content: string }[] }).messages
  expect(question!.content).toMatch(/^Write a function/)
  expect(answer!.content).toMatch(/^One operator does it\.\n\n```javascript\nfunction \w+\(a, b\)/)

  // For reinforcement learning the same exercises, with their tests; the teacher is not asked again.
  const prompts = await runIn(dir, recipe(server.url, { kind: 'prompt' }))
  expect(prompts.all).toHaveLength(2)
  for (const prompt of prompts.all) {
    expect(prompt).toMatchObject({ kind: 'prompt', verifier: { kind: 'code', language: 'javascript' } })
    expect(prompt.lineage.made).toMatchObject({ step: 'exercises', teachers: [expect.stringContaining('writer')] })
    expect(prompt.lineage.made!.prompts).toHaveLength(1)
  }
  expect(server.stats.calls).toBe(2)

  // Another prompt is another question.
  write(dir, {
    'own.md': '## system\nYou write exercises.\n\n## user\n{{material}}\nWrite {{count}} in {{language}}.\n',
  })
  const own = await runIn(dir, recipe(server.url, { prompt: 'own.md' }))
  expect(own.all).toHaveLength(2)
  expect(server.stats.calls).toBe(4)
})
