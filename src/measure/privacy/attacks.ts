import type { Mixed } from '../../kernels/index.ts'
import { random } from '../../records/index.ts'
import { drawn } from '../compare.ts'
import { normalQuantile } from '../normal.ts'
import { type Interval, wilson } from '../share.ts'
import { encoderOf } from './distance.ts'
import { figure, least, most, type PrivacyFigure, type Said, type Sets } from './figure.ts'
import { type Column, rowsAt, type Table } from './table.ts'

/** How many of n attacks succeeded. */
export type Tries = { hits: number; n: number }

/**
 * What an attack by the synthetic table adds to what is true of people at large: (main - control) / (1 - control), from 0
 * to 1, its interval by propagation of both; of the worst of several, all of them hold together. Undefined where the control always succeeds. Giomi et al. 2023, PoPETs (2).
 */
export function attackRisk(main: Tries, control: Tries, among = 1): { value: number; interval: Interval } | undefined {
  const centre = ({ hits, n }: Tries) => {
    const { low, high } = wilson(hits, n)
    return { rate: (low + high) / 2, half: (high - low) / 2 }
  }
  const [m, c] = [centre(main), centre(control)]
  if (control.hits === control.n) return undefined
  const value = (m.rate - c.rate) / (1 - c.rate)
  const wider = normalQuantile(0.025 / among) / normalQuantile(0.025)
  const half = wider * Math.hypot(m.half / (1 - c.rate), (c.half * (m.rate - 1)) / (1 - c.rate) ** 2)
  const within = (x: number) => Math.max(0, Math.min(1, x))
  return { value: within(value), interval: { low: within(value - half), high: within(value + half) } }
}

/** A condition on one column. */
type Condition = { column: number; is: '=' | '<=' | '>='; value: number }

const valueAt = (column: Column, row: number): number => (column.numbers ? column.numbers[row]! : column.codes[row]!)
function holds(column: Column, { is, value }: Condition, row: number): boolean {
  const own = valueAt(column, row)
  if (is === '=') return own === value || (Number.isNaN(own) && Number.isNaN(value))
  return is === '<=' ? own <= value : own >= value
}

/** Rows that meet all conditions, counted to two: one alone is singled out. */
function matches(table: Table, all: readonly Condition[]): number {
  let found = 0
  for (let row = 0; row < table.rows; row++) {
    if (all.every(one => holds(table.columns[one.column]!, one, row)) && ++found === 2) break
  }
  return found
}

/** Conditions on single columns that one synthetic row alone meets: rare values and both ends. */
function rareValues(made: Table): Condition[][] {
  return made.columns.flatMap((column, at) => {
    const counts = new Map<number, number>()
    for (let row = 0; row < made.rows; row++) {
      const value = valueAt(column, row)
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    const once = [...counts].filter(([, n]) => n === 1).map(([value]) => value)
    const equal = once.map((value): Condition[] => [{ column: at, is: '=', value }])
    if (!column.numbers) return equal
    const known = column.numbers.filter(value => !Number.isNaN(value)).sort()
    const ends: Condition[][] = []
    if (known.length > 1 && known[0]! < known[1]!) ends.push([{ column: at, is: '<=', value: known[0]! }])
    if (known.length > 1 && known.at(-1)! > known.at(-2)!) ends.push([{ column: at, is: '>=', value: known.at(-1)! }])
    return [...equal, ...ends]
  })
}

type Draw = () => number
const pick = (n: number, next: Draw) => Math.floor(next() * n)
function someColumns(table: Table, n: number, next: Draw): number[] {
  const left = table.columns.map((_, i) => i)
  return Array.from({ length: Math.min(n, left.length) }, () => left.splice(pick(left.length, next), 1)[0]!)
}

/** Conditions on several columns out of one synthetic row: above or below the middle, or equal. */
function together(made: Table, columns: number[], middles: number[], row: number): Condition[] {
  return columns.map(column => {
    const value = valueAt(made.columns[column]!, row)
    if (!made.columns[column]!.numbers || Number.isNaN(value)) return { column, is: '=', value }
    return { column, is: value > middles[column]! ? '>=' : '<=', value }
  })
}

/** Conditions that nobody learnt anything for. */
function guessed(real: Table, columns: number[], next: Draw): Condition[] {
  return columns.map(at => {
    const column = real.columns[at]!
    if (!column.numbers) return { column: at, is: '=', value: column.codes[pick(real.rows, next)]! }
    const known = column.numbers.filter(value => !Number.isNaN(value))
    const [low, high] = known.reduce(
      ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    )
    return { column: at, is: next() < 0.5 ? '<=' : '>=', value: low! + next() * (high! - low!) }
  })
}

const columnsOfAttack = 3

function singlingOut({ training, synthetic, holdout }: Required<Sets>, tries: number, seed: string, multi: boolean) {
  const next = random('singling out', multi ? 'several' : 'one', seed)
  const middles = synthetic.columns.map(column => {
    const known = column.numbers?.filter(value => !Number.isNaN(value)).sort()
    return known?.[known.length >> 1] ?? 0
  })
  let queries: Condition[][] = []
  if (multi) {
    for (let i = 0; i < 100 * tries && queries.length < tries; i++) {
      const columns = someColumns(synthetic, columnsOfAttack, next)
      const query = together(synthetic, columns, middles, pick(synthetic.rows, next))
      if (matches(synthetic, query) === 1) queries.push(query)
    }
  } else {
    const all = rareValues(synthetic)
    queries = Array.from(drawn(0, all.length, Math.min(tries, all.length), `rare ${seed}`), at => all[at]!)
  }
  const blind = queries.map(() => guessed(training, someColumns(training, multi ? columnsOfAttack : 1, next), next))
  const of = (table: Table, all: Condition[][]): Tries => ({
    hits: all.filter(query => matches(table, query) === 1).length,
    n: all.length,
  })
  return { main: of(training, queries), control: of(holdout, queries), baseline: of(training, blind) }
}

/** Writes what each column adds to how far two rows are apart, by the metric `gower`; numbers come first. */
function apartBy(people: Mixed, made: Mixed): (person: number, row: number, parts: Float64Array) => void {
  const numbers = people.numbers.length / people.rows
  const classes = people.classes.length / people.rows
  return (person, row, parts) => {
    for (let i = 0; i < numbers; i++) {
      const apart = Math.abs(people.numbers[person * numbers + i]! - made.numbers[row * numbers + i]!)
      parts[i] = apart < 1 ? apart : 1
    }
    for (let i = 0; i < classes; i++) {
      parts[numbers + i] = people.classes[person * classes + i] === made.classes[row * classes + i] ? 0 : 1
    }
  }
}

/** Two halves of what is known of a person lead to the same synthetic row. */
function linkability(sets: Required<Sets>, tries: number, seed: string) {
  const { training, synthetic, holdout } = sets
  const encoder = encoderOf(training, 'gower')
  const made = encoder.of(synthetic)
  // Columns in turn, so that each half has some of every kind.
  const inFirst = encoder.order.map(column => column % 2 === 0)
  const next = random('linkability', seed)
  const of = (table: Table): Tries => {
    const apart = apartBy(encoder.of(table), made)
    const parts = new Float64Array(inFirst.length)
    let hits = 0
    for (let person = 0; person < table.rows; person++) {
      let [a, b, nearA, nearB] = [-1, -1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
      for (let row = 0; row < synthetic.rows; row++) {
        apart(person, row, parts)
        let [first, second] = [0, 0]
        for (let at = 0; at < parts.length; at++) {
          if (inFirst[at]) first += parts[at]!
          else second += parts[at]!
        }
        if (first < nearA) {
          nearA = first
          a = row
        }
        if (second < nearB) {
          nearB = second
          b = row
        }
      }
      if (a === b) hits++
    }
    return { hits, n: table.rows }
  }
  const rows = Array.from({ length: 2 * tries }, () => pick(synthetic.rows, next))
  const baseline = { hits: rows.filter((row, i) => i < tries && row === rows[i + tries]).length, n: tries }
  return { main: of(sampled(training, tries, seed)), control: of(sampled(holdout, tries, seed)), baseline }
}

const sampled = (table: Table, n: number, seed: string) =>
  rowsAt(table, drawn(0, table.rows, Math.min(n, table.rows), `attacked ${seed}`))

/** A number counts as guessed within this share of it. */
const tolerance = 0.05
function guessedRight(column: Column, guess: number, truth: number): boolean {
  if (!column.numbers) return guess === truth
  if (Number.isNaN(guess) || Number.isNaN(truth)) return Number.isNaN(guess) && Number.isNaN(truth)
  return Math.abs(guess - truth) <= tolerance * Math.abs(truth)
}

/** A column of a person is guessed from the synthetic row that is nearest in all others; each column in turn. */
function inference(sets: Required<Sets>, tries: number, seed: string): (Attack & { name: string })[] {
  const { training, synthetic, holdout } = sets
  const encoder = encoderOf(training, 'gower')
  const made = encoder.of(synthetic)
  const next = random('inference', seed)
  const right = (people: Table, column: number, person: number, row: number) =>
    guessedRight(
      synthetic.columns[column]!,
      valueAt(synthetic.columns[column]!, row),
      valueAt(people.columns[column]!, person),
    )
  const of = (people: Table): Uint32Array => {
    const apart = apartBy(encoder.of(people), made)
    const columns = encoder.order.length
    const hits = new Uint32Array(columns)
    const [near, who, parts] = [new Float64Array(columns), new Uint32Array(columns), new Float64Array(columns)]
    for (let person = 0; person < people.rows; person++) {
      near.fill(Number.POSITIVE_INFINITY)
      for (let row = 0; row < synthetic.rows; row++) {
        apart(person, row, parts)
        let sum = 0
        for (let at = 0; at < columns; at++) sum += parts[at]!
        for (let at = 0; at < columns; at++) {
          if (sum - parts[at]! < near[at]!) {
            near[at] = sum - parts[at]!
            who[at] = row
          }
        }
      }
      for (const [at, column] of encoder.order.entries()) if (right(people, column, person, who[at]!)) hits[at]!++
    }
    return hits
  }
  const [known, unseen] = [sampled(training, tries, seed), sampled(holdout, tries, seed)]
  const [main, control] = [of(known), of(unseen)]
  return encoder.order.map((column, at) => {
    const guesses = Array.from({ length: known.rows }, (_, person) =>
      right(known, column, person, pick(synthetic.rows, next)),
    )
    return {
      name: training.columns[column]!.name,
      main: { hits: main[at]!, n: known.rows },
      control: { hits: control[at]!, n: unseen.rows },
      baseline: { hits: guesses.filter(Boolean).length, n: known.rows },
    }
  })
}

/** Attacks of each kind; too few say nothing. */
const [wanted, fewest] = [2000, 200]

/**
 * Three attacks after Anonymeter, one for each test of the Article 29 Working Party (WP216): may a person be singled out,
 * linked, or inferred about? Each is tried on training rows, on holdout rows (what holds of anybody) and by guessing.
 * Where guessing does as well the attack was too weak to say anything. Giomi et al. 2023, PoPETs (2).
 */
export function attacks(sets: Sets, { seed }: { seed: string }): PrivacyFigure[] {
  const { training, synthetic, holdout } = sets
  const n = Math.min(most / 2, training.rows, synthetic.rows, holdout?.rows ?? most)
  const said = (measure: string, about: string): Said => ({ measure, about, part: 'attacks', n, rounds: 1, seed })
  const kinds = [
    said('singling-out', 'conditions on one column that one training row alone meets'),
    said('singling-out-3', 'conditions on three columns that one training row alone meets'),
    said('linkability', 'halves of a training row that lead to the same synthetic row'),
    said('inference', 'values of a training row that the nearest synthetic row tells; the worst column'),
  ]
  if (!holdout) {
    const why = 'what is true of people at large can only be told from rows that it was not made from'
    return kinds.map(kind => figure(kind, { grade: 'needs a holdout', why }))
  }
  if (n < least) {
    return kinds.map(kind => figure(kind, { grade: 'insufficient sample', why: `${n} rows a side; it takes ${least}` }))
  }
  const some = (table: Table, name: string) => rowsAt(table, drawn(0, table.rows, n, `${name} ${seed}`))
  const equal = {
    training: some(training, 'training'),
    synthetic: some(synthetic, 'synthetic'),
    holdout: some(holdout, 'holdout'),
  }
  const tries = Math.min(wanted, n)
  const columns = inference(equal, tries, seed)
  const trusted = columns.filter(({ main, baseline }) => baseline.hits < main.hits)
  const risky = (one: Attack) => attackRisk(one.main, one.control)?.value ?? 0
  const worst = (trusted.length > 0 ? trusted : columns).reduce((a, b) => (risky(b) > risky(a) ? b : a))
  return [
    ofAttack(kinds[0]!, singlingOut(equal, tries, seed, false)),
    ofAttack(kinds[1]!, singlingOut(equal, tries, seed, true)),
    ofAttack(kinds[2]!, linkability(equal, tries, seed)),
    ofAttack(kinds[3]!, worst, `${worst.name}: `, columns.length),
  ]
}

type Attack = { main: Tries; control: Tries; baseline: Tries }

/** `among`: the worst of so many was taken. */
function ofAttack(said: Said, { main, control, baseline }: Attack, name = '', among = 1): PrivacyFigure {
  const rate = ({ hits, n }: Tries) => `${((100 * hits) / Math.max(1, n)).toFixed(1)} %`
  const why = `${name}${rate(main)} of ${main.n} attacks succeed, ${rate(control)} on the holdout, ${rate(baseline)} by guessing`
  const counted = { ...said, n: main.n }
  if (main.n < fewest)
    return figure(counted, { grade: 'insufficient sample', why: `${why}; it takes ${fewest} attacks` })
  const risk = attackRisk(main, control, among)
  if (!risk) return figure(counted, { grade: 'untrustworthy', why: `${why}: the control always succeeds` })
  // A risk of nothing that a blunt attack found is no safety; one that it found all the same is a risk.
  if (baseline.hits >= main.hits)
    return figure(counted, { ...risk, grade: 'untrustworthy', why: `${why}: too weak to tell` })
  const { value, interval } = risk
  const grade = interval.low > 0.05 && value > 0.1 ? 'fail' : interval.low > 0 ? 'warn' : 'pass'
  return figure(counted, {
    value,
    interval,
    baseline: { value: 0, interval: attackRisk(control, control, among)!.interval },
    grade,
    why,
  })
}
