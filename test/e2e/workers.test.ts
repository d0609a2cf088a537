import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { canonical } from '../../src/records/index.ts'
import { defineFilter, defineMap } from '../../src/steps/index.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn, write } from '../support/project.ts'
import { releaseBytes } from '../support/released.ts'
import { scattered } from '../support/scattered.ts'

const steps = [
  { extract: { from: 'docs', keep: '80%' } },
  { dedupe: { near: 0.9 } },
  { decontaminate: { against: ['tests.jsonl'] } },
  { sample: { n: 30 } },
]
const recipe = (more: object[] = [], use = steps) => ({
  name: 'threads',
  seed: 3,
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [...use, ...more],
})
const files = {
  ...scattered('docs', documents(48)),
  'tests.jsonl': JSON.stringify({
    prompt:
      'The feed pump of model 2 opens when the pressure passes 5 bar, because the pilot burner can no longer hold it shut.',
  }),
}

test('the same bytes, counts and tasks with 0, 1, 2 and 5 threads', async () => {
  const outcomes = []
  for (const threads of [0, 1, 2, 5]) {
    const dir = folder(files)
    const { error, all, funnel, notes, shards } = await runIn(dir, recipe(), { threads: { threads, from: 0 } })
    expect(error).toBeUndefined()
    const digests = [...shards].map(([stage, list]) => [stage, list.map(shard => shard.digest)])
    outcomes.push({ rows: all.map(canonical), funnel, notes, digests })
  }
  expect(outcomes[0]!.rows.length).toBeGreaterThan(10)
  for (const outcome of outcomes.slice(1)) expect(outcome).toEqual(outcomes[0])
})

const module = `
import { threadId } from 'node:worker_threads'
import { z } from 'zod'
import { defineMap } from '${join(import.meta.dirname, '../../src/steps/index.ts')}'
export default defineMap({
  verb: 'where', about: 'Notes the thread.', version: 1, options: z.strictObject({ fail: z.string().optional() }),
  takes: ['document'], gives: 'same', reasons: [],
  run: async (record, { options }) => {
    if (options.fail === 'exit') process.exit(7)
    if (options.fail !== undefined) throw new Error(options.fail)
    return { is: 'passed', notes: { facets: { thread: threadId }, vector: Float32Array.of(1, record.text.length) } }
  },
})
`

test("a user's step runs in a thread; one that this process alone has, and a mistake, end as they do without", async () => {
  const dir = folder({ ...files, 'where.ts': module.replace("'zod'", `'${import.meta.resolve('zod')}'`) })
  const here = defineFilter({
    verb: 'here',
    about: 'Known to this process alone.',
    version: 1,
    options: z.strictObject({}),
    takes: ['document'],
    gives: 'same',
    reasons: ['odd'],
    test: record => (/^[0-7]/.test(record.id) ? { is: 'dropped', reason: 'odd' } : { is: 'passed' }),
  })
  const wrong = defineMap({
    verb: 'wrong',
    about: 'Drops for a reason that it does not declare.',
    version: 1,
    options: z.strictObject({}),
    takes: ['document'],
    gives: 'same',
    reasons: [],
    run: async () => ({ is: 'dropped' as const, reason: 'odd' }),
  })
  const threads = { threads: 2, from: 0 }
  const use = (...more: object[]) => recipe(more, [{ extract: { from: 'docs', keep: '80%' } }] as never)
  const ran = await runIn(dir, use({ use: './where.ts' }), { threads })
  expect(ran.error).toBeUndefined()
  expect(ran.all.every(record => Number(record.facets.thread) > 0)).toBe(true)

  const asked = 'fail: z.string().optional() })'
  const source = module.replace("'zod'", `'${import.meta.resolve('zod')}'`)
  write(dir, { 'where.ts': source.replace(asked, `${asked}.transform(o => ({ ...o, of: () => 1 }))`) })
  const stays = await runIn(dir, use({ use: './where.ts' }), { threads })
  expect([stays.error, stays.all.length]).toEqual([undefined, ran.all.length])

  const own = await runIn(dir, use({ here: {} }), { threads, steps: [here] })
  expect(own.error).toBeUndefined()
  expect(own.funnel.here?.dropped.odd).toBe(own.funnel.here!.in - own.all.length)

  const mistaken = await runIn(dir, use({ wrong: {} }), { threads, steps: [wrong] })
  expect(mistaken.error).toMatchObject({ code: 'SR_STEP_OUTCOME', received: '"odd"' })

  write(dir, { 'where.ts': module.replace("'zod'", `'${import.meta.resolve('zod')}'`) })
  const failed = await runIn(dir, use({ use: './where.ts', options: { fail: 'no such valve' } }), { threads })
  expect(failed.error?.code).toBe('SR_YIELD')
  expect(failed.funnel.where?.dropped).toEqual({ 'step-error': failed.funnel.where?.in })
})

test('a thread that ends in the middle of its work ends the run by name', { timeout: 20_000 }, async () => {
  const dir = folder({ ...files, 'where.ts': module.replace("'zod'", `'${import.meta.resolve('zod')}'`) })
  const ends = recipe([{ use: './where.ts', options: { fail: 'exit' } }], [
    { extract: { from: 'docs', keep: '80%' } },
  ] as never)
  const ran = await runIn(dir, ends, { threads: { threads: 1, from: 0 } })
  expect(ran.error).toMatchObject({ code: 'SR_STEP_FAILED', message: expect.stringContaining('where') })
})

const deadly = `
import { existsSync, rmSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { z } from 'zod'
import { defineMap } from '${join(import.meta.dirname, '../../src/steps/index.ts')}'
const armed = new URL('./armed', import.meta.url)
let seen = 0
export default defineMap({
  verb: 'deadly', about: 'Kills the process at its ninth record in a thread.', version: 1, options: z.strictObject({}),
  takes: ['document'], gives: 'same', reasons: [],
  run: async record => {
    if (++seen === 9 && !isMainThread && existsSync(armed)) {
      rmSync(armed)
      process.kill(process.pid, 'SIGKILL')
    }
    return { is: 'passed', notes: { facets: { seen: record.text.length } } }
  },
})
`

test('killed while threads write, the next run ends in the same bytes', { timeout: 60_000 }, async () => {
  const release = { version: '0.1.0', license: 'cc0-1.0', date: '2026-11-20' }
  const whole = { ...recipe([{ use: './deadly.ts' }, steps[1]!, steps[2]!], [steps[0]] as never), release }
  const script = join(import.meta.dirname, '../support/run-and-release.ts')
  const ends = async (dir: string) => {
    const child = spawn(process.execPath, [script, join(dir, 'recipe.yaml'), 'http://127.0.0.1:1'], {
      env: { ...process.env, THREADS: '2' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code, signal] = await once(child, 'close')
    return signal ?? code
  }
  const made = {
    'recipe.yaml': stringify(whole),
    'deadly.ts': deadly.replace("'zod'", `'${import.meta.resolve('zod')}'`),
  }
  const calm = folder({ ...files, ...made })
  expect(await ends(calm)).toBe(0)
  const killed = folder({ ...files, ...made, armed: '' })
  expect(await ends(killed)).toBe('SIGKILL')
  expect(await ends(killed)).toBe(0)
  expect(releaseBytes(killed)).toEqual(releaseBytes(calm))
})
