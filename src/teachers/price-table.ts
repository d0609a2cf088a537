import { z } from 'zod'
import { priceConfig, type TeacherConfig } from './config.ts'
import type { Resolved } from './presets.ts'
import type { Tariff } from './price.ts'
import table from './prices.json' with { type: 'json' }

const [, tariff] = priceConfig.options

/** One line of a table of prices, in dollars per million tokens. */
export const priceEntry = tariff.extend({
  provider: z.string().min(1).describe('Name of the provider as teachers write it; `self` for an endpoint of your own'),
  model: z.string().min(1).describe('Name of the model, or how such names begin, ending in `*`'),
  long: z
    .strictObject({
      over: z.int().positive().describe('Tokens'),
      input: z.number().positive().describe('For input, cached or not'),
      output: z.number().positive().describe('For output'),
    })
    .optional()
    .describe('Prompts of more than `over` tokens cost so many times as much, input with cache and output'),
  date: z.iso.date().optional().describe('Day as of which the price holds'),
  source: z.string().min(1).optional().describe('Where it stands'),
  hand: z
    .enum(['first', 'second'])
    .optional()
    .describe(
      'Read at the provider itself, or in a report about it; cached prices may be of second hand, see the note',
    ),
  note: z.string().min(1).optional().describe('What else is to be known about it'),
})
export type PriceEntry = z.infer<typeof priceEntry>
export const priceEntries = z.array(priceEntry)

/** Tables one over the other: the first in which a model is found counts. `file` is the user's own. */
export type PriceTable = readonly { file?: string; entries: readonly PriceEntry[] }[]

/** The prices that come with this version. Data with dates and sources, and no promise of a provider. */
export const builtinPrices: PriceTable = [{ entries: table as PriceEntry[] }]

export type PriceFrom = 'recipe' | 'free' | { file?: string; date?: string; source?: string; note?: string }
export type KnownPrice = { price: 'free' | Tariff; from: PriceFrom }

/** How well an entry names a model: the characters that agree; undefined where it is another one. */
function matched(entry: string, model: string): number | undefined {
  if (entry === model) return Number.POSITIVE_INFINITY
  if (entry.endsWith('*')) return model.startsWith(entry.slice(0, -1)) ? entry.length - 1 : undefined
  // A dated snapshot costs what its model costs: gpt-4.1-2025-04-14, claude-haiku-4-5-20251001.
  return model.startsWith(entry) && /^-20\d\d-?\d\d-?\d\d$/.test(model.slice(entry.length)) ? entry.length : undefined
}

/** The entry that names a model best: exactly, else by the longest beginning; in the first table that knows it. */
export function findPrice(
  provider: string,
  model: string,
  table: PriceTable,
): { entry: PriceEntry; file?: string } | undefined {
  for (const { entries, file } of table) {
    let best: { entry: PriceEntry; length: number } | undefined
    for (const entry of entries) {
      const length = entry.provider === provider ? matched(entry.model, model) : undefined
      if (length !== undefined && length > (best?.length ?? -1)) best = { entry, length }
    }
    if (best) return { entry: best.entry, ...(file === undefined ? {} : { file }) }
  }
  return undefined
}

/**
 * What a teacher costs and how we know: as its recipe says, nothing where nobody is paid, else out of the tables;
 * undefined when no table knows the model.
 */
export function priceOf(config: TeacherConfig, resolved: Resolved, table: PriceTable): KnownPrice | undefined {
  if (config.price !== undefined) return { price: config.price, from: 'recipe' }
  if (!resolved.paid) return { price: 'free', from: 'free' }
  const found = findPrice(resolved.provider, resolved.model, table)
  if (!found) return undefined
  const { provider: _, model: __, date, source, hand: ___, note, ...price } = found.entry
  const from = { file: found.file, date, source, note }
  return { price, from: Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) }
}

/** Days between the date of a price and now; undefined without a date. */
export function ageOf({ from }: KnownPrice, now: Date): number | undefined {
  if (typeof from === 'string' || from.date === undefined) return undefined
  return Math.floor((now.getTime() - Date.parse(from.date)) / 86_400_000)
}

/** Days after which a price out of a table should be looked at again. */
export const staleAfter = 180
