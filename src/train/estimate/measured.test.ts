import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Band, bandOf } from './band.ts'
import { gpuNamed } from './gpus.ts'
import { type MemoryAsk, memoryOf } from './memory.ts'
import { adapterParams, modelShape, sizeOf } from './model-shape.ts'
import { type StepAsk, stepSeconds, timeRange } from './time.ts'

// GB in all and seconds of an optimizer step by length, batch 1 x accumulation 8, rank 64, gradient checkpointing: README of
// QwenLM/Qwen, "Profiling of Memory and Speed", on A100-80G; all rows but those that train the embeddings as well.
const lengths = [256, 512, 1024, 2048, 4096, 8192]
type Measured = [string, 'lora' | 'qlora' | 'full', { nodes?: number; gpus?: number; shards?: number }, string]
const measured: Measured[] = [
  ['1.8b', 'lora', {}, '6.7/1.0 7.4/1.0 8.4/1.1 11.0/1.7 16.2/3.3 21.8/6.8'],
  ['1.8b', 'qlora', {}, '5.8/1.4 6.0/1.4 6.6/1.4 7.8/2.0 10.2/3.4 15.8/6.5'],
  // By a script that runs ZeRO-3, on one GPU too.
  ['1.8b', 'full', { shards: 1.0001 }, '43.5/2.1 43.5/2.2 43.5/2.2 43.5/2.3 47.1/2.8 48.3/5.6'],
  ['7b', 'lora', {}, '20.1/1.2 20.4/1.5 21.5/2.8 23.8/5.2 29.7/10.1 36.6/21.3'],
  ['7b', 'lora', { nodes: 2, gpus: 2 }, '74.7/2.09 77.6/3.16 84.9/5.17 95.1/9.25 121.1/18.1 155.5/37.4'],
  ['7b', 'qlora', {}, '11.5/3.0 11.5/3.0 12.3/3.5 13.9/7.0 16.9/11.6 23.5/22.3'],
  ['7b', 'full', { gpus: 2, shards: 2 }, '139.2/4.0 148.0/4.0 162.0/4.5'],
  ['14b', 'lora', {}, '34.6/1.6 35.1/2.4 35.3/4.4 37.4/8.4 42.5/17.0 55.2/36.0'],
  ['14b', 'qlora', {}, '18.7/5.3 18.4/6.3 18.9/8.2 19.9/11.8 23.0/20.1 27.9/38.3'],
  ['72b', 'lora', { gpus: 4, shards: 4 }, '215.4/17.6 217.7/20.5 222.6/29.4 228.8/45.7 249.0/83.4 289.2/161.5'],
  ['72b', 'qlora', {}, '61.4/27.4 61.4/31.5 62.9/41.4 64.1/59.5 68.0/97.7 75.6/179.8'],
]
const memory = (more: Partial<MemoryAsk> & Pick<MemoryAsk, 'model' | 'adapter'>) =>
  memoryOf({ method: 'sft', rank: 64, microBatch: 1, length: 512, gradientCheckpointing: true, shards: 1, ...more })
const step = (more: Partial<StepAsk> & Pick<StepAsk, 'model' | 'adapter'>) =>
  stepSeconds({
    ...{ method: 'sft', sequences: 1, length: 512, accumulation: 8, gradientCheckpointing: true },
    ...{ gpu: gpuNamed('A100-80G'), gpus: 1, nodes: 1, shards: 1 },
    ...more,
  })

test.each(measured)('within the range of the estimate: Qwen %s by %s, %o', (size, adapter, where, figures) => {
  const { nodes = 1, gpus = 1, shards = 1 } = where
  const model = modelShape(`Qwen/Qwen-${size}`)!
  const inside = (value: number, { low, high }: Band) => (low < value && value < high ? 'inside' : [low, value, high])
  const found = figures.split(' ').map((pair, i) => {
    const [gb, seconds] = pair.split('/').map(Number) as [number, number]
    const length = lengths[i]!
    const { total } = memory({ model, adapter, length, shards })
    const time = bandOf(step({ model, adapter, length, nodes, gpus, shards }), timeRange)
    return [length, inside(gb / (nodes * gpus), total), inside(seconds, time)]
  })
  expect(found).toEqual(found.map(([length]) => [length, 'inside', 'inside']))
})

test('the consumer card: Qwen2.5-1.5B on an RTX 4060 trains on 500 to 628 tokens a second (arXiv 2509.12229)', () => {
  const model = modelShape('Qwen/Qwen2.5-1.5B-Instruct')!
  for (const adapter of ['lora', 'qlora'] as const) {
    const { low, high } = bandOf(step({ model, adapter, gpu: gpuNamed('RTX 4060'), length: 1024 }), timeRange)
    for (const rate of [500, 628]) {
      expect((8 * 1024) / rate).toBeGreaterThan(low)
      expect((8 * 1024) / rate).toBeLessThan(high)
    }
    expect(memory({ model, adapter, rank: 16, length: 2048 }).total.low).toBeLessThan(8)
  }
})

// GB by method for 7, 14, 30 and 70 billion parameters: README of LLaMA-Factory, "Hardware Requirement".
const rules: [Partial<MemoryAsk> & Pick<MemoryAsk, 'adapter'>, number[]][] = [
  [{ adapter: 'full' }, [120, 240, 600, 1200]],
  [{ adapter: 'full', pure: true }, [60, 120, 300, 600]],
  [{ adapter: 'lora', rank: 8 }, [16, 32, 64, 160]],
  [{ adapter: 'qlora', rank: 8 }, [6, 12, 24, 48]],
]
test.each(rules)('the rule of thumb for %o', (ask, figures) => {
  const models = ['llama-2-7b', 'Qwen2.5-14B', 'llama-30b', 'Llama-3.3-70B'].map(name => modelShape(name)!)
  for (const [i, gb] of figures.entries()) {
    const { total } = memory({ model: models[i]!, ...ask })
    expect([i, total.low < gb, gb < total.high]).toEqual([i, true, true])
  }
})

test('no estimate ends below what Unsloth, which saves memory, names as the least (docs, "Unsloth Requirements")', () => {
  const least: [string, qlora: number, lora: number][] = [
    ...(
      [
        ['3B', 3.5, 8],
        ['7B', 5, 19],
        ['8B', 6, 22],
        ['9B', 6.5, 24],
        ['11B', 7.5, 29],
      ] as const
    ).map(x => [...x]),
    ...(
      [
        ['14B', 8.5, 33],
        ['27B', 22, 64],
        ['32B', 26, 76],
        ['40B', 30, 96],
        ['70B', 41, 164],
      ] as const
    ).map(x => [...x]),
    ...(
      [
        ['81B', 48, 192],
        ['90B', 53, 212],
        ['405B', 237, 950],
      ] as const
    ).map(x => [...x]),
  ] as [string, number, number][]
  const below = least.flatMap(([size, qlora, lora]) => {
    const model = modelShape('m', size)!
    return (['qlora', 'lora'] as const).filter(
      adapter => memory({ model, adapter, rank: 16, length: 1024 }).total.high < { qlora, lora }[adapter],
    )
  })
  expect(below).toEqual([])
})

test('sizes: computed from a config, known by name, read out of a name, and never guessed', () => {
  const billions = (base: string, stated?: string) => {
    const shape = modelShape(base, stated)
    return shape && [shape.total / 1e9, shape.active / 1e9].map(n => Number(n.toFixed(1)))
  }
  // What the model cards say.
  expect(billions('Qwen/Qwen3-8B-Base')).toEqual([8.2, 8.2])
  expect(billions('Qwen/Qwen3-0.6B')).toEqual([0.6, 0.6])
  expect(billions('meta-llama/Llama-3.1-8B-Instruct')).toEqual([8, 8])
  expect(billions('meta-llama/Llama-3.3-70B-Instruct')).toEqual([70.6, 70.6])
  expect(billions('Qwen/Qwen3-30B-A3B-Instruct-2507')).toEqual([30.5, 3.4])
  expect(billions('openai/gpt-oss-20b')![0]).toBeCloseTo(20.9, 1)
  expect(billions('mistralai/Mixtral-8x7B-v0.1')).toEqual([46.7, 12.9])
  expect(billions('google/gemma-2-9b-it')).toEqual([9.2, 9.2])
  expect(billions('microsoft/phi-4')).toEqual([14.7, 14.7])
  // Of no known shape.
  expect(billions('acme/Novel-13B-Chat')).toEqual([13, 13])
  expect(billions('acme/novel-40B-A4B')).toEqual([40, 4])
  expect(billions('acme/novel-16x3b')).toEqual([39.4, 5.4])
  expect([sizeOf('novel-360m')!.total, sizeOf('8B')!.total]).toEqual([360e6, 8e9])
  for (const name of ['acme/novel', 'acme/novel-v2', 'acme/novel-4bit', 'google/gemma-3n-E4B-it']) {
    expect(billions(name)).toBeUndefined()
  }
  expect(billions('acme/novel', '8B')).toEqual([8, 8])
  // What PEFT 0.21 says of these models at rank 16, all linear layers.
  const adapters = ['Llama-3.1-8B', 'Qwen3-8B', 'Qwen2.5-1.5B', 'gemma-2-9b', 'Mixtral-8x7B', 'Qwen3-30B-A3B']
  expect(adapters.map(name => adapterParams(modelShape(name)!, 16))).toEqual([
    ...[41_943_040, 43_646_976, 18_464_768, 54_018_048, 359_665_664, 996_507_648],
  ])
})

test('longer rows, larger batches and larger models never take less memory or time', () => {
  const names = ['Qwen3-0.6B', 'Qwen3-4B', 'Qwen3-8B', 'Qwen3-14B', 'Qwen3-32B']
  const adapters = fc.constantFrom('lora' as const, 'qlora' as const, 'full' as const)
  const kinds = fc.constantFrom('T4', 'RTX-4090', 'A100-80G', 'H100-80G', 'B200')
  fc.assert(
    fc.property(
      adapters,
      kinds,
      fc.nat(3),
      fc.integer({ min: 16, max: 8000 }),
      fc.nat(4000),
      (adapter, kind, i, n, more) => {
        const [small, large] = [modelShape(names[i]!)!, modelShape(names[i + 1]!)!]
        const at = (model: typeof small, length: number) => [
          memory({ model, adapter, length }).total.value,
          step({ model, adapter, length, gpu: gpuNamed(kind) }),
        ]
        const [least, longer, larger] = [at(small, n), at(small, n + more), at(large, n)]
        for (const other of [longer, larger]) for (const k of [0, 1]) expect(other[k]).toBeGreaterThanOrEqual(least[k]!)
      },
    ),
  )
})
