import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { builtinSteps } from '../../src/builtin-steps.ts'
import type { GateReport } from '../../src/govern/index.ts'
import { keepMeasured, openProject, openSession, type ReleaseOutcome, releaseRun, run } from '../../src/run/index.ts'
import { commandLine } from '../support/command-line.ts'
import { folder, write } from '../support/project.ts'

type Recipe = { [field: string]: unknown }

/** Real queries that are no near copies of one another. */
const verbs = ['freeze', 'replace', 'activate', 'cancel', 'verify', 'unlock', 'renew', 'report', 'order', 'trace']
const things = [
  'card',
  'transfer',
  'account',
  'mortgage',
  'passcode',
  'cheque',
  'refund',
  'pension',
  'statement',
  'loan',
  'top-up',
  'fee',
]
const queries = verbs.flatMap((verb, i) =>
  things.map((thing, j) => ({
    prompt: `How do I ${verb} the ${thing} that number ${i * 13 + j * 7} of my family uses?`,
  })),
)
const lines = (rows: object[]) => rows.map(row => JSON.stringify(row)).join('\n')
const notes = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../examples/quickstart/documents/cncf-glossary/en', name), 'utf8')

const files = {
  'queries.jsonl': lines(queries),
  'copies.jsonl': lines(
    queries.map((query, i) => (i % 4 === 1 ? { ...queries[i - 1]!, prompt: `${queries[i - 1]!.prompt} ` } : query)),
  ),
  'docs/a.md': notes('abstraction.md'),
  'docs/b.md': notes('cluster.md'),
  'exam.jsonl': lines(queries.slice(0, 5)),
  'late.json': JSON.stringify({ date: '2027-01-01', accuracy: 0.4 }),
  'early.json': JSON.stringify({ date: '2026-01-31', accuracy: 0.4 }),
  'other.yaml': 'name: other\nteachers: { writer: { model: openai/gpt-6 } }\nsources: {}\n',
}

const real = (more: object = {}) => ({ files: 'queries.jsonl', license: 'CC-BY-4.0', kind: 'prompt', ...more })
const base: Recipe = {
  name: 'set',
  language: 'en',
  seed: 7,
  purpose: { base: 'Qwen/Qwen3-8B-Base', commercial: true, distribute: 'public' },
  sources: { queries: real() },
  steps: [{ sample: { from: 'queries', n: 1000 } }],
  release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-11-20' },
}
/** Documents, rewritten by the built-in teacher: synthetic rows, and no real one among them. */
const written = (docs: object): Recipe => ({
  teachers: { writer: { model: 'builtin/extractive' } },
  sources: { docs: { files: 'docs/*.md', license: 'CC0-1.0', ...docs } },
  steps: [{ ask: { from: 'docs', teacher: 'writer', questions: 2 } }, { answer: { teacher: 'writer' } }],
})

/** Every gate that is not under test is out of the way. */
async function released(dir: string, recipe: Recipe, file = 'recipe.yaml'): Promise<ReleaseOutcome | Error> {
  write(dir, { [file]: JSON.stringify({ ...base, ...recipe }) })
  const project = await openProject(join(dir, file), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    const result = await run({ plan: await project.plan(), session, env: {} })
    if (result.error) throw result.error
    return await releaseRun(project, session, result)
  } catch (error) {
    return error as Error
  } finally {
    session.close()
  }
}

const overrides = (...ids: string[]) =>
  Object.fromEntries(ids.map(id => [id, { override: 'not what this test is about' }]))

/** Runs a recipe and says what one gate found; what other gates block is overridden. */
async function found(id: string, recipe: Recipe, before?: (dir: string) => Promise<void>): Promise<GateReport> {
  const dir = folder(files)
  await before?.(dir)
  const others = ['decontaminated', 'other-family', 'seeded', 'real-rows', 'edge-cases', 'privacy', 'near-duplicates']
  const outcome = await released(dir, { ...recipe, gates: overrides(...others, id) })
  if (outcome instanceof Error) throw outcome
  expect(readFileSync(join(outcome.dir, 'README.md'), 'utf8')).toContain(
    `${id} was overridden, with this reason: not what this test is about`,
  )
  return outcome.gates.find(gate => gate.id === id)!
}

const next: Recipe = { release: { ...(base.release as object), version: '0.2.0', previous: '0.1.0' } }
const first =
  (recipe: Recipe, name = 'first.yaml') =>
  async (dir: string): Promise<void> => {
    const outcome = await released(dir, { ...recipe, gates: overrides('decontaminated', 'real-rows') }, name)
    if (outcome instanceof Error) throw outcome
  }
const exam = first({ name: 'exam', use: 'eval-set', release: { ...(base.release as object), date: '2026-02-01' } })

describe('each gate passes one recipe and blocks another, and says why', () => {
  test.each<[string, Recipe, Recipe, RegExp, ((dir: string) => Promise<void>)?, ((dir: string) => Promise<void>)?]>([
    [
      'licenses',
      {},
      { sources: { queries: real({ license: 'CC-BY-NC-4.0' }) } },
      /120 rows of queries: CC-BY-NC-4.0: Commercial use is excluded/,
    ],
    [
      'robots',
      { sources: { queries: real({ uri: 'https://bank.test', robots: 'Allow: /' }) } },
      { sources: { queries: real({ uri: 'https://bank.test', robots: 'Disallow: /' }) } },
      /queries: Disallow/,
    ],
    ['base-model', {}, { purpose: { base: 'LGAI/EXAONE-4', commercial: true } }, /non-commercial/],
    [
      'other-family',
      { use: 'eval-set', evaluation: { training: 'other.yaml' }, ...written({}) },
      { use: 'eval-set', evaluation: { training: 'releases/set-0.1.0' }, ...next },
      /120 rows share a source record with set 0.1.0/,
      undefined,
      first({}),
    ],
    [
      'exam-first',
      { evaluation: { exam: 'releases/exam-0.1.0', baseline: 'early.json' } },
      { evaluation: { exam: 'releases/exam-0.1.0', baseline: 'late.json' } },
      /late.json is of 2027-01-01, this release of 2026-11-20/,
      exam,
      exam,
    ],
    ['seeded', {}, { use: 'privacy', ...written({ origin: 'synthetic' }) }, /None of \d+ synthetic rows goes back/],
    ['real-rows', {}, written({ origin: 'synthetic' }), /0 of \d+ rows are real.*after 2 trainings on synthetic text/],
    [
      'accumulated',
      next,
      { ...written({ origin: 'synthetic', files: 'docs/b.md' }), ...next },
      /Of the rows of 0.1.0 \d of \d synthetic are gone \(replace\)/,
      first({}),
      first(written({ origin: 'synthetic', files: 'docs/a.md' })),
    ],
    [
      'near-duplicates',
      {},
      { sources: { queries: real({ files: 'copies.jsonl' }) } },
      /30 of 120 rows are near copies of an earlier one \(25.0 %/,
    ],
    [
      'personal-data',
      { steps: [{ 'personal-data': { from: 'queries' } }] },
      { purpose: { ...(base.purpose as object), regulated: true } },
      /Personal data was not looked for/,
    ],
  ])('%s', async (id, passes, blocks, why, before, beforeBlock) => {
    if (Object.keys(passes).length > 0) expect(await found(id, passes, before)).toMatchObject({ is: 'pass' })
    const report = await found(id, blocks, beforeBlock)
    expect(report).toMatchObject({ is: 'block', wayOut: expect.any(String), required: true })
    expect(report.why).toMatch(why)
  })

  test('the plain recipe', async () => {
    const outcome = (await released(folder(files), { gates: overrides('decontaminated') })) as ReleaseOutcome
    const passed = outcome.gates.filter(({ is }) => is === 'pass').map(({ id }) => id)
    expect(passed).toEqual(['terms', 'licenses', 'base-model', 'seeded', 'real-rows', 'near-duplicates'])
  })

  test('drift and bias: what was measured of exactly these rows counts, and nothing else', async () => {
    const dir = folder(files)
    const recipe = (more: object = {}) => ({ gates: overrides('seeded', 'decontaminated'), ...more })
    const open = (await released(dir, recipe())) as ReleaseOutcome
    const is = (outcome: ReleaseOutcome) => Object.fromEntries(outcome.gates.map(gate => [gate.id, gate.is]))
    expect(is(open)).toMatchObject({ drift: 'unknown', bias: 'unknown' })
    const [id] = readdirSync(join(dir, '.stillroom/runs'))
    const log = readFileSync(join(dir, '.stillroom/runs', id!, 'events.ndjson'), 'utf8')
    const digest = /"rows":"(\w{64})"/.exec(log)![1]!
    const keep = (kind: string, is: 'pass' | 'block', of: string) =>
      keepMeasured(join(dir, '.stillroom'), {
        ...{ format: 1, kind, is, statement: `${kind}: what was found.`, found: null, of: { name: 'set', digest: of } },
      })
    for (const kind of ['drift', 'bias']) keep(kind, 'block', 'f'.repeat(64))
    for (const kind of ['drift', 'bias']) keep(kind, 'pass', digest)
    const again = (version: string) => recipe({ release: { ...(base.release as object), version } })
    expect(is((await released(dir, again('0.2.0'))) as ReleaseOutcome)).toMatchObject({ drift: 'pass', bias: 'pass' })
    for (const kind of ['drift', 'bias']) keep(kind, 'block', digest)
    expect(await released(dir, again('0.3.0'))).toMatchObject({
      message: expect.stringMatching(/drift \(drift: what was found.\); bias \(bias: what was found.\)$/),
    })
  })

  test('residual-error: rows that people found right or wrong', async () => {
    const dir = folder(files)
    const recipe = (version: string) => ({
      gates: overrides('seeded', 'decontaminated'),
      release: { ...(base.release as object), version },
    })
    const is = (outcome: ReleaseOutcome | Error) =>
      (outcome as ReleaseOutcome).gates.find(({ id }) => id === 'residual-error')
    expect(is(await released(dir, recipe('0.1.0')))).toMatchObject({
      is: 'unknown',
      why: expect.stringContaining('No audit'),
    })
    const audited = async (verdict: string) => {
      const file = join(dir, `${verdict}.jsonl`)
      await commandLine(dir, `audit -n 40 --people ${verdict}.jsonl`)
      const drawn = readFileSync(file, 'utf8').trimEnd().split('\n')
      write(dir, { [`${verdict}.jsonl`]: lines(drawn.map(line => ({ ...JSON.parse(line), verdict, by: 'Ada' }))) })
      expect(await commandLine(dir, `audit -n 40 --people ${verdict}.jsonl`)).toMatchObject({ code: 0 })
    }
    await audited('right')
    expect(is(await released(dir, recipe('0.2.0')))).toMatchObject({
      is: 'pass',
      why: expect.stringMatching(/^At most/),
    })
    await audited('wrong')
    expect(await released(dir, recipe('0.3.0'))).toMatchObject({
      code: 'SR_GATE',
      message: expect.stringMatching(/residual-error \(.*40 of 40 drawn rows wrong/),
    })
  })

  test('edge-cases: a set without a comparison with held-out real ones', async () => {
    const outcome = await released(folder(files), { use: 'edge-cases' })
    expect(outcome).toMatchObject({ code: 'SR_GATE', message: expect.stringMatching(/edge-cases \(No step compares/) })
  })
})

test('rows of a class of license go out in a config of their own, under the license named for it', async () => {
  const dir = folder({ ...files, 'wiki.jsonl': lines([{ prompt: 'Which moon pulls the sea of the longest bay?' }]) })
  const recipe = {
    sources: { queries: real(), wiki: real({ files: 'wiki.jsonl', license: 'CC-BY-SA-4.0' }) },
    steps: [{ sample: { from: ['queries', 'wiki'], n: 1000 } }],
    gates: overrides('decontaminated'),
  }
  expect(await released(dir, recipe)).toMatchObject({
    code: 'SR_GATE',
    message: expect.stringMatching(/1 row of wiki: CC-BY-SA-4.0: Adapted text keeps its license/),
    hint: expect.stringContaining('by-license'),
  })
  const release = { ...(base.release as object), 'by-license': { 'share-alike': 'cc-by-sa-4.0' } }
  const outcome = (await released(dir, { ...recipe, release })) as ReleaseOutcome
  const card = readFileSync(join(outcome.dir, 'README.md'), 'utf8')
  expect(readdirSync(join(outcome.dir, 'data'))).toEqual(['prompt', 'prompt-share-alike'])
  expect(card).toContain('| share-alike | 1 | CC-BY-SA-4.0 | cc-by-sa-4.0, in configs that end in -share-alike |')
  expect(card).toMatch(/license:\n {2}- cc-by-4.0\n {2}- cc-by-sa-4.0/)
})

test('how much of a source stands in rows is told by overlap, or by a person with a reason that the card repeats', async () => {
  const dir = folder(files)
  const recipe = (more: object): Recipe => ({
    ...written({ license: 'CC-BY-SA-4.0', ...more }),
    release: { ...(base.release as object), license: 'cc-by-4.0' },
    gates: overrides('decontaminated'),
  })
  // The built-in teacher answers with sentences of the document: copies, whoever wrote them down.
  const outcome = await released(dir, recipe({}))
  expect(outcome).toMatchObject({ code: 'SR_GATE', message: expect.stringMatching(/licenses .*CC-BY-SA-4.0/) })
  const reason = 'our own lecture notes, which we publish under both licenses'
  const stated = (await released(dir, recipe({ derivation: { strength: 'knowledge', reason } }))) as ReleaseOutcome
  const gate = stated.gates.find(({ id }) => id === 'licenses')!
  expect(gate).toMatchObject({ is: 'pass', why: expect.stringContaining(reason) })
  expect(readFileSync(join(stated.dir, 'README.md'), 'utf8')).toContain(reason)
})

test('real rows of the release before may not all go', async () => {
  const dir = folder(files)
  await first({})(dir)
  const gone = await released(dir, { ...written({}), ...next, gates: overrides('decontaminated') })
  expect(gone).toMatchObject({
    message: expect.stringMatching(/real-rows \(Version 0.1.0 had 120 real rows, and none is left/),
  })
})
