import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import { folder } from '../../../test/support/project.ts'
import type { Rec } from '../../records/index.ts'
import { type Answer, type Ask, defineFilter } from '../../steps/index.ts'
import { coverage, gate, loadCells, passages, textbook, textbookWrite } from './index.ts'
import { documentSeeds, topicSeeds } from './seeds.ts'

const near = defineFilter({
  ...{ verb: 'near', about: '', version: 1, takes: ['document'], gives: 'same', reasons: [] },
  options: gate.options as never,
  test: () => ({ is: 'passed' }),
})
const verb = textbook(near)
const cells = [
  { audience: 'child', style: 'story' },
  { audience: 'college', style: 'story' },
  { audience: 'college', style: 'how-to' },
]
const row = (id: string, columns: object) =>
  ({ kind: 'row', id, columns, facets: {}, scores: {}, lineage: { parents: [] } }) as unknown as Rec<'row'>

describe('the matrix', () => {
  test('has at least 4 x 3 cells, the same in both languages, and no two cells are told alike', () => {
    const [en, ja] = ['en', 'ja'].map(language => loadCells(undefined, language).cells)
    expect(new Set(en!.map(cell => cell.audience)).size).toBeGreaterThanOrEqual(4)
    expect(new Set(en!.map(cell => cell.style)).size).toBeGreaterThanOrEqual(3)
    const names = (all: typeof en) => all!.map(({ audience, style }) => `${audience} ${style}`)
    expect(names(ja)).toEqual(names(en))
    const words = (brief: string) => new Set(brief.toLowerCase().match(/[a-z]{4,}/g))
    for (const one of en!)
      for (const other of en!) {
        if (one === other) continue
        const [a, b] = [words(one.brief), words(other.brief)]
        expect(a.intersection(b).size / a.union(b).size).toBeLessThan(0.5)
      }
  })

  test('a combination without a brief, and a file without cells, are refused', () => {
    const expand = (options: object) => verb.expand(verb.options.parse({ teacher: 't', ...options }), 'textbook')
    expect(() => expand({ audiences: ['child', 'judge'] })).toThrow(/no cell judge x textbook/)
    const dir = folder({ 'own.md': '### judge x ruling\nWrite a ruling.\n', 'empty.md': '### judge\nWrite.\n' })
    expect(expand({ cells: `${dir}/own.md` })[0]!.options).toMatchObject({
      cells: [{ audience: 'judge', style: 'ruling' }],
    })
    expect(() => loadCells(`${dir}/empty.md`, 'en')).toThrow(/does not state its cells/)
  })

  test('every wave but the first is behind a gate and avoids all that stands before it', () => {
    const steps = verb.expand(verb.options.parse({ teacher: 't', waves: 3 }), 'textbook')
    expect(steps.map(({ as }) => as)).toEqual([
      ...['cells', 'wave-1', 'wave-1-near', 'wave-2-gate', 'wave-2', 'wave-2-near'],
      ...['wave-3-gate', 'wave-3', 'wave-3-near', ''],
    ])
    expect(steps[8]!.side).toEqual({ earlier: ['wave-1-near', 'wave-2-near'] })
    expect(steps[9]).toMatchObject({ from: ['wave-1-near', 'wave-2-near', 'wave-3-near'] })
  })
})

describe('seeds', () => {
  test('a document has each cell, or as many as wanted; another cell moves few of them', async () => {
    const record = document('d1', '# Valves\n\nThey open.')
    const of = async (options: object) => {
      const outcome = await documentSeeds.run(record, { options: documentSeeds.options.parse(options) } as never)
      return (outcome as { made: { key: string; payload: { columns: object } }[] }).made
    }
    expect((await of({ cells })).map(draft => draft.payload.columns)).toEqual(
      cells.map(cell => ({ ...cell, topic: 'Valves', n: 1 })),
    )
    expect(await of({ cells, pieces: 2, extracts: 2 })).toHaveLength(4)
    const [two, more] = [
      await of({ cells, pieces: 2 }),
      await of({ cells: [...cells, { audience: 'x', style: 'y' }], pieces: 2 }),
    ]
    expect(more.filter(({ key }) => two.some(draft => draft.key === key)).length).toBeGreaterThan(0)
  })
  test('topics make the same rows without a document', () => {
    const rows = [...topicSeeds.rows(topicSeeds.options.parse({ cells, topics: ['locks', 'keys'], extracts: 2 }))]
    expect(rows).toHaveLength(12)
    expect(new Set(rows.map(draft => draft.key)).size).toBe(12)
  })
})

test('the gate asks for what has no piece, and for nothing once little enough is missing', () => {
  const rows = Array.from({ length: 100 }, (_, i) => row(`r${i}`, {}))
  const piece = (of: string) =>
    document(`p-${of}`, 'x', {
      lineage: {
        parents: [
          { id: 'd', role: 'context' },
          { id: of, role: 'subject' },
        ],
      },
    })
  const ask = (missing: number, duplicates: number) => {
    const kept = rows.slice(missing).map(({ id }) => piece(id))
    const driven = driveGlobal(gate, [rows.slice(0, 40), rows.slice(40)], { duplicates }, { side: { kept: [kept] } })
    const { written = [], 'target-met': met = [] } = droppedBy(driven.verdicts)
    return [driven.kept.map(({ id }) => id), written.length, met.length]
  }
  expect(ask(2, 0.01)).toEqual([['r0', 'r1'], 98, 0])
  expect(ask(1, 0.01)).toEqual([[], 0, 100])
  expect(ask(1, 0)).toEqual([['r0'], 99, 0])
})

test('the coverage tells of every cell what was asked for and what there is, also where there is nothing', () => {
  const seed = (id: string, cell: object) => row(id, { ...cell, topic: 't', n: 1 })
  const seeds = [seed('r1', cells[0]!), seed('r2', cells[0]!), seed('r3', cells[1]!)]
  const piece = (of: string, cell: object) =>
    document(`p-${of}`, 'x', { facets: { ...cell }, lineage: { parents: [{ id: of, role: 'subject' }] } })
  const written = [piece('r1', cells[0]!), piece('r2', cells[0]!), piece('r3', cells[1]!)]
  const sides = { cells: [seeds.slice(0, 1), seeds.slice(1)], written: [written] }
  const { notes } = driveGlobal(coverage, [written.slice(0, 1), []], { cells }, { side: sides })
  expect(notes).toEqual([
    'pieces by audience and style: child x story 1 of 2, college x story 0 of 1, college x how-to 0 of 0',
    '2 of 3 pieces stayed near-duplicates (67 %) and are left out',
    'no piece at all for college x story, college x how-to',
  ])
})

describe('a piece', () => {
  const source = document('d', ['First part. '.repeat(20), 'Second part. '.repeat(20)].join('\n\n'))
  const seed = (n: number) => row('r', { audience: 'child', style: 'story', topic: 'Parts', n })
  const write = async (
    reply: Partial<Answer>,
    options: object = {},
    language = 'en',
    from: Rec | null = source,
    n = 1,
  ) => {
    const asked: { ask: Ask; draw: number }[] = []
    const outcome = await textbookWrite.run(seed(n), {
      options: textbookWrite.options.parse({ teacher: 't', extract: 300, ...options }),
      language,
      ancestor: () => from ?? undefined,
      call: async (_: string, ask: Ask, draw: number) => {
        asked.push({ ask, draw })
        return { call: 'c', content: '', finish: 'stop', usage: {}, warnings: [], ...reply }
      },
    } as never)
    return { outcome, ...asked[0]!, text: asked[0]!.ask.messages.at(-1)!.content! }
  }

  test('is told for whom and how by its cell, what is true by the extract; facets name the cell', async () => {
    const { outcome, text } = await write({ content: '# The lost part\n\nOnce.' })
    expect(outcome).toEqual({
      is: 'made',
      made: [
        {
          payload: { kind: 'document', text: '# The lost part\n\nOnce.', title: 'The lost part' },
          index: 0,
          notes: { facets: { audience: 'child', style: 'story', topic: 'Parts', wave: 1 } },
        },
      ],
    })
    expect(text).toContain(
      loadCells(undefined, 'en').cells.find(c => c.audience === 'child' && c.style === 'story')!.brief,
    )
    expect(text).toMatch(/<extract>\n(?:First|Second) part/)
    expect((await write({}, {}, 'ja')).text).toContain('小学三、四年生に向けた物語')
    expect((await write({}, {}, 'en', null)).text).not.toContain('<extract>')
  })
  test('another wave starts from another passage, under another draw', async () => {
    const [first, second] = [await write({}), await write({}, { wave: 2 })]
    expect([first.draw, second.draw]).toEqual([0, 1])
    expect((await write({}, {}, 'en', null, 2)).draw).toBe(16)
    expect(/<extract>\n(\w+)/.exec(first.text)![1]).not.toBe(/<extract>\n(\w+)/.exec(second.text)![1])
  })
  test.each([
    ['', 'empty-text'],
    ['As the extract says, it opens.', 'refers-to-document'],
    ['抜粋にあるように、開きます。', 'refers-to-document'],
  ])('%j is dropped as %s', async (content, reason) => {
    expect((await write({ content })).outcome).toMatchObject({ is: 'dropped', reason })
  })
})

test('passages hold the whole text, and none is longer than wanted', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '.', '。', '\n', '\n\n'), maxLength: 400 })
  fc.assert(
    fc.property(letters, fc.integer({ min: 5, max: 60 }), (text, most) => {
      const found = passages(text, most)
      for (const passage of found) expect(passage.length).toBeLessThanOrEqual(most)
      const bare = (one: string) => one.replace(/\s/g, '')
      expect(bare(found.join(''))).toBe(bare(text))
    }),
  )
})

test('passages are not cut inside of fenced code that fits', () => {
  const code = '```js\nfirst()\n\nsecond()\n```'
  expect(passages(`What it does.\n\n${code}\n\nWhat follows.`, 35)).toEqual(['What it does.', code, 'What follows.'])
})
