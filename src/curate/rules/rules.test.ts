import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import type { Ctx, Dropped, MapStep } from '../../steps/index.ts'
import { cutRules } from './cut-rules.ts'
import { namedMeasure } from './measures.ts'
import { profiles } from './profiles/index.ts'
import { rules } from './rules.ts'

type About = { language?: string; uri?: string; code?: string }

/** What becomes of a text under some options: `passed`, or the reason. Steps as the verb expands, records as the engine makes them. */
async function verdict(options: object, text: string, { language = 'en', uri, code }: About = {}) {
  let record: Rec = { ...document('d', text, { language, facets: { code } }), ...(uri ? { uri } : {}) }
  for (const { step, options: given } of rules.expand(rules.options.parse(options), 'rules')) {
    if (step.shape === 'filter') {
      const outcome = step.test(record, given)
      return { is: outcome.is === 'dropped' ? outcome.reason : 'passed', outcome, record }
    }
    const outcome = await (step as MapStep).run(record as never, { options: given, language: 'en' } as Ctx<unknown>)
    if (outcome.is === 'dropped') return { is: outcome.reason, outcome, record }
    if (outcome.is === 'made') throw new Error('made')
    const scores = Object.fromEntries(
      Object.entries(outcome.notes?.scores ?? {}).map(([name, score]) => [`rules/${name}`, score]),
    )
    const payload = outcome.is === 'fixed' ? outcome.payload : {}
    record = { ...record, ...payload, scores: { ...record.scores, ...scores } } as Rec
  }
  throw new Error('no cut')
}

/** Only one rule of a profile. */
const alone = (name: string, option: string) => {
  const profile = profiles.find(one => one.name === name)!
  const off = Object.fromEntries(profile.rules.map(rule => [rule.option, false]))
  const edits = { c4: ['terminal-mark', 'citations', 'javascript', 'policy'], 'llm-jp': ['edit'] } as const
  const quiet = Object.fromEntries((edits[name as 'c4'] ?? []).map(edit => [edit, false]))
  const settings = name === 'c4' ? { 'max-word': 0, 'min-line-words': 0 } : {}
  const value = profile.rules.find(rule => rule.option === option)!.value
  return { [name]: { ...off, ...quiet, ...settings, [option]: value } }
}

const times = (n: number, text: string, between = ' ') => Array.from({ length: n }, () => text).join(between)
/** Words of which none occurs twice, in exactly so many characters behind a beginning. */
function padded(begin: string, length: number): string {
  let text = begin
  for (let i = 0; text.length + 8 <= length; i++) text += ` w${i}x`
  return text + ' '.padEnd(length - text.length, 'z')
}
/** A run of n two-letter words, twice, in a text of so many characters: 2n of them are a repeat. */
const twice = (n: number, length: number) => {
  const run = Array.from({ length: n }, (_, i) => String.fromCharCode(97 + i) + String.fromCharCode(97 + i)).join(' ')
  return padded(`${run} ${run}`, length)
}
const lines = (...some: string[]) => some.join('\n')
/** Lines that differ. */
const distinct = (n: number, line = 'line') =>
  Array.from({ length: n }, (_, i) => `${line} ${String.fromCharCode(97 + i)}`)
const ja = '蒸留は沸点の違いで液体を分ける。'

/** A text that just passes and one that just does not, worked out by hand, for each rule of each profile. */
const cases: { [profile: string]: { [option: string]: [passes: string, drops: string, about?: About] } } = {
  'gopher-quality': {
    'min-words': [times(50, 'word'), times(49, 'word')],
    'max-words': [times(100_000, 'a'), times(100_001, 'a')],
    'min-mean-word-length': [times(60, 'abc'), `ab ${times(59, 'abc')}`],
    'max-mean-word-length': [times(60, 'abcdefghij'), `abcdefghijk ${times(59, 'abcdefghij')}`],
    // 6 of 60 are the tenth that may be.
    'max-hashes-per-word': [`${times(60, 'word')} ${times(6, '#')}`, `${times(60, 'word')} ${times(7, '#')}`],
    'max-ellipses-per-word': [`${times(60, 'word')} ${times(6, '...')}`, `${times(60, 'word')} ${times(6, '...')} …`],
    'max-bullet-lines': [lines(...times(9, '- item', '|').split('|'), 'end'), times(10, '• item', '\n\n')],
    'max-ellipsis-lines': [
      lines(...distinct(7), 'a...', 'b…', 'c ... '),
      lines(...distinct(6), 'a...', 'b…', 'c…', 'd…'),
    ],
    'min-alphabetic-words': [`${times(8, 'word')} 1 2`, `${times(7, 'word')} 1 2 3`],
    'min-stop-words': ['The road to Rome', 'the the the road'],
  },
  'gopher-repetition': {
    'max-duplicate-paragraphs': [
      times(4, 'same', '\n\n').concat('\n\n', distinct(6).join('\n\n\n')),
      times(5, 'same', '\n\n').concat('\n\n', distinct(5).join('\n\n\n')),
    ],
    // 10 of 50 characters, and of 49.
    'max-duplicate-paragraph-characters': [
      lines('0123456789', '', '0123456789', '', 'x'.repeat(26)),
      lines('0123456789', '', '0123456789', '', 'x'.repeat(25)),
    ],
    'max-duplicate-lines': [
      lines(...distinct(6), ...times(4, 'same', '|').split('|')),
      lines(...distinct(5), ...times(5, 'same', '|').split('|')),
    ],
    'max-duplicate-line-characters': [
      lines('0123456789', '0123456789', 'x'.repeat(28)),
      lines('0123456789', '0123456789', 'x'.repeat(27)),
    ],
    // The run of n words of two letters occurs twice: 4n characters of the length that follows.
    'max-top-2-gram': [twice(2, 40), twice(2, 39)],
    'max-top-3-gram': [twice(3, 67), twice(3, 66)],
    'max-top-4-gram': [twice(4, 100), twice(4, 99)],
    // Its second occurrence: 2n characters.
    'max-duplicate-5-gram': [twice(5, 67), twice(5, 66)],
    'max-duplicate-6-gram': [twice(6, 86), twice(6, 85)],
    'max-duplicate-7-gram': [twice(7, 108), twice(7, 107)],
    'max-duplicate-8-gram': [twice(8, 134), twice(8, 133)],
    'max-duplicate-9-gram': [twice(9, 164), twice(9, 163)],
    'max-duplicate-10-gram': [twice(10, 200), twice(10, 199)],
  },
  c4: {
    'max-lorem-ipsum': ['Lorem of Ipsum.', 'Here is Lorem Ipsum.'],
    'max-curly-brackets': ['f(x)', 'f() {'],
    'max-bad-words': ['A badger.', 'How Bad it is.'],
    'min-sentences': ['One. Two! Three? "Four." Five', 'One. Two! Three? Mr. Four e.g. five.'],
  },
  mc4: {
    'min-long-lines': [times(3, 'x'.repeat(200), '\n'), lines('x'.repeat(199), 'x'.repeat(200), 'x'.repeat(200))],
  },
  fineweb: {
    // 12 of 100 lines.
    'min-punctuated-lines': [
      lines(...times(12, 'end.', '|').split('|'), ...times(88, 'open', '|').split('|')),
      lines(...times(11, 'end.', '|').split('|'), ...times(89, 'open', '|').split('|')),
    ],
    'max-short-lines': [
      lines(...times(67, 'x'.repeat(30), '|').split('|'), ...times(33, 'x'.repeat(31), '|').split('|')),
      lines(...times(68, 'x'.repeat(30), '|').split('|'), ...times(32, 'x'.repeat(31), '|').split('|')),
    ],
    // One character of 100 stands there a second time, and of 98 (rounded, 0.0102).
    'max-duplicate-line-characters': [lines('a', 'a', 'x'.repeat(96)), lines('a', 'a', 'x'.repeat(94))],
    // 3 line ends by 10 words; blank lines add none.
    'max-newlines-per-word': [lines('a b c d', '', 'e f', 'g', 'h i j'), lines('a b c d', 'e f', 'g', 'h i')],
  },
  'dolma-gopher': {
    'min-words': [times(50, 'word'), times(49, 'word')],
    'max-words': [times(100_000, 'a'), times(100_001, 'a')],
    'min-median-word-length': [times(30, 'ab abc abcd'), times(30, 'ab ab abcd')],
    'max-median-word-length': [times(30, 'a abcdefghij abcdefghijkl'), times(30, 'a abcdefghijk abcdefghijkl')],
    'max-symbol-words': [`${times(9, 'word')} ##`, `${times(8, 'word')} # so…`],
    'min-alphabetic-words': [`${times(8, 'word')} 1 2`, `${times(7, 'word')} 1 2 -`],
    'min-stop-words': ['the road, the sea', 'the, road to'],
    'max-bullet-lines': [lines(...times(9, '* item', '|').split('|'), '• end'), times(10, '- item', '\n')],
    'max-ellipsis-lines': [lines(...distinct(7), 'a…', 'b…', 'c…'), lines(...distinct(6), 'a…', 'b…', 'c…', 'd…')],
    // Both of a pair count.
    'max-copied-lines': [lines(...distinct(7), 'a', 'a', 'a'), lines(...distinct(4), 'a', 'a')],
    'max-copied-line-characters': [lines('aa', 'aa', 'x'.repeat(16)), lines('aa', 'aa', 'x'.repeat(15))],
    // 8 of 40 characters in words, without what joins them: 'aa bb aa bb' and 32 others.
    'max-top-2-gram': [`aa bb aa bb ${'x'.repeat(32)}`, `aa bb aa bb ${'x'.repeat(31)}`],
    'max-top-3-gram': [`aa bb cc aa bb cc ${'x'.repeat(55)}`, `aa bb cc aa bb cc ${'x'.repeat(54)}`],
    'max-top-4-gram': [`aa bb cc dd aa bb cc dd ${'x'.repeat(84)}`, `aa bb cc dd aa bb cc dd ${'x'.repeat(83)}`],
    ...Object.fromEntries(
      [5, 6, 7, 8, 9, 10].map(n => {
        // Two runs of n letters among others: 2n characters of all n-grams, which overlap, against the limit.
        const limit = [0.15, 0.14, 0.13, 0.12, 0.11, 0.1][n - 5]!
        const run = 'abcdefghij'.slice(0, n).split('').join(' ')
        const text = (more: number) =>
          `${run} ${Array.from({ length: more }, (_, i) => String.fromCharCode(0x410 + i)).join(' ')} ${run}`
        // All have n characters, so that shares are of runs: 2 of (2n + more) - n + 1.
        const most = Math.ceil(2 / limit - n - 1)
        return [`max-duplicate-${n}-gram`, [text(most), text(most - 1)]]
      }),
    ),
  },
  curator: {
    'max-non-alphanumeric': ['abc/'.repeat(25), `${'abc/'.repeat(24)}ab//`],
    'max-symbol-words': [`${times(9, 'word')} #`, `${times(8, 'word')} # #`],
    'max-digits': [`${'x'.repeat(85)}${'1'.repeat(15)}`, `${'x'.repeat(84)}${'1'.repeat(16)}`],
    // 20 of 100 characters.
    'max-urls': [`https://example.org/ ${'x'.repeat(79)}`, `https://example.org/ ${'x'.repeat(78)}`],
    'max-bullet-lines': [lines(...times(9, '- item', '|').split('|'), 'end'), times(10, '- item', '\n')],
    'max-white-space': ['abc '.repeat(25), `${'abc '.repeat(24)}ab  `],
    'max-brackets': [`${'x'.repeat(90)}${'()'.repeat(5)}`, `${'x'.repeat(89)}${'()'.repeat(5)}]`],
    'max-word': ['x'.repeat(1000), 'x'.repeat(1001)],
    'min-words': [times(50, 'word'), times(49, 'word')],
    'max-words': [times(100_000, 'a'), times(100_001, 'a')],
    'max-boilerplate-paragraphs': [
      'a\n\nb\n\nc\n\nOur Privacy Policy\n\nThis site uses cookies.',
      'a\n\nb\n\nOur Privacy Policy\n\nThis site uses cookies.',
    ],
    'min-mean-word-length': [times(60, 'abc'), `ab ${times(59, 'abc')}`],
    'max-mean-word-length': [times(60, 'abcdefghij'), `abcdefghijk ${times(59, 'abcdefghij')}`],
    'max-open-sentences': [
      lines(...times(17, 'open', '|').split('|'), 'It is. It was. It goes.'),
      lines(...times(18, 'open', '|').split('|'), 'It is. It was. It goes.'),
    ],
    'max-ellipsis-lines': [lines(...distinct(7), 'a...', 'b…', 'c…'), lines(...distinct(6), 'a...', 'b…', 'c…', 'd…')],
    'min-stop-words': ['the road, the sea', 'the road'],
    'min-alphabetic-words': [`${times(8, 'word')} 1 2`, `${times(7, 'word')} 1 2 -`],
  },
  code: {
    'max-generated': [
      '// Generators are written here\nf()',
      '/* Code generated by protoc. DO NOT EDIT. */\nf()',
      { uri: 'a.go' },
    ],
    'max-line': ['x '.repeat(500), `${'x '.repeat(500)}xy`],
    'max-mean-line': [
      times(5, 'x'.repeat(100), '\n'),
      lines(...times(4, 'x'.repeat(100), '|').split('|'), 'x'.repeat(101)),
    ],
    'max-encoded': [`let a = "${'A'.repeat(1024)}"`, `let a = "${'A'.repeat(1000)}\n${'b'.repeat(25)}"`],
    'min-alphanumeric': ['a1++++++', 'a1+++++++'],
    'min-alphabetic': ['ab111111', 'ab1111111'],
    // 2 of 200 characters, and of 204.
    'min-comments': [`//\n${'x'.repeat(197)}`, `//\n${'x'.repeat(201)}`, { uri: 'src/a.ts' }],
    'max-comments': [
      `# ${'x'.repeat(78)}\n${'y'.repeat(19)}`,
      `# ${'x'.repeat(79)}\n${'y'.repeat(18)}`,
      { code: 'Python' },
    ],
    'min-data-characters': [`[${'1'.repeat(48)}]`, `[${'1'.repeat(47)}]`, { uri: 'a.json' }],
    'max-data-characters': [`[${'1'.repeat(4998)}]`, `[${'1'.repeat(4999)}]`, { uri: 'a.yaml' }],
    'min-data-letters': ['abc: 1', 'abc: 12', { uri: 'a.yml' }],
  },
  swallow: {
    'min-letters': ['字'.repeat(400), '字'.repeat(399), { language: 'ja' }],
    // The long mark is a letter, and no Japanese one.
    'min-japanese-letters': ['字'.repeat(400), `${'字'.repeat(399)}ー`, { language: 'ja' }],
    'min-japanese': ['字'.repeat(10) + 'x'.repeat(10), '字'.repeat(10) + 'x'.repeat(11), { language: 'ja' }],
    'min-hiragana': ['ああ字字字字字字字字', 'ああ字字字字字字字字字', { language: 'ja' }],
    'max-katakana': ['カカカ字字字', 'カカカカ字字字', { language: 'ja' }],
    'min-mean-sentence': [`${'字'.repeat(19)}。`, `${'字'.repeat(18)}。`, { language: 'ja' }],
    'max-mean-sentence': [`${'字'.repeat(89)}。`, `${'字'.repeat(90)}。`, { language: 'ja' }],
    // A full stop of ASCII ends nothing, a character beyond the first plane counts once.
    'max-sentence': [`${'字.'.repeat(99)}𠮷。短い。`, `${'字.'.repeat(99)}𠮷字。短い。`, { language: 'ja' }],
    'max-trailing-sentences': ['一。二。三。四。五…', '一。二。三。五・', { language: 'ja' }],
    'max-ng-characters': [`禁句${'字'.repeat(39)}`, `禁句${'字'.repeat(38)}`, { language: 'ja' }],
  },
  'swallow-repetition': {
    'max-duplicate-lines': [lines(...distinct(6), 'a', 'a', 'a', 'a'), lines(...distinct(5), 'a', 'a', 'a', 'a', 'a')],
    'max-duplicate-sentences': ['一。二。三。四。五。六。同。同。同。同。', '一。二。三。四。五。同。同。同。同。同。'],
    'max-duplicate-line-characters': [
      lines('0123456789', '0123456789', 'x'.repeat(28)),
      lines('0123456789', '0123456789', 'x'.repeat(27)),
    ],
    // 3 of 15 characters, and of 14.
    'max-duplicate-sentence-characters': ['同じ。同じ。あいうえおかきく。', '同じ。同じ。あいうえおかき。'],
    // The pair occurs 2 times among 10 and 9 runs of two, and so on.
    'max-top-2-characters': ['甲乙甲乙一二三四五六七', '甲乙甲乙一二三四五六'],
    'max-top-3-characters': ['甲乙丙甲乙丙一二三四五六七八', '甲乙丙甲乙丙一二三四五六七'],
    'max-top-4-characters': ['甲乙丙丁甲乙丙丁一二三四五六七八', '甲乙丙丁甲乙丙丁一二三四五六七'],
    ...Object.fromEntries(
      [5, 6, 7, 8, 9].map(n => {
        // One run of n twice, and others between that occur once: 1 of n + more different runs repeats.
        const least = Math.ceil(1 / [0.15, 0.14, 0.13, 0.12, 0.11][n - 5]!) - n
        const run = '甲乙丙丁戊己庚辛壬'.slice(0, n)
        return [
          `max-repeated-${n}-characters`,
          [run + 'あいう'.slice(0, least) + run, run + 'あいう'.slice(0, least - 1) + run],
        ]
      }),
    ),
    // 1 of 10 different runs, then 2 of 11.
    'max-repeated-10-characters': ['甲乙丙丁戊己庚辛壬癸'.repeat(2), '甲乙丙丁戊己庚辛壬癸子'.repeat(2)],
  },
  'llm-jp': {
    'min-kana': [`${'字'.repeat(49)}あ`, `${'字'.repeat(50)}あ`, { language: 'ja' }],
    'min-kuten-per-250': [`${'字'.repeat(249)}。`, `${'字'.repeat(250)}。`, { language: 'ja' }],
    'min-deflate': [ja, ja.repeat(50), { language: 'ja' }],
    'max-deflate': [ja.repeat(3), 'qZ7#kP!v9@Lm2$Xc5^Rt8&Wn0*Yb3(Hd6)Gf1-Js4+Tu', { language: 'ja' }],
    'max-ad-words': ['送料無料。'.repeat(10), '送料無料。'.repeat(11), { language: 'ja' }],
    'max-adult-words': ['禁句。'.repeat(3), '禁句。'.repeat(4), { language: 'ja' }],
    'max-violence-words': ['禁句。'.repeat(3), '禁句。'.repeat(4), { language: 'ja' }],
    'max-discrimination-words': ['禁句。'.repeat(3), '禁句。'.repeat(4), { language: 'ja' }],
  },
  hojichar: {
    'min-kana': [`${'字'.repeat(49)}ア`, `${'字'.repeat(50)}ア`, { language: 'ja' }],
    'min-characters': ['字'.repeat(200), '𠮷'.repeat(199), { language: 'ja' }],
    'max-characters': ['字'.repeat(50_000), '字'.repeat(50_001), { language: 'ja' }],
    'min-kuten-per-100': [`${'字'.repeat(99)}。`, `${'字'.repeat(100)}。`, { language: 'ja' }],
    'max-ad-words': ['クーポン。'.repeat(14), 'クーポン。'.repeat(15), { language: 'ja' }],
    'max-board-words': ['返信。'.repeat(14), '返信。'.repeat(15), { language: 'ja' }],
    // A word of katakana does not match inside of another.
    'max-adult-words': ['キンクス', '禁句', { language: 'ja' }],
    'max-violence-words': ['禁区', '禁句', { language: 'ja' }],
    'max-discrimination-words': ['禁区', 'これはキンク。', { language: 'ja' }],
    'max-special-characters': ['字、。字字字◆◆◆◆', '字、。字字字◆◆◆◆！', { language: 'ja' }],
    'max-repeat': ['w'.repeat(199), 'w'.repeat(200), { language: 'ja' }],
    // 11 and 10 characters: the run of five twice, by 7 and 6 runs.
    'max-frequent-5-characters': ['甲乙丙丁戊一甲乙丙丁戊', '甲乙丙丁戊甲乙丙丁戊', { language: 'ja' }],
    'max-short-lines': [lines('字'.repeat(10), '字'.repeat(11)), lines('字', '字'.repeat(10), '字'.repeat(11))],
    'max-ellipsis-lines': [
      lines(...distinct(3), ...times(7, 'a…', '|').split('|')),
      lines(...distinct(2), ...times(8, 'a…', '|').split('|')),
    ],
  },
}

const folder = mkdtempSync(join(tmpdir(), 'rules-'))
const file = join(folder, 'words.txt')
writeFileSync(file, '禁句\n\nキンク\nbad\n')
const lists = {
  'bad-words': file,
  'ng-words': file,
  'adult-words': file,
  'violence-words': file,
  'discrimination-words': file,
}

test.each(Object.entries(cases))(
  '%s: each rule lets by what is at its limit and drops what is beyond',
  async (name, rows) => {
    const profile = profiles.find(one => one.name === name)!
    expect(Object.keys(rows).sort()).toEqual(profile.rules.map(rule => rule.option).sort())
    for (const [option, [passes, drops, about]] of Object.entries(rows)) {
      const options = { ...lists, ...alone(name, option) }
      const { reason } = profile.rules.find(rule => rule.option === option)!
      const found = [await verdict(options, passes, about), await verdict(options, drops, about)]
      expect([option, ...found.map(({ is }) => is)]).toEqual([option, 'passed', reason])
    }
  },
)

test('a derived profile changes what it says and nothing else', async () => {
  const text = lines(
    'We like four words.',
    'Here are five words now.',
    'no full stop in here',
    'Three words more.',
    'It is. So it is.',
  )
  const left = async (name: string) => {
    const { record } = await verdict({ [name]: {} }, text)
    return (record as Rec<'document'>).text.split('\n').length
  }
  expect([await left('c4'), await left('fineweb-c4'), await left('c4-released')]).toEqual([4, 5, 2])
  const paper = lines('a', 'a', 'x'.repeat(94))
  const only = { 'min-punctuated-lines': false, 'max-short-lines': false, 'max-newlines-per-word': false }
  expect((await verdict({ fineweb: only }, paper)).is).toBe('duplicate-line-characters')
  expect((await verdict({ 'fineweb-paper': only }, paper)).is).toBe('passed')
})

test('C4 edits lines in its order and measures what is left; paragraphs stay apart', async () => {
  const text = lines(
    '  Distillation parts liquids.[12] It needs heat.  ',
    '',
    'Menu | Home',
    '',
    'Please enable JavaScript to go on.',
    'Read our privacy policy before you go on.',
    '',
    'Oh no...',
    'Two words.',
    'Vapour rises. It cools. It is "collected".[citation needed]',
  )
  const { record, is } = await verdict({ profiles: 'c4' }, text)
  expect((record as Rec<'document'>).text).toBe(
    lines('  Distillation parts liquids. It needs heat.', '', 'Vapour rises. It cools. It is "collected".'),
  )
  expect(record.scores['rules/edited-lines']).toEqual({
    method: 'edits',
    value: 7,
    why: 'citations 2, no-terminal-mark 2, few-words 1, javascript 1, policy 1',
  })
  expect(is).toBe('passed')
  // A curly bracket in a line that went before is not seen.
  expect((await verdict({ profiles: 'c4' }, lines(text, 'function() { return'))).is).toBe('passed')
  expect((await verdict({ profiles: 'c4' }, 'Menu\nHome')).is).toBe('no-line-left')
})

test('lines of Japanese: kana decide, addresses and ASCII runs go, line ends stay', async () => {
  const text = lines(
    '蒸留とは https://example.org/a?b=1 分けることです。',
    'Copyright 2026',
    `図${'a'.repeat(120)}のように`,
    '沸点',
  )
  const { record } = await verdict({ 'llm-jp': {} }, text, { language: 'ja' })
  expect((record as Rec<'document'>).text).toBe(lines('蒸留とは  分けることです。', '図のように'))
})

test('a text in which nothing changes keeps its line ends', async () => {
  const text = 'One line is here.\r\n\r\n\r\nOne is. Two is. Three is. Four more words.\r\n'
  const { record, is } = await verdict({ profiles: 'c4' }, text)
  expect([is, (record as Rec<'document'>).text]).toEqual(['passed', text])
})

test('the first rule that fails names the drop, with profile, tokenizer, value and limit', async () => {
  const { outcome } = await verdict({ profiles: ['gopher-repetition', 'gopher-quality'] }, times(40, 'same'))
  expect(outcome).toEqual({
    is: 'dropped',
    reason: 'top-2-gram',
    evidence: {
      rule: 'gopher-repetition.max-top-2-gram',
      version: 1,
      measure: 'rules/top-2-gram',
      by: 'words',
      value: 1,
      most: 0.2,
    },
  } satisfies Dropped)
  const other = await verdict({ 'gopher-quality': { tokenizer: 'tokens' } }, times(40, 'same'))
  expect(other.outcome).toMatchObject({
    reason: 'few-words',
    evidence: { by: 'tokens', measure: 'rules/words@tokens', value: 40, least: 50 },
  })
})

test('the same technical text stays by words and goes where marks count as words', async () => {
  const text = times(
    12,
    'Call `map.get(key)`, then `set.add([key, value])`; the rest of it is `null` (with -> `void`).',
  )
  const found = ['words', 'whitespace', 'tokens'].map(tokenizer => verdict({ 'gopher-quality': { tokenizer } }, text))
  expect((await Promise.all(found)).map(({ is }) => is)).toEqual(['passed', 'passed', 'few-alphabetic-words'])
})

test('stop words are those of the language, and a language without a list has none', async () => {
  const german = times(20, 'Die Destillation trennt der Reihe nach und mit Ruhe')
  const only = alone('gopher-quality', 'min-stop-words')
  expect((await verdict(only, german, { language: 'de' })).is).toBe('passed')
  expect((await verdict(only, german, { language: 'en' })).is).toBe('few-stop-words')
  const both = { profiles: ['gopher-quality', 'gopher-repetition'] }
  const { is, record } = await verdict(both, `${ja.repeat(3)}沸点の低い成分が先に気化し、冷やされて集められます。`, {
    language: 'ja',
  })
  expect(is).toBe('passed')
  expect(record.scores['rules/stop-words']).toEqual({ method: 'words', unscored: 'no-stop-words' })
  expect(record.scores['rules/mean-word-length']).toEqual({ method: 'words', unscored: 'script-without-spaces' })
})

test('a threshold is another cut over the same measures; another tokenizer measures anew', () => {
  const steps = (options: object) => rules.expand(rules.options.parse(options), 'rules')
  const plain = steps({ profiles: 'gopher-quality' })
  const other = steps({ profiles: 'gopher-quality', 'gopher-quality': { 'min-words': 40 } })
  const off = steps({ 'gopher-quality': { 'min-words': false } })
  expect([other[0]!.options, off[0]!.options]).toEqual([plain[0]!.options, plain[0]!.options])
  expect(other[1]!.options).not.toEqual(plain[1]!.options)
  expect((off[1]!.options as { limits: unknown[] }).limits).toHaveLength(9)
  expect(steps({ 'gopher-quality': { tokenizer: 'tokens' } })[0]!.options).not.toEqual(plain[0]!.options)
  // Repairs come before everything that is measured, whatever the order of the profiles.
  expect(steps({ profiles: ['gopher-quality', 'c4'] }).map(({ as }) => as)).toEqual(['lines', 'measure', 'cut'])
})

test('a row that was never measured is dropped by name; a rule tells when it never fires', () => {
  const limits = [{ rule: 'a.b', version: 1, score: 'rules/words', reason: 'few-words', least: 1 }]
  expect(cutRules.test(document('d', 'text'), { limits })).toEqual({
    is: 'dropped',
    reason: 'lacks-measure',
    evidence: { rule: 'a.b', score: 'rules/words' },
  })
  expect(cutRules.watches!({ limits: [...limits, ...limits] })).toEqual(['few-words'])
})

test('rules without their list are not there, and profiles must be named', () => {
  const reasons = (options: object) =>
    rules
      .expand(rules.options.parse(options), 'r')
      .flatMap(({ options }) => (options as { limits?: { reason: string }[] }).limits ?? [])
      .map(({ reason }) => reason)
  expect(reasons({ profiles: 'llm-jp' })).toContain('ads')
  expect(reasons({ profiles: 'llm-jp' })).not.toContain('adult')
  expect(reasons({ profiles: 'llm-jp', 'adult-words': file })).toContain('adult')
  for (const wrong of [{}, { profiles: 'gopher' }, { fineweb: { 'min-words': 3 } }]) {
    expect(rules.options.safeParse(wrong).success).toBe(false)
  }
})

test('every measure of every profile gives a number or a reason for any text', async () => {
  const names = profiles.filter(({ edits }) => !edits).map(({ name }) => name)
  const quiet = { ...lists, profiles: names, 'llm-jp': { edit: false }, of: 'text' }
  const odd = [
    '',
    ' \n\r\n',
    'a',
    '。',
    '\ud83d',
    '𠮷',
    times(300, 'same line', '\n'),
    'x'.repeat(2 ** 16),
    '…'.repeat(999),
    '"'.repeat(3),
  ]
  for (const text of odd) {
    for (const language of ['en', 'ja', 'xx-YY']) {
      const { record } = await verdict(quiet, text, { language, uri: 'a.py' })
      const found = Object.entries(record.scores)
      expect(found.length).toBeGreaterThan(80)
      const wrong = found.filter(([, score]) =>
        'value' in score ? !Number.isFinite(score.value) || score.value < 0 : !/^[a-z-]+$/.test(score.unscored),
      )
      expect(wrong).toEqual([])
    }
  }
})

test.each(['constructor', 'toString', '__proto__'])('%s is no measure', name => {
  expect(namedMeasure(name)).toBeUndefined()
})
