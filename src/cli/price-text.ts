import type { KnownPrice, PriceFrom } from '../teachers/index.ts'

/** Dollars per million tokens with all their digits, as price lists have them: `$0.075`, `$2.50`, `$15`. */
export function perMillion(usd: number): string {
  const cents = usd.toFixed(2)
  return `$${Number.isInteger(usd) ? usd : Number(cents) === usd ? cents : usd}`
}

/** What a teacher costs, in a few words. */
export function priceText(known: KnownPrice | undefined): string {
  if (!known) return 'no price'
  if (known.price === 'free') return 'free'
  return `${perMillion(known.price.input)} in, ${perMillion(known.price.output)} out`
}

/** What a batch makes of it. Without a share of its own a batch costs as much as calls do. */
export function batchText(known: KnownPrice | undefined): string {
  const share = known && known.price !== 'free' ? known.price.batch : undefined
  return share === undefined ? ', in batches' : `, x ${share} in batches`
}

/** Where a price stands: the recipe, a file, a date, and what is to be known about it. */
export function fromText(from: PriceFrom): string {
  if (from === 'recipe') return 'the recipe'
  if (from === 'free') return 'free'
  return [from.file, from.date, from.note].filter(Boolean).join('; ')
}
