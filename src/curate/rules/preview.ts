import { type Rec, unit } from '../../records/index.ts'
import { contentOf } from '../content.ts'
import { fails } from './cut-rules.ts'
import type { Limit } from './profile.ts'

/** A text beside a threshold. */
export type Example = { id: string; about: string; value: number }

/** What one threshold does to some texts. */
export type RulePreview = Limit & {
  /** The tokenizer, or what else the measure counts. */
  by?: string
  /** Texts with a value; those to which the measure does not apply, by why; those that were never measured. */
  scored: number
  unscored: { [why: string]: number }
  absent: number
  /** Texts it drops whatever the other rules do, and those that it is the first to drop. */
  alone: number
  first: number
  /** Least value, 5 %, 25 %, median, 75 %, 95 %, most; absent where nothing has one. */
  quantiles?: number[]
  /** Texts by value, in bars of equal width between the 1 % and the 99 % quantile; what is beyond counts at the ends. */
  bars: { from: number; to: number; counts: number[] }
  /** What it would drop alone at other values. */
  at: { value: number; alone: number }[]
  /** Those it drops and those it keeps, nearest to the threshold first. */
  dropped: Example[]
  kept: Example[]
}

const barCount = 12
/** Values kept for quantiles and bars: a sample by id where there are more. */
const sampleSize = 20_000

/** What each limit does to some records, read off their stored scores. `n` examples on each side of a threshold. */
export function previewRules(
  records: Iterable<Rec>,
  limits: readonly Limit[],
  n: number,
): { texts: number; kept: number; rules: RulePreview[] } {
  const tallies = limits.map(limit => openTally(limit, n))
  let [texts, kept] = [0, 0]
  for (const record of records) {
    texts++
    const chance = unit('preview', record.id)
    let fallen = false
    for (const tally of tallies) {
      const falls = tally.take(record, chance, fallen)
      fallen ||= falls
    }
    if (!fallen) kept++
  }
  return { texts, kept, rules: tallies.map(tally => tally.end()) }
}

function openTally(limit: Limit, n: number) {
  const value = limit.least ?? limit.most ?? limit.under ?? 0
  const at = neighbours(value).map(other => ({ value: other, alone: 0 }))
  const bound = limit.least !== undefined ? 'least' : limit.most !== undefined ? 'most' : 'under'
  const found: RulePreview = {
    ...limit,
    scored: 0,
    unscored: {},
    absent: 0,
    alone: 0,
    first: 0,
    bars: { from: 0, to: 0, counts: [] },
    at,
    dropped: [],
    kept: [],
  }
  const sample: { chance: number; value: number }[] = []
  let greatest = 0

  /** Gives whether this limit drops the record. */
  function take(record: Rec, chance: number, fallen: boolean): boolean {
    const score = record.scores[limit.score]
    if (score === undefined) {
      found.absent++
      if (!fallen) found.first++
      return true
    }
    found.by ??= score.method
    if ('unscored' in score) {
      found.unscored[score.unscored] = (found.unscored[score.unscored] ?? 0) + 1
      return false
    }
    found.scored++
    greatest = Math.max(greatest, score.value)
    sample.push({ chance, value: score.value })
    if (sample.length >= 2 * sampleSize) thin(sample)
    for (const other of at) if (fails({ [bound]: other.value }, score.value)) other.alone++
    const falls = fails(limit, score.value)
    if (falls) found.alone++
    if (falls && !fallen) found.first++
    nearest(falls ? found.dropped : found.kept, record, score.value, value, n)
    return falls
  }

  function end(): RulePreview {
    thin(sample)
    const values = sample.map(one => one.value).sort((a, b) => a - b)
    // A share has no values above 1.
    found.at = at.filter(other => value > 1 || greatest > 1 || other.value <= 1)
    if (values.length === 0) return found
    const quantile = (q: number) => values[Math.round(q * (values.length - 1))]!
    found.quantiles = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1].map(quantile)
    found.bars = barsOf(values, quantile(0.01), quantile(0.99))
    return found
  }
  return { take, end }
}

function thin(sample: { chance: number }[]): void {
  if (sample.length <= sampleSize) return
  sample.sort((a, b) => a.chance - b.chance)
  sample.length = sampleSize
}

function barsOf(values: number[], from: number, to: number): RulePreview['bars'] {
  const counts = new Array<number>(to > from ? barCount : 1).fill(0)
  for (const value of values) counts[barOf(value, from, to, counts.length)]!++
  return { from, to, counts }
}

/** The bar that a value is in. */
export function barOf(value: number, from: number, to: number, bars: number): number {
  return to > from ? Math.min(bars - 1, Math.max(0, Math.floor(((value - from) / (to - from)) * bars))) : 0
}

/** The value itself and some around it, rounded to what a person would write. */
function neighbours(value: number): number[] {
  const around = value === 0 ? [0, 1, 2, 5] : [0.5, 0.8, 1, 1.25, 2].map(factor => value * factor)
  const plain = (one: number) => (one === value ? one : Number(one.toPrecision(2)))
  const whole = Number.isInteger(value) && value > 1
  return [...new Set(around.map(one => (whole ? Math.round(plain(one)) : plain(one))))]
}

function nearest(list: Example[], record: Rec, value: number, limit: number, n: number): void {
  const far = Math.abs(value - limit)
  const last = list.at(-1)
  if (n === 0 || (list.length === n && far >= Math.abs(last!.value - limit))) return
  const title = record.kind === 'document' ? record.title : undefined
  const text = contentOf(record, 'all').slice(0, 400).replace(/\s+/g, ' ').trim()
  list.push({ id: record.id, about: title ? `${title}: ${text}` : text, value })
  list.sort((a, b) => Math.abs(a.value - limit) - Math.abs(b.value - limit) || (a.id < b.id ? -1 : 1))
  list.length = Math.min(list.length, n)
}
