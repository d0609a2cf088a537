import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import { dedupeLines, dedupeParagraphs, passagesOf } from './passages.ts'

const notice = 'All rights reserved by the makers of this page.'
const textsOf = (ran: ReturnType<typeof driveGlobal>) => ran.kept.map(r => (r as Rec<'document'>).text)

test('a repeated line stays in the first record alone, and the gap it leaves closes', () => {
  const rows = [
    document('a', `One still.\n\n${notice}\n\nMore of a.`),
    document('b', `Two stills.\n\nALL RIGHTS reserved, by the makers of this page!\n\nMore of b.\n${notice}`),
    document('c', `${notice}\n\nThree.`),
  ]
  const ran = driveGlobal(dedupeLines, [rows], {})
  expect(textsOf(ran)).toEqual([rows[0]!.text, 'Two stills.\n\nMore of b.', 'Three.'])
  expect(ran.verdicts.get('a')).toEqual({ is: 'passed' })
  expect(ran.verdicts.get('b')).toMatchObject({
    is: 'fixed',
    reason: 'repeated-lines',
    notes: { scores: { 'own-lines': { method: 'dedupe-lines', value: 0.181 } } },
  })
  expect(ran.notes).toEqual(['lines that stand in 2 documents or more: 1; documents that repeat them: 2'])
})

test('the first is the first by `prefer`, and `seen` counts records, not places', () => {
  const rows = [1, 2, 3].map(date => document(`r${date}`, `${notice}\nText ${date}.\n${notice}`, { facets: { date } }))
  expect(textsOf(driveGlobal(dedupeLines, [rows], { prefer: { latest: 'date' } }))).toEqual([
    'Text 1.',
    'Text 2.',
    rows[2]!.text,
  ])
  expect(textsOf(driveGlobal(dedupeLines, [rows], { seen: 4 }))).toEqual(rows.map(row => row.text))
  expect(textsOf(driveGlobal(dedupeLines, [rows.slice(0, 1)], {}))).toEqual([rows[0]!.text])
})

test('blank, short and carrying lines never count, nor does code', () => {
  const page = (own: string) =>
    `---\ntags: [of many, more than one]\n---\n# Heading of a page like others\n=========================\n\nShort line.\n\n\n| Name of it | Meaning of it |\n|---|---|\n\n\`\`\`js\nimport { still } from 'stills'\n\nrun(still, water)\n\`\`\`\n${own}`
  const rows = [document('a', page('Of a.')), document('b', page('Of b.'))]
  expect(textsOf(driveGlobal(dedupeLines, [rows], {}))).toEqual(rows.map(row => row.text))
  const headed = ['a', 'b'].map(id => document(id, `## Problem that it addresses\n\nOf ${id}.`))
  expect(textsOf(driveGlobal(dedupeParagraphs, [headed], {}))).toEqual(headed.map(row => row.text))
})

test('paragraphs are cut whole, code with its blank lines as one', () => {
  const code = '```js\nimport { still } from "stills"\n\nrun(still)\n```'
  const footer = 'Written by the makers.\nNobody else is to blame.'
  const rows = [
    document('a', `Of a.\n\n${footer}\n\n${code}\n`),
    document('b', `${code}\n\nOf b.\nWritten by the makers.\n\n\n${footer}`),
  ]
  const ran = driveGlobal(dedupeParagraphs, [rows], {})
  expect(textsOf(ran)).toEqual([rows[0]!.text, 'Of b.\nWritten by the makers.'])
})

test('the length is in columns, so that a Japanese line of ten characters is one of twenty', () => {
  const rows = ['a', 'b'].map(id => document(id, `無断転載を禁じます。\nこの頁を共有する方へ\n${id}`))
  expect(textsOf(driveGlobal(dedupeLines, [rows], {}))[1]).toBe('無断転載を禁じます。\nb')
})

test('a document of which nothing is left is dropped; a flag cuts nothing', () => {
  const rows = [document('a', `${notice}\nOf a.`), document('b', `\n ${notice}\n---\n`)]
  const ran = driveGlobal(dedupeLines, [rows], {})
  expect(droppedBy(ran.verdicts)).toEqual({ 'nothing-left': ['b'] })
  expect(ran.verdicts.get('b')).toMatchObject({ evidence: { lines: 1 } })
  const scored = driveGlobal(dedupeLines, [rows], { action: 'flag' })
  expect(textsOf(scored)).toEqual(rows.map(row => row.text))
  const value = (id: string) => (scored.verdicts.get(id) as { notes: { scores: object } }).notes.scores
  expect(value('a')).toMatchObject({ 'own-lines': { value: 1 } })
  expect(value('b')).toMatchObject({ 'own-lines': { value: 0.06 } })
})

test('earlier rows come first and other kinds of records pass', () => {
  const old = document('zz', notice)
  const rows = [document('a', `${notice}\nOf a.`), conversation('b', notice, notice)]
  const ran = driveGlobal(dedupeLines, [rows], { against: ['earlier'] }, { side: { earlier: [[old]] } })
  expect((ran.kept[0] as Rec<'document'>).text).toBe('Of a.')
  expect(ran.kept[1]).toBe(rows[1])
})

test('passages never overlap', () => {
  const line = fc.constantFrom('text', '', '---', '  ', '```', '~~~~', '````js', '# heading', '| a | b |')
  fc.assert(
    fc.property(fc.array(line), lines => {
      for (const unit of ['lines', 'paragraphs'] as const) {
        let end = 0
        for (const [from, to] of passagesOf(lines, unit)) {
          expect(from).toBeGreaterThanOrEqual(end)
          expect(to).toBeGreaterThan(from)
          end = to
        }
        expect(end).toBeLessThanOrEqual(lines.length)
      }
    }),
  )
})
