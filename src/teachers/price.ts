import type { Price } from './config.ts'
import type { Request, Usage } from './contract.ts'

const million = 1e6

/** Dollars a reply cost; undefined when the server did not say how many tokens it took. */
export function costOf(usage: Usage, price: Price): number | undefined {
  if (price === 'free') return 0
  if (usage.input === undefined || usage.output === undefined) return undefined
  const cached = usage.cachedInput ?? 0
  const written = usage.cacheWrite ?? 0
  const input = Math.max(0, usage.input - cached - written) * price.input
  const cache = cached * (price.cachedInput ?? price.input) + written * (price.cacheWrite ?? price.input)
  return (input + cache + usage.output * price.output) / million
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
  if (request.schema) bytes += 512 + 2 * Buffer.byteLength(JSON.stringify(request.schema, null, 2))
  if (request.tools) bytes += 2 * Buffer.byteLength(JSON.stringify(request.tools))
  return bytes
}

/** Dollars a call can cost at most: what a reservation takes from the budget. Output is bounded by the cap. */
export function worstCase(request: Request, cap: number, price: Price): number {
  if (price === 'free') return 0
  return (mostInput(request) * Math.max(price.input, price.cacheWrite ?? 0) + cap * price.output) / million
}
