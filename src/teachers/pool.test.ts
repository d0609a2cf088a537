import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TeacherEntry, teacherEntry } from './config.ts'
import { chooseMember, type PoolMember, poolMembers } from './pool.ts'

const ids = Array.from({ length: 4000 }, (_, i) => `record-${i}`)
const member = (name: string, weight: number): PoolMember => ({ name, weight, identity: `sha-${name}`, then: {} })
const names = (members: PoolMember[], seed = 7) => ids.map(id => chooseMember(members, seed, id).name)

const entries = (written: { [name: string]: unknown }): { [name: string]: TeacherEntry } =>
  Object.fromEntries(Object.entries(written).map(([name, entry]) => [name, teacherEntry.parse(entry)]))

describe('chooseMember', () => {
  test('shares follow weights', () => {
    const seeds = fc.integer({ min: 0, max: 1e6 })
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(weights, seeds, (weights, seed) => {
        const sum = weights.reduce((a, b) => a + b)
        const chosen = names(
          weights.map((weight, i) => member(`m${i}`, weight)),
          seed,
        )
        for (const [i, weight] of weights.entries()) {
          const share = weight / sum
          const got = chosen.filter(name => name === `m${i}`).length / ids.length
          // Five standard deviations of a binomial share.
          expect(Math.abs(got - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / ids.length) + 1e-9)
        }
      }),
      { numRuns: 20, seed: 1 },
    )
  })

  test('a member that comes moves nothing between the others, and the order never matters', () => {
    const members = fc.array(
      fc.record({ name: fc.string({ minLength: 1 }), weight: fc.double({ min: 0.1, max: 9, noNaN: true }) }),
      {
        minLength: 2,
        maxLength: 6,
      },
    )
    fc.assert(
      fc.property(members, fc.nat(), fc.string(), (written, seed, id) => {
        const [fresh, ...old] = [...new Map(written.map(({ name, weight }) => [name, member(name, weight)])).values()]
        fc.pre(old.length > 0)
        const before = chooseMember(old, seed, id).name
        expect([before, fresh!.name]).toContain(chooseMember([fresh!, ...old], seed, id).name)
        expect(chooseMember(old.toReversed(), seed, id).name).toBe(before)
      }),
    )
  })

  test('seeds and records choose apart', () => {
    const pair = [member('a', 1), member('b', 1)]
    expect(names(pair, 1)).not.toEqual(names(pair, 2))
    expect(new Set(names(pair)).size).toBe(2)
  })

  test('one model on two servers keeps its joint share, and both of them work', () => {
    const twin = (name: string): PoolMember => ({ ...member(name, 1), identity: 'one' })
    const chosen = names([twin('left'), twin('right'), member('other', 2)])
    const alone = names([{ ...twin('left'), weight: 2 }, member('other', 2)])
    expect(chosen.map(name => name === 'other')).toEqual(alone.map(name => name === 'other'))
    expect(chosen.filter(name => name === 'left').length / ids.length).toBeCloseTo(0.25, 1)
  })
})

describe('poolMembers', () => {
  const model = (name: string, more: object = {}) => ({ model: `deepseek/${name}`, ...more })

  test('pools within a pool are laid open, and the nearest fallback holds', () => {
    const members = poolMembers(
      'all',
      entries({
        all: { 'any-of': { a: 3, both: 1 }, then: { refusal: 'z', outage: 'z' } },
        both: { 'any-of': { b: 1, c: 3 }, then: { refusal: 'y' } },
        a: model('a', { then: { outage: 'y' } }),
        b: model('b'),
        c: model('c'),
        y: model('y'),
        z: model('z'),
      }),
    )
    expect(members.map(({ name, weight, then }) => ({ name, weight, then }))).toEqual([
      { name: 'a', weight: 0.75, then: { refusal: 'z', outage: 'y' } },
      { name: 'b', weight: 0.0625, then: { refusal: 'y', outage: 'z' } },
      { name: 'c', weight: 0.1875, then: { refusal: 'y', outage: 'z' } },
    ])
  })

  test('a plain teacher stands for itself', () => {
    const [only, ...none] = poolMembers('a', entries({ a: model('a', { then: { refusal: 'b' } }), b: model('b') }))
    expect(none).toEqual([])
    expect(only).toMatchObject({ name: 'a', weight: 1, then: { refusal: 'b' } })
  })

  test('a member is what answers: name, server, price, cap and fallback move no record', () => {
    const identity = (more: object) => poolMembers('a', entries({ a: model('m', more), b: model('b') }))[0]!.identity
    const plain = identity({})
    expect(identity({ price: 'free', concurrency: 3, max_tokens: 9, then: { refusal: 'b' } })).toBe(plain)
    expect(identity({ temperature: 0.5 })).not.toBe(plain)
    expect(identity({ revision: 'r1' })).not.toBe(plain)
  })
})
