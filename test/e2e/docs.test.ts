import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pages } from '../../scripts/docs.ts'
import { commands } from '../../src/cli/commands.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test.each(Object.keys(pages()))('%s says what the code says (else run: node scripts/docs.ts)', path => {
  expect(read(path)).toBe(pages()[path])
})

test('the README names every command and holds the commands of its first page', () => {
  const readme = read('README.md')
  for (const name of Object.keys(commands)) expect(readme).toContain(`\`${name}`)
  const { scripts } = JSON.parse(read('package.json')) as { scripts: { [name: string]: string } }
  expect(readme).toContain('npm ci && npm run quickstart')
  expect(readme).toContain('npm ci && npm test')
  for (const [, name] of readme.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty(name!)
})
