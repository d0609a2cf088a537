import { StillroomError } from '../errors/index.ts'
import { didYouMean } from '../recipe/index.ts'

/** The word that an option was given, as one of those it knows. Throws SR_USAGE for another. */
export function oneOf<T extends string>(flag: string, said: string | undefined, known: readonly T[]): T | undefined {
  if (said === undefined || known.includes(said as T)) return said as T | undefined
  throw new StillroomError('SR_USAGE', `${flag} does not know ${said}.`, {
    expected: known.join(', '),
    received: said,
    hint: didYouMean(said, known),
  })
}
