import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Sha, sha256 } from '../../records/index.ts'

/** Ways to rewrite in depth, and the one that begins something new. */
export const depthOperators = ['constraints', 'deepen', 'concretise', 'reasoning', 'complicate'] as const
export const operators = [...depthOperators, 'breadth'] as const
export type Operator = (typeof operators)[number]

/** What each way of rewriting asks for, in words, and the file it stands in. */
export type Methods = { name: string; digest: Sha; text: string; of: ReadonlyMap<string, string> }
const loaded = new Map<string, Methods>()

/** Reads a Markdown file with one `### name` for each way of rewriting. Throws when it leaves one out. */
export function methodsIn(file: URL, names: readonly string[]): Methods {
  const known = loaded.get(file.href)
  if (known) return known
  const text = readFileSync(file, 'utf8')
  const name = basename(fileURLToPath(file))
  const parts = text.split(/^### +(\S+)[ \t]*$/m).slice(1)
  const of = new Map(parts.flatMap((part, i) => (i % 2 === 0 ? [[part, parts[i + 1]!.trim()] as const] : [])))
  for (const one of names) if (!of.get(one)) throw new Error(`${name} says nothing of ${one}`)
  const read = { name, digest: sha256(text), text, of }
  loaded.set(file.href, read)
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
