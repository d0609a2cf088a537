import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Parent } from '../records/index.ts'
import { kinship } from './descendants.ts'

const subject = (id: string): Parent => ({ id, role: 'subject' })
const context = (id: string): Parent => ({ id, role: 'context' })

function family() {
  const kin = kinship()
  kin.add('mail', [])
  kin.add('guide', [])
  kin.add('chunk', [subject('mail')])
  kin.add('question', [subject('chunk')])
  kin.add('shown', [subject('guide'), context('mail')])
  kin.add('answer', [subject('shown')])
  kin.add('both', [subject('guide'), subject('question')])
  kin.add('apart', [subject('guide'), { id: 'mail', role: 'corpus' }])
  return kin
}

describe('what descends from an erased record', () => {
  test('goes when all its subjects go, and is made anew when only some do or it was shown beside', () => {
    expect(Object.fromEntries(family().descend(['mail']))).toEqual({
      mail: 'delete',
      chunk: 'delete',
      question: 'delete',
      shown: 'regenerate',
      answer: 'regenerate',
      both: 'regenerate',
    })
    expect(family().descend(['mail', 'guide']).get('both')).toBe('delete')
    expect(family().descend(['mail', 'guide']).get('answer')).toBe('delete')
  })

  test('what is made anew takes with it what was made of it', () => {
    expect(Object.fromEntries(family().descend([], ['shown']))).toEqual({ shown: 'regenerate', answer: 'regenerate' })
    expect(family().descend(['nobody']).size).toBe(0)
  })

  test('subjects are found upwards, and context is none', () => {
    expect([...family().ascend(['both'])].sort()).toEqual(['chunk', 'guide', 'mail', 'question'])
    expect([...family().ascend(['answer'])].sort()).toEqual(['guide', 'shown'])
  })

  test('is the fixed point of the rule, in any order and however often records come', () => {
    const edge = fc.record({ up: fc.nat(11), down: fc.nat(11), role: fc.constantFrom('subject', 'context') })
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 30 }), fc.shuffledSubarray([0, 1, 2, 3]), (edges, gone) => {
        // Parents have smaller numbers: lineage has no cycles.
        const real = edges.filter(({ up, down }) => up < down)
        const kin = kinship()
        for (const { up, down, role } of [...real, ...real.toReversed()])
          kin.add(`r${down}`, [{ id: `r${up}`, role: role as 'subject' }])
        const expected = new Map(gone.filter(n => kin.has(`r${n}`)).map(n => [`r${n}`, 'delete']))
        for (let n = 0; n < 12; n++) {
          const ups = real.filter(({ down }) => down === n)
          const subjects = ups.filter(({ role }) => role === 'subject')
          if (expected.has(`r${n}`) || !ups.some(({ up }) => expected.has(`r${up}`))) continue
          const all = subjects.length > 0 && subjects.every(({ up }) => expected.get(`r${up}`) === 'delete')
          expected.set(`r${n}`, all ? 'delete' : 'regenerate')
        }
        expect(new Map([...kin.descend(gone.map(n => `r${n}`))].sort())).toEqual(new Map([...expected].sort()))
      }),
    )
  })
})
