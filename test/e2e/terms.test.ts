import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { writeAcceptance } from '../../src/govern/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { cli } from '../support/cli.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
afterAll(() => simulator.stop())

/** A paid endpoint of somebody, about whose terms nothing is known unless `more` says it. */
function recipe(more: object = {}, purpose: object = {}) {
  const writer = { model: 'writer', at: `${simulator.url}/v1`, price: { input: 1, output: 2 }, ...more }
  return {
    name: 'paid',
    purpose,
    teachers: { writer },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [{ ask: { from: 'docs', teacher: 'writer', questions: 2 } }, { answer: { teacher: 'writer' } }],
    release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
    gates: { decontaminated: { override: 'a test has no evaluation set' } },
  }
}

test('no call goes to a paid route with unknown terms; once somebody accepts them it runs, and the card says who', async () => {
  const dir = folder({ ...documents(2), 'recipe.yaml': stringify(recipe()) })
  const refused = await cli(dir, ['run'])
  expect(refused.code).toBe(3)
  expect(refused.err).toMatch(/SR_TERMS.*writer.*unknown/)
  const [, command] = /stillroom (terms accept self\/writer) --by/.exec(refused.err)!
  expect(simulator.log).toEqual([])

  const accepted = await cli(dir, [...command!.split(' '), '--by', 'a reader', '--version', '2026-01'])
  expect(accepted).toMatchObject({ code: 0, err: '' })
  const ran = await cli(dir, ['run'])
  expect(ran.code).toBe(0)
  expect(simulator.log.length).toBeGreaterThan(0)
  const card = readFileSync(join(dir, 'releases', 'paid-0.1.0', 'README.md'), 'utf8')
  const today = new Date().toISOString().slice(0, 10)
  expect(card).toContain(`| writer | self/writer | no document | unknown | a reader on ${today}, version 2026-01 |`)
})

test('an acceptance of another version, or of other terms, opens nothing', async () => {
  const before = simulator.stats.calls
  const dir = folder(documents(2))
  const what = recipe({ terms: 'openai' }, { product: 'domain' })
  const workspace = join(dir, '.stillroom')
  const accept = (provider: string, version: string) =>
    writeAcceptance(workspace, { provider, version, by: 'a reader', at: '2026-01-02' })
  const refused = async () => {
    const ran = await runIn(dir, what)
    expect(ran).toMatchObject({ exit: 3, error: { code: 'SR_TERMS' } })
    expect(simulator.stats.calls).toBe(before)
    return ran.error!
  }
  const { hint } = await refused()
  const version = /--version "([^"]+)"/.exec(hint!)![1]!
  accept('self/writer', version)
  await refused()
  accept('openai', '2020-01-01')
  expect((await refused()).received).toContain('2020-01-01')
  accept('openai', version)
  const ran = await runIn(dir, what)
  expect(ran.error).toBeUndefined()
  expect(simulator.stats.calls).toBeGreaterThan(before)
})

test('what asks nobody needs no terms: a replay and a release of what is paid for', async () => {
  const dir = folder(documents(2))
  const free = recipe({ price: 'free' })
  const ran = await runIn(dir, free)
  expect(ran.error).toBeUndefined()
  const before = simulator.stats.calls
  // The same replies stand under the same call, whatever the route is said to cost now.
  const closed = await runIn(dir, recipe(), { closed: true })
  expect(closed.error).toBeUndefined()
  expect(closed.all).toEqual(ran.all)
  expect(await runIn(dir, recipe())).toMatchObject({ exit: 3 })
  expect(simulator.stats.calls).toBe(before)
})
