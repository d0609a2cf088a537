import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listFiles } from './files.ts'
import { ignoredBy, ignoreRules } from './gitignore.ts'

let base: string
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'ignores-'))
})
afterAll(() => rmSync(base, { recursive: true }))

test('lines of a .gitignore as git reads them', () => {
  const says = (lines: string, path: string, folder = false) => ignoredBy(ignoreRules(lines), path, folder)
  expect(says('*.log', 'a/b/c.log')).toBe('ignored')
  expect(says('/top.md', 'a/top.md')).toBeUndefined()
  expect(says('docs/*.md', 'docs/a/b.md')).toBeUndefined()
  expect(says('docs/**/b.md', 'docs/b.md')).toBe('ignored')
  expect(says('a/**', 'a', true)).toBeUndefined()
  expect(says('build/', 'build')).toBeUndefined()
  expect(says('build/', 'x/build', true)).toBe('ignored')
  expect(says('*.md\n!keep.md', 'keep.md')).toBe('back')
  expect(says('[!a]?.txt\n\\#x', 'b1.txt')).toBe('ignored')
  expect(says('\\#x', '#x')).toBe('ignored')
  expect(says('# a comment\n\n', '# a comment')).toBeUndefined()
  // As many stars as somebody may write: in no time.
  expect(says(`${'*a'.repeat(2000)}b`, 'a'.repeat(4000))).toBeUndefined()
})

test('folders and patterns leave out what git ignores; files that are named, and folders, are read', async () => {
  const files = {
    'other/.git/HEAD': '',
    'other/.gitignore': '_build/\n*.tmp.md\n',
    'other/a.md': '',
    'other/b.tmp.md': '',
    'other/_build/c.md': '',
    'other/sub/.gitignore': '!b.tmp.md\n',
    'other/sub/b.tmp.md': '',
    'other/module/.git': 'gitdir: ../.git/modules/module',
    'other/module/d.tmp.md': '',
    'free/_build/e.md': '',
  }
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), content)
  }
  const paths = async (pattern: string | string[], from = base) =>
    (await listFiles({ files: pattern }, from)).map(({ path }) => path)
  expect(await paths('.')).toEqual(['free/_build/e.md', 'other/a.md', 'other/module/d.tmp.md', 'other/sub/b.tmp.md'])
  expect(await paths(['other/*.md', 'other/b.tmp.md'])).toEqual(['other/a.md', 'other/b.tmp.md'])
  expect(await paths('other/_build')).toEqual(['other/_build/c.md'])
  // A recipe inside of the repository: data may be ignored by its ending there, and is meant.
  expect(await paths('**/*.md', join(base, 'other'))).toEqual(['a.md', 'b.tmp.md', 'module/d.tmp.md', 'sub/b.tmp.md'])
})
