import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { audit, type Gold, type Interval, wilson } from '../src/measure/index.ts'
import { unit } from '../src/records/index.ts'
import type { Figure } from './benches.ts'

type Solution = { id: string; wrong: boolean }

/** Which of 1,320 model solutions of grade-school problems are wrong: 330 problems, four models each. */
function solutions(): Solution[] {
  const file = join(import.meta.dirname, '../test/fixtures/gsm8k-solutions/labels.json')
  const { correct } = JSON.parse(readFileSync(file, 'utf8')) as { correct: string[] }
  return correct.flatMap((marks, i) => [...marks].map((mark, k) => ({ id: `${i}-${k}`, wrong: mark === '0' })))
}

const seeds = 200
const drawn = 200

/** A judge that finds a share of the wrong rows and clears a share of the right ones: the same rows whenever it is asked. */
type Skill = { finds: number; clears: number }
const perfect: Skill = { finds: 1, clears: 1 }
const call = ({ id, wrong }: Solution, { finds, clears }: Skill) =>
  unit('judge', id) < (wrong ? finds : clears) === wrong ? ('wrong' as const) : ('right' as const)

/** Share of seeds in which an interval covers the true share of wrong rows, and how wide it is on average. */
function coverage(rows: Solution[], skill: Skill, golds: number, interval: typeof audited = audited) {
  const truth = rows.filter(row => row.wrong).length / rows.length
  let [held, width] = [0, 0]
  for (let seed = 0; seed < seeds; seed++) {
    const order = rows
      .map(row => ({ row, at: unit('audit', seed, row.id) }))
      .sort((a, b) => a.at - b.at)
      .map(({ row }) => row)
    const gold = order
      .slice(drawn, drawn + golds)
      .map((row): Gold => ({ truth: row.wrong ? 'wrong' : 'right', judge: call(row, skill) }))
    const { low, high } = interval(order.slice(0, drawn), rows.length, skill, gold)
    if (low <= truth && truth <= high) held++
    width += high - low
  }
  return { covers: held / seeds, width: width / seeds, truth }
}

const audited = (sample: Solution[], size: number, skill: Skill, gold: Gold[]): Interval =>
  audit(
    size,
    sample.map(row => ({ judge: call(row, skill) })),
    gold,
  )!.judge!
const byWilson: typeof audited = (sample, _, skill) =>
  wilson(sample.filter(row => call(row, skill) === 'wrong').length, sample.length)

/** How often the interval of an audit covers the truth, on solutions whose truth is known: 200 draws of 200 rows each. */
export async function* coverages(): AsyncGenerator<Figure> {
  const rows = solutions()
  const share = (metric: string, { covers, width }: ReturnType<typeof coverage>): Figure => ({
    metric: `${metric}: covers, mean width ${(100 * width).toFixed(1)} points`,
    value: 100 * covers,
    unit: '%',
    target: '>= 93',
    holds: covers >= 0.93,
  })
  const { truth } = coverage(rows, perfect, 0)
  yield { metric: 'rows', value: rows.length, unit: 'rows' }
  yield { metric: 'wrong rows in truth', value: 100 * truth, unit: '%' }
  yield share('judge without errors', coverage(rows, perfect, 0))
  for (const [finds, clears] of [
    [0.95, 0.97],
    [0.85, 0.9],
    [0.7, 0.8],
  ] as const) {
    const who = `judge that finds ${100 * finds} % and clears ${100 * clears} %`
    for (const golds of [50, 150]) yield share(`${who}, ${golds} gold rows`, coverage(rows, { finds, clears }, golds))
    const bare = coverage(rows, { finds, clears }, 0)
    yield { metric: `${who}, not corrected: covers`, value: 100 * bare.covers, unit: '%' }
  }
  // Few wrong rows are the usual case, and the hardest for intervals that are right on average only.
  const right = rows.filter(row => !row.wrong)
  const few = [...right, ...rows.filter(row => row.wrong).slice(0, 12)]
  const rare = coverage(few, perfect, 0)
  yield share(`${(100 * rare.truth).toFixed(1)} % wrong, judge without errors`, rare)
  const plain = coverage(few, perfect, 0, byWilson)
  yield { metric: 'the same by Wilson: covers', value: 100 * plain.covers, unit: '%' }
}
