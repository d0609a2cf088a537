import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Scripts that one language of wide use is written in, so that letters alone tell it. */
const scripts: [RegExp, string | undefined, number][] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}ー]/gu, 'ja', 3],
  [/\p{Script=Han}/gu, 'zh', 3],
  [/\p{Script=Hangul}/gu, 'ko', 3],
  [/\p{Script=Thai}/gu, 'th', 1],
  [/\p{Script=Hebrew}/gu, 'he', 1],
  [/\p{Script=Greek}/gu, 'el', 1],
  [/\p{Script=Armenian}/gu, 'hy', 1],
  [/\p{Script=Georgian}/gu, 'ka', 1],
  [/\p{Script=Bengali}/gu, 'bn', 1],
  [/\p{Script=Tamil}/gu, 'ta', 1],
  [/\p{Script=Telugu}/gu, 'te', 1],
  [/\p{Script=Kannada}/gu, 'kn', 1],
  [/\p{Script=Malayalam}/gu, 'ml', 1],
  [/\p{Script=Gujarati}/gu, 'gu', 1],
  [/\p{Script=Gurmukhi}/gu, 'pa', 1],
  [/\p{Script=Sinhala}/gu, 'si', 1],
  [/\p{Script=Khmer}/gu, 'km', 1],
  [/\p{Script=Lao}/gu, 'lo', 1],
  [/\p{Script=Myanmar}/gu, 'my', 1],
  [/\p{Script=Ethiopic}/gu, 'am', 1],
  // Shared by many languages: letters of these go to the statistical detector.
  [/[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Devanagari}]/gu, undefined, 1],
]

/** Under this many characters the detector guesses, so it abstains. */
const shortest = 48
const sample = 4000

/**
 * ISO 639-1 code of the language most of the text is in, or undefined when that cannot be told. Script decides first
 * (kana: ja, hangul: ko, Han without kana: zh); languages that share a script are told apart by `eld`. A CJK character
 * weighs as much as three letters of an alphabet. Markup and code mislead: pass `plainText`.
 */
export function detectLanguage(text: string): string | undefined {
  const head = text.slice(0, sample)
  if (plainlyEnglish(head)) return 'en'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  if (head.length < shortest && !/[^\x00-\x7f]/.test(head)) return undefined
  const counts = scripts.map(([letters, language, weight]) => ({
    language,
    weight: (head.match(letters)?.length ?? 0) * weight,
  }))
  const total = counts.reduce((sum, { weight }) => sum + weight, 0)
  if (total === 0) return undefined
  const [kana, han] = [counts[0]!, counts[1]!]
  // Japanese is kana and Han together; a stray kana word in Chinese does not make it Japanese.
  if (kana.weight * 20 >= han.weight) {
    kana.weight += han.weight
    if (kana.weight > han.weight) han.weight = 0
  }
  const top = counts.reduce((best, next) => (next.weight > best.weight ? next : best))
  if (top.weight * 2 <= total) return undefined
  if (top.language) return top.language
  if (head.trim().length < shortest) return undefined
  const found = detector().detect(head.replace(/https?:\/\/\S+/g, ' '))
  return found.isReliable() && found.language ? found.language : undefined
}

/**
 * Most text here is English, and its function words tell it at a hundredth of the detector's cost and without its tables
 * (some 100 MB): one word in eight, five different ones at least. No other language in ASCII comes near that.
 */
function plainlyEnglish(head: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  if (head.length < 120 || /[^\x00-\x7f’‘“”–—…•©®™]/.test(head)) return false
  const found = head.match(/\b(?:the|of|and|that|is|with|for|this|are|which|from|when|you|it|be|or|not)\b/gi)
  if (!found) return false
  const spaces = head.match(/\s+/g)?.length ?? 0
  return found.length * 8 >= spaces && new Set(found.map(word => word.toLowerCase())).size >= 5
}

type Detector = { detect(text: string): { language: string; isReliable(): boolean } }
let loaded: Detector | undefined

/** `eld` takes a third of a second to load, so it waits for the first text that needs it. */
function detector(): Detector {
  loaded ??= (createRequire(import.meta.url)(fileURLToPath(import.meta.resolve('eld/small'))) as { eld: Detector }).eld
  return loaded
}
