import { readFileSync } from 'node:fs'
import { classOf, is } from './characters.ts'

/** A list of phrases in lower case, ready to be looked for; `cased` where a letter of them has a capital. */
export type Phrases = { of: Map<number, string[]>; begins: Uint8Array; cased: boolean }

/** Lists that a rule may use, by the option that names a file for them. Only advertising and boards have one of ours. */
export const lists = {
  'bad-words': 'Words that C4 drops a page for',
  'ng-words': 'Expressions of which Swallow lets a page hold little',
  'ad-words': 'Advertising, in place of the list that comes along',
  'board-words': 'Words of boards and comments, in place of the list that comes along',
  'adult-words': 'Adult content, for llm-jp and HojiChar',
  'violence-words': 'Violence, for llm-jp and HojiChar',
  'discrimination-words': 'Discrimination, for llm-jp and HojiChar',
} as const
export type List = keyof typeof lists
export const listNames = Object.keys(lists) as List[]

const own: { [list in List]?: string } = {
  'ad-words':
    '送料無料 お買い得 期間限定 今すぐ購入 カートに入れる ポイント還元 クーポン 資料請求 無料登録 会員登録 お申し込み 詳しくはこちら 公式サイトはこちら 最安値 激安 格安 特価 セール中 キャンペーン ランキング',
  'board-words': '名無し 投稿者 投稿日 返信 コメント レビュー 通報 質問 スレッド 書き込み',
}

/** The policy and cookie notices of C4's line filter. */
export const policyPhrases = phrasesOf([
  'terms of use',
  'privacy policy',
  'cookie policy',
  'uses cookies',
  'use of cookies',
  'use cookies',
])

export const ownList = (list: List): boolean => Object.hasOwn(own, list)

/** The phrases of a file, one a line, or the list that comes along. Throws what the file system throws. */
export function loadPhrases(list: List, file: string | undefined): Phrases {
  return phrasesOf(file === undefined ? (own[list] ?? '').split(' ') : readFileSync(file, 'utf8').split(/\r?\n/))
}

/** Phrases by their first letter, longest first; empty ones are left out. */
export function phrasesOf(words: readonly string[]): Phrases {
  const of = new Map<number, string[]>()
  const begins = new Uint8Array(0x10000)
  let cased = false
  for (const word of new Set(words.map(one => one.trim().toLowerCase()))) {
    if (word === '') continue
    const first = word.charCodeAt(0)
    begins[first] = 1
    cased ||= word !== word.toUpperCase()
    of.set(first, [...(of.get(first) ?? []), word])
  }
  for (const some of of.values()) some.sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
  return { of, begins, cased }
}

/** How often phrases occur in a text, in lower case where they are cased, and how many characters they take. Matches do not overlap. */
export function countPhrases(
  text: string,
  { of, begins }: Phrases,
  from = 0,
  to = text.length,
): { hits: number; characters: number } {
  let [hits, characters] = [0, 0]
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (begins[code] === 0) continue
    const word = of.get(code)!.find(one => i + one.length <= to && text.startsWith(one, i) && alone(text, i, one))
    if (word === undefined) continue
    hits++
    characters += word.length
    i += word.length - 1
  }
  return { hits, characters }
}

/** A word of an alphabet must stand alone, and one of katakana not inside of a longer one; others match anywhere. */
function alone(text: string, at: number, word: string): boolean {
  return (
    !(at > 0 && joins(word.charCodeAt(0), text.charCodeAt(at - 1))) &&
    !(at + word.length < text.length && joins(word.charCodeAt(word.length - 1), text.charCodeAt(at + word.length)))
  )
}

function joins(inside: number, outside: number): boolean {
  const kind = wordKind(inside)
  return kind !== 0 && kind === wordKind(outside)
}

function wordKind(code: number): number {
  const of = classOf(code)
  if (of === is.letter || of === is.digit) return 1
  return of === is.katakana || of === is.prolonged ? 2 : 0
}
