import { expect, test } from 'vitest'
import { z } from 'zod'
import { folder, runIn } from '../../test/support/project.ts'
import type { Rec } from '../records/index.ts'
import { cutShare, defineMap } from './index.ts'

/** Scores a document by the number in its text. */
const mark = defineMap({
  verb: 'mark',
  about: 'Scores documents by what they say.',
  version: 1,
  options: z.strictObject({}),
  takes: ['document'],
  gives: 'same',
  reasons: [],
  run: async record => {
    const value = Number((record as Rec<'document'>).text)
    return { is: 'passed', notes: { scores: { mark: { method: 'rules', value } } } }
  },
})

test.each([
  [[1, 2, 3, 4], '2 of 4 scored rows are the lowest share; the best of them has 2'],
  [
    [1, 2, 2, 4],
    '2 of 4 scored rows are the lowest share; the best of them has 2, like 1 that stays: ids decided between those',
  ],
  [
    [2, 2, 2, 2],
    '2 of 4 scored rows are the lowest share; the best of them has 2, like 2 that stay: ids decided between those',
  ],
])('a share of %j is said to be chance where equal rows stay', async (marks, note) => {
  const rows = marks.map((text, i) => JSON.stringify({ id: `d${i}`, text: String(text) })).join('\n')
  const { notes } = await runIn(
    folder({ 'd.jsonl': rows }),
    {
      name: 'share',
      sources: { d: { files: 'd.jsonl', license: 'cc0-1.0', id: 'id' } },
      steps: [{ mark: {} }, { 'cut-share': { by: 'mark/mark', drop: 0.5 } }],
    },
    { steps: [mark, cutShare] },
  )
  expect(notes.map(({ message }) => message)).toContain(note)
})
