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
  const counts = countScripts(head)
  const total = counts.reduce((sum, { weight }) => sum + weight, 0)
  if (total === 0) return undefined
  const top = counts.reduce((best, next) => (next.weight > best.weight ? next : best))
  if (top.weight * 2 <= total) return undefined
  if (top.language) return top.language
  if (head.trim().length < shortest) return undefined
  const found = detector().detect(head.replace(/https?:\/\/\S+/g, ' '))
  return found.isReliable() && found.language ? found.language : undefined
}

/** Letters by script, weighed; Han counts as Japanese where kana stand beside it. */
function countScripts(text: string): { language: string | undefined; letters: number; weight: number }[] {
  const counts = scripts.map(([of, language, weight]) => {
    const letters = text.match(of)?.length ?? 0
    return { language, letters, weight: letters * weight }
  })
  const [kana, han] = [counts[0]!, counts[1]!]
  // Japanese is kana and Han together; a stray kana word in Chinese does not make it Japanese.
  if (kana.weight * 20 >= han.weight) {
    kana.weight += han.weight
    if (kana.weight > han.weight) han.weight = 0
  }
  return counts
}

/** A language with how sure it is, 0.5 to 1: the share of the letters in its script, and for shared scripts how far ahead of the next language it is. */
export type Identified = { language: string; confidence: number }

/** Letters under which a shared script is not told apart (some 30 characters), and under which Han alone, and other scripts, are not. */
const fewest = { shared: 24, han: 12, own: 4 }
const windowSize = 700

/**
 * The language of a text, or undefined where it is too short or too mixed to tell. Long texts are read at four places, so
 * that a second language further down counts. The confidence of a shared script is fitted on fragments of 20 to 60
 * characters of technical English: of those with 0.8 about four in five are right. Markup and code mislead: pass `plainText`.
 */
export function identifyLanguage(text: string): Identified | undefined {
  const windows = text.length >= 4 * windowSize ? 4 : text.length >= 2 * windowSize ? 2 : 1
  const found = Array.from({ length: windows }, (_, i) => {
    const start = windows === 1 ? 0 : Math.floor((i * (text.length - windowSize)) / (windows - 1))
    return inWindow(text.slice(start, start + (windows === 1 ? 2 : 1) * windowSize))
  })
  const votes = new Map<string, number>()
  for (const one of found) if (one) votes.set(one.language, (votes.get(one.language) ?? 0) + one.confidence)
  const [best] = [...votes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  // A window without prose, such as a table, says nothing; one that cannot be told counts against.
  const asked = found.filter(one => one !== null).length
  if (!best || best[1] / asked < 0.5) return undefined
  return { language: best[0], confidence: Math.round((best[1] / asked) * 1000) / 1000 }
}

/** Null: nothing to read; undefined: it cannot be told. */
function inWindow(text: string): Identified | undefined | null {
  if (plainlyEnglish(text)) return { language: 'en', confidence: 0.995 }
  const counts = countScripts(text)
  const total = counts.reduce((sum, { weight }) => sum + weight, 0)
  if (total === 0) return null
  const top = counts.reduce((best, next) => (next.weight > best.weight ? next : best))
  const share = top.weight / total
  if (share <= 0.5) return undefined
  if (top.language) {
    const read = top.language === 'ja' || top.language === 'zh' ? top.weight / 3 : top.letters
    if (read < (top.language === 'zh' ? fewest.han : fewest.own)) return undefined
    return { language: top.language, confidence: share }
  }
  if (top.letters < fewest.shared) return undefined
  const scores = Object.entries(
    detector()
      .detect(text.replace(/https?:\/\/\S+/g, ' '))
      .getScores(),
  )
  const [first, second] = scores
  if (!first) return undefined
  const ahead = strength(first[1]) - (second ? strength(second[1]) : 0)
  return { language: first[0], confidence: share / (1 + Math.exp(0.6 - 0.19 * ahead)) }
}

/** The mean strength of the n-grams behind a score of `eld`, which it folds into 0 to 1. */
const strength = (score: number) => (25 * score) / (1 - score)

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

type Detector = {
  detect(text: string): { language: string; isReliable(): boolean; getScores(): { [language: string]: number } }
}
let loaded: Detector | undefined

/** `eld` takes a third of a second to load, so it waits for the first text that needs it. */
function detector(): Detector {
  loaded ??= (createRequire(import.meta.url)(fileURLToPath(import.meta.resolve('eld/small'))) as { eld: Detector }).eld
  return loaded
}
