import { z } from 'zod'
import type { Verifier } from '../../records/index.ts'
import { codeOf, definitionOf, type Job, type Language } from '../../sandbox/index.ts'
import type { Execute } from '../../steps/index.ts'
import { type Grade, type Grader, right, undecided, wrong } from './grade.ts'

/** What a row may ask for: rows come from outside, and none may keep a run or a machine for itself. */
const most = { seconds: 300, megabytes: 4096 }

const oneOrMore = z.union([z.string(), z.array(z.string())])
export const shape = {
  language: z.string().default('python').describe('python or javascript'),
  tests: oneOrMore.describe('What must hold: assertions, or a function `check`'),
  entry_point: z.string().optional().describe('Name of the function that is tested'),
  setup: oneOrMore.optional().describe('What stands before the tests'),
  prompt: z.string().optional().describe('Code that the completion continues'),
  timeout_ms: z
    .number()
    .positive()
    .max(most.seconds * 1000)
    .optional()
    .describe('Processor time'),
  memory_mb: z.number().positive().max(most.megabytes).optional().describe('Memory'),
}

/**
 * What is run of a completion that continues a prompt (Chen et al. 2021, HumanEval): the prompt and the body that follows
 * it, or, where the completion defines the function again, what stands before it in the prompt, such as imports.
 */
function continued(code: string, prompt: string, language: Language, entry?: string): string {
  if (entry !== undefined && definitionOf(entry, code, language)) {
    return `${prompt.slice(0, definitionOf(entry, prompt, language)?.at)}\n${code}`
  }
  const indented = language !== 'python' || /^(?:[ \t]*\r?\n)*[ \t]/.test(code)
  return `${prompt.replace(/\s+$/, '')}\n${indented ? code : code.replace(/^(?=.*\S)/gm, '    ')}`
}

const lines = (value: unknown): string =>
  (Array.isArray(value) ? value : [value]).filter(part => typeof part === 'string').join('\n')

/** The job that a verifier makes of a completion; undefined when it holds no tests. */
export function codeJob(completion: string, verifier: Verifier, interpreter?: string): Job | undefined {
  const language: Language = /^(?:javascript|js)$/i.test(String(verifier.language)) ? 'javascript' : 'python'
  const { entry_point, prompt, timeout_ms: timeoutMs, memory_mb: memoryMb } = verifier
  const entry = typeof entry_point === 'string' ? entry_point : undefined
  const tests = lines(verifier.tests)
  if (tests.trim() === '') return undefined
  const found = codeOf(completion, language, entry)
  const whole = typeof prompt === 'string' && found.trim() !== '' ? continued(found, prompt, language, entry) : found
  // Scripts have no exports; what is declared is there for the tests anyway.
  const exported = /^export\s+(?:default\s+)?(?=(?:async\s+)?function|class|const|let|var)/gm
  const checks = entry !== undefined && /^(?:def|function)\s+check\s*\(/m.test(tests) && !/^check\(/m.test(tests)
  return {
    language,
    code: language === 'javascript' ? whole.replace(exported, '') : whole,
    tests: [lines(verifier.setup), tests, checks ? `check(${entry})` : ''].filter(part => part !== '').join('\n'),
    ...(typeof timeoutMs === 'number' ? { timeoutMs } : {}),
    ...(typeof memoryMb === 'number' ? { memoryMb } : {}),
    ...(interpreter === undefined ? {} : { interpreter }),
  }
}

/**
 * Runs the code of a completion against the tests of its row: `{ kind: 'code', language, tests, entry_point?, setup?,
 * prompt?, timeout_ms?, memory_mb? }`, where `prompt` is code that the completion continues. Right when every test holds.
 * Undecided when the code asks for a package beyond the standard library. `interpreter` is the user's own, which the recipe
 * names and no row can.
 */
export async function gradeCode(
  completion: string,
  verifier: Verifier,
  execute: Execute,
  interpreter?: string,
): Promise<Grade> {
  const job = codeJob(completion, verifier, interpreter)
  if (job === undefined) return undecided('the verifier has no tests')
  if (job.code.trim() === '') return wrong('no code')
  const { ended, error, missing } = await execute(job)
  if (ended === 'ok') return right
  if (missing !== undefined) return undecided(`needs ${missing}`)
  return wrong(error ?? ended)
}

/** Runs the code of an answer against the tests of its verifier. */
export const code: Grader = (completion, { verifier }, { execute, options }) =>
  gradeCode(completion, verifier, execute, options.interpreter)
