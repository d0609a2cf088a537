import { z } from 'zod'
import { claimedAnswer, normaliseFinal } from '../../text/index.ts'
import { endOf, type Grader, noReference, oneAnswer, right, wrong } from './grade.ts'

export const shape = {
  accept: z.array(z.string()).optional().describe('Answers that count as well as the reference'),
  case: z.boolean().default(false).describe('Upper and lower case differ'),
}
type Options = z.output<z.ZodObject<typeof shape>>

const cased = (text: string) =>
  text
    .normalize('NFKC')
    .trim()
    .replace(/[.。]+$/, '')
    .replace(/\s+/g, ' ')

/** Right when the whole answer, or the final answer it states, is the reference but for width, marks and number notation. */
export const exact: Grader<Options> = (completion, { reference, verifier }) => {
  const { accept = [], case: strict } = verifier
  const accepted = [
    ...(reference === undefined ? [] : [reference, claimedAnswer(endOf(reference)) ?? reference]),
    ...accept,
  ]
  if (accepted.length === 0) return noReference
  // A long text is no short answer in other notation: it is the same or not.
  const comparable = (text: string) =>
    text.length > oneAnswer ? text.trim() : strict ? cased(text) : normaliseFinal(text)
  const claimed = claimedAnswer(endOf(completion))
  const said = [completion, ...(claimed === undefined ? [] : [claimed])].map(comparable)
  if (accepted.some(text => said.includes(comparable(text)))) return right
  return wrong(`said ${said.at(-1)}`)
}
