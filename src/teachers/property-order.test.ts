import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { canonical, type Json } from '../records/index.ts'
import { inOrder, readRequest } from './property-order.ts'

type Schema = { [key: string]: Json }
/** Names of properties in the order in which a model is told of them. */
const told = ({ properties = {} }: Schema): string[] =>
  Object.entries(properties as { [name: string]: Schema }).flatMap(([name, part]) => [
    name,
    ...told(part).map(inner => `${name}.${inner}`),
  ])

test('a reason that a step asks for before a mark still comes first when the request was read back', () => {
  const marks = z.object({
    rationale: z.string(),
    accuracy: z.int(),
    more: z.array(z.object({ why: z.string(), mark: z.int() })),
  })
  const schema = inOrder(z.toJSONSchema(marks) as Schema)
  expect(Object.keys(schema.properties as object)).toEqual(['rationale', 'accuracy', 'more'])
  const request = { messages: [], schema: { name: 'reply', schema } }
  const again = readRequest(canonical(request)).schema!.schema
  expect(Object.keys(again.properties as object)).toEqual(['rationale', 'accuracy', 'more'])
  expect(told((again.properties as { more: { items: Schema } }).more.items)).toEqual(['why', 'mark'])
})

const names = fc.uniqueArray(fc.constantFrom('b', 'a', 'properties', 'required', 'z', '1'), { maxLength: 6 })
/** Objects of objects, so deep. */
const schemas = (depth: number): fc.Arbitrary<Schema> =>
  names.chain(own =>
    fc.record({
      type: fc.constant('object'),
      properties: fc
        .tuple(...own.map(() => (depth > 0 ? schemas(depth - 1) : fc.constant({ type: 'string' }))))
        .map(parts => Object.fromEntries(own.map((name, i) => [name, parts[i]!]))),
      required: fc.shuffledSubarray(own),
    }),
  )

test('whatever a schema says, it says it in one order, and says no less', () => {
  fc.assert(
    fc.property(schemas(2), one => {
      expect(told(inOrder(JSON.parse(canonical(one))))).toEqual(told(inOrder(one)))
      expect(canonical(inOrder(one))).toBe(canonical(one))
    }),
  )
})
