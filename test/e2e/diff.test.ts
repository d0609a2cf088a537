import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type ReleasedRow, readRows } from '../../src/release/index.ts'
import { compareReleases, type ReleaseDiff } from '../../src/run/index.ts'
import { commandLine } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { folder, write } from '../support/project.ts'
import { simulator } from '../support/simulators.ts'

type Settings = { drop: string; test: string; version: string; previous?: string }

/** Chunks are asked about, answered, judged and cut; rows of one document stay in one split. */
function recipe(url: string, { drop, test, version, previous }: Settings): string {
  const teacher = (model: string) => ({ model, at: `${url}/v1`, price: 'free' })
  return stringify({
    name: 'parts',
    seed: 3,
    teachers: { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge') },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0', chunk: { tokens: 400 } } },
    steps: [
      { ask: { from: 'docs', teacher: 'writer', questions: 3 } },
      { answer: { teacher: 'solver' } },
      { judge: { teacher: 'judge', drop } },
      { split: { into: { train: `${100 - Number.parseInt(test, 10)}%`, test } } },
    ],
    release: { version, license: 'cc-by-4.0', date: '2026-01-01', ...(previous ? { previous } : {}) },
    gates: { decontaminated: { override: 'a test has no evaluation set' } },
  })
}

async function rowsOf(dir: string): Promise<Map<string, string>> {
  const rows = new Map<string, string>()
  for await (const { config, split, row } of readRows(dir) as AsyncGenerator<ReleasedRow>)
    rows.set(String(row.id), `${config}/${split} ${JSON.stringify(row.messages)}`)
  return rows
}

/** Each row of both releases, read from their data files, is in exactly one part of the comparison. */
async function accounted(diff: ReleaseDiff, a: string, b: string): Promise<void> {
  const [was, is] = [await rowsOf(a), await rowsOf(b)]
  const { rows, changed, onlyA, onlyB, places, moved } = diff.rows
  const text = (row: string | undefined): string => row!.slice(row!.indexOf(' '))
  const pairs = new Map(changed.map(one => [one.a, one.b]))
  const gone = new Set(onlyA.map(({ id }) => id))
  let same = 0
  for (const [id, row] of was) {
    if (gone.has(id)) continue
    const twin = pairs.get(id)
    if (twin === undefined) same++
    expect(text(is.get(twin ?? id)) === text(row)).toBe(twin === undefined)
  }
  expect(same).toBe(rows.same)
  expect(rows).toMatchObject({
    a: was.size,
    b: is.size,
    changed: changed.length,
    onlyA: gone.size,
    onlyB: onlyB.length,
  })
  expect(rows.same + rows.changed + rows.onlyA).toBe(was.size)
  expect(rows.same + rows.changed + rows.onlyB).toBe(is.size)
  expect(rows.same + rows.changed + rows.onlyA + rows.onlyB).toBe(rows.union)
  for (const { id } of onlyA) expect(is.has(id)).toBe(false)
  for (const { id } of onlyB) expect([is.has(id), was.has(id)]).toEqual([true, false])
  const count = (all: Map<string, string>, place: string): number =>
    [...all.values()].filter(row => row.startsWith(`${place} `)).length
  for (const { place, a, b } of places) expect([a, b]).toEqual([count(was, place), count(is, place)])
  const crossed = [...was].filter(([id, row]) => {
    const other = is.get(pairs.get(id) ?? id)
    return other !== undefined && !gone.has(id) && other.split(' ')[0] !== row.split(' ')[0]
  })
  expect(moved.flatMap(({ ids }) => ids).sort()).toEqual(crossed.map(([id]) => id).sort())
}

test('a comparison of two releases accounts for every row, with the drop behind it where the runs are at hand', async () => {
  const { url } = await simulator()
  const dir = folder({ ...documents(12), 'recipe.yaml': recipe(url, { drop: '20%', test: '20%', version: '0.1.0' }) })
  expect(await commandLine(dir, 'run')).toMatchObject({ code: 0 })
  // A document goes, another is edited, the threshold and the split are others.
  rmSync(join(dir, 'docs/part-03.md'))
  const edited = join(dir, 'docs/part-05.md')
  writeFileSync(edited, readFileSync(edited, 'utf8').replaceAll('lime', 'chalk'))
  const settings = { drop: '40%', test: '50%', version: '0.2.0', previous: '0.1.0' }
  write(dir, { 'recipe.yaml': recipe(url, settings) })
  const later = { now: () => new Date('2026-11-21T10:15:00Z') }
  expect(await commandLine(dir, 'run', later)).toMatchObject({ code: 0 })

  const [a, b] = ['0.1.0', '0.2.0'].map(version => join(dir, 'releases', `parts-${version}`)) as [string, string]
  const told = JSON.parse((await commandLine(dir, 'diff releases/parts-0.2.0 --json')).out) as ReleaseDiff
  await accounted(told, a, b)
  expect(told.evidence).toEqual([true, true])
  const reasons = new Set([...told.rows.onlyA, ...told.rows.onlyB].map(({ why }) => why.is))
  expect(reasons).toContain('dropped')
  expect(reasons).toContain('not-read')
  expect(reasons).not.toContain('unknown')
  // What was made of the edited chunk has other ids, and stands in the place of what was made of it before.
  expect(told.rows.changed.map(({ a, b, why }) => [a === b, why.is])).toContainEqual([false, 'source'])
  expect(told.rows.moved.length).toBeGreaterThan(0)
  const changes = told.recipe.changes.map(({ path }) => path)
  expect(changes).toEqual(expect.arrayContaining(['judge.cut.drop', 'sources.docs.files read']))

  // The folders alone tell the same rows, and of the drops only that they are.
  const apart = folder()
  for (const one of [a, b]) cpSync(one, join(apart, one.slice(-5)), { recursive: true })
  const alone = await compareReleases([join(apart, '0.1.0'), join(apart, '0.2.0')])
  await accounted(alone, a, b)
  expect(alone.rows.rows).toEqual(told.rows.rows)
  expect(alone.evidence).toEqual([false, false])
  const itself = await compareReleases([a, a])
  expect(itself.rows.rows).toMatchObject({ changed: 0, onlyA: 0, onlyB: 0, same: itself.rows.rows.union })
  expect([itself.recipe.changes, itself.gates, itself.card, itself.rows.noted.rows]).toEqual([[], [], [], 0])

  // Two runs are the same comparison without configs; a recipe alone is held against its last run.
  const runs = JSON.parse((await commandLine(dir, 'diff --json')).out)
  expect(runs.rows.rows).toEqual(told.rows.rows)
  const ids = (list: { id: string; why: object }[]) => list.map(({ id, why }) => [id, why])
  expect(ids(runs.rows.onlyA)).toEqual(ids(told.rows.onlyA))
  write(dir, { 'recipe.yaml': recipe(url, { ...settings, drop: '60%', version: '0.3.0' }) })
  const recipes = JSON.parse((await commandLine(dir, 'diff recipe.yaml --json')).out)
  expect(recipes.changes).toEqual([
    { path: 'judge.drop', was: 0.4, is: 0.6 },
    { path: 'release.version', was: '0.2.0', is: '0.3.0', idle: true },
  ])
  expect(recipes.reruns[0]).toEqual({ stage: 'judge.cut', is: 'changed' })
  expect(recipes.same).toContain('judge.score')

  const page = await commandLine(dir, 'diff 0.1.0 0.2.0 -n 1')
  expect(page.out).toMatch(/\d+ \+ \d+ \+ \d+ \+ \d+ = \d+ rows in all\./)
  expect(page.out).toMatch(/only in 0\.1\.0; in 0\.2\.0: dropped at judge\.cut: bottom-share/)
  expect(Math.max(...page.out.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
  expect(await commandLine(dir, 'diff recipe.yaml releases/parts-0.1.0')).toMatchObject({
    code: 2,
    err: expect.stringContaining('A recipe and a release cannot be compared'),
  })
  expect(await commandLine(dir, 'diff 0.7.0')).toMatchObject({ code: 1, err: expect.stringContaining('SR_NOT_FOUND') })
  expect(await commandLine(dir, 'diff releases/parts-0.1.0')).toMatchObject({
    code: 1,
    err: expect.stringContaining('names no release before it'),
  })
})
