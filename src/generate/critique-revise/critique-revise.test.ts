import { describe, expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { folder } from '../../../test/support/project.ts'
import { random } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { drawPrinciples } from './critique-revise.ts'
import { critiqueRevise, formatProblem, loadConstitution, parseConstitution } from './index.ts'

const row = conversation('r', 'How do I open it?', 'Pull the lever, you fool.', { language: 'en' })

/** Runs the step on replies in the order of the calls. */
async function revised(replies: Partial<Answer>[], options: object = {}, record = row) {
  const asked: (Ask & { teacher: string })[] = []
  const ctx = {
    options: critiqueRevise.options.parse({ teacher: 'writer', ...options }),
    language: record.language ?? 'en',
    random: random('seed', record.id),
    ancestor: () => undefined,
    call: async (teacher: string, ask: Ask) => {
      asked.push({ ...ask, teacher })
      const reply = replies[asked.length - 1] ?? {}
      return { call: `c${asked.length}`, content: '', finish: 'stop', usage: {}, warnings: [], ...reply } as Answer
    },
  } as never
  const outcome = await critiqueRevise.run(record, ctx)
  if (outcome.is !== 'made') throw new Error(outcome.is)
  const last = outcome.made.map(draft => (draft.payload as typeof row).messages.at(-1)!.content)
  return { ...outcome, last, asked }
}
const rounds = (...texts: string[]) => texts.flatMap(content => [{ content: 'It scolds.' }, { content }])

describe('rounds', () => {
  test('each revision is criticised anew, and the row that stays names every call behind it', async () => {
    const { made, last, asked } = await revised(rounds('Pull the lever.', 'Pull the lever down.'), { critic: 'critic' })
    expect(last).toEqual(['Pull the lever down.'])
    expect(made[0]).toMatchObject({ index: 2, calls: ['c1', 'c2', 'c3', 'c4'], notes: { facets: { revision: 2 } } })
    expect(asked.map(({ teacher }) => teacher)).toEqual(['critic', 'writer', 'critic', 'writer'])
    const shown = asked.map(({ messages }) => messages.map(message => message.role).join(' '))
    expect(shown).toEqual(['system user', 'system user assistant user', 'system user', 'system user assistant user'])
    expect(asked[2]!.messages[1]!.content).toContain('<answer>\nPull the lever.\n</answer>')
    expect(asked[1]!.messages[2]).toEqual({ role: 'assistant', content: 'It scolds.' })
    // The prompt file and the constitution: an edit of either is another step.
    expect(new Set(asked.flatMap(({ prompts }) => prompts!)).size).toBe(2)
  })

  test('with keep: all the original and each revision are siblings, and no call stands behind the original', async () => {
    const { made, last } = await revised(rounds('Pull the lever.', 'Pull the lever down.'), { keep: 'all' })
    expect(last).toEqual(['Pull the lever, you fool.', 'Pull the lever.', 'Pull the lever down.'])
    expect(made.map(draft => [draft.index, draft.calls, draft.notes!.facets!.revision])).toEqual([
      [0, [], 0],
      [1, ['c1', 'c2'], 1],
      [2, ['c1', 'c2', 'c3', 'c4'], 2],
    ])
  })

  test.each([
    ['unchanged', [{ content: 'x' }, { content: 'pull the lever  you fool' }]],
    ['worse-format', rounds('Here is the revised answer: Pull the lever.')],
    ['empty-revision', rounds('<think>hm</think> ')],
    ['empty-critique', [{ content: ' ' }]],
    ['refused', [{ content: 'x' }, { bad: { reason: 'refused' as const, detail: 'no' } }]],
  ])('%s: the round is lost by name and the next goes on from the last good text', async (reason, first) => {
    const { made, lost, last, asked } = await revised([...first, ...rounds('Pull the lever.')])
    expect(lost).toMatchObject([{ index: 1, reason }])
    expect(last).toEqual(['Pull the lever.'])
    expect(made[0]!.calls).toEqual([`c${first.length + 1}`, `c${first.length + 2}`])
    expect(asked[first.length]!.messages[1]!.content).toContain('you fool')
  })

  test('no revision makes nothing, not even the original alone', async () => {
    const { made, lost } = await revised(rounds('Pull the lever, you fool', 'Pull the lever you fool!'), {
      keep: 'all',
    })
    expect([made, lost!.map(item => item.reason)]).toEqual([[], ['unchanged', 'unchanged']])
  })

  test('a prompt file without a place for the critique is refused before anything is asked', () => {
    const own = `${folder({ 'own.md': '## system\nBe kind.\n\n## user\n{{question}}\n' })}/own.md`
    const parsed = critiqueRevise.options.parse({ teacher: 'w', prompt: own })
    expect(() => critiqueRevise.prompts!(parsed)).toThrow(/holds no critique/)
  })
})

describe('constitutions', () => {
  test('both built-in ones state at least ten principles, the Japanese one also on honorifics', () => {
    for (const language of ['en', 'ja'])
      expect(loadConstitution('helpful-harmless-honest', language).principles.length).toBeGreaterThan(9)
    expect(JSON.stringify(loadConstitution('helpful-harmless-honest', 'ja'))).toContain('二重敬語')
  })

  test('a principle is drawn again only when all were used up, and the seed decides which', () => {
    const { principles } = loadConstitution('helpful-harmless-honest', 'en')
    const names = (seed: number) => drawPrinciples(principles, principles.length + 1, random(seed)).map(p => p.name)
    expect(new Set(names(1).slice(0, -1)).size).toBe(principles.length)
    expect(names(1)).toEqual(names(1))
    expect(names(1)).not.toEqual(names(2))
  })

  test.each([
    ['# Nothing', /no line/],
    ['### a\nCritique: what?\n', /a without Revision/],
    ['### a\nCritique: x\nRevision: y\n### a\nCritique: x\nRevision: y\n', /a twice/],
  ])('%j is refused', (text, received) => {
    expect(() => parseConstitution(text, 'own')).toThrow(
      expect.objectContaining({ received: expect.stringMatching(received) }),
    )
  })
})

test.each([
  ['Use a pump.', 'Here is the revised response: use a pump.', 'lead-in'],
  ['ポンプを使います。', '以下は改訂した回答です。ポンプを使います。', 'lead-in'],
  ['Use it.', 'As the critique says, use a pump.', 'talk about the critique'],
  ['```sh\nls\n```', 'Run `ls`.', 'code block gone'],
  ['Run it.', '```sh\nls', 'open code block'],
  ['{"a": 1}', 'a is 1', 'no longer JSON'],
  ['Use it.', 'This is the pump to use: the small one.', undefined],
  ['```sh\nls\n```', '```sh\nls -a\n```', undefined],
])('from %j to %j: %s', (before, after, problem) => {
  expect(formatProblem(before, after)).toBe(problem)
})
