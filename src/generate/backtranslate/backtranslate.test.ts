import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import { type Payload, type Rec, random } from '../../records/index.ts'
import type { Answer, Ask, Ctx, MapStep } from '../../steps/index.ts'
import { givesAway } from './backtranslate.ts'
import { backtranslate, extractOf } from './index.ts'

const expand = (options: object) =>
  backtranslate.expand(backtranslate.options.parse({ teacher: 't', ...options }), 'bt').map(p => ({
    ...p,
    options: p.step.options.parse(p.options) as { [name: string]: unknown },
  }))

async function run(record: Rec, reply: Partial<Answer>, options: object = {}, at = 0) {
  const asked: Ask[] = []
  const { step, options: own } = expand(options)[at]!
  const outcome = await (step as MapStep).run(record, {
    options: own,
    language: record.language ?? 'en',
    random: random('seed', record.id),
    call: async (teacher: string, ask: Ask) => {
      asked.push(ask)
      return { call: `${teacher} 1`, content: '', ...reply }
    },
  } as unknown as Ctx<never>)
  return { outcome, asked }
}

const text = `A still separates liquids by their boiling points. Vapour rises and is cooled until it is liquid again.

The pot is heated from below, and the first runnings are set aside.`
const still = document('d', `\n${text}\n`, { language: 'en' })

describe('the pair', () => {
  test('holds the words of the document to the letter, and says where they stand', async () => {
    const { outcome, asked } = await run(
      still,
      { data: { instruction: ' How does a still work? ' } },
      { characters: [50, 500], system: 'From the web.' },
    )
    if (outcome.is !== 'made') throw new Error(outcome.is)
    const [draft] = outcome.made
    expect((draft!.payload as Payload<'conversation'>).messages).toEqual([
      { role: 'system', content: 'From the web.' },
      { role: 'user', content: 'How does a still work?' },
      { role: 'assistant', content: text },
    ])
    expect(still.text.slice(...draft!.span!)).toBe(text)
    expect(asked[0]!.messages[1]!.content).toContain(`<text>\n${text}\n</text>`)
  })

  test.each([
    ['', 'empty-instruction'],
    ['What does the text say about stills?', 'refers-to-document'],
    [
      'Vapour rises and is cooled until it is liquid again. The pot is heated from below, and the first runnings: explain.',
      'gives-away',
    ],
  ])('%j is no instruction', async (instruction, reason) => {
    const { outcome } = await run(still, { data: { instruction } }, { characters: [50, 500] })
    expect(outcome).toMatchObject({ is: 'dropped', reason, evidence: { call: 't 1' } })
  })

  test('what is too short is not asked about, and an unusable reply drops the document', async () => {
    const { outcome, asked } = await run(still, {})
    expect([outcome, asked.length]).toMatchObject([{ reason: 'too-short' }, 0])
    const bad = await run(still, { bad: { reason: 'unparseable', detail: 'no JSON' } }, { characters: [50, 500] })
    expect(bad.outcome).toMatchObject({ is: 'dropped', reason: 'unparseable', evidence: { detail: 'no JSON' } })
  })

  test('in Japanese is asked for in a register, and noted in the one it came in', async () => {
    const japanese = document('j', '蒸留器は、沸点の違いを使って液体を分けます。'.repeat(3), { language: 'ja' })
    const { outcome, asked } = await run(
      japanese,
      { data: { instruction: '蒸留器の仕組みを教えてください。' } },
      { characters: [20, 500], register: 'plain' },
    )
    expect(asked[0]!.messages[1]!.content).toContain('- 文体: 常体')
    expect(outcome).toMatchObject({ made: [{ notes: { facets: { register: 'polite' } } }] })
  })

  test('is given away by a run of the answer alone', () => {
    expect(givesAway('How does a still separate liquids by their boiling points?', text, 'en')).toBe(false)
    expect(givesAway(`Explain: ${text.slice(0, 100).toUpperCase()}`, text, 'en')).toBe(true)
  })
})

describe('the grade', () => {
  const pair = {
    kind: 'conversation',
    id: 'c',
    messages: [
      { role: 'user', content: 'How?' },
      { role: 'assistant', content: text },
    ],
  } as Rec<'conversation'>

  test('is a step of its own with a cut, by the writing teacher unless another is named', () => {
    expect(expand({}).map(p => p.as)).toEqual(['write'])
    expect(expand({ judge: 'g' }).map(p => p.as)).toEqual(['write', 'grade'])
    const steps = expand({ min: 5 })
    expect(steps.map(p => p.as)).toEqual(['write', 'grade', 'cut'])
    expect(steps[1]!.options).toEqual({ judge: 't' })
    expect(steps[2]!.options).toMatchObject({ by: 'bt/grade', below: 5, unscored: 'drop' })
  })

  test('is stored with its reason; a reply that cannot be read is no mark', async () => {
    const scores = async (reply: Partial<Answer>) => (await run(pair, reply, { min: 5 }, 1)).outcome
    expect(await scores({ data: { rationale: 'Blog.', grade: 3 } })).toMatchObject({
      is: 'passed',
      notes: { scores: { grade: { value: 3, why: 'Blog.' } } },
    })
    const bad = await scores({ bad: { reason: 'unparseable', detail: '' } })
    expect(bad).toEqual({
      is: 'passed',
      notes: { scores: { grade: { method: 'self-curation, 1 to 5', call: 't 1', unscored: 'unparseable' } } },
    })
  })
})

describe('an extract', () => {
  const book = `# Stills\n\nIntroduction of some length.\n\n## Pots\n\nA pot is heated.\n\n\`\`\`\nlight()\n\nwait()\n\`\`\`\n\nIt boils.\n\n## Columns\n\nA column is tall.\n`

  test('begins where a section does, ends with a paragraph and breaks no code', () => {
    const found = new Set<string>()
    for (let i = 0; i < 60; i++) found.add(book.slice(...extractOf(book, [15, 70], random('extract', i))!))
    expect([...found].sort()).toEqual([
      'A column is tall.',
      'A pot is heated.\n\n```\nlight()\n\nwait()\n```\n\nIt boils.',
      'Introduction of some length.',
    ])
    expect(extractOf(book, [15, 1000], () => 0.5)).toEqual([10, book.trimEnd().length])
    const page = '---\ntitle: Stills\n---\n\nA still boils.\n\n[a]: a.html\n[b]: b.html\n'
    expect(page.slice(...extractOf(page, [5, 500], () => 0)!)).toBe('A still boils.')
    expect(extractOf(book, [500, 1000], () => 0)).toBeUndefined()
    expect(extractOf('', [1, 10], () => 0)).toBeUndefined()
  })

  test('of any text is within its bounds and has no space around it', () => {
    const line = fc.constantFrom('', '## a', '```', 'words of a line', 'more words', '  ')
    fc.assert(
      fc.property(fc.array(line), fc.integer(), (lines, seed) => {
        const text = lines.join('\n')
        const span = extractOf(text, [5, 40], random(seed))
        if (!span) return
        const part = text.slice(...span)
        expect(part).toBe(part.trim())
        expect(part.length).toBeGreaterThanOrEqual(5)
        expect(part.length).toBeLessThanOrEqual(40)
      }),
    )
  })
})
