/** Bytes of the characters that Windows-1252 shows for 0x80 to 0xff. */
const bytes = new Map(
  [...new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 128 }, (_, i) => 128 + i))].map(
    (character, i) => [character, 128 + i] as const,
  ),
)
const utf8 = new TextDecoder()
const above = `[${[...bytes.keys()].join('')}]`
const runs = new RegExp(`${above}{2,}`, 'gu')
/** What hides in single characters without doubt: accented Latin, typographic marks, kana, and lost characters. */
const telling = /[\u00a0-\u00ff\u2010-\u203a\u20ac\u2122\u3000-\u30ff\ufffd]/u
const readable = /[\u00a0-\uffff]/u
/** UTF-8 read as Shift-JIS: hiragana begin with 縺, katakana with 繧 and 繝. Written on purpose they are rare. */
const shifted = /[縺繧繝][\u0080-\uffff]/g
/** UTF-8 replacement characters read as GBK. */
const gbk = /锟斤拷|烫烫烫/g

/**
 * Places where a text was read in the wrong encoding: characters lost (U+FFFD), UTF-8 read as Latin-1, Windows-1252,
 * Shift-JIS or GBK. `why` is the first of them.
 */
export function mojibake(text: string): { value: number; why: string } {
  let value = 0
  let at = text.length
  const count = (index: number, times = 1): void => {
    value += times
    at = Math.min(at, index)
  }
  for (const { index } of text.matchAll(/\ufffd+/g)) count(index)
  for (const { index } of text.matchAll(gbk)) count(index)
  for (const { 0: run, index } of text.matchAll(runs)) {
    const times = decoded(run)
    if (times > 0) count(index, times)
  }
  const wrong = [...text.matchAll(shifted)]
  if (wrong.length >= 3) count(wrong[0]!.index, wrong.length)
  return { value, why: text.slice(Math.max(0, at - 10), at + 30) }
}

/** Characters of UTF-8 that the bytes behind a run spell: none where it may well be what it looks like. */
function decoded(run: string): number {
  const raw = Uint8Array.from([...run], character => bytes.get(character)!)
  let found = 0
  let doubtful = 0
  for (let i = 0; i < raw.length; i++) {
    const lead = raw[i]!
    const length =
      lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0
    if (length === 0 || i + length > raw.length) continue
    const character = utf8.decode(raw.subarray(i, i + length))
    if (character.length !== (length === 4 ? 2 : 1) || !readable.test(character)) continue
    // `ß”` and `É…` end words before a mark; two such in a row do not.
    if (telling.test(character) || length === 4) found++
    else doubtful++
    i += length - 1
  }
  return found + (doubtful >= 2 ? doubtful : 0)
}
