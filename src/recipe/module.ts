import { readFile, stat } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { dirname, extname, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ZodType } from 'zod'
import { type Code, StillroomError } from '../errors/index.ts'
import { digestOf, kinds, type Sha, sha256 } from '../records/index.ts'
import type { Step, Verb } from '../steps/index.ts'
import {
  type AiSdkEmbedder,
  type AiSdkModel,
  aiSdkEmbedder,
  aiSdkTeacher,
  type Capabilities,
  Fault,
  resolveTeacher,
  type Teacher,
  type TeacherConfig,
} from '../teachers/index.ts'

/** A user's own step: with the module's URL and the digest of its code, as far as relative imports reach. */
export type StepModule = { word: Verb | Step; url: string; digest: Sha }

/**
 * Imports a step module by its path relative to the recipe. Node strips the types of `.ts` itself, but not below
 * `node_modules`. Throws SR_STEP_MODULE.
 */
export async function loadStep(use: string, base: string): Promise<StepModule> {
  const { exported, url, digest } = await importModule(use, base, 'SR_STEP_MODULE')
  const wrong = violations(exported)
  if (wrong.length > 0) {
    throw new StillroomError('SR_STEP_MODULE', `${use} does not export a step: ${wrong.join('; ')}`, {
      hint: 'export default defineMap({ ... }), or another define function of stillroom/steps',
    })
  }
  return { word: exported as Verb | Step, url, digest }
}

/** Which teacher of the recipe a module is loaded for, and the environment that its keys come from. */
export type TeacherUse = { name: string; config: TeacherConfig; env: Record<string, string | undefined> }

/**
 * The teacher out of the module that a recipe names with `use:`. Its default export is an AI SDK model, a teacher, or a
 * function of the environment that gives either. It goes by the name the recipe has for it. Makes no call.
 * @throws StillroomError SR_TEACHER_MODULE when it cannot be loaded, is something else, or is another model.
 */
export async function loadTeacherModule(
  use: string,
  base: string,
  { name, config, env }: TeacherUse,
): Promise<Teacher> {
  const { id, provider, model, revision, can } = resolveTeacher(name, config)
  const secrets = Object.entries(env).flatMap(([variable, value]) =>
    /key|token|secret|password/i.test(variable) && value && value.length >= 8 ? [value] : [],
  )
  const clean = (text: string) => secrets.reduce((text, secret) => text.replaceAll(secret, '[key]'), text)
  const { exported } = await importModule(use, base, 'SR_TEACHER_MODULE', clean)
  const wrong = (message: string, hint: string) =>
    new StillroomError('SR_TEACHER_MODULE', `${use} ${message}`, { hint })
  let made = exported
  if (typeof exported === 'function' && typeof (exported as { languageModel?: unknown }).languageModel !== 'function') {
    try {
      made = await exported(env)
    } catch (cause) {
      throw wrong(`threw an error: ${clean(String((cause as Error)?.message))}`, 'mend the module')
    }
  }
  const what = kindOf(made)
  if (what === 'model' || what === 'embedder' || what === 'teacher') {
    const said = what === 'teacher' ? (made as Teacher).model : (made as AiSdkModel).modelId
    if (said !== model && !said.endsWith(`/${model}`)) {
      const hint = `write \`model: ${provider}/${said}\` in the recipe, or have the module give ${model}`
      throw wrong(`gives the model ${said}, and teacher ${name} is ${model} in the recipe`, hint)
    }
    const names = { id, provider, model, ...(revision !== undefined && { revision }) }
    if (what === 'model')
      return aiSdkTeacher(made as AiSdkModel, { ...names, can: asked(config, can), timeout: config.timeout, secrets })
    if (what === 'embedder') return aiSdkEmbedder(made as AiSdkEmbedder, { ...names, timeout: config.timeout, secrets })
    const own = made as Teacher
    return {
      ...names,
      can: { ...own.can, ...asked(config, can) },
      async doGenerate(request, wire) {
        try {
          return await own.doGenerate(request, wire)
        } catch (error) {
          throw asFault(error, clean)
        }
      },
      ...(own.embeds && { embeds: own.embeds }),
      ...(own.doEmbed && {
        doEmbed: (texts, wire) => own.doEmbed!(texts, wire).catch(error => Promise.reject(asFault(error, clean))),
      }),
      ...(own.close && { close: () => own.close!() }),
    }
  }
  throw wrong(
    `does not export a model: ${what}`,
    "export default google('gemini-2.5-pro'), for example: a model object of the AI SDK, a teacher, or a function of the environment that gives one",
  )
}

/** What a module throws says nothing of the record that was asked about: it is the way there that fails. */
function asFault(error: unknown, clean: (text: string) => string): unknown {
  if (error instanceof Fault || StillroomError.is(error)) return error
  return new Fault('health', clean(error instanceof Error ? `${error.name}: ${error.message}` : String(error)))
}

/** What the recipe says of a teacher's abilities; what it leaves open is known to the module better. */
function asked({ schema, seed, forms }: TeacherConfig, can: Capabilities): Partial<Capabilities> {
  return {
    ...(schema !== undefined && { schema: can.schema }),
    ...(seed !== undefined && { seed: can.seed }),
    ...(forms !== undefined && { forms }),
  }
}

const versions = ['v2', 'v3', 'v4']

/** `model`, `embedder`, `teacher`, or what it is instead. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'the default export is missing'
  if (typeof value === 'string') return 'a model id alone names no provider to reach it by'
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return `it is a ${typeof value}`
  const { specificationVersion, modelId, doGenerate, doEmbed, languageModel, can, model } = value as {
    [field: string]: unknown
  }
  if (typeof languageModel === 'function') return 'a provider; call it with the id of a model'
  if (typeof doGenerate !== 'function' && (typeof doEmbed !== 'function' || !specificationVersion))
    return 'it has no function `doGenerate`'
  if (typeof can === 'object' && can !== null && typeof model === 'string') return 'teacher'
  if (typeof modelId !== 'string' || typeof specificationVersion !== 'string') return 'neither a model nor a teacher'
  return versions.includes(specificationVersion)
    ? typeof doGenerate === 'function'
      ? 'model'
      : 'embedder'
    : `models of specification ${specificationVersion} are not known, only of ${versions.join(', ')}`
}

/**
 * A module of the user's own by its path relative to the recipe. `clean` takes out of a message what nobody should read.
 * @throws StillroomError of the given code.
 */
async function importModule(
  use: string,
  base: string,
  code: Code,
  clean = (text: string) => text,
): Promise<{ exported: unknown; url: string; digest: Sha }> {
  const file = await moduleFile(use, base, code)
  resolveOwnName()
  const digest = await moduleDigest(file)
  const url = pathToFileURL(file).href
  try {
    // The query makes an edited module a new one for the loader.
    return { exported: (await import(`${url}?digest=${digest.slice(0, 16)}`)).default, url, digest }
  } catch (cause) {
    const { code: why, message } = cause as { code?: string; message: string }
    const missing = why === 'ERR_MODULE_NOT_FOUND' ? /^Cannot find package '([^']+)'/.exec(message)?.[1] : undefined
    const hint = missing
      ? `npm install ${missing}`
      : why === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
        ? 'only types that can be erased: no enums, namespaces or parameter properties'
        : 'mend the module'
    const said = missing ? `it imports the package ${missing}, which is not installed` : clean(message)
    throw new StillroomError(code, `${use} cannot be loaded: ${said}`, { cause, hint })
  }
}

/** The absolute path of such a module, once it is sure that there is one and that Node can load it. */
export async function moduleFile(use: string, base: string, code: Code): Promise<string> {
  if (!/^\.{0,2}\//.test(use)) {
    const hint = `write ./${use} for a file beside the recipe`
    throw new StillroomError(code, `\`use\` takes the path of a module, not \`${use}\``, { hint })
  }
  const file = resolve(base, use)
  if (!(await isFile(file))) {
    throw new StillroomError(code, `there is no module ${use}`, { hint: 'paths are relative to the recipe' })
  }
  if (/^\.[mc]?tsx?$/.test(extname(file)) && file.split(sep).includes('node_modules')) {
    throw new StillroomError(code, `${use} lies inside node_modules and is TypeScript`, {
      hint: 'Node strips types outside node_modules only: point at the .js file of the package',
    })
  }
  return file
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
