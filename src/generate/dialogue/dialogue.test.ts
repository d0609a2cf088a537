import { describe, expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import { type Rec, random } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { confusesRoles, dialogue } from './index.ts'

const prompt = {
  kind: 'prompt',
  id: 'p1',
  messages: [{ role: 'user', content: 'My still drips, why?' }],
  language: 'en',
  facets: {},
} as unknown as Rec<'prompt'>
type Turn = { message: string; done?: boolean } | string | Partial<Answer>

/** Runs the step: what is an object with `message` answers the user side, a text the assistant, in the order of the calls. */
async function talk(turns: Turn[], options: object = {}, record: Rec<'prompt' | 'document'> = prompt) {
  const asked: { teacher: string; text: string; roles: string; system: string }[] = []
  const outcome = await dialogue.run(record, {
    options: dialogue.options.parse({ teacher: 'assistant', user: 'user', turns: 3, ...options }),
    language: record.language ?? 'en',
    random: random('seed', record.id),
    ancestor: () => undefined,
    call: async (teacher: string, { messages }: Ask) => {
      asked.push({
        teacher,
        text: messages
          .slice(1)
          .map(message => message.content)
          .join('\n'),
        roles: messages.map(message => message.role).join(' '),
        system: messages[0]!.content!,
      })
      const turn = turns[asked.length - 1] ?? 'out of turns'
      const reply =
        typeof turn === 'string' ? { content: turn } : 'message' in turn ? { data: { done: false, ...turn } } : turn
      return { call: `c${asked.length}`, content: '', finish: 'stop', usage: {}, warnings: [], ...reply }
    },
  } as never)
  const payload = outcome.is === 'made' ? (outcome.made[0]!.payload as Rec<'conversation'>) : undefined
  const facets = outcome.is === 'made' ? outcome.made[0]!.notes!.facets! : {}
  return { outcome, asked, facets, said: payload?.messages.map(({ role, content }) => `${role}: ${content}`) }
}

describe('turns', () => {
  test('alternate between two teachers until the number is reached, and each side sees what was said', async () => {
    const { said, asked, facets } = await talk([
      'Is the joint wet?',
      { message: 'yes, at the top' },
      'Then renew the seal.',
      { message: 'which one' },
      'The round one.',
    ])
    expect(said).toEqual([
      'user: My still drips, why?',
      'assistant: Is the joint wet?',
      'user: yes, at the top',
      'assistant: Then renew the seal.',
      'user: which one',
      'assistant: The round one.',
    ])
    expect(asked.map(({ teacher }) => teacher)).toEqual(['assistant', 'user', 'assistant', 'user', 'assistant'])
    expect(asked.map(({ roles }) => roles)).toEqual([
      'system user',
      'system user',
      'system user assistant user',
      'system user',
      'system user assistant user assistant user',
    ])
    expect(asked[3]!.text).toContain('[user]\nyes, at the top\n\n[assistant]\nThen renew the seal.\n</conversation>')
    expect(facets).toMatchObject({ turns: 3, goal: 'open' })
  })

  test('the assistant follows a system turn that the user never sees', async () => {
    const system = 'You work for the ACME still shop. Never name a price.'
    const { said, asked } = await talk(['a', { message: 'b' }, 'c', { message: 'd' }, 'e'], { system })
    expect(said![0]).toBe(`system: ${system}`)
    for (const { teacher, system: seen, text } of asked)
      expect(`${seen}${text}`.includes(system)).toBe(teacher === 'assistant')
  })

  test('the user may stop once the fewest turns are over, and not before', async () => {
    const { said, facets } = await talk(
      ['a', { message: 'more', done: true }, 'b', { message: 'thanks', done: true }],
      {
        turns: [2, 2],
      },
    )
    expect(said).toHaveLength(4)
    expect(facets).toMatchObject({ turns: 2, goal: 'open' })
    const met = await talk(['a', { message: '', done: true }], { turns: [1, 1] })
    expect(met.said).toHaveLength(2)
    // A seed that draws more turns than the fewest.
    const early = await talk(['a', { message: 'thanks', done: true }], { turns: [1, 32] })
    expect(early.said).toHaveLength(2)
    expect(early.facets).toMatchObject({ turns: 1, goal: 'met' })
    expect((await talk(['a', { message: '', done: true }], { turns: [2, 3] })).outcome).toMatchObject({
      is: 'dropped',
      reason: 'too-short',
    })
  })

  test.each<[string, Turn]>([
    ['role-confusion', { message: 'How can I help you with your still?' }],
    ['repeated-turn', { message: 'my still drips: WHY' }],
    ['empty-turn', { message: ' ' }],
    ['unparseable', { bad: { reason: 'unparseable', detail: 'no JSON' } }],
  ])('%s ends the conversation: what stands before it stays where it is long enough', async (reason, turn) => {
    const long = await talk(['Is it wet?', turn], { turns: [1, 32] })
    expect(long.said).toHaveLength(2)
    expect(long.outcome).toMatchObject({ lost: [{ index: 2, reason, evidence: { call: 'c2' } }] })
    const short = await talk(['Is it wet?', turn], { turns: 2 })
    expect(short.outcome).toMatchObject({ is: 'dropped', reason, evidence: { turns: 1, call: 'c2' } })
  })
  test('the assistant may not repeat itself either, and a last question without an answer is no row', async () => {
    const { said, outcome } = await talk(['Is it wet?', { message: 'yes' }, 'is it wet'], { turns: [1, 32] })
    expect(said).toEqual(['user: My still drips, why?', 'assistant: Is it wet?'])
    expect(outcome).toMatchObject({ lost: [{ index: 2, reason: 'repeated-turn' }] })
  })
})

describe('the user', () => {
  test('has the background of a document, a persona and a manner drawn for the row, in its language', async () => {
    const page = document('d', 'A still heats a liquid.', { facets: { audience: 'a brewer' } })
    const { asked, facets } = await talk([{ message: 'what is a still for' }, 'It heats.'], { turns: 1 }, page)
    expect(asked[0]).toMatchObject({ teacher: 'user', text: expect.stringContaining('<background>\nA still heats') })
    expect(asked[0]!.text).toContain('You are a brewer.')
    expect(asked[1]!.system).toContain('<reference>\nA still heats a liquid.\n</reference>')
    expect(facets).toMatchObject({ persona: 'a brewer', style: expect.stringMatching(/^[a-z]+$/) })
    const ja = document('d', '蒸留器は液体を熱する。', { language: 'ja' })
    expect((await talk([{ message: '何に使う？' }, '熱します。'], { turns: 1 }, ja)).asked[0]!.text).toContain(
      '書き方:',
    )
  })
  test('is drawn by seed and row', async () => {
    const personas = ['a nurse', 'a baker', 'a pilot', 'a clerk']
    const of = async (id: string) =>
      (await talk(['a', { message: 'b' }, 'c', { message: 'd' }, 'e'], { personas }, { ...prompt, id })).facets.persona
    const drawn = await Promise.all(['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map(of))
    expect(new Set(drawn).size).toBeGreaterThan(1)
    expect(await of('p1')).toBe(drawn[0])
  })
  test('turns from more to fewer are a mistake', () => {
    expect(dialogue.options.safeParse({ teacher: 't', turns: [4, 2] }).success).toBe(false)
  })
})

test.each([
  ['How may I assist you today?', true],
  ['As an AI language model I cannot do that.', true],
  ["Certainly! Here's a plan.", true],
  ['かしこまりました。こちらの手順です。', true],
  ['何かお手伝いできることはありますか。', true],
  ['can you help me with the seal', false],
  ['Sure, I did that, and it still drips.', false],
  ['やってみましたが、まだ漏れます。', false],
])('%j is said by an assistant: %s', (message, expected) => {
  expect(confusesRoles(message) !== undefined).toBe(expected)
})
