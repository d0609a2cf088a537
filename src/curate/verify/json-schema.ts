import { Ajv, type Options as AjvOptions, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { z } from 'zod'
import { canonical, type Json } from '../../records/index.ts'
import { type Grader, noReference, right, undecided, wrong } from './grade.ts'
import { matches } from './regex.ts'

export const shape = {
  schema: z
    .record(z.string(), z.json())
    .optional()
    .describe('JSON Schema of the answer: draft 2020-12, or draft-07 where `$schema` says so; default the reference'),
}
type Options = z.output<z.ZodObject<typeof shape>>

/** Characters of JSON that are read. */
const longest = 200_000

/** JSON out of an answer: all of it, or its last fenced block. */
function jsonIn(text: string): { value: Json } | undefined {
  const fenced = [...text.matchAll(/^[ \t]*```(?:json[c5]?)?[ \t]*\r?\n([\s\S]*?)\n[ \t]*```[ \t]*$/gim)].at(-1)?.[1]
  for (const part of [text, fenced]) {
    try {
      if (part !== undefined) return { value: JSON.parse(part) as Json }
    } catch {
      // The next one.
    }
  }
  return undefined
}

/** Patterns come out of data: one that backtracks without end fits nothing. Ajv tells them apart by `toString`. */
function bounded(pattern: string, flags: string) {
  new RegExp(pattern, flags)
  return { test: (text: string) => matches(pattern, flags, text) === true, toString: () => `/${pattern}/${flags}` }
}
const settings: AjvOptions = {
  strict: false,
  validateFormats: false,
  logger: false,
  code: { regExp: Object.assign(bounded, { code: 'undefined' }) },
}

const compiled = new Map<string, ValidateFunction | string>()

/** The check that a schema amounts to, or what is wrong with it. */
function checkOf(schema: { [key: string]: Json }): ValidateFunction | string {
  const name = canonical(schema)
  const known = compiled.get(name)
  if (known !== undefined) return known
  let check: ValidateFunction | string
  try {
    const old = /draft-0[67]/.test(String(schema.$schema ?? ''))
    // A new one each time: what one row's schema defines is nothing to another's.
    const { $id: _, ...rest } = schema
    check = (old ? new Ajv(settings) : new Ajv2020(settings)).compile(rest)
  } catch (error) {
    check = (error as Error).message
  }
  if (compiled.size >= 256) compiled.clear()
  compiled.set(name, check)
  return check
}

/** Right when the answer is JSON, bare or fenced, and valid against the schema. `format` is a note and is not checked. */
export const jsonSchema: Grader<Options> = (completion, { reference, verifier }) => {
  const schema = verifier.schema ?? (jsonIn(reference ?? '')?.value as { [key: string]: Json } | undefined)
  if (typeof schema !== 'object' || schema === null) return noReference
  if (completion.length > longest) return undecided(`longer than ${longest} characters`)
  const check = checkOf(schema)
  if (typeof check === 'string') return undecided(`the schema cannot be read: ${check}`)
  const json = jsonIn(completion.trim())
  if (!json) return wrong('no JSON')
  if (check(json.value)) return right
  const [first] = check.errors ?? []
  return wrong(`${first?.instancePath || 'the value'} ${first?.message ?? 'does not fit'}`)
}
