import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareShapes } from './compare-shapes.ts'
import { compareFunnels, inOrder } from './funnels.ts'
import { flatten, type Shape, type StepShape } from './shape.ts'

const step = (key: string, options = {}, more: Partial<StepShape> = {}): StepShape => ({
  ...{ key, verb: key, version: 1, options, from: [], prompts: {} },
  ...more,
})
/** A chain of steps, each a stage of its own, with a fingerprint that follows from all it says. */
const shape = (steps: StepShape[], more: Partial<Shape> = {}): Shape => ({
  name: 'tutor',
  settings: { 'budget.usd': 50, seed: 7 },
  teachers: { writer: { model: 'self/qwen3', temperature: 0.7, concurrency: 8 } },
  sources: { docs: { files: 'docs/*.md', license: 'CC-BY-4.0' } },
  steps,
  stages: steps.map((one, i) => ({
    key: one.key,
    id: JSON.stringify({ ...one, from: null }),
    from: [steps[i - 1]?.key ?? 'docs'],
    step: one.key,
  })),
  ...more,
})

test('options, prompts, modules and teachers are told old and new, and what no row depends on apart', () => {
  const a = shape([
    step('ask', { questions: 10 }, { prompts: { 'ask.en.md': 'aaaaaaaaaaaaaaaa' } }),
    step('mine', {}, { code: '1'.repeat(64) }),
    step('judge', { drop: 0.3 }),
    step('dedupe', { near: 0.8 }),
  ])
  const b = shape(
    [
      step('ask', { questions: 10 }, { prompts: { 'ask.en.md': 'bbbbbbbbbbbbbbbb' } }),
      step('mine', {}, { code: '2'.repeat(64) }),
      step('judge', { drop: 0.5, samples: 3 }),
      step('dedupe', { near: 0.8 }),
      step('split', { into: 'train' }),
    ],
    {
      settings: { 'budget.usd': 80, seed: 7 },
      teachers: { writer: { model: 'self/qwen3', temperature: 0.2, concurrency: 64 }, solver: { model: 'self/r1' } },
    },
  )
  const diff = compareShapes(a, b)
  expect(diff.steps).toEqual({ added: ['split'], removed: [], moved: [] })
  expect(diff.changes).toEqual([
    { path: 'ask prompt.ask.en.md', was: 'aaaaaaaaaaaa', is: 'bbbbbbbbbbbb' },
    { path: 'mine.its module', was: '111111111111', is: '222222222222' },
    { path: 'judge.drop', was: 0.3, is: 0.5 },
    { path: 'judge.samples', is: 3 },
    { path: 'teachers.writer.temperature', was: 0.7, is: 0.2 },
    { path: 'teachers.writer.concurrency', was: 8, is: 64, idle: true },
    { path: 'teachers.solver', is: 'self/r1' },
    { path: 'budget.usd', was: 50, is: 80, idle: true },
  ])
  expect(diff.reruns).toEqual([
    { stage: 'ask', is: 'changed' },
    { stage: 'mine', is: 'changed' },
    { stage: 'judge', is: 'changed' },
    { stage: 'dedupe', is: 'after', after: ['judge'] },
    { stage: 'split', is: 'new' },
  ])
})

test('steps that changed places are told as moved, and nothing else is', () => {
  const keys = ['a', 'b', 'c', 'd']
  const of = (order: string[]) => shape(order.map(key => step(key)))
  expect(compareShapes(of(keys), of(['b', 'c', 'd', 'a'])).steps.moved).toEqual(['a'])
  expect(compareShapes(of(['a', 'b']), of(['b', 'a'])).steps.moved).toEqual(['b', 'a'])
})

const some = fc
  .uniqueArray(fc.constantFrom('ask', 'answer', 'judge', 'dedupe', 'split'), { maxLength: 5 })
  .chain(keys =>
    fc.tuple(...keys.map(key => fc.nat(2).map(n => step(key, n === 0 ? {} : { n })))).map(all => shape(all)),
  )

test('a recipe differs from itself in nothing, and two are told alike from either side', () => {
  fc.assert(
    fc.property(some, some, (a, b) => {
      expect(compareShapes(a, a)).toMatchObject({
        steps: { added: [], removed: [], moved: [] },
        changes: [],
        reruns: [],
      })
      const [there, back] = [compareShapes(a, b), compareShapes(b, a)]
      expect(back.steps.added.sort()).toEqual(there.steps.removed.sort())
      expect(back.steps.moved.sort()).toEqual(there.steps.moved.sort())
      const turned = back.changes.map(({ path, was, is }) => ({ path, was: is, is: was }))
      const sorted = (all: { path: string }[]) => all.sort((x, y) => (x.path < y.path ? -1 : 1))
      expect(sorted(turned)).toEqual(sorted(there.changes))
      expect(there.reruns.length + there.same.length).toBe(b.stages.length)
    }),
  )
})

test('funnels stand side by side, each step where its own order has it', () => {
  expect(inOrder(['docs', 'ask', 'judge', 'dedupe'], ['docs', 'ask', 'clean', 'dedupe'])).toEqual([
    ...['docs', 'ask', 'clean', 'judge', 'dedupe'],
  ])
  const counts = { passed: 0, fixed: 0, expanded: 0, consumed: 0, items: 0, made: 0, lost: {}, repairs: {} }
  const was = { judge: { ...counts, in: 10, passed: 7, dropped: { low: 2, unscored: 1 } } }
  const is = { judge: { ...counts, in: 10, passed: 5, dropped: { low: 5 } } }
  expect(compareFunnels(was, is, { was: ['judge'], is: ['judge'] })).toEqual([
    {
      step: 'judge',
      was: { in: 10, out: 7 },
      is: { in: 10, out: 5 },
      change: -2,
      reasons: [
        { reason: 'low', of: 'dropped', was: 2, is: 5 },
        { reason: 'unscored', of: 'dropped', was: 1, is: 0 },
      ],
    },
  ])
})

test('settings are told by their path; lists of plain values stay whole', () => {
  expect(flatten({ a: { b: 1, c: [1, 2] }, d: [{ e: 1 }], f: {}, g: undefined, h: null })).toEqual({
    ...{ 'a.b': 1, 'a.c': [1, 2], 'd.0.e': 1, f: {}, h: null },
  })
})
