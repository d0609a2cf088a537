import { readFile, stat } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { dirname, extname, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ZodType } from 'zod'
import { StillroomError } from '../errors/index.ts'
import { digestOf, kinds, type Sha, sha256 } from '../records/index.ts'
import type { Step, Verb } from '../steps/index.ts'

/** A user's own step: with the module's URL and the digest of its code, as far as relative imports reach. */
export type StepModule = { word: Verb | Step; url: string; digest: Sha }

/**
 * Imports a step module by its path relative to the recipe. Node strips the types of `.ts` itself, but not below
 * `node_modules`. Throws SR_STEP_MODULE.
 */
export async function loadStep(use: string, base: string): Promise<StepModule> {
  if (!/^\.{0,2}\//.test(use)) {
    const hint = `write ./${use} for a file beside the recipe`
    throw new StillroomError('SR_STEP_MODULE', `\`use\` takes the path of a module, not \`${use}\``, { hint })
  }
  const file = resolve(base, use)
  if (!(await isFile(file))) {
    const hint = 'paths are relative to the recipe'
    throw new StillroomError('SR_STEP_MODULE', `there is no module ${use}`, { hint })
  }
  if (/^\.[mc]?tsx?$/.test(extname(file)) && file.split(sep).includes('node_modules')) {
    throw new StillroomError('SR_STEP_MODULE', `${use} lies inside node_modules and is TypeScript`, {
      hint: 'Node strips types outside node_modules only: point at the .js file of the package',
    })
  }
  resolveOwnName()
  const digest = await moduleDigest(file)
  const url = pathToFileURL(file).href
  let exported: unknown
  try {
    // The query makes an edited module a new one for the loader.
    exported = (await import(`${url}?digest=${digest.slice(0, 16)}`)).default
  } catch (cause) {
    const syntax = (cause as { code?: string }).code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
    throw new StillroomError('SR_STEP_MODULE', `${use} cannot be loaded: ${(cause as Error).message}`, {
      cause,
      hint: syntax ? 'only types that can be erased: no enums, namespaces or parameter properties' : 'mend the module',
    })
  }
  const wrong = violations(exported)
  if (wrong.length > 0) {
    throw new StillroomError('SR_STEP_MODULE', `${use} does not export a step: ${wrong.join('; ')}`, {
      hint: 'export default defineMap({ ... }), or another define function of stillroom/steps',
    })
  }
  return { word: exported as Verb | Step, url, digest }
}

/** Public doors by the name a step imports them under; `zod` because every step declares its options with it. */
const doors: { [specifier: string]: string } = {
  stillroom: '../index',
  'stillroom/steps': '../steps/index',
  'stillroom/teachers': '../teachers/index',
  'stillroom/testing': '../testing',
}
let resolving = false

/**
 * A step beside a recipe imports `stillroom/steps` and `zod` wherever the recipe lies: the running copy answers to its own
 * name, since a second one installed there could differ from it; `zod` comes from there only where the folder has none.
 */
function resolveOwnName(): void {
  if (resolving) return
  resolving = true
  const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  registerHooks({
    resolve(specifier, context, next) {
      const door = doors[specifier]
      if (door) return { url: new URL(`${door}${ending}`, import.meta.url).href, shortCircuit: true }
      try {
        return next(specifier, context)
      } catch (error) {
        if (specifier !== 'zod') throw error
        return { url: import.meta.resolve('zod'), shortCircuit: true }
      }
    },
  })
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isFile(),
    () => false,
  )
}

const imports = [
  /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/[^'"]+)\1/g,
  // Prompt files and other data beside the code.
  /\bnew URL\(\s*(['"])(\.{1,2}\/[^'"]+)\1\s*,\s*import\.meta\.url/g,
]

/** Digest of a module and of every file it reaches through relative imports; where the folder lies does not matter. */
export async function moduleDigest(file: string): Promise<Sha> {
  const seen = new Map<string, Sha | null>()
  const visit = async (path: string): Promise<void> => {
    if (seen.has(path)) return
    seen.set(path, null)
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) return
    seen.set(path, sha256(text))
    for (const pattern of imports) {
      for (const [, , target] of text.matchAll(pattern)) await visit(resolve(dirname(path), target!))
    }
  }
  await visit(file)
  const folder = dirname(file)
  const parts = [...seen].map(([path, digest]) => [relative(folder, path).split(sep).join('/'), digest] as const)
  return digestOf(parts.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const functions: { [shape: string]: readonly string[] } = {
  map: ['run'],
  group: ['run'],
  filter: ['test'],
  global: ['apply'],
  grid: ['rows'],
  verb: ['expand'],
}

/** What keeps a value from being a step or verb of the contract. */
function violations(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return ['the default export is missing or no object']
  const step = value as { [field: string]: unknown }
  const wrong: string[] = []
  const needs = (fits: boolean, what: string) => void (fits || wrong.push(what))
  const kindList = (list: unknown) => Array.isArray(list) && list.every(kind => kinds.includes(kind))
  const wanted = functions[String(step.shape)]
  needs(wanted !== undefined, `\`shape\` must be one of ${Object.keys(functions).join(', ')}`)
  for (const name of wanted ?? []) needs(typeof step[name] === 'function', `\`${name}\` must be a function`)
  needs(/^[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u.test(String(step.verb ?? '')), '`verb` must be a name')
  needs(typeof step.about === 'string', '`about` must be one sentence')
  needs(typeof (step.options as ZodType | undefined)?.safeParse === 'function', '`options` must be a zod schema')
  needs(kindList(step.takes), `\`takes\` must list kinds (${kinds.join(', ')})`)
  if (step.shape === 'global') needs(Array.isArray(step.passes) && step.passes.length > 0, '`passes` must list passes')
  if (step.shape === 'verb') return wrong
  needs(Number.isInteger(step.version), '`version` must be a whole number')
  needs(step.gives === 'same' || kindList(step.gives), '`gives` must list kinds, or be `same`')
  needs(Array.isArray(step.reasons), '`reasons` must list the reasons for drops')
  return wrong
}
