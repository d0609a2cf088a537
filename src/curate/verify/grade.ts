import type { Message, Verifier } from '../../records/index.ts'
import type { Ctx } from '../../steps/index.ts'

/**
 * Three-valued: where a check cannot tell, it says so, and `why` is for people. `silent` is undecided because the answer states
 * nothing that could be checked: an exam counts that as wrong.
 */
export type Grade = { verdict: 'right' | 'wrong' | 'undecided'; why?: string; silent?: true }

/** What an answer is held against: the reference and the settings of the verifier, and the turns of the row. */
export type Given<V = Verifier> = { reference?: string; verifier: V; messages: readonly Message[] }

/** What the step says of how answers are graded, whatever the rows say. */
export type Grading = Pick<Ctx<{ interpreter?: string | undefined }>, 'execute' | 'options'>

/** Grades the last answer of a row. Bounded in work, never throws, no clock: the same answer has the same grade. */
export type Grader<V = Verifier> = (completion: string, given: Given<V>, by: Grading) => Grade | Promise<Grade>

export const right: Grade = { verdict: 'right' }
export const wrong = (why: string): Grade => ({ verdict: 'wrong', why: short(why) })
export const undecided = (why: string): Grade => ({ verdict: 'undecided', why: short(why) })

export const silent = (why: string): Grade => ({ ...undecided(why), silent: true })

const short = (text: string) => (text.length > 200 ? `${text.slice(0, 199)}…` : text)

/** Characters of an answer that graders look at, the last ones: an answer ends with its result. */
export const looked = 20_000

/** Characters of what is compared as one answer. */
export const oneAnswer = 2000

/** The end of a text, where its answer stands. */
export const endOf = (text: string): string => (text.length > looked ? text.slice(-looked) : text)

export const noReference = undecided('there is no reference answer')
