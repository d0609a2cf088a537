import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documents } from '../../test/support/documents.ts'
import { folder, runIn, write } from '../../test/support/project.ts'
import { openStore, workspacePaths } from '../workspace/index.ts'
import { readRun } from './log.ts'
import { lastFinished, verdictChanges } from './verdicts.ts'

const recipe = (keep: string) => ({
  name: 'verdicts',
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [{ extract: { from: 'docs', keep } }],
})

test('verdicts are compared by record, out of the tasks that two runs do not share', async () => {
  const dir = folder({ ...documents(20), 'docs/empty.md': '' })
  const first = await runIn(dir, recipe('50%'))
  const second = await runIn(dir, recipe('75%'))
  const paths = workspacePaths(join(dir, '.stillroom'))
  const [earlier, now] = [first, second].map(({ run }) => readRun(paths, run))
  const session = { store: openStore(paths, () => {}) }
  expect(verdictChanges(session, earlier!, now!)).toEqual([{ step: 'extract.cut', dropped: 0, kept: 5 }])
  expect(verdictChanges(session, now!, earlier!)).toEqual([{ step: 'extract.cut', dropped: 5, kept: 0 }])

  // The source rejected the empty file in both runs, in one task: its rejects are not opened.
  const source = now!.tasks.find(({ stage }) => stage === 'docs')!
  rmSync(join(paths.task(source.task), 'rejects.jsonl.zst'))
  expect(verdictChanges(session, earlier!, now!)).toHaveLength(1)
})

test('a record that moves to another task is no change, and a restricted run is compared with its like', async () => {
  const dir = folder(documents(12))
  const first = await runIn(dir, recipe('50%'))
  write(dir, { 'docs/empty.md': '' })
  const second = await runIn(dir, recipe('50%'))
  const paths = workspacePaths(join(dir, '.stillroom'))
  const session = { store: openStore(paths, () => {}) }
  const [earlier, now] = [first, second].map(({ run }) => readRun(paths, run))
  expect(verdictChanges(session, earlier!, now!)).toEqual([{ step: 'docs', dropped: 1, kept: 0 }])
  expect(lastFinished(paths, { recipe: 'verdicts', restricted: false, before: second.run })?.id).toBe(first.run)
  expect(lastFinished(paths, { recipe: 'verdicts', restricted: true })).toBeUndefined()
  expect(lastFinished(paths, { recipe: 'another' })).toBeUndefined()
})
