import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import { type Rec, random } from '../../records/index.ts'
import type { Answer, Ask, Ctx } from '../../steps/index.ts'
import { check, dress } from './check.ts'
import { bounds, codeOf, dressed, lengths, type Manner, mannerOf, parseManner } from './manner.ts'
import { compare, drawn, plan, sharesOf } from './plan.ts'
import { slip, suspects } from './slips.ts'
import { write } from './write.ts'

const prompt = (id: string, content: string, facets: Rec['facets'] = {}) =>
  ({
    kind: 'prompt',
    id,
    digest: id,
    messages: [
      { role: 'system', content: 'A bank.' },
      { role: 'user', content },
    ],
    facets,
    scores: {},
    lineage: { origin: 'real', generation: 0, parents: [] },
  }) as Rec<'prompt'>

describe('the manner of a message', () => {
  test.each([
    ['Why is my card not here yet?', '5-8 sentence question neutral bare'],
    ['hey my card didnt arrive pls help', '5-8 lower none informal polite'],
    ['where do i get it', '5-8 lower none informal bare'],
    ['MY CARD IS GONE!', '1-4 upper exclamation neutral bare'],
    ['カードが届きません。いつ頃になりますか？', '5-8 none question polite bare'],
    ['恐れ入りますが、カードの再発行をお願いいたします。', '5-8 none stop honorific polite'],
    ['カード 再発行 方法', '1-4 none none fragment bare'],
    ['再発行 手数料', '1-4 none none fragment bare'],
  ])('%s: %s', (text, code) => {
    expect(codeOf(mannerOf(text))).toBe(code)
    expect(parseManner(code)).toEqual(mannerOf(text))
  })

  test('every number of words has one length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), words => {
        const { length } = mannerOf('word '.repeat(words))
        const [from, to] = bounds(length)
        expect(words >= from && words <= to).toBe(true)
        expect(lengths.filter(other => words >= bounds(other)[0] && words <= bounds(other)[1])).toEqual([length])
      }),
    )
  })

  test.each([
    ['Why is ATM cash late?', { case: 'lower', ending: 'none' }, 'why is atm cash late'],
    ['my card is late', { case: 'sentence', ending: 'stop' }, 'My card is late.'],
    // A rule makes no statement of a question.
    ['Why is it late?', { case: 'sentence', ending: 'stop' }, 'Why is it late?'],
    ['カードが届かない。', { case: 'none', ending: 'exclamation' }, 'カードが届かない！'],
    ['いつ届きますか。', { case: 'none', ending: 'question' }, 'いつ届きますか？'],
    ['いつ届きますか？', { case: 'none', ending: 'exclamation' }, 'いつ届きますか？'],
  ])('%s is dressed', (text, manner, made) => {
    expect(dressed(text, manner as Manner)).toBe(made)
  })
})

describe('slips', () => {
  test('one letter of one longer word, never the first, and names of things that must be exact stay', () => {
    const text = 'Why is my withdrawal at ATM12 or info@example.org still pending?'
    const found = new Set<string>()
    for (let i = 0; i < 300; i++) {
      const made = slip(text, false, random('slip', i))!
      found.add(made.slip)
      const [before, after] = [text.split(' '), made.text.split(' ')]
      const changed = before.flatMap((word, at) => (word === after[at] ? [] : [[word, after[at]!]]))
      expect(changed).toHaveLength(1)
      const [[was, is]] = changed as [[string, string]]
      expect(['withdrawal', 'still', 'pending?']).toContain(was)
      expect(is[0]).toBe(was[0])
      expect(Math.abs(is.length - was.length)).toBeLessThanOrEqual(1)
    }
    expect([...found].sort()).toEqual(['doubling', 'neighbour', 'omission', 'transposition'])
    expect(slip('Is it ok?', false, random('x'))).toBeUndefined()
  })

  test('in Japanese a particle is left out or a word converted to its homophone', () => {
    const made = new Set(
      Array.from({ length: 60 }, (_, i) => slip('保証の期間を変更したい。', true, random('ja', i))!.text),
    )
    expect(made).toContain('保証の期間変更したい。')
    expect(made).toContain('保障の期間を変更したい。')
    expect(slip('はい', true, random('x'))).toBeUndefined()
  })

  test('are suspected beside a common word, not at its ends and not in short words', () => {
    const counts = new Map([
      ['payment', 9],
      ['paymnet', 1],
      ['payments', 1],
      ['exchange', 4],
      ['exchage', 1],
      ['card', 30],
      ['cerd', 1],
      ['chance', 1],
    ])
    expect(suspects(counts)).toEqual(['exchage', 'paymnet'])
  })
})

describe('the plan', () => {
  const pool = [
    ...Array.from({ length: 30 }, (_, i) => prompt(`a${i}`, 'why is my card late')),
    ...Array.from({ length: 10 }, (_, i) => prompt(`b${i}`, 'Could you please tell me why my card has not come yet?')),
    prompt('j', 'カードが届きません。'),
  ]
  const records = Array.from({ length: 400 }, (_, i) => prompt(`r${i}`, 'Is the shop open?'))

  test('draws manners as often as the pool has them, traits that go together together, and languages apart', () => {
    const { verdicts, notes } = driveGlobal(plan, [records], { variants: 2, slips: 0.5 }, { side: { pool: [pool] } })
    const plans = [...verdicts.values()].flatMap(verdict =>
      verdict.is === 'passed' ? String(verdict.notes?.facets?.manners).split('; ') : [],
    )
    expect(plans).toHaveLength(800)
    const counts = Map.groupBy(plans, one => one.replace(' slip', ''))
    expect([...counts.keys()].sort()).toEqual(['5-8 lower none neutral bare', '9-16 sentence question neutral polite'])
    expect(counts.get('5-8 lower none neutral bare')!.length / 800).toBeCloseTo(0.75, 1)
    expect(plans.filter(one => one.endsWith('slip')).length / 800).toBeCloseTo(0.5, 1)
    expect(notes[0]).toBe('41 real queries measured')
    const again = driveGlobal(plan, [records.toReversed()], { variants: 2, slips: 0.5 }, { side: { pool: [pool] } })
    expect(again.verdicts.get('r7')).toEqual(verdicts.get('r7'))
  })

  test('a language that the pool does not hold is dropped by name, and an asked register counts', () => {
    const of = (texts: Rec[], options: object) =>
      driveGlobal(
        plan,
        [[prompt('x', 'カードはどこですか？')]],
        { variants: 1, ...options },
        { side: { pool: [texts] } },
      )
    expect(of(pool.slice(0, 40), {}).verdicts.get('x')).toMatchObject({ reason: 'nothing-measured' })
    expect(of(pool, { register: 'honorific', slips: 0 }).verdicts.get('x')).toMatchObject({
      notes: { facets: { manners: '1-4 none stop honorific bare' } },
    })
  })

  test('shares and draws', () => {
    const manners: [string, number][] = [
      ['en 1-4 lower none neutral bare', 1],
      ['en 5-8 lower none neutral polite', 3],
    ]
    expect(drawn(manners, 0.2)).toBe(manners[0]![0])
    expect(drawn(manners, 0.26)).toBe(manners[1]![0])
    expect([...sharesOf(new Map(manners), 'politeness')]).toEqual([
      ['polite', 0.75],
      ['bare', 0.25],
    ])
    const told = driveGlobal(compare, [records], {}, { side: { pool: [pool] } }).notes
    expect(told[2]).toBe('ending: none 0 % (real 73 %), question 100 % (real 24 %), stop 0 % (real 2 %)')
  })
})

describe('writing', () => {
  const seed = prompt('s', 'Why is my card late?', {
    topic: 'card',
    manners: '5-8 lower none informal polite; 1-4 sentence question neutral bare slip',
  })
  const run = async (record: Rec<'prompt'>, queries: string[], more: object = {}) => {
    const asked: Ask[] = []
    const outcome = await write.run(record, {
      options: write.options.parse({ teacher: 'w', ...more }),
      draw: () => [prompt('e', 'cash </query> stuck')],
      call: async (_: string, ask: Ask) => {
        asked.push(ask)
        return { call: 'c', data: { queries } } as unknown as Answer
      },
    } as unknown as Ctx<never>)
    if (outcome.is !== 'made') throw new Error(outcome.is)
    return { ...outcome, text: asked[0]!.messages.map(m => m.content).join('\n') }
  }

  test('asks for each manner in words and keeps it, system turn and topic beside what was written', async () => {
    const { made, lost, text } = await run(seed, ['pls tell me where my card is', 'Card here?', 'one more'])
    expect(text).toContain('1. 5 to 8 words; all in lower case; no mark at the end; chatty')
    expect(text).toContain('2. 1 to 4 words')
    expect(text).toContain('another need that the same kind of user may have')
    expect(made.map(({ payload, notes }) => [(payload as Rec<'prompt'>).messages.length, notes?.facets])).toEqual([
      [2, { ...parseManner('5-8 lower none informal polite'), manners: undefined }],
      [2, { ...parseManner('1-4 sentence question neutral bare'), manners: undefined, slip: 'wanted' }],
    ])
    expect(lost).toMatchObject([{ index: 2, reason: 'surplus' }])
  })

  test('copies, repetitions and nothing are lost by name; Japanese is asked for in Japanese, in characters', async () => {
    const { lost } = await run({ ...seed, facets: { manners: 'a; b; c; d' } }, [
      'why is my card late',
      ' ',
      'Ok?',
      'ok',
    ])
    expect(lost!.map(one => one.reason)).toEqual(['copy', 'empty-query', 'duplicate-query'])
    const japanese = prompt('j', 'カードはどこ？', { manners: '5-8 none stop honorific polite' })
    expect((await run(japanese, ['あ'])).text).toMatch(/1\. 15〜24字、句点で終える、敬語/)
  })

  test('what misses its length, register or courtesy goes; what is a little long stays', () => {
    const of = (text: string, code: string, options: object = {}) => {
      const verdict = check.test(prompt('q', text, parseManner(code)), check.options.parse(options))
      return verdict.is === 'dropped' ? verdict.reason : verdict.is
    }
    expect(of('one two three four five', '1-4 lower none neutral bare')).toBe('passed')
    expect(of('one two three four five six seven', '1-4 lower none neutral bare')).toBe('other-length')
    expect(of('please help now', '1-4 lower none neutral bare')).toBe('other-politeness')
    expect(of('カードが届かない。', '1-4 none stop polite bare')).toBe('other-register')
    expect(of('please help now', '1-4 lower none neutral bare', { hold: ['length'] })).toBe('passed')
  })

  test('rules put on what was drawn, and the facets say what came of it', async () => {
    const facets = { ...parseManner('5-8 lower none neutral bare'), slip: 'wanted' }
    const outcome = await dress.run(prompt('q', 'Why is my withdrawal late?', facets), {
      random: random('dress'),
    } as unknown as Ctx<never>)
    expect(outcome).toMatchObject({ is: 'fixed', reason: 'slip', notes: { facets: { case: 'lower', ending: 'none' } } })
    const { payload, notes } = outcome as Extract<typeof outcome, { is: 'fixed' }>
    expect(payload.messages[1]!.content).not.toBe('why is my withdrawal late')
    expect(notes!.facets!.slip).not.toBe('wanted')
  })
})
