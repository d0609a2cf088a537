import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import { accumulate, joinRounds } from './accumulate.ts'

const row = (id: string, origin: 'real' | 'synthetic', generation: number) =>
  conversation(id, 'q', id, { lineage: { origin, generation } })
const written = [...'abcdefgh'].map(id => row(id, 'synthetic', 2))
const real = [row('r1', 'real', 0), row('r2', 'real', 0)]
const before = [row('s1', 'synthetic', 1), row('s2', 'synthetic', 1), row('x1', 'real', 0), row('x2', 'real', 0)]

test('everything stays but the real rows that an earlier release repeats; depths are told', () => {
  const ran = driveGlobal(joinRounds, [written, real, before], {}, { side: { earlier: [before] } })
  expect(droppedBy(ran.verdicts)).toEqual({ again: ['x1', 'x2'] })
  expect(ran.notes).toEqual(['2 real rows (16.7 %) and 10 written ones: 2 of generation 1, 8 of generation 2'])
})

test('written rows beyond the share go, of new and earlier ones alike, and the share holds', () => {
  const ran = driveGlobal(joinRounds, [written, real, before], { real: 0.4 }, { side: { earlier: [before] } })
  expect(droppedBy(ran.verdicts)['over-share']).toHaveLength(7)
  expect(ran.kept).toHaveLength(5)
  expect(ran.kept.filter(({ lineage }) => lineage.origin === 'real')).toHaveLength(2)
  expect(ran.notes[1]).toBe('7 written rows went so that 40.0 % are real')
  // Without a real row nothing written may stay; with a floor of 0 all of it may.
  expect(driveGlobal(joinRounds, [written], {}).kept).toHaveLength(0)
  expect(driveGlobal(joinRounds, [written], { real: 0 }).kept).toHaveLength(8)
})

test('the inputs that meet: all, or under `replace` those of the round alone', () => {
  const from = (options: object) => accumulate.expand(accumulate.options.parse(options), 'accumulate')[0]!.from
  expect(from({ with: ['a', 'b'], earlier: 'e' })).toEqual(['$in', 'a', 'b', 'e'])
  expect(from({ with: 'a' })).toEqual(['$in', 'a'])
  expect(from({ with: 'a', earlier: 'e', replace: true })).toBeUndefined()
})
