import { builtinSteps } from '../../builtin-steps.ts'
import { recipeJsonSchema } from '../../recipe/index.ts'
import { wordsOf } from '../../run/index.ts'
import type { Run } from '../commands.ts'

/** The schema is JSON whatever was asked for: it goes into a file that an editor reads. */
export const run: Run = async ({ io }) => {
  io.out(`${JSON.stringify(recipeJsonSchema(wordsOf(builtinSteps)), null, 2)}\n`)
  return 0
}
