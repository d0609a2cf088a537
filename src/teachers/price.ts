import type { Price } from './config.ts'
import type { Request, Usage } from './contract.ts'

/** What a prompt of more than `over` tokens costs: the whole call, at so many times the prices of input and of output. */
export type LongPrice = { over: number; input: number; output: number }
/** Dollars per million tokens. A longer prompt may have another price, which a recipe's own `price:` does not know. */
export type Tariff = Exclude<Price, 'free'> & { long?: LongPrice }

export type Cost = {
  usd: number
  /** Against the same call without cache and batch. Writing to a cache may cost more than it saves. */
  saved: { cache: number; batch: number }
}

const million = 1e6

/** Dollars of a reply, and what cache and batch saved; undefined when the server did not say how many tokens it took. */
export function costOf(usage: Usage, price: 'free' | Tariff, { batch = false } = {}): Cost | undefined {
  if (price === 'free') return { usd: 0, saved: { cache: 0, batch: 0 } }
  if (usage.input === undefined || usage.output === undefined) return undefined
  const cached = usage.cachedInput ?? 0
  const written = usage.cacheWrite ?? 0
  const input = Math.max(usage.input, cached + written)
  const rates = price.long && input > price.long.over ? lengthened(price, price.long) : price
  const cache =
    cached * (rates.input - (rates.cachedInput ?? rates.input)) +
    written * (rates.input - (rates.cacheWrite ?? rates.input))
  const full = input * rates.input + usage.output * rates.output
  const share = batch ? (price.batch ?? 1) : 1
  return {
    usd: ((full - cache) * share) / million,
    saved: { cache: cache / million, batch: ((full - cache) * (1 - share)) / million },
  }
}

function lengthened(price: Tariff, long: LongPrice): Tariff {
  const { input, output, cachedInput = input, cacheWrite = input } = price
  return {
    input: input * long.input,
    output: output * long.output,
    cachedInput: cachedInput * long.input,
    cacheWrite: cacheWrite * long.input,
  }
}

/**
 * Input tokens that a request can have at most. No byte-level tokenizer makes more tokens than UTF-8 bytes, and a chat
 * template adds a few for each message.
 */
export function mostInput(request: Request): number {
  let bytes = 64
  for (const message of request.messages) {
    bytes += 16 + Buffer.byteLength(message.content ?? '') + Buffer.byteLength(message.name ?? '')
    if (message.tool_calls) bytes += Buffer.byteLength(JSON.stringify(message.tool_calls))
  }
  // Twice: a teacher that takes no schema gets it in words, pretty-printed.
  if (request.schema) bytes += 512 + 2 * schemaBytes(request.schema)
  if (request.tools) bytes += 2 * Buffer.byteLength(JSON.stringify(request.tools))
  return bytes
}

const written = new WeakMap<object, number>()

/** A step's schema is one object however often it asks, so it is written out once. */
function schemaBytes({ name, schema }: NonNullable<Request['schema']>): number {
  let bytes = written.get(schema)
  if (bytes === undefined) {
    bytes = Buffer.byteLength(JSON.stringify({ schema }, null, 2))
    written.set(schema, bytes)
  }
  return bytes + 16 + 6 * name.length
}

/** Dollars a call of at most so much input can cost: what a reservation takes from the budget. The cap bounds its output. */
export function worstCase(input: number, cap: number, price: 'free' | Tariff, { batch = false } = {}): number {
  if (price === 'free') return 0
  const rates = price.long && input > price.long.over ? [price, lengthened(price, price.long)] : [price]
  const dearest = (prices: (number | undefined)[]): number => Math.max(...prices.map(one => one ?? 0))
  const perInput = dearest(rates.flatMap(rate => [rate.input, rate.cachedInput, rate.cacheWrite]))
  const perOutput = dearest(rates.map(rate => rate.output))
  return ((input * perInput + cap * perOutput) * (batch ? (price.batch ?? 1) : 1)) / million
}
