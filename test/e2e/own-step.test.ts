import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { cli } from '../support/cli.ts'
import { folder } from '../support/project.ts'

test("a user's step finds stillroom and zod by name in a folder that has neither", async () => {
  const dir = folder({
    'docs/one.md': '# One\n\nA valve with 1 spring.\n',
    'docs/two.md': '# Two\n\nA valve with 2 springs.\n',
    'mine.ts': `import { defineFilter } from 'stillroom/steps'
import { z } from 'zod'

export default defineFilter({
  verb: 'springs', about: 'Keeps valves with enough springs.', version: 1,
  options: z.strictObject({ least: z.number() }),
  takes: ['document'], gives: 'same', reasons: ['too-few'],
  test: (record, { least }) =>
    Number(/\\d/.exec((record as { text: string }).text)?.[0]) >= least ? { is: 'passed' } : { is: 'dropped', reason: 'too-few' },
})
`,
    'recipe.yaml': stringify({
      name: 'own',
      sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
      steps: [{ use: './mine.ts', options: { least: 2 } }],
    }),
  })
  const { code, out, err } = await cli(dir, ['run', '--plain'])
  expect(err + code).toBe('0')
  expect(out).toMatch(/springs +2 +1 +1 +1 too-few/)
})
