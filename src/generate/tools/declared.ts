import { type ZodType, z } from 'zod'
import { StillroomError } from '../../errors/index.ts'
import { canonical, type Json, type Tool, type ToolCall } from '../../records/index.ts'
import { fromFile } from '../../steps/index.ts'

type Arguments = { [name: string]: Json }
const given = z.record(z.string(), z.json())
const declared = z.strictObject({
  type: z.literal('function').default('function'),
  function: z.strictObject({
    name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
    description: z.string().min(1),
    parameters: z.looseObject({ type: z.literal('object') }),
  }),
  /** What a call gives, in order: the first entry whose arguments the call has. */
  returns: z
    .array(
      z
        .strictObject({ arguments: given, result: z.json().optional(), error: z.string().optional() })
        .refine(entry => (entry.result === undefined) !== (entry.error === undefined), 'give either result or error'),
    )
    .default([]),
  examples: z.array(z.strictObject({ query: z.string().min(1), arguments: given })).default([]),
})
/**
 * A tool in the shape of OpenAI, with declared results instead of a server (`returns`) and calls that people wrote
 * (`examples`). `{{name}}` in a text of a result stands for that argument of the call.
 */
export type DeclaredTool = z.output<typeof declared>

/**
 * The tools of a JSON file, read again only when it was edited. Throws SR_RECIPE_VALUE for a shape or a schema that
 * cannot be used, for a name that stands twice, and for examples and results whose arguments do not fit.
 */
export const loadTools = fromFile(text => readTools(text))

export function readTools(text: string): DeclaredTool[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw unusable((error as Error).message)
  }
  const parsed = z.array(declared).min(1).safeParse(json)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw unusable(`${path.join('.') || 'the file'}: ${message}`)
  }
  const names = new Set<string>()
  for (const tool of parsed.data) {
    const { name } = tool.function
    if (names.has(name)) throw unusable(`${name} stands twice`)
    names.add(name)
    for (const example of tool.examples) {
      const problem = callProblem({ name, arguments: example.arguments }, [shown(tool)])
      if (problem) throw unusable(`an example of ${name}: ${problem.detail}`)
    }
    const known = Object.keys((tool.function.parameters.properties ?? {}) as object)
    const stranger = tool.returns.flatMap(entry => Object.keys(entry.arguments)).find(key => !known.includes(key))
    if (stranger !== undefined) throw unusable(`returns of ${name} name an argument ${stranger} that it does not take`)
  }
  return parsed.data
}

const unusable = (received: string) =>
  new StillroomError('SR_RECIPE_VALUE', 'The file of tools cannot be used.', {
    expected: 'a JSON list of { type: "function", function: { name, description, parameters }, returns?, examples? }',
    received,
  })

/** A tool as a row offers it: without results and examples. */
export const shown = ({ type, function: { name, description, parameters } }: DeclaredTool): Tool => ({
  type,
  function: { name, description, parameters: parameters as Json },
})

const schemas = new WeakMap<object, ZodType>()
function schemaOf(name: string, parameters: { [key: string]: Json }): ZodType {
  let schema = schemas.get(parameters)
  if (!schema) {
    try {
      schema = z.fromJSONSchema(parameters as never) as ZodType
    } catch (error) {
      throw unusable(`parameters of ${name}: ${(error as Error).message}`)
    }
    schemas.set(parameters, schema)
  }
  return schema
}

/** What is wrong with a call, by the tools that were offered: an unknown name, or arguments that do not follow the schema. */
export function callProblem(
  { name, arguments: given }: { name: string; arguments: Arguments },
  offered: readonly Tool[],
): { reason: 'unknown-tool' | 'invalid-arguments'; detail: string } | undefined {
  const tool = offered.find(one => one.function.name === name)
  if (!tool) return { reason: 'unknown-tool', detail: name }
  const parameters = (tool.function.parameters ?? { type: 'object' }) as { [key: string]: Json }
  const { properties = {}, additionalProperties } = parameters as { properties?: object; additionalProperties?: Json }
  // JSON Schema lets strangers pass unless it is told not to; a tool has no use for them.
  const stranger = additionalProperties ? undefined : Object.keys(given).find(key => !Object.hasOwn(properties, key))
  if (stranger !== undefined) return { reason: 'invalid-arguments', detail: `${name} takes no argument ${stranger}` }
  const issue = schemaOf(name, parameters).safeParse(given).error?.issues[0]
  return issue && { reason: 'invalid-arguments', detail: `${[name, ...issue.path].join('.')}: ${issue.message}` }
}

/** Equal in content; texts also where they differ in case, width or white space, as people and models write names. */
function alike(a: Json | undefined, b: Json | undefined): boolean {
  const plain = (value: Json | undefined) =>
    typeof value === 'string' ? value.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase() : canonical(value)
  return plain(a) === plain(b)
}

/** As a person would write it in a sentence. */
const worded = (value: Json): string =>
  Array.isArray(value) ? value.map(worded).join(', ') : typeof value === 'string' ? value : JSON.stringify(value)

function filled(value: Json, given: Arguments): Json {
  if (typeof value === 'string')
    return value.replace(/\{\{\s*(\w+)\s*\}\}/g, (mark, name: string) =>
      given[name] === undefined ? mark : worded(given[name]),
    )
  if (Array.isArray(value)) return value.map(item => filled(item, given))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item as Json, given)]))
}

/** What a declared tool gives for a call; where no entry fits, an error that says so. */
export function resultOf(
  { function: { name, arguments: given } }: ToolCall,
  tools: readonly DeclaredTool[],
): { result: Json } | { error: string } {
  const entry = tools
    .find(tool => tool.function.name === name)
    ?.returns.find(one => Object.entries(one.arguments).every(([key, value]) => alike(given[key], value as Json)))
  if (!entry) return { error: `${name} has no result for ${canonical(given)}` }
  return entry.error === undefined ? { result: filled(entry.result as Json, given) } : { error: entry.error }
}
