import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, counted, dollars, duration, reasonList, thousands } from './figures.ts'
import { cells, clip, table, wrap } from './layout.ts'

const text = fc.string({
  unit: fc.constantFrom('a', 'Z', ' ', '\n', '\t', '…', '鍵', 'カ', 'é', 'e\u0301', '-', '\u0007'),
})

test('wrap keeps every line inside the width and every visible character, whatever the script', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 4, max: 40 }), (value, width) => {
      const lines = wrap(value, width)
      expect(lines.every(line => cells(line) <= width)).toBe(true)
      const visible = (s: string) => s.replace(/[\s\p{Cc}]/gu, '')
      expect(visible(lines.join(''))).toBe(visible(value))
    }),
  )
})

test('wrap breaks Japanese between characters, but no word in it, and no line begins with a mark that ends a phrase', () => {
  expect(wrap('弁を開けるValveで圧力を下げます。', 14)).toEqual(['弁を開ける', 'Valveで圧力を', '下げます。'])
  expect(wrap('弁を開けます。次に', 12)).toEqual(['弁を開けま', 'す。次に'])
  expect(wrap('弁を開け「次」に', 10)).toEqual(['弁を開け', '「次」に'])
})

test('clip is one line that fits, and marks what it cut', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 20 }), (value, width) => {
      const line = clip(value, width)
      expect(cells(line)).toBeLessThanOrEqual(width)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
      expect(line).not.toMatch(/[\n\u0000-\u001f]/)
    }),
  )
  expect(clip('鍵を回して弁を開ける', 9)).toBe('鍵を回し…')
})

test('a table lines up wide characters and colours, and wraps its free column', () => {
  const rows = [
    ['鍵', '12', 'one two three four'],
    ['\u001b[1mb\u001b[22m', '3', ''],
  ]
  expect(table([{ head: 'key' }, { head: 'n', right: true }, { head: 'why', flex: true }], rows, 21)).toEqual([
    'key   n  why',
    '鍵   12  one two',
    '         three four',
    '\u001b[1mb\u001b[22m     3',
  ])
})

test('figures are written without a locale', () => {
  expect([0, 999, 1000, 1234567, -1234.4].map(thousands)).toEqual(['0', '999', '1,000', '1,234,567', '-1,234'])
  expect([null, 0, 0.00123, 0.5, 1234.5].map(dollars)).toEqual(['no price', '$0', '$0.0012', '$0.50', '$1,234.50'])
  expect([80, 9_960, 65_000, 7_620_000].map(duration)).toEqual(['0.1 s', '10 s', '1 min 05 s', '2 h 07 min'])
  expect([12, 2048, 5 * 2 ** 20].map(bytes)).toEqual(['12 B', '2.0 KiB', '5.0 MiB'])
  expect(counted(1, 'row')).toBe('1 row')
  expect(reasonList({ b: 2, a: 2, c: 1000 }, 2)).toBe('1,000 c, 2 a, 1 more')
})
