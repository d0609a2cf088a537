import { type ZodType, z } from 'zod'
import type { Kind } from '../records/index.ts'
import type { Step, Verb } from '../steps/index.ts'
import { recipeSchema, type Words } from './schema.ts'
import { commonSchema } from './steps.ts'

type Json = { [key: string]: unknown }

export type OptionNote = { name: string; type: string; required: boolean; default?: unknown; about: string }
export type VerbNote = {
  verb: string
  about: string
  takes: readonly Kind[]
  /** Absent for verbs, whose last primitive decides. */
  gives?: readonly Kind[] | 'same'
  reasons?: readonly string[]
  source?: string
  options: OptionNote[]
}

/** What documentation says about a verb, all of it read off its declaration. */
export function describeVerb(word: Verb | Step): VerbNote {
  const schema = jsonSchema(word.options)
  const required = (schema.required ?? []) as string[]
  const options = Object.entries((schema.properties ?? {}) as { [name: string]: Json }).map(
    ([name, property]): OptionNote => ({
      name,
      type: typeText(property),
      required: required.includes(name),
      ...('default' in property ? { default: property.default } : {}),
      about: String(property.description ?? ''),
    }),
  )
  const { verb, about, takes, source } = word
  const primitive = word.shape === 'verb' ? {} : { gives: word.gives, reasons: word.reasons }
  return { verb, about, takes, ...primitive, ...(source ? { source } : {}), options }
}

/** JSON Schema (draft 2020-12) of the whole recipe language, for editors. */
export function recipeJsonSchema(words: Words): Json {
  const { $schema, ...common } = jsonSchema(commonSchema)
  const shared = common.properties as Json
  const steps = words.verbs.map(word => {
    const { $schema: _, ...options } = withPercents(jsonSchema(word.options)) as Json
    const properties = { ...(options.properties as Json), ...shared }
    const body = options.type === 'object' ? { ...options, properties } : options
    const needed = Array.isArray(options.required) && options.required.length > 0
    return {
      type: 'object',
      description: word.about,
      properties: { [word.verb]: needed ? body : { anyOf: [body, { type: 'null' }] } },
      required: [word.verb],
      additionalProperties: false,
    }
  })
  const own = {
    type: 'object',
    description: 'A step of your own: the path of a module whose default export is a step',
    properties: { use: { type: 'string' }, ...shared, options: { type: 'object' } },
    required: ['use'],
    additionalProperties: false,
  }
  const bare = { type: 'string', enum: words.verbs.map(({ verb }) => verb), description: 'A step without options' }
  const recipe = jsonSchema(recipeSchema(words))
  const properties = recipe.properties as { [field: string]: Json }
  return {
    ...recipe,
    $schema,
    title: 'stillroom recipe',
    properties: { ...properties, steps: { ...properties.steps, items: { oneOf: [bare, ...steps, own] } } },
  }
}

function jsonSchema(schema: ZodType): Json {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Json
}

/** Numbers of options may be written as percentages (`steps.ts`). */
function withPercents(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withPercents)
  if (typeof schema !== 'object' || schema === null) return schema
  const { description, default: preset, ...rest } = schema as Json
  const inner = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, key === 'enum' || key === 'const' ? value : withPercents(value)]),
  )
  const notes = {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  }
  if (rest.type !== 'number') return { ...inner, ...notes }
  return { ...notes, anyOf: [inner, { type: 'string', pattern: '^\\d+(\\.\\d+)?%$' }] }
}

/** A JSON Schema in a few words, for a table. */
function typeText(schema: Json): string {
  if (Array.isArray(schema.enum)) return schema.enum.map(value => JSON.stringify(value)).join(' | ')
  if ('const' in schema) return JSON.stringify(schema.const)
  const parts = [schema.anyOf, schema.oneOf].flatMap(list => (Array.isArray(list) ? (list as Json[]) : []))
  if (parts.length > 0) return [...new Set(parts.map(typeText))].join(' | ')
  if (Array.isArray(schema.type)) return schema.type.join(' | ')
  if (schema.type === 'array') {
    if (Array.isArray(schema.prefixItems)) return `[${(schema.prefixItems as Json[]).map(typeText).join(', ')}]`
    return schema.items ? `list of ${typeText(schema.items as Json)}` : 'list'
  }
  if (schema.type === 'string') return 'text'
  if (schema.type !== 'number' && schema.type !== 'integer') return String(schema.type ?? 'any')
  const name = schema.type === 'integer' ? 'whole number' : 'number'
  // zod bounds whole numbers by the safe integers, which says nothing to a reader.
  const bound = (word: string, value: unknown) =>
    typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? ` ${word} ${value}` : ''
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema
  return [
    name,
    bound('from', minimum) || bound('above', exclusiveMinimum),
    bound('to', maximum) || bound('under', exclusiveMaximum),
  ].join('')
}
