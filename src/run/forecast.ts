import { random } from '../records/index.ts'
import type { Use, UseByStep } from './spending.ts'

/** What one root led to: rows that steps handed on, and calls. */
export type RootUse = { rows: { [step: string]: number }; uses: UseByStep }
/** Roots that were let through, out of so many that arrived. */
export type Stratum = { of: number; roots: RootUse[] }
/**
 * What a run shows of the whole: of every place at which roots were let through a sample of them, and what stands beside
 * those roots and is known in full. A run without a limit is all `beside`.
 */
export type Sample = { strata: Stratum[]; beside: RootUse }

/** How fast a teacher goes. Teachers of one route share its width and its limits. */
export type Pace = { route: string; concurrency: number; rpm?: number; tpm?: number; batch: boolean }
export type Speeds = {
  teachers: { [teacher: string]: Pace }
  /** Mean milliseconds of a call. */
  ms: { [step: string]: { [teacher: string]: number | undefined } }
}
/** A step as a forecast needs it. `rough`: it stands behind one that looks at all rows, which need not grow in step. */
export type ForecastStep = { key: string; teachers: readonly string[]; rough: boolean }

/** An estimate, and from where to where nine of ten should lie; without a band where too little was seen. */
export type Estimate = { value: number; band?: [low: number, high: number] }
export type Figures = {
  rows: Estimate
  calls: Estimate
  /** Tokens. */
  input: Estimate
  output: Estimate
  /** Null where a call had no price. */
  usd: Estimate | null
  /** Milliseconds; null where it cannot be told. Of batches nothing is in it. */
  ms: Estimate | null
}
export type Forecast = {
  /** Roots that were looked at, out of so many. */
  roots: { n: number; of: number }
  steps: (ForecastStep & Figures & { batch: boolean })[]
  total: Omit<Figures, 'rows'>
  /** What the sample itself came to, so that it need not be paid again. */
  seen: { calls: number; input: number; output: number; usd: number | null }
}

/** A quantity that adds up over roots. */
type Measure = (of: RootUse) => number

const resamples = 1000
/**
 * Where a band ends among the resamples. Further out above than below: a few roots seldom hold the dearest ones, and a
 * band that ends too early costs more than one that ends too late.
 */
const ends = { low: 0.05, high: 0.025 }
/** Studentized means beyond this come of resamples without any spread, and say nothing. */
const mostSpread = 6

/**
 * Estimates rows, calls, tokens, dollars and time of a whole corpus from a sample of its roots. Bands are studentized
 * bootstraps over roots (Efron and Tibshirani 1993, chapter 12), which stay honest where few roots cost much, narrowed by
 * how much of the corpus was seen. Pure, and the same for the same seed.
 */
export function forecast(steps: readonly ForecastStep[], sample: Sample, speeds: Speeds, seed: number): Forecast {
  const measures: Measure[] = []
  /** Registers a measure and returns where its estimate will be. */
  const measure = (of: Measure): number => measures.push(of) - 1
  const uses = (of: RootUse, step?: string, teacher?: string): Use[] =>
    (step === undefined ? Object.values(of.uses) : [of.uses[step] ?? {}]).flatMap(teachers =>
      teacher === undefined ? Object.values(teachers) : teachers[teacher] ? [teachers[teacher]] : [],
    )
  const sum = (field: keyof Use, step?: string, teacher?: string): Measure => {
    return of => uses(of, step, teacher).reduce((n, use) => n + (use[field] ?? 0), 0)
  }
  const all = [sample.beside, ...sample.strata.flatMap(stratum => stratum.roots)]
  const priced = (step?: string): boolean => all.every(of => uses(of, step).every(use => use.usd !== null))
  const asked = (step: string): string[] => [...new Set(all.flatMap(of => Object.keys(of.uses[step] ?? {})))].sort()
  const isBatch = (teacher: string): boolean => speeds.teachers[teacher]?.batch ?? false

  /** What keeps a route busy, each in milliseconds; the time is the longest. Undefined where a latency is unknown. */
  function busy(pairs: { step: string; teacher: string }[]): number[] | undefined {
    const online = pairs.filter(({ teacher }) => !isBatch(teacher))
    if (online.some(({ step, teacher }) => speeds.ms[step]?.[teacher] === undefined || !speeds.teachers[teacher]))
      return undefined
    const routes = new Map<string, typeof online>()
    for (const pair of online) {
      const { route } = speeds.teachers[pair.teacher]!
      routes.set(route, [...(routes.get(route) ?? []), pair])
    }
    return [...routes.values()].flatMap(members => {
      const { concurrency, rpm, tpm } = speeds.teachers[members[0]!.teacher]!
      const over = (each: (pair: (typeof members)[number]) => Measure): Measure => {
        const parts = members.map(each)
        return of => parts.reduce((n, part) => n + part(of), 0)
      }
      const calls = ({ step, teacher }: (typeof members)[number]) => sum('calls', step, teacher)
      const tokens = ({ step, teacher }: (typeof members)[number]): Measure => {
        const [input, output] = [sum('input', step, teacher), sum('output', step, teacher)]
        return of => input(of) + output(of)
      }
      const scaled = (of: Measure, by: number): number => measure(root => of(root) * by)
      return [
        measure(
          over(pair => {
            const [count, ms] = [calls(pair), speeds.ms[pair.step]![pair.teacher]!]
            return of => (count(of) * ms) / concurrency
          }),
        ),
        ...(rpm ? [scaled(over(calls), 60_000 / rpm)] : []),
        ...(tpm ? [scaled(over(tokens), 60_000 / tpm)] : []),
      ]
    })
  }
  const places = (step?: string) => ({
    calls: measure(sum('calls', step)),
    input: measure(sum('input', step)),
    output: measure(sum('output', step)),
    usd: priced(step) ? measure(sum('usd', step)) : undefined,
  })
  const pairs = steps.flatMap(({ key }) => asked(key).map(teacher => ({ step: key, teacher })))
  const where = steps.map(step => ({
    step,
    rows: measure(of => of.rows[step.key] ?? 0),
    ...places(step.key),
    busy: busy(pairs.filter(pair => pair.step === step.key)),
  }))
  const inAll = { ...places(), busy: busy(pairs) }

  const estimates = estimate(measures, sample, seed)
  const at = (place: number): Estimate => estimates[place]!
  const figures = ({ calls, input, output, usd, busy }: typeof inAll) => ({
    calls: at(calls),
    input: at(input),
    output: at(output),
    usd: usd === undefined ? null : at(usd),
    ms: busy === undefined ? null : longest(busy.map(at)),
  })
  const seen = (field: keyof Use): number => all.reduce((n, of) => n + sum(field)(of), 0)
  return {
    roots: {
      n: sample.strata.reduce((n, stratum) => n + stratum.roots.length, 0),
      of: sample.strata.reduce((n, stratum) => n + stratum.of, 0),
    },
    steps: where.map(({ step, rows, ...rest }) => ({
      ...step,
      rows: at(rows),
      ...figures(rest),
      batch: asked(step.key).some(isBatch),
    })),
    total: figures(inAll),
    seen: {
      calls: seen('calls'),
      input: seen('input'),
      output: seen('output'),
      usd: priced() ? seen('usd') : null,
    },
  }
}

export type Limit = 'usd' | 'tokens' | 'calls'
/** How a budget stands to what a run needs: all of the band within it, across its end, or past it. */
export type Against = { limit: Limit; budget: number; needs: Estimate; is: 'fits' | 'crosses' | 'exceeds' }

/**
 * What a budget has to bear: everything spent so far, and what the forecast adds to what was seen. A limit in dollars
 * says nothing where a call had no price.
 */
export function againstBudget(
  budget: { [limit in Limit]?: number },
  { total, seen }: Forecast,
  spent: { [limit in Limit]: number },
): Against[] {
  const tokens: Estimate = {
    value: total.input.value + total.output.value,
    ...(total.input.band && total.output.band
      ? { band: [total.input.band[0] + total.output.band[0], total.input.band[1] + total.output.band[1]] }
      : {}),
  }
  const parts: { [limit in Limit]: [Estimate | null, number | null] } = {
    usd: [total.usd, seen.usd],
    tokens: [tokens, seen.input + seen.output],
    calls: [total.calls, seen.calls],
  }
  return (['usd', 'tokens', 'calls'] as const).flatMap(limit => {
    const most = budget[limit]
    const [whole, had] = parts[limit]
    if (most === undefined || whole === null || had === null) return []
    const needed = (n: number): number => spent[limit] + Math.max(0, n - had)
    const value = needed(whole.value)
    const [low, high] = whole.band ? whole.band.map(needed) : [value, Number.POSITIVE_INFINITY]
    const is = high! <= most ? 'fits' : low! > most ? 'exceeds' : 'crosses'
    return [{ limit, budget: most, needs: whole.band ? { value, band: [low!, high!] } : { value }, is }]
  })
}

function longest(of: Estimate[]): Estimate {
  const most = (values: number[]): number => Math.max(0, ...values)
  const value = most(of.map(one => one.value))
  if (of.some(one => !one.band)) return { value }
  return { value, band: [most(of.map(one => one.band![0])), most(of.map(one => one.band![1]))] }
}

/** Totals of all measures with their bands. The resamples are the same for all of them. */
function estimate(measures: readonly Measure[], sample: Sample, seed: number): Estimate[] {
  const strata = sample.strata.filter(stratum => stratum.roots.length > 0)
  const known = measures.map(of => of(sample.beside))
  const tables = strata.map(({ roots }) => roots.map(root => Float64Array.from(measures, of => of(root))))
  const means = tables.map(rows => momentsOf(rows, measures.length))
  const totals = known.map((n, m) => n + strata.reduce((t, { of }, s) => t + of * means[s]!.mean[m]!, 0))
  // Of one root out of many nobody can tell how much roots differ.
  const blind = strata.some(({ of, roots }) => roots.length === 1 && of > 1)
  if (blind) return totals.map(value => ({ value }))
  const weights = strata.map(({ of, roots }) => of * Math.sqrt(Math.max(0, 1 - roots.length / of)))
  const errorOf = (moments: Moments[], m: number): number =>
    Math.sqrt(moments.reduce((v, { variance, n }, s) => v + (weights[s]! ** 2 * variance[m]!) / n, 0))
  const errors = measures.map((_, m) => errorOf(means, m))

  const next = random(seed, 'forecast')
  const spreads = measures.map(() => new Float64Array(resamples))
  for (let r = 0; r < resamples; r++) {
    const drawn = tables.map(rows =>
      momentsOf(
        rows.map(() => rows[Math.floor(next() * rows.length)]!),
        measures.length,
      ),
    )
    for (const [m, spread] of spreads.entries()) {
      const off = drawn.reduce((d, { mean }, s) => d + weights[s]! * (mean[m]! - means[s]!.mean[m]!), 0)
      const error = errorOf(drawn, m)
      const studentized = error > 0 ? off / error : off === 0 ? 0 : Math.sign(off) * mostSpread
      spread[r] = Math.max(-mostSpread, Math.min(mostSpread, studentized))
    }
  }
  return totals.map((value, m) => {
    const spread = spreads[m]!.sort()
    const seen = known[m]! + tables.reduce((n, rows) => rows.reduce((sum, row) => sum + row[m]!, n), 0)
    // What was seen is certain: no total is less.
    const low = Math.max(seen, value - spread[Math.floor((1 - ends.low) * resamples)]! * errors[m]!)
    const high = value - spread[Math.floor(ends.high * resamples)]! * errors[m]!
    return { value, band: [Math.min(low, value), Math.max(high, value)] }
  })
}

type Moments = { n: number; mean: Float64Array; variance: Float64Array }
/** Means and variances of every column. */
function momentsOf(rows: readonly Float64Array[], columns: number): Moments {
  const n = rows.length
  const mean = new Float64Array(columns)
  const variance = new Float64Array(columns)
  for (const row of rows) for (let m = 0; m < columns; m++) mean[m]! += row[m]! / n
  for (const row of rows)
    for (let m = 0; m < columns; m++) variance[m]! += (row[m]! - mean[m]!) ** 2 / Math.max(1, n - 1)
  return { n, mean, variance }
}
