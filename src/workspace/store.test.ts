import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeWorkspace, openStore } from './index.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stillroom-store-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('a task that is begun anew removes what dead processes left in its folder, and nothing of the living', async () => {
  const paths = makeWorkspace(dir)
  const store = openStore(paths, () => {})
  const task = 'a'.repeat(64)
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  mkdirSync(paths.task(task), { recursive: true })
  for (const name of [`part.jsonl.zst.tmp-${pid}`, `done.json.tmp-${pid}`, `part.jsonl.zst.tmp-${process.ppid}`])
    writeFileSync(join(paths.task(task), name), 'half')
  const writer = store.open(task)
  writer.output('{}')
  await writer.commit({ stage: task, funnel: {} })
  expect(readdirSync(paths.task(task)).sort()).toEqual([
    'done.json',
    'part.jsonl.zst',
    `part.jsonl.zst.tmp-${process.ppid}`,
  ])
})

test('a task is whole while its done record and the files it wrote are there', async () => {
  const paths = makeWorkspace(dir)
  const store = openStore(paths, () => {})
  const [full, empty] = ['b'.repeat(64), 'c'.repeat(64)]
  const writer = store.open(full)
  writer.output('{}')
  await writer.commit({ stage: full, funnel: {} })
  await store.open(empty).commit({ stage: empty, funnel: {} })
  expect([store.whole(full, true), store.whole(empty, false), store.whole(empty, true)]).toEqual([true, true, false])
  rmSync(join(paths.task(full), 'part.jsonl.zst'))
  expect([store.whole(full, true), store.whole(full, false)]).toEqual([false, true])
  store.forget(full)
  expect(store.whole(full, false)).toBe(false)
})
