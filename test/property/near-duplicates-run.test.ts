import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { canonical, type Rec, random } from '../../src/records/index.ts'
import { folder, runIn, write } from '../support/project.ts'

/** Rows in four families of near copies, exact copies and rows of their own, every third with a notice. */
function rows(): { id: string; text: string }[] {
  const draw = random(5, 'rows')
  const word = () => `w${Math.floor(draw() * 1e6).toString(36)}`
  const families = Array.from({ length: 4 }, () => Array.from({ length: 60 }, word))
  return Array.from({ length: 120 }, (_, i) => {
    const family = families[i % 8]
    const words = family ? family.map(one => (draw() < 0.015 ? word() : one)) : Array.from({ length: 40 }, word)
    const own = i % 8 === 7 ? 'The very same words, again and again, of which there are ten.' : words.join(' ')
    return {
      id: `row ${i}`,
      text: i % 3 === 0 ? `${own}\n\nAll rights reserved by the makers of this.` : own,
    }
  })
}

const jsonl = (some: object[]) => some.map(row => JSON.stringify(row)).join('\n')
const recipe = {
  name: 'copies',
  seed: 1,
  sources: {
    earlier: { files: 'earlier.jsonl', license: 'MIT', id: 'id' },
    fresh: { files: 'fresh/*.jsonl', license: 'CC-BY-4.0', id: 'id' },
  },
  steps: [{ dedupe: { from: 'fresh', against: ['earlier'], near: 0.7, lines: true } }],
}

test('the same rows whatever the threads, and however files hold them', async () => {
  const all = rows()
  const [earlier, fresh] = [all.slice(0, 20), all.slice(20)]
  const backwards = [...fresh].reverse()
  const outcomes = []
  for (const [threads, parts] of [
    [0, [fresh]],
    [2, [backwards]],
    [0, [backwards.slice(0, 9), backwards.slice(9, 60), backwards.slice(60)]],
  ] as const) {
    const files = Object.fromEntries(parts.map((part, i) => [`fresh/${9 - i}.jsonl`, jsonl(part)]))
    const dir = folder({ 'earlier.jsonl': jsonl(earlier), ...files })
    const { error, all: left, funnel } = await runIn(dir, recipe, { threads: { threads, from: 0 } })
    expect(error).toBeUndefined()
    // The file and the line a row stands in are its own.
    const bare = ({ lineage: { source: _, ...lineage }, ...row }: Rec) => canonical({ ...row, lineage } as never)
    outcomes.push({ rows: left.map(bare).sort(), funnel })
  }
  expect(outcomes[1]).toEqual(outcomes[0])
  expect(outcomes[2]).toEqual(outcomes[0])
  const { rows: left, funnel } = outcomes[0]!
  expect(funnel['dedupe.exact']!.dropped['exact-duplicate']).toBeGreaterThan(5)
  expect(funnel['dedupe.near']!.dropped['near-duplicate']).toBeGreaterThan(15)
  expect(funnel['dedupe.lines']).toMatchObject({ in: left.length, repairs: { 'repeated-lines': expect.any(Number) } })
  expect(left.filter(row => row.includes('All rights'))).toHaveLength(0)
})

test('next month: rows looked at before are looked at no more, and decided as if they were new', async () => {
  const [earlier, first, second] = [rows().slice(0, 60), rows().slice(60, 90), rows().slice(90)]
  const [dir, other] = [1, 2].map(() => folder({ 'earlier.jsonl': jsonl(earlier), 'fresh/a.jsonl': jsonl(first) }))
  const surveys = () => readdirSync(dir!, { recursive: true }).filter(file => String(file).endsWith('survey.v8'))
  expect((await runIn(dir!, recipe)).error).toBeUndefined()
  const known = new Set(surveys())
  for (const folder of [dir!, other!]) write(folder, { 'fresh/a.jsonl': jsonl(second) })
  const next = await runIn(dir!, recipe)
  const alone = await runIn(other!, recipe)
  expect(next.error ?? alone.error).toBeUndefined()
  expect(next.all).toEqual(alone.all)
  // One shard of new rows: three looks at it, and second looks at pairs that they may form with earlier ones.
  expect(surveys().filter(file => !known.has(file)).length).toBeLessThanOrEqual(5)
})
