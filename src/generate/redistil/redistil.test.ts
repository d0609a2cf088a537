import { describe, expect, test } from 'vitest'
import type { Message, Payload, Rec } from '../../records/index.ts'
import type { Answer, Ask, Ctx, Outcome } from '../../steps/index.ts'
import { redistil } from './index.ts'

const say = (role: Message['role'], content: string): Message => ({ role, content })
const talk = [
  say('system', 'You help with stills.'),
  say('assistant', 'Hello, what is it?'),
  say('user', 'Why is it cloudy?'),
  say('assistant', 'Old answer one.'),
  say('user', 'And {{now}}?'),
  { ...say('assistant', 'Old answer two.'), reasoning: 'old' },
]
const record = (messages: Message[], language = 'en') =>
  ({ kind: 'conversation', id: 'c', messages, language, facets: {}, scores: {}, lineage: {} }) as Rec<'conversation'>

async function run(conversation: Rec<'conversation'>, replies: Partial<Answer>[], options: object = {}) {
  const asked: Ask[] = []
  const outcome = await redistil.run(conversation, {
    options: redistil.options.parse({ teacher: 't', ...options }),
    language: conversation.language,
    call: async (_: string, ask: Ask) => ({ call: `c${asked.push(ask)}`, content: '', ...replies[asked.length - 1] }),
  } as unknown as Ctx<never>)
  return { outcome, asked }
}

function madeOf(outcome: Outcome) {
  if (outcome.is !== 'made') throw new Error(outcome.is)
  return outcome.made[0]!.payload as Payload<'conversation'>
}

describe('turns', () => {
  test('are written one after the other, each after the new ones; user, system and greeting stay word for word', async () => {
    const { outcome, asked } = await run(record(talk), [
      { content: '<think>hm</think>New one.' },
      { content: 'New two.', reasoning: 'because' },
    ])
    expect(outcome).toMatchObject({ is: 'made', made: [{ index: 0, notes: { facets: { turns: 2 } } }] })
    const { messages } = madeOf(outcome)
    expect(messages).toEqual([
      ...talk.slice(0, 3),
      { role: 'assistant', content: 'New one.', reasoning: 'hm' },
      talk[4],
      { role: 'assistant', content: 'New two.', reasoning: 'because' },
    ])
    const [first, second] = asked.map(ask => ask.messages)
    expect(first!.map(m => m.role)).toEqual(['system', 'assistant', 'user'])
    expect(first![0]!.content).toMatch(/^You help with stills\.\n\nYou are the assistant/)
    // What was thought stays out of the chat, and what a person wrote is no template.
    expect(second!.slice(1)).toEqual([talk[1], talk[2], say('assistant', 'New one.'), say('user', 'And {{now}}?')])
  })

  test('only the last one keeps the others as they were', async () => {
    const { outcome, asked } = await run(record(talk), [{ content: 'New two.' }], { only: 'last' })
    const { messages } = madeOf(outcome)
    expect(messages.map(m => m.content).slice(3)).toEqual(['Old answer one.', 'And {{now}}?', 'New two.'])
    expect(asked).toHaveLength(1)
  })

  test('Japanese is asked in Japanese, in the register that is wanted, and the facet says what came', async () => {
    const japanese = record([say('user', '蒸留とは？'), say('assistant', '古い答え。')], 'ja')
    const { outcome, asked } = await run(japanese, [{ content: '蒸気を冷やします。' }], { register: 'honorific' })
    expect(asked[0]!.messages[0]!.content).toContain('尊敬語と謙譲語を取り違えない')
    expect(outcome).toMatchObject({ made: [{ notes: { facets: { register: 'polite' } } }] })
  })
})

test('what cannot be written again is dropped by name', async () => {
  const reason = async (messages: Message[], ...replies: Partial<Answer>[]) => {
    const { outcome, asked } = await run(record(messages), replies)
    return ['reason' in outcome && outcome.reason, asked.length]
  }
  const call = { ...say('assistant', ''), tool_calls: [{ type: 'function', function: { name: 'f', arguments: {} } }] }
  expect(await reason([...talk, call as Message])).toEqual(['tool-calls', 0])
  expect(await reason(talk.slice(0, 2))).toEqual(['nothing-to-rewrite', 0])
  expect(await reason(talk, { content: 'New one.' }, { content: ' ' })).toEqual(['empty-answer', 2])
  expect(await reason(talk, { bad: { reason: 'refused', detail: 'no' } })).toEqual(['refused', 1])
})
