import type { Column, ColumnType, Table } from '../../measure/index.ts'
import type { Json } from '../../records/index.ts'
import { type Columns, cellOf, decimalsOf, knownOf, labelOf } from './gather.ts'

/**
 * The values that a column can have, as codes: 0 is missing, then labels, or bins of numbers. `edges` are one more than
 * there are bins; a bin holds its lower edge, the last one both.
 */
export type Domain = {
  name: string
  type: ColumnType
  size: number
  decimals: number
  labels?: string[]
  edges?: number[]
  /** Nothing is ever missing: what noise counts for code 0 is known to be none. */
  complete?: true
}

const [bins, dateBins] = [16, 24]

/** Rows that a label takes which is read off them: one that fewer hold may say who they are, whatever noise is in its count. */
const common = 5

/** Domains of the columns, the names of those that had to be read off the rows, and how many of their labels were too rare. */
export function domainsOf(
  table: Table,
  columns: Columns | undefined,
): { domains: Domain[]; read: string[]; rare: { [column: string]: number } } {
  const read: string[] = []
  const rare: { [column: string]: number } = {}
  const domains = table.columns.map((column): Domain => {
    const known = knownOf(columns, column.name)
    const { name, type } = column
    const complete = known.missing === false ? { complete: true as const } : {}
    if (!column.numbers) {
      if (known.labels === undefined) read.push(name)
      const labels = known.labels?.map(String) ?? commonLabels(column)
      const missed = known.labels === undefined ? column.labels.length - labels.length : 0
      if (missed > 0) rare[name] = missed
      return { name, type, size: labels.length + 1, decimals: 0, labels, ...complete }
    }
    const declared = known.edges !== undefined || (known.min !== undefined && known.max !== undefined)
    if (!declared) read.push(name)
    const decimals = type === 'date' ? 0 : decimalsOf(column.numbers)
    const edges = known.edges ?? edgesOf(column.numbers, type, decimals, known)
    return { name, type, size: edges.length, decimals, edges, ...complete }
  })
  return { domains, read, rare }
}

/** Labels that enough rows hold, in order; those of truth values all, since there are but two. */
function commonLabels({ type, labels = [], codes = new Uint32Array() }: Column): string[] {
  if (type === 'boolean') return [...labels].sort()
  const held = new Uint32Array(labels.length + 1)
  for (const code of codes) held[code]!++
  return labels.filter((_, i) => held[i + 1]! >= common).sort()
}

/** What is said of labels that were too rare. */
export function rareNote(rare: { [column: string]: number }): string[] {
  const names = Object.entries(rare).map(([name, n]) => `${name} ${n}`)
  return names.length > 0 ? [`Labels of fewer than ${common} rows count as missing: ${names.join(', ')}`] : []
}

function edgesOf(
  values: Float64Array,
  type: ColumnType,
  decimals: number,
  { min, max, bins: wanted }: { min?: number | undefined; max?: number | undefined; bins?: number | undefined },
): number[] {
  const known = values.filter(value => !Number.isNaN(value)).sort()
  const low = min ?? known[0] ?? 0
  const high = max ?? known.at(-1) ?? 0
  const many = wanted ?? (type === 'date' ? dateBins : bins)
  // Whole numbers of a short range have a bin each.
  if (decimals === 0 && high - low < many) return Array.from({ length: high - low + 2 }, (_, i) => low + i)
  return Array.from({ length: many + 1 }, (_, i) => low + ((high - low) * i) / many)
}

/** Codes of a column in its domain: what lies outside counts for the nearest bin, an unknown label as missing. */
export function codesIn(domain: Domain, column: Column): Uint32Array {
  if (!column.numbers) {
    const codes = [0, ...column.labels.map(label => domain.labels!.indexOf(label) + 1)]
    return column.codes.map(code => codes[code]!)
  }
  const edges = domain.edges!
  return Uint32Array.from(column.numbers, value => {
    if (Number.isNaN(value)) return 0
    let [low, high] = [0, edges.length - 2]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (edges[middle]! <= value) low = middle
      else high = middle - 1
    }
    return low + 1
  })
}

/** A value of a code: within a bin anywhere, as far as its digits go. */
export function cellOfCode({ type, labels, edges, decimals }: Domain, code: number, next: () => number): Json {
  if (code === 0) return null
  if (labels) return labelOf(labels[code - 1], type)
  const [low, high] = [edges![code - 1]!, edges![code]!]
  const last = code === edges!.length - 1
  const unit = 10 ** -decimals
  const places = Math.max(1, Math.round((high - low) / unit) + (last && high - low > unit ? 1 : 0))
  return cellOf(Math.ceil(low / unit - 1e-9) * unit + Math.floor(next() * places) * unit, type, decimals)
}

/** A place of weights, each as likely as it weighs; the first where none weighs anything. */
export function drawFrom(weights: ArrayLike<number>, next: () => number): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += weights[i]!
  let left = next() * sum
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!
    if (left < 0) return i
  }
  return Math.max(
    0,
    Array.from(weights).findLastIndex(weight => weight > 0),
  )
}
