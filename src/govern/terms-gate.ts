import type { TeacherFacts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

type Standing = GateResult['is']

/** How one teacher stands: a person's acceptance settles what the register leaves open or forbids. */
function standing({ verdict, route }: TeacherFacts): Standing {
  if (verdict.accepted || verdict.verdict === 'allowed' || verdict.verdict === 'allowed-with-obligations') return 'pass'
  return verdict.verdict === 'unknown' && !route.paid ? 'unknown' : 'block'
}

const worst: readonly Standing[] = ['block', 'unknown', 'pass']

/** Every teacher in the lineage: its terms allow the purpose, or a named person accepted a named version. */
export const terms = defineGate({
  id: 'terms',
  level: 'critical',
  about: 'The terms of every teacher allow what the data is for, or somebody has accepted them by name and version.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'],
  plan: facts => judge(facts.teachers),
  data: facts => judge(facts.teachers),
})

function judge(teachers: TeacherFacts[]): GateResult {
  const evidence = teachers.map(teacher => ({
    teacher: teacher.name,
    id: teacher.id,
    is: standing(teacher),
    verdict: teacher.verdict.verdict,
    terms: teacher.verdict.entry ?? null,
    accepted: teacher.verdict.accepted ?? null,
    obligations: teacher.verdict.obligations,
    why: teacher.verdict.why,
  }))
  if (teachers.length === 0) return { is: 'pass', evidence, why: 'No teacher took part.' }
  const is = worst.find(level => evidence.some(teacher => teacher.is === level))!
  if (is === 'pass') return { is, evidence, why: 'The terms of every teacher allow this use or were accepted.' }
  const open = teachers.filter(teacher => standing(teacher) === is)
  const keys = [...new Set(open.map(teacher => teacher.verdict.key))]
  return {
    is,
    evidence,
    why: open.map(teacher => `${teacher.name}: ${teacher.verdict.why}`).join(' '),
    wayOut:
      is === 'unknown'
        ? 'Name the license of the weights with `license:` at the teacher.'
        : `Choose another teacher, or have somebody who may decide it read the terms and run ${keys.map(key => `\`stillroom terms accept ${key}\``).join(', ')}.`,
  }
}
