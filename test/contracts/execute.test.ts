import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { StillroomError } from '../../src/errors/index.ts'
import { defineMap } from '../../src/steps/index.ts'
import { folder, runIn, write } from '../support/project.ts'

/** A user's own step that runs the code of a row, and keeps what it writes. */
const evaluate = (done: (name: string) => void, version = 1) =>
  defineMap<{ interpreter?: string | undefined }, 'row', 'document'>({
    verb: 'evaluate',
    about: 'Runs the code of each row.',
    version,
    options: z.strictObject({ interpreter: z.string().optional() }),
    takes: ['row'],
    gives: ['document'],
    reasons: ['failed', 'timeout'],
    needs: { executes: true },
    async run({ columns }, ctx) {
      const { interpreter } = ctx.options
      const job = { language: 'javascript' as const, code: String(columns.code), timeoutMs: 200 }
      const ran = await ctx.execute({ ...job, ...(interpreter ? { interpreter } : {}) })
      done(String(columns.name))
      if (ran.ended !== 'ok')
        return { is: 'dropped', reason: ran.ended === 'timeout' ? 'timeout' : 'failed', evidence: { call: ran.call } }
      return { is: 'made', made: [{ payload: { kind: 'document', text: ran.stdout }, index: 0 }] }
    },
  })

const codes = {
  three: 'console.log(1 + 2)',
  again: 'console.log(1 + 2)',
  random: 'console.log(Math.random())',
  wrong: 'throw new Error("no")',
  endless: 'for (;;);',
}
const rows = (of: object) =>
  Object.entries(of)
    .map(row => JSON.stringify({ name: row[0], code: row[1] }))
    .join('\n')
const recipe = (options: object = {}) => ({
  name: 'execute',
  budget: { calls: 1 },
  sources: { codes: { files: 'codes.jsonl', license: 'cc0-1.0', kind: 'row' } },
  steps: [{ evaluate: options }],
})

/** Jobs in the journal, as often as each was run. */
function journalled(dir: string): number {
  const journal = new DatabaseSync(join(dir, '.stillroom', 'journal.sqlite'), { readOnly: true })
  const { n } = journal.prepare("select count(*) n from intents where provider = 'sandbox'").get() as { n: number }
  journal.close()
  return n
}

/** Processes that this one has started and that still run. */
const children = (): string[] =>
  process.platform !== 'linux'
    ? []
    : readdirSync('/proc').filter(pid => {
        try {
          return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[1] === String(process.pid)
        } catch {
          return false
        }
      })

test('equal jobs are run once and never again, cost no call, and leave no process', async () => {
  const dir = folder({ 'codes.jsonl': rows(codes) })
  const before = children()
  const first = await runIn(dir, recipe(), { steps: [evaluate(() => {})] })
  expect(first.error).toBeUndefined()
  expect(first.funnel.evaluate).toMatchObject({ made: 3, dropped: { failed: 1, timeout: 1 } })
  expect(first.all.map(record => record.kind === 'document' && record.text)).toContain('3\n')
  expect(journalled(dir)).toBe(4)
  expect(children()).toEqual(before)

  // The step has changed and does everything again: with the same results, of which none was run.
  const second = await runIn(dir, recipe(), { steps: [evaluate(() => {}, 2)], closed: true })
  expect(second.funnel).toEqual(first.funnel)
  expect(second.all.map(({ digest }) => digest)).toEqual(first.all.map(({ digest }) => digest))
  expect(journalled(dir)).toBe(4)

  // What nobody ran yet is run, even where teachers are closed: it costs nothing.
  write(dir, { 'codes.jsonl': rows({ ...codes, new: 'console.log("new")' }) })
  const third = await runIn(dir, recipe(), { steps: [evaluate(() => {}, 2)], closed: true })
  expect(third).toMatchObject({ status: 'done', unpaid: [] })
  expect(third.funnel.evaluate).toMatchObject({ made: 4 })
  expect(journalled(dir)).toBe(5)
})

test('an interrupt ends what runs, leaves no process and no result, and the next run does the rest', async () => {
  const dir = folder({ 'codes.jsonl': rows({ quick: codes.three, endless: 'while (true) {}' }) })
  const before = children()
  const interrupt = new AbortController()
  const stopped = await runIn(dir, recipe(), {
    steps: [evaluate(name => name === 'quick' && interrupt.abort())],
    signal: interrupt.signal,
  })
  expect(stopped).toMatchObject({ status: 'interrupted', exit: 130 })
  expect(children()).toEqual(before)
  expect(journalled(dir)).toBeLessThanOrEqual(1)
  const resumed = await runIn(dir, recipe(), { steps: [evaluate(() => {})] })
  expect(resumed.funnel.evaluate).toMatchObject({ made: 1, dropped: { timeout: 1 } })
})

test('what cannot be run at all ends the run by name, and no row', async () => {
  const dir = folder({ 'codes.jsonl': rows(codes) })
  const { error, funnel } = await runIn(dir, recipe({ interpreter: 'node' }), { steps: [evaluate(() => {})] })
  expect(StillroomError.is(error) && error.code).toBe('SR_SANDBOX')
  expect(error!.hint).toContain('QuickJS')
  expect(funnel.evaluate).toBeUndefined()
})
