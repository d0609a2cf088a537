import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { LineCounter, parseDocument } from 'yaml'
import { StillroomError } from '../errors/index.ts'
import { sha256 } from '../records/index.ts'
import { checkSteps } from './check.ts'
import { filePositions, type Positions, yamlPositions } from './positions.ts'
import { priceProblems, readPrices } from './prices.ts'
import { type Problem, recipeError, schemaProblems } from './problems.ts'
import { roundsProblems } from './rounds.ts'
import { type Recipe, recipeSchema, type Words } from './schema.ts'
import { readSteps } from './steps.ts'

export type ReadRecipe = { recipe: Recipe; base: string; positions: Positions }

/**
 * Reads a recipe from YAML, or from a module with a default export. `base` is its folder, absolute.
 * Throws SR_RECIPE_MISSING, SR_RECIPE_YAML, or one error with every finding in file order.
 */
export async function readRecipe(file: string, words: Words): Promise<ReadRecipe> {
  const path = resolve(file)
  const bytes = await readFile(path).catch(cause => {
    const hint = 'name a recipe file, or write one with `stillroom init`'
    throw new StillroomError('SR_RECIPE_MISSING', `there is no recipe ${file}`, { hint, cause })
  })
  const isModule = /^\.[mc]?[jt]s$/.test(extname(path))
  const { value, positions } = isModule ? await importModule(path, file, bytes) : parseYaml(bytes, file)
  const recipe = await parseRecipe(value, dirname(path), words, positions)
  return { recipe, base: dirname(path), positions }
}

/** Validates a recipe object: everything that can be seen without opening sources. Throws one error with all findings. */
export async function parseRecipe(input: unknown, base: string, words: Words, positions?: Positions): Promise<Recipe> {
  const schema = recipeSchema(words)
  const parsed = schema.safeParse(input)
  const problems: Problem[] = parsed.success ? [] : schemaProblems(parsed.error.issues, schema, input, [])
  const raw = (typeof input === 'object' && input !== null ? input : {}) as { [field: string]: unknown }
  const read = readSteps(
    raw.steps,
    words.verbs.map(({ verb }) => verb),
  )
  problems.push(...read.problems)
  // Names count even where what stands behind them is wrong: one mistake gives one finding.
  const around = { sources: Object.keys(fieldsOf(raw.sources)), teachers: fieldsOf(raw.teachers), base, words }
  const own = await readPrices(raw.prices, base)
  problems.push(
    ...(await checkSteps(read.uses, around)).problems,
    ...own.problems,
    ...priceProblems(raw.budget, around.teachers, own.prices),
    ...(parsed.success ? roundsProblems(parsed.data as Omit<Recipe, 'steps'>, read.uses) : []),
  )
  if (!parsed.success || problems.length > 0) throw recipeError(problems, positions)
  return { ...parsed.data, steps: read.uses } as Recipe
}

function fieldsOf(value: unknown): { [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function parseYaml(bytes: Buffer, file: string): { value: unknown; positions: Positions } {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const hint = 'save the file as UTF-8'
    throw new StillroomError('SR_RECIPE_YAML', `${file} is not UTF-8 text`, { position: { file }, hint, cause })
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0) {
    // One slip makes everything after it look wrong; the first few findings are the ones to mend.
    const diagnostics = broken.slice(0, 3).map(({ message, code, pos }) => {
      const { line, col } = lines.linePos(pos[0])
      const hint =
        code === 'DUPLICATE_KEY' ? 'write each key once' : 'check indentation, colons and quotes around this place'
      return {
        code: 'SR_RECIPE_YAML' as const,
        message,
        position: { file, line: Math.max(1, line), column: Math.max(1, col) },
        hint,
      }
    })
    const { code: _, message, ...more } = diagnostics[0]!
    throw new StillroomError('SR_RECIPE_YAML', message, { ...more, diagnostics })
  }
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), positions: yamlPositions(file, document, lines) }
  } catch (cause) {
    const hint = 'write repeated parts out instead of pointing at them'
    throw new StillroomError('SR_RECIPE_YAML', `${file}: ${(cause as Error).message}`, {
      position: { file },
      hint,
      cause,
    })
  }
}

async function importModule(
  path: string,
  file: string,
  bytes: Buffer,
): Promise<{ value: unknown; positions: Positions }> {
  try {
    const module = await import(`${pathToFileURL(path).href}?digest=${sha256(bytes).slice(0, 16)}`)
    if (module.default !== undefined) return { value: module.default, positions: filePositions(file) }
  } catch (cause) {
    const hint = 'a recipe module must load on its own and export a recipe'
    throw new StillroomError('SR_RECIPE_VALUE', `${file} cannot be loaded: ${(cause as Error).message}`, {
      position: { file },
      hint,
      cause,
    })
  }
  const hint = 'export default defineRecipe({ ... })'
  throw new StillroomError('SR_RECIPE_VALUE', `${basename(file)} has no default export`, { position: { file }, hint })
}
