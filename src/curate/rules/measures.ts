import { deflateSync } from 'node:zlib'
import type { Slug } from '../../records/index.ts'
import { type Characters, countCharacters, is, longestRepeat, occurrences } from './reading/characters.ts'
import { commentCharacters, isData, longestEncoded, saysGenerated } from './reading/code.ts'
import { countLines, lineTests } from './reading/lines.ts'
import { countPhrases, type List, listNames, type Phrases, policyPhrases } from './reading/phrases.ts'
import type { Repeats } from './reading/repetition.ts'
import type { Sentences } from './reading/sentences.ts'
import type { Duplicates, Spans } from './reading/spans.ts'
import type { Words } from './reading/words.ts'

/** How a text is cut into words, in the terms of `split`. It is part of the verdict of every rule over words. */
export const tokenizers = ['words', 'whitespace', 'tokens'] as const
export type Tokenizer = (typeof tokenizers)[number]

/** A text read once for all measures. What is a function is read when the first measure asks for it. */
export type Reading = {
  text: string
  /** Code of the programming language, where the file is one. */
  code: string | undefined
  lines: Spans
  paragraphs: Spans
  characters(): Characters
  lowered(): string
  sentences(): Sentences
  japaneseSentences(): Sentences
  lineCopies(): Duplicates
  paragraphCopies(): Duplicates
  sentenceCopies(): Duplicates
  /** Of the tokenizer of the measure. */
  words: Words
  /** Repeats of runs of so many units of the tokenizer, or of characters. */
  repeats(n: number): Repeats
  phrases(list: List): Phrases
}

export type Measure = {
  /** What is counted: the method of the score, where it is not the tokenizer. */
  of: 'characters' | 'lines' | 'paragraphs' | 'sentences' | 'words' | 'comments' | 'bytes' | 'phrases'
  /** What the value is, with its definition. `#` is the number in the name. */
  about: string
  /** Runs of so many units: of words, or of characters where `of` says so. */
  repeats?: true
  /** A value, or why there is none. */
  read(at: Reading, n: number): number | Slug
}

/** 0 for an empty text: a rule that asks for a least share drops it, one that asks for a most lets it by. */
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
const sum = ({ of }: Characters, ...classes: number[]) => classes.reduce((n, one) => n + of[one]!, 0)
const unspaced = (c: Characters) => sum(c, is.hiragana, is.katakana, is.prolonged, is.kanji, is.unspaced)
const letters = (c: Characters) => c.of[is.letter]! + unspaced(c)
/** Letters as Swallow counts Japanese ones: the long mark is none, the marks of a sentence are. */
const japanese = (c: Characters) => sum(c, is.hiragana, is.katakana, is.kanji, is.kuten, is.touten)
/** Goes through the lengths of stretches in code points. */
function lengths({ characters, text }: Reading, { starts, ends, count }: Spans, see: (length: number) => void): void {
  const paired = characters().total !== text.length
  for (let i = 0; i < count; i++) {
    const length = ends[i]! - starts[i]!
    see(paired ? countCharacters(text.slice(starts[i]!, ends[i]!)).total : length)
  }
}
function widest(at: Reading, spans: Spans): number {
  let most = 0
  lengths(at, spans, length => {
    if (length > most) most = length
  })
  return most
}
function longer(at: Reading, spans: Spans, than: number): number {
  let n = 0
  lengths(at, spans, length => {
    if (length > than) n++
  })
  return n
}
function mean(at: Reading, spans: Spans): number {
  let all = 0
  lengths(at, spans, length => {
    all += length
  })
  return share(all, spans.count)
}
/**
 * In a script without spaces words cannot be told by their looks: a measure that is about words does not apply there.
 * A character of such a script says as much as three letters.
 */
const spaced = (at: Reading, value: (words: Words) => number): number | Slug => {
  const c = at.characters()
  return 3 * unspaced(c) > c.of[is.letter]! ? 'script-without-spaces' : value(at.words)
}
/** Tokenizers that give each character of such a script can still count them; between spaces there is only markup. */
const counted = (at: Reading, value: (words: Words) => number): number | Slug =>
  at.words.how === 'whitespace' ? spaced(at, value) : value(at.words)
const most = (text: string, n: number): string => (text.length > n ? text.slice(0, n) : text)

/** Every measure of the rules. A name with a number, such as `top-2-gram`, is found under `#`. */
export const measures: { [name: string]: Measure } = {
  // Words
  words: {
    of: 'words',
    about: 'Units that are more than symbols; each character is one in a script without spaces, none between spaces',
    read: at => counted(at, ({ words }) => words),
  },
  'mean-word-length': {
    of: 'words',
    about: 'Mean characters of a word; none in scripts without spaces',
    read: at => spaced(at, ({ characters, words }) => share(characters, words)),
  },
  'median-word-length': {
    of: 'words',
    about: 'Median characters of a word; none in scripts without spaces',
    read: at => spaced(at, ({ median }) => median),
  },
  'longest-word': {
    of: 'words',
    about: 'Characters of the longest word; none in scripts without spaces',
    read: at => spaced(at, ({ longest }) => longest),
  },
  'hashes-per-word': {
    of: 'words',
    about: '# signs by units',
    read: at => share(at.characters().of[is.hash]!, at.words.units),
  },
  'ellipses-per-word': {
    of: 'words',
    about: '... and … by units',
    read: at => share(occurrences(at.text, '...') + at.characters().of[is.ellipsis]!, at.words.units),
  },
  'symbol-words': {
    of: 'words',
    about: 'Share of words with # or … in them',
    read: at => counted(at, ({ marked, units }) => share(marked, units)),
  },
  'alphabetic-words': {
    of: 'words',
    about: 'Share of units that hold a letter',
    read: at => counted(at, ({ alphabetic, units }) => share(alphabetic, units)),
  },
  'stop-words': {
    of: 'words',
    about: 'Different stop words of the language; none where it has no list',
    read: ({ words }) => words.stopWords ?? 'no-stop-words',
  },
  'stop-words-in-all': {
    of: 'words',
    about: 'Stop words of the language, each as often as it occurs; none where it has no list',
    read: ({ words }) => words.stopWordsInAll ?? 'no-stop-words',
  },
  'newlines-per-word': {
    of: 'words',
    about: 'Line ends between lines by units; blank lines add none',
    read: at => share(Math.max(0, at.lines.count - 1), at.words.units),
  },
  'top-#-gram': {
    of: 'words',
    about:
      'Characters of the most frequent run of # units times its occurrences, by characters of the text; 0 where none occurs twice',
    repeats: true,
    read: (at, n) => spaced(at, () => Math.min(1, share(at.repeats(n).top, at.repeats(n).length))),
  },
  'duplicate-#-gram': {
    of: 'words',
    about: 'Characters of runs of # units that occurred before, none counted twice, by characters of the text',
    repeats: true,
    read: (at, n) => spaced(at, () => share(at.repeats(n).later, at.repeats(n).length)),
  },
  'top-#-gram-of-words': {
    of: 'words',
    about:
      'Characters of the most frequent run of # units times its occurrences, by characters of all units; 0 where none occurs twice',
    repeats: true,
    read: (at, n) => spaced(at, () => Math.min(1, share(at.repeats(n).top, at.repeats(n).characters))),
  },
  'copied-#-gram': {
    of: 'words',
    about: 'Characters of all occurrences of runs of # units that have a copy, by characters of all such runs',
    repeats: true,
    read: (at, n) => spaced(at, () => share(at.repeats(n).copied, at.repeats(n).total)),
  },
  // Lines and paragraphs. Blank lines are none.
  'bullet-lines': {
    of: 'lines',
    about: 'Share of lines that begin with • or -',
    read: ({ lines }) => share(countLines(lines, lineTests.bullet), lines.count),
  },
  'star-bullet-lines': {
    of: 'lines',
    about: 'Share of lines that begin with * or -',
    read: ({ lines }) => share(countLines(lines, lineTests.starBullet), lines.count),
  },
  'ellipsis-lines': {
    of: 'lines',
    about: 'Share of lines that end with ... or …',
    read: ({ lines }) => share(countLines(lines, lineTests.ellipsis), lines.count),
  },
  'ellipsis-sign-lines': {
    of: 'lines',
    about: 'Share of lines that end with …',
    read: ({ lines }) => share(countLines(lines, lineTests.ellipsisSign), lines.count),
  },
  'punctuated-lines': {
    of: 'lines',
    about: 'Share of lines that end with a terminal mark: . ? ! " \' or its like in other scripts',
    read: ({ lines }) => share(countLines(lines, lineTests.terminal), lines.count),
  },
  'short-lines-#': {
    of: 'lines',
    about: 'Share of lines of at most # characters',
    read: (at, n) => share(at.lines.count - longer(at, at.lines, n), at.lines.count),
  },
  'long-lines-#': {
    of: 'lines',
    about: 'Lines of at least # characters',
    read: (at, n) => longer(at, at.lines, n - 1),
  },
  'mean-line': { of: 'lines', about: 'Mean characters of a line', read: at => mean(at, at.lines) },
  'longest-line': { of: 'lines', about: 'Characters of the longest line', read: at => widest(at, at.lines) },
  'duplicate-lines': {
    of: 'lines',
    about: 'Share of lines that stood before',
    read: at => share(at.lineCopies().later, at.lines.count),
  },
  'duplicate-line-characters': {
    of: 'lines',
    about: 'Characters of lines that stood before, by characters of the text',
    read: at => share(at.lineCopies().laterCharacters, at.text.length),
  },
  'copied-lines': {
    of: 'lines',
    about: 'Share of lines that have a copy, the first ones too',
    read: at => share(at.lineCopies().copied, at.lines.count),
  },
  'copied-line-characters': {
    of: 'lines',
    about: 'Characters of lines that have a copy, the first ones too, by characters that are not white space',
    read: at => share(at.lineCopies().copiedCharacters, visible(at.characters())),
  },
  'duplicate-paragraphs': {
    of: 'paragraphs',
    about: 'Share of paragraphs that stood before',
    read: at => share(at.paragraphCopies().later, at.paragraphs.count),
  },
  'duplicate-paragraph-characters': {
    of: 'paragraphs',
    about: 'Characters of paragraphs that stood before, by characters of the text',
    read: at => share(at.paragraphCopies().laterCharacters, at.text.length),
  },
  'boilerplate-paragraphs': {
    of: 'paragraphs',
    about: 'Share of paragraphs with a phrase of policies and cookie notices; 1 with lorem ipsum',
    read({ paragraphs, lowered }) {
      const text = lowered()
      if (text.includes('lorem ipsum')) return 1
      let found = 0
      for (let i = 0; i < paragraphs.count; i++) {
        if (countPhrases(text, policyPhrases, paragraphs.starts[i]!, paragraphs.ends[i]!).hits > 0) found++
      }
      return share(found, paragraphs.count)
    },
  },

  // Sentences
  sentences: {
    of: 'sentences',
    about: 'Sentences; the rest of a line is one too',
    read: at => at.sentences().spans.count,
  },
  'open-sentences': {
    of: 'sentences',
    about: 'Share of sentences without an end mark',
    read: at => share(at.sentences().spans.count - at.sentences().ended, at.sentences().spans.count),
  },
  'mean-japanese-sentence': {
    of: 'sentences',
    about: 'Mean characters of a sentence, which ends at 。．！？!? or with its line',
    read: at => mean(at, at.japaneseSentences().spans),
  },
  'longest-japanese-sentence': {
    of: 'sentences',
    about: 'Characters of the longest sentence',
    read: at => widest(at, at.japaneseSentences().spans),
  },
  'trailing-sentences': {
    of: 'sentences',
    about: 'Share of sentences that end with ・ or …',
    read: at => share(at.japaneseSentences().trailing, at.japaneseSentences().spans.count),
  },
  'duplicate-sentences': {
    of: 'sentences',
    about: 'Share of sentences that stood before',
    read: at => share(at.sentenceCopies().later, at.japaneseSentences().spans.count),
  },
  'duplicate-sentence-characters': {
    of: 'sentences',
    about: 'Characters of sentences that stood before, by characters of all sentences',
    read: at => share(at.sentenceCopies().laterCharacters, at.sentenceCopies().characters),
  },

  // Characters
  characters: { of: 'characters', about: 'Code points', read: at => at.characters().total },
  letters: { of: 'characters', about: 'Letters of any script', read: at => letters(at.characters()) },
  'japanese-letters': {
    of: 'characters',
    about: 'Hiragana, katakana, kanji and 、。，．！？; the long mark ー is not counted',
    read: at => japanese(at.characters()),
  },
  japanese: {
    of: 'characters',
    about: 'Share of Japanese letters in what is not white space',
    read: at => share(japanese(at.characters()), visible(at.characters())),
  },
  hiragana: {
    of: 'characters',
    about: 'Share of hiragana in Japanese letters',
    read: at => share(at.characters().of[is.hiragana]!, japanese(at.characters())),
  },
  katakana: {
    of: 'characters',
    about: 'Share of katakana in Japanese letters',
    read: at => share(at.characters().of[is.katakana]!, japanese(at.characters())),
  },
  'kana-in-first-#': {
    of: 'characters',
    about: 'Whether a kana is among the first # characters: 1 or 0',
    read: ({ text }, n) =>
      /[\u3041-\u3096\u30a1-\u30fa]/.test(
        Array.from(most(text, 2 * n))
          .slice(0, n)
          .join(''),
      )
        ? 1
        : 0,
  },
  'kuten-per-#': {
    of: 'characters',
    about: '。 by # characters',
    read: (at, n) => share(at.characters().of[is.kuten]! * n, at.characters().total),
  },
  'special-characters': {
    of: 'characters',
    about: 'Share of characters that are no letter, no digit and none of 、。・',
    read(at) {
      const c = at.characters()
      const plain = letters(c) + sum(c, is.digit, is.kuten, is.dot) + occurrences(at.text, '、')
      return share(c.total - plain, c.total)
    },
  },
  'longest-repeat': {
    of: 'characters',
    about: 'How often a character follows itself at most, itself counted',
    read: at => longestRepeat(at.text),
  },
  'non-alphanumeric': {
    of: 'characters',
    about: 'Share of characters that are neither letter nor digit nor one of ? ! , . nor a line end',
    read: at => {
      const c = at.characters()
      return share(c.total - letters(c) - sum(c, is.digit, is.stop, is.newline), c.total)
    },
  },
  alphanumeric: {
    of: 'characters',
    about: 'Share of letters and digits',
    read: at => share(letters(at.characters()) + at.characters().of[is.digit]!, at.characters().total),
  },
  alphabetic: {
    of: 'characters',
    about: 'Share of letters',
    read: at => share(letters(at.characters()), at.characters().total),
  },
  digits: {
    of: 'characters',
    about: 'Share of digits',
    read: at => share(at.characters().of[is.digit]!, at.characters().total),
  },
  'white-space': {
    of: 'characters',
    about: 'Share of white space',
    read: at => share(at.characters().total - visible(at.characters()), at.characters().total),
  },
  brackets: {
    of: 'characters',
    about: 'Share of ( ) [ ] { } ⟨ ⟩',
    read: at => share(at.characters().of[is.bracket]!, at.characters().total),
  },
  urls: {
    of: 'characters',
    about: 'Share of characters in http(s) addresses',
    read: ({ text }) => share(urlCharacters(text), text.length),
  },
  'curly-brackets': { of: 'characters', about: 'Occurrences of {', read: ({ text }) => occurrences(text, '{') },
  'lorem-ipsum': {
    of: 'phrases',
    about: 'Occurrences of lorem ipsum',
    read: at => occurrences(at.lowered(), 'lorem ipsum'),
  },
  'top-#-characters': {
    of: 'characters',
    about: 'Occurrences of the most frequent run of # characters, by all such runs; 0 where none occurs twice',
    repeats: true,
    read(at, n) {
      const { topCount, runs } = at.repeats(n)
      return topCount > 1 ? share(topCount, runs) : 0
    },
  },
  'repeated-#-characters': {
    of: 'characters',
    about: 'Share of the different runs of # characters that occur more than once',
    repeats: true,
    read: (at, n) => share(at.repeats(n).repeatedDistinct, at.repeats(n).distinct),
  },
  'frequent-#-characters': {
    of: 'characters',
    about:
      'Occurrences of the most frequent runs of # characters that have a copy, as many as the square root of the different ones, by all runs',
    repeats: true,
    read: (at, n) => share(at.repeats(n).frequent, at.repeats(n).runs),
  },
  'deflate-ratio': {
    of: 'bytes',
    about: 'Bytes after deflate at level 9, by UTF-8 bytes, of the first million characters',
    read({ text }) {
      const bytes = Buffer.from(most(text, 1e6))
      return share(deflateSync(bytes, { level: 9 }).length, bytes.length)
    },
  },

  // Phrases of a list
  ...Object.fromEntries(
    listNames.map((list): [string, Measure] => [
      list,
      {
        of: 'phrases',
        about: `Occurrences of phrases of the list \`${list}\``,
        read: at => found(at, list).hits,
      },
    ]),
  ),
  'ng-characters': {
    of: 'phrases',
    about: 'Share of characters in phrases of the list `ng-words`',
    read: at => share(found(at, 'ng-words').characters, at.text.length),
  },

  // Code
  comments: {
    of: 'comments',
    about: 'Share of characters in comments; none for a language whose comments are not known',
    read: ({ text, code }) => {
      const characters = commentCharacters(text, code)
      return characters === undefined ? 'unknown-code' : share(characters, text.length)
    },
  },
  generated: {
    of: 'lines',
    about: 'Whether one of the first ten lines says that a program wrote the file: 1 or 0',
    read: ({ lines }) => (saysGenerated(lines) ? 1 : 0),
  },
  encoded: {
    of: 'characters',
    about: 'Characters of the longest run of base64 or hexadecimal digits, over line ends',
    read: ({ text }) => longestEncoded(text),
  },
  'data-characters': {
    of: 'characters',
    about: 'Code points of a JSON or YAML file; none for others',
    read: at => (isData(at.code) ? at.characters().total : 'no-data-file'),
  },
  'data-letters': {
    of: 'characters',
    about: 'Share of letters in a JSON or YAML file; none for others',
    read: at => (isData(at.code) ? share(letters(at.characters()), at.characters().total) : 'no-data-file'),
  },
}

const visible = (c: Characters): number => c.total - sum(c, is.space, is.newline)

function found(at: Reading, list: List): ReturnType<typeof countPhrases> {
  const phrases = at.phrases(list)
  return countPhrases(phrases.cased ? at.lowered() : at.text, phrases)
}

function urlCharacters(text: string): number {
  let characters = 0
  for (let at = text.indexOf('http'); at >= 0; at = text.indexOf('http', at + 4)) {
    const found = /^https?:\/\/[^\s<>"')\]}]+/.exec(text.slice(at, at + 2000))
    if (!found) continue
    characters += found[0].length
    at += found[0].length - 4
  }
  return characters
}

/** A measure as a score names it: its name, with the tokenizer behind `@` where that is not `words`. */
export type Named = { name: string; measure: Measure; n: number; by: Tokenizer | 'characters' | undefined }

/** Reads a name such as `top-2-gram@whitespace`; undefined where there is no such measure. */
export function namedMeasure(name: string): Named | undefined {
  const [plain = '', tokenizer = 'words'] = name.split('@')
  const number = /(?:^|-)(\d+)(?=-|$)/.exec(plain)
  const known = [plain, ...(number ? [plain.replace(number[1]!, '#')] : [])].find(one => Object.hasOwn(measures, one))
  const measure = known === undefined ? undefined : measures[known]
  if (!measure || !(tokenizers as readonly string[]).includes(tokenizer)) return undefined
  const by = measure.of === 'words' ? (tokenizer as Tokenizer) : measure.repeats ? 'characters' : undefined
  return { name, measure, n: number ? Number(number[1]) : 0, by }
}

/** The score name of a measure under a tokenizer. */
export const scoreName = (measure: string, tokenizer: Tokenizer): string =>
  tokenizer !== 'words' && namedMeasure(measure)?.measure.of === 'words' ? `${measure}@${tokenizer}` : measure
