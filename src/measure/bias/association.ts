/** A word that one of two groups of texts holds more of: `z` above 0 speaks for the first. */
export type Association = { word: string; first: number; second: number; logOdds: number; z: number; p: number }
type Counts = ReadonlyMap<string, number>

const total = (counts: Counts): number => counts.values().reduce((sum, n) => sum + n, 0)

/** Probability of a normal value at least as far from 0, on both sides. Abramowitz & Stegun 1964, 7.1.26. */
export function twoSided(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  return poly * Math.exp(-x * x)
}

/**
 * Which words go with one of two groups of texts: log-odds with an informative Dirichlet prior, as a z-score. The prior is
 * the background, brought to `weight` words in all, so that a rare word needs more evidence than a frequent one. Monroe,
 * Colaresi & Quinn 2008, Political Analysis 16, eq. 16, 18, 22.
 */
export function associations(first: Counts, second: Counts, background: Counts, weight?: number): Association[] {
  const [n1, n2, n0] = [total(first), total(second), total(background)]
  const a0 = weight ?? n0
  const words = new Set([...first.keys(), ...second.keys()])
  return [...words]
    .map(word => {
      const [y1, y2] = [first.get(word) ?? 0, second.get(word) ?? 0]
      const a = (a0 * (background.get(word) ?? 0)) / n0
      const logOdds = Math.log((y1 + a) / (n1 + a0 - y1 - a)) - Math.log((y2 + a) / (n2 + a0 - y2 - a))
      const z = logOdds / Math.sqrt(1 / (y1 + a) + 1 / (y2 + a))
      return { word, first: y1, second: y2, logOdds, z, p: twoSided(z) }
    })
    .filter(({ z }) => Number.isFinite(z))
    .sort((x, y) => y.z - x.z || (x.word < y.word ? -1 : 1))
}

/**
 * Those of many tests that hold with a share of false ones of at most `rate` among them, by place. Benjamini & Hochberg
 * 1995, J R Stat Soc B 57.
 */
export function benjaminiHochberg(ps: readonly number[], rate = 0.05): boolean[] {
  const order = ps.map((_, i) => i).sort((i, j) => ps[i]! - ps[j]! || i - j)
  const last = order.findLastIndex((place, i) => ps[place]! <= (rate * (i + 1)) / ps.length)
  const holds = new Set(order.slice(0, last + 1))
  return ps.map((_, i) => holds.has(i))
}
