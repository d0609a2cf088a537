import { z } from 'zod'
import type { Verifier } from '../../records/index.ts'
import * as choices from './choice.ts'
import * as programs from './code.ts'
import * as exactly from './exact.ts'
import { type Given, type Grade, type Grader, type Grading, undecided } from './grade.ts'
import * as schemas from './json-schema.ts'
import * as formulas from './maths/maths.ts'
import * as numbers from './number.ts'
import * as patterns from './regex.ts'
import * as calls from './tool-calls.ts'

/** Every kind of verifier with its settings and its grader. A new one is one line here. */
const graders = {
  exact: { shape: exactly.shape, grade: exactly.exact },
  number: { shape: numbers.shape, grade: numbers.number },
  maths: { shape: formulas.shape, grade: formulas.maths },
  code: { shape: programs.shape, grade: programs.code },
  choice: { shape: choices.shape, grade: choices.choice },
  regex: { shape: patterns.shape, grade: patterns.regex },
  'json-schema': { shape: schemas.shape, grade: schemas.jsonSchema },
  'tool-calls': { shape: calls.shape, grade: calls.toolCalls },
} satisfies { [kind: string]: { shape: z.ZodRawShape; grade: Grader<never> } }

type VerifierKind = keyof typeof graders
const verifierKinds = Object.keys(graders) as VerifierKind[]

/** Names that other sets give the kinds. */
const aliases: { [name: string]: string } = {
  math: 'maths',
  numeric: 'number',
  multiple_choice: 'choice',
  exact_match: 'exact',
  json_schema: 'json-schema',
  tool_calls: 'tool-calls',
  code_tests: 'code',
}

/** The kinds with the names of their settings, for people. */
export const kindsSaid = Object.entries(graders)
  .map(([kind, { shape }]) => `${kind} (${Object.keys(shape).join(', ')})`)
  .join(', ')

/** A verifier as a recipe writes it: the name of a kind, or the kind with its settings. */
export const verifierOption = z.union([
  z.enum(verifierKinds),
  z.discriminatedUnion(
    'kind',
    Object.entries(graders).map(([kind, { shape }]) => z.strictObject({ kind: z.literal(kind), ...shape })) as never,
  ) as unknown as z.ZodType<Verifier>,
])

/** The grader for a verifier with its settings read, or what is wrong with it: verifiers of rows come from outside. */
export function graderFor(given: Verifier): { grade: Grader; verifier: Verifier } | string {
  const kind = aliases[given.kind] ?? given.kind
  if (!Object.hasOwn(graders, kind)) return `there is no verifier ${kind}`
  const { shape, grade } = graders[kind as VerifierKind]
  const read = z.object(shape).safeParse(given)
  if (read.success) return { grade: grade as Grader, verifier: { ...read.data, kind } as Verifier }
  const [issue] = read.error.issues
  return `the verifier ${kind} cannot be read: ${issue!.path.join('.')} ${issue!.message}`
}

/** Grades an answer by whatever verifier is given; one that cannot be read decides nothing. */
export async function gradeAnswer(completion: string, given: Given, by: Grading): Promise<Grade> {
  const found = graderFor(given.verifier)
  if (typeof found === 'string') return undecided(found)
  return found.grade(completion, { ...given, verifier: found.verifier }, by)
}
