import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import { type Rec, sha256 } from '../../records/index.ts'
import { holdOut } from './holdout.ts'
import { assign } from './split.ts'

const child = (id: string, subject: string, more: Parameters<typeof conversation>[3] = {}) =>
  conversation(id, 'q', 'a', { ...more, lineage: { parents: [{ id: subject, role: 'subject' }], ...more.lineage } })

function splits(rows: Rec[], options: object = {}) {
  const { verdicts } = driveGlobal(assign, [rows], { into: { train: 1, test: 1 }, ...options })
  return new Map(
    rows.map(r => [r.id, (verdicts.get(r.id) as { notes: { facets: { split: string } } }).notes.facets.split]),
  )
}

test('rows tied by parents, members, whole document or user share a split', () => {
  const many = [...Array(60).keys()].map(i =>
    child(`x${i}`, `p${i}`, { facets: { root: `d${i % 20}`, user: `u${i % 40}` } }),
  )
  const alone = splits(many.map(r => ({ ...r, facets: {} })))
  expect(new Set(alone.values())).toEqual(new Set(['train', 'test']))
  const tied = splits(many)
  for (const a of many)
    for (const b of many) {
      if (a.facets.root === b.facets.root || a.facets.user === b.facets.user)
        expect(tied.get(a.id)).toBe(tied.get(b.id))
    }
  const chain = many.map((r, i) =>
    child(r.id, `p${i}`, { lineage: { parents: [{ id: `p${i}`, role: 'subject' }], members: [`m${i}`, `m${i + 1}`] } }),
  )
  expect(new Set(splits(chain).values()).size).toBe(1)
})

test('a shared few-shot row ties rows unless told otherwise', () => {
  const rows = [...Array(30).keys()].map(i =>
    child(`x${i}`, `p${i}`, {
      lineage: {
        parents: [
          { id: `p${i}`, role: 'subject' },
          { id: 'shot', role: 'context' },
        ],
      },
    }),
  )
  expect(new Set(splits(rows).values()).size).toBe(1)
  expect(new Set(splits(rows, { context: false }).values()).size).toBe(2)
})

test('equal rows share a split, and one that others were dropped for stays where all of them were', () => {
  const rows = [...Array(90).keys()].map(i => ({ ...conversation(`x${i}`, 'q', 'a'), digest: sha256(`${i % 30}`) }))
  const before = splits(rows)
  expect(new Set(before.values())).toEqual(new Set(['train', 'test']))
  for (const [i, row] of rows.entries()) expect(before.get(row.id)).toBe(before.get(rows[i % 30]!.id))
  const left = rows.slice(60).map(({ lineage, ...row }, i) => ({
    ...row,
    lineage: { ...lineage, members: [rows[i]!.id, rows[i + 30]!.id] },
  }))
  const after = splits(left)
  for (const row of left) expect(after.get(row.id)).toBe(before.get(row.id))
})

test('another row of a document moves none of those that were there', () => {
  const rows = [...Array(80).keys()].map(i => child(`x${i}`, `d${i % 30}`))
  const before = splits(rows)
  const after = splits([child('a0', 'd3'), child('zz', 'd99'), ...rows])
  for (const r of rows) expect(after.get(r.id)).toBe(before.get(r.id))
  expect(after.get('a0')).toBe(before.get('x3'))
})

test('a holdout and the rest share no group, make up the whole, and are the same wherever they are divided', () => {
  const rows = [...Array(200).keys()].map(i => child(`x${i}`, `d${i % 50}`))
  const side = (give: string, of = rows, more = {}) =>
    new Set(driveGlobal(holdOut, [of], { share: 0.2, give, ...more }, { seed: give }).kept.map(r => r.id))
  const [rest, held] = [side('rest'), side('held-out')]
  expect(rest.size + held.size).toBe(200)
  expect(held.size).toBeGreaterThan(10)
  const groups = (ids: Set<string>) => new Set(rows.filter(r => ids.has(r.id)).map(r => r.lineage.parents[0]!.id))
  for (const group of groups(held)) expect(groups(rest).has(group)).toBe(false)
  expect(side('held-out', [child('new', 'd51'), ...rows.toReversed()])).toEqual(held)
  expect(side('held-out', rows, { name: 'other' })).not.toEqual(held)
})

test('of two rows or more one is held out and one stays, however small or large the share', () => {
  const of = (n: number, share: number, more: object = {}) => {
    const rows = [...Array(n).keys()].map(i => child(`x${i}`, `p${i}`, { facets: { root: 'one book' } }))
    return driveGlobal(holdOut, [rows.map(r => ('pieces' in more ? r : { ...r, facets: {} }))], { share, ...more }).kept
  }
  expect([of(2, 0.001).length, of(2, 0.999).length, of(9, 0.001).length, of(9, 0.999).length]).toEqual([1, 1, 8, 1])
  expect(of(1, 0.999).length).toBe(0)
  // Pieces of one document are held out only where that is asked for.
  expect(of(9, 0.3, { pieces: true }).length).toBeLessThan(9)
  expect(of(9, 0.3, { pieces: false }).length % 9).toBe(0)
})
