import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import {
  builtinPrices,
  isPool,
  type PriceTable,
  priceEntries,
  priceOf,
  resolveTeacher,
  teacherEntry,
} from '../teachers/index.ts'
import { yamlPositions } from './positions.ts'
import { type Problem, schemaProblems, shown } from './problems.ts'

/**
 * The tables of prices that a recipe goes by: its own file, YAML or JSON, over what this version knows. A file with
 * mistakes is left out, so that one mistake gives one finding.
 */
export async function readPrices(named: unknown, base: string): Promise<{ prices: PriceTable; problems: Problem[] }> {
  if (typeof named !== 'string') return { prices: builtinPrices, problems: [] }
  let text: string
  try {
    text = await readFile(resolve(base, named), 'utf8')
  } catch {
    const message = `there is no file ${shown(named)}`
    const hint = 'paths are relative to the recipe'
    const problem: Problem = { code: 'SR_RECIPE_REFERENCE', message, path: ['prices'], part: 'value', hint }
    return { prices: builtinPrices, problems: [problem] }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const broken = document.errors[0]
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    const position = { file: named, line: Math.max(1, line), column: Math.max(1, col) }
    const hint = 'check indentation, colons and quotes around this place'
    const problem = { code: 'SR_RECIPE_YAML' as const, message: broken.message, hint, position }
    return { prices: builtinPrices, problems: [{ ...problem, path: ['prices'], part: 'value' }] }
  }
  const raw: unknown = document.toJS({ maxAliasCount: 100 })
  const read = priceEntries.safeParse(raw)
  if (read.success) return { prices: [{ file: named, entries: read.data }, ...builtinPrices], problems: [] }
  const positions = yamlPositions(named, document, lines)
  const problems = schemaProblems(read.error.issues, priceEntries, raw, ['prices']).map(one => ({
    ...one,
    position: positions.at(one.path.slice(1), one.part),
  }))
  return { prices: builtinPrices, problems }
}

/** Under a dollar budget every teacher needs a price: its own, or one out of the tables. Where nobody is paid, none. */
export function priceProblems(budget: unknown, teachers: { [name: string]: unknown }, prices: PriceTable): Problem[] {
  if (typeof (budget as { usd?: unknown } | undefined)?.usd !== 'number') return []
  return Object.entries(teachers).flatMap(([name, raw]): Problem[] => {
    // What is wrong with a teacher otherwise is said elsewhere.
    const { data: entry } = teacherEntry.safeParse(raw)
    if (!entry || isPool(entry)) return []
    const resolved = resolveTeacher(name, entry)
    if (priceOf(entry, resolved, prices)) return []
    const { provider, model } = resolved
    const message = `\`${name}\` (${provider}/${model}) has no price, and \`budget.usd\` cannot be kept without one`
    const hint = `add \`price: { input: .., output: .. }\` in dollars per million tokens, or \`price: free\`; or name a file of prices with \`prices:\` and list \`{ provider: ${provider}, model: ${model}, input: .., output: .. }\` there`
    return [{ code: 'SR_RECIPE_PRICE', message, path: ['teachers', name], part: 'key', hint }]
  })
}
