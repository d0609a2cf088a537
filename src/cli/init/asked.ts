import type { Draft } from './draft.ts'
import { byRules, costs, type Teacher } from './teachers.ts'

/** A teacher that a recipe asks. `named` where a person named it; otherwise `init` chose it by the keys that are set. */
export type Asked = { role: 'writer' | 'examiner' | 'judge'; teacher: Teacher; named: boolean; paid: boolean }

/** A teacher is asked on this way. */
export const teaching = (way: Draft['decision']['way']): boolean =>
  /^(?:teach|exam-(?:documents|queries)|edge)/.test(way)

export const sameTeacher = (a: Teacher, b: Teacher): boolean => a.model === b.model && a.at === b.at

/** All teachers that the recipe of a draft asks: budget, terms, keys and gates are of every one of them. */
export function askedOf({ answers, decision, judge }: Draft): Asked[] {
  if (!teaching(decision.way)) return []
  const of = (role: Asked['role'], teacher: Teacher): Asked => ({
    role,
    teacher,
    named: byRules(teacher) || sameTeacher(teacher, answers.teacher),
    paid: costs(teacher),
  })
  const first = decision.is === 'retrieve' || decision.use === 'eval-set' ? 'examiner' : 'writer'
  const judges = ['teach-documents', 'teach-queries', 'exam-documents', 'exam-queries'].includes(decision.way)
  return [of(first, answers.teacher), ...(judges ? [of('judge', judge)] : [])]
}
