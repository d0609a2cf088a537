import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startSimulator } from '../../src/simulate/index.ts'
import { defineGlobal, defineMap } from '../../src/steps/index.ts'
import type { Event } from '../../src/workspace/index.ts'
import { fastClock } from '../support/clock.ts'
import { journalCalls } from '../support/journal.ts'
import { folder, runIn } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 1 })
})
afterAll(() => simulator.stop())

const vectors = defineMap<{ teacher: string }, 'document', 'document'>({
  verb: 'vectors-of',
  about: 'Notes the vector of each document.',
  version: 1,
  options: z.strictObject({ teacher: z.string() }),
  takes: ['document'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], embeds: true },
  async run(record, ctx) {
    const [vector] = await ctx.embed(ctx.options.teacher, [record.text])
    return { is: 'passed', notes: { vector: vector! } }
  },
})
/** Reads what travels beside the records, in a survey and in apply. */
const first = defineGlobal<{ of: string }>({
  verb: 'first-number',
  about: 'Notes the first number of each vector, and how many there are.',
  version: 1,
  options: z.strictObject({ of: z.string() }),
  takes: ['document'],
  gives: 'same',
  reasons: ['no-vector'],
  passes: [
    {
      survey: (records, { of }, at) =>
        new Map([[0, [...records].filter(record => at.vector(record, of) !== undefined).length]]),
      merge: (a: number, b: number) => a + b,
      decide: (_, n: number) => n,
      combine: (parts: number[]) => ({ each: new Map(), shared: parts[0] ?? 0 }),
    },
  ],
  apply(record, _, shared, { of }, at) {
    const vector = at.vector(record, of)
    if (!vector) return { is: 'dropped', reason: 'no-vector' }
    return { is: 'passed', notes: { facets: { first: vector[0]!, length: vector.length, seen: Number(shared) } } }
  },
})

const texts = Array.from({ length: 150 }, (_, i) => `Note ${i % 140}: the valve of boiler ${(i % 140) * 3} is shut.`)
const recipe = (more: object = {}, teacher: object = {}) => ({
  name: 'embedded',
  teachers: {
    e: {
      model: 'small',
      at: `${simulator.url}/v1`,
      license: 'Apache-2.0',
      price: { input: 0.1, output: 0 },
      ...teacher,
    },
  },
  sources: { docs: { files: 'docs.jsonl', license: 'cc0-1.0', kind: 'document' } },
  steps: [{ 'vectors-of': { from: 'docs', teacher: 'e' } }, { 'first-number': { of: 'vectors-of' } }],
  ...more,
})
const lines = (all: string[]) => all.map(text => JSON.stringify({ text })).join('\n')
const steps = [vectors, first] as never

test('many texts go out together, each is a call of its own, and none is paid for twice', async () => {
  const dir = folder({ 'docs.jsonl': lines(texts) })
  const before = simulator.stats.calls
  const ran = await runIn(dir, recipe(), { steps })
  expect(ran.error).toBeUndefined()
  expect(simulator.stats.calls - before).toBeLessThan(12)
  expect(ran.calls.e).toMatchObject({ sent: 140 })
  expect(journalCalls(dir).size).toBe(140)
  expect(ran.all).toHaveLength(150)
  expect(new Set(ran.all.map(record => record.facets.seen))).toEqual(new Set([150]))
  // What travels beside a record is no part of it.
  expect(JSON.stringify(ran.all[0])).not.toContain('vectors')
  const paid = ran.calls.e!
  expect(paid.usd).toBeCloseTo((paid.input * 0.1) / 1e6, 9)

  const more = folder({ 'docs.jsonl': lines([...texts, 'A new note about a pump.']) })
  const sent = simulator.stats.calls
  const again = await runIn(dir, recipe(), { steps })
  expect([simulator.stats.calls - sent, again.all]).toEqual([0, ran.all])
  const other = await runIn(more, recipe({}, { dimensions: 16 }), { steps })
  expect(new Set(other.all.map(record => record.facets.length))).toEqual(new Set([16]))
  expect(other.all).toHaveLength(151)
})

test('a text that is refused costs itself alone', async () => {
  const long = 'x'.repeat(8192 * 5)
  const ran = await runIn(folder({ 'docs.jsonl': lines([...texts.slice(0, 20), long]) }), recipe(), { steps })
  expect(ran.error).toBeUndefined()
  expect(ran.funnel['vectors-of']).toMatchObject({ in: 21, passed: 20, dropped: { 'step-error': 1 } })
})

test('a refused text in each of many requests ends no run: together they are no sign of a wrong model', async () => {
  const long = (i: number) => `${i} ${'x'.repeat(8192 * 5)}`
  const mixed = Array.from({ length: 384 }, (_, i) => (i % 16 === 9 ? long(i) : `Note ${i}: boiler ${i * 3} is cold.`))
  const ran = await runIn(folder({ 'docs.jsonl': lines(mixed) }), recipe(), { steps })
  expect(ran.error).toBeUndefined()
  expect(ran.funnel['vectors-of']).toMatchObject({ in: 384, passed: 360, dropped: { 'step-error': 24 } })
})

test.each([
  ['texts.slice(1).map(() => Float32Array.of(1))', 'SR_TEACHER_REJECTS', '5 vectors came for 6 texts'],
  ['texts.map(() => null)', 'SR_INTERNAL', 'TypeError'],
])('what is wrong with a teacher ends the run and no row: %s', async (given, code, message) => {
  const module = `export default {
    id: 'own/small', provider: 'own', model: 'small', can: {}, doGenerate: () => Promise.reject(new Error('none')),
    embeds: {}, doEmbed: async texts => ({ vectors: ${given}, usage: { input: 1, output: 0 } }),
  }`
  const dir = folder({ 'docs.jsonl': lines(texts.slice(0, 6)), 'own.js': module })
  const own = { e: { model: 'own/small', use: './own.js', license: 'Apache-2.0', price: 'free' } }
  const ran = await runIn(dir, recipe({ teachers: own }), { steps })
  expect(ran.error).toMatchObject({ code, message: expect.stringContaining(message) })
  expect(ran.funnel['vectors-of']?.dropped['step-error']).toBeUndefined()
})

test('a server that asks for a long wait parks the texts, and they are asked for again once', async () => {
  const slow = await startSimulator({
    seed: 1,
    faults: [{ kind: { status: 429, headers: { 'retry-after': '600' } }, from: 2, to: 2 }],
  })
  try {
    const dir = folder({ 'docs.jsonl': lines(texts) })
    const one = { at: `${slow.url}/v1`, concurrency: 1 }
    const ran = await runIn(dir, recipe({}, one), { steps, clock: fastClock(20_000) })
    expect(ran.error).toBeUndefined()
    expect(ran.all).toHaveLength(150)
    expect(ran.calls.e).toMatchObject({ sent: 140 })
  } finally {
    await slow.stop()
  }
})

test('the time of a request is shared by its texts: one after the other they take no longer than the run', async () => {
  const ticks: number[] = []
  const clock = fastClock(1)
  const elapsed = () => ticks[ticks.push(clock.elapsed()) - 1]!
  let ms = 0
  const take = (event: Event) => {
    if (event.event === 'call') ms += event.ms!
  }
  const dir = folder({ 'docs.jsonl': lines(texts) })
  await runIn(dir, recipe({}, { concurrency: 1 }), { steps, clock: { ...clock, elapsed }, renderers: [take] })
  expect(ms).toBeLessThanOrEqual(ticks.at(-1)! - ticks[0]!)
})

test('a vector noted of what is made goes on with it', async () => {
  const halves = defineMap<object, 'document', 'document'>({
    verb: 'halves',
    about: 'Makes two documents of each, with a vector of their length.',
    version: 1,
    options: z.strictObject({}),
    takes: ['document'],
    gives: ['document'],
    reasons: [],
    async run({ text }) {
      const parts = [text.slice(0, 10), text.slice(10)]
      const notes = (part: string) => ({ vector: Float32Array.of(part.length) })
      const made = parts.map((part, index) => ({
        payload: { kind: 'document' as const, text: part },
        index,
        notes: notes(part),
      }))
      return { is: 'made', made }
    },
  })
  const own = [{ halves: { from: 'docs' } }, { 'first-number': { of: 'halves' } }]
  const dir = folder({ 'docs.jsonl': lines(texts.slice(0, 3)) })
  const ran = await runIn(dir, recipe({ teachers: {}, steps: own }), { steps: [halves, first] as never })
  expect(ran.error).toBeUndefined()
  expect(ran.all.map(record => record.kind === 'document' && record.facets.first === record.text.length)).toEqual(
    Array(6).fill(true),
  )
})

test('a budget of calls counts texts, and is kept', async () => {
  const dir = folder({ 'docs.jsonl': lines(texts) })
  const ran = await runIn(dir, recipe({ budget: { calls: 100 } }), { steps })
  expect(ran.status).toBe('budget')
  expect(journalCalls(dir).size).toBeLessThanOrEqual(100)
  const rest = await runIn(dir, recipe(), { steps })
  expect(rest.error).toBeUndefined()
  expect((ran.calls.e?.sent ?? 0) + rest.calls.e!.sent).toBe(140)
  // What is left is used up, even where it is less than a whole request.
  const little = await runIn(folder({ 'docs.jsonl': lines(texts) }), recipe({ budget: { calls: 50 } }), { steps })
  expect([little.status, little.calls.e?.sent]).toEqual(['budget', 50])
})

test('a model that makes no vectors, and a pool of models, end the run by name', async () => {
  const files = { 'docs.jsonl': lines(texts.slice(0, 3)) }
  const none = { e: { model: 'builtin/extractive' } }
  const ran = await runIn(folder(files), recipe({ teachers: none }), { steps })
  expect(ran.error?.message).toContain('makes no vectors')
  const at = `${simulator.url}/v1`
  const two = {
    a: { model: 'a', at, price: 'free' },
    b: { model: 'b', at, price: 'free' },
    e: { 'any-of': { a: 1, b: 1 } },
  }
  const mixed = await runIn(folder(files), recipe({ teachers: two }), { steps })
  expect(mixed.error).toMatchObject({ code: 'SR_RECIPE_CONFLICT' })
})
