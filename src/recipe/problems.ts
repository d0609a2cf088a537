import { type ZodType, z } from 'zod'
import { type Code, type Diagnostic, type Position, StillroomError } from '../errors/index.ts'
import type { Path, Positions } from './positions.ts'
import { didYouMean } from './suggest.ts'

/** A finding before it has a position: the path says where, `part` whether the key or the value is meant. */
export type Problem = {
  code: Code
  message: string
  path: Path
  part: 'key' | 'value'
  /** Of what stands in another file than the recipe. */
  position?: Position
  expected?: string
  received?: string
  hint?: string
}

type Issue = z.core.$ZodIssue

/** All findings as one error, in file order. Its code and position are those of the first. */
export function recipeError(problems: Problem[], positions?: Positions): StillroomError {
  const diagnostics = problems.map(({ path, part, position: elsewhere, ...rest }): Diagnostic => {
    // What `--set` brought in stands in no file.
    const override = path[0] === '--set'
    const position = override ? undefined : (elsewhere ?? positions?.at(path, part))
    const text = override ? `--set ${path.slice(1).join('.')}` : path.join('.')
    return { ...rest, ...(text ? { path: text } : {}), ...(position ? { position } : {}) }
  })
  // What stands in another file comes after what stands in the recipe.
  const foreign = ({ position }: Diagnostic) => (position && positions && position.file !== positions.file ? 1 : 0)
  const line = ({ position }: Diagnostic) => position?.line ?? Number.MAX_SAFE_INTEGER
  const column = ({ position }: Diagnostic) => position?.column ?? 0
  diagnostics.sort((a, b) => foreign(a) - foreign(b) || line(a) - line(b) || column(a) - column(b))
  const { code, message, ...more } = diagnostics[0]!
  const where = positions ? ` in ${positions.file}` : ''
  return new StillroomError(code, diagnostics.length === 1 ? message : `${diagnostics.length} problems${where}`, {
    ...(diagnostics.length === 1 ? more : { position: more.position }),
    diagnostics,
  })
}

const secretive = /key|token$|secret|auth|header|password/i

/** Values of a user, short, for `received`. What may be a secret is never shown. */
export function shown(value: unknown, path: Path = []): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  const last = String(path.findLast(part => typeof part === 'string') ?? '')
  if (secretive.test(last)) return typeof value
  const text = JSON.stringify(value, (key, inner) => (secretive.test(key) ? '...' : inner)) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** Findings of a schema about `value`, which stands at `at` in the recipe. `raw` is the value as the user wrote it. */
export function schemaProblems(issues: readonly Issue[], schema: ZodType, raw: unknown, at: Path): Problem[] {
  return issues.flatMap(issue => {
    const inner = issue.path as Path
    const path = [...at, ...inner]
    const name = labelOf(path)
    const value = valueAt(raw, inner)
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, inner)
      return issue.keys.map((key): Problem => {
        const message = `unknown key \`${key}\`${path.length ? ` in ${name}` : ''}`
        // A key of another branch of a union is known, but not here.
        const beside = Object.keys(value as object).filter(other => !issue.keys.includes(other))
        const hint = known.includes(key)
          ? `\`${key}\` does not go together with ${beside.map(other => `\`${other}\``).join(', ')}`
          : didYouMean(key, known)
        return { code: 'SR_RECIPE_KEY', message, path: [...path, key], part: 'key', hint }
      })
    }
    if (issue.code === 'invalid_union') {
      const branch = nearestBranch(issue)
      if (branch)
        return schemaProblems(
          branch.map(i => ({ ...i, path: [...inner, ...i.path] })),
          schema,
          raw,
          at,
        )
    }
    if (issue.code === 'invalid_key') {
      const expected = issue.issues.map(expectation).join(' and ')
      return [{ code: 'SR_RECIPE_KEY', message: `${name} cannot be a name here`, path, part: 'key', expected }]
    }
    const expected = expectation(issue)
    if (issue.code === 'custom') {
      return [{ code: 'SR_RECIPE_VALUE', message: issue.message, path, part: 'value', received: shown(value, path) }]
    }
    if (value === undefined) {
      return [
        { code: 'SR_RECIPE_VALUE', message: `${name} is missing`, path, part: 'key', expected, received: 'nothing' },
      ]
    }
    const message = `${name} must be ${expected}`
    const choices = issue.code === 'invalid_value' ? issue.values.filter(v => typeof v === 'string') : []
    const hint = typeof value === 'string' && choices.length > 1 ? { hint: didYouMean(value, choices) } : {}
    return [{ code: 'SR_RECIPE_VALUE', message, path, part: 'value', expected, received: shown(value, path), ...hint }]
  })
}

/** How a place is called in a sentence. */
function labelOf(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return 'the recipe'
  return typeof last === 'string' ? `\`${last}\`` : `item ${last + 1} of \`${path.at(-2) ?? 'the list'}\``
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as never)[key] : undefined),
    value,
  )
}

/** Of the branches of a union the one whose outer type fits and that has least to complain about, each key counted. */
function nearestBranch(issue: z.core.$ZodIssueInvalidUnion): Issue[] | undefined {
  const fitting = issue.errors.filter(
    branch => !branch.some(i => i.path.length === 0 && i.code !== 'unrecognized_keys' && i.code !== 'invalid_union'),
  )
  const weight = (branch: Issue[]): number =>
    branch.reduce((n, one) => n + (one.code === 'unrecognized_keys' ? one.keys.length : 1), 0)
  return fitting.sort((a, b) => weight(a) - weight(b))[0]
}

const typeNames: { [type: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
}

/** What a schema wanted, in words. */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`
    case 'invalid_union': {
      if ('options' in issue && Array.isArray(issue.options)) return `one of ${issue.options.join(', ')}`
      const words = issue.errors.flatMap(branch => branch.filter(i => i.path.length === 0).map(expectation))
      return [...new Set(words)].join(' or ') || 'another value'
    }
    case 'too_small':
      return `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unitOf(issue.origin)}`
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unitOf(issue.origin)}`
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`
    case 'invalid_format':
      if (issue.format === 'date') return 'a date as YYYY-MM-DD'
      if (issue.format === 'url') return 'a URL'
      return issue.message.startsWith('Invalid') ? `text like ${issue.pattern ?? issue.format}` : issue.message
    default:
      return issue.message
  }
}

function unitOf(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' || origin === 'set' ? ' items' : ''
}

type JsonSchema = { [key: string]: unknown }

/** Names of the keys a schema knows at a path: read off its JSON Schema, so that unions and defaults need no care. */
export function keysAt(schema: ZodType, path: Path): string[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  let here = branches(root, root)
  for (const step of path) {
    here = here.flatMap(s => {
      const properties = (s.properties ?? {}) as { [key: string]: JsonSchema }
      const prefix = (s.prefixItems ?? []) as JsonSchema[]
      const next =
        typeof step === 'number' ? (prefix[step] ?? s.items) : (properties[step] ?? s.additionalProperties ?? undefined)
      return next && typeof next === 'object' ? branches(next as JsonSchema, root) : []
    })
  }
  return [...new Set(here.flatMap(s => Object.keys((s.properties ?? {}) as object)))]
}

function branches(schema: JsonSchema, root: JsonSchema): JsonSchema[] {
  if (typeof schema.$ref === 'string') {
    const target = valueAt(root, schema.$ref.split('/').slice(1))
    return target ? branches(target as JsonSchema, root) : []
  }
  const parts = [schema.anyOf, schema.oneOf, schema.allOf].flatMap(list => (Array.isArray(list) ? list : []))
  return parts.length ? [schema, ...parts.flatMap(part => branches(part, root))] : [schema]
}
