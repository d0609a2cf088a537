import { describe, expect, test } from 'vitest'
import { joined, vocabularyOf } from './joining.ts'
import { documentOf } from './layout.ts'
import type { Rule, Run, Sheet } from './sheet.ts'

type Style = { size?: number; bold?: boolean; mono?: boolean }

/** A run at a place; letters are half as wide as they are high, those of scripts without spaces as wide. */
function run(text: string, left: number, baseline: number, { size = 10, bold = false, mono = false }: Style = {}): Run {
  const width = [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? size : size / 2), 0)
  const face = { bold, mono, italic: false }
  return {
    text,
    left,
    right: left + width,
    baseline,
    top: baseline - 0.75 * size,
    bottom: baseline + 0.2 * size,
    size,
    face,
  }
}

/** Lines under each other, 12 points apart. */
const block = (lines: string[], left: number, top: number, style: Style = {}): Run[] =>
  lines.map((text, at) => run(text, left, top + 12 * at, style))

const sheet = (page: number, runs: Run[], rules: Rule[] = []): Sheet => ({
  page,
  width: 600,
  height: 800,
  runs,
  rules,
  painted: false,
  letters: 1,
  garbled: 0,
})

const across = (left: number, right: number, y: number): Rule => ({ left, right, top: y, bottom: y, across: true })
const down = (x: number, top: number, bottom: number): Rule => ({ left: x, right: x, top, bottom, across: false })

const paragraphs = (text: string): string[] => text.trimEnd().split('\n\n')

// Lines of 40 letters, 200 points wide.
const left = [
  'The left column begins with this line of',
  'words that runs over all of its width to',
  'the right edge, as lines in columns will',
  'do when they are set in justified blocks',
]
const right = [
  'and here the right column goes on in its',
  'own lines, which stand beside the others',
  'on the very same baselines, so that only',
  'the gap between them tells the two apart.',
]

describe('reading order', () => {
  test('a title over two columns on one grid, and a full line between two pairs of them', () => {
    const title = run('A title over the whole width of both columns', 60, 60, { size: 20, bold: true })
    const wide = 'A sentence that stands across both of the columns and parts the page into an upper and a lower half.'
    const { text } = documentOf([
      sheet(1, [
        // The order of the file is no order of reading.
        ...block(right, 320, 100),
        title,
        ...block(left, 60, 300),
        run(wide, 60, 200),
        ...block(left, 60, 100),
        ...block(right, 320, 300),
      ]),
    ])
    const half = [...left, ...right].join(' ')
    expect(paragraphs(text)).toEqual([`# ${title.text}`, half, wide, half])
  })

  test('three columns, and a list of labels whose texts stand apart from them', () => {
    const narrow = (word: string): string[] => [
      `${word} one two three four`,
      'five six seven eight nine',
      'ten and the last of it.',
    ]
    const { text } = documentOf([
      sheet(1, [
        ...block(narrow('third'), 420, 100),
        ...block(narrow('first'), 60, 100),
        ...block(narrow('second'), 240, 100),
        run('[1]', 60, 300),
        ...block(left, 80, 300),
        run('[2]', 60, 360),
        ...block(left, 80, 360),
      ]),
    ])
    const flat = text.replace(/\s+/g, ' ')
    expect(['first one', 'second one', 'third one', '[1] The', '[2] The'].map(words => flat.indexOf(words))).toEqual(
      ['first one', 'second one', 'third one', '[1] The', '[2] The']
        .map(words => flat.indexOf(words))
        .sort((a, b) => a - b),
    )
    expect(flat).not.toContain('first one two three four second')
  })
})

describe('paragraphs', () => {
  test('lines set in begin one, lines under each other that end early stay lines, lists are lists', () => {
    const { text } = documentOf([
      sheet(1, [
        ...block(left, 60, 100),
        run('Another paragraph is set in at its first', 72, 148),
        ...block(['line, and it goes on as all of them will.'], 60, 160),
        ...block(['ACME Works', 'Main Street 5', 'Springfield'], 60, 200),
        ...block(['• the first of two points of a list that', '• the second'], 60, 260),
      ]),
    ])
    expect(paragraphs(text)).toEqual([
      left.join(' '),
      'Another paragraph is set in at its first line, and it goes on as all of them will.',
      'ACME Works\nMain Street 5\nSpringfield',
      '- the first of two points of a list that\n- the second',
    ])
  })

  test('a paragraph goes on over columns, pages, tables and footnotes, and its pages are known', () => {
    const cut = [...left.slice(0, 3), 'do when they are set in columns and end-']
    const rest = ['ing on the other page in small letters.', 'A sentence more to fill the second line.']
    const note = ['1', ' A note below the text of the first page.']
    const pages = [
      sheet(1, [
        ...block(cut, 60, 600),
        run(note[0]!, 60, 690, { size: 5 }),
        run(note[1]!.trim(), 66, 694, { size: 8 }),
      ]),
      sheet(2, [run('Figure 1: What is in between.', 60, 100, { size: 8 }), ...block(rest, 60, 160)]),
    ]
    const { text, places } = documentOf(pages)
    expect(paragraphs(text)).toEqual([
      '¹ A note below the text of the first page.',
      `${cut.join(' ').slice(0, -1)}${rest.join(' ')}`,
      'Figure 1: What is in between.',
    ])
    expect(places).toEqual([
      [0, 'page 1'],
      [text.indexOf('ing on the other'), 'page 2'],
    ])
  })

  test('hyphens of line breaks go, hyphens of words stay', () => {
    const known = vocabularyOf([
      'a long-term view of information, ported out-of-scope',
      'in the short run with real time oriented tasks',
    ])
    expect(joined('the infor-', 'mation', known)).toBe('the information')
    expect(joined('a long-', 'term plan', known)).toBe('a long-term plan')
    expect(joined('an out-of-', 'scope word', known)).toBe('an out-of-scope word')
    expect(joined('not sup-', 'ported', known)).toBe('not supported')
    expect(joined('a real-', 'time clock', known)).toBe('a real-time clock')
    expect(joined('the COVID-', '19 wave', known)).toBe('the COVID-19 wave')
    expect(joined('pre-', 'and post-war', known)).toBe('pre- and post-war')
    expect(joined('soft\u00ad', 'ened', known)).toBe('softened')
    expect(joined('日本語の', '文章', known)).toBe('日本語の文章')
    expect(joined('see https://example.org/a/', 'b.html now', known)).toBe('see https://example.org/a/b.html now')
    expect(joined('two', 'words', known)).toBe('two words')
  })

  test('Japanese is joined without spaces, also where lines are spaced out', () => {
    const { text } = documentOf([
      sheet(1, [
        run('吾輩は 猫で ある。 名前は', 60, 100),
        run('まだ無い。どこで生れたか', 60, 118),
        run('とんと見当がつかぬ。', 60, 136),
      ]),
    ])
    expect(text).toBe('吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n')
  })
})

describe('what comes back on every page', () => {
  const page = (number: number, words: string, head: string): Sheet =>
    sheet(number, [
      run(head, number % 2 === 0 ? 60 : 400, 40),
      ...block([words, `which ends on page ${number}.`], 60, 105),
      run(`${number + 10}`, number % 2 === 0 ? 60 : 540, 780),
    ])

  test('heads and numbers go, on left and right pages alike; what differs stays', () => {
    const pages = [1, 2, 3, 4].map(number =>
      page(
        number,
        `${['Only', 'Here', 'Now', 'Last'][number - 1]} something else`,
        number % 2 ? 'A Title' : 'An Author',
      ),
    )
    const { text } = documentOf(pages)
    expect(text).not.toMatch(/A Title|An Author|^1[1-4]$/m)
    expect(text.match(/something else/g)).toHaveLength(4)
    const once = documentOf([page(1, 'The only page', 'A Title')]).text
    expect(once).toContain('A Title')
    expect(once).toContain('11')
  })
})

describe('structure', () => {
  test('headings by type and number, code, escaped signs', () => {
    const { text, heading } = documentOf([
      sheet(1, [
        run('On Stills', 60, 60, { size: 18 }),
        run('1 Heating', 60, 100, { size: 13, bold: true }),
        ...block(left, 60, 120),
        run('1.1 Slowly', 60, 200, { bold: true }),
        ...block(right, 60, 220),
        run('if (hot) {', 60, 300, { mono: true }),
        run('stop();', 80, 312, { mono: true }),
        run('}', 60, 324, { mono: true }),
        run('# no heading', 60, 360),
      ]),
    ])
    expect(heading).toBe('On Stills')
    expect(paragraphs(text)).toEqual([
      '# On Stills',
      '## 1 Heating',
      left.join(' '),
      '### 1.1 Slowly',
      right.join(' '),
      '```\nif (hot) {\n    stop();\n}\n```',
      '\\# no heading',
    ])
  })

  test('a ruled table keeps its cells, with lines of a cell joined, beside a column of text', () => {
    const rules = [100, 120, 150].map(y => across(60, 260, y)).concat([60, 160, 260].map(x => down(x, 100, 150)))
    const { text } = documentOf([
      sheet(
        1,
        [
          run('Name', 64, 114),
          run('Use | notes', 164, 114),
          run('kettle', 64, 134),
          ...block(['boils the', 'wash'], 164, 134),
          ...block(left, 320, 100),
          ...block(right, 320, 148),
        ],
        rules,
      ),
    ])
    expect(text).toContain('| Name | Use \\| notes |\n| --- | --- |\n| kettle | boils the wash |')
    expect(text).toContain([...left, ...right].join(' '))
  })

  test('rows without rules are a table with their empty cells', () => {
    const rows = [
      ['Part', 'Size', 'Stock'],
      ['pot', '12', ''],
      ['lid', '', '7'],
      ['tap', '3', '44'],
    ]
    const runs = rows.flatMap((row, at) =>
      row.flatMap((text, column) => (text ? [run(text, 60 + 120 * column, 100 + 20 * at)] : [])),
    )
    expect(documentOf([sheet(1, runs)]).text).toBe(
      '| Part | Size | Stock |\n| --- | --- | --- |\n| pot | 12 |  |\n| lid |  | 7 |\n| tap | 3 | 44 |\n',
    )
  })
})
