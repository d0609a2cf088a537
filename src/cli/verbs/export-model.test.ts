import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { commandLine as stillroom } from '../../../test/support/command-line.ts'
import { folder, write } from '../../../test/support/project.ts'
import type { Rec } from '../../records/index.ts'

const parts = [
  'Steam rises in the column.',
  'It cools, because water takes its heat.',
  'sale sale',
  'click here',
  'Drops fall.',
]
const documents = Array.from({ length: 140 }, (_, i) => {
  const text = Array.from({ length: 1 + (i % 7) }, (_, n) => parts[(i + n * n) % parts.length]).join(' ')
  return JSON.stringify({ id: `${i}`, text: `${text} ${i}` })
})
const recipe = (step: object, more: object = {}) =>
  stringify({
    name: 'edu',
    sources: { d: { files: 'd.jsonl', license: 'CC0-1.0', kind: 'document', id: 'id' } },
    steps: [{ classifier: step }],
    ...more,
  })
const scoresOf = async (dir: string, score: string) => {
  const { rows } = JSON.parse((await stillroom(dir, 'show rows -n 200 --json')).out) as { rows: Rec[] }
  return rows.map(({ id, scores }) => [id, scores[score]]).sort()
}

test('a learnt classifier is saved with its card, and grades alike in a recipe that asks nobody', async () => {
  const teachers = { teachers: { judge: { model: 'builtin/heuristic' } } }
  const dir = folder({
    'd.jsonl': documents.join('\n'),
    'recipe.yaml': recipe({ teacher: 'judge', labels: 140, as: 'edu' }, teachers),
  })
  expect((await stillroom(dir, 'export model')).err).toMatch(/no workspace/)
  expect((await stillroom(dir, 'run')).code).toBe(0)
  const learnt = await scoresOf(dir, 'edu/score')
  expect((await stillroom(dir, 'export model --step other')).err).toMatch(/learnt no classifier other[\s\S]*edu/)
  const said = await stillroom(dir, 'export model')
  expect(said.out).toMatch(
    /is in models\/edu.json, its card in models\/edu.md[\s\S]*classifier: { model: models\/edu.json, as: edu }/,
  )
  expect(readFileSync(join(dir, 'models/edu.md'), 'utf8')).toMatch(/# Classifier edu[\s\S]*builtin\/heuristic/)

  write(dir, { 'recipe.yaml': recipe({ model: 'models/edu.json', as: 'quality' }) })
  const later = { now: () => new Date('2026-11-20T11:00:00Z') }
  expect((await stillroom(dir, 'run', later)).code).toBe(0)
  expect(await scoresOf(dir, 'quality/score')).toEqual(learnt)
  expect((await stillroom(dir, 'export model')).err).toMatch(/learnt no classifier/)
})
