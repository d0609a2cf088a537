import { random } from '../../records/index.ts'

function normals(...names: (string | number)[]): () => number {
  const next = random(...names)
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}

/** Solves A x = b for a symmetric positive matrix by Cholesky's factors. */
function solve(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j]!
    }
  }
  const x = b.slice()
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= l[i * n + k]! * x[k]!
    x[i]! /= l[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= l[k * n + i]! * x[k]!
    x[i]! /= l[i * n + i]!
  }
  return x
}

/**
 * Mean excess error of least squares after each of `generations`, over `runs` seeded runs, where the labels of the same
 * rows are replaced by what the last fit says plus noise, or added to the earlier ones. The true coefficients are zero.
 */
export function leastSquaresRuns({
  columns: d,
  rows: n,
  generations,
  runs,
  seed,
}: {
  columns: number
  rows: number
  generations: number
  runs: number
  seed: string
}): { replaced: Float64Array; accumulated: Float64Array } {
  const errors = { replaced: new Float64Array(generations), accumulated: new Float64Array(generations) }
  for (let run = 0; run < runs; run++) {
    const normal = normals('least squares', seed, run)
    const x = Float64Array.from({ length: n * d }, normal)
    const gram = new Float64Array(d * d)
    for (let row = 0; row < n; row++) {
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) gram[i * d + j]! += x[row * d + i]! * x[row * d + j]!
    }
    for (const way of ['replaced', 'accumulated'] as const) {
      let fit: Float64Array = new Float64Array(d)
      // Of equal rows that are labelled several times the mean label is all that counts.
      const labels = new Float64Array(n)
      for (let t = 1; t <= generations; t++) {
        for (let row = 0; row < n; row++) {
          let label = normal()
          for (let i = 0; i < d; i++) label += x[row * d + i]! * fit[i]!
          labels[row] = way === 'replaced' ? label : labels[row]! + (label - labels[row]!) / t
        }
        const right = new Float64Array(d)
        for (let row = 0; row < n; row++) for (let i = 0; i < d; i++) right[i]! += x[row * d + i]! * labels[row]!
        fit = solve(gram, right, d)
        errors[way][t - 1]! += fit.reduce((sum, b) => sum + b * b, 0) / runs
      }
    }
  }
  return errors
}

/** The fitted variance over the real one after t generations, in each of `runs` seeded runs, in order of size. */
export function normalRuns(
  n: number,
  generations: number,
  runs: number,
  way: 'replaced' | 'accumulated',
  seed: string,
): Float64Array {
  const left = Float64Array.from({ length: runs }, (_, run) => {
    const normal = normals('normal', seed, run)
    let [mean, deviation] = [0, 1]
    let [count, sum, squares] = [0, 0, 0]
    for (let t = 0; t < generations; t++) {
      if (way === 'replaced') [count, sum, squares] = [0, 0, 0]
      for (let i = 0; i < n; i++) {
        const value = mean + deviation * normal()
        sum += value
        squares += value * value
      }
      count += n
      mean = sum / count
      deviation = Math.sqrt(Math.max(0, (squares - (sum * sum) / count) / (count - 1)))
    }
    return deviation * deviation
  })
  return left.sort()
}
