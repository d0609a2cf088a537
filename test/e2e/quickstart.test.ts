import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRows, verifyRelease } from '../../src/release/index.ts'
import { folder } from '../support/project.ts'

const root = join(import.meta.dirname, '..', '..')

test('the quickstart ends in a release with a source for every row, without a key, and again when run twice', async () => {
  const dir = folder()
  const filter = (path: string) => !/[\\/](?:\.stillroom|releases)$/.test(path)
  cpSync(join(root, 'examples', 'quickstart'), dir, { recursive: true, filter })
  const start = () => {
    const args = [join(root, 'bin', 'stillroom.js'), 'run', 'recipe.yaml', '--show', '3']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8', env: {} })
    expect(stderr + status).toBe('0')
    return stdout
  }
  const said = start()
  expect(said.match(/^conversation /gm)).toHaveLength(3)
  expect(said).toMatch(/bottom-share/)
  expect(said).toMatch(/rows released to releases\/quickstart-0\.1\.0/)

  const release = join(dir, 'releases', 'quickstart-0.1.0')
  expect((await verifyRelease(release)).problems).toEqual([])
  const licenses = new Set<unknown>()
  const languages = new Set<unknown>()
  let rows = 0
  for await (const { row } of readRows(release)) {
    rows++
    languages.add(row.language)
    expect(row.licenses).toHaveLength(1)
    licenses.add((row.licenses as string[])[0])
    expect(row.source_ids).toHaveLength(1)
  }
  expect(rows).toBeGreaterThanOrEqual(50)
  expect([...languages].sort()).toEqual(['en', 'ja'])
  expect([...licenses].sort()).toEqual(['CC-BY-4.0', 'MIT', 'MIT OR Apache-2.0'])

  const manifest = readFileSync(join(release, 'manifest.json'), 'utf8')
  start()
  expect(readFileSync(join(release, 'manifest.json'), 'utf8')).toBe(manifest)
})
