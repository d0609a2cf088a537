import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { split, unitsOf } from '../../../kernels/index.ts'
import { linesOf } from './lines.ts'
import { charactersOf, type Repeats, reach, repeatsOf, sequenceOf } from './repetition.ts'
import { duplicatesOf } from './spans.ts'

const ns = [2, 3, 4, 5, 6, 7, 8, 9, 10]

/** The definitions, word for word, with strings and maps. */
function slow(units: string[], n: number): Omit<Repeats, 'length'> {
  const runs: string[][] = []
  for (let i = 0; i + n <= units.length; i++) runs.push(units.slice(i, i + n))
  const key = (run: string[]) => run.join('\u0000')
  const size = (run: string[]) => run.join('').length
  const counts = new Map<string, number>()
  for (const run of runs) counts.set(key(run), (counts.get(key(run)) ?? 0) + 1)
  const times = (run: string[]) => counts.get(key(run))!
  const topCount = Math.max(0, ...counts.values())
  const longest = Math.max(0, ...runs.filter(run => times(run) === topCount).map(size))
  const seen = new Set<string>()
  let later = 0
  for (let i = 0; i < runs.length; ) {
    if (seen.has(key(runs[i]!))) {
      later += size(runs[i]!)
      i += n
    } else seen.add(key(runs[i++]!))
  }
  const copied = runs.filter(run => times(run) > 1)
  const sum = (some: string[][]) => some.reduce((all, run) => all + size(run), 0)
  const many = [...counts.values()].filter(count => count > 1).sort((a, b) => b - a)
  return {
    n,
    characters: units.join('').length,
    top: topCount > 1 ? topCount * longest : 0,
    topCount,
    later,
    copied: sum(copied),
    total: sum(runs),
    runs: runs.length,
    distinct: counts.size,
    repeated: copied.length,
    repeatedDistinct: many.length,
    frequent: many.slice(0, Math.floor(Math.sqrt(counts.size))).reduce((all, count) => all + count, 0),
  }
}

const few = fc.array(fc.constantFrom('a', 'bb', 'the', 'of', 'naïve', '東', '京', '𠮷'), { maxLength: 90 })

test('repeats of words are what the definitions say', () => {
  fc.assert(
    fc.property(few, words => {
      const u = split(words.join(' '), 'words')
      const found = repeatsOf(sequenceOf(u), ns, { later: true, total: true, frequent: ns })
      expect(found).toEqual(ns.map(n => ({ ...slow(unitsOf(u), n), length: u.text.length })))
    }),
    { numRuns: 300 },
  )
})

test('repeats of characters are what the definitions say, code point by code point', () => {
  fc.assert(
    fc.property(few, words => {
      const units = Array.from(words.join('')).map(char => (char === '𠮷' ? 'k' : char))
      const found = repeatsOf(charactersOf(words.join(' \n')), ns, { later: true, total: true, frequent: ns })
      expect(found).toEqual(ns.map(n => ({ ...slow(units, n), length: words.join(' \n').length })))
    }),
    { numRuns: 300 },
  )
})

test('a run is skipped whole once it is found: a passage of seven said twice holds one duplicate run of five', () => {
  const text = 'one two three four five six seven and one two three four five six seven'
  const [five] = repeatsOf(sequenceOf(split(text, 'words')), [5], { later: true })
  expect(five).toMatchObject({ later: 'onetwothreefourfive'.length, repeated: 6, repeatedDistinct: 3 })
})

test('copies of lines and paragraphs: blank lines are none, line ends do not matter', () => {
  const { lines, paragraphs } = linesOf('one\r\n\r\n\r\n  two  \r\none\r\n\r\n\tone\r\n')
  expect(duplicatesOf(lines)).toEqual({
    items: 4,
    characters: 12,
    later: 2,
    laterCharacters: 6,
    copied: 3,
    copiedCharacters: 9,
  })
  expect(paragraphs.count).toBe(3)
  expect(duplicatesOf(paragraphs)).toMatchObject({ later: 1, laterCharacters: 3 })
})

test('of a text beyond reach the beginning is looked at, and shares are of that', () => {
  const text = 'ab '.repeat(reach + 10)
  const [two] = repeatsOf(sequenceOf(split(text, 'words')), [2])
  expect(two).toMatchObject({ runs: reach - 1, distinct: 1, length: 3 * reach - 1, characters: 2 * reach })
})
