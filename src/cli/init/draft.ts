import {
  alternatives,
  type Decision,
  type Ground,
  normaliseLicense,
  type Purpose,
  standing,
} from '../../govern/index.ts'
import type { Answers } from './answers.ts'
import type { Group, Seen } from './seen.ts'
import { of } from './seen.ts'
import type { Teacher } from './teachers.ts'

/** An exam that is there: a release, or a file or folder that is read as one. */
export type Exam = { path: string; is: 'release' | 'file'; date?: string }

/** All that a recipe is written from. */
export type Draft = {
  seen: Seen
  answers: Answers
  decision: Exclude<Decision, { is: 'cannot' }>
  judge: Teacher
  /** Who writes the exam: a model of another family than the writer's, or rules where none is at hand. */
  examiner: Teacher
  exam?: Exam
  /** The day of the release, YYYY-MM-DD. */
  date: string
}

/** The groups that rows are made of. */
export function feeding({ seen, decision }: Pick<Draft, 'seen' | 'decision'>): Group[] {
  switch (decision.way) {
    case 'teach-documents':
    case 'exam-documents':
      return of(seen, 'documents', ...(decision.from === 'code' ? (['code'] as const) : []))
    case 'teach-queries':
    case 'keep-queries':
    case 'exam-queries':
      return of(seen, 'queries')
    case 'edge-cases':
      return of(seen, 'queries', 'conversations')
    case 'exam-items': {
      const exams = of(seen, 'exams')
      return exams.length > 0 ? exams : of(seen, 'conversations')
    }
    // Each table is fitted by itself.
    case 'table':
      return of(seen, decision.from).slice(0, 1)
    default:
      return of(seen, decision.from)
  }
}

/** Real rows of people that show how they ask, or stay in the set. */
export const realOnes = ({ seen }: Pick<Draft, 'seen'>, ...materials: ('queries' | 'conversations')[]): Group[] =>
  of(seen, ...materials).filter(({ synthetic }) => !synthetic)

export const licenseOf = (group: Group, { license }: Pick<Answers, 'license'>): string =>
  license ?? group.license?.id ?? 'unknown'

/** All licenses behind a source. */
export const licensesOf = (group: Group, answers: Pick<Answers, 'license'>): string[] =>
  answers.license === undefined && group.license ? group.license.ids : [licenseOf(group, answers)]

/** The license that rows of these sources may go out under, as the Hub writes it. */
export function releaseLicense(licenses: readonly string[], purpose: Purpose): string {
  if (licenses.length === 0 || licenses.some(license => normaliseLicense(license).hub === 'unknown'))
    return 'proprietary'
  const grounds: Ground[] = licenses.flatMap(license =>
    (['copy', 'paraphrase'] as const).map(strength => ({ license, strength, sources: [license] })),
  )
  const own = licenses.flatMap(license => alternatives(license).map(all => normaliseLicense(all[0]!.spdx).hub))
  const candidates = [...new Set(own)].filter(hub => hub !== 'other')
  const fits = candidates.find(hub => !standing(grounds, hub, purpose).objections.some(({ is }) => is !== 'warn'))
  return fits ?? 'proprietary'
}
