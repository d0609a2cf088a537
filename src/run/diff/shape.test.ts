import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { folder, write } from '../../../test/support/project.ts'
import { builtinSteps } from '../../builtin-steps.ts'
import { openProject } from '../project.ts'
import { shapeOf } from './shape.ts'

test('files of sources are never read, however large, and no secret of an address is kept', async () => {
  const dir = folder({ 'docs/large.md': '', 'docs-2/large.md': '' })
  for (const file of ['docs/large.md', 'docs-2/large.md']) truncateSync(join(dir, file), 3 * 2 ** 30)
  const recipe = {
    name: 'shaped',
    teachers: { writer: { model: 'self/writer', at: 'https://TOKEN@host/v1?key=abc', license: 'apache-2.0' } },
    sources: {
      near: { files: join(dir, 'docs/large.md'), license: 'cc0-1.0' },
      beside: { files: join(dir, 'docs-2/large.md'), license: 'cc0-1.0' },
    },
    steps: [{ ask: { from: 'near', teacher: 'writer' } }],
  }
  write(dir, { 'docs/recipe.yaml': stringify(recipe) })
  const project = await openProject(join(dir, 'docs/recipe.yaml'), builtinSteps)
  const { sources, teachers } = shapeOf(await project.plan())
  expect([sources.near!.files, sources.beside!.files]).toEqual(['large.md', 'large.md'])
  expect(teachers.writer!.at).toBe('https://***@host/v1?key=***')
})
