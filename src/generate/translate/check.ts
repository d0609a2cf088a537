import { identifyLanguage, plainText, weight } from '../../text/index.ts'

export type Language = 'en' | 'ja'

const blocks = /```[\s\S]*?```|~~~[\s\S]*?~~~/g
const spans = /(?<!`)`[^`\n]+`(?!`)/g
/** What a program fills in, and addresses. */
const placeholders =
  /\{\{[^{}\n]*\}\}|\$\{[^{}\n]*\}|\{[\w.-]+\}|%\(\w+\)[sd]|%[sdif](?![\p{L}\d])|https?:\/\/[^\s)>\]」』、。]+/gu

const japaneseLetters = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u

/** The language of a text among the two; undefined where it is neither, or too short to tell. */
export function languageOf(text: string): Language | undefined {
  const found = identifyLanguage(plainText(text))?.language
  if (found) return found === 'en' || found === 'ja' ? found : undefined
  return /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) ? 'ja' : undefined
}

/** Nothing in it is to be translated: code, numbers, addresses. */
export const isWordless = (text: string): boolean =>
  !/\p{L}/u.test(text.replace(blocks, '').replace(spans, '').replace(placeholders, ''))

/** Why a text is no translation of another, by name, with what shows it; lengths as multiples in words. */
export function problemOf(
  text: string,
  original: string,
  to: Language,
  [least, most]: readonly [number, number],
): { reason: string; evidence?: { [name: string]: string | number } } | undefined {
  if (text === '') return { reason: 'empty-text' }
  for (const [pattern, reason] of [
    [blocks, 'code-changed'],
    [spans, 'code-changed'],
    [placeholders, 'placeholder-changed'],
  ] as const) {
    const outside = pattern === blocks ? original : original.replace(blocks, '')
    const missing = outside.match(pattern)?.find(kept => !text.includes(kept))
    if (missing !== undefined) return { reason, evidence: { missing: missing.slice(0, 200) } }
  }
  if (isWordless(original)) return undefined
  const found = identifyLanguage(plainText(text))?.language
  if (found ? found !== to : japaneseLetters.test(text) !== (to === 'ja'))
    return { reason: 'other-language', evidence: { found: found ?? 'unknown' } }
  const ratio = Math.round((100 * weight(text)) / Math.max(1, weight(original))) / 100
  // Of a few words a translation may have any number.
  if (weight(original) < 8) return undefined
  if (ratio < least) return { reason: 'too-short', evidence: { ratio } }
  return ratio > most ? { reason: 'too-long', evidence: { ratio } } : undefined
}
