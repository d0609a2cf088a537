import type { Rec } from '../records/index.ts'

/** Counts over the released rows. Token counts are kept by value, so that quantiles are exact. */
export type Tally = {
  rows: number
  difficulty: Map<string, number>
  tokens: Map<number, number>
  tokenizers: Set<string>
  language: Map<string, number>
  origin: Map<string, number>
  generation: Map<number, number>
}

export function emptyTally(): Tally {
  return {
    rows: 0,
    difficulty: new Map(),
    tokens: new Map(),
    tokenizers: new Set(),
    language: new Map(),
    origin: new Map(),
    generation: new Map(),
  }
}

const bump = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1)

export function tallyRecord(tally: Tally, record: Rec): void {
  tally.rows++
  const { difficulty, tokens, tokenizer } = record.facets
  if (difficulty !== undefined) bump(tally.difficulty, difficulty)
  if (tokens !== undefined) bump(tally.tokens, tokens)
  if (tokenizer !== undefined) tally.tokenizers.add(tokenizer)
  if (record.language !== undefined) bump(tally.language, record.language)
  bump(tally.origin, record.lineage.origin)
  bump(tally.generation, record.lineage.generation)
}

/** Nearest-rank quantile of values counted in a map; `share` in (0, 1]. */
export function quantile(counted: Map<number, number>, share: number): number | undefined {
  const values = [...counted].sort((a, b) => a[0] - b[0])
  const total = values.reduce((sum, [, n]) => sum + n, 0)
  let below = 0
  for (const [value, n] of values) {
    below += n
    if (below >= share * total) return value
  }
  return undefined
}

const edges = [0, 50, 100, 200, 400, 800, 1600, 3200, 6400]

/** Token counts in classes that double, from the first that holds a row to the last. */
export function tokenClasses(counted: Map<number, number>): [label: string, rows: number][] {
  const classes = edges.map((from, i): [string, number] => [
    edges[i + 1] === undefined ? `${from} and more` : `${from} to ${edges[i + 1]! - 1}`,
    0,
  ])
  for (const [value, n] of counted) classes[edges.findLastIndex(edge => value >= edge)]![1] += n
  const first = classes.findIndex(([, n]) => n > 0)
  return first < 0 ? [] : classes.slice(first, classes.findLastIndex(([, n]) => n > 0) + 1)
}

/** A histogram for a page of text: label, count, share and a bar of at most 30 marks. */
export function histogram(classes: [label: string, rows: number][]): string {
  const total = classes.reduce((sum, [, n]) => sum + n, 0)
  const most = Math.max(...classes.map(([, n]) => n))
  const wide = Math.max(...classes.map(([label]) => label.length))
  const digits = String(most).length
  return classes
    .map(([label, n]) => {
      const share = `${((100 * n) / total).toFixed(1)} %`.padStart(7)
      return `${label.padEnd(wide)}  ${String(n).padStart(digits)}  ${share}  ${'#'.repeat(n === 0 ? 0 : Math.max(1, Math.round((30 * n) / most)))}`.trimEnd()
    })
    .join('\n')
}
