import { kappa } from './agreement.ts'
import { type Known, prevalence } from './prevalence.ts'
import { type Interval, shareOf } from './share.ts'

export type Call = 'right' | 'wrong' | 'unsure'
/** What was said of one drawn row; absent where somebody did not look at it. */
export type Finding = { judge?: Call; people?: Call }
/** What a judge said of a row whose truth is known. */
export type Gold = { truth: 'right' | 'wrong'; judge: Call }

/** Of `n` rows looked at `wrong` were called wrong, and of `unsure` nobody could tell. `estimate` leaves those out. */
export type Share = { n: number; wrong: number; unsure: number; estimate?: number } & Interval
export type Audit = {
  /** Rows of the population, and rows drawn from it. */
  size: number
  drawn: number
  people?: Share
  /** By the judge. `corrected`: for its own errors, as far as `known` rows show them. */
  judge?: Share & { corrected: boolean }
  known?: Known
  /** Rows that both people and judge called right or wrong, and how far they agree beyond chance. */
  both?: { n: number; kappa: NonNullable<ReturnType<typeof kappa>> | undefined }
  /** Whose figure counts: that of whoever rests on more rows of known truth. */
  by: 'people' | 'judge'
}

/**
 * What an audit shows of the share of wrong rows, with 95 % intervals. Findings stand in the order of the draw; people may
 * stop anywhere, so theirs count up to the last row they looked at, and what they left out before it counts as unsure. An
 * unsure row may be either: it is right for the lower end and wrong for the upper one. Gold rows, and those that people
 * judged, show the judge's errors. Undefined when nobody looked at anything.
 */
export function audit(size: number, findings: readonly Finding[], gold: readonly Gold[] = []): Audit | undefined {
  const last = findings.findLastIndex(finding => finding.people !== undefined)
  const people = findings.slice(0, last + 1).map(finding => finding.people ?? 'unsure')
  const judged = findings.flatMap(finding => finding.judge ?? [])
  const pairs = findings.flatMap(({ judge, people }) =>
    judge && people && people !== 'unsure' ? [{ truth: people, judge }] : [],
  )
  const sure = (rows: readonly Gold[]) => rows.filter(row => row.judge !== 'unsure')
  const known = knownFrom(sure([...gold, ...pairs]))
  const byPeople = people.length > 0 ? direct(people, size) : undefined
  const byJudge = judged.length > 0 ? indirect(judged, size, known) : undefined
  if (!byPeople && !byJudge) return undefined
  return {
    size,
    drawn: findings.length,
    ...(byPeople ? { people: byPeople } : {}),
    ...(byJudge ? { judge: byJudge } : {}),
    ...(known ? { known } : {}),
    ...(byPeople && byJudge ? { both: { n: sure(pairs).length, kappa: kappa(table(sure(pairs))) } } : {}),
    by: byPeople && (!byJudge || people.length >= gold.length) ? 'people' : 'judge',
  }
}

function counts(calls: readonly Call[]) {
  const of = (call: Call) => calls.filter(one => one === call).length
  const [wrong, unsure] = [of('wrong'), of('unsure')]
  const sure = calls.length - unsure
  return { n: calls.length, wrong, unsure, ...(sure > 0 ? { estimate: wrong / sure } : {}) }
}

function direct(calls: readonly Call[], size: number): Share {
  const counted = counts(calls)
  const { n, wrong, unsure } = counted
  return { ...counted, low: shareOf(wrong, n, size).low, high: shareOf(wrong + unsure, n, size).high }
}

function indirect(calls: readonly Call[], size: number, known: Known | undefined): NonNullable<Audit['judge']> {
  if (!known) return { ...direct(calls, size), corrected: false }
  const { estimate: _, ...counted } = counts(calls)
  const { n, wrong, unsure } = counted
  const lower = prevalence(wrong, n, known)
  const upper = unsure === 0 ? lower : prevalence(wrong + unsure, n, known)
  const { estimate } = unsure === 0 ? lower : prevalence(wrong, n - unsure, known)
  return {
    ...counted,
    ...(estimate === undefined ? {} : { estimate }),
    low: lower.low,
    high: upper.high,
    corrected: true,
  }
}

function knownFrom(rows: readonly Gold[]): Known | undefined {
  if (rows.length === 0) return undefined
  const [[found, missed], [accused, cleared]] = table(rows)
  return { wrong: found + missed, found, right: accused + cleared, cleared }
}

/** Rows by truth (wrong, right) and call (wrong, right). */
function table(rows: readonly Gold[]): [[number, number], [number, number]] {
  const of = (truth: Call, judge: Call) => rows.filter(row => row.truth === truth && row.judge === judge).length
  return [
    [of('wrong', 'wrong'), of('wrong', 'right')],
    [of('right', 'wrong'), of('right', 'right')],
  ]
}
