import { readFileSync } from 'node:fs'
import { type Sha, sha256 } from '../../records/index.ts'
import type { PromptNote } from '../../steps/index.ts'

/** Ways to rewrite in depth, and the one that begins something new. */
export const depthOperators = ['constraints', 'deepen', 'concretise', 'reasoning', 'complicate'] as const
export const operators = [...depthOperators, 'breadth'] as const
export type Operator = (typeof operators)[number]
export type Weights = { [O in Operator]?: number | undefined }

type Methods = { name: string; digest: Sha; of: Map<string, string> }
const loaded = new Map<string, Methods>()

/** What each in-depth operator asks for, in words: a Markdown file with one `### operator` each. */
export function methods(language: 'en' | 'ja'): Methods {
  const known = loaded.get(language)
  if (known) return known
  const name = `operators.${language}.md`
  const text = readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')
  const parts = text.split(/^### +(\S+)[ \t]*$/m).slice(1)
  const of = new Map(parts.flatMap((part, i) => (i % 2 === 0 ? [[part, parts[i + 1]!.trim()] as const] : [])))
  for (const operator of depthOperators) if (!of.get(operator)) throw new Error(`${name} says nothing of ${operator}`)
  const read = { name, digest: sha256(text), of }
  loaded.set(language, read)
  return read
}

export const methodNotes = (): PromptNote[] =>
  (['en', 'ja'] as const).map(methods).map(({ name, digest }) => ({ name, digest }))

/** The operator at `u` in [0, 1) of the weights laid end to end. */
export function chosen(weights: Weights, u: number): Operator {
  const given = operators.filter(operator => (weights[operator] ?? 0) > 0)
  const total = given.reduce((sum, operator) => sum + weights[operator]!, 0)
  let at = u * total
  for (const operator of given) {
    at -= weights[operator]!
    if (at < 0) return operator
  }
  return given.at(-1)!
}
