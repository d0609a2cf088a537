import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadStep } from '../../src/recipe/index.ts'
import type { MapStep } from '../../src/steps/index.ts'
import { cli } from '../support/cli.ts'
import { document } from '../support/curate-records.ts'
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

test('the step of the example loses what its document does not bear out, by name', async () => {
  const text =
    'A coast turns through both bulges,\nwhich is why there are two high tides. The Sun raises smaller tides as well.'
  const item = (question: string, answer = 'No, there are two.', evidence = 'both bulges, which is why') => ({
    question,
    answer,
    evidence,
  })
  const items = [
    item('Is there one high tide a day?'),
    item('Is there one?', 'No.', 'the Moon is made of cheese'),
    item('I read that the Sun raises smaller tides as well. The Sun raises smaller tides as well. Wrong?'),
    item('Does the document say one?'),
    item('One tide?', ' '),
    item('Is one enough?'),
    item('Is one enough, again?'),
  ]
  const { word } = await loadStep('./my-step.ts', join(import.meta.dirname, '../../examples/my-step'))
  const misconceptions = word as MapStep
  const outcome = await misconceptions.run(document('d', text), {
    options: misconceptions.options.parse({ teacher: 't', count: 2 }),
    language: 'en',
    call: async () => ({
      call: 'c',
      content: '',
      finish: 'stop',
      usage: {},
      warnings: [],
      data: { misconceptions: items },
    }),
  } as never)
  if (outcome.is !== 'made') throw new Error(outcome.is)
  expect(outcome.made.map(({ index }) => index)).toEqual([0, 5])
  expect(outcome.lost?.map(({ index, reason }) => [index, reason])).toEqual([
    [1, 'unsupported'],
    [2, 'stated'],
    [3, 'points-at-document'],
    [4, 'empty'],
    [6, 'surplus'],
  ])
})
