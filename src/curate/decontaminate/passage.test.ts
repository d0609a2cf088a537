import fc from 'fast-check'
import { expect, test } from 'vitest'
import { split } from '../../kernels/index.ts'
import { passageOf, unfolded } from './passage.ts'

const letters = [
  'a',
  'É',
  'e\u0301',
  'İ',
  'ﬁ',
  '㍿',
  'ｶﾞ',
  'ハ\u309a',
  '２',
  '𝐀',
  '각',
  'ㄱㅏ',
  '가',
  '㉮',
  'ᆨ',
  '語',
  ' ',
  '. ',
  '\n',
  '½',
]
const anyText = fc.array(fc.constantFrom(...letters), { maxLength: 30 }).map(all => all.join(''))

test('units of the folded text lead back to what was written', () => {
  fc.assert(
    fc.property(anyText, fc.nat(), fc.nat(), (text, a, b) => {
      const u = split(text, 'match')
      fc.pre(u.count > 0)
      const [from, to] = [a % u.count, b % u.count].sort((x, y) => x - y) as [number, number]
      const folded: [number, number] = [u.starts[from]!, u.ends[to]!]
      const all = unfolded(text, [folded])
      const [[start, end]] = all as [[number, number]]
      const written = text.slice(start, end).normalize('NFKC').toLowerCase()
      expect(written).toContain(u.text.slice(...folded))
      // Nothing more than the characters that the ends stand in.
      expect(text.slice(0, start).normalize('NFKC').toLowerCase().length).toBeLessThanOrEqual(folded[0])
      expect(text.slice(end).normalize('NFKC').toLowerCase().length).toBeLessThanOrEqual(u.text.length - folded[1])
      // A character folds to four at most (㍿), so that an end may take three more along.
      expect(written.length - (folded[1] - folded[0])).toBeLessThanOrEqual(6)
    }),
  )
})

test('several stretches in order, over many lines', () => {
  const text = 'ﬁrst ﬁne line\n㍿の二行目\nthird ﬁn'
  const folded = text.normalize('NFKC').toLowerCase()
  const at = (part: string): [number, number] => [folded.indexOf(part), folded.indexOf(part) + part.length]
  const found = unfolded(text, [at('first'), at('fine'), at('会社の二'), at('third')])
  expect(found.map(([from, to]) => text.slice(from, to))).toEqual(['ﬁrst', 'ﬁne', '㍿の二', 'third'])
})

test('a passage is bounded, and cuts no character in two', () => {
  const text = `${'🙂'.repeat(200)}${'x'.repeat(1000)}${'🙂'.repeat(200)}`
  const { before, match, after, at } = passageOf(text, [400, 1400])
  expect([before.length, after.length].every(n => n > 90 && n <= 101)).toBe(true)
  expect(match).toBe(`${'x'.repeat(130)} … ${'x'.repeat(60)}`)
  expect((before + after).isWellFormed()).toBe(true)
  expect(at).toEqual([400, 1400])
})
