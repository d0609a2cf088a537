import { expect, test } from 'vitest'
import type { Rec } from '../../records/index.ts'
import { instruct, instructGrid, instructWrite } from './index.ts'

const options = instruct.options.parse({
  teacher: 't',
  domains: ['law', 'biology'],
  tasks: ['comparison', 'rewriting'],
  difficulties: ['easy', 'hard'],
  count: 2,
})

test('the grid holds every cell once a repetition, and a new domain moves no other row', () => {
  const rows = (domains: string[]) => [...instructGrid.rows({ ...options, domains })]
  const two = rows(['law', 'biology'])
  expect(two).toHaveLength(2 * 2 * 2 * 2)
  expect(new Set(two.map(row => row.key)).size).toBe(two.length)
  expect(rows(['art', 'law', 'biology']).map(row => row.key)).toEqual(expect.arrayContaining(two.map(row => row.key)))
  const [grid, write] = instruct.expand(options, 'instruct')
  expect(grid!.step.options.safeParse(grid!.options).success).toBe(true)
  expect(write!.step.options.safeParse(write!.options).success).toBe(true)
})

const row = {
  kind: 'row',
  id: 'r',
  columns: { domain: 'law', task: 'rewriting', difficulty: 'hard', n: 1, count: 2 },
  facets: {},
} as unknown as Rec<'row'>
const write = (data: object) =>
  instructWrite.run(row, {
    options: { teacher: 't' },
    language: 'en',
    call: async () => ({ call: 'c', content: '', finish: 'stop', usage: {}, warnings: [], data }),
  } as never)

test('instruction and input become the user turn, the cell becomes facets', async () => {
  expect(
    await write({ instruction: 'Rewrite the clause.', input: 'Party A shall pay.', output: 'A pays.', style: 'terse' }),
  ).toEqual({
    is: 'made',
    made: [
      {
        payload: {
          kind: 'conversation',
          messages: [
            { role: 'user', content: 'Rewrite the clause.\n\nParty A shall pay.' },
            { role: 'assistant', content: 'A pays.' },
          ],
        },
        index: 0,
        notes: { facets: { domain: 'law', topic: 'rewriting', difficulty: 'hard', style: 'terse' } },
      },
    ],
  })
})

test.each([
  [{ instruction: ' ', output: 'x' }, 'empty-instruction'],
  [{ instruction: 'x', output: '' }, 'empty-output'],
  [{ instruction: 'Summarise the following text.', input: '', output: 'x' }, 'missing-input'],
  [{ instruction: '次の文章を要約してください。', output: 'x' }, 'missing-input'],
  [{ instruction: 'Rewrite it.', input: 'same', output: 'same' }, 'echo'],
])('%j is dropped as %s', async (data, reason) => {
  expect(await write(data)).toMatchObject({ is: 'dropped', reason })
})
