import OpenAI from 'openai'
import { afterEach, describe, expect, it, test } from 'vitest'
import { openRoute, openTeacher, type Teacher, teacherConfig } from '../teachers/index.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from './index.ts'
import { vectorOf } from './vector.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})
async function server(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options)
  closing.push(simulator.stop)
  return simulator
}
function teacher(url: string, config: object = {}): Teacher {
  const opened = openTeacher('embedder', teacherConfig.parse({ model: 'simulate/small', ...config }), {
    env: { STILLROOM_SIMULATOR: url },
  })
  closing.push(() => opened.close?.())
  return opened
}
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

describe('the SDK of the vendor', () => {
  it('gets the same vectors in both encodings, and the usage', async () => {
    const simulator = await server()
    const client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'any' })
    const input = ['A pot still is heated.', '蒸留器を加熱します。']
    const numbers = await client.embeddings.create({ model: 'small', input, encoding_format: 'float' })
    // Without a format the SDK asks for base64 and decodes it.
    const decoded = await client.embeddings.create({ model: 'small', input })
    const raw = await client.embeddings.create({ model: 'small', input, encoding_format: 'base64', user: 'u' })
    expect(decoded.data.map(({ embedding }) => Float32Array.from(embedding))).toEqual(
      numbers.data.map(({ embedding }) => Float32Array.from(embedding)),
    )
    expect(simulator.log.map(({ body }) => (body as { encoding_format: string }).encoding_format)).toEqual([
      'float',
      'base64',
      'base64',
    ])
    expect(typeof raw.data[0]!.embedding).toBe('string')
    expect(numbers).toMatchObject({ object: 'list', model: 'small', usage: { prompt_tokens: 14, total_tokens: 14 } })
    expect(cosine(numbers.data[0]!.embedding, numbers.data[0]!.embedding)).toBeCloseTo(1, 5)
  })

  it('gets one vector for a string or an array of tokens, and as long as asked', async () => {
    const client = new OpenAI({ baseURL: `${(await server()).url}/v1`, apiKey: 'any' })
    const one = await client.embeddings.create({ model: 'small', input: [17, 4, 17], dimensions: 64 })
    expect(one.data).toHaveLength(1)
    expect(one.data[0]!.embedding).toHaveLength(64)
    expect(one.usage.prompt_tokens).toBe(3)
    const two = await client.embeddings.create({ model: 'small', input: [[17, 4, 17], [5]], dimensions: 64 })
    expect(two.data[0]!.embedding).toEqual(one.data[0]!.embedding)
  })

  test.each([
    [{ input: 'x', model: 'm', stream: true }, 'stream', 'unknown_parameter'],
    [{ model: 'm' }, 'input', 'missing_required_parameter'],
    [{ input: ['x', ''], model: 'm' }, 'input.1', 'invalid_value'],
    [{ input: ['x', 1], model: 'm' }, 'input.1', 'invalid_type'],
    [{ input: 'x', model: 'm', dimensions: 0 }, 'dimensions', 'invalid_value'],
    [{ input: 'x', model: 'm', encoding_format: 'hex' }, 'encoding_format', 'invalid_value'],
    [{ input: Array(2049).fill('x'), model: 'm' }, 'input', 'invalid_value'],
    [{ input: 'x'.repeat(8192 * 4 + 1), model: 'm' }, 'input', 'invalid_value'],
  ])('is refused what the published shape lacks: %#', async (body, param, code) => {
    const client = new OpenAI({ baseURL: `${(await server()).url}/v1`, apiKey: 'any', maxRetries: 0 })
    await expect(client.embeddings.create(body as never)).rejects.toMatchObject({ status: 400, param, code })
  })
})

describe('our client', () => {
  it('brings vectors in the order of the texts, and what they cost', async () => {
    const simulator = await server({ seed: 3 })
    const texts = Array.from({ length: 50 }, (_, i) => `Text number ${i} about stills`)
    const { vectors, usage, served } = await teacher(simulator.url).doEmbed!(texts, { dimensions: 128 })
    expect(served).toBe('small')
    expect(usage).toEqual({ input: texts.reduce((n, text) => n + Math.ceil(text.length / 4), 0), output: 0 })
    expect(vectors).toEqual(texts.map(text => vectorOf(text, 3, 128)))
  })

  it('asks for numbers, and goes on so, where base64 is refused', async () => {
    const simulator = await server({ rejects: ['encoding_format'] })
    const embedder = teacher(simulator.url)
    for (const text of ['one', 'two'])
      expect((await embedder.doEmbed!([text], {})).vectors).toEqual([vectorOf(text, 1)])
    expect(simulator.log.map(({ status }) => status)).toEqual([400, 200, 200])
  })

  it('takes a refused text for its own fault, and leaves `dimensions` in', async () => {
    const embedder = teacher((await server({ rejects: ['dimensions'] })).url)
    expect(await embedder.doEmbed!(['x'], { dimensions: 8 })).toMatchObject({ rejected: { status: 400 }, vectors: [] })
    expect(await embedder.doEmbed!(['', 'x'], {})).toMatchObject({ rejected: { status: 400 } })
    expect((await embedder.doEmbed!(['x'], {})).vectors).toHaveLength(1)
  })

  it('meets faults and limits as chat does, and gets through by its route', async () => {
    const simulator = await server({
      prices: { input: 1000, output: 5 },
      schedule: [{ status: 503 }, 'truncated', undefined, { status: 429, retryAfterMs: 1 }],
    })
    const embedder = teacher(simulator.url)
    const route = openRoute({ id: 'e', names: ['e'], concurrency: 1, start: 1, sleep: async () => {} })
    const { vectors } = await route.call(limits => embedder.doEmbed!(['abcd', 'efgh'], { limits }), { lane: 'l' })
    await route.call(limits => embedder.doEmbed!(['abcd'], { limits }), { lane: 'l' })
    await route.close()
    expect(vectors).toEqual([vectorOf('abcd', 1), vectorOf('efgh', 1)])
    // Each text is counted by itself: one of them was bought twice. The one cut off was paid for all the same.
    expect(simulator.stats).toMatchObject({ calls: 5, faults: 3, answered: 2, distinct: 2, repeats: 1, usd: 0.005 })
    expect([...simulator.bought().values()].sort()).toEqual([1, 2])
  })
})

describe('vectors of texts', () => {
  const likeness = (a: string, b: string): number => cosine(vectorOf(a, 1), vectorOf(b, 1))

  it('are nearer the more words texts share, in both scripts', () => {
    const text = 'A pot still is heated until the vapour rises, and a coil cools the vapour to a liquid.'
    const edited = 'A pot still gets heated until vapour rises; then a coil cools that vapour back to liquid.'
    const other = 'Parliament passed the budget after a long debate about schools and railways.'
    expect(likeness(text, text.toUpperCase())).toBeCloseTo(1, 5)
    expect(likeness(text, edited)).toBeGreaterThan(0.8)
    expect(Math.abs(likeness(text, other))).toBeLessThan(0.2)
    const japanese = '蒸留器を加熱すると蒸気が上がり、冷却管で液体に戻ります。'
    expect(likeness(japanese, '蒸留器を加熱すると、蒸気が上がって冷却管で液体に戻る。')).toBeGreaterThan(0.8)
    expect(Math.abs(likeness(japanese, '議会は長い議論の末に予算案を可決しました。'))).toBeLessThan(0.25)
    // The voiced mark is another word.
    expect(likeness('かき', 'がき')).toBeLessThan(0.5)
  })

  it('have unit length, whatever the text and however short', () => {
    for (const text of ['x', '。', '🙂', 'ab '.repeat(5000)])
      for (const dimensions of [1, 7, 512]) expect(Math.hypot(...vectorOf(text, 2, dimensions))).toBeCloseTo(1, 5)
  })
})
