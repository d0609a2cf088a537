import { random } from '../../records/index.ts'
import { bootstrap } from '../bootstrap.ts'
import { drawn } from '../compare.ts'
import { areaInterval, areaUnder } from '../separation.ts'
import { type Interval, wilson, z95 } from '../share.ts'
import { type Encoder, encoderOf, type Metric, metrics, nearest, nearestPlaces } from './distance.ts'
import { figure, least, mean, meanOf, most, notBelow, type PrivacyFigure, type Said, type Sets } from './figure.ts'
import { joined, rowsAt, type Table } from './table.ts'

/** Rows nearer to the first set, as near to both, and all. */
export type Closer = { closer: number; ties: number; n: number }

export function closer(first: ArrayLike<number>, other: ArrayLike<number>): Closer {
  let [nearer, ties] = [0, 0]
  for (let i = 0; i < first.length; i++) {
    if (first[i]! < other[i]!) nearer++
    else if (first[i] === other[i]) ties++
  }
  return { closer: nearer, ties, n: first.length }
}

/** Share of rows nearer to the training set than to the holdout, ties half (mostlyai-qa): 0.5 when nothing was copied. */
export const dcrShare = ({ closer, ties, n }: Closer): number => (closer + ties / 2) / n

/** `DCROverfittingProtection` of SDMetrics: ties count for the holdout; 1 is none that can be seen, 0 all are nearer. */
export const overfittingProtection = ({ closer, n }: Closer): number => Math.min(2 * (1 - closer / n), 1)

/** How many deviations a share of n rows lies above a half; crowded rows count for less. */
export const zOfShare = (share: number, n: number, crowd = 1): number => (share - 0.5) / deviation(n, crowd)
const deviation = (n: number, crowd: number) => Math.sqrt((0.25 * crowd) / n)

/**
 * How many synthetic rows have the nearest record of one of them as theirs, in the mean over rows. By whichever set that
 * record happens to be in, all of them are nearer to that set at once: were both real sets shuffled together and parted
 * anew, the share would vary by this much more than that of independent rows.
 */
export function crowdOf(places: Uint32Array): number {
  const counts = new Map<number, number>()
  for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1)
  return places.length === 0 ? 1 : counts.values().reduce((sum, n) => sum + n * n, 0) / places.length
}

/** Value of a rank counted from 0, and a 95 % interval by the binomial distribution of ranks, whatever the values are like. */
export function ranked(values: ArrayLike<number>, rank: number): { value: number; interval: Interval } {
  const sorted = Float64Array.from(values).sort()
  const half = z95 * Math.sqrt(Math.max(rank, 1) * (1 - rank / sorted.length))
  const at = (place: number) => sorted[Math.max(0, Math.min(sorted.length - 1, Math.round(place)))]!
  return { value: at(rank), interval: { low: at(rank - half), high: at(rank + half) } }
}

export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort()
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}

/** Rows without any relation: each column uniform over the range or the labels that occur, missing as often as there. */
export function randomTable(like: Table, rows: number, seed: string): Table {
  const next = random('random table', seed)
  const columns = like.columns.map(column => {
    if (column.numbers) {
      const known = column.numbers.filter(value => !Number.isNaN(value)).sort()
      const [low, high] = [known[0] ?? Number.NaN, known.at(-1) ?? Number.NaN]
      const absent = 1 - known.length / like.rows
      const whole = known.every(Number.isInteger)
      const draw = () => (whole ? low + Math.floor(next() * (high - low + 1)) : low + next() * (high - low))
      return { ...column, numbers: Float64Array.from({ length: rows }, () => (next() < absent ? Number.NaN : draw())) }
    }
    const labels = [...new Set(column.codes.filter(code => code > 0))].sort((a, b) => a - b)
    const absent = column.codes.filter(code => code === 0).length / like.rows
    const draw = () => labels[Math.floor(next() * labels.length)] ?? 0
    return { ...column, codes: Uint32Array.from({ length: rows }, () => (next() < absent ? 0 : draw())) }
  })
  return { rows, columns }
}

/** `DCRBaselineProtection` of SDMetrics: 0 for a copy, 1 for rows as far away as random ones. Undefined where random ones copy too. */
export function baselineProtection(distances: ArrayLike<number>, ofRandom: ArrayLike<number>): number | undefined {
  const far = median(ofRandom)
  return far > 0 ? Math.min(median(distances) / far, 1) : undefined
}

/** Distances up to this count as the same row. */
const same = 1e-6
/** Nearest over second nearest distance; a row that repeats one of a pair of equal rows has 1, not 0 (NNDR). */
export const nndr = (first: Float64Array, second: Float64Array): Float64Array =>
  first.map((distance, i) => (distance + 1e-8) / (second[i]! + 1e-8))
/** The tenth smallest ratio is the one that mostlyai-qa reports. */
const tenth = 9

type Round = ReturnType<typeof round>

/** Distances of one draw of equally many rows of each set. Units are those of all real rows. */
function round({ training, synthetic, holdout }: Required<Sets>, metric: Metric, n: number, seed: string) {
  const encoder = encoderOf(joined(training, holdout), metric)
  const some = (table: Table, name: string, rows = n, from = 0, to = table.rows) =>
    rowsAt(table, drawn(from, to, rows, `${name} ${seed}`))
  const [made, known, unseen] = [some(synthetic, 'synthetic'), some(training, 'training'), some(holdout, 'holdout')]
  const toKnown = nearest(made, known, encoder)
  const toUnseen = nearest(made, unseen, encoder)
  const unseenToKnown = nearest(unseen, known, encoder)
  // Real rows in the role of synthetic ones: two disjoint draws of the training set.
  const half = Math.min(n, training.rows >> 1)
  const places = drawn(0, training.rows, 2 * half, `halves ${seed}`)
  const real = rowsAt(training, places.subarray(0, half))
  const others = rowsAt(training, places.subarray(half))
  const sameMany = some(holdout, 'holdout of halves', half)
  const realCloser = closer(nearest(real, others, encoder).first, nearest(real, sameMany, encoder).first)
  const byRandom = nearest(randomTable(joined(training, holdout), n, seed), known, encoder)
  const knownToMade = nearest(known, made, encoder).first
  const unseenToMade = nearest(unseen, made, encoder).first
  const crowd = crowded(made, known, unseen, encoder)
  return { crowd, toKnown, toUnseen, unseenToKnown, realCloser, byRandom, knownToMade, unseenToMade }
}

/** Rows of which it is looked up which record is nearest: enough to know how crowded they are. */
const lookedUp = 1000
function crowded(made: Table, known: Table, unseen: Table, encoder: Encoder): number {
  const few = (table: Table) =>
    rowsAt(
      table,
      Uint32Array.from({ length: Math.min(lookedUp, table.rows) }, (_, i) => i),
    )
  return crowdOf(nearestPlaces(few(made), joined(few(known), few(unseen)), encoder))
}

export type Settings = { rounds: number; seed: string }

/**
 * Are synthetic rows nearer to the rows they were made from than to others of the same people's kind? Training, holdout
 * and synthetic sets are brought to the same size first, since more rows are nearer for that alone. None of it shows that a
 * table is anonymous: sets that pass are exposed to attacks all the same (Yao et al. 2025, arXiv 2505.01524).
 */
export function copying(sets: Sets, { rounds, seed }: Settings): PrivacyFigure[] {
  const { training, synthetic, holdout } = sets
  const n = Math.min(most, training.rows, synthetic.rows, holdout?.rows ?? most)
  return metrics.flatMap(metric => {
    const said = (name: string, about: string, part: PrivacyFigure['part'] = 'copying'): Said => {
      return { measure: `${name} (${metric})`, about, part, n, rounds, seed }
    }
    if (!holdout || n < least) return alone(said, sets, metric, n, seed)
    const all = Array.from({ length: rounds }, (_, i) =>
      round({ training, synthetic, holdout }, metric, n, `${metric} ${seed} ${i}`),
    )
    const part = n / training.rows
    return [
      ...shares(said, all, { n, part, seed }),
      ...identical(said, all, n, part),
      ...order(said, all, n),
      ...members(said, all, n),
    ]
  })
}

type Namer = (name: string, about: string, part?: PrivacyFigure['part']) => Said
const about = {
  share: 'share of rows nearer to a training row than to one of the holdout; 0.5 when nothing was copied',
  identical: 'share of rows that equal a training row, beside those that equal one of the holdout',
  protection: 'median distance to the closest training row, in units of that of random rows',
}

/** What can be told without a holdout, or of too few rows: figures, and no grade. */
function alone(said: Namer, { training, synthetic, holdout }: Sets, metric: Metric, n: number, seed: string) {
  const none = (name: string, text: string) =>
    n < least
      ? figure(said(name, text), { grade: 'insufficient sample', why: `${n} rows a side; it takes ${least}` })
      : figure(said(name, text), {
          grade: 'needs a holdout',
          why: 'real rows it was not made from are needed to compare',
        })
  if (n < least || holdout) return [none('share', about.share), none('identical', about.identical)]
  const encoder = encoderOf(training, metric)
  const made = rowsAt(synthetic, drawn(0, synthetic.rows, n, `synthetic ${seed}`))
  const known = rowsAt(training, drawn(0, training.rows, n, `training ${seed}`))
  const { first } = nearest(made, known, encoder)
  const equal = first.filter(distance => distance <= same).length
  const far = nearest(randomTable(training, n, seed), known, encoder).first
  const protection = baselineProtection(first, far)
  return [
    none('share', about.share),
    { ...none('identical', about.identical), value: equal / n, interval: wilson(equal, n) },
    { ...none('protection', about.protection), ...(protection === undefined ? {} : { value: protection }) },
  ]
}

/** The share that raises the alarm by chance in one of twenty tables that copy nothing. */
export const alarm = (n: number, crowd = 1): number => 0.5 + 1.645 * deviation(n, crowd)
/**
 * The share that is too much: 0.05 above a half in the whole training set, and three deviations. Of a part of the training
 * set only that part of what was copied can be seen, so that the bar is lower by as much.
 */
export const tooMuch = (n: number, part = 1, crowd = 1): number => 0.5 + Math.max(3 * deviation(n, crowd), 0.05 * part)

type Drawn = { n: number; part: number; seed: string }

function shares(said: Namer, all: Round[], { n, part, seed }: Drawn): PrivacyFigure[] {
  const crowd = mean(all.map(round => round.crowd))
  const [bar, warned] = [tooMuch(n, part, crowd), alarm(n, crowd)]
  const counts = all.map(({ toKnown, toUnseen }) => closer(toKnown.first, toUnseen.first))
  const intervals = all.map(({ toKnown, toUnseen }, i) => {
    const each = toKnown.first.map((distance, row) => {
      const other = toUnseen.first[row]!
      return distance < other ? 1 : distance === other ? 0.5 : 0
    })
    const of = (rows: Uint32Array) => rows.reduce((sum, row) => sum + each[row]!, 0) / rows.length
    return bootstrap(n, of, `share ${seed} ${i}`, 400)!
  })
  const [share, strict] = [mean(counts.map(dcrShare)), mean(counts.map(({ closer, n }) => closer / n))]
  const real = all.map(({ realCloser }) => realCloser)
  const baseline = {
    value: mean(real.map(dcrShare)),
    interval: meanOf(real.map(({ closer, ties, n }) => wilson(Math.round(closer + ties / 2), n))),
  }
  const grade = (value: number) => (value > bar ? 'fail' : value > warned || value < 1 - bar ? 'warn' : 'pass')
  const z = zOfShare(share, n, crowd).toFixed(1)
  const why =
    share > warned
      ? `z = ${z}: nearer to the rows it was made from (alarm from ${warned.toFixed(3)}, fails from ${bar.toFixed(3)})`
      : share < 1 - bar
        ? `z = ${z}: nearer to the holdout; was it used after all, or is it of another time?`
        : `z = ${z}, no more than chance (alarm from ${warned.toFixed(3)})`
  const protection = mean(counts.map(overfittingProtection))
  const wider = ({ low, high }: Interval, value: number): Interval => {
    const by = Math.sqrt(crowd)
    return { low: Math.max(0, value - by * (value - low)), high: Math.min(1, value + by * (high - value)) }
  }
  return [
    figure(said('share', about.share), {
      value: share,
      interval: wider(meanOf(intervals), share),
      baseline,
      grade: grade(share),
      why,
    }),
    figure(
      said('overfitting', 'overfitting protection: 1 is none, 0 means that all rows are nearer to training rows'),
      {
        value: protection,
        interval: meanOf(
          counts.map(({ closer, n }) => {
            const { low, high } = wilson(closer, n)
            return { low: Math.min(1, 2 * (1 - high)), high: Math.min(1, 2 * (1 - low)) }
          }),
        ),
        baseline: {
          value: mean(real.map(overfittingProtection)),
          interval: meanOf(
            real.map(({ closer, n }) => {
              const { low, high } = wilson(closer, n)
              return { low: Math.min(1, 2 * (1 - high)), high: Math.min(1, 2 * (1 - low)) }
            }),
          ),
        },
        grade: strict > bar ? 'fail' : strict > warned ? 'warn' : 'pass',
        why: `${(100 * strict).toFixed(1)} % of rows are nearer to a training row; ties count for the holdout`,
      },
    ),
  ]
}

function identical(said: Namer, all: Round[], n: number, part: number): PrivacyFigure[] {
  const count = (of: (round: Round) => Float64Array) =>
    all.map(round => of(round).filter(distance => distance <= same).length)
  const [known, unseen] = [count(({ toKnown }) => toKnown.first), count(({ toUnseen }) => toUnseen.first)]
  const [value, other] = [mean(known) / n, mean(unseen) / n]
  const interval = meanOf(known.map(found => wilson(found, n)))
  const baseline = { value: other, interval: meanOf(unseen.map(found => wilson(found, n))) }
  const apart = interval.low > baseline.interval.high
  return [
    figure(said('identical', about.identical), {
      ...{ value, interval, baseline },
      grade: apart && value - other > 0.01 * part ? 'fail' : apart ? 'warn' : 'pass',
      why: `${(100 * value).toFixed(2)} % equal a training row, ${(100 * other).toFixed(2)} % one of the holdout`,
    }),
  ]
}

/** Low distances and ratios beside those of unseen rows. Platzer & Reutterer 2021, Frontiers in Big Data 4. */
function order(said: Namer, all: Round[], n: number): PrivacyFigure[] {
  const both = (made: (round: Round) => Float64Array, unseen: (round: Round) => Float64Array, rank: number) => {
    const over = (of: (round: Round) => Float64Array) => {
      const each = all.map(round => ranked(of(round), rank))
      return { value: mean(each.map(({ value }) => value)), interval: meanOf(each.map(({ interval }) => interval)) }
    }
    const { value, interval } = over(made)
    return notBelow(value, interval, over(unseen))
  }
  const ratios = (of: 'toKnown' | 'unseenToKnown') => (round: Round) => nndr(round[of].first, round[of].second)
  const fifth = Math.floor(0.05 * n)
  const far = all.map(({ byRandom }) => median(byRandom.first))
  const protection = (of: 'toKnown' | 'unseenToKnown') => {
    const each = all.map((round, i) => ({ ...ranked(round[of].first, n >> 1), far: far[i]! }))
    const unit = (pick: (one: (typeof each)[number]) => number) =>
      Math.min(1, mean(each.map(one => pick(one) / one.far)))
    return {
      value: unit(one => one.value),
      interval: { low: unit(one => one.interval.low), high: unit(one => one.interval.high) },
    }
  }
  const own = protection('toKnown')
  return [
    figure(
      said('distance-5', 'fifth percentile of the distance to a training row, beside that of holdout rows'),
      both(
        round => round.toKnown.first,
        round => round.unseenToKnown.first,
        fifth,
      ),
    ),
    figure(
      said('ratio-5', 'fifth percentile of nearest over second nearest distance, beside that of holdout rows'),
      both(ratios('toKnown'), ratios('unseenToKnown'), fifth),
    ),
    figure(
      said('ratio-10th', 'tenth smallest ratio of nearest over second nearest distance (NNDR)'),
      both(ratios('toKnown'), ratios('unseenToKnown'), Math.min(tenth, n - 1)),
    ),
    figure(
      said('protection', about.protection),
      far.some(value => value === 0)
        ? { grade: 'insufficient sample', why: 'random rows equal training rows too: too few values to tell' }
        : notBelow(own.value, own.interval, protection('unseenToKnown')),
    ),
  ]
}

/** Who was in? The one whose row a synthetic row is near to: with members and others in equal numbers. */
function members(said: Namer, all: Round[], n: number): PrivacyFigure[] {
  const areas = all.map(
    ({ knownToMade, unseenToMade }) =>
      areaUnder(
        [...knownToMade, ...unseenToMade].map(distance => -distance),
        [...knownToMade.map(() => 1), ...unseenToMade.map(() => 0)],
      )!,
  )
  const area = mean(areas)
  const around = areaInterval(area, n, n)
  const caught = all.map(({ knownToMade, unseenToMade }) => {
    const bar = Float64Array.from(unseenToMade).sort()[Math.floor(0.01 * n)]!
    return knownToMade.filter(distance => distance < bar).length
  })
  const rate = mean(caught) / n
  // The bar is known no better than the rate: as if half as many had been looked at.
  const rates = meanOf(caught.map(found => wilson(found / 2, n / 2)))
  return [
    figure(
      said('membership', 'area under the curve of telling training rows from others by their distance', 'attacks'),
      {
        ...{ value: area, interval: around, baseline: { value: 0.5, interval: areaInterval(0.5, n, n) } },
        grade: around.low > 0.5 && area >= 0.55 ? 'fail' : around.low > 0.5 ? 'warn' : 'pass',
        why: around.low > 0.5 ? 'training rows are told better than by chance' : 'no better than chance',
      },
    ),
    figure(said('membership-1%', 'training rows told where one in a hundred others is taken for one', 'attacks'), {
      ...{ value: rate, interval: rates, baseline: { value: 0.01, interval: wilson(0.005 * n, n / 2) } },
      grade: rates.low > 0.02 ? 'fail' : rates.low > 0.01 ? 'warn' : 'pass',
      why: `${(100 * rate).toFixed(1)} % of training rows are told; 1 % would be by chance`,
    }),
  ]
}
