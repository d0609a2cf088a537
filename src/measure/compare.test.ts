import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { random, unit } from '../records/index.ts'
import { type Row, rowOf } from './compare.ts'
import { compare, facetMeasure, habits, measures, topicCoverage } from './index.ts'

/** Real questions of a bank's customers: 20 intents, 50 of each. */
const file = new URL('../../test/fixtures/meanings/banking77.20x50.csv', import.meta.url)
const questions = readFileSync(file, 'utf8')
  .split('\n')
  .slice(1)
  .filter(line => line.includes(','))
  .map((line, i) => {
    const at = line.lastIndexOf(',')
    return { id: `q${i}`, text: line.slice(0, at).replace(/^"|"$/g, ''), intent: line.slice(at + 1).trim() }
  })
/** A direction of its own for each intent, and a little noise: what vectors of meanings would give. */
function vectorOf(intent: string, id: string): Float32Array {
  const [base, noise] = [random('intent', intent), random('row', id)]
  const row = Array.from({ length: 16 }, () => base() - 0.5 + 0.5 * (noise() - 0.5))
  const norm = Math.hypot(...row)
  return Float32Array.from(row, x => x / norm)
}
const rows = (some: typeof questions): Row[] =>
  some.map(({ id, text, intent }) => rowOf(id, text, { vector: vectorOf(intent, id), facets: { intent } }))
const intents = [...new Set(questions.map(q => q.intent))].sort()
const half = (part: 0 | 1) => questions.filter(q => Number(unit('half', q.id) < 0.5) === part)
const grade = (figures: ReturnType<typeof compare>) => Object.fromEntries(figures.map(f => [f.measure, f.grade]))
/** Smaller samples than a report grades, so that the test need not wait. */
const quick = [...measures, facetMeasure('intent')].map(m => ({ ...m, least: 50, most: Math.min(m.most, 220) }))

describe('comparing a sample with a real one', () => {
  test('another half of the same questions passes by every measure', () => {
    const figures = compare(rows(half(0)), rows(half(1)), quick, { rounds: 6 })
    const graded = grade(figures)
    expect(graded['mode-collapse']).toBe('insufficient sample')
    for (const { measure, grade, why } of figures)
      if (measure !== 'mode-collapse') expect([measure, grade, why]).toEqual([measure, 'pass', why])
    for (const { value, baseline, interval } of figures) {
      if (value === undefined) continue
      expect(interval!.low).toBeLessThanOrEqual(value)
      expect(baseline!.interval.high).toBeGreaterThanOrEqual(baseline!.value)
    }
  })

  test('half of the intents, few words over and over: what is lost is found by the measures that look for it', () => {
    const known = new Set(intents.slice(0, 10))
    const narrow = half(1)
      .filter(q => known.has(q.intent))
      .map(q => ({ ...q, text: `As an AI model I can say this: ${q.text.split(' ').slice(0, 5).join(' ')} (please!)` }))
    const graded = grade(compare(rows(half(0)), rows(narrow), quick, { rounds: 6 }))
    const failing = ['words', 'told-apart', 'coverage', 'recall', 'self-repetition', 'openings', 'facet-intent']
    for (const name of failing) expect([name, graded[name]]).toEqual([name, 'fail'])
    expect(graded.precision).not.toBe('fail')
  })

  test('too few rows are no grade, the order of rows is no figure, another seed is another one', () => {
    const few = compare(rows(questions.slice(0, 80)), rows(questions.slice(80, 400)), measures)
    expect(new Set(few.map(f => f.grade))).toEqual(new Set(['insufficient sample']))
    expect(few[0]!.why).toContain('40 rows a side; it takes 500')
    const some = quick.filter(m => ['words', 'distinct-1', 'told-apart'].includes(m.says[0]!.name))
    const [a, b] = [rows(half(0)), rows(half(1))]
    const figures = compare(a, b, some, { rounds: 2 })
    expect(compare([...a].reverse(), [...b].reverse(), some, { rounds: 2 })).toEqual(figures)
    expect(compare(a, b, some, { rounds: 2, seed: '1' })[0]!.value).not.toBe(figures[0]!.value)
  })

  test('what gives a sample away is named, and topics that it misses come with a real row', () => {
    const known = new Set(intents.slice(0, 10))
    const narrow = half(1).filter(q => known.has(q.intent))
    const polite = narrow.map(q => ({ ...q, text: `Certainly! ${q.text}` }))
    const told = habits(rows(half(0)), rows(polite))
    expect(told.filter(h => h.weight > 0).map(h => h.habit)).toEqual(expect.arrayContaining(['certainly', '!']))
    expect(told.find(h => h.habit === 'certainly')).toMatchObject({ real: 0, other: 1 })
    expect(habits(rows(half(0)).slice(0, 3), rows(polite))).toEqual([])
    const { topics, covered } = topicCoverage(rows(half(0)), rows(narrow))!
    const lost = topics.filter(topic => topic.other === 0)
    expect(covered).toBeCloseTo(1 - lost.length / topics.length, 12)
    expect(lost.length).toBeGreaterThanOrEqual(5)
    for (const { exemplar } of lost) {
      const { intent } = questions.find(q => q.text === exemplar)!
      expect(known.has(intent)).toBe(false)
    }
    expect(topicCoverage(rows(half(0)), rows(half(1)))).toMatchObject({ covered: 1, balanced: 1 })
  })

  test('answers to one prompt that say the same each time are a collapse', () => {
    const answers = (same: boolean) => (row: (typeof questions)[number], i: number) =>
      rowOf(`${same} ${row.id}`, same ? 'please wait for three working days' : row.text, { group: `prompt ${i % 80}` })
    const collapse = quick.filter(m => m.says[0]!.name === 'mode-collapse')
    const [real, other] = [half(0).map(answers(false)), half(1).map(answers(true))]
    expect(compare(real, other, collapse, { rounds: 3 })[0]).toMatchObject({ grade: 'fail', value: 1 })
    expect(compare(real, half(1).map(answers(false)), collapse, { rounds: 3 })[0]!.grade).toBe('pass')
  })
})
