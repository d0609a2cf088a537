import { z } from 'zod'
import { canonical, type Json, type Message } from '../../records/index.ts'
import { type Grade, type Grader, noReference, right, undecided, wrong } from './grade.ts'

const expectedCall = z.object({
  name: z.string(),
  arguments: z.record(z.string(), z.json()).default({}),
  allow: z.record(z.string(), z.array(z.json()).min(1)).optional(),
  optional: z.array(z.string()).optional(),
})
type Expected = z.output<typeof expectedCall>

export const shape = {
  calls: z
    .array(expectedCall)
    .max(32)
    .optional()
    .describe(
      'Calls to be made, each with name and arguments; allow: several values an argument may have; optional: arguments that may be left out. None expects no call',
    ),
  ordered: z.boolean().default(false).describe('The calls must be made in this order'),
}
type Options = z.output<z.ZodObject<typeof shape>>

/** Texts are compared without case, spaces and the marks that dates and names are written with (as BFCL does). */
const plain = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s,./\-_*^'"]/g, '')

/** The same value: numbers within rounding whole or not, texts without case and marks, objects whatever their order. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))
  if (typeof a === 'string' && typeof b === 'string') return a === b || (plain(a) !== '' && plain(a) === plain(b))
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => sameValue(one, b[i]))
  if (!a || !b || typeof a !== 'object' || typeof b !== 'object' || Array.isArray(a) || Array.isArray(b)) return a === b
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
}

type Called = { name: string; arguments: { [name: string]: Json } }

/** Why a call is not the expected one; undefined where it is. */
function difference(
  called: Called,
  { name, arguments: exact, allow = {}, optional = [] }: Expected,
): string | undefined {
  if (called.name !== name) return `called ${called.name} instead of ${name}`
  const allowed: { [argument: string]: Json[] } = {
    ...Object.fromEntries(Object.entries(exact).map(([argument, value]) => [argument, [value!]])),
    ...(allow as { [argument: string]: Json[] }),
  }
  for (const [argument, values] of Object.entries(allowed)) {
    const given = called.arguments[argument]
    if (given === undefined) {
      if (optional.includes(argument)) continue
      return `${name} is called without ${argument}`
    }
    if (!values.some(value => sameValue(value, given))) return `${name}.${argument} is ${canonical(given)}`
  }
  const surplus = Object.keys(called.arguments).find(
    argument => !Object.hasOwn(allowed, argument) && !optional.includes(argument),
  )
  return surplus === undefined ? undefined : `${name} is called with ${surplus}`
}

/** Whether each expected call has a made one of its own: augmenting paths, since one call may fit several. */
function paired(expected: Expected[], made: Called[]): boolean {
  const owner = new Map<number, number>()
  const place = (e: number, seen: Set<number>): boolean =>
    made.some((call, m) => {
      if (seen.has(m) || difference(call, expected[e]!) !== undefined) return false
      seen.add(m)
      const other = owner.get(m)
      if (other !== undefined && !place(other, seen)) return false
      owner.set(m, e)
      return true
    })
  return expected.every((_, e) => place(e, new Set()))
}

/** All calls that the assistant made after the last turn of the user. */
function callsMade(messages: readonly Message[]): Called[] {
  const from = messages.findLastIndex(message => message.role === 'user')
  return messages.slice(from + 1).flatMap(({ role, tool_calls = [] }) => {
    return role === 'assistant' ? tool_calls.map(call => call.function) : []
  })
}

/** The calls of a reference that is JSON, as a list or one. */
function referred(reference: string | undefined): Expected[] | undefined | string {
  if (reference === undefined) return undefined
  try {
    const value = JSON.parse(reference) as Json
    const read = z
      .array(expectedCall)
      .max(32)
      .safeParse(Array.isArray(value) ? value : [value])
    return read.success ? read.data : 'the reference is no list of calls'
  } catch {
    return 'the reference is no JSON'
  }
}

/**
 * Compares the calls made with those expected, argument by argument, after the syntax-tree checker of BFCL (Patil et al.
 * 2025): parallel calls in any order, several allowed values an argument, no argument of its own invention.
 */
export const toolCalls: Grader<Options> = (_, { reference, verifier, messages }): Grade => {
  const expected = verifier.calls ?? referred(reference)
  if (expected === undefined) return noReference
  if (typeof expected === 'string') return undecided(expected)
  const made = callsMade(messages)
  if (made.length !== expected.length) return wrong(`${made.length} calls instead of ${expected.length}`)
  const inPlace = expected.map((one, i) => difference(made[i]!, one)).find(said => said !== undefined)
  if (inPlace === undefined) return right
  return !verifier.ordered && paired(expected, made) ? right : wrong(inPlace)
}
