import { normaliseForMatch } from '../../text/index.ts'

/** What a model that reads and writes text alone cannot look at, and words that show it is asked to. */
export const keywords = {
  en: [
    'image',
    'images',
    'graph',
    'graphs',
    'picture',
    'pictures',
    'photo',
    'photos',
    'file',
    'files',
    'map',
    'maps',
  ].concat(['draw', 'plot', 'video', 'videos', 'audio', 'go to']),
  ja: ['画像', '写真', '動画', '音声', 'グラフ', '地図', 'イラスト', 'スクリーンショット', 'ファイル', '図表'],
}

/** Openings that models fall into: most tasks that begin so are an earlier one with a few words in front. */
export const openings = { en: ['write a program'], ja: ['プログラムを書'] }

/** Words, or characters of a script without spaces. */
export const lengths: { [language: string]: [number, number] } = { en: [4, 150], ja: [8, 300] }

const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u
const pointsAtInput =
  /\b(?:following|below|(?:given|provided) (?:\p{L}+ )?(?:text|code|data|sentence|list|table|paragraph|article|email|passage))\b|(?:以下|次|下記)の|与えられた/iu

export type Rules = {
  keywords: readonly string[]
  openings: readonly string[]
  length: readonly [number, number]
  /** Examples that were shown, in the form that is compared. */
  shown: ReadonlySet<string>
  /** Instructions of the same reply so far. */
  before: ReadonlySet<string>
}

/** The form in which two instructions are the same one. */
export const comparable = normaliseForMatch

/** A keyword as a word of its own; a script without spaces has none, so there it is looked for anywhere. */
const holds = (text: string, word: string): boolean =>
  unspaced.test(word) ? text.includes(word) : ` ${text} `.includes(` ${normaliseForMatch(word)} `)

/** Words separated by spaces, or characters where more than half of the text is in a script without them. */
export function lengthOf(text: string): number {
  const characters = [...text.replace(/\s+/g, '')]
  const wide = characters.filter(character => unspaced.test(character)).length
  return 2 * wide > characters.length ? characters.length : text.split(/\s+/).filter(Boolean).length
}

/** Why a new instruction is not taken, after the heuristics of Self-Instruct; undefined when it is. */
export function faultOf(instruction: string, input: string, rules: Rules): string | undefined {
  const form = comparable(instruction)
  const [least, most] = rules.length
  const length = lengthOf(instruction)
  if (form === '') return 'empty-instruction'
  // A quotation mark or a bracket opens as well as a letter does.
  if (!/^[\p{Ps}\p{Pi}"']?[\p{L}\p{N}]/u.test(instruction)) return 'odd-start'
  if (length < least) return 'too-short'
  if (length > most) return 'too-long'
  if (rules.shown.has(form)) return 'copies-example'
  if (rules.before.has(form)) return 'duplicate-instruction'
  if (rules.keywords.some(word => holds(form, word))) return 'beyond-text'
  if (rules.openings.some(opening => form.startsWith(normaliseForMatch(opening)))) return 'worn-opening'
  if (input === '' && pointsAtInput.test(instruction) && !/[:：\n]/.test(instruction)) return 'missing-input'
  return undefined
}
