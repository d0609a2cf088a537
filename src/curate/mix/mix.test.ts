import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import { dose, mixShare } from './mix.ts'

test('the smallest addition that reaches the share', () => {
  expect(dose({ synthetic: 90, real: 0, offered: 50 }, 0.1, false)).toEqual({ add: 10, missing: 0, synthetic: 90 })
  expect(dose({ synthetic: 91, real: 0, offered: 50 }, 0.1, false).add).toBe(11)
  expect(dose({ synthetic: 90, real: 4, offered: 3 }, 0.1, false)).toEqual({ add: 3, missing: 3, synthetic: 90 })
  expect(dose({ synthetic: 90, real: 4, offered: 3 }, 0.1, true)).toEqual({ add: 3, missing: 3, synthetic: 63 })
  fc.assert(
    fc.property(fc.nat(500), fc.nat(500), fc.integer({ min: 1, max: 90 }), (synthetic, real, percent) => {
      const { add } = dose({ synthetic, real, offered: 1e9 }, percent / 100, false)
      const share = (n: number) => (real + n) / (real + n + synthetic)
      if (synthetic > 0) expect(share(add)).toBeGreaterThanOrEqual(percent / 100 - 1e-9)
      if (add > 0) expect(share(add - 1)).toBeLessThan(percent / 100)
    }),
  )
})

const row = (id: string, origin: 'real' | 'synthetic') => conversation(id, 'q', id, { lineage: { origin } })

test('takes real rows of the other input alone, and says when there are too few', () => {
  const own = [...'abcdefgh'].map(id => row(id, 'synthetic'))
  const offered = [row('r1', 'real'), row('r2', 'real'), row('r3', 'real'), row('s', 'synthetic')]
  const ran = driveGlobal(mixShare, [own, offered], { real: 0.2 }, { side: { with: [offered] } })
  expect(ran.kept.filter(r => r.lineage.origin === 'real')).toHaveLength(2)
  expect(ran.kept).toHaveLength(10)
  expect(droppedBy(ran.verdicts)['not-real']).toEqual(['s'])
  const short = driveGlobal(mixShare, [own, offered], { real: 0.5 }, { side: { with: [offered] } })
  expect(short.kept).toHaveLength(11)
  expect(short.notes[0]).toMatch(/^3 real rows added: 27\.3 % .* 50\.0 %$/)
  expect(short.notes[1]).toMatch(/^5 more real rows/)
  expect(
    driveGlobal(mixShare, [own, offered], { real: 0.5, trim: true }, { side: { with: [offered] } }).kept,
  ).toHaveLength(6)
})
