import { split, unitsOf } from '../kernels/index.ts'
import type { Row } from './compare.ts'
import { kMeans, nearest } from './k-means.ts'
import { featuresOf, marks, words } from './measures.ts'
import { separation } from './separation.ts'

/** A word or mark that gives a sample away: the weight is above zero for the second one. `rows`: shares that have it. */
export type Habit = { habit: string; weight: number; real: number; other: number }

/** Rows a side that habits are looked for in. */
const looked = 2000

/** What tells two samples apart most, words and marks, both ways. Empty where there are too few rows. */
export function habits(real: readonly Row[], other: readonly Row[], most: number = 12): Habit[] {
  const rows = [...real.slice(0, looked), ...other.slice(0, looked)]
  const reals = Math.min(real.length, looked)
  const found = separation(
    rows.map(featuresOf),
    Uint8Array.from(rows, (_, i) => (i < reals ? 0 : 1)),
    words + 1 + marks.length,
    'habits',
  )
  if (!found) return []
  const holders = new Map<string, [real: number, other: number, weight: number]>()
  for (const [i, { text }] of rows.entries()) {
    const units = split(text, 'match')
    const own = new Map<string, number>()
    for (const [place, unit] of unitsOf(units).entries()) own.set(unit, units.low[place]! % words)
    for (const [place, mark] of marks.entries()) {
      if (text.includes(mark)) own.set(mark === '\n' ? 'line break' : mark, words + 1 + place)
    }
    for (const [unit, at] of own) {
      const known = holders.get(unit) ?? [0, 0, found.weights[at]!]
      known[i < reals ? 0 : 1]++
      holders.set(unit, known)
    }
  }
  const all = [...holders].map(([habit, [a, b, weight]]): Habit => {
    return { habit, weight, real: a / reals, other: b / (rows.length - reals) }
  })
  // A word of one row tells that row alone; a weight of the wrong sign is that of another word at the same place.
  const telling = all.filter(
    ({ real, other, weight }) => Math.max(real, other) >= 0.02 && Math.sign(weight) === Math.sign(other - real),
  )
  const byWeight = telling.sort((a, b) => b.weight - a.weight || (a.habit < b.habit ? -1 : 1))
  const half = most >> 1
  return [...byWeight.filter(h => h.weight > 0).slice(0, half), ...byWeight.filter(h => h.weight < 0).slice(-half)]
}

/** A topic of the real sample: how many rows of each side it has, and the real row nearest to its middle. */
export type Topic = { real: number; other: number; exemplar: string }
export type TopicCoverage = { topics: Topic[]; covered: number; balanced: number }

/**
 * How far the other sample covers the topics of the real one: clusters of its vectors, as many as the root of half its
 * rows. `covered`: the share of topics with any row of the other; `balanced`: with half to twice the rows that their share
 * of the real ones would give. Undefined without vectors. Topics come with the least covered first.
 */
export function topicCoverage(real: readonly Row[], other: readonly Row[]): TopicCoverage | undefined {
  const dimensions = real[0]?.vector?.length ?? 0
  if (dimensions === 0 || [...real, ...other].some(row => row.vector?.length !== dimensions)) return undefined
  const matrix = new Float32Array(real.length * dimensions)
  for (const [i, { vector }] of real.entries()) matrix.set(vector!, i * dimensions)
  const k = Math.max(2, Math.min(50, Math.round(Math.sqrt(real.length / 2))))
  const centres = kMeans(matrix, dimensions, k)
  const topics = Array.from({ length: centres.count }, () => ({ real: 0, other: 0, exemplar: '', cosine: -2 }))
  for (const row of real) {
    const { centre, cosine } = nearest(centres, row.vector!)
    const topic = topics[centre]!
    topic.real++
    if (cosine > topic.cosine) [topic.exemplar, topic.cosine] = [row.text, cosine]
  }
  for (const row of other) topics[nearest(centres, row.vector!).centre]!.other++
  const ratio = (topic: Topic) => topic.other / other.length / (topic.real / real.length)
  const told = topics
    .filter(topic => topic.real > 0)
    .map(({ real, other, exemplar }): Topic => ({ real, other, exemplar }))
    .sort((a, b) => ratio(a) - ratio(b) || b.real - a.real)
  const share = (of: (topic: Topic) => boolean) => told.filter(of).length / Math.max(1, told.length)
  return {
    topics: told,
    covered: share(topic => topic.other > 0),
    balanced: share(topic => ratio(topic) >= 0.5 && ratio(topic) <= 2),
  }
}
