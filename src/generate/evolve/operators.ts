import { loadSections, type Sections } from '../sections.ts'

/** Ways to rewrite in depth, and the one that begins something new. */
export const depthOperators = ['constraints', 'deepen', 'concretise', 'reasoning', 'complicate'] as const
export const operators = [...depthOperators, 'breadth'] as const
export type Operator = (typeof operators)[number]

/** What each way of rewriting asks for, in words: a Markdown file with one `### name` for each. Throws when it leaves one out. */
export function methodsIn(file: URL, names: readonly string[]): Sections {
  const read = loadSections(file)
  for (const one of names) if (!read.of.get(one)) throw new Error(`${read.name} says nothing of ${one}`)
  return read
}

export type Weights<N extends string> = { [name in N]?: number | undefined }
/** A list of names weighs each alike. */
export const weightsOf = <N extends string>(given: readonly N[] | Weights<N>): Weights<N> =>
  Array.isArray(given) ? (Object.fromEntries(given.map(name => [name, 1])) as Weights<N>) : (given as Weights<N>)

/** The name at `u` in [0, 1) of the weights laid end to end, in the order of their names. */
export function chosen<N extends string>(weights: Weights<N>, u: number): N {
  const given = (Object.keys(weights) as N[]).filter(name => (weights[name] ?? 0) > 0).sort()
  const total = given.reduce((sum, name) => sum + weights[name]!, 0)
  let at = u * total
  for (const name of given) {
    at -= weights[name]!
    if (at < 0) return name
  }
  return given.at(-1)!
}
