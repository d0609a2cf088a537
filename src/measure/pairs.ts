import { correlationOf, type Moments, meanOf, mergeMoments, noMoments, withPair } from './moments.ts'
import { type Interval, wilson } from './share.ts'

/** What is seen of one preference pair. What nobody knows of it is absent. */
export type PairSeen = {
  /** Tokens of the chosen and of the rejected answer. */
  tokens: [chosen: number, rejected: number]
  /** By how much the chosen one was scored higher. */
  margin?: number
  /** Which side has a trait, such as a refusal or a list. */
  traits: { [trait: string]: Sides }
  /** Which side is of the judge's own family. */
  ownFamily?: Sides
  /** Share of the comparisons with other answers in which a judge chose alike in both orders. */
  orders?: number
}
export type Sides = 'chosen' | 'rejected' | 'both' | 'none'
type Counts = { [side in Sides]: number }

/** Counts over pairs; tallies of parts of a corpus are added up. */
export type PairTally = {
  pairs: number
  /** Pairs by which side is the longer one; `none`: both are as long. */
  longer: Counts
  /** Chosen minus rejected tokens against the margin; the margin is 0 where none is known. */
  lengths: Moments
  margins: Moments
  traits: { [trait: string]: Counts }
  ownFamily: Counts
  orders: Moments
}

const noCounts = (): Counts => ({ chosen: 0, rejected: 0, both: 0, none: 0 })

export const emptyPairs = (): PairTally => ({
  pairs: 0,
  longer: noCounts(),
  lengths: noMoments,
  margins: noMoments,
  traits: {},
  ownFamily: noCounts(),
  orders: noMoments,
})

/** Adds a pair to the tally, in place. */
export function tallyPair(tally: PairTally, { tokens, margin, traits, ownFamily, orders }: PairSeen): void {
  const [chosen, rejected] = tokens
  tally.pairs++
  tally.longer[chosen > rejected ? 'chosen' : chosen < rejected ? 'rejected' : 'none']++
  tally.lengths = withPair(tally.lengths, chosen - rejected, 0)
  if (margin !== undefined) tally.margins = withPair(tally.margins, chosen - rejected, margin)
  for (const [trait, sides] of Object.entries(traits)) {
    tally.traits[trait] ??= noCounts()
    tally.traits[trait][sides]++
  }
  if (ownFamily) tally.ownFamily[ownFamily]++
  if (orders !== undefined) tally.orders = withPair(tally.orders, orders, 0)
}

const add = (a: Counts, b: Counts): Counts => ({
  chosen: a.chosen + b.chosen,
  rejected: a.rejected + b.rejected,
  both: a.both + b.both,
  none: a.none + b.none,
})

export function mergePairs(a: PairTally, b: PairTally): PairTally {
  const names = [...new Set([...Object.keys(a.traits), ...Object.keys(b.traits)])]
  return {
    pairs: a.pairs + b.pairs,
    longer: add(a.longer, b.longer),
    lengths: mergeMoments(a.lengths, b.lengths),
    margins: mergeMoments(a.margins, b.margins),
    traits: Object.fromEntries(
      names.map(name => [name, add(a.traits[name] ?? noCounts(), b.traits[name] ?? noCounts())]),
    ),
    ownFamily: add(a.ownFamily, b.ownFamily),
    orders: mergeMoments(a.orders, b.orders),
  }
}

/** How often the chosen side wins where the sides differ, with its 95 % interval; a half says that it does not matter. */
export type Lean = { chosen: number; of: number; share: number } & Interval
export type PairBias = {
  pairs: number
  /** The chosen answer is the longer one. */
  longer?: Lean
  /** Tokens by which the chosen answer is longer, on average over all pairs. */
  tokens?: { mean: number } & Interval
  /** Correlation of that difference with the margin, over the pairs whose margin is known. */
  lengthAndMargin?: { correlation: number; of: number }
  /** `lean` over the pairs in which one side alone has the trait; shares of each side over all. */
  traits: { trait: string; chosen: number; rejected: number; lean?: Lean }[]
  /** The answer of the judge's own family wins. */
  ownFamily?: Lean
  /** Share of the comparisons in which both orders gave the same answer, on average over the pairs it is known of. */
  orders?: { share: number; of: number } & Interval
}

/** An interval of a share; of a single value nothing is known. */
const within = (mean: Interval | undefined): Interval => ({
  low: Math.max(0, mean?.low ?? 0),
  high: Math.min(1, mean?.high ?? 1),
})

function lean({ chosen, rejected }: Counts): Lean | undefined {
  const of = chosen + rejected
  return of === 0 ? undefined : { chosen, of, share: chosen / of, ...wilson(chosen, of) }
}

/**
 * What a set of preferences prefers besides what it should: shares over pairs whose sides differ, as in a sign test, so
 * that a trait that both sides have says nothing. Length: Singhal et al. 2023, arXiv 2310.03716; a judge's own family and
 * the order of answers: Zheng et al. 2023, arXiv 2306.05685.
 */
export function pairBias({ pairs, longer, lengths, margins, traits, ownFamily, orders }: PairTally): PairBias {
  const side = (counts: Counts, name: 'chosen' | 'rejected') => (counts[name] + counts.both) / pairs
  const [byLength, tokens, byFamily] = [lean(longer), meanOf(lengths), lean(ownFamily)]
  const correlation = correlationOf(margins)
  return {
    pairs,
    ...(byLength ? { longer: byLength } : {}),
    ...(tokens ? { tokens } : {}),
    ...(correlation === undefined ? {} : { lengthAndMargin: { correlation, of: margins.n } }),
    traits: Object.entries(traits).map(([trait, counts]) => {
      const leans = lean(counts)
      return {
        trait,
        chosen: side(counts, 'chosen'),
        rejected: side(counts, 'rejected'),
        ...(leans ? { lean: leans } : {}),
      }
    }),
    ...(byFamily ? { ownFamily: byFamily } : {}),
    ...(orders.n > 0 ? { orders: { share: orders.x, of: orders.n, ...within(meanOf(orders)) } } : {}),
  }
}
