import { isUtf8 } from 'node:buffer'
import { detectLanguage } from '../text/index.ts'

/** Names of the WHATWG Encoding Standard. */
export type Encoding =
  | 'utf-8'
  | 'utf-16le'
  | 'utf-16be'
  | 'shift_jis'
  | 'euc-jp'
  | 'iso-2022-jp'
  | 'gb18030'
  | 'euc-kr'
  | 'big5'
  | 'windows-1252'

/** Bytes looked at to tell the encoding. */
export const sniffed = 1 << 16

/**
 * What a text is encoded in, and the bytes of its mark: a byte order mark tells, else UTF-8 unless the bytes are none. With
 * `old`, encodings of one language are looked for as well: the one that the first 64 kB can only be. Where none or two of
 * them would do, it stays UTF-8, so that a reader says where the bad byte is.
 */
export function encodingOf(head: Buffer, old: boolean): { encoding: Encoding; mark: number } {
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', mark: 2 }
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', mark: 2 }
  const mark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  return { encoding: old && mark === 0 ? guessed(head.subarray(0, sniffed)) : 'utf-8', mark }
}

/** By bytes alone, at most `sniffed` of them. */
export function guessed(head: Buffer): Encoding {
  if (isIso2022Jp(head)) return 'iso-2022-jp'
  // The last line may be cut in the middle of a character, and so may a single line that is longer than all that is seen.
  const cut = head.length < sniffed ? head.length : head.lastIndexOf(0x0a) + 1 || head.length - 4
  const whole = head.subarray(0, cut)
  if (isUtf8(whole)) return 'utf-8'
  const found = (Object.keys(signs) as (keyof typeof signs)[]).filter(name => {
    const text = decode(name, whole)
    return text !== undefined && signs[name](text, whole)
  })
  return found.length === 1 ? found[0]! : 'utf-8'
}

function decode(encoding: Encoding, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Seven bits throughout, with the escape sequences that change to JIS X 0208 (RFC 1468). */
function isIso2022Jp(head: Buffer): boolean {
  const at = head.indexOf('\x1b$')
  if (at < 0 || (head[at + 2] !== 0x42 && head[at + 2] !== 0x40)) return false
  return head.every(byte => byte < 0x80) && head.indexOf('\x1b(', at) > at
}

/**
 * What must be true of the text that bytes give in each encoding. Each of them decodes most texts of the others to
 * something, so errors alone decide nothing: letters have to stand where that language has them.
 */
const signs = {
  shift_jis: text => japanese(text) && share(text, /[\uff61-\uff9f]/g, /[^\0-\x7f]/g) < 0.3,
  'euc-jp': text => japanese(text) && share(text, /[\u3041-\u30fc]/g, cjk) > 0.15,
  gb18030: (text, bytes) => {
    const { pairs, plain } = twoBytes(bytes)
    return pairs >= 12 && plain > 0.97 && share(text, everyday.simplified, cjk) > 0.1
  },
  'euc-kr': (text, bytes) => {
    const { pairs, late } = twoBytes(bytes)
    return pairs >= 12 && late < 0.1 && share(text, /[\uac00-\ud7a3]/g, /[^\0-\x7f\u3000-\u303f\uff00-\uff5e]/g) > 0.9
  },
  big5: (text, bytes) => {
    const { pairs, plain } = twoBytes(bytes)
    // Two fifths of its second bytes are ASCII, which those of the EUC encodings never are.
    return pairs >= 12 && plain < 0.85 && plain > 0.3 && share(text, everyday.traditional, cjk) > 0.1
  },
  'windows-1252': western,
} satisfies { [name in Encoding]?: (text: string, bytes: Buffer) => boolean }

/** Words without which hardly a sentence of Chinese is written: about a third of a text. */
const everyday = {
  simplified:
    /[的一是不了在有人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所请]/g,
  traditional:
    /[的一是不了在有人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定行學法所請]/g,
}

const cjk = /[\u3041-\u30fc\u4e00-\u9fff]/g

function share(text: string, some: RegExp, all: RegExp): number {
  const of = text.match(all)?.length ?? 0
  return of === 0 ? 0 : (text.match(some)?.length ?? 0) / of
}

/** Kana and kanji side by side: the accented letters of Latin-1 also decode to kanji, but stand alone between ASCII letters. */
function japanese(text: string): boolean {
  const all = text.match(/[\u3041-\u30fa\u4e00-\u9fff]/g)?.length ?? 0
  const runs = text.match(/[\u3041-\u30fa\u4e00-\u9fff]{2,}/g)?.join('').length ?? 0
  return all >= 4 && runs >= 0.8 * all
}

/** Characters of two bytes; the share with a second byte above ASCII (`plain`), and of letters in the rows that Korean leaves to rare ones (`late`). */
function twoBytes(bytes: Buffer): { pairs: number; plain: number; late: number } {
  let [pairs, plain, words, late] = [0, 0, 0, 0]
  for (let at = 0; at + 1 < bytes.length; at++) {
    const first = bytes[at]!
    if (first < 0x80) continue
    const second = bytes[++at]!
    pairs++
    if (second >= 0xa1) plain++
    if (first < 0xb0) continue
    words++
    if (first >= 0xc9) late++
  }
  const of = (n: number, all: number): number => (all === 0 ? 0 : n / all)
  return { pairs, plain: of(plain, pairs), late: of(late, words) }
}

/** Letters beyond ASCII of the languages that windows-1252 was made for; `ÿ` and `Þ` are more often damage. */
const letters = /[ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþŒœŠšŽž]/g
const marks = /[€‚„…‘’“”•–—‹›\u00a0¡£§©«®°±²³´µ¶·¹º»¼½¾¿×]/g
/** Languages that are written with them. */
const tongues = [
  'en',
  'fr',
  'de',
  'es',
  'pt',
  'it',
  'nl',
  'sv',
  'no',
  'nb',
  'da',
  'fi',
  'is',
  'ca',
  'eu',
  'gl',
  'af',
  'ga',
  'sq',
  'id',
  'ms',
]

/** Single accented letters between ASCII letters, and signs where signs stand; no rest of UTF-8, and no text of another alphabet. */
function western(text: string, bytes: Buffer): boolean {
  const high = text.match(/[^\0-\x7f]/g)?.length ?? 0
  const known = (text.match(letters)?.length ?? 0) + (text.match(marks)?.length ?? 0)
  if (high < 2 || known < 0.98 * high || high > 0.25 * text.length) return false
  // A sign inside of a word is a letter of another encoding: `³` is the Polish `ł` of Latin-2.
  const inside = text.match(/(?<=[a-zA-Z])[€‚„…‹›¡£§©®±²³µ¶¹º¼½¾¿×«»¢¥¦ª¬¯¸¨](?=[a-zA-Z])/g)?.length ?? 0
  const runs = text.match(/[À-ÖØ-öø-ÿŠšŽžŒœ]{3,}/g)?.join('').length ?? 0
  if (inside > 0.02 * high || runs > 0.05 * high) return false
  // Characters that are whole in UTF-8 make it a mixture.
  const whole = bytes.toString('latin1').match(/[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}/g)?.length ?? 0
  if (whole > 0.1 * high) return false
  const language = detectLanguage(text)
  return language === undefined || tongues.includes(language)
}
