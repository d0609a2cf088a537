import { expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import { driveGlobal, shardsOf } from '../../../test/support/drive-global.ts'
import { random } from '../../records/index.ts'
import { resample } from './resample.ts'

const still = 'copper still heat vapour condense spirit boil cut head tail proof mash'.split(' ')
const court = 'judge court appeal law party claim statute verdict jury trial brief motion'.split(' ')
const text = (words: string[], seed: string) => {
  const next = random(7, seed)
  return Array.from({ length: 30 }, () => words[Math.floor(next() * words.length)]).join(' ')
}
const rows = [...Array(200).keys()].map(i => document(`r${i}`, text(i % 4 === 0 ? still : court, `r${i}`)))
const wanted = [...Array(40).keys()].map(i => document(`t${i}`, text(still, `t${i}`)))
const choose = (shards = [rows], options: object = { size: 50 }, side = [wanted]) =>
  driveGlobal(resample, shards, { like: 'real', ...options }, { side: { real: side } })

test('rows that speak like the target are kept, and the divergence falls', () => {
  const { kept, notes } = choose()
  expect(kept).toHaveLength(50)
  expect(kept.filter(r => Number(r.id.slice(1)) % 4 === 0).length).toBe(50)
  const [, before, after] = /real ([\d.]+) bits before, ([\d.]+) after/.exec(notes[0]!)!
  expect(Number(after)).toBeLessThan(Number(before) / 2)
})

test('a target like the input takes an even sample, and shards and order change nothing', () => {
  const even = choose([rows], { share: 0.5 }, [rows.slice(0, 100)])
  const stills = even.kept.filter(r => Number(r.id.slice(1)) % 4 === 0).length
  expect(even.kept).toHaveLength(100)
  expect(stills).toBeGreaterThan(12)
  expect(stills).toBeLessThan(38)
  const ids = (ran: ReturnType<typeof choose>) => ran.kept.map(r => r.id).sort()
  expect(ids(choose(shardsOf(rows.toReversed(), [70, 1, 60])))).toEqual(ids(choose()))
})

test('empty texts, an empty target and one row', () => {
  expect(choose([[document('a', ''), document('b', 'x')]], { size: 5 }).kept).toHaveLength(2)
  expect(choose([rows.slice(0, 3)], { size: 2 }, [[]]).notes).toEqual(['real holds no text to resemble'])
  expect(choose([[]], { size: 2 }).kept).toEqual([])
})

test('worked value: the logarithm of how much more likely the words of a row are in the target', () => {
  const pool = [document('a', 'x'), document('b', 'y'), document('c', '')]
  const target = [document('t', 'x '.repeat(1000))]
  const { kept, verdicts } = driveGlobal(resample, [pool], { like: 'real', size: 1 }, { side: { real: [target] } })
  expect(kept.map(r => r.id)).toEqual(['a'])
  // 1,000 words and 999 pairs against 2 words, and one more in each of the 10,000 buckets: y 1/11,999 against 2/10,002.
  const importance = Math.round(Math.log(10_002 / 2 / 11_999) * 100) / 100
  expect(verdicts.get('b')).toMatchObject({ evidence: { importance } })
  expect(verdicts.get('c')).toMatchObject({ evidence: { importance: 0 } })
})

test('rows of each length are drawn as the target has them; without that short ones win', () => {
  const long = Array.from({ length: 60 }, (_, i) =>
    document(`l${i}`, `${text(still, `l${i}`)} ${text(court, `m${i}`)}`),
  )
  const short = Array.from({ length: 60 }, (_, i) => document(`s${i}`, court[i % court.length]!))
  const side = {
    real: [Array.from({ length: 20 }, (_, i) => document(`t${i}`, `${text(still, `t${i}`)} ${text(still, `u${i}`)}`))],
  }
  const lengths = (options: object) => {
    const ran = driveGlobal(resample, [[...long, ...short]], { like: 'real', size: 40, ...options }, { side })
    return { kept: ran.kept.filter(r => r.id[0] === 'l').length, notes: ran.notes }
  }
  expect(lengths({}).kept).toBe(40)
  expect(lengths({}).notes[1]).toMatch(/^words of the middle row: \d+ before, 5\d after, 5\d in the target$/)
  expect(lengths({ lengths: false }).kept).toBeLessThan(40)
  // More than there are of the wanted length: the rest comes from the others.
  expect(lengths({ size: 80 }).kept).toBe(60)
})
