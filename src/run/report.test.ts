import { expect, test } from 'vitest'
import type { Parent } from '../records/index.ts'
import { driftVerdict, madeAmong, type Report } from './report.ts'

const row = (id: string, text: string, ...parents: Parent[]) => ({
  record: { id, lineage: { origin: 'real' as const, generation: 0, parents } },
  text,
})
const subject = (id: string): Parent => ({ id, role: 'subject' })

test('what is real in the part that is compared is left out, and a copy of a row that it was not made of is not', () => {
  const real = [row('a', 'Where is my card?'), row('b', 'Is the bank open?')]
  const made = [
    row('a', 'Where is my card?'),
    row('answered', 'Is the bank open?', subject('b')),
    row('reworded', 'When does the bank open?', subject('b')),
    row('copied', 'Is the bank open?', subject('a')),
    row('shown', 'Is the bank open?', { id: 'b', role: 'context' }),
  ]
  expect(madeAmong(made, real).map(({ record }) => record.id)).toEqual(['reworded', 'copied', 'shown'])
  expect(madeAmong(made.slice(0, 2), real)).toHaveLength(2)
})

test('a report comes to its worst grade, and to nothing where no figure has one', () => {
  const [real, other] = [
    { name: 'tickets', n: 9 },
    { name: 'rows', n: 8 },
  ]
  const of = (grades: object) =>
    driftVerdict({
      real,
      other,
      figures: Object.entries(grades).map(([measure, grade]) => ({ measure, grade })),
    } as Report)
  expect(of({ mauve: 'fail', words: 'warn', vendi: 'pass' })).toEqual({
    is: 'block',
    statement: '8 rows beside 9 of tickets drift apart by mauve.',
  })
  expect(of({ words: 'warn', vendi: 'pass', mauve: 'insufficient sample' }).is).toBe('warn')
  expect(of({ vendi: 'pass', mauve: 'insufficient sample' }).is).toBe('pass')
  expect(of({ mauve: 'insufficient sample' }).is).toBe('insufficient')
})
