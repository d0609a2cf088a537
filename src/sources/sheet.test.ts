import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Payload, payloadDigest, type Rec } from '../records/index.ts'
import { cellsOf, payloadOfCells } from './sheet.ts'

const text = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.constantFrom('42', 'true', '[1]', '{"a":1}', ' [x', 'null', '蒸留'),
)
const message = (role: 'user' | 'assistant' | 'system') =>
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ role: fc.constant(role), content: text }) },
    fc.record({ role: fc.constant(role), content: text, weight: fc.constantFrom(0 as const, 1 as const) }),
  )
const turns = (...roles: ('user' | 'assistant' | 'system')[]) => fc.tuple(...roles.map(message))
const asked = fc.oneof(turns('user'), turns('system', 'user'), turns('user', 'assistant', 'user'))
const answered = fc.oneof(
  turns('user', 'assistant'),
  turns('system', 'user', 'assistant'),
  turns('user', 'assistant', 'user', 'assistant'),
)
const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.record({ kind: fc.constant('document' as const), text, title: text }),
  fc.record({ kind: fc.constant('prompt' as const), messages: asked, reference: text }),
  fc.record({ kind: fc.constant('conversation' as const), messages: answered }),
  fc.record({
    ...{ kind: fc.constant('preference' as const), prompt: asked },
    ...{ chosen: turns('assistant'), rejected: turns('assistant') },
  }),
  fc.record({
    ...{ kind: fc.constant('feedback' as const), prompt: asked },
    ...{ completion: turns('assistant'), label: fc.boolean() },
  }),
  fc.record({
    ...{ kind: fc.constant('exam' as const), prompt: asked, target: text },
    ...{ choices: fc.array(text, { minLength: 1 }) },
  }),
  fc.record({ kind: fc.constant('row' as const), columns: fc.dictionary(text, fc.oneof(text, fc.integer())) }),
)
const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

test('what is written comes back as the same content, as values and as cells of text', () => {
  fc.assert(
    fc.property(payload, content => {
      const cells = cellsOf(content as Rec)
      const inText = Object.fromEntries(Object.entries(cells).map(([name, value]) => [name, asText(value)]))
      expect(payloadDigest(payloadOfCells(content.kind, cells))).toBe(payloadDigest(content))
      expect(payloadDigest(payloadOfCells(content.kind, inText))).toBe(payloadDigest(content))
    }),
    { numRuns: 500 },
  )
})

test('plain turns are texts that a person can change, all others JSON', () => {
  const messages = [
    { role: 'user' as const, content: 'Why?' },
    { role: 'assistant' as const, content: 'Because.' },
  ]
  expect(cellsOf({ kind: 'conversation', messages } as Rec)).toEqual({ prompt: 'Why?', completion: 'Because.' })
  const thought = [messages[0]!, { ...messages[1]!, reasoning: 'Hm.' }]
  expect(cellsOf({ kind: 'conversation', messages: thought } as Rec)).toEqual({ messages: thought })
})
