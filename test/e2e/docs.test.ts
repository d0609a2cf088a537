import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { pages } from '../../scripts/docs.ts'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { commands } from '../../src/cli/commands.ts'
import { recipeSchema } from '../../src/recipe/index.ts'
import { wordsOf } from '../../src/run/index.ts'
import { cli } from '../support/cli.ts'
import { folder } from '../support/project.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test.each(Object.keys(pages()))('%s says what the code says (else run: node scripts/docs.ts)', path => {
  expect(read(path)).toBe(pages()[path])
})

test.each(['docs/recipe.md', 'docs/steps.md'])('%s says of every key what it means', path => {
  expect(
    read(path)
      .split('\n')
      .filter(line => /^\|.*\|\s*\|$/.test(line)),
  ).toEqual([])
})

test('the example of docs/recipe.md has every key of the top level and plans as it stands', async () => {
  const [, example] = /```yaml\n(name: .*?)```/s.exec(read('docs/recipe.md'))!
  const known = Object.keys(recipeSchema(wordsOf(builtinSteps)).shape)
  expect(Object.keys(parse(example!)).sort()).toEqual(known.sort())
  const turns = [
    { role: 'user', content: 'How do I reset it?' },
    { role: 'assistant', content: 'Hold the button, please.' },
  ]
  const dir = folder({
    'recipe.yaml': example!,
    'docs/valves/seats.md': '# Seats\n\nA seat of brass seals the valve.\n',
    'prices.yaml': '- { provider: mistral, model: mistral-*, input: 1, output: 3 }\n',
    'faq.md': '# Resets\n\nThe button resets the pump.\n',
    'logs/tickets.jsonl': `${JSON.stringify({ ticket: 't1', turns, queue: 'pumps' })}\n`,
    'polite.ts': `import { defineFilter } from 'stillroom/steps'
import { z } from 'zod'

export default defineFilter({
  verb: 'polite', about: 'Keeps answers that say please.', version: 1,
  options: z.strictObject({ least: z.int().min(1) }),
  takes: ['conversation'], gives: 'same', reasons: ['curt'],
  test: () => ({ is: 'passed' }),
})
`,
  })
  expect(await cli(dir, ['plan', '--plain'])).toMatchObject({ code: 0, err: '' })
})

test('the README names every command and holds the commands of its first page', () => {
  const readme = read('README.md')
  for (const name of Object.keys(commands)) expect(readme).toContain(`\`${name}`)
  const { scripts } = JSON.parse(read('package.json')) as { scripts: { [name: string]: string } }
  expect(readme).toContain('npm ci && npm run quickstart')
  expect(readme).toContain('npm ci && npm test')
  for (const [, name] of readme.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty(name!)
})

test('pages link to what is there', () => {
  const pages = globSync(['*.md', 'docs/*.md', 'examples/*/README.md', 'recipes/data/README.md'], { cwd: root })
  const dead = pages.flatMap(page =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map(([, target]) => target!)
      .filter(target => !existsSync(join(root, dirname(page), target)))
      .map(target => `${page}: ${target}`),
  )
  expect(pages.length).toBeGreaterThan(10)
  expect(dead).toEqual([])
})
