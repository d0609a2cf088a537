import { type Interval, z95 } from './share.ts'

/**
 * Agreement of two raters beyond chance, over a square table of counts (rows: the first rater): kappa with its 95 %
 * interval. Undefined without rows, or where chance alone agrees always, because both gave one and the same class to all.
 * Cohen 1960, Educational and Psychological Measurement 20; variance of Fleiss, Cohen & Everitt 1969.
 */
export function kappa(
  table: readonly (readonly number[])[],
): ({ kappa: number; agreed: number } & Interval) | undefined {
  const classes = table.map((_, i) => i)
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
  const n = sum(table.map(row => sum([...row])))
  if (n === 0) return undefined
  const rows = classes.map(i => sum([...table[i]!]) / n)
  const columns = classes.map(j => sum(table.map(row => row[j]!)) / n)
  const agreed = sum(classes.map(i => table[i]![i]! / n))
  const chance = sum(classes.map(i => rows[i]! * columns[i]!))
  if (chance >= 1) return undefined
  const value = (agreed - chance) / (1 - chance)
  let terms = 0
  for (const i of classes) {
    for (const j of classes) {
      const share = table[i]![j]! / n
      terms +=
        i === j
          ? share * (1 - (rows[i]! + columns[i]!) * (1 - value)) ** 2
          : (1 - value) ** 2 * share * (columns[i]! + rows[j]!) ** 2
    }
  }
  const variance = (terms - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
  const half = z95 * Math.sqrt(Math.max(0, variance))
  return { kappa: value, agreed, low: Math.max(-1, value - half), high: Math.min(1, value + half) }
}
