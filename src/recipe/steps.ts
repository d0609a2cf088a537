import { z } from 'zod'
import { nameOf } from './name.ts'
import type { Path } from './positions.ts'
import { type Problem, schemaProblems, shown } from './problems.ts'
import type { StepUse } from './schema.ts'
import { nearest } from './suggest.ts'

const common = z.strictObject({
  as: nameOf.optional().describe('Key of this step; default its verb'),
  from: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe('Sources or earlier steps it reads; default the step before'),
})
/** The keys that every step takes beside its verb's own options. */
export const commonSchema = common

const own = common.extend({ use: z.string().min(1), options: z.record(z.string(), z.unknown()).optional() })

const isObject = (value: unknown): value is { [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * `30%` as a number: any text of options that is a number with a percent sign stands for its hundredth. Done before
 * validation, so that no step needs to know.
 */
export function withoutPercents(value: unknown): unknown {
  if (typeof value === 'string') return /^\d+(\.\d+)?%$/.test(value) ? Number(`${value.slice(0, -1)}e-2`) : value
  if (Array.isArray(value)) return value.map(withoutPercents)
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutPercents(v)]))
  return value
}

/** Takes a list of steps apart into verbs, common keys and options. What cannot be read is a problem and left out. */
export function readSteps(list: unknown, verbs: readonly string[]): { uses: StepUse[]; problems: Problem[] } {
  const uses: StepUse[] = []
  const problems: Problem[] = []
  if (!Array.isArray(list)) return { uses, problems }
  list.forEach((item, index) => {
    const read = readStep(item, ['steps', index], verbs)
    problems.push(...read.problems)
    if (read.use) uses.push(read.use)
  })
  return { uses, problems }
}

function readStep(item: unknown, at: Path, verbs: readonly string[]): { use?: StepUse; problems: Problem[] } {
  if (typeof item === 'string') return { use: { verb: item, options: {}, path: [...at, item] }, problems: [] }
  if (!isObject(item) || Object.keys(item).length === 0) {
    const expected = 'a verb, or an object `verb: { options }`'
    const message = 'a step must be a verb with its options'
    return {
      problems: [{ code: 'SR_RECIPE_VALUE', message, path: at, part: 'value', expected, received: shown(item) }],
    }
  }
  if ('use' in item) return readUse(item, at)
  const keys = Object.keys(item)
  // With a slip of indentation the options stand beside the verb: name the verb, and complain about the rest.
  const verb = keys.find(key => verbs.includes(key)) ?? keys.find(key => nearest(key, verbs)) ?? keys[0]!
  const problems = keys
    .filter(key => key !== verb)
    .map((key): Problem => {
      const hint = `indent it under \`${verb}\`, or begin another step with \`- ${key}\``
      const message = `a step has one verb, and \`${key}\` stands beside \`${verb}\``
      return { code: 'SR_RECIPE_KEY', message, path: [...at, key], part: 'key', hint }
    })
  const path = [...at, verb]
  const body = item[verb] ?? {}
  if (!isObject(body)) {
    const received = shown(body)
    const message = `\`${verb}\` must be followed by its options`
    problems.push({ code: 'SR_RECIPE_VALUE', message, path, part: 'value', expected: 'an object', received })
    return { problems }
  }
  const { as, from, ...options } = body
  const read = readCommon({ as, from }, path)
  problems.push(...read.problems)
  return { use: { verb, ...read.keys, options, path }, problems }
}

function readUse(item: { [key: string]: unknown }, at: Path): { use?: StepUse; problems: Problem[] } {
  const parsed = own.safeParse(item)
  if (!parsed.success) return { problems: schemaProblems(parsed.error.issues, own, item, at) }
  const { use, as, from, options = {} } = parsed.data
  return { use: { use, ...keysOf(as, from), options, path: [...at, 'options'] }, problems: [] }
}

function readCommon(keys: { as?: unknown; from?: unknown }, path: Path) {
  const parsed = common.safeParse(keys)
  if (parsed.success) return { keys: keysOf(parsed.data.as, parsed.data.from), problems: [] }
  return { keys: {}, problems: schemaProblems(parsed.error.issues, common, keys, path) }
}

function keysOf(as: string | undefined, from: string | string[] | undefined) {
  return {
    ...(as === undefined ? {} : { as }),
    ...(from === undefined ? {} : { from: typeof from === 'string' ? [from] : from }),
  }
}
