import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { parquetWriter } from '../../src/records/index.ts'
import { openProject, openSession, releaseRun, run } from '../../src/run/index.ts'
import { commandLine } from '../support/command-line.ts'
import { folder, runIn, write } from '../support/project.ts'

const data = join(import.meta.dirname, '..', '..', 'recipes', 'data')
const [people, unseen] = ['adult.csv', 'adult-holdout.csv'].map(name =>
  readFileSync(join(data, name), 'utf8').trim().split('\n'),
)
const csv = (lines: string[]) => `${[people![0]!, ...lines].join('\n')}\n`
const files = { 'people.csv': csv(people!.slice(1, 401)), 'unseen.csv': csv(unseen!.slice(1, 401)) }
const source = (name: string, more = {}) => ({ files: name, license: 'CC-BY-4.0', kind: 'row', ...more })
const recipe = (steps: object[], more: object = {}) => ({
  ...{ name: 'table', use: 'privacy', purpose: { product: 'domain', commercial: true, distribute: 'private' } },
  sources: { people: source('people.csv'), unseen: source('unseen.csv') },
  steps,
  release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-11-20' },
  ...more,
})

/** Runs the recipe that lies in the folder, and releases it. */
async function released(dir: string) {
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    return await releaseRun(project, session, await run({ plan: await project.plan(), session, env: {} }))
  } finally {
    session.close()
  }
}

test('rows of a private synthesizer have one parent of role corpus, the same key gives them again, and the budget ends', async () => {
  const dir = folder(files)
  const of = (epsilon: number, budget = 2) => recipe([{ mst: { from: 'people', epsilon, budget, rows: 50 } }])
  const first = await runIn(dir, of(1))
  expect(first.error).toBeUndefined()
  expect(first.funnel.mst).toMatchObject({ in: 400, consumed: 400, made: 50 })
  expect(new Set(first.all.map(({ lineage }) => JSON.stringify(lineage.parents))).size).toBe(1)
  expect(first.all[0]!.lineage).toMatchObject({ origin: 'synthetic', generation: 1, parents: [{ role: 'corpus' }] })
  expect(Object.keys((first.all[0] as unknown as { columns: object }).columns)).toHaveLength(15)
  expect(first.notes.map(({ message }) => message).join()).toContain('outside of the guarantee')
  const ledger = () =>
    readFileSync(join(dir, '.stillroom', 'ledger.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
  expect(ledger()).toMatchObject([{ of: ['people'], unit: 'zcdp-rho', step: 'mst' }])

  const again = await runIn(dir, of(1))
  expect(again.all).toEqual(first.all)
  expect(ledger()).toHaveLength(1)
  // 0.4 more fits, and then nothing does: rho adds up, whatever is asked. Other rows of the same source count as well.
  expect((await runIn(dir, of(0.4))).error).toBeUndefined()
  write(dir, { 'people.csv': csv(people!.slice(1, 400)) })
  const refused = await runIn(dir, of(1.9))
  expect(refused).toMatchObject({ error: { code: 'SR_BUDGET' }, exit: 4, all: [] })
  expect(ledger()).toHaveLength(2)
})

test('copies are found and block the release with a reason; what was made of all rows together goes out', async () => {
  const dir = folder({ ...files, 'made.csv': csv([...people!.slice(1, 121), ...unseen!.slice(401, 681)]) })
  const sources = { ...recipe([]).sources, made: source('made.csv', { origin: 'synthetic' }) }
  const check = { privacy: { from: 'made', training: 'people', holdout: 'unseen', rounds: 2 } }
  await runIn(dir, recipe([check], { sources }))
  const blocked = await released(dir).catch(error => error)
  expect(blocked).toMatchObject({ code: 'SR_GATE' })
  expect(blocked.message).toContain('Copying signal found')
  // What the run found out is known to whoever asks afterwards as well.
  const asked = JSON.parse((await commandLine(dir, 'check --json')).out.trim().split('\n').at(-1)!)
  expect(asked.gates.find(({ id }: { id: string }) => id === 'privacy')).toMatchObject({
    is: 'block',
    why: expect.stringContaining('Copying signal found'),
  })

  await runIn(
    dir,
    recipe([
      { 'gaussian-copula': { from: 'people' } },
      { privacy: { training: 'people', holdout: 'unseen', rounds: 2 } },
    ]),
  )
  const { gates, rows, dir: at } = await released(dir)
  expect(rows).toBe(400)
  const gate = gates.find(({ id }) => id === 'privacy')!
  expect(['pass', 'warn']).toContain(gate.is)
  expect(gate.evidence).toMatchObject([
    { verdict: 'no copying signal found', rows: { training: 400, synthetic: 400, holdout: 400 } },
  ])
  const card = readFileSync(join(at, 'README.md'), 'utf8')
  expect(card).toContain('No copying signal found')
  expect(card).not.toMatch(/anonym/i)
})

test('without a holdout, or without a check, the plan says that the release will be blocked', async () => {
  const dir = folder(files)
  await runIn(dir, recipe([{ marginals: { from: 'people', rows: 120 } }, { privacy: { training: 'people' } }]))
  await expect(released(dir)).rejects.toThrow('has no holdout')
  await runIn(dir, recipe([{ marginals: { from: 'people', rows: 120 } }]))
  await expect(released(dir)).rejects.toThrow('No step looks for copies')
})

test('rows of Parquet and JSON Lines go the same way; Laplace noise spends of the budget as well', async () => {
  const rows = people!.slice(1, 301).map(line => {
    const [age, , , education, , , , , , sex] = line.split(',')
    return { age: Number(age), education: education!, sex: sex! }
  })
  const dir = folder({ 'rows.jsonl': rows.map(row => JSON.stringify(row)).join('\n') })
  const parquet = parquetWriter(join(dir, 'rows.parquet'), { age: 'int', education: 'string', sex: 'string' })
  for (const row of rows) parquet.row(row)
  parquet.end()
  const of = (name: string) =>
    recipe([{ marginals: { from: 'rows', rows: 20, epsilon: 5, budget: 8 } }], { sources: { rows: source(name) } })
  const [one, two] = [await runIn(dir, of('rows.jsonl')), await runIn(dir, of('rows.parquet'))]
  expect([one.error, two.error]).toEqual([undefined, undefined])
  const columns = (all: typeof one.all) => all.map(record => (record as unknown as { columns: object }).columns)
  expect(columns(two.all)).toEqual(columns(one.all))
  expect(one.all).toHaveLength(20)
})

test('the ready recipe asks for a holdout and stays below its budget', () => {
  const { use, steps } = parse(readFileSync(join(data, '..', 'privacy.yaml'), 'utf8'))
  expect(use).toBe('privacy')
  expect(steps[0].mst.epsilon).toBeLessThan(steps[0].mst.budget)
  expect(steps[1].privacy).toMatchObject({ training: 'people', holdout: 'unseen' })
})
