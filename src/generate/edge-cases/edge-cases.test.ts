import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import type { Facets, Rec } from '../../records/index.ts'
import { compareCases, cutCases, nearest } from './check.ts'
import { dealt, findRegions, floorOf, tellCoverage } from './cover.ts'
import { edgeCases } from './index.ts'
import { fitsLength, lengthClass, regionOf } from './region.ts'
import { writeCases } from './write.ts'

const prompt = (id: string, content: string, facets: Facets = {}, scores: Rec['scores'] = {}): Rec<'prompt'> => ({
  kind: 'prompt',
  messages: [{ role: 'user', content }],
  id,
  digest: id,
  facets,
  scores,
  lineage: { origin: 'real', generation: 0, parents: [] },
})
const many = (topic: string, n: number, text = 'where is it') =>
  Array.from({ length: n }, (_, i) => prompt(`${topic}${i}`, `${text} ${i}`, { topic }))

describe('regions', () => {
  test.each([
    [1, '1-8 words'],
    [8, '1-8 words'],
    [9, '9-20 words'],
    [20, '9-20 words'],
    [21, '21 words or more'],
  ])('%i words are %s', (n, name) => {
    expect(lengthClass(n, [20, 8])).toBe(name)
  })
  test('facets, length and language in the order asked for; what is not known says so', () => {
    const record = { ...prompt('a', 'Wo ist meine Karte?', { topic: 'cards' }), language: 'de' }
    expect(regionOf(record, { by: ['language', 'topic', 'length', 'register'], lengths: [3] })).toEqual([
      ...['de', 'cards', '4 words or more', 'unknown'],
    ])
    expect(fitsLength('one two', 'en', ['x', '1-3 words'], { by: ['topic', 'length'], lengths: [3] })).toBe(true)
    expect(fitsLength('one two three four', 'en', ['x', '1-3 words'], { by: ['topic', 'length'], lengths: [3] })).toBe(
      false,
    )
    expect(fitsLength('one two three four', 'en', ['x'], { by: ['topic'], lengths: [3] })).toBe(true)
  })
})

describe('what is missing', () => {
  test('regions under half of the mean are filled up to it, shared out among their rows; the others are left alone', () => {
    // 12, 10 and 2: the mean is 8, half of it 4, so that c lacks 2; three times that is 6 over two rows.
    const rows = [...many('a', 12), ...many('b', 10), ...many('c', 2)]
    const ran = driveGlobal(findRegions, [rows], { by: ['topic'] })
    expect(ran.kept.map(({ id }) => id)).toEqual(['c0', 'c1'])
    const wanted = [...ran.verdicts.values()].flatMap(v => (v.is === 'passed' ? [v.notes?.facets?.wanted] : []))
    expect(wanted).toEqual([3, 3])
    expect(ran.notes).toEqual(['1 of 3 regions have fewer than 4 rows; 6 are to be written'])
  })
  test('a declared floor, a cap, and no more rows asked than are wanted', () => {
    const ran = driveGlobal(findRegions, [many('a', 5)], { by: ['topic'], floor: 50, most: 2, times: 1 })
    expect(ran.kept).toHaveLength(2)
    expect(floorOf([12, 10, 2], { under: 0.5, most: 9 })).toBe(4)
    fc.assert(
      fc.property(fc.nat(500), fc.integer({ min: 1, max: 60 }), (quota, n) => {
        const hands = Array.from({ length: n }, (_, at) => dealt(quota, n, at))
        expect(hands.reduce((a, b) => a + b, 0)).toBe(quota)
        expect(Math.max(...hands) - Math.min(...hands)).toBeLessThanOrEqual(1)
      }),
    )
  })
  test('what was written stands beside the real rows up to what is missing, the likest first; all real ones stay', () => {
    const score = (value: number) => ({ 'edge-cases/region': { method: 'm', value } })
    const real = [...many('a', 12), ...many('c', 2)]
    const made = [0.2, 0.9, 0.5].map((value, i) => prompt(`new${i}`, 'x', { topic: 'c' }, score(value)))
    const options = { by: ['topic'], floor: 4, score: 'edge-cases/region' }
    const ran = driveGlobal(tellCoverage, [real, made], options, { side: { made: [made] } })
    expect(droppedBy(ran.verdicts)).toEqual({ 'not-needed': ['new0'] })
    expect(ran.kept).toHaveLength(14 + 2)
    expect(ran.notes).toEqual(['1 of 2 regions had fewer than 4 rows, and 0 still have', 'c: 2 real + 2 written = 4'])
  })
})

describe('the check against real prompts', () => {
  const real = [prompt('r1', 'my card was swallowed by the machine', { topic: 'card' })]
  const held = [
    prompt('h1', 'the atm kept my card and gave nothing back', { topic: 'card' }),
    prompt('h2', 'what is the rate for euros', { topic: 'rates' }),
  ]
  const by = { by: ['topic'] }
  const scored = (text: string, topic: string) => {
    const ran = driveGlobal(compareCases, [[prompt('new', text, { topic })]], by, {
      side: { real: [real], held: [held] },
    })
    const verdict = ran.verdicts.get('new')!
    const scores = verdict.is === 'passed' ? verdict.notes!.scores! : {}
    return Object.fromEntries(Object.entries(scores).map(([aspect, score]) => [`k/${aspect}`, score]))
  }
  const judged = (text: string, topic: string) =>
    cutCases.test(prompt('new', text, { topic }, scored(text, topic)), cutCases.options.parse({ key: 'k' }))

  test('a copy of a real row, shown or held out, goes; so does what is about something else', () => {
    expect(judged('My card was swallowed by the machine!', 'card')).toMatchObject({ is: 'dropped', reason: 'copy' })
    expect(judged('The ATM kept my card and gave nothing back.', 'card')).toMatchObject({ reason: 'copy' })
    expect(judged('why is the sky blue', 'card')).toMatchObject({ is: 'dropped', reason: 'off-region' })
    expect(judged('the atm kept my card after I typed the pin', 'card')).toEqual({ is: 'passed' })
  })
  test('it is compared within its class, and not with held-out rows of others; with none it is unverified', () => {
    expect(judged('what is today the rate for many dollars', 'card')).toMatchObject({ reason: 'off-region' })
    expect(judged('what is today the rate for many dollars', 'rates')).toEqual({ is: 'passed' })
    expect(judged('anything at all', 'loans')).toMatchObject({ is: 'dropped', reason: 'unverified' })
    expect(scored('anything', 'loans')['k/region']).toMatchObject({ unscored: 'nothing-held-out' })
    expect(scored('anything', 'constructor')['k/region']).toMatchObject({ unscored: 'nothing-held-out' })
  })
  test('nearest is the most words shared, in twos', () => {
    // Dice: three of four words of each.
    expect(nearest('a b c d', ['a b c x', 'z'])).toBe(0.75)
    expect(nearest('a', [])).toBe(0)
  })
})

describe('writing', () => {
  const example = prompt('p', 'Where is my card?', { topic: 'cards', wanted: 2 })
  const run = (queries: string[], language?: string) =>
    writeCases.run({ ...example, ...(language ? { language } : {}) }, {
      options: writeCases.options.parse({ teacher: 't', lengths: [5] }),
      language: language ?? 'en',
      call: async (_: string, ask: { messages: { content: string }[] }) => {
        asked = ask.messages.map(({ content }) => content).join('\n')
        return {
          ...{ call: 'c', content: '', finish: 'stop', usage: {}, warnings: [] },
          data: { queries: queries.map(query => ({ query })) },
        }
      },
    } as never)
  let asked = ''

  test('unusable queries are lost by name; the region is asked for, and the note of how many is taken off', async () => {
    const said = [
      '',
      'where is my card',
      'It never came!',
      'it never came',
      'One that is much too long for it.',
      'Lost it?',
      'More?',
    ]
    const outcome = await run(said)
    if (outcome.is !== 'made') throw new Error(outcome.is)
    expect(outcome.made.map(({ index }) => index)).toEqual([2, 5])
    expect(outcome.made[0]!.notes!.facets).toEqual({ wanted: undefined })
    expect(outcome.lost?.map(({ index, reason }) => [index, reason])).toEqual([
      ...[
        [0, 'empty-query'],
        [1, 'copy'],
        [3, 'duplicate-query'],
        [4, 'other-length'],
        [6, 'surplus'],
      ],
    ])
    expect(asked).toContain('<example>\nWhere is my card?\n</example>')
    expect(asked).toMatch(/- topic: cards\n- length: 1-5 words/)
  })
  test('Japanese prompts for Japanese records', async () => {
    await run(['届きません'], 'ja')
    expect(asked).toContain('2件')
  })
})

test('the steps it becomes: the last one takes the real rows again', () => {
  const steps = edgeCases.expand(edgeCases.options.parse({ teacher: 't', held: 'held' }), 'edge-cases')
  expect(steps.map(({ as, from }) => [as, from])).toEqual([
    ...[
      ['find', undefined],
      ['write', undefined],
      ['compare', undefined],
      ['cut', undefined],
      ['', ['$in', 'cut']],
    ],
  ])
  for (const { step, options } of steps) expect(step.options.safeParse(options).error).toBeUndefined()
})
