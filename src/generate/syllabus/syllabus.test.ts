import { describe, expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import { type Rec, random } from '../../records/index.ts'
import type { Answer, Ask, Ctx, MapStep } from '../../steps/index.ts'
import { coverage, fill, short } from './fill.ts'
import { syllabus } from './index.ts'
import { bearing, chooseRoots, divide, findRoot, givenRoots } from './tree.ts'

const leaf = (id: string, path: string[], facets: Rec['facets'] = {}) =>
  ({ kind: 'row', id, columns: { path }, facets, scores: {}, lineage: {} }) as unknown as Rec<'row'>
const prompt = (id: string, topic: string, content: string) =>
  ({
    kind: 'prompt',
    id,
    messages: [{ role: 'user', content }],
    facets: { topic },
    scores: {},
    lineage: {},
  }) as unknown as Rec

const still = document(
  'still',
  'A still separates liquids. Its copper pot is heated from below until vapour rises.'.repeat(3),
)
const eel = document('eel', 'The eel swims up the river in spring, and nobody has seen where it comes from.'.repeat(3))

async function run(
  step: MapStep,
  record: Rec,
  options: object,
  reply: Partial<Answer>,
  ancestor?: Rec,
  language = 'en',
) {
  const asked: { text: string; draw: number }[] = []
  const outcome = await step.run(record, {
    options: step.options.parse({ teacher: 't', ...options }),
    language,
    random: random('seed', record.id),
    ancestor: () => ancestor,
    draw: (_: string, n: number, among: { by(record: Rec): number }) =>
      [eel, still].sort((a, b) => among.by(b) - among.by(a)).slice(0, n),
    call: async (_: string, { messages }: Ask, draw = 0) => {
      asked.push({ text: messages.map(({ content }) => content).join('\n'), draw })
      return { call: 'c', ...reply }
    },
  } as unknown as Ctx<never>)
  return { outcome, asked }
}

test('the tree is unrolled by level, leaves are asked again by wave, and coverage sees them all', () => {
  const steps = (options: object) =>
    syllabus
      .expand(syllabus.options.parse({ teacher: 't', ...options }), 's')
      .map(({ as, from, side }) => [as, from, ...Object.values(side ?? {})])
  expect(steps({ subjects: ['stills'], depth: 2, waves: 3 })).toEqual([
    ['roots', undefined],
    ['level-1', undefined, ['$in']],
    ['level-2', undefined, ['$in']],
    ['fill-1', ['level-2'], ['$in']],
    ['short-2', ['level-2'], ['fill-1']],
    ['fill-2', ['short-2'], ['$in']],
    ['short-3', ['level-2'], ['fill-1', 'fill-2']],
    ['fill-3', ['short-3'], ['$in']],
    ['coverage', ['fill-1', 'fill-2', 'fill-3'], ['level-2']],
  ])
  expect(steps({ depth: 1, waves: 1 }).map(([as]) => as)).toEqual(['find', 'roots', 'level-1', 'fill-1', 'coverage'])
  expect([...givenRoots.rows({ subjects: ['a', 'b', 'a'] })].map(({ payload }) => payload)).toEqual([
    { kind: 'row', columns: { path: ['a'] } },
    { kind: 'row', columns: { path: ['b'] } },
  ])
})

test('roots are the subjects of most documents, each once, by its smallest id', async () => {
  const { outcome } = await run(findRoot, still, {}, { data: { subject: ' Distilling ' } })
  expect(outcome).toMatchObject({ made: [{ payload: { columns: { path: ['Distilling'] } } }] })
  const rows = [
    leaf('c', ['Stills']),
    leaf('b', ['stills']),
    leaf('a', ['Eels']),
    leaf('d', ['Rivers']),
    leaf('e', ['rivers']),
  ]
  const { verdicts } = driveGlobal(chooseRoots, [rows.slice(0, 2), rows.slice(2)], { roots: 2 })
  expect(Object.fromEntries(verdicts)).toEqual({
    a: { is: 'dropped', reason: 'beyond-roots' },
    b: { is: 'passed' },
    c: { is: 'dropped', reason: 'same-subject', evidence: { kept: 'b' } },
    d: { is: 'passed' },
    e: { is: 'dropped', reason: 'same-subject', evidence: { kept: 'd' } },
  })
})

describe('a subject', () => {
  test('is divided beside a real text that bears on it, and no part is itself, another or too much', async () => {
    const data = { subjects: ['The pot', 'the POT', '', 'Stills', 'Columns / coils', 'Cuts', 'Casks'] }
    const { outcome, asked } = await run(divide, leaf('l', ['Stills']), { breadth: 3 }, { data })
    if (outcome.is !== 'made') throw new Error(outcome.is)
    expect(outcome.made.map(({ notes }) => notes?.facets)).toEqual([
      { domain: 'Stills', topic: 'Stills / The pot' },
      { domain: 'Stills', topic: 'Stills / Columns, coils' },
      { domain: 'Stills', topic: 'Stills / Cuts' },
    ])
    expect(outcome.lost!.map(({ index, reason }) => `${index} ${reason}`)).toEqual([
      '1 duplicate-subject',
      '2 empty-subject',
      '3 duplicate-subject',
      '6 surplus',
    ])
    expect(asked[0]!.text).toContain('<extract>\nA still separates')
    expect(asked[0]!.text).toContain('exactly 3 subjects')
    // The document a root was found in comes first.
    const own = await run(divide, leaf('l', ['Stills']), {}, { data }, eel)
    expect(own.asked[0]!.text).toContain('<extract>\nThe eel')
  })

  test('bears on a text by its words, the narrower the more', () => {
    expect(bearing(['Stills', 'copper pot'], 'A copper pot.')).toBe(0.8)
    expect(bearing(['copper', 'eels'], 'A copper pot.')).toBeCloseTo(1 / 3)
    expect(bearing([], 'A copper pot.')).toBe(0)
  })

  test('gets as many prompts as it lacks, in each wave others', async () => {
    const data = { prompts: ['Why copper?', ' ', 'why COPPER', 'What does the text say?', 'How hot?', 'How long?'] }
    const path = ['Stills', 'The pot']
    const { outcome, asked } = await run(fill, leaf('l', path, { missing: 2 }), { count: 5, wave: 2 }, { data })
    if (outcome.is !== 'made') throw new Error(outcome.is)
    expect(outcome.made.map(({ index, notes }) => [index, notes!.facets])).toEqual([
      [0, { audience: 'a learner', missing: undefined }],
      [4, { audience: 'a learner', missing: undefined }],
    ])
    expect(outcome.lost!.map(({ reason }) => reason)).toEqual([
      'empty-prompt',
      'duplicate-prompt',
      'refers-to-document',
      'surplus',
    ])
    expect(asked[0]!.text).toContain('exactly 2 prompts that a learner')
    expect(asked[0]!.draw).toBe(1)
    const japanese = await run(
      fill,
      leaf('l', path),
      { count: 5, wave: 1, register: 'honorific' },
      { data },
      still,
      'ja',
    )
    expect(japanese.asked[0]!.text).toMatch(/ちょうど5個[\s\S]*- 文体: 敬語/)
  })
})

describe('coverage', () => {
  const leaves = [leaf('x', ['S', 'pot']), leaf('y', ['S', 'coil']), leaf('z', ['S', 'cask'])]
  const prompts = [
    prompt('1', 'S / pot', 'Why copper?'),
    prompt('2', 'S / pot', 'How hot?'),
    prompt('3', 'S / coil', 'why copper'),
    prompt('4', 'S / coil', 'How long?'),
  ]

  test('counts a prompt once, in the leaf that made it first, and names the leaves that lack some', () => {
    const { verdicts, notes } = driveGlobal(
      coverage,
      [prompts.slice(2), prompts.slice(0, 2)],
      { count: 2 },
      { side: { leaves: [leaves] } },
    )
    expect(verdicts.get('3')).toEqual({ is: 'dropped', reason: 'duplicate-prompt', evidence: { kept: '1' } })
    expect([...verdicts.values()].filter(({ is }) => is === 'passed')).toHaveLength(3)
    expect(notes).toEqual(['1 of 3 leaves have their 2 prompts', 'under quota: S / cask (0), S / coil (1)'])
  })

  test('lets through to the next wave what is short, with the number it lacks', () => {
    const { verdicts } = driveGlobal(short, [leaves], { count: 2 }, { side: { prompts: [prompts] } })
    expect(Object.fromEntries(verdicts)).toEqual({
      x: { is: 'dropped', reason: 'quota-met' },
      y: { is: 'passed', notes: { facets: { missing: 1 } } },
      z: { is: 'passed', notes: { facets: { missing: 2 } } },
    })
  })
})
