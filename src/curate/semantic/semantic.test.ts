import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy, shardsOf } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import { dedupeSemantic, semanticSteps } from './semantic.ts'

/** A vector at an angle in degrees: the cosine of two is that of the difference. */
const at = (degrees: number) => {
  const angle = (degrees * Math.PI) / 180
  return Float32Array.of(Math.cos(angle), Math.sin(angle))
}
const row = (id: string, overall?: number) =>
  conversation(id, 'q', 'a', {
    scores: overall === undefined ? {} : { 'judge/overall': { method: 'm', value: overall } },
  })
const run = (
  angles: { [id: string]: number | undefined },
  options: object = {},
  more: { rows?: Rec[][]; side?: { [name: string]: Rec[][] } } = {},
) =>
  driveGlobal(
    dedupeSemantic,
    more.rows ?? [Object.keys(angles).map(id => row(id))],
    { vectors: 'v', ...options },
    {
      ...(more.side ? { side: more.side } : {}),
      vectors: Object.fromEntries(
        Object.entries(angles).flatMap(([id, a]) => (a === undefined ? [] : [[id, { v: at(a) }]])),
      ),
    },
  )

test('a chain of near rows is cut, and each row names the one it is near to', () => {
  // cos 20 = 0.940, cos 40 = 0.766: a to b and b to c are near, a to c is not.
  const ran = run({ a: 0, b: 20, c: 40 })
  expect(droppedBy(ran.verdicts)).toEqual({ 'semantic-duplicate': ['b'] })
  expect(ran.verdicts.get('b')).toMatchObject({ evidence: { cluster: 'a', cosine: 0.9397 } })
  expect(ran.verdicts.get('a')).toMatchObject({ notes: { members: ['b'] } })
  // Of two rows that stay the nearer one is named.
  expect(run({ a: 0, c: 40, d: 21 }).verdicts.get('d')).toMatchObject({ evidence: { cluster: 'c' } })
  expect(run({ a: 0, b: 20, c: 40 }, { semantic: 0.95 }).kept).toHaveLength(3)
  expect(run({ a: 0, b: 0, c: 0.01 }, { semantic: 1 }).kept.map(r => r.id)).toEqual(['a'])
})

test('the better row survives; rows without a vector pass and are told', () => {
  const rows = [[row('a', 2), row('b', 5), row('c')]]
  const ran = run({ a: 0, b: 5, c: undefined }, { prefer: 'judge/overall' }, { rows })
  expect(droppedBy(ran.verdicts)).toEqual({ 'semantic-duplicate': ['a'] })
  expect(ran.notes.at(-1)).toBe('1 row has no vector and was not compared')
  const none = run({ a: undefined, b: undefined })
  expect(none.kept).toHaveLength(2)
  expect(none.notes).toEqual(['no row has a vector: does the step `v` note any?'])
})

test('rows of a side input always stand, and are no copies of themselves', () => {
  const side = { old: [[row('z')]] }
  const ran = run({ a: 3, b: 2, z: 0 }, { against: ['old'] }, { rows: [[row('a'), row('b')]], side })
  expect(ran.kept).toEqual([])
  expect(ran.verdicts.get('a')).toMatchObject({ evidence: { cluster: 'z', set: 'old' } })
  expect(run({ z: 0 }, { against: ['old'] }, { rows: [[row('z')]], side }).kept).toHaveLength(1)
})

test('vectors of unlike lengths are no neighbours', () => {
  const vectors = { a: { v: Float32Array.of(1, 0) }, b: { v: Float32Array.of(1, 0, 0) } }
  expect(driveGlobal(dedupeSemantic, [[row('a'), row('b')]], { vectors: 'v' }, { vectors }).kept).toHaveLength(2)
})

test('decides the same however the rows are sharded and ordered', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 24 }), { maxLength: 25 }),
      fc.array(fc.nat(6), { maxLength: 6 }),
      (angles, sizes) => {
        const all = Object.fromEntries(angles.map((angle, i) => [`r${i}`, angle === 24 ? undefined : angle * 15]))
        const rows = Object.keys(all).map(id => row(id, angles[Number(id.slice(1))]! % 3))
        const whole = run(all, { prefer: 'judge/overall' }, { rows: [rows] })
        const parts = run(all, { prefer: 'judge/overall' }, { rows: shardsOf(rows.toReversed(), sizes) })
        for (const { id } of rows) expect(parts.verdicts.get(id)).toEqual(whole.verdicts.get(id))
        expect(parts.notes).toEqual(whole.notes)
      },
    ),
    { numRuns: 60 },
  )
  expect(run({}).kept).toEqual([])
})

test('expands into vectors and the comparison, or into that alone where an earlier step has vectors', () => {
  const steps = (more: object) =>
    semanticSteps({ semantic: 0.9, against: ['old'], prefer: undefined, ...more }, 'dedupe')
  expect(steps({ of: 'prompt' }).map(p => [p.as, p.step.verb, p.options])).toEqual([
    ['vectors', 'learn-vectors', { of: 'prompt' }],
    ['semantic', 'dedupe-semantic', { semantic: 0.9, against: ['old'], vectors: 'dedupe' }],
  ])
  expect(steps({ vectors: 'mine' }).map(p => p.options)).toEqual([{ semantic: 0.9, against: ['old'], vectors: 'mine' }])
  expect(steps({})[1]!.side).toEqual({ old: ['old'] })
})
