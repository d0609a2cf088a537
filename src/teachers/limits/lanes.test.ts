import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Lanes } from './lanes.ts'

type Item = { lane: string; n: number }

test('lanes take turns and keep their order, whatever is put in, taken out and removed', () => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c').map(lane => ({ push: lane })) },
    { weight: 3, arbitrary: fc.constant({ shift: true }) },
    { weight: 1, arbitrary: fc.nat(3).map(quarter => ({ remove: (item: Item) => item.n % 4 === quarter })) },
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), actions => {
      const lanes = new Lanes<Item>()
      let inside: Item[] = []
      /** For each lane that holds something: items of other lanes taken since it last had its turn. */
      const passed = new Map<string, number>()
      for (const [n, action] of actions.entries()) {
        if ('push' in action) {
          const item = { lane: action.push, n }
          inside.push(item)
          lanes.push(action.push, item)
          if (!passed.has(action.push)) passed.set(action.push, 0)
        } else if ('remove' in action) {
          expect(new Set(lanes.remove(action.remove))).toEqual(new Set(inside.filter(action.remove)))
          inside = inside.filter(item => !action.remove(item))
        } else {
          const next = lanes.first
          const item = lanes.shift()
          expect(item).toBe(next)
          expect(item).toBe(inside.find(({ lane }) => lane === item?.lane))
          inside = inside.filter(one => one !== item)
          for (const [lane, count] of passed) passed.set(lane, lane === item?.lane ? 0 : count + 1)
        }
        for (const lane of passed.keys()) if (!inside.some(item => item.lane === lane)) passed.delete(lane)
        // Of three lanes, each waits for two others at most.
        expect(Math.max(0, ...passed.values())).toBeLessThanOrEqual(2)
        expect(lanes.size).toBe(inside.length)
      }
    }),
  )
})
