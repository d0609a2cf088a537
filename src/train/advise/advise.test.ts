import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Estimate, estimate, type Load } from '../estimate/estimate.ts'
import { gpuNamed } from '../estimate/gpus.ts'
import { modelShape } from '../estimate/model-shape.ts'
import type { Adapter, Method } from '../phase.ts'
import { type KindTraits, lengthsOf } from '../traits.ts'
import { chooseMethod, type Ground, isTuned, leftOut } from './choose.ts'
import { claimsAbout } from './claims.ts'
import { type Ask, propose } from './propose.ts'

const rowsOf = (n: number, more: Partial<KindTraits> = {}): KindTraits => ({
  ...{ kind: 'conversation', rows: n, heldOut: 0, splits: {}, heldOutTokens: 0, tooLong: [], repeated: 0 },
  ...{ multiTurn: 0, tools: 0, reasoning: 0, verifiable: 0, verifiers: {} },
  ...{ lengths: lengthsOf(Array(n).fill(300)), fitting: lengthsOf(Array(n).fill(300)) },
  ...more,
})
const pairsOf = (n: number, sure: boolean | 'unknown' = false, equal = 0) =>
  rowsOf(n, {
    kind: 'preference',
    pairs: {
      bias: { pairs: n, traits: [] },
      equal: { rows: equal, ids: [] },
      similarity: 0.5,
      ...(sure === true ? { margins: { known: n, largest: 4, atLargest: 0.8 } } : {}),
      nearDeterministic: sure,
    },
  })
const labelsOf = (good: number, bad: number) => rowsOf(good + bad, { kind: 'feedback', labels: { good, bad } })
const checked = (n: number) => rowsOf(n, { kind: 'prompt', verifiable: n })

const base = 'Qwen/Qwen3-8B-Base'
const choices: [string, Partial<Ground>, Method | undefined, string?][] = [
  ['pairs', { pairs: pairsOf(20_000) }, 'dpo', 'some'],
  ['few pairs: a number is no reason', { pairs: pairsOf(800) }, 'dpo', 'some'],
  ['pairs that are decided for sure', { pairs: pairsOf(20_000, true) }, 'ipo', 'some'],
  ['pairs and no conversations, from a base model', { pairs: pairsOf(500), tuned: false }, 'orpo', 'some'],
  ['the same from a tuned one', { pairs: pairsOf(500), tuned: false, base: 'Qwen2.5-7B-Instruct' }, 'dpo', 'some'],
  [
    'all weights, and no room for a reference',
    { pairs: pairsOf(500), adapter: 'full', referenceTooLarge: true },
    'simpo',
    'strong',
  ],
  ['labels', { feedback: labelsOf(60, 40) }, 'kto', 'strong'],
  ['many labels and a few pairs', { feedback: labelsOf(900, 100), pairs: pairsOf(100) }, 'kto', 'strong'],
  ['labels of one sort beside pairs', { feedback: labelsOf(900, 0), pairs: pairsOf(100) }, 'dpo', 'some'],
  ['what a program can check', { verifiable: checked(300) }, 'grpo', 'some'],
  ['pairs whose sides are equal', { pairs: pairsOf(50, false, 50) }, undefined],
  ['nothing', {}, undefined],
]
test.each(choices)('the method for %s', (_, ground, method, grade) => {
  const whole: Ground = { base, adapter: 'qlora', tuned: true, ...ground }
  const choice = chooseMethod(whole)
  expect([choice?.method, choice?.reasons[0]?.grade]).toEqual([method, grade])
  // What it says it does instead, it can.
  for (const other of choice?.alternatives ?? []) expect(leftOut(whole, other.method)).toBeUndefined()
  expect(leftOut(whole) === undefined).toBe(method !== undefined)
})

test('a phase that there is nothing for is left out with words', () => {
  const ground: Ground = { base, adapter: 'qlora', tuned: true, feedback: labelsOf(30, 0), pairs: pairsOf(4, false, 4) }
  expect(leftOut(ground)!.why).toBe(
    'the preference set is empty: both sides of all 4 pairs are equal, all 30 labels are true, so that there is nothing to tell apart, no row has a verifier and what to check against',
  )
  expect(leftOut(ground, 'simpo')).toMatchObject({
    why: 'simpo cannot be trained: both sides of all 4 pairs are equal',
  })
})

test('whether a name is that of a tuned model', () => {
  const names = [
    'Qwen/Qwen3-8B-Base',
    'meta-llama/Llama-3.1-8B',
    'meta-llama/Llama-3.1-8B-Instruct',
    'google/gemma-2-9b-it',
  ]
  expect([...names, 'Qwen/Qwen3-8B', 'acme/critic-7b'].map(isTuned)).toEqual([
    false,
    false,
    true,
    true,
    undefined,
    undefined,
  ])
})

const hardware = { gpu: gpuNamed('A100-80G'), gpus: 1, nodes: 1 }
const proposal = (method: Method, more: Partial<Ask> = {}) => {
  const traits = more.traits ?? pairsOf(12_000)
  const phase = method === 'sft' ? ('sft' as const) : ('preference' as const)
  return propose({
    ...{ phase, method, advised: method, reasons: [], alternatives: [], base, adapter: 'lora', context: 2048, seed: 7 },
    ...{ traits, rows: traits.rows, lengths: traits.lengths, model: modelShape(base)!, hardware, stated: {} },
    ...more,
  })
}

// Method, adapter, base: learning rate, beta, gamma. TRL's defaults, the papers, and the grid of princeton-nlp/SimPO.
const starts: [Method, Adapter, string, number, number?, number?][] = [
  ['sft', 'full', base, 2e-5],
  ['sft', 'lora', base, 2e-4],
  ['dpo', 'full', base, 5e-7, 0.1],
  ['dpo', 'qlora', base, 5e-6, 0.1],
  ['kto', 'full', base, 5e-7, 0.1],
  ['orpo', 'full', base, 5e-6, 0.1],
  ['grpo', 'full', base, 1e-6, 0],
  ['simpo', 'full', 'mistralai/Mistral-7B-v0.1', 3e-7, 2, 1.6],
  ['simpo', 'full', 'mistralai/Mistral-7B-Instruct-v0.2', 5e-7, 2.5, 0.25],
  ['simpo', 'full', 'meta-llama/Meta-Llama-3-8B', 6e-7, 2, 1],
  ['simpo', 'full', 'meta-llama/Meta-Llama-3-8B-Instruct', 1e-6, 2.5, 1.375],
  ['simpo', 'full', base, 5e-7, 2, 1],
  ['simpo', 'lora', 'meta-llama/Meta-Llama-3-8B-Instruct', 5e-6, 2.5, 1.375],
]
test.each(starts)('%s by %s begins, for %s, at %d, %d, %d', (method, adapter, model, rate, beta, gamma) => {
  const { settings } = proposal(method, { adapter, base: model })
  expect([settings.learningRate, settings.beta, settings.gamma]).toEqual([rate, beta, gamma])
  expect(settings.lora === undefined).toBe(adapter === 'full')
  expect(Number.isInteger(settings.warmupSteps)).toBe(true)
})

test('KTO weighs the rarer side by n+ / n-, leaves 1:1 to 4:3 alone, and keeps 4 rows to a micro-batch', () => {
  const weights = (good: number, bad: number) => {
    const { settings } = proposal('kto', { traits: labelsOf(good, bad) })
    expect(settings.microBatch).toBeGreaterThanOrEqual(4)
    return [settings.desirableWeight, settings.undesirableWeight]
  }
  expect([weights(300, 100), weights(100, 250), weights(120, 100)]).toEqual([
    [1, 3],
    [2.5, 1],
    [1, 1],
  ])
})

test('what the recipe states wins, and the plan says where it departs', () => {
  const { settings, departures } = proposal('dpo', {
    advised: 'ipo',
    stated: { learningRate: 1e-6, beta: 0.1, batch: 24, microBatch: 3, maxSteps: 50, rank: 8 },
  })
  expect(settings).toMatchObject({ learningRate: 1e-6, beta: 0.1, microBatch: 3, accumulation: 8, maxSteps: 50 })
  expect(settings).toMatchObject({ lora: { rank: 8, alpha: 16 }, warmupSteps: 5 })
  expect(settings.epochs).toBeUndefined()
  expect(departures).toEqual([
    { setting: 'method', advised: 'ipo', stated: 'dpo' },
    { setting: 'learningRate', advised: 5e-6, stated: 1e-6 },
    { setting: 'batch', advised: 64, stated: 24 },
    { setting: 'epochs', advised: 1, stated: '50 steps' },
    { setting: 'rank', advised: 32, stated: 8 },
  ])
})

test('short rows are packed for tuning, never for preferences', () => {
  const rows = rowsOf(20_000)
  expect(proposal('sft', { traits: rows }).settings).toMatchObject({ packing: true, epochs: 2 })
  expect(proposal('sft', { traits: rowsOf(400) }).settings).toMatchObject({ packing: false, epochs: 3 })
  expect(proposal('dpo').settings.packing).toBe(false)
})

test('popular claims are answered by name where they touch the plan', () => {
  const claims = (more: object) =>
    claimsAbout({ adapter: 'lora', openTeachers: [], ...more }).map(({ claim, grade }) => [claim, grade])
  expect(claims({ pairs: pairsOf(3000) })).toEqual([
    ['"IPO under 10K pairs"', 'heuristic'],
    ['"SimPO as the standard"', 'some'],
    ['"SimPO needs no reference model"', 'strong'],
  ])
  expect(claims({ feedback: labelsOf(9, 9) })).toEqual([['"KTO when labels are binary"', 'strong']])
  expect(claims({ parameters: 70.6e9 })).toEqual([['"70B on one 24 GB card"', 'strong']])
  expect(claims({ pairs: pairsOf(50_000) }).map(([claim]) => claim)).not.toContain('"IPO under 10K pairs"')
  expect(claims({ openTeachers: ['self/qwen3-32b'] })).toHaveLength(1)
})

test('steps divide the batch over all GPUs, fit where anything does, and more rows never cost less', () => {
  const methods = fc.constantFrom<Method>('sft', 'dpo', 'ipo', 'simpo', 'orpo', 'grpo')
  const adapters = fc.constantFrom<Adapter>('lora', 'qlora', 'full')
  const kinds = fc.constantFrom('RTX-4090', 'A100-40G', 'H100-80G')
  fc.assert(
    fc.property(
      methods,
      adapters,
      kinds,
      fc.constantFrom(1, 2, 8),
      fc.integer({ min: 20, max: 9000 }),
      fc.nat(9000),
      (method, adapter, kind, gpus, n, more) => {
        const model = modelShape('Qwen/Qwen3-4B')!
        const where = { gpu: gpuNamed(kind), gpus, nodes: 1 }
        const traits = (method === 'sft' ? rowsOf : pairsOf)(n)
        const { settings } = proposal(method, { adapter, traits, model, hardware: where })
        const load = (rows: number): Load => ({
          ...{ method, adapter, model, rows, heldOut: 0, heldOutTokens: 0 },
          lengths: lengthsOf(Array(rows).fill(300)),
        })
        const [less, most]: Estimate[] = [n, n + more].map(rows => estimate(load(rows), settings, where))
        expect(most!.hours.value).toBeGreaterThanOrEqual(less!.hours.value)
        expect(most!.dollars!.low).toBeGreaterThanOrEqual(less!.dollars!.low)
        expect(most!.memory.total.value).toBe(less!.memory.total.value)
        const least = estimate(load(n), { ...settings, microBatch: 1 }, where)
        if (least.fits === 'yes') expect(less!.fits).toBe('yes')
        expect(settings.warmupSteps).toBeLessThan(Math.max(2, less!.steps))
        if (method === 'grpo')
          expect((settings.microBatch * settings.accumulation * gpus) % settings.generations!).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
})
