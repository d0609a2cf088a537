import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rec } from '../../records/index.ts'
import { destroyKey } from '../../workspace/index.ts'
import { without } from './scan.ts'
import { erasureKey, suppress, suppression } from './suppression.ts'
import { containment, linesIn, subjectTest, textsIn, traceFinder, traceHints } from './traces.ts'

test('texts are found in JSON inside of texts, and names of fields where they are asked for', () => {
  const reply = { content: '{"questions": ["Who is Ann?"]}', usage: { input: 3 } }
  expect([...textsIn(reply, false)]).toEqual(['{"questions": ["Who is Ann?"]}', 'Who is Ann?'])
  expect([...textsIn({ Ann: 1 })]).toEqual(['Ann'])
  expect([...textsIn('{"cut')]).toEqual(['{"cut'])
})

test('a subject is its words as they stand, or a pattern', () => {
  expect(subjectTest('a.b')('a.b')).toBe(true)
  expect(subjectTest('a.b')('axb')).toBe(false)
  const pattern = subjectTest('/ann\\s+example/gi')
  // Twice: a pattern that remembers where it was would miss the second.
  expect([pattern('Ann  Example'), pattern('Ann  Example'), pattern('Anne Example')]).toEqual([true, true, false])
})

test('traces are ids and calls as whole names, lines as a whole, and the subject anywhere', () => {
  const id = 'a'.repeat(32)
  const traced = traceFinder({
    ids: new Set([id]),
    calls: new Set(),
    lines: new Set(['one long line of text']),
    subject: 'Ann',
  })
  expect(traced({ parents: [{ id }] })).toBe(true)
  expect(traced(`${id}b`)).toBe(false)
  expect(traced('<document>\n  one long line of text\n</document>')).toBe(true)
  expect(traced('not one long line of text')).toBe(false)
  expect(traced(['x', 'Anna'])).toBe(true)
  expect(without({ a: ['Ann', 'x'], Ann: 1, b: { c: 'Ann', d: 2 } }, traced)).toEqual({ a: ['x'], b: { d: 2 } })
})

test('a quick look misses no trace that a line of JSON holds', () => {
  const said = fc.string({
    unit: fc.constantFrom('a', ' ', '"', '\\', '\n', 'é', '\u2028'),
    minLength: 16,
    maxLength: 60,
  })
  fc.assert(
    fc.property(said, said, fc.boolean(), (line, around, nested) => {
      const lines = new Set(linesIn(line))
      const value = { content: nested ? JSON.stringify({ text: `${around}\n${line}` }) : `${around}\n  ${line}\nx` }
      const traces = { ids: new Set<string>(), calls: new Set<string>(), lines }
      fc.pre(lines.size > 0)
      expect(traceFinder(traces)(value)).toBe(true)
      expect(traceHints(traces)(JSON.stringify(value))).toBe(true)
    }),
  )
})

test('half of a text in another is a near copy', () => {
  expect(containment('The pump stops at 80 °C.', 'THE  PUMP stops at 80 °C. And more.')).toBe(1)
  expect(containment('abcdefghijklmnop', 'abcdefghijkl')).toBeCloseTo(5 / 9)
  expect(containment('abcdefghijklmnop', 'something else')).toBe(0)
})

test('what is kept out is known by keyed hashes alone, and by nobody once the key is destroyed', () => {
  const root = mkdtempSync(join(tmpdir(), 'stillroom-suppressed-'))
  const record = (id: string, digest: string) => ({ id, digest }) as Rec
  expect(suppression(root)).toBeUndefined()
  suppress(root, [{ id: 'i1' }, { digest: 'd2' }, { source: 'mail', path: 'logs/a.jsonl' }])
  const first = suppression(root)!
  const held = (source: string, path: string, one: Rec) => first.holds(source, path, one)
  expect(held('x', 'y', record('i1', 'd0'))).toBe(true)
  expect(held('x', 'y', record('i0', 'd2'))).toBe(true)
  expect(held('mail', 'logs/a.jsonl', record('i0', 'd0'))).toBe(true)
  expect(held('mail', 'logs/b.jsonl', record('i0', 'd0'))).toBe(false)
  expect(readFileSync(join(root, 'erasures', 'suppressed.json'), 'utf8')).not.toMatch(/i1|mail/)
  suppress(root, [{ id: 'i1' }])
  expect(suppression(root)!.state).toBe(first.state)
  suppress(root, [{ source: 'mail' }])
  expect(suppression(root)!.state).not.toBe(first.state)
  expect(suppression(root)!.holds('mail', 'logs/b.jsonl', record('i0', 'd0'))).toBe(true)
  expect(destroyKey(root, erasureKey)).toBe(true)
  expect(suppression(root)).toBeUndefined()
})
