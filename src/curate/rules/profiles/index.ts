import type { Profile } from '../profile.ts'
import { code } from './code.ts'
import { dolmaGopher, gopherQuality, gopherRepetition } from './gopher.ts'
import { hojichar, llmJp, swallow, swallowRepetition } from './japanese.ts'
import { c4, c4Released, curator, fineweb, finewebC4, finewebPaper, mc4 } from './web.ts'

/** Every profile, in the order in which those that a recipe does not list are applied. */
export const profiles: readonly Profile[] = [
  gopherQuality,
  gopherRepetition,
  c4,
  c4Released,
  finewebC4,
  mc4,
  fineweb,
  finewebPaper,
  dolmaGopher,
  curator,
  code,
  swallow,
  swallowRepetition,
  llmJp,
  hojichar,
]

export const profileNames = profiles.map(({ name }) => name)
