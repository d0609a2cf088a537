import type { Column, ColumnType } from '../../measure/index.ts'
import type { Json } from '../../records/index.ts'
import { cellOf, decimalsOf, labelOf } from './gather.ts'

/**
 * The distribution of one column without differential privacy: a share that is missing, then labels by their shares, or
 * numbers as a curve with parametric tails, so that no lowest and no highest value of a person comes out.
 */
export type Curve = { name: string; type: ColumnType; missing: number } & (
  | { labels: [label: string, share: number][] }
  | { knots: [share: number, value: number][]; decimals: number; low?: Tail; high?: Tail }
)
/** Beyond `from` the excess is exponential with this mean. */
type Tail = { from: number; at: number; mean: number }

/** Rows below which a label is nobody's but theirs: it does not come out. */
export const fewestOfLabel = 5
/** A value of so large a share is one that many have, and stays as it is. */
const common = 0.01
/** Shares of both tails, and steps between. */
const [tail, step] = [0.01, 0.01]

export function curveOf(column: Column): Curve {
  const { name, type } = column
  if (!column.numbers) {
    const counts = new Map<number, number>()
    for (const code of column.codes) counts.set(code, (counts.get(code) ?? 0) + 1)
    const kept = [...counts].filter(([code, n]) => code > 0 && n >= fewestOfLabel)
    const sum = kept.reduce((all, [, n]) => all + n, 0)
    // The most frequent first: neighbours are alike in how common they are.
    const byCount = kept.sort((a, b) => b[1] - a[1] || (column.labels[a[0] - 1]! < column.labels[b[0] - 1]! ? -1 : 1))
    const missing = sum > 0 ? (counts.get(0) ?? 0) / column.codes.length : 1
    return { name, type, missing, labels: byCount.map(([code, n]) => [column.labels[code - 1]!, n / sum]) }
  }
  const sorted = column.numbers.filter(value => !Number.isNaN(value)).sort()
  const missing = 1 - sorted.length / Math.max(1, column.numbers.length)
  const decimals = type === 'date' ? 0 : decimalsOf(column.numbers)
  return { name, type, missing: sorted.length < fewestOfLabel ? 1 : missing, decimals, ...knotsOf(sorted) }
}

/** Values that many have as steps, and what lies between as points a hundredth apart, five rows at least. */
function knotsOf(sorted: Float64Array): { knots: [number, number][]; low?: Tail; high?: Tail } {
  const n = sorted.length
  const knots: [number, number][] = []
  const every = Math.max(fewestOfLabel, Math.floor(step * n))
  let since = every
  let i = 0
  while (i < n) {
    let to = i + 1
    while (to < n && sorted[to] === sorted[i]) to++
    if (to - i >= Math.max(fewestOfLabel, common * n)) {
      knots.push([i / n, sorted[i]!], [to / n, sorted[i]!])
      since = 0
    } else {
      since += to - i
      const inTail = i < tail * n || to > (1 - tail) * n
      if (since >= every && !inTail) {
        knots.push([(i + to) / 2 / n, sorted[i]!])
        since = 0
      }
    }
    i = to
  }
  if (knots.length === 0) return { knots: [[0, sorted[n >> 1] ?? 0]] }
  const [first, last] = [knots[0]!, knots.at(-1)!]
  const below = sorted.filter(value => value < first[1])
  const above = sorted.filter(value => value > last[1])
  // Half of the excess lies below the mean times ln 2: read from the middle, one far value changes nothing.
  const excess = (values: Float64Array, from: number) => {
    const sorted = values.map(value => Math.abs(value - from)).sort()
    return sorted[sorted.length >> 1]! / Math.LN2
  }
  return {
    knots,
    ...(first[0] > 0 && below.length > 0
      ? { low: { from: first[0], at: first[1], mean: excess(below, first[1]) } }
      : {}),
    ...(last[0] < 1 && above.length > 0 ? { high: { from: last[0], at: last[1], mean: excess(above, last[1]) } } : {}),
  }
}

/** The value below which a share of the column lies; missing ones lie lowest. */
export function valueAt(curve: Curve, share: number): Json {
  if (share < curve.missing || curve.missing >= 1) return null
  const place = (share - curve.missing) / (1 - curve.missing)
  if ('labels' in curve) {
    let left = place
    for (const [label, own] of curve.labels) {
      left -= own
      if (left < 0) return labelOf(label, curve.type)
    }
    return labelOf(curve.labels.at(-1)?.[0], curve.type)
  }
  return cellOf(numberAt(curve, place), curve.type, curve.decimals)
}

function numberAt({ knots, low, high }: Extract<Curve, { knots: unknown }>, place: number): number {
  const rest = 1e-12
  if (place < knots[0]![0]) return low ? low.at + low.mean * Math.log(Math.max(rest, place / low.from)) : knots[0]![1]
  const last = knots.at(-1)!
  if (place >= last[0]) {
    return high ? high.at - high.mean * Math.log(Math.max(rest, (1 - place) / (1 - high.from))) : last[1]
  }
  let [a, b] = [0, knots.length - 1]
  while (b - a > 1) {
    const middle = (a + b) >> 1
    if (knots[middle]![0] <= place) a = middle
    else b = middle
  }
  const [[x, from], [y, to]] = [knots[a]!, knots[b]!]
  return y > x ? from + ((place - x) / (y - x)) * (to - from) : to
}

/** Places of the rows of a column among all, from 0 to 1, as `valueAt` reads them back; equal values share the middle. */
export function placesOf(curve: Curve, column: Column): Float64Array {
  const middle = (from: number, share: number) => curve.missing + (1 - curve.missing) * (from + share / 2)
  if ('labels' in curve) {
    const places = new Map<string, number>()
    let below = 0
    for (const [label, share] of curve.labels) {
      places.set(label, middle(below, share))
      below += share
    }
    // A label that does not come out stands where the rare ones do.
    return Float64Array.from(column.codes!, code =>
      code === 0 ? curve.missing / 2 : (places.get(column.labels![code - 1]!) ?? middle(1, 0)),
    )
  }
  const sorted = column.numbers!.filter(value => !Number.isNaN(value)).sort()
  const first = (value: number, after: boolean) => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const at = (low + high) >> 1
      if (after ? sorted[at]! <= value : sorted[at]! < value) low = at + 1
      else high = at
    }
    return low / sorted.length
  }
  return column.numbers!.map(value => {
    if (Number.isNaN(value)) return curve.missing / 2
    const [from, to] = [first(value, false), first(value, true)]
    return middle(from, to - from)
  })
}
