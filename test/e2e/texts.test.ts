import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { jaccard, shingles, split } from '../../src/kernels/index.ts'
import { type Rec, random, unit } from '../../src/records/index.ts'
import { funnelErrors } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { scripted } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 3, logSize: 5000 })
})
afterAll(() => simulator.stop())

const base = (steps: object[], at = `${simulator.url}/v1`) => ({
  name: 'texts',
  language: 'en',
  seed: 7,
  teachers: { writer: { model: 'writer', at, price: 'free' }, judge: { model: 'judge', at, price: 'free' } },
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps,
})

/** Pairs of texts that exact Jaccard over five-word shingles calls near, each later one of a pair once. */
function nearCopies(texts: string[]): number {
  const sets = texts.map(text => shingles(split(text, 'match'), 5))
  return sets.filter((set, i) => sets.slice(0, i).some(other => jaccard(set, other) >= 0.8)).length
}

test('textbook: 5 % planted near-duplicates end under 1 %, and every audience and style has its pieces', async () => {
  const words = 'valve pump seat lime brass screw gauge motor spring water acid burner'.split(' ')
  const planted: string[] = []
  const essay = (name: string) => {
    const next = random(name)
    return Array.from({ length: 120 }, () => words[Math.floor(next() * words.length)]).join(' ')
  }
  const server = await scripted(({ messages }) => {
    const asked = messages.map(message => message.content).join('\n')
    if (unit(asked) >= 0.05) return essay(asked)
    planted.push(asked)
    return `${essay('the usual one')} ${planted.length}`
  })
  try {
    const steps = [{ textbook: { from: 'docs', teacher: 'writer', extract: 300 } }]
    const { error, funnel, all, notes } = await runIn(folder(documents(20)), base(steps, server.url))
    expect(error).toBeUndefined()
    expect(funnelErrors(funnel)).toEqual([])
    const first = funnel['textbook.wave-1-near']!
    expect(first.in).toBe(240)
    expect(first.dropped['near-duplicate']! / first.in).toBeGreaterThan(0.03)
    expect(planted.length).toBeGreaterThan(first.dropped['near-duplicate']!)
    expect(funnel['textbook.wave-2']!.in).toBe(first.dropped['near-duplicate'])
    // The last waves have nothing to do.
    expect(funnel['textbook.wave-4-gate']!.dropped).toEqual({ 'target-met': 240 })
    expect(all.length).toBeGreaterThanOrEqual(0.99 * 240)
    expect(nearCopies(all.map(record => (record as Rec<'document'>).text)) / all.length).toBeLessThan(0.01)
    const cells = Map.groupBy(all, ({ facets }) => `${facets.audience} x ${facets.style}`)
    expect(cells.size).toBe(12)
    for (const pieces of cells.values()) expect(pieces.length).toBeGreaterThanOrEqual(18)
    const told = notes.filter(({ step }) => step === 'textbook').map(({ message }) => message)
    expect(told[0]).toContain(`child x story ${cells.get('child x story')!.length} of 20`)
    expect(told[1]).toBe(
      `${240 - all.length} of 240 pieces stayed near-duplicates (${told[1]!.match(/\((.*)\)/)![1]}) and are left out`,
    )
    for (const { lineage } of all) {
      expect(lineage).toMatchObject({ origin: 'synthetic', generation: 1 })
      expect(lineage.parents.map(({ role }) => role)).toEqual(['subject', 'context'])
      expect(lineage.made!.prompts).toHaveLength(2)
    }
  } finally {
    await server.stop()
  }
})

test('textbook: topics stand in for documents, and a source beside them is a mistake', async () => {
  const options = { teacher: 'writer', topics: ['locks', 'tides'], audiences: ['child', 'college'], waves: 1 }
  const { all, funnel } = await runIn(folder(documents(1)), base([{ textbook: options }]))
  expect(funnel['textbook.cells']).toMatchObject({ in: 0, made: 12 })
  expect(new Set(all.map(({ facets }) => facets.topic))).toEqual(new Set(['locks', 'tides']))
  await expect(runIn(folder(documents(1)), base([{ textbook: { ...options, from: 'docs' } }]))).rejects.toMatchObject({
    code: 'SR_RECIPE_CONFLICT',
  })
})

test('critique-revise: original and revisions are siblings, every call is in the lineage, and the seed draws the principles', async () => {
  const steps = (more: object = {}) => [
    { ask: { from: 'docs', teacher: 'writer', questions: 2 } },
    { answer: { teacher: 'writer' } },
    { 'critique-revise': { teacher: 'writer', rounds: 2, keep: 'all', ...more } },
  ]
  const dir = folder(documents(3))
  const { error, funnel, all } = await runIn(dir, base(steps()))
  expect(error).toBeUndefined()
  expect(funnelErrors(funnel)).toEqual([])
  expect(funnel['critique-revise']!.in).toBe(6)
  const families = Map.groupBy(all, ({ lineage }) => lineage.parents[0]!.id)
  expect(families.size).toBe(6)
  for (const family of families.values()) {
    expect(family.map(({ facets }) => facets.revision)).toEqual([0, 1, 2])
    expect(family.map(({ lineage }) => lineage.made!.calls.length)).toEqual([0, 2, 4])
    expect(family.map(({ lineage }) => lineage.generation)).toEqual([2, 3, 3])
    expect(new Set(family.map(({ facets }) => facets.principle)).size).toBe(3)
  }
  // Another constitution asks this step's questions again, and no other's.
  const before = simulator.stats.calls
  const own = '### short\nCritique: Is it long?\nRevision: Make it short.\n'
  const again = await runIn(folder({ ...documents(3), 'own.md': own }), base(steps({ constitution: 'own.md' })))
  expect(again.error).toBeUndefined()
  expect(simulator.stats.calls - before).toBe(3 + 6 + 24)
})

/** The shape in which TRL trains on tool use (dataset_formats.md): calls name declared tools, each is answered in order. */
const called = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.record(z.string(), z.json()) }),
})
const turn = z.union([
  z.strictObject({ role: z.literal('user'), content: z.string().min(1) }),
  z.strictObject({ role: z.literal('assistant'), content: z.null(), tool_calls: z.array(called).min(1) }),
  z.strictObject({ role: z.literal('tool'), name: z.string(), content: z.string().min(1), tool_call_id: z.string() }),
  z.strictObject({ role: z.literal('assistant'), content: z.string().min(1) }),
])

test('tools: each gate drops by name before the next one costs anything, and rows have the shape of TRL', async () => {
  const file = readFileSync(join(import.meta.dirname, '../../recipes/data/tools.json'), 'utf8')
  const styles = { single: 2, multiple: 2, parallel: 2, 'parallel-multiple': 2, irrelevance: 2 }
  const options = { teacher: 'writer', judge: 'judge', tools: 'tools.json', count: 100, styles }
  const before = simulator.stats.calls
  const { error, funnel, all } = await runIn(folder({ 'tools.json': file }), {
    ...base([{ tools: options }]),
    sources: {},
  })
  expect(error).toBeUndefined()
  expect(funnelErrors(funnel)).toEqual([])
  const { write, format, execute, judge, cut } = Object.fromEntries(
    Object.entries(funnel).map(([key, counts]) => [key.replace('tools.', ''), counts]),
  )
  expect(write).toMatchObject({ in: 100, made: 100 })
  expect(format!.dropped['unknown-tool']).toBeGreaterThan(0)
  expect(format!.dropped['invalid-arguments']).toBeGreaterThan(0)
  expect(execute!.in).toBe(format!.passed)
  expect(execute!.dropped['execution-failed']).toBeGreaterThan(0)
  expect(judge!.in).toBe(execute!.passed + execute!.fixed)
  expect(cut!.dropped['below-threshold']).toBeGreaterThan(0)
  // Equal questions are asked once.
  const most = 100 + judge!.in + cut!.passed
  expect(simulator.stats.calls - before).toBeLessThanOrEqual(most)
  expect(simulator.stats.calls - before).toBeGreaterThan(0.95 * most)
  expect(all).toHaveLength(cut!.passed)
  const seen = new Set(all.map(({ facets }) => facets.style))
  expect(seen).toEqual(new Set(Object.keys(styles)))
  for (const { messages, tools, facets, scores, lineage } of all as Rec<'conversation'>[]) {
    for (const message of messages) expect(turn.safeParse(message).error).toBeUndefined()
    const calls = messages.flatMap(message => message.tool_calls ?? [])
    expect(calls).toHaveLength(Number(facets.calls))
    const names = calls.map(call => call.function.name)
    expect(messages.filter(({ role }) => role === 'tool').map(({ name }) => name)).toEqual(names)
    for (const name of names) expect(tools!.map(tool => tool.function.name)).toContain(name)
    expect(messages.at(-1)).toMatchObject({ role: 'assistant', content: expect.any(String) })
    expect(scores['tools/overall']).toMatchObject({ value: expect.any(Number), judge: expect.any(String) })
    // Who wrote the request and who wrote the answer, each with its prompt.
    expect(lineage.made!.calls).toHaveLength(2)
    expect(lineage.made!.prompts).toHaveLength(3)
  }
})

test('ground: every quotation that is kept stands in the document, and what stands on none is counted by name', async () => {
  const steps = [
    { ask: { from: 'docs', teacher: 'writer', questions: 6 } },
    { ground: { teacher: 'writer', entailment: 'judge', citations: 'keep', support: 0.6 } },
  ]
  const files = documents(6)
  const { error, funnel, all } = await runIn(folder(files), base(steps))
  expect(error).toBeUndefined()
  expect(funnelErrors(funnel)).toEqual([])
  const { lost } = funnel['ground.write']!
  expect(lost['not-in-document']).toBeGreaterThan(0)
  expect(lost['not-entailed']).toBeGreaterThan(0)
  expect(funnel['ground.cut']!.dropped['below-threshold']).toBeGreaterThan(0)
  const flat = Object.values(files).map(text => text.replace(/\s+/g, ' '))
  expect(all.length).toBeGreaterThan(10)
  for (const { messages, scores, lineage } of all as Rec<'conversation'>[]) {
    const quotes = [...messages.at(-1)!.content!.matchAll(/^\[\d+\] “(.+)”$/gm)].map(([, quote]) => quote!)
    expect(quotes.length).toBeGreaterThan(0)
    for (const quote of quotes) expect(flat.some(text => text.includes(quote))).toBe(true)
    expect(scores['ground/support']).toMatchObject({ value: expect.any(Number) })
    expect(lineage.parents.map(({ role }) => role)).toEqual(['subject', 'context'])
    expect(lineage.made!.prompts).toHaveLength(2)
  }
})

test('dialogue: turns alternate within their bounds, each asked once and named in the lineage', async () => {
  const options = { from: 'docs', teacher: 'writer', user: 'judge', turns: [2, 4], system: 'You are the valve desk.' }
  const before = simulator.log.length
  const { error, funnel, all } = await runIn(folder(documents(20)), base([{ dialogue: options }]))
  expect(error).toBeUndefined()
  expect(funnelErrors(funnel)).toEqual([])
  expect(all.length).toBeGreaterThan(15)
  for (const { messages, facets, lineage } of all as Rec<'conversation'>[]) {
    const turns = Number(facets.turns)
    expect(turns).toBeGreaterThanOrEqual(2)
    expect(turns).toBeLessThanOrEqual(4)
    const pair = ['user', 'assistant']
    expect(messages.map(({ role }) => role)).toEqual(['system', ...Array.from({ length: turns }, () => pair).flat()])
    expect(lineage.made!.teachers.toSorted()).toEqual(['self/judge', 'self/writer'])
    // One a turn, and one more where the user said that it was done, or where a turn came to nothing.
    expect(lineage.made!.calls.length - 2 * turns).toBeLessThanOrEqual(2)
    expect(lineage.made!.calls.length).toBeGreaterThanOrEqual(2 * turns)
  }
  expect(new Set(all.map(({ facets }) => facets.turns)).size).toBeGreaterThan(1)
  expect(new Set(all.map(({ facets }) => facets.style)).size).toBeGreaterThan(2)
  for (const { model, body } of simulator.log.slice(before))
    if (model === 'judge') expect(JSON.stringify(body)).not.toContain('valve desk')
})
