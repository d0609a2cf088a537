import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { masked, scripted, commandLine as stillroom } from '../../test/support/command-line.ts'
import { folder } from '../../test/support/project.ts'
import type { CallTotals } from '../workspace/index.ts'
import { moneyLines } from './money.ts'

/** Every reply is 1,000 tokens in and 200 out. */
let server: Awaited<ReturnType<typeof scripted>>
beforeAll(async () => {
  server = await scripted(({ model, messages }) => {
    const valve = /valve number (\d+)/i.exec(messages.map(message => message.content).join('\n'))?.[1] ?? '?'
    if (model !== 'writer') return `Valve number ${valve} opens when the pressure passes ${Number(valve) * 7} bar.`
    const question = `At which pressure does valve number ${valve} open?`
    return JSON.stringify({ questions: [{ question, difficulty: 'easy' }] })
  })
})
afterAll(() => server.stop())

function workshop(more: object = {}, files: { [path: string]: string } = {}): string {
  const teacher = (model: string) => ({ model, at: server.url, license: 'apache-2.0', price: { input: 1, output: 2 } })
  const recipe = {
    name: 'valves',
    teachers: { writer: teacher('writer'), solver: teacher('solver') },
    sources: { notes: { files: 'notes/*.md', license: 'CC0-1.0' } },
    steps: [
      { ask: { from: 'notes', teacher: 'writer', questions: 1 } },
      { answer: { teacher: 'solver' } },
      { dedupe: { near: 1 } },
    ],
    ...more,
  }
  const notes = Array.from({ length: 20 }, (_, n) => [
    `notes/valve-${n + 1}.md`,
    `# Valve ${n + 1}\n\nValve number ${n + 1} opens when pressure passes ${n * 7 + 7} bar.\n`,
  ])
  return folder({ 'recipe.yaml': stringify(recipe), ...Object.fromEntries(notes), ...files })
}

/** What `plan` says of the future: without steps, sources, terms and gates. */
function ahead(out: string): string {
  const lines = masked(out).split('\n')
  const from = lines.findIndex(line => /^(The pilot|Forecast|What it came to|How many|\d+ records reached)/.test(line))
  const to = lines.findIndex((line, i) => i > from && /^(block|warn)/.test(line))
  return lines.slice(from, to < 0 ? undefined : to).join('\n')
}

test('a pilot tells what everything will cost, and the run after it does not pay for the pilot again', async () => {
  const dir = workshop({ budget: { usd: 0.05, calls: 100 } })
  const before = server.calls.length
  const bare = await stillroom(dir, 'plan')
  expect(ahead(bare.out)).toMatch(/stillroom plan\s+--pilot 20/)
  expect(existsSync(join(dir, '.stillroom'))).toBe(false)

  const pilot = await stillroom(dir, 'plan --pilot 5')
  expect(pilot).toMatchObject({ code: 0, err: '' })
  expect(server.calls.length - before).toBe(10)
  expect(ahead(pilot.out)).toMatchInlineSnapshot(`
    "The pilot of 5 roots is run <run>. It cost $0.01.

    Forecast from 5 of 20 roots, run <run>
    step          rows  calls      in     out   cost  from–to  time
    ask             20     20  20.0 k  4.00 k  $0.03
    answer          20     20  20.0 k  4.00 k  $0.03
    dedupe.exact   ~20
    dedupe.near    ~20

    In all: 40 calls; 40.0 k tokens in and 8.00 k out; $0.06; less than a second at the full width.
    Expected: 20 rows in less than a second, $0.0028 a kept row.
    The 5 roots took as much as each other, so there is no band; others may differ: --pilot 20 asks
    more. A root is a record that reaches the first step with a teacher.
    ~: behind a step that looks at all rows at once, such as dedupe or a share; scaled as if it grew
    with them.
    The budget of $0.05 does not suffice: with what is spent already it takes $0.06.
    The budget of 100 calls suffices: with what is spent already it takes 40 calls.
    "
  `)

  expect(ahead((await stillroom(dir, 'plan --pilot 5')).out)).toContain('Every reply was there already')
  expect(server.calls.length - before).toBe(10)
  const { forecast, budget } = JSON.parse((await stillroom(dir, 'plan --json')).out)
  expect(forecast).toMatchObject({
    limited: true,
    roots: { n: 5, of: 20 },
    total: { calls: { value: 40 }, usd: { value: expect.closeTo(0.056) } },
  })
  expect(budget.map((one: { limit: string; is: string }) => [one.limit, one.is])).toEqual([
    ['usd', 'exceeds'],
    ['calls', 'fits'],
  ])

  rmSync(join(dir, 'recipe.yaml'))
  const enough = workshop({ budget: { usd: 1 } })
  await stillroom(enough, 'plan --pilot 5')
  const paid = server.calls.length
  expect(await stillroom(enough, 'run')).toMatchObject({ code: 0 })
  expect(server.calls.length - paid).toBe(30)
  expect(ahead((await stillroom(enough, 'plan')).out)).toMatchInlineSnapshot(`
    "What it came to in run <run>
    step          rows  calls      in     out   cost  time
    ask             20     20  20.0 k  4.00 k  $0.03
    answer          20     20  20.0 k  4.00 k  $0.03
    dedupe.exact    20
    dedupe.near     20

    In all: 40 calls; 40.0 k tokens in and 8.00 k out; $0.06; less than a second at the full width.
    Expected: 20 rows in less than a second, $0.0028 a kept row.
    The budget of $1.00 suffices: with what is spent already it takes $0.06.
    "
  `)
})

test('before these steps ran, bounds are all there is, and what is unknown is named', async () => {
  const dir = workshop()
  await stillroom(dir, 'run')
  const out = ahead((await stillroom(dir, 'plan --set ask.questions=3')).out)
  expect(out).toMatch(
    /^20 records reached ask, .*\nCalls at most, spoilt replies apart: 20 at ask, 60 at answer\.\nRows, calls,/,
  )
})

test('a pilot that ends at the budget goes on with a larger one, and then tells all of it', async () => {
  const dir = workshop({ budget: { calls: 7 } })
  const stopped = await stillroom(dir, 'plan --pilot 5')
  expect(stopped).toMatchObject({ code: 4, err: expect.stringContaining('SR_BUDGET') })
  expect(stopped.out).not.toContain('Forecast')
  const recipe = workshop({ budget: { calls: 70 } })
  const went = await stillroom(recipe, `plan --pilot 5 --workspace ${join(dir, '.stillroom')} --json`)
  const told = JSON.parse(went.out.trimEnd().split('\n').at(-1)!)
  expect(told.pilot.calls).toMatchObject({ solver: { sent: expect.any(Number) } })
  expect(told.forecast.total).toMatchObject({ calls: { value: 40 }, usd: { value: expect.closeTo(0.056) } })
})

test('what the teachers of a recipe cost and from where, and a warning about a price nobody looked at for long', async () => {
  const prices = stringify([
    { provider: 'self', model: 'writer', input: 3, output: 5, date: '2026-02-01', source: 'the contract' },
    { provider: 'self', model: 'sol*', input: 0.075, output: 0.3, batch: 0.5 },
  ])
  const teacher = (model: string) => ({ model, at: 'http://192.0.2.1/v1', license: 'apache-2.0' })
  const teachers = {
    writer: teacher('writer'),
    solver: teacher('solver'),
    near: { model: 'qwen', at: 'http://localhost:9/v1', license: 'apache-2.0' },
    far: { model: 'openai/gpt-4.1-mini' },
    all: { 'any-of': { solver: 1, near: 1, far: 1 } },
  }
  const steps = [{ ask: { from: 'notes', teacher: 'writer', questions: 1 } }, { answer: { teacher: 'all' } }]
  const dir = workshop({ teachers, steps, prices: 'prices.yaml', budget: { usd: 1 } }, { 'prices.yaml': prices })
  expect((await stillroom(dir, 'prices recipe.yaml')).out).toMatchInlineSnapshot(`
    "teacher  model                    in  cached    out  batch  from
    far      openai/gpt-4.1-mini   $0.40   $0.10  $1.60  x 0.5  2026-07-02
    near     self/qwen                                          free
    solver   self/solver          $0.075          $0.30  x 0.5  prices.yaml
    writer   self/writer              $3             $5         prices.yaml; 2026-02-01

    Dollars per million tokens.
    "
  `)
  expect((await stillroom(dir, 'plan')).out).toMatch(
    /writer: its price is of 2026-02-01, 292 days old\. Look at the\s+contract/,
  )
  const all = JSON.parse((await stillroom(dir, 'prices --json')).out).prices
  expect(all[0]).toMatchObject({ provider: 'openai', source: expect.stringMatching(/^https:/) })
  const { out } = await stillroom(dir, 'prices')
  expect(Math.max(...out.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
})

test('the money of a run in a sentence: what it cost, what a row did, and what caches and batches saved', () => {
  const total = { sent: 2, journal: 0, input: 10_000, output: 10, cached: 4000, written: 0, usd: 1 }
  const of = (more: object): CallTotals => ({ t: { ...total, saved: { cache: 0, batch: 0 }, ...more } })
  const say = (more: object, rows = 4) => moneyLines(of(more), rows, 200).join(' ')
  expect(say({ saved: { cache: 0.5, batch: 2 } })).toBe(
    'It cost $1.00, $0.25 a kept row; 4.00 k of 10.0 k input tokens came from prompt caches, which saved $0.50; batches saved $2.00.',
  )
  expect(say({ saved: { cache: -0.5, batch: 0 } }, 0)).toBe(
    'It cost $1.00; 4.00 k of 10.0 k input tokens came from prompt caches, which cost $0.50 more than it saved.',
  )
  expect(say({ cached: 0, usd: null })).toBe('What it cost is not known: a teacher has no price.')
  expect(say({ sent: 0 })).toBe('')
})
