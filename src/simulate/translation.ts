import type { Material, Pick } from './prose.ts'

const into = /\btranslate\b[^.\n]{0,80}?\b(?:in)?to (Japanese|English)\b|(日本語|英語|English)に(?:翻訳|訳)/i

/** The language that a prompt asks to translate into. */
export function wantedLanguage({ demand }: Material): 'ja' | 'en' | undefined {
  const found = into.exec(demand)
  return found ? (/^(?:Japanese|日本語)$/i.test(found[1] ?? found[2]!) ? 'ja' : 'en') : undefined
}

/** Kept to the letter: code, what a program fills in, addresses, numbers. */
const kept =
  /`[^`\n]+`|\{\{?[^{}\n]*\}?\}|\$\{[^{}\n]*\}|%[sdif](?!\p{L})|https?:\/\/[^\s)>\]」』、。]+|\d+(?:[.,]\d+)*/gu
const englishWord = /[\p{Script=Latin}][\p{Script=Latin}'’-]{3,}/gu
const japaneseWord = /[\p{Script=Katakana}ー]{2,}|[\p{Script=Han}]{2,}/gu

const sayings = {
  ja: ['{w}について述べた文です', '{w}を取り上げています', 'ここでは{w}が話題になります', '{w}のことを説明しています'],
  en: [
    'This sentence of the text is about {w} and what belongs to it',
    'What is said here concerns {w} and the things that go with it',
    'The point of this sentence is {w}, which is then looked at more closely',
    'Here the text turns to {w} and says what it is good for',
  ],
}

/**
 * A text of the same build in the other language: a sentence for each sentence, made of its words, with code, placeholders
 * and numbers to the letter. It is no translation, as nothing here understands either language.
 */
export function translated(text: string, to: 'ja' | 'en', pick: Pick): string {
  let fence = ''
  return text
    .split('\n')
    .map((line, i) => {
      const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? ''
      const inside = fence !== ''
      if (mark) fence = inside ? '' : mark
      if (mark || inside || !/\p{L}/u.test(line)) return line
      const [, lead, rest] = /^(\s*(?:#{1,6} |[-*+] |\d+[.)] |> )?)(.*)$/.exec(line)!
      const sentences = rest!
        .split(/(?<=[.!?])\s+(?=\p{Lu})|(?<=[。！？])/u)
        .filter(sentence => /\p{L}/u.test(sentence))
      return (
        lead! + sentences.map((sentence, n) => turned(sentence, to, pick(`${i} ${n}`))).join(to === 'ja' ? '' : ' ')
      )
    })
    .join('\n')
}

function turned(sentence: string, to: 'ja' | 'en', u: number): string {
  const literal = sentence.match(kept) ?? []
  const plain = sentence.replace(kept, ' ')
  const words = [...new Set(plain.match(to === 'ja' ? englishWord : japaneseWord) ?? [])].slice(0, to === 'ja' ? 8 : 2)
  const all = [...(words.length > 0 ? words : [plain.trim().slice(0, 12)]), ...literal]
  const saying = sayings[to][Math.floor(u * sayings[to].length)]!
  const asks = /[?？]\s*$/.test(sentence)
  return (
    saying.replace('{w}', all.join(to === 'ja' ? 'や' : ', ')) +
    (to === 'ja' ? (asks ? 'か？' : '。') : asks ? '?' : '.')
  )
}
