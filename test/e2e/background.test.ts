import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { commandLine, scripted } from '../support/command-line.ts'
import { folder, write } from '../support/project.ts'

const recipe = (writer: object) => ({
  name: 'behind',
  teachers: { writer: { concurrency: 1, price: { input: 1, output: 1 }, ...writer } },
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [{ ask: { from: 'docs', teacher: 'writer', questions: 1 } }],
  release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
  gates: { decontaminated: { override: 'a test has no evaluation set' } },
})

const notes = (n: number) =>
  Object.fromEntries(
    Array.from({ length: n }, (_, i) => [`docs/${i}.md`, `# Valve ${i}\n\nValve number ${i} opens at ${i * 7} bar.\n`]),
  )

/** A model that holds back its third reply until it is let go. */
async function holding() {
  const [held, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const server = await scripted(async ({ messages }) => {
    if (server.calls.length === 3) {
      reached.resolve()
      await held.promise
    }
    const valve = /valve number (\d+)/i.exec(messages.map(({ content }) => content).join('\n'))![1]
    const question = `At which pressure does valve number ${valve} open?`
    return JSON.stringify({ questions: [{ question, difficulty: 'easy' }] })
  })
  return { server, letGo: held.resolve, holds: reached.promise }
}

test('a run in the background outlives its starter, is followed, stopped cleanly, and goes on', {
  timeout: 60_000,
}, async () => {
  const { server, letGo, holds } = await holding()
  const dir = folder({
    ...notes(6),
    'recipe.yaml': stringify(recipe({ model: 'writer', at: server.url, license: 'apache-2.0' })),
  })
  const look = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms / 10))
  const say = (line: string, wait = look) => commandLine(dir, line, { wait, now: () => new Date() })
  const started = await say('run --background')
  expect(started).toMatchObject({ code: 0, err: '' })
  const [, run, pid] = /^Run (\S+) is at work in the background, process (\d+)\./.exec(started.out)!
  await holds
  expect((await say('status')).out).toContain(`At work now: process ${pid}`)
  // A second one is told at once, and not by a log that nobody reads.
  expect(await say('run --background')).toMatchObject({ code: 1, err: expect.stringMatching(/^SR_LOCKED/) })
  const stopped = await say('stop', ms => {
    letGo()
    return look(ms)
  })
  expect(stopped).toMatchObject({ code: 0, out: expect.stringContaining(`Run ${run}: interrupted.`) })
  expect((await say('logs -f')).code).toBe(130)
  expect((await say('status')).out).toMatch(new RegExp(`${run} .* interrupted .* background`))
  expect(server.calls.length).toBeLessThan(6)

  expect((await say('run --background')).code).toBe(0)
  const followed = await say('logs -f')
  expect(followed).toMatchObject({ code: 0, out: expect.stringContaining('6 rows released to releases/behind-0.1.0.') })
  expect(server.calls).toHaveLength(6)
  expect(readFileSync(join(dir, '.stillroom', 'runs', run!, 'background.log'), 'utf8')).toContain('was interrupted')
  expect(await say('stop')).toMatchObject({ code: 1, err: expect.stringContaining('Nothing is at work') })
  await server.stop()
})

test('what can be known ahead fails at once, in the foreground, with its own exit code', {
  timeout: 30_000,
}, async () => {
  const dir = folder({ ...notes(1), 'recipe.yaml': stringify(recipe({ model: 'deepseek/deepseek-chat' })) })
  const say = (line: string, env = {}) => commandLine(dir, line, { env })
  expect(await say('run --background')).toMatchObject({
    code: 2,
    err: expect.stringContaining('export DEEPSEEK_API_KEY'),
  })
  write(dir, { 'terms.yaml': stringify(recipe({ model: 'openai/gpt-5.2' })) })
  expect(await say('run terms.yaml --background')).toMatchObject({ code: 3, err: expect.stringMatching(/^SR_TERMS/) })
  // What only the process itself finds out: its words and its code are those of this one.
  write(dir, { '.stillroom/journal.sqlite': 'no database at all' })
  const late = await say('run --background', { DEEPSEEK_API_KEY: 'sk-0123456789abcdef' })
  expect(late).toMatchObject({ code: 1, err: expect.stringContaining('file is not a database') })
  write(dir, { 'recipe.yaml': 'name: behind\nsteps: []\n' })
  expect((await say('run --background')).code).toBe(2)
  expect(readdirSync(join(dir, '.stillroom')).filter(name => name.startsWith('background'))).toEqual([])
  expect(existsSync(join(dir, 'releases'))).toBe(false)
})
