import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rec } from '../records/index.ts'
import type { Ctx, Draft } from '../steps/index.ts'
import { type Block, blocks, type Format } from '../text/index.ts'
import { cutText } from './chunk.ts'
import { chunk } from './index.ts'

/** One token a word, so that sizes can be counted by eye. */
const count = (text: string) => text.match(/\S+/g)?.length ?? 0
const cut = (text: string, tokens: number, overlap = 0, format: Format = 'markdown') =>
  cutText(text, format, { tokens, overlap, language: 'en', count }).map(({ start, end, path }) => ({
    text: text.slice(start, end),
    path,
  }))
const sentence = (n: number, name: string) =>
  `${Array.from({ length: n - 1 }, (_, i) => `${name}${i}`).join(' ')} end.`.replace(/^./, c => c.toUpperCase())

function codeOf(found: Block[]): Block[] {
  return found.flatMap(block => (block.type === 'code' ? [block] : codeOf(block.children ?? [])))
}

describe('chunk', () => {
  test('headings first: small sections go together under what they share, large ones apart', () => {
    const text = `# A\n\n${sentence(5, 'i')}\n\n## B\n\n${sentence(8, 'b')}\n\n## C\n\n${sentence(8, 'c')}\n\n## D\n\n${sentence(25, 'd')}`
    expect(cut(text, 30)).toEqual([
      { text: text.slice(0, text.indexOf('\n\n## D')), path: ['A'] },
      { text: text.slice(text.indexOf('## D')), path: ['A', 'D'] },
    ])
  })

  test('then paragraphs, then sentences; a heading is never left alone', () => {
    const [a, b, c] = [sentence(12, 'a'), sentence(12, 'b'), `${sentence(14, 'c')} ${sentence(14, 'd')}`]
    expect(cut(`# H\n\n${a}\n\n${b}\n\n${c}`, 20).map(piece => piece.text)).toEqual([
      `# H\n\n${a}`,
      b,
      sentence(14, 'c'),
      sentence(14, 'd'),
    ])
    expect(cut(`${a}\n\n# H\n\n${c}`, 16).map(piece => piece.text)).toEqual([
      a,
      `# H\n\n${sentence(14, 'c')}`,
      sentence(14, 'd'),
    ])
  })

  test('a code block over the target stays whole, also inside a list, and keeps what announces it', () => {
    const code = `\`\`\`\n${'x '.repeat(40)}\n\n${'y '.repeat(40)}\n\`\`\``
    const item = `- item\n\n  ${code.replaceAll('\n', '\n  ')}`
    const texts = cut(`${sentence(18, 'a')}\n\n${code}\n\n${item}\n- next`, 20).map(piece => piece.text)
    expect(texts.some(text => text.includes(code))).toBe(true)
    expect(texts.some(text => text.includes(item.slice(item.indexOf('```'))))).toBe(true)
    const announced = `${sentence(12, 'a')}\n\nRun this:\n\n\`\`\`\n${'x '.repeat(10)}\n\`\`\``
    expect(cut(announced, 16).map(piece => piece.text.startsWith('Run this'))).toEqual([false, true])
  })

  test('overlap repeats whole sentences inside a section, and nothing across a heading', () => {
    const [s, t, u] = [sentence(8, 's'), sentence(8, 't'), sentence(8, 'u')]
    const text = `# A\n\n${s} ${t} ${u}\n\n# B\n\n${sentence(16, 'b')}`
    expect(cut(text, 28, 10).map(piece => piece.text)).toEqual([
      `# A\n\n${s} ${t}`,
      `${t} ${u}`,
      `# B\n\n${sentence(16, 'b')}`,
    ])
    expect(cut(`${s} ${t} ${u} ${s}`, 26, 10).map(piece => piece.text)).toEqual([`${s} ${t}`, `${t} ${u} ${s}`])
  })

  test('a tiny last chunk joins the one before; text without any break is cut between words', () => {
    expect(cut(`${sentence(16, 'a')} ${sentence(3, 'b')}`, 16)).toHaveLength(1)
    expect(cut(`${sentence(16, 'a')} ${sentence(5, 'b')}`, 16)).toHaveLength(2)
    expect(cut(Array.from({ length: 100 }, (_, i) => `w${i}`).join(' '), 20)).toHaveLength(5)
  })

  test('cuts slice back, keep order, cover all text and never go through code', () => {
    const piece = fc.constantFrom(
      ...[
        '# One',
        '## Two',
        '### Three',
        'Setext\n===',
        `${sentence(9, 'p')} ${sentence(9, 'q')}`,
        sentence(30, 'r'),
        'short.',
        '',
      ],
      ...[
        '```\na\n\nb\n```',
        '- a\n- b\n\n  ```\n  x\n\n  y\n  ```\n- c',
        '> quoted text here\n>\n> > deep',
        '    four\n\n    spaces',
        '| a | b |\n|--|--|\n| 1 | 2 |',
      ],
      ...[
        '.. note:: hm\n\n   .. code-block:: c\n\n      x\n\n      y',
        'literal::\n\n   a\n\n   b',
        '<div>\ntext\n</div>',
        'word '.repeat(60),
        '長い文章です。'.repeat(9),
      ],
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }),
        fc.constantFrom<Format>('markdown', 'rst', 'text'),
        fc.integer({ min: 16, max: 60 }),
        fc.integer({ min: 0, max: 8 }),
        (pieces, format, tokens, overlap) => {
          const text = pieces.join('\n\n')
          const code = codeOf(blocks(text, format))
          let at = 0
          let from = -1
          for (const { start, end } of cutText(text, format, { tokens, overlap, language: 'en', count })) {
            expect(start).toBeGreaterThan(from)
            expect(end).toBeGreaterThan(at)
            if (overlap === 0) expect(start).toBeGreaterThanOrEqual(at)
            expect(text.slice(at, start).trim()).toBe('')
            for (const block of code) {
              expect(start > block.start && start < block.end).toBe(false)
              expect(end > block.start && end < block.end).toBe(false)
            }
            const whole = code.some(block => block.start >= start && block.end <= end)
            if (!whole) expect(count(text.slice(start, end))).toBeLessThanOrEqual(1.25 * tokens + 12)
            at = end
            from = start
          }
          expect(text.slice(at).trim()).toBe('')
        },
      ),
      { numRuns: 500 },
    )
  })

  test('drafts: titles carry the headings, keys name content and occurrence, a document that fits is one chunk', async () => {
    const same = `## Same\n\n${sentence(20, 's')}`
    const made = await run({
      text: `# Guide\n\n${sentence(18, 'g')}\n\n${same}\n\n${same}\n`,
      title: 'Guide',
      uri: 'https://example.org/g.md',
    })
    expect(made.map(draft => draft.payload.title)).toEqual(['Guide', 'Guide › Same', 'Guide › Same'])
    expect(made.map(draft => draft.payload.uri)).toEqual(Array(3).fill('https://example.org/g.md'))
    expect(made[1]!.key!.replace(/0$/, '1')).toBe(made[2]!.key)
    expect(made[1]!.key).toMatch(/^[0-9a-f]{16}:0$/)
    expect(await run({ text: '\n  # All\n\nof it\n\n' })).toEqual([
      expect.objectContaining({ payload: { kind: 'document', text: '  # All\n\nof it', title: 'All' }, span: [1, 15] }),
    ])
    expect(await run({ text: ' \n ' })).toEqual([])
  })
})

async function run(document: { text: string; title?: string; uri?: string }): Promise<Draft<'document'>[]> {
  const lineage = { origin: 'real', generation: 0, parents: [] } as const
  const record = {
    kind: 'document',
    id: 'i',
    digest: 'd',
    facets: {},
    scores: {},
    lineage,
    ...document,
  } as unknown as Rec<'document'>
  const options = chunk.options.parse({ tokens: 24 })
  const outcome = await chunk.run(record, { options, language: 'en', tokens: count } as unknown as Ctx<typeof options>)
  if (outcome.is !== 'made') throw new Error(outcome.is)
  for (const { payload, span } of outcome.made) expect(document.text.slice(...span!)).toBe(payload.text)
  return outcome.made
}
