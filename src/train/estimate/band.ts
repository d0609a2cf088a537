/** An estimate and the ends it is expected to lie between. */
export type Band = { low: number; value: number; high: number }

/** The range of an estimate by the factors of its ends. */
export const bandOf = (value: number, [low, high]: readonly [low: number, high: number]): Band => ({
  low: value * low,
  value,
  high: value * high,
})

/** The sum of estimates whose errors go together: the ends are added up as well. */
export const sumOf = (bands: readonly Band[]): Band =>
  bands.reduce((a, b) => ({ low: a.low + b.low, value: a.value + b.value, high: a.high + b.high }), {
    low: 0,
    value: 0,
    high: 0,
  })
