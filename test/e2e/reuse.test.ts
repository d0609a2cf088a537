import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canonical, type Rec } from '../../src/records/index.ts'
import type { RunOptions } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import type { Event } from '../../src/workspace/index.ts'
import { fastClock } from '../support/clock.ts'
import { documents } from '../support/documents.ts'
import { journalCalls } from '../support/journal.ts'
import { folder, runIn, write } from '../support/project.ts'

type Simulator = Awaited<ReturnType<typeof startSimulator>>
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
afterAll(() => simulator.stop())

const teacher = (model: string, at = simulator.url) => ({ model, at: `${at}/v1`, price: 'free' })
/** Extract, ask, answer twice, judge and cut: every shape of stage, three teachers. */
function recipe(change: { teachers?: object; drop?: string; min?: number; more?: object } = {}) {
  return {
    name: 'reused',
    seed: 3,
    teachers: { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge'), ...change.teachers },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [
      { extract: { from: 'docs', keep: '80%' } },
      { ask: { teacher: 'writer', questions: 3 } },
      { answer: { teacher: 'solver', samples: 2 } },
      { length: { min: change.min ?? 1, max: 4000 } },
      { judge: { teacher: 'judge', drop: change.drop ?? '30%' } },
    ],
    ...change.more,
  }
}

const lines = (rows: Rec[]) => rows.map(canonical).join('\n')
/** Runs, and says how many calls reached the simulator meanwhile. */
async function counted(
  dir: string,
  what: object,
  options: Partial<RunOptions> & { clock?: ReturnType<typeof fastClock> } = {},
  at = simulator,
) {
  const before = at.stats.calls
  const ran = await runIn(dir, what, options)
  expect(ran.error).toBeUndefined()
  return { ...ran, paid: at.stats.calls - before, text: lines(ran.all) }
}

test('an unchanged recipe, and one that changes what reads replies only, asks nobody again', async () => {
  const dir = folder(documents(10))
  const first = await counted(dir, recipe())
  expect(first.paid).toBeGreaterThan(60)
  const again = await counted(dir, recipe())
  expect([again.paid, again.text]).toEqual([0, first.text])

  const cut = await counted(dir, recipe({ drop: '40%' }))
  expect(cut.paid).toBe(0)
  expect(cut.funnel['judge.cut']!.dropped['bottom-share']).toBe(Math.floor(0.4 * cut.funnel['judge.cut']!.in))
  expect(cut.all.length).toBeLessThan(first.all.length)

  const tokens = first.all.map(row => row.facets.tokens!).sort((a, b) => a - b)
  const filtered = await counted(dir, recipe({ min: tokens[Math.floor(tokens.length / 2)]! }))
  expect(filtered.paid).toBe(0)
  expect(filtered.all.length).toBeLessThan(first.all.length)

  const released = recipe({ more: { release: { version: '0.2.0', license: 'cc0-1.0', date: '2026-01-01' } } })
  const release = await counted(dir, released)
  expect([release.paid, release.text]).toEqual([0, first.text])
  const back = await counted(dir, recipe())
  expect([back.paid, back.text]).toEqual([0, first.text])
}, 60_000)

test('what a teacher is called, where it stands, how fast and at which price it is asked repays nothing', async () => {
  const dir = folder(documents(6))
  const first = await counted(dir, recipe())
  const moved = await startSimulator({ seed: 5 })
  try {
    const elsewhere = Object.fromEntries(['writer', 'solver', 'judge'].map(name => [name, teacher(name, moved.url)]))
    const there = await counted(dir, recipe({ teachers: elsewhere }), {}, moved)
    expect([there.paid, there.text]).toEqual([0, first.text])
  } finally {
    await moved.stop()
  }
  const writer = {
    ...teacher('writer'),
    ...{
      concurrency: 3,
      start: 2,
      rpm: 1000,
      timeout: 9,
      key: 'SOME_KEY',
      license: 'apache-2.0',
      price: { input: 1, output: 2 },
    },
  }
  const tuned = await counted(dir, recipe({ teachers: { writer } }), { env: { SOME_KEY: 'k-1' } })
  expect([tuned.paid, tuned.text]).toEqual([0, first.text])

  const { writer: old, ...others } = recipe().teachers
  const renamed = recipe()
  const [extract, ask, ...rest] = renamed.steps as [object, { ask: object }, ...object[]]
  const steps = [extract, { ask: { ...ask.ask, teacher: 'author' } }, ...rest]
  const named = await counted(dir, { ...renamed, teachers: { author: old, ...others }, steps })
  expect([named.paid, named.text]).toEqual([0, first.text])
  const reseeded = await counted(dir, { ...recipe(), seed: 4 })
  expect(reseeded.paid).toBe(0)
})

test('another output cap asks again only where a reply was cut off, and the earlier cap is never paid twice', async () => {
  const dir = folder(documents(6))
  const capped = (max_tokens: number) => recipe({ teachers: { solver: { ...teacher('solver'), max_tokens } } })
  const [low, high] = [2000, 4000]
  const first = await counted(dir, capped(low))
  const raised = await counted(dir, capped(high))
  expect([raised.paid, raised.text]).toEqual([0, first.text])
  expect((await counted(dir, capped(low))).paid).toBe(0)
  const tight = await runIn(dir, capped(40))
  const cut = tight.funnel['answer.draw']!
  expect(cut.lost.truncated ?? cut.dropped.truncated).toBeGreaterThan(0)
  const before = simulator.stats.calls
  expect((await counted(dir, capped(low))).text).toBe(first.text)
  const tightAgain = await runIn(dir, capped(40))
  expect(simulator.stats.calls).toBe(before)
  expect(lines(tightAgain.all)).toBe(lines(tight.all))
})

/** A step in a file beside the recipe: the same prompt, another reading of its reply. */
const own = (suffix: string) => {
  const root = join(import.meta.dirname, '..', '..')
  const from = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href)
  return `import { z } from ${JSON.stringify(import.meta.resolve('zod'))}
import { defineMap } from ${from('src/steps/index.ts')}
export default defineMap({
  verb: 'gloss', about: 'Explains a document in one line.', version: 1,
  options: z.strictObject({ teacher: z.string() }),
  takes: ['document'], gives: ['prompt'], reasons: [], needs: { teachers: ['teacher'] },
  teacher: o => o.teacher,
  prompt: r => ({ messages: [{ role: 'user', content: 'Explain: ' + r.text }] }),
  parse: reply => ({ is: 'made', made: [{ payload: { kind: 'prompt', messages: [{ role: 'user', content: reply.content + '${suffix}' }] }, index: 0 }] }),
})
`
}

test("a user's step that reads its replies differently reads the stored ones", async () => {
  const dir = folder({ ...documents(8), 'gloss.ts': own('!') })
  const glossed = { ...recipe(), steps: [{ use: './gloss.ts', from: 'docs', options: { teacher: 'writer' } }] }
  const first = await counted(dir, glossed)
  expect(first.paid).toBe(8)
  write(dir, { 'gloss.ts': own('?') })
  const second = await counted(dir, glossed)
  expect(second.paid).toBe(0)
  expect(second.text).not.toBe(first.text)
  expect(second.text.replaceAll('?"', '!"').length).toBe(first.text.length)
})

/** Named so that shards end after four of the documents: boundaries follow from the hashes of their ids. */
const tiny = (n: number) => {
  const files: { [path: string]: string } = {}
  for (let i = 0; i < n; i++) {
    const text = `Belt ${i} runs at ${i + 3} metres a minute, and it is changed every ${i % 9} weeks.`
    files[`docs/belt-${String(i).padStart(3, '0')}.md`] = `# Belt ${i}\n\n${text}\n`
  }
  return files
}
function wide() {
  const steps = [
    { extract: { from: 'docs', keep: '80%' } },
    { ask: { teacher: 'writer', questions: 1 } },
    { answer: { teacher: 'solver' } },
  ]
  return { ...recipe(), steps }
}
/** Ids of the documents that rows were made from. */
const documentsOf = (rows: Rec[]) =>
  new Set(rows.flatMap(row => row.lineage.parents.filter(p => p.role === 'context').map(p => p.id)))

test('one more document costs the calls of what is newly kept, and one task a map stage', async () => {
  const dir = folder(tiny(240))
  const first = await counted(dir, wide())
  const [kept, journal] = [documentsOf(first.all), journalCalls(dir)]
  expect([kept.size, first.paid]).toEqual([192, 384])
  const text =
    'The relief valve opens first, because its spring is the weakest. So the boiler is safe when all others stick.'
  write(dir, { 'docs/belt-130-a.md': `# A relief valve\n\n${text}\n` })
  const events: Event[] = []
  const second = await counted(dir, wide(), { renderers: [event => void events.push(event)] })

  const fresh = [...documentsOf(second.all)].filter(id => !kept.has(id))
  expect(fresh).toHaveLength(1)
  const made = [...journalCalls(dir)].filter(([call]) => !journal.has(call))
  for (const [, request] of made) expect(request).toContain(text)
  // One call asks about it, and one answers the question.
  expect([made.length, second.paid]).toEqual([2, 2])

  const tasks = new Map<string, boolean[]>()
  for (const event of events) {
    if (event.event === 'task-done') tasks.set(event.stage, [...(tasks.get(event.stage) ?? []), event.cached])
  }
  for (const stage of ['extract.score', 'ask', 'answer']) {
    expect(tasks.get(stage)!.length).toBeGreaterThan(3)
    expect([stage, tasks.get(stage)!.filter(cached => !cached).length]).toEqual([stage, 1])
  }
}, 60_000)

test('bytes do not depend on how many calls are in the air, or on the order of replies', async () => {
  const slow = await startSimulator({ seed: 5, latencyMs: [0, 6] })
  try {
    const texts: string[] = []
    for (const concurrency of [1, 7, 200]) {
      const at = (model: string) => ({ ...teacher(model, slow.url), concurrency, start: concurrency })
      const teachers = { writer: at('writer'), solver: at('solver'), judge: at('judge') }
      texts.push((await counted(folder(documents(8)), recipe({ teachers }), {}, slow)).text)
    }
    expect(texts[0]!.length).toBeGreaterThan(1000)
    expect(texts[1]).toBe(texts[0])
    expect(texts[2]).toBe(texts[0])
  } finally {
    await slow.stop()
  }
})

test('a server that fails and limits gives the same rows, and none is lost', async () => {
  const calm = await counted(folder(documents(8)), recipe())
  const rough = await startSimulator({
    seed: 5,
    errorRate: 0.2,
    latencyMs: 1,
    limits: { concurrency: 4, retryAfterMs: 50 },
  })
  try {
    const at = (model: string) => teacher(model, rough.url)
    const teachers = { writer: at('writer'), solver: at('solver'), judge: at('judge') }
    const ran = await counted(folder(documents(8)), recipe({ teachers }), { clock: fastClock(50) }, rough)
    expect(rough.stats.faults).toBeGreaterThan(5)
    expect(rough.stats.limited).toBeGreaterThan(0)
    expect(ran.text).toBe(calm.text)
    expect(ran.funnel).toEqual(calm.funnel)
  } finally {
    await rough.stop()
  }
})
