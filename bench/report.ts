import { compare, measures, type Row, rowOf } from '../src/measure/index.ts'
import { random } from '../src/records/index.ts'
import type { Figure } from './benches.ts'

/** Rows of about fifty words with vectors of 128 numbers: 50,000 real ones and as many others, through every measure. */
export async function* report(): AsyncGenerator<Figure> {
  const next = random('report')
  const words = Array.from({ length: 20_000 }, (_, i) => `w${i.toString(36)}`)
  const text = () => Array.from({ length: 50 }, () => words[Math.floor(20_000 ** next()) - 1] ?? words[0]!).join(' ')
  const vector = () => {
    const row = Float32Array.from({ length: 128 }, () => next() - 0.5)
    const norm = Math.hypot(...row)
    return row.map(x => x / norm)
  }
  const texts = Array.from({ length: 100_000 }, text)
  const vectors = texts.map(vector)
  const began = performance.now()
  const rows = texts.map((text, i): Row => rowOf(`${i}`, text, { vector: vectors[i]! }))
  const cut = (performance.now() - began) / 1000
  const figures = compare(rows.slice(0, 50_000), rows.slice(50_000), measures)
  const value = (performance.now() - began) / 1000
  yield {
    metric: `100,000 rows through ${figures.length} figures, ten rounds (beside it: cutting them into words)`,
    value,
    unit: 's',
    ceiling: cut,
    ratio: value / cut,
  }
}
