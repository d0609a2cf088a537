import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'

const data = join(import.meta.dirname, '..', '..', '..', 'recipes', 'data')
const [training, unseen] = ['adult.csv', 'adult-holdout.csv'].map(name =>
  readFileSync(join(data, name), 'utf8').trim().split('\n'),
)
const csv = (...rows: string[][]) => `${[training![0]!, ...rows.flat()].join('\n')}\n`

test('a table that copies is told and ends with 3, one that does not with 0, and without a holdout it is not told', async () => {
  const dir = folder({
    'real.csv': csv(training!.slice(1, 501)),
    'holdout.csv': csv(unseen!.slice(1, 401)),
    'copies.csv': csv(training!.slice(1, 121), unseen!.slice(401, 681)),
    'fresh.csv': csv(unseen!.slice(401, 801)),
  })
  const found = await commandLine(dir, 'privacy real.csv copies.csv --holdout holdout.csv --json')
  expect([found.code, found.err]).toEqual([3, ''])
  const report = JSON.parse(found.out)
  expect(report.verdict.is).toBe('copying signal found')
  expect(report.figures[0]).toMatchObject({ measure: 'share (gower)', n: 400, seed: '1', version: 1, grade: 'fail' })
  expect(report.figures[0].interval.low).toBeGreaterThan(0.5)

  const none = await commandLine(dir, 'privacy real.csv fresh.csv --holdout holdout.csv --types education_num=category')
  expect([none.code, none.err]).toEqual([0, ''])
  expect(none.out).toContain('No copying signal found.')
  expect(none.out).not.toMatch(/anonym/i)

  const alone = await commandLine(dir, 'privacy real.csv fresh.csv')
  expect(alone.code).toBe(0)
  expect(alone.out).toContain('nothing can be said of copying')
  expect((await commandLine(dir, 'privacy real.csv fresh.csv --types age=years')).err).toContain(
    'number, date, category',
  )
})

test('texts are compared as texts', async () => {
  const line = (i: number, of: string) =>
    JSON.stringify({
      text: `${of} ${i} said that ${Array.from({ length: 30 }, (_, n) => `${of}${(i * 31 + n * n) % 97}`).join(' ')}`,
    })
  const texts = (of: string) => Array.from({ length: 60 }, (_, i) => line(i, of)).join('\n')
  const dir = folder({ 'real.jsonl': texts('a'), 'made.jsonl': texts('b'), 'holdout.jsonl': texts('c') })
  writeFileSync(join(dir, 'copies.jsonl'), readFileSync(join(dir, 'real.jsonl')))
  expect((await commandLine(dir, 'privacy real.jsonl made.jsonl --holdout holdout.jsonl')).code).toBe(0)
  const copies = await commandLine(dir, 'privacy real.jsonl copies.jsonl --holdout holdout.jsonl')
  expect(copies.code).toBe(3)
  expect(copies.out).toMatch(/runs +fail +1\.000/)
  writeFileSync(join(dir, 'table.csv'), csv(training!.slice(1, 121)))
  const table = await commandLine(dir, 'privacy table.csv table.csv --canaries real.jsonl')
  expect([table.code, table.err]).toEqual([2, expect.stringContaining('for texts')])
})
