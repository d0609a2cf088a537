import { z } from 'zod'
import { claimedAnswer } from '../../../text/index.ts'
import { endOf, type Grade, type Grader, noReference, right, silent, undecided, wrong } from '../grade.ts'
import { sameNumber } from '../number.ts'
import { type Answer, readAnswer } from './answer.ts'
import { numberOf } from './numeric.ts'
import { same } from './same.ts'
import { symbolic } from './symbolic.ts'

export const shape = {
  tolerance: z.number().min(0).default(0).describe('How far a number may be off'),
  relative: z.number().min(0).max(1).default(0).describe('How far a number may be off, as a share of the reference'),
  symbolic: z
    .boolean()
    .default(false)
    .describe('Asks the optional package @cortex-js/compute-engine what the own rules cannot tell'),
}
type Options = z.output<z.ZodObject<typeof shape>>

/** Characters of an answer. What is longer is no answer but a text. */
const longest = 400

/** The answer that a text states, as it is written: in a box, behind a mark, in a formula of its last line, or as its last number. */
export function mathsIn(text: string): string | undefined {
  const claimed = claimedAnswer(text)
  if (claimed !== undefined) return claimed
  const whole = text.trim()
  const lastLine = whole.lastIndexOf('\n') + 1
  // In the last line, and none of the words between two amounts of money.
  const formula = [...whole.matchAll(formulas)]
    .filter(found => found.index + found[0].length > lastLine)
    .map(found => found[1] ?? found[2] ?? found[3]!)
    .findLast(inside => readAnswer(inside).is !== 'words')
  if (formula !== undefined) return formula
  const short = lastLine === 0 && whole.length <= longest
  if (short && readAnswer(whole).is !== 'words') return whole
  const last = whole.match(/-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?(?!\d)/g)?.at(-1)
  return last ?? (short && whole.length <= 40 ? whole : undefined)
}

const formulas = /\$\$?(?=\S)([^$\n]{0,399}\S)\$\$?(?!\d)|\\\((.{1,400}?)\\\)|\\\[([\s\S]{1,400}?)\\\]/g

/**
 * Whether two answers are equal: their words, then exact fractions and polynomials, then values at seeded points. Symmetric,
 * bounded, and undecided rather than wrong where it cannot tell.
 */
export function equivalent(a: string, b: string): Grade {
  if (a.length > longest || b.length > longest) return undecided(`longer than ${longest} characters`)
  const [x, y] = [readAnswer(a), readAnswer(b)]
  return same(x, y)
}

/** Whether prose stands where a value is wanted: what cannot be read then is the answer, and no rule is at fault. */
function tellsNothing(said: string, expected: string): boolean {
  if (expected.length > longest || readAnswer(expected).is === 'words') return false
  if (said.length > longest) return true
  return (
    readAnswer(said).is === 'words' && (said.trim() === '' || /\p{L}{2,}[\s,]+\p{L}{2,}[\s,]+\p{L}{2,}/u.test(said))
  )
}

function within(a: Answer, b: Answer, { tolerance, relative }: Options): boolean {
  if (a.is !== 'value' || b.is !== 'value') return false
  const [x, y] = [numberOf(a.node), numberOf(b.node)]
  if (x === undefined || y === undefined) return false
  const quantity = (value: number, { percent, unit }: typeof a) => ({
    value,
    percent: percent === true,
    ...(unit ? { unit } : {}),
  })
  return sameNumber(quantity(x, a), quantity(y, b), tolerance, relative).verdict === 'right'
}

/** Right when the answer is equivalent to the reference. */
export const maths: Grader<Options> = async (completion, { reference, verifier }) => {
  if (reference === undefined) return noReference
  const expected = mathsIn(endOf(reference))
  if (expected === undefined) return undecided('the reference states no answer')
  const said = mathsIn(endOf(completion))
  if (said === undefined) return silent('no answer is stated')
  const grade = equivalent(said, expected)
  if (grade.verdict === 'right') return right
  const loose = verifier.tolerance > 0 || verifier.relative > 0
  if (loose && within(readAnswer(said.slice(0, longest)), readAnswer(expected.slice(0, longest)), verifier))
    return right
  if (grade.verdict === 'undecided' && verifier.symbolic) {
    const equal = await symbolic(said, expected)
    if (equal !== undefined) return equal ? right : wrong(`${said} instead of ${expected}`)
  }
  if (grade.verdict === 'undecided' && tellsNothing(said, expected))
    return silent(`no formula and no value: ${grade.why}`)
  return grade.verdict === 'wrong' ? wrong(`${said} instead of ${expected}: ${grade.why}`) : grade
}
