import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Reply } from '../contract.ts'
import { candidates } from './candidates.ts'
import { english } from './english.ts'
import { builtinTeacher } from './index.ts'
import { japanese, plainForm } from './japanese.ts'
import { outline, plainMarkdown, plainRst } from './outline.ts'

const guide = `---
title: Message broker
---

A message broker is a server that accepts messages from producers and keeps them until a consumer takes them.
It lets both sides run at their own pace. As we saw in Chapter 2, sockets alone cannot do that.

## Problem it addresses

Services that call each other directly fail together: when the callee is down, the caller has nowhere to put its work.
Retries in every service repeat the same code, and they still lose work when the caller itself restarts.
See the [architecture page](/arch) for a picture.

## How it helps

It stores every message on disk before it confirms it. A consumer that crashes therefore finds its work again after a restart.
Messages are delivered at least once because a consumer confirms a message only after it has finished the work.

## Purging the queues of a message broker

You can empty a queue without stopping the broker. To purge a queue, run the following command:

\`\`\`bash
broker purge --queue orders
\`\`\`

If you purge a queue while consumers are connected, the broker delivers no message twice. This example is short.
`

const 文書 = `---
title: メッセージブローカー
---

メッセージブローカーは、送り手からメッセージを受け取り、受け手が取り出すまで保管するサーバーです。
これにより、双方がそれぞれの速さで動作できます。

## 解決すべき問題はなんですか

サービスが互いを直接呼び出すと、呼び出し先が止まったときに呼び出し元も止まります。
再試行の処理をすべてのサービスに書くことになり、コードが重複します。
詳しくは[設計のページ](/arch)を参照してください。

## どのように役に立つのでしょうか

これはメッセージを確認応答の前にディスクへ保存します。
受け手が途中で停止した場合、ブローカーはメッセージを別の受け手に再配信します。
受け手は処理が終わってから確認応答を返すため、メッセージは少なくとも一度は配信されます。
`

const wire = { seed: 7, cap: 4000, draw: 0 }
const extractive = builtinTeacher('extractive', 'writer')
const ask = async (document: string, language: string) => {
  const reply = await extractive.doGenerate(
    { messages: [], task: { name: 'ask', input: { document, language, questions: 10 } } },
    wire,
  )
  return (JSON.parse(reply.content!) as { questions: { question: string; difficulty: string }[] }).questions
}
const answer = (document: string, language: string, question: string, draw = 0): Promise<Reply> =>
  extractive.doGenerate(
    { messages: [], task: { name: 'answer', input: { document, language, question } } },
    { ...wire, draw },
  )

describe('rows in English', () => {
  test('definition, problem, benefit, reason and task are asked about, by name', async () => {
    const questions = (await ask(guide, 'en')).map(q => q.question)
    expect(questions[0]).toBe('What is a message broker?')
    expect(questions.some(q => /problem|needed/.test(q) && q.includes('a message broker'))).toBe(true)
    expect(questions.some(q => q.startsWith('How do I purge the queues of a message broker'))).toBe(true)
  })

  test('every row stands on its own', async () => {
    for (const { question } of await ask(guide, 'en')) {
      expect(question).toMatch(/^[A-Z].*[^.]\?$/)
      expect(question).not.toMatch(/\b(?:this|these|it's|above|section|document|you|your)\b/i)
      const { content } = await answer(guide, 'en', question)
      expect(content).toMatch(/^(?!It |This |They |However)/)
      expect(content).toMatch(/(?:[.!]|```)$/)
      expect(content).not.toMatch(/Chapter|architecture page|This example|\]\(/)
    }
  })

  test('a pronoun that opens a section is resolved, a command keeps the sentence that announces it', async () => {
    const rows = candidates(guide, '', english)
    expect(rows.find(row => row.kind === 'benefit')?.answer[0]).toMatch(/^A message broker stores every message/)
    expect(rows.find(row => row.text.startsWith('How do I purge'))?.answer.join('\n\n')).toContain(
      'run the following command:\n\n```bash\nbroker purge --queue orders\n```',
    )
  })

  test('samples differ in length at most, and agree', async () => {
    const replies = await Promise.all([0, 1, 2, 3].map(draw => answer(guide, 'en', 'What is a message broker?', draw)))
    expect(new Set(replies.map(reply => reply.content!.slice(0, 60))).size).toBe(1)
    expect(await answer(guide, 'en', 'What is a message broker?', 3)).toEqual(replies[3])
  })

  test('a question of somebody else gets the passage that covers it, an unrelated one is refused', async () => {
    expect((await answer(guide, 'en', 'When does a consumer confirm a message?')).content).toContain(
      'confirms a message only after',
    )
    expect((await answer(guide, 'en', 'Which tax applies to imported bicycles in Norway?')).finish).toBe('refusal')
  })
})

describe('rows in Japanese', () => {
  test('questions name the subject, answers open with it and end with a sentence', async () => {
    const questions = await ask(文書, 'ja')
    expect(questions[0]?.question).toBe('メッセージブローカーとは何ですか？')
    expect(questions.length).toBeGreaterThanOrEqual(3)
    for (const { question } of questions) {
      expect(question).toMatch(/[^。]？$/)
      expect(question).not.toMatch(/これ|それ|この|その|上記|文書/)
      const { content } = await answer(文書, 'ja', question)
      expect(content).toMatch(/。$/)
      expect(content).not.toMatch(/^(?:これ|それ|しかし|そのため)|参照/)
    }
  })

  test('polite endings become plain before のですか, and unknown ones ask nothing', () => {
    expect(plainForm('メッセージは配信されます。')).toBe('メッセージは配信される')
    expect(plainForm('例を示します。')).toBe('例を示す')
    expect(plainForm('自由に通信することができます。')).toBe('自由に通信することができる')
    expect(plainForm('管理は難しいです。')).toBe('管理は難しい')
    expect(plainForm('必要はありません。')).toBe('必要はない')
    expect(plainForm('それは昨日のこと。')).toBeUndefined()
  })

  test('a sentence that leans on another opens nothing', () => {
    expect(japanese.grade('これにより、双方がそれぞれの速さで動作できます。')).toBe('lean')
    expect(japanese.grade('受け手は処理が終わってから応答を返します。')).toBe('free')
    expect(japanese.grade('詳しくは設計のページを参照してください。')).toBe('pointer')
  })
})

describe('English sentences', () => {
  test.each([
    ['Vectors can only store values of the same type.', 'free'],
    ['This makes them perfect for tests that share a state.', 'lean'],
    ['However, a reader never blocks a writer in such a store.', 'lean'],
    ['As shown in Listing 4-2, the compiler rejects the program.', 'bad'],
    ['We will look at iterators when the time has come.', 'bad'],
    ['See the configuration guide for all options.', 'pointer'],
    ['You can use the flag to print skipped lines:', 'intro'],
    ['the rest of a sentence without its head is no use.', 'bad'],
  ] as const)('%s -> %s', (sentence, grade) => {
    expect(english.grade(sentence)).toBe(grade)
  })

  test('why and what-if are asked only where the subject is named', () => {
    const scene = english.scene(outline('# Slices\n\nText.', ''))
    const section = scene.outline.sections[0]!
    const of = (sentence: string) => english.ofSentence(sentence, section, scene).map(q => q.text)
    expect(of('String slices are immutable because they borrow from a string that others may read.')).toEqual([
      'Why are string slices immutable?',
    ])
    expect(of('They are immutable because they borrow from a string that others may read.')).toEqual([])
    expect(
      of('If you slice a string in the middle of a multibyte character, your program will exit with an error.'),
    ).toEqual(['What happens if I slice a string in the middle of a multibyte character?'])
    expect(of('If the value is missing, the program will exit with an error.')).toEqual([])
  })
})

describe('markup', () => {
  test('Markdown and reStructuredText become prose, inline code stays', () => {
    expect(plainMarkdown('A _slice_ of [a `Vec`](x.md), **not** \\*all\\* &amp; [`T`].')).toBe(
      'A slice of a `Vec`, not *all* & `T`.',
    )
    expect(plainRst('Use :func:`eval` in :mod:`ast`, see :pep:`11` and `the docs <https://x.y>`__.')).toBe(
      'Use `eval()` in `ast`, see PEP 11 and the docs.',
    )
  })

  test('an include that cannot be shown is a gap, not an answer', () => {
    const { sections } = outline('# A\n\nLook:\n\n```rust\n{{#include x.rs}}\n```\n\n- one two\n- three\n')
    expect(sections.at(-1)!.blocks.map(block => block.type)).toEqual(['paragraph', 'gap', 'list'])
    expect(sections.at(-1)!.hidden).toBe(true)
  })
})

test('what it does not serve is rejected with words that say so', async () => {
  const reply = await extractive.doGenerate({ messages: [{ role: 'user', content: 'Write a poem.' }] }, wire)
  expect(reply).toMatchObject({ finish: 'rejected', content: null, rejected: { status: 400 } })
  expect(reply.rejected!.message).toContain('no language model')
})

test('the cap is kept and said', async () => {
  const reply = await extractive.doGenerate(
    { messages: [], task: { name: 'ask', input: { document: guide, language: 'en' } } },
    { ...wire, cap: 10 },
  )
  expect(reply.finish).toBe('length')
  expect(reply.content).toHaveLength(40)
})

test('a heading that asks is no subject, as chunks without a title carry it', () => {
  const section =
    '## How it helps\n\nIt stores every message on disk before it confirms it. A consumer that crashes finds its work again after a restart, because nothing was deleted.'
  expect(candidates(section, 'How it helps', english).filter(row => /how it helps/i.test(row.text))).toEqual([])
  const 節 =
    '## どのように役に立つのでしょうか\n\nこれはメッセージを保存します。受け手が停止した場合、別の受け手に再配信するので、仕事は失われません。'
  expect(
    candidates(節, 'どのように役に立つのでしょうか', japanese).filter(row => row.text.includes('どのように役に立つ')),
  ).toEqual([])
})

test('no text breaks the rules, and every answer is found again by its question', async () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      ...guide.split('\n'),
      ...文書.split('\n'),
      '```',
      ':::',
      '> ',
      '.. note::',
      '   - x',
      '| a |',
      '<b',
      '`',
      '[',
      '::',
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.constantFrom('en', 'ja'), async (lines, language) => {
      const document = lines.join('\n')
      for (const { question } of await ask(document, language)) {
        expect((await answer(document, language, question)).finish).toBe('stop')
      }
    }),
    { numRuns: 60 },
  )
})
