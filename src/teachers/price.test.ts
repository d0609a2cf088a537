import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { teacherConfig } from './config.ts'
import { resolveTeacher } from './presets.ts'
import { costOf, mostInput, type Tariff, worstCase } from './price.ts'
import {
  ageOf,
  builtinPrices,
  findPrice,
  type PriceEntry,
  type PriceTable,
  priceEntries,
  priceOf,
} from './price-table.ts'

describe('what a call costs', () => {
  const price = { input: 2, output: 10, cachedInput: 0.5, cacheWrite: 4, batch: 0.5 }

  it('has each sort of tokens at its own price, and says what cache and batch saved', () => {
    expect(costOf({ input: 1_000_000, output: 100_000, cachedInput: 400_000 }, price)).toEqual({
      usd: 1.2 + 0.2 + 1,
      saved: { cache: 0.6, batch: 0 },
    })
    // Writing half a million tokens to the cache cost a dollar more than not writing them.
    expect(costOf({ input: 1_000_000, output: 0, cacheWrite: 500_000 }, price)).toEqual({
      usd: 3,
      saved: { cache: -1, batch: 0 },
    })
    expect(costOf({ input: 1_000_000, output: 100_000, cachedInput: 400_000 }, price, { batch: true })).toEqual({
      usd: 1.2,
      saved: { cache: 0.6, batch: 1.2 },
    })
    expect(costOf({ input: 5 }, price)).toBeUndefined()
    expect(costOf({}, 'free')).toEqual({ usd: 0, saved: { cache: 0, batch: 0 } })
  })

  it('knows the price of long prompts, for the whole call', () => {
    const long = { ...price, long: { over: 1000, input: 2, output: 1.5 } }
    expect(costOf({ input: 1000, output: 100 }, long)!.usd).toBeCloseTo((2000 + 1000) / 1e6, 12)
    expect(costOf({ input: 1001, output: 100, cachedInput: 1000 }, long)!.usd).toBeCloseTo((4 + 1000 + 1500) / 1e6, 12)
  })

  const rate = fc.double({ min: 0, max: 100, noNaN: true })
  const tariff: fc.Arbitrary<Tariff> = fc.record(
    {
      input: rate,
      output: rate,
      cachedInput: rate,
      cacheWrite: rate,
      batch: fc.double({ min: 0, max: 1, noNaN: true }),
      long: fc.record({
        over: fc.integer({ min: 1, max: 400 }),
        input: fc.double({ min: 0.5, max: 5, noNaN: true }),
        output: fc.double({ min: 0.5, max: 5, noNaN: true }),
      }),
    },
    { requiredKeys: ['input', 'output'] },
  )
  const call = fc.record({
    text: fc.string({ unit: 'grapheme', maxLength: 200 }),
    tokens: fc.double({ min: 0, max: 1, noNaN: true }),
    cached: fc.double({ min: 0, max: 1, noNaN: true }),
    written: fc.double({ min: 0, max: 1, noNaN: true }),
    output: fc.integer({ min: 0, max: 500 }),
    batch: fc.boolean(),
  })

  it('never passes the worst case that was reserved, and what it saved makes up the full price', () => {
    fc.assert(
      fc.property(tariff, call, (price, { text, tokens, cached, written, output, batch }) => {
        // No tokenizer of bytes makes more tokens than there are bytes.
        const input = Math.floor(tokens * Buffer.byteLength(text))
        const cachedInput = Math.floor(cached * input)
        const usage = { input, output, cachedInput, cacheWrite: Math.floor(written * (input - cachedInput)) }
        const { usd, saved } = costOf(usage, price, { batch })!
        const most = mostInput({ messages: [{ role: 'user', content: text }] })
        const reserved = worstCase(most, 500, price, { batch })
        expect(usd).toBeLessThanOrEqual(reserved + 1e-12)
        const bare = costOf({ input, output }, price)!
        expect(bare.saved.cache).toBeCloseTo(0, 12)
        expect(usd + saved.cache + saved.batch).toBeCloseTo(bare.usd, 10)
      }),
    )
  })

  it('reserves little more than the most it can be', () => {
    const text = '日本語の文章 🙂 with some English'.repeat(50)
    const request = { messages: [{ role: 'user' as const, content: text }] }
    const flat = { input: 2, output: 10 }
    const most = costOf({ input: Buffer.byteLength(text), output: 512 }, flat)!.usd
    expect(worstCase(mostInput(request), 512, flat)).toBeLessThan(most * 1.2)
    expect(worstCase(mostInput(request), 512, 'free')).toBe(0)
  })

  it('has room for a schema both in its field and in words, whatever object it comes in', () => {
    const messages = [{ role: 'user' as const, content: 'x' }]
    const schema = { type: 'object', properties: { score: { type: 'integer' } } }
    const asked = (name: string, of = schema) => mostInput({ messages, schema: { name, schema: of } })
    const words = JSON.stringify({ name: 'grade', schema }, null, 2).length
    expect(asked('grade')).toBeGreaterThanOrEqual(mostInput({ messages }) + 2 * words)
    expect([asked('grade'), asked('grade', structuredClone(schema))]).toEqual([asked('grade'), asked('grade')])
    expect(asked('grade', { ...schema, title: 'x'.repeat(1000) } as never)).toBeGreaterThan(asked('grade') + 2000)
  })
})

describe('tables of prices', () => {
  const entry = (model: string, input: number, provider = 'openai'): PriceEntry => ({
    provider,
    model,
    input,
    output: 9,
  })
  const table: PriceTable = [
    { entries: [entry('gpt-5*', 1), entry('gpt-5-mini', 2), entry('gpt-5-mini-pro*', 3), entry('gpt-4', 4)] },
  ]
  const inputOf = (model: string, provider = 'openai') => findPrice(provider, model, table)?.entry.input

  it('give the exact entry, else the longest beginning, and a dated snapshot the price of its model', () => {
    expect(
      ['gpt-5', 'gpt-5.9', 'gpt-5-mini', 'gpt-5-mini-2026-01-31', 'gpt-5-mini-pro-x'].map(m => inputOf(m)),
    ).toEqual([1, 1, 2, 2, 3])
    expect(['gpt-4', 'gpt-4-20260131', 'gpt-4-turbo', 'gpt-4o'].map(m => inputOf(m))).toEqual([
      4,
      4,
      undefined,
      undefined,
    ])
    expect(inputOf('gpt-5', 'openrouter')).toBeUndefined()
  })

  it("stand below the user's own, and those below the recipe; nobody is paid for a server next door", () => {
    const config = (more: object) => teacherConfig.parse({ model: 'openai/gpt-4.1', ...more })
    const of = (more: object, own: PriceEntry[] = []) =>
      priceOf(config(more), resolveTeacher('t', config(more)), [
        { file: 'prices.yaml', entries: own },
        ...builtinPrices,
      ])
    expect(of({})).toMatchObject({
      price: { input: 2, output: 8 },
      from: { date: '2026-07-02', source: expect.stringContaining('models.dev') },
    })
    expect(of({}, [entry('gpt-*', 1)])).toEqual({ price: { input: 1, output: 9 }, from: { file: 'prices.yaml' } })
    expect(of({ price: { input: 7, output: 7 } }, [entry('gpt-*', 1)])).toEqual({
      price: { input: 7, output: 7 },
      from: 'recipe',
    })
    expect(of({ model: 'qwen', at: 'http://localhost:8000/v1' })).toEqual({ price: 'free', from: 'free' })
    expect(of({ model: 'ollama/qwen' })).toEqual({ price: 'free', from: 'free' })
    expect(of({ model: 'openai/of-tomorrow' })).toBeUndefined()
    const far = { model: 'qwen', at: 'https://models.example/v1' }
    expect(of(far)).toBeUndefined()
    expect(of(far, [entry('qwen', 3, 'self')])).toMatchObject({ price: { input: 3 } })
  })

  test('every entry that comes with the package is sound, has a date and a source, and no rival', () => {
    const [{ entries }] = builtinPrices as [{ entries: PriceEntry[] }]
    expect(priceEntries.parse(entries)).toHaveLength(entries.length)
    const keys = entries.map(({ provider, model }) => `${provider}/${model}`)
    expect(new Set(keys).size).toBe(keys.length)
    for (const { model, input, output, cachedInput = 0, date, source, hand } of entries) {
      expect(date, model).toMatch(/^2026-/)
      expect(source, model).toMatch(/^https:\/\//)
      expect(hand, model).toBeDefined()
      // A slip of a digit shows: output costs no less than input, or nothing where there is none; a cached token no more.
      if (!/embed|-e5-/.test(model)) expect(output, model).toBeGreaterThanOrEqual(input)
      else expect(output, model).toBe(0)
      expect(cachedInput, model).toBeLessThanOrEqual(input)
    }
  })

  it('age by the clock they are given', () => {
    const known = { price: 'free', from: { date: '2026-07-02' } } as const
    expect(ageOf(known, new Date('2026-12-29T12:00:00Z'))).toBe(180)
    expect(ageOf({ price: 'free', from: 'recipe' }, new Date())).toBeUndefined()
  })
})
