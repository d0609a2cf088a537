import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { canonical } from '../../src/records/index.ts'
import { folder, runIn } from '../support/project.ts'

const questions = readFileSync(new URL('../fixtures/meanings/banking77.20x50.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .filter((_, i) => i % 4 === 0)
  .map(line => line.replace(/,[\w?]+$/, '').replace(/^"(.*)"$/, '$1'))
const lines = (texts: string[]) => texts.map(text => JSON.stringify({ text })).join('\n')

const recipe = {
  name: 'questions',
  sources: {
    asked: { files: 'asked.jsonl', license: 'cc-by-4.0', kind: 'document' },
    real: { files: 'real.jsonl', license: 'cc-by-4.0', kind: 'document' },
  },
  steps: [
    { vectors: { from: 'asked', dimensions: 32 } },
    { topics: { topics: 10, vectors: 'vectors' } },
    { select: { method: 'diverse', size: 120, cap: 0.8, vectors: 'vectors' } },
    { resample: { like: 'real', size: 90 } },
    { balance: { facet: 'topic', most: 3 } },
  ],
}

test('vectors, topics, selection and resampling: the same bytes with threads, the same rows in any order', async () => {
  const outcome = async (texts: string[], threads: number) => {
    const dir = folder({ 'asked.jsonl': lines(texts), 'real.jsonl': lines(questions.slice(0, 30)) })
    const { error, all, funnel, notes } = await runIn(dir, recipe, { threads: { threads, from: 0 } })
    expect(error).toBeUndefined()
    return { rows: all.map(canonical), funnel, notes, topics: new Set(all.map(row => row.facets.topic)) }
  }
  const alone = await outcome(questions, 0)
  expect(alone.rows.length).toBeGreaterThan(15)
  expect(alone.topics.size).toBe(10)
  expect(await outcome(questions, 2)).toEqual(alone)
  const turned = await outcome(questions.toReversed(), 0)
  const texts = (rows: string[]) =>
    rows
      .map(row => JSON.parse(row))
      .map(row => `${row.text} ${row.facets.topic}`)
      .sort()
  expect(texts(turned.rows)).toEqual(texts(alone.rows))
})
