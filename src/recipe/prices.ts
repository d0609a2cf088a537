import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import {
  builtinPrices,
  isPool,
  type PriceTable,
  priceEntries,
  priceOf,
  resolveTeacher,
  teacherEntry,
} from '../teachers/index.ts'
import { type Problem, schemaProblems, shown } from './problems.ts'

/**
 * The tables of prices that a recipe goes by: its own file, YAML or JSON, over what this version knows. A file with
 * mistakes is left out, so that one mistake gives one finding.
 */
export async function readPrices(named: unknown, base: string): Promise<{ prices: PriceTable; problems: Problem[] }> {
  if (typeof named !== 'string') return { prices: builtinPrices, problems: [] }
  const wrong = (problem: Pick<Problem, 'code' | 'message' | 'hint'>) => ({
    prices: builtinPrices,
    problems: [{ ...problem, path: ['prices'], part: 'value' as const }],
  })
  let text: string
  try {
    text = await readFile(resolve(base, named), 'utf8')
  } catch {
    const hint = 'paths are relative to the recipe'
    return wrong({ code: 'SR_RECIPE_REFERENCE', message: `there is no file ${shown(named)}`, hint })
  }
  let raw: unknown
  try {
    raw = parse(text)
  } catch (error) {
    const [message] = (error as Error).message.split('\n')
    return wrong({ code: 'SR_RECIPE_YAML', message: `${named}: ${message}` })
  }
  const read = priceEntries.safeParse(raw)
  if (read.success) return { prices: [{ file: named, entries: read.data }, ...builtinPrices], problems: [] }
  const problems = schemaProblems(read.error.issues, priceEntries, raw, ['prices'])
  return { prices: builtinPrices, problems: problems.map(one => ({ ...one, message: `${named}: ${one.message}` })) }
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
