import { describe, expect, test } from 'vitest'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { newest } from '../waves.ts'
import { evolve } from './evolve.ts'
import { chosen, operators } from './operators.ts'
import { evolveRewrite } from './rewrite.ts'
import { added, eliminated } from './rules.ts'

const limits = { added: 3, longest: 60, alike: 0.7 }

describe('elimination', () => {
  const parent = 'Explain how a bicycle pump works.'
  test.each([
    ['Explain to a ten-year-old how a bicycle pump works, with one drawing made of letters.', undefined],
    [parent.toUpperCase(), 'no-information'],
    ['Please explain how the bicycle pump works.', 'no-information'],
    ['… and so on!', 'says-nothing'],
    ['Sorry, I am not able to rewrite this request about pumps.', 'refusal'],
    ['Rewritten prompt: explain how a bicycle pump works at high altitude in winter.', 'leaked-words'],
    ['#The Given Prompt# explain how a bicycle pump works at high altitude.', 'leaked-words'],
    [`Explain how a bicycle pump works ${'and why '.repeat(40)}`, 'too-long'],
  ])('%j: %s', (child, reason) => {
    expect(eliminated({ parent, child, breadth: false }, limits)?.reason).toBe(reason)
  })

  test('what the parent says already is no leak and no refusal', () => {
    const about = 'Say sorry for the given prompt.'
    const child = 'Say sorry for the given prompt in a short letter to three customers.'
    expect(eliminated({ parent: about, child, breadth: false }, limits)).toBeUndefined()
  })

  test('a long text that apologises somewhere is no refusal', () => {
    const child = `Write a letter in which a baker says sorry. ${'Name the cake, the day and the customer. '.repeat(12)}`
    expect(eliminated({ parent, child, breadth: false }, { ...limits, longest: 400 })).toBeUndefined()
  })

  test('a new prompt must be unlike its parent', () => {
    const [child, other] = ['Explain how a bicycle bell works.', 'Compare two ways of repairing a spoke on tour.']
    expect(eliminated({ parent, child, breadth: true }, limits)).toEqual({ reason: 'no-information', rougeL: 0.8333 })
    expect(eliminated({ parent, child: other, breadth: true }, limits)).toBeUndefined()
  })

  test.each([
    ['自転車の空気入れの仕組みを説明してください。', 'no-information'],
    ['自転車の空気入れの仕組みを、小学生にも分かるように図を使わず三百字以内で説明してください。', undefined],
    ['申し訳ありませんが、書き直せません。', 'refusal'],
    ['書き直した依頼: 自転車の空気入れの仕組みを三百字以内で詳しく説明してください。', 'leaked-words'],
  ])('%s: %s', (child, reason) => {
    const change = { parent: '自転車の空気入れの仕組みを説明して下さい。', child, breadth: false }
    expect(eliminated(change, limits)?.reason).toBe(reason)
  })

  test('added words are counted without stop words, and as often as they stand there', () => {
    expect(added({ parent: 'boil an egg', child: 'boil an egg and the egg of a goose', breadth: false })).toBe(2)
    expect(added({ parent: '卵をゆでる', child: '鶏卵をゆでる', breadth: false })).toBe(0.5)
  })
})

test('operators fall as they weigh, and one without weight never', () => {
  const tally = (weights: object) => {
    const counts: { [operator: string]: number } = {}
    for (let i = 0; i < 600; i++) {
      const operator = chosen(weights, (i + 0.5) / 600)
      counts[operator] = (counts[operator] ?? 0) + 1
    }
    return counts
  }
  expect(tally(Object.fromEntries(operators.map(operator => [operator, 1])))).toEqual(
    Object.fromEntries(operators.map(operator => [operator, 100])),
  )
  expect(tally({ breadth: 3, deepen: 1, reasoning: 0 })).toEqual({ deepen: 150, breadth: 450 })
  expect(evolve.options.safeParse({ teacher: 't', operators: { deepen: 0 } }).success).toBe(false)
  expect(evolve.options.safeParse({ teacher: 't', operators: { widen: 1 } }).success).toBe(false)
})

describe('a rewriting', () => {
  const record = {
    kind: 'prompt',
    id: 'p',
    digest: 'x',
    messages: [
      { role: 'system', content: 'You mend bicycles.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'What can I do?' },
      { role: 'user', content: 'How do I pump up a tyre?' },
    ],
    reference: 'With a pump.',
    language: 'en',
    facets: { topic: 'tyres', difficulty: 'easy', depth: 1, root: 'seed' },
    scores: {},
    lineage: { origin: 'real', generation: 0, parents: [] },
  } as unknown as Rec<'prompt'>
  const run = async (options: object, replies: { [teacher: string]: Partial<Answer> }) => {
    const asked: { teacher: string; ask: Ask; draw: number | undefined }[] = []
    const ctx = {
      options: evolveRewrite.options.parse({ teacher: 'writer', ...options }),
      language: 'en',
      random: () => 0,
      ancestor: () => undefined,
      call: async (teacher: string, ask: Ask, draw?: number) => {
        asked.push({ teacher, ask, draw })
        return { call: teacher, content: '', finish: 'stop', usage: {}, warnings: [], ...replies[teacher] }
      },
    } as never
    return { outcome: await evolveRewrite.run(record, ctx), asked }
  }
  const harder = 'How do I pump up a tyre in the dark with one gloved hand?'

  test('in depth: the last turn alone changes, the operator is named, and the old answer is gone', async () => {
    const { outcome, asked } = await run(
      { operators: ['reasoning'], wave: 3 },
      { writer: { data: { rewritten: harder } } },
    )
    if (outcome.is !== 'made') throw new Error(outcome.is)
    const [draft] = outcome.made
    expect(draft!.payload).toEqual({
      kind: 'prompt',
      messages: [...record.messages.slice(0, 3), { role: 'user', content: harder }],
    })
    expect(draft!.notes!.facets).toEqual({ operator: 'reasoning', depth: 2, root: 'seed' })
    const text = asked[0]!.ask.messages.map(message => message.content).join('\n')
    expect(text).toContain('several thoughts that build on each other')
    expect(text).toContain('<prompt>\nHow do I pump up a tyre?\n</prompt>')
    expect(text).toContain('assistant: What can I do?')
    expect(asked[0]!.draw).toBe(2)
    expect(asked[0]!.ask.prompts).toHaveLength(2)
  })

  test('in breadth: a prompt of its own, as deep as before', async () => {
    const created = 'Which rare valve types were common on French touring cycles?'
    const { outcome } = await run({ operators: { breadth: 1 } }, { writer: { data: { created } } })
    if (outcome.is !== 'made') throw new Error(outcome.is)
    expect(outcome.made[0]!.payload.messages).toEqual([record.messages[0], { role: 'user', content: created }])
    expect(outcome.made[0]!.notes!.facets).toMatchObject({ operator: 'breadth', depth: 1, topic: undefined })
  })

  test('a referee that finds both the same ends it; one that cannot be understood does not', async () => {
    const writer = { data: { rewritten: harder } }
    const same = await run(
      { operators: ['constraints'], referee: 'r' },
      { writer, r: { data: { reason: 'same task', equal: true } } },
    )
    expect(same.outcome).toMatchObject({
      is: 'dropped',
      reason: 'no-information',
      evidence: { operator: 'constraints', prompt: harder, call: 'writer', referee: { call: 'r', why: 'same task' } },
    })
    const unclear = await run(
      { operators: ['constraints'], referee: 'r' },
      { writer, r: { bad: { reason: 'unparseable', detail: '' } } },
    )
    expect(unclear.outcome.is).toBe('made')
  })

  test('a solver that apologises ends it, and is asked as the step `answer` asks', async () => {
    const writer = { data: { rewritten: harder } }
    const failed = await run(
      { operators: ['constraints'], solver: 's' },
      { writer, s: { content: 'Sorry, I cannot answer that.' } },
    )
    expect(failed.outcome).toMatchObject({ reason: 'unanswered', evidence: { solver: { call: 's' } } })
    const solved = await run(
      { operators: ['constraints'], solver: 's' },
      { writer, s: { content: 'Feel for the valve first.' } },
    )
    if (solved.outcome.is !== 'made') throw new Error(solved.outcome.is)
    expect(solved.outcome.made[0]!.calls).toEqual(['writer'])
    expect(solved.asked[1]!.ask.messages[1]!.content).toContain(harder)
  })

  test('an unusable reply, and a prompt without a turn to evolve, are drops by name', async () => {
    const { outcome } = await run({}, { writer: { bad: { reason: 'refused', detail: 'no' } } })
    expect(outcome).toMatchObject({ is: 'dropped', reason: 'refused', evidence: { call: 'writer' } })
  })
})

describe('waves', () => {
  const names = (options: object) =>
    evolve
      .expand(evolve.options.parse({ teacher: 't', waves: 2, ...options }), 'evolve')
      .map(({ as, from }) => [as, ...from!].join(' '))
  test('a wave reads the newest of all; the end is every round, or the newest', () => {
    const first = ['w1 $in', 'w1-newest $in w1', 'w2 w1-newest']
    expect(names({})).toEqual([...first, ' $in w1 w2'])
    expect(names({ keep: 'last' })).toEqual([...first, ' w1-newest w2'])
  })
  test('the newest is what was made, and what nothing was made of', () => {
    const one = (id: string, parent?: string, step = 'evolve.w1') =>
      ({ id, lineage: { parents: parent ? [{ id: parent, role: 'subject' }] : [], made: { step } } }) as unknown as Rec
    // `b` came in beside what an earlier step made of it, and nothing has come of it here.
    const cameIn = [one('a'), one('b', 'seed', 'ask'), one('c', 'b', 'self-instruct.w1')]
    const { kept } = driveGlobal(newest, [cameIn, [one('a1', 'a')]], { grown: 'evolve.w' })
    expect(kept.map(record => record.id)).toEqual(['b', 'c', 'a1'])
  })
})
