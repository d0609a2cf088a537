import vm from 'node:vm'
import { z } from 'zod'
import { endOf, type Grader, noReference, right, undecided, wrong } from './grade.ts'

export const shape = {
  pattern: z.string().min(1).max(2000).optional().describe('Regular expression of JavaScript; default the reference'),
  flags: z
    .string()
    .regex(/^[imsu]*$/)
    .default('u')
    .describe('Any of i, m, s and u'),
  whole: z.boolean().default(false).describe('The whole answer must match, not a part of it'),
}
type Options = z.output<z.ZodObject<typeof shape>>

/** Milliseconds after which a match is given up. Sound patterns take thousandths of one. */
const patience = 1000

let context: vm.Context | undefined
let script: vm.Script | undefined

/**
 * Whether a text matches; undefined for a pattern that backtracks without end on it. The engine of JavaScript cannot be
 * bounded in steps, so the match runs where it can be broken off. Throws SyntaxError.
 */
export function matches(pattern: string, flags: string, text: string, timeout = patience): boolean | undefined {
  new RegExp(pattern, flags)
  context ??= vm.createContext(Object.create(null))
  script ??= new vm.Script('new RegExp(pattern, flags).test(text)')
  Object.assign(context, { pattern, flags, text })
  try {
    return Boolean(script.runInContext(context, { timeout }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined
    throw error
  }
}

/** Right when the answer matches. */
export const regex: Grader<Options> = (completion, { reference, verifier }) => {
  const { flags, whole } = verifier
  const pattern = verifier.pattern ?? reference
  if (pattern === undefined) return noReference
  try {
    const found = matches(whole ? `^(?:${pattern})$` : pattern, flags, endOf(completion).trim())
    if (found === undefined) return undecided('the pattern backtracks without end on this answer')
    return found ? right : wrong('the pattern does not match')
  } catch (error) {
    return undecided(`the pattern cannot be read: ${(error as Error).message}`)
  }
}
