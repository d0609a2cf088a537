const lineEnds = /\r\n?|[\u0085\u2028\u2029]/g
/** C0 and C1 controls but tab and line feed. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is the purpose
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
/** Invisible and without meaning for the word: soft hyphen, zero-width space, word joiner, BOM, direction marks. */
const invisible = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g

/**
 * The form texts are cleaned to: line feeds alone, NFC, no control or zero-width characters, no spaces at line ends.
 * The joiners U+200C and U+200D stay, because Persian, Indic scripts and emoji are spelled with them. Idempotent.
 */
export function normalise(text: string): string {
  const clean = text.replace(lineEnds, '\n').replace(controls, '').replace(invisible, '').normalize('NFC')
  return clean
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'
/** First the marks that stay (captured), then all others. */
const marks = /((?<=\p{N})[./](?=\p{N})|(?<![\p{L}\p{N}\p{M})\]])-(?=\.?\p{N})|[+<=>^×÷±])|[\p{P}\p{S}\p{C}]/gu
const hyphens = /[\u2010-\u2015\u2212\ufe63]/g

/**
 * The form texts are compared in: NFKC, lower case, no punctuation, white space folded to one space, trimmed.
 * What carries the value of an answer stays: a decimal point and a fraction bar between digits, the sign of a number,
 * and the operators `+ < = > ^ × ÷ ±`; the comma of thousands goes (`-1,000.5` gives `-1000.5`). An apostrophe inside
 * a word closes up (`don't` gives `dont`); any other mark separates.
 */
export function normaliseForMatch(text: string): string {
  return text
    .replace(/[⁰¹²³⁴-⁹]+/g, digits => `^${[...digits].map(d => superscripts.indexOf(d)).join('')}`)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cf}/gu, '')
    .replace(/\u2044/g, '/')
    .replace(hyphens, '-')
    .replace(/(?<=\p{N}),(?=\p{N}{3}(?!\p{N}))/gu, '')
    .replace(/(?<=\p{L})['\u2019](?=\p{L})/gu, '')
    .replace(marks, (_, kept: string | undefined) => kept ?? ' ')
    .replace(/\s+/g, ' ')
    .replace(/ ?([+<=>^×÷±]) ?/g, '$1')
    .trim()
}
