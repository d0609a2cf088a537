import { codeOf, definitionOf, type Language } from '../../sandbox/index.ts'
import type { Executed, Job } from '../../steps/index.ts'

/** An exercise as its teacher wrote it, cleaned of fences. */
export type Exercise = {
  statement: string
  entry: string
  solution: string
  tests: string
  explanation: string
}
export type Fault = { reason: string; evidence: { [key: string]: string | undefined } }

const identifier = /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u

/** What can be told of an exercise without running it. */
export function faultOf(
  { statement, entry, solution, tests, explanation }: Exercise,
  language: Language,
): string | undefined {
  if ([statement, solution, tests, explanation].some(text => text === '')) return 'empty-item'
  if (!identifier.test(entry) || !definitionOf(entry, solution, language)) return 'missing-entry-point'
  return undefined
}

/** Code as it stands, or out of the fence that some models put around it. */
export const bare = (text: string, language: Language): string => codeOf(text, language).trim()

/**
 * Programs that no honest test accepts: one whose entry point gives nothing back, and one that hands back what it is given.
 * A class is one whose methods do so.
 */
function impostors(entry: string, solution: string, language: Language): string[] {
  const isClass = /^class\b|\bclass\s/.test(definitionOf(entry, solution, language)!.text.trim())
  if (language === 'javascript') {
    return isClass
      ? ['undefined', 'args[0]'].map(
          result =>
            `class ${entry} { constructor() { return new Proxy(this, { get: () => (...args) => ${result} }) } }`,
        )
      : [`function ${entry}() {}`, `function ${entry}(first) { return first }`]
  }
  return isClass
    ? ['None', 'args[0] if args else None'].map(
        result =>
          `class ${entry}:\n    def __init__(self, *args, **more): pass\n    def __getattr__(self, name): return lambda *args, **more: ${result}`,
      )
    : [`def ${entry}(*args, **more): return None`, `def ${entry}(*args, **more): return args[0] if args else None`]
}

/**
 * Runs an exercise: its solution must pass its tests, and impostors must not, since tests that nothing can fail say nothing
 * of the solution. Gives what is wrong, if anything is.
 */
export async function tried(
  { entry, solution, tests }: Exercise,
  limits: Pick<Job, 'language' | 'timeoutMs' | 'interpreter'>,
  execute: (job: Job) => Promise<Executed>,
): Promise<Fault | undefined> {
  const { ended, error, missing, call } = await execute({ ...limits, code: solution, tests })
  if (ended !== 'ok') {
    const reason =
      missing !== undefined
        ? 'needs-package'
        : ended === 'timeout' || ended === 'memory'
          ? 'too-costly'
          : 'wrong-solution'
    return { reason, evidence: { call, error: missing ?? error } }
  }
  for (const code of impostors(entry, solution, limits.language)) {
    const other = await execute({ ...limits, code, tests })
    if (other.ended === 'ok') return { reason: 'vacuous-tests', evidence: { call: other.call, passes: code } }
  }
  return undefined
}
