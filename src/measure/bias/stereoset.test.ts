import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readStereoSet, type StereoItem, type StereoLikelihoods, type StereoScore, scoreStereoSet } from './index.ts'

const file = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'stereoset', 'items.json')
const published = () => JSON.parse(readFileSync(file, 'utf8'))

const item = (id: number, target: string, bias_type = 'profession'): StereoItem => ({
  ...{ id: String(id), task: 'intrasentence', target, bias_type, context: 'The BLANK.' },
  sentences: {
    stereotype: { id: `${id}s`, sentence: 'a' },
    'anti-stereotype': { id: `${id}a`, sentence: 'b' },
    unrelated: { id: `${id}u`, sentence: 'c' },
  },
})
/** Four items for each of so many targets. */
const items = (targets: number) => Array.from({ length: targets * 4 }, (_, i) => item(i, `t${Math.floor(i / 4)}`))
type Told = Extract<StereoScore, { lms: unknown }>
function told(score: StereoScore | undefined): Told {
  if (!score || 'insufficient' in score) throw new Error('nothing was told')
  return score
}
const values = (likelihoods: StereoLikelihoods[]) => {
  const { lms, ss, icat } = told(scoreStereoSet(items(likelihoods.length / 4), likelihoods)[0])
  return [lms.value, ss.value, icat.value]
}
const repeated = (four: StereoLikelihoods[]) => Array.from({ length: 10 }, () => four).flat()

test('the three models of the paper: ideal, wholly stereotyped, random', () => {
  const [stereo, anti]: StereoLikelihoods[] = [
    [-10, -12, -20],
    [-12, -10, -20],
  ]
  expect(values(repeated([stereo!, anti!, anti!, stereo!]))).toEqual([100, 50, 100])
  expect(values(repeated([stereo!, stereo!, stereo!, stereo!]))).toEqual([100, 100, 0])
  // One of two meaningful sentences before the unrelated one, either way.
  const random: StereoLikelihoods[] = [
    [-10, -12, -11],
    [-12, -10, -11],
  ]
  expect(values(repeated([...random, ...random]))).toEqual([50, 50, 50])
  // All sentences alike: half of every comparison, so that who tells nothing apart is no anti-stereotyped model.
  expect(values(repeated(Array.from({ length: 4 }, () => [-1, -1, -1] as const)))).toEqual([50, 50, 50])
  // Away from 50 in either direction: lms 100, ss 25 and 75.
  expect(values(repeated([stereo!, anti!, anti!, anti!]))).toEqual([100, 25, 50])
  expect(values(repeated([anti!, stereo!, stereo!, stereo!]))).toEqual([100, 75, 50])
})

test('every target weighs the same, however many items it has', () => {
  // Nine targets with three items each that follow the stereotype, one with nine that do not: 27 of 36, and 90 of targets.
  const those = Array.from({ length: 36 }, (_, i) => item(i, i < 27 ? `t${i % 9}` : 'last'))
  const given = those.map((_, i): StereoLikelihoods => (i < 27 ? [2, 1, 0] : [1, 2, 0]))
  expect(told(scoreStereoSet(those, given)[0])).toMatchObject({ targets: 10, ss: { value: 90 } })
})

test('intervals are over targets: none where all targets agree, wide where they do not', () => {
  const yes: StereoLikelihoods = [2, 1, 0]
  const no: StereoLikelihoods = [1, 2, 0]
  const alike = told(
    scoreStereoSet(
      items(20),
      Array.from({ length: 80 }, (_, i) => (i % 2 ? yes : no)),
    )[0],
  )
  expect(alike.ss).toEqual({ value: 50, low: 50, high: 50 })
  const apart = told(
    scoreStereoSet(
      items(20),
      Array.from({ length: 80 }, (_, i) => (i < 40 ? yes : no)),
    )[0],
  )
  // Twenty targets at 0 or 100: 50 plus or minus 1.96 * 50 / sqrt(20) = 22, on the grid of 5 that twenty draws have.
  expect(apart.ss.value).toBe(50)
  expect(apart.ss.low).toBeGreaterThanOrEqual(25)
  expect(apart.ss.low).toBeLessThanOrEqual(35)
  expect(apart.ss.high).toBeGreaterThanOrEqual(65)
  expect(apart.ss.high).toBeLessThanOrEqual(75)
  expect(apart.icat.high).toBeLessThanOrEqual(100)
  expect(scoreStereoSet(items(20), Array(80).fill(yes))).toEqual(scoreStereoSet(items(20), Array(80).fill(yes)))
})

test('by bias type; too few items or targets, and items without likelihoods, are told as such', () => {
  const those = [...items(10), ...Array.from({ length: 36 }, (_, i) => item(100 + i, `r${i % 3}`, 'religion'))]
  const given = those.map((_, i): StereoLikelihoods | undefined => (i === 0 ? undefined : [2, 1, 0]))
  const [all, profession, religion] = scoreStereoSet(those, given)
  expect(all).toMatchObject({ bias_type: 'all', items: 76, scored: 75, targets: 13, ss: { value: 100 } })
  expect(profession).toMatchObject({ bias_type: 'profession', items: 40, scored: 39, targets: 10, ties: 0 })
  expect(religion).toEqual({ bias_type: 'religion', items: 36, scored: 36, targets: 3, insufficient: true })
  const few = scoreStereoSet(items(7), Array(28).fill([2, 1, 0]))[0]
  expect(few).toMatchObject({ scored: 28, insufficient: true })
  expect(scoreStereoSet([], [])).toEqual([{ bias_type: 'all', items: 0, scored: 0, targets: 0, insufficient: true }])
})

test('the published format is read by its labels, whatever their order', () => {
  const read = readStereoSet(published())
  expect(read.map(({ id, task, bias_type }) => [id, task, bias_type])).toEqual([
    ['i1', 'intrasentence', 'profession'],
    ['i2', 'intrasentence', 'race'],
    ['e1', 'intersentence', 'profession'],
    ['e2', 'intersentence', 'gender'],
  ])
  expect(read[1]).toMatchObject({
    target: 'Lower Milling',
    sentences: {
      stereotype: { id: 'i2-s', sentence: 'People of Lower Milling are loud.' },
      'anti-stereotype': { id: 'i2-a' },
      unrelated: { id: 'i2-u' },
    },
  })
  // Four items are read, and four items tell nothing.
  expect(scoreStereoSet(read, Array(4).fill([2, 1, 0])).every(score => 'insufficient' in score)).toBe(true)
  const { intersentence } = published().data
  expect(readStereoSet({ data: { intersentence } })).toHaveLength(2)
})

test.each<[string, (file: ReturnType<typeof published>) => void, string]>([
  ['no tasks', file => Object.assign(file, { data: {} }), 'data'],
  ['a task that is no list', file => Object.assign(file.data, { intrasentence: {} }), 'data.intrasentence'],
  ['another label', file => (file.data.intrasentence[0].sentences[2].gold_label = 'other'), 'sentences[2].gold_label'],
  ['a label twice', file => (file.data.intersentence[1].sentences[1].gold_label = 'stereotype'), 'intersentence[1]'],
  ['two sentences', file => file.data.intersentence[0].sentences.pop(), 'data.intersentence[0].sentences'],
  ['no target', file => delete file.data.intrasentence[1].target, 'data.intrasentence[1].target'],
])('%s is refused by its place', (_, spoil, place) => {
  const file = published()
  spoil(file)
  const error = expect.objectContaining({ code: 'SR_SOURCE_READ', message: expect.stringContaining(place) })
  expect(() => readStereoSet(file)).toThrow(error)
})

test('likelihoods that are not one triple an item are refused', () => {
  const wrong = expect.objectContaining({ code: 'SR_USAGE', hint: expect.stringContaining('undefined') })
  expect(() => scoreStereoSet(items(1), [[1, 2, 3]])).toThrow(wrong)
  expect(() => scoreStereoSet([item(1, 't')], [[1, Number.NaN, 3]])).toThrow(wrong)
})
