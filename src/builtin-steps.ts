import { curateSteps, dedupeNear, gradeAnswer, verifierKinds, verifierOption } from './curate/index.ts'
import { evaluateSteps, grade } from './evaluate/index.ts'
import { generateSteps, textbook } from './generate/index.ts'
import { preferSteps } from './prefer/index.ts'
import { chunk } from './sources/index.ts'
import type { Step, Verb } from './steps/index.ts'

/** The one list of built-in steps; recipe and run get it handed in. A new step is one line here. */
export const builtinSteps: readonly (Step | Verb)[] = [
  chunk,
  ...generateSteps,
  ...curateSteps,
  ...preferSteps,
  textbook(dedupeNear),
  ...evaluateSteps,
  grade({ option: verifierOption, kinds: verifierKinds, grade: gradeAnswer }),
]
