import fc from 'fast-check'
import { expect, test } from 'vitest'
import { random } from '../../records/index.ts'
import { alone, cover, unseen } from './cover.ts'
import { unitLength } from './project.ts'
import { openTables } from './tables.ts'

const matrixOf = (rows: number[][]) => Float32Array.from(rows.flatMap(row => [...unitLength(row)!]))
const product = (m: Float32Array, d: number, a: number, b: number) => {
  let sum = 0
  for (let c = 0; c < d; c++) sum += m[a * d + c]! * m[b * d + c]!
  return sum
}

/** What `cover` promises, row by row. */
function plain(m: Float32Array, d: number, threshold: number, standing = 0, most = Number.POSITIVE_INFINITY) {
  const kept: number[] = []
  const by: number[] = []
  for (let row = 0; row < m.length / d; row++) {
    const best = kept.reduce((a, b) => (a < 0 || product(m, d, row, b) > product(m, d, row, a) ? b : a), -1)
    if (row >= standing && best >= 0 && product(m, d, row, best) >= threshold - 1e-6) by.push(best)
    else if (kept.length === most) break
    else by.push(kept.push(row) && alone)
  }
  while (by.length < m.length / d) by.push(unseen)
  return by
}

test('each row is covered by the most similar one that stands, as compared one by one', () => {
  // Few distinct values, so that equal rows and ties abound; products of these are exact or far apart.
  const row = fc
    .array(fc.integer({ min: -1, max: 2 }), { minLength: 5, maxLength: 5 })
    .filter(r => r.some(x => x !== 0))
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 30 }),
      fc.constantFrom(0.45, 0.77, 0.93, 1),
      fc.nat(3),
      fc.constantFrom(2, 7, Number.POSITIVE_INFINITY),
      (rows, threshold, standing, most) => {
        const m = matrixOf(rows)
        const found = cover(m, 5, threshold, { standing, most })
        const expected = plain(m, 5, threshold, standing, most)
        // Of equally similar ones either may be named.
        for (const [i, by] of expected.entries()) {
          if (by < 0) expect(found.by[i]).toBe(by)
          else expect(product(m, 5, i, found.by[i]!)).toBeCloseTo(product(m, 5, i, by), 5)
        }
        expect(found.kept).toBe(expected.filter(by => by === alone).length)
      },
    ),
  )
  expect(cover(new Float32Array(0), 0, 0.9)).toMatchObject({ kept: 0, recall: 1 })
})

test('hash tables find what they promise, and nothing that is not near', () => {
  const [rows, d, threshold] = [2000, 64, 0.9]
  const next = random('tables')
  const gauss = () => next() + next() + next() + next() - 2
  const m = new Float32Array(rows * d)
  for (let row = 0; row < rows; row++) {
    // Every other row lies at a cosine near the threshold from the one before; all share a direction, as vectors of texts do.
    const base = row % 2 ? m.subarray((row - 1) * d, row * d) : undefined
    m.set(
      unitLength(
        Float64Array.from({ length: d }, (_, c) => (base ? base[c]! + 0.098 * gauss() : gauss() + (c === 0 ? 3 : 0))),
      )!,
      row * d,
    )
  }
  const tables = openTables(m, d, threshold)!
  let [near, found] = [0, 0]
  for (let row = 0; row < rows; row += 2) tables.add(row)
  for (let row = 1; row < rows; row += 2) {
    const hit = tables.nearest(row)
    if (hit) {
      expect(hit.cosine).toBeGreaterThanOrEqual(threshold)
      expect(hit.cosine).toBeCloseTo(product(m, d, row, hit.row), 5)
    }
    if (product(m, d, row, row - 1) < threshold) continue
    near++
    if (hit) found++
  }
  expect(near).toBeGreaterThan(300)
  expect(found / near).toBeGreaterThan(0.98)
})
