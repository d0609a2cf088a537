import { blocks, type Format, plainText, sentences } from '../../text/index.ts'

/** Each part is 0 (bad) to 1 (good); `quality` is their weighted geometric mean, so that one bad part cannot be bought off. */
export type Quality = {
  quality: number
  prose: number
  explanation: number
  variety: number
  words: number
  length: number
  clean: number
}

const weights = { prose: 3, explanation: 3, variety: 2, words: 1, length: 2, clean: 3 } as const

/** 0 up to `from`, 1 from `to` on (also falling, when `from` is above `to`), straight in between. */
const ramp = (value: number, from: number, to: number) => Math.min(1, Math.max(0, (value - from) / (to - from)))

const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/gu
const kana = /\p{Script=Hiragana}/gu
const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0

const stopWords = new Set(
  'the be to of and that have with a an in is it for on as are was by this at from or which not can but if when you we they its their there these than then also so such will may more one other into has had do does what how because'.split(
    ' ',
  ),
)

/** Words that define, give a reason, an example, a contrast or a condition: what an explanation is made of. */
const explains = {
  en: /\b(?:is|are) (?:an?|the|called|known as|defined as|used to|used for|responsible for|similar to|different from)\b|\b(?:means|refers? to|describes|consists? of|represents?|known as|in other words|that is,|i\.e\.|because|since|therefore|thus|hence|as a result|consequently|so that|which means|this means|the reason|due to|for example|for instance|such as|e\.g\.|imagine|suppose|consider|however|although|whereas|while|instead|rather than|unlike|in contrast|on the other hand|compared (?:to|with)|if|when|unless|otherwise|in order to|allows?|lets|enables?|makes it (?:possible|easy|easier))\b/gi,
  ja: /とは|と(?:い|言)う(?:意味|こと|もの)|を(?:指し|意味し|表し)|と呼(?:ば|び|ぶ)|のこと(?:です|で|を)|つまり|すなわち|言い換え|なぜなら|ため(?:、|に|で|です)|ので|から(?:です|、)|したがって|従って|そのため|それゆえ|例えば|たとえば|など|しかし|ただし|一方|対して|に比べ|とは異な|ではなく|代わりに|場合|とき|もし|れば|ことで|ように(?:なり|し|する)|ことができ|によって|により|を可能に/g,
}

/** Lines that lead elsewhere or stand on every page. */
const navigation =
  /^(?:table of contents|contents|on this page|see also|next(?: page| chapter)?|prev(?:ious)?(?: page| chapter)?|back to top|edit this page|home|menu|search|share|subscribe|sign (?:in|up)|log ?in|read more|click here|skip to .*|all rights reserved.*|copyright .*|©.*|(?:we use|this (?:web)?site uses) cookies.*|.*privacy policy.*|.*terms of (?:use|service).*|javascript (?:is|must be).*|目次|関連(?:記事|項目|用語|リンク)|次(?:へ|のページ)|前(?:へ|のページ)|トップ(?:へ|ページ).*|ホーム|メニュー|検索|ログイン|続きを読む|著作権.*|.*プライバシーポリシー.*|.*利用規約.*)$/i
/** Entries of a change log: versions, dates, issue and commit numbers, names of contributors. */
const logEntry =
  /(?:^|\s)\(?#\d{2,6}\)?(?:\s|$|[,.)])|\bv?\d+\.\d+\.\d+\b|\b[0-9a-f]{7,40}\b(?![\p{L}])|(?:^|[\s(])@[\w-]{2,}|\b\d{4}-\d{2}-\d{2}\b|^(?:added|changed|deprecated|removed|fixed|security|feat|fix|chore|docs|refactor)\b[:(]?/iu

const fullStop = /[.!?。！？．][)\]」』”"'’*_`]*$/

function isSentence(text: string, ja: boolean): boolean {
  // The colon leads over to an example or a list: the sentence goes on there.
  if (!fullStop.test(text) && !/[:：]$/.test(text)) return false
  if (ja) return count(text, kana) >= 3 && text.length >= 8
  const words = text.match(/\p{L}[\p{L}\p{M}'’-]*/gu) ?? []
  return words.length >= 4 && words.some(word => stopWords.has(word.toLowerCase()))
}

/** Share of the items that came before, by their length. */
function repeated(items: string[]): number {
  const seen = new Set<string>()
  let [again, all] = [0, 0]
  for (const item of items) {
    all += item.length
    if (seen.has(item)) again += item.length
    seen.add(item)
  }
  return all === 0 ? 0 : again / all
}

/** Repeated lines, and runs of five words (characters: twelve) that came before; after Rae et al. 2021, appendix A. */
function variety(plain: string, ja: boolean): number {
  const lines = plain.split('\n').flatMap(line => (line.trim() ? [line.trim().toLowerCase()] : []))
  const tokens = ja ? [...plain.replace(/\s+/g, '')] : (plain.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
  const n = ja ? 12 : 5
  const runs: string[] = []
  for (let i = 0; i + n <= tokens.length; i++) runs.push(tokens.slice(i, i + n).join(' '))
  return ramp(repeated(lines), 0.3, 0.02) * ramp(repeated(runs), 0.4, 0.08)
}

/** Do the words look like a language? Stop words and word length in English, kana among the letters in Japanese. */
function wordLikeness(plain: string, language: string): number {
  if (language === 'ja') {
    const letters = count(plain, japanese)
    return letters === 0 ? 0 : ramp(count(plain, kana) / letters, 0.1, 0.3)
  }
  const words = plain.match(/\p{L}[\p{L}\p{M}'’-]*/gu) ?? []
  if (words.length === 0) return 0
  const mean = words.reduce((sum, word) => sum + word.length, 0) / words.length
  const shape = ramp(mean, 2.5, 3.5) * ramp(mean, 10, 7.5)
  if (language !== 'en') return shape
  return shape * ramp(words.filter(word => stopWords.has(word.toLowerCase())).length / words.length, 0.12, 0.3)
}

/** What is no content: navigation, links that stand alone, change log entries, symbols, markup left over. */
function cleanness(text: string, plain: string): number {
  const lines = plain.split('\n').flatMap(line => (line.trim() ? [line.trim()] : []))
  if (lines.length === 0) return 0
  const share = (test: (line: string) => boolean) =>
    lines.reduce((sum, line) => sum + (test(line) ? line.length : 0), 0) /
    lines.reduce((sum, line) => sum + line.length, 0)
  const linked = [
    ...text.matchAll(/\[([^[\]\n]{0,2000})\]\([^)\n]{0,2000}\)|`([^`<\n]{1,1000})<[^>\n]{1,2000}>`_+|https?:\/\/\S+/g),
  ]
  const links = linked.reduce((sum, [all, a, b]) => sum + (a ?? b ?? all).length, 0) / plain.length
  const symbols = count(plain, /[^\p{L}\p{N}\p{M}\s.,;:!?'"()「」『』（）。、・！？：ー-]/gu) / plain.length
  return (
    ramp(
      share(line => navigation.test(line)),
      0.3,
      0.02,
    ) *
    ramp(
      share(line => line.length < 160 && logEntry.test(line)),
      0.6,
      0.15,
    ) *
    ramp(links, 0.5, 0.12) *
    ramp(symbols, 0.15, 0.05)
  )
}

/** Paragraphs as plain text; every item of a list is an entry of its own, and so are table rows. */
function passages(text: string, format: Format): { text: string; entry: boolean }[] {
  return blocks(text, format).flatMap(block => {
    if (block.type === 'heading') return []
    const entry = block.type === 'list' || block.type === 'table'
    const items = block.children?.filter(child => child.type === 'list') ?? []
    const pieces = block.type === 'list' && items.length > 1 ? items : [block]
    return pieces.flatMap(piece => {
      const plain = plainText(piece.text, format)
      return plain === '' ? [] : [{ text: plain, entry }]
    })
  })
}

/**
 * Scores a text by rules: how much of it is complete sentences, how densely these explain, how little is repeated, how
 * much its words look like a language, how long it is and how free of navigation, links and logs. English and Japanese;
 * for other languages the parts that need word lists are neutral. Code blocks count neither for nor against; of a program
 * its comments are looked at.
 */
export function quality(text: string, language: string, format: Format = 'markdown'): Quality {
  const plain = plainText(text, format)
  const ja = language.startsWith('ja')
  const tongue = ja ? 'ja' : language.startsWith('en') ? 'en' : 'other'
  const bare = (part: string) => part.replace(/\s+/g, '').length
  const headings = blocks(text, format).reduce(
    (sum, block) => sum + (block.type === 'heading' ? bare(block.title ?? '') : 0),
    0,
  )
  const whole: string[] = []
  let inSentences = 0
  for (const passage of passages(text, format)) {
    const found = sentences(passage.text, language).flatMap(span => (isSentence(span.text, ja) ? [span.text] : []))
    // A lone sentence in a list may be no more than an entry.
    for (const sentence of found) inSentences += bare(sentence) * (passage.entry && found.length < 2 ? 0.5 : 1)
    for (const sentence of found) whole.push(sentence)
  }
  const content = Math.max(bare(plain) - headings, 1)
  const size = ja ? count(plain, japanese) / 2.2 : count(plain, /[\p{L}\p{M}'’-]+/gu)
  const marks =
    tongue === 'other' ? 0 : whole.reduce((sum, sentence) => sum + Math.min(2, count(sentence, explains[tongue])), 0)
  const found = {
    prose: ramp(inSentences / content, 0.05, 0.9),
    // A plain text is no bad text: without any such word it keeps a little.
    explanation: tongue === 'other' ? 0.5 : 0.15 + 0.85 * ramp(marks / Math.max(whole.length, 3), 0, ja ? 1.4 : 1),
    variety: variety(plain, ja),
    words: wordLikeness(plain, tongue),
    length: ramp(Math.log2(Math.max(size, 1)), Math.log2(30), Math.log2(600)),
    clean: cleanness(text, plain),
  }
  let log = 0
  let sum = 0
  for (const [part, weight] of Object.entries(weights) as [keyof typeof weights, number][]) {
    log += weight * Math.log(Math.max(found[part], 0.01))
    sum += weight
  }
  return { quality: Math.exp(log / sum), ...found }
}
