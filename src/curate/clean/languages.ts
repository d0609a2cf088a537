import { detectLanguage, ownWords, prose, structural, weight } from '../../text/index.ts'

/** A prompt that speaks of languages may want another than its own. */
const speaksOfLanguages =
  /\b(?:translat\w*|languages?|bilingual|multilingual|idioms?|kanji|hiragana|katakana|romaji|pinyin|hangul|cyrillic|(?:Engl|Span|Ir|Turk|Pol|Swed|Dan|Finn|Kurd|Yidd|Scott)ish|(?:Japan|Chin|Portugu|Malt|Vietnam|Canton|Burm|Sinhal|Nepal|Taiwan|Javan)ese|French|German|Dutch|Mandarin|Korean|Italian|Russian|Ukrainian|Belarusian|Bulgarian|Serbian|Croatian|Bosnian|Slovenian|Romanian|Hungarian|Norwegian|Estonian|Latvian|Lithuanian|Albanian|Armenian|Georgian|Mongolian|Catalan|Galician|Basque|Welsh|Gaelic|Icelandic|Czech|Slovak|Arabic|Amharic|Persian|Farsi|Pashto|Dari|Hindi|Urdu|Bengali|Bangla|Tamil|Telugu|Kannada|Malayalam|Marathi|Gujarati|Punjabi|Oriya|Odia|Sinhala|Nepali|Sanskrit|Latin|Greek|Hebrew|Thai|Lao|Khmer|Indonesian|Malay|Tagalog|Filipino|Cebuano|Swahili|Hausa|Yoruba|Igbo|Zulu|Xhosa|Somali|Afrikaans|Kazakh|Uzbek|Azerbaijani|Esperanto|Creole)\b|翻訳|通訳|和訳|英訳|訳し|邦訳|言語|英文|漢字|簡体|繁体|ハングル|ピンイン|(?:英|日本|中国|韓国|朝鮮|仏|フランス|独|ドイツ|スペイン|イタリア|ロシア|ポルトガル|アラビア|外国|他言)語/iu

/** Lines of words, without code, quotations and addresses. */
const wordsOf = (text: string): string =>
  ownWords(text)
    .split('\n')
    .filter(line => !structural(line.trim()))
    .join('\n')

/** Characters that tell the script of a text. */
const sample = 1500

/** What most letters of a text are of; kana make Japanese of Han. */
function scriptOf(text: string): 'latin' | 'ja' | 'zh' | 'ko' | 'other' | undefined {
  let [latin, kana, han, hangul, other] = [0, 0, 0, 0, 0]
  const end = Math.min(text.length, sample)
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x370) {
      const folded = code | 0x20
      if ((folded >= 0x61 && folded <= 0x7a) || code >= 0xc0) latin++
    } else if (code < 0x2000) other++
    else if (code >= 0x3041 && code <= 0x30ff) kana++
    else if (code >= 0x3400 && code <= 0x9fff) han++
    else if (code >= 0xac00 && code <= 0xd7af) hangul++
  }
  // An eastern letter says as much as three of an alphabet.
  const eastern = 3 * (kana + han + hangul)
  if (other > latin + eastern) return 'other'
  if (latin > eastern) return 'latin'
  if (eastern === 0) return undefined
  if (hangul * 6 > eastern) return 'ko'
  return kana * 20 >= han ? 'ja' : 'zh'
}

const english = /\b(?:the|of|and|to|is|are|what|which|how|with|for|that|this|you|in|it|be|or)\b/gi
/** So many words of English that no statistics are needed. */
const plainlyEnglish = (text: string): boolean =>
  (text.match(english)?.length ?? 0) * 6 >= (text.match(/\s+/g)?.length ?? 0)

const latinRun =
  /(?<![\p{Script=Latin}'’-])\p{Script=Latin}[\p{Script=Latin}'’-]*(?:[ ,;:]+\p{Script=Latin}[\p{Script=Latin}'’-]*){3,}/u
const easternRun = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]{4,}/u

/**
 * The two languages, where an answer is in another one than what was asked, and nothing in the prompt speaks of languages
 * or is written in the script of the answer. Undefined also where either cannot be told.
 */
export function otherLanguage(asked: string, answer: string): { asked: string; answered: string } | undefined {
  const [question, reply] = [wordsOf(asked), wordsOf(answer)]
  const [from, to] = [scriptOf(question), scriptOf(reply)]
  if (!from || !to) return undefined
  if (from === to && to !== 'latin' && to !== 'other') return undefined
  if (from === to && plainlyEnglish(question.slice(0, sample)) && plainlyEnglish(reply.slice(0, sample)))
    return undefined
  if (weight(reply) < (from === to ? 40 : 8) || (from === to && weight(question) < 12)) return undefined
  if (from !== to) {
    // Names and lists in Japanese need no kana.
    if (from === 'ja' && to === 'zh' && !isChinese(reply)) return undefined
    // The prompt brings a text of its own in the script of the answer.
    if (to === 'latin' && latinRun.test(prose(asked))) return undefined
    if (from === 'latin' && easternRun.test(prose(asked))) return undefined
  }
  const [wanted, got] = [detectLanguage(question), detectLanguage(reply)]
  if (((from === to || to === 'latin') && !got) || (from === to && !wanted)) return undefined
  if (wanted === got || speaksOfLanguages.test(asked)) return undefined
  // Languages of one script are told apart by statistics, which may be wrong once.
  if (from === to && detectLanguage(reply.slice(reply.length >> 1)) !== got) return undefined
  return { asked: wanted ?? from, answered: got ?? to }
}

/** 1 for what GB 2312 writes and neither Japanese (JIS X 0208) nor traditional Chinese (Big5) does. */
function simplifiedOnly(): Uint8Array {
  const read = (encoding: string, leads: [number, number], trails: [number, number]): string => {
    const pairs: number[] = []
    for (let lead = leads[0]; lead <= leads[1]; lead++) {
      for (let trail = trails[0]; trail <= trails[1]; trail++) pairs.push(lead, trail, 0x0a)
    }
    return new TextDecoder(encoding).decode(Uint8Array.from(pairs))
  }
  const table = new Uint8Array(0x10000)
  const mark = (text: string, as: 0 | 1) => {
    for (const character of text) if (/\p{Script=Han}/u.test(character)) table[character.charCodeAt(0)] = as
  }
  mark(read('gbk', [0xb0, 0xf7], [0xa1, 0xfe]), 1)
  mark(read('euc-jp', [0xa1, 0xf4], [0xa1, 0xfe]), 0)
  mark(read('big5', [0xa4, 0xf9], [0x40, 0xfe]), 0)
  return table
}
let simplified: Uint8Array | undefined

function* simplifiedIn(text: string): Generator<string> {
  simplified ??= simplifiedOnly()
  for (let i = 0; i < text.length; i++) if (simplified[text.charCodeAt(i)] === 1) yield text[i]!
}

/** Function words of Chinese, or letters that only it writes. */
const isChinese = (text: string): boolean =>
  [...simplifiedIn(text)].length >= 2 || (text.match(/[的是了我你他她们這这那吗嗎呢吧]/g)?.length ?? 0) >= 4

const foreign = {
  ja: /[\p{Script=Hangul}\p{Script=Thai}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Devanagari}\p{Script=Cyrillic}]/gu,
  ko: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Devanagari}\p{Script=Cyrillic}]/gu,
  zh: /[\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Devanagari}\p{Script=Cyrillic}]/gu,
  latin:
    /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Devanagari}\p{Script=Cyrillic}]/gu,
}
const none = { value: 0, why: '' }

/**
 * Letters of an answer that its language is not written with: in Japanese those of simplified Chinese and Hangul, in
 * languages of Latin script any other but Greek. Quotations, brackets, code and what the prompt writes do not count.
 */
export function leaks(prompt: string, answer: string): { value: number; why: string } {
  const text = ownWords(answer)
  const script = scriptOf(text)
  if (!script || script === 'other') return none
  const others: string[] = text.match(foreign[script]) ?? []
  // What a prompt writes belongs to the matter; a text that is half in another script is no slip.
  const found = others.length * 3 > text.length || (others.length > 0 && prompt.match(foreign[script])) ? [] : others
  if (script === 'ja') for (const letter of simplifiedIn(text)) found.push(letter)
  if (found.length === 0 || speaksOfLanguages.test(prompt)) return none
  const asked = new Set(prompt)
  const strange = found.filter(letter => !asked.has(letter))
  const [first] = strange
  if (first === undefined) return none
  const at = text.indexOf(first)
  return { value: strange.length, why: text.slice(Math.max(0, at - 15), at + 15).trim() }
}

const englishRun = /(?<![A-Za-z'’-])[A-Za-z][A-Za-z'’-]*(?:[ ,;:]+[A-Za-z][A-Za-z'’-]*){7,}/g
const functionWord =
  /^(?:the|a|an|of|and|that|is|are|was|with|for|this|which|from|when|you|it|be|or|not|to|in|on|as|can|will|by)$/i

/** English sentences that a Japanese answer was left with. Titles and names, in capitals, are none. */
export function untranslated(prompt: string, answer: string): { value: number; why: string } {
  if (scriptOf(answer) !== 'ja') return none
  const runs = (wordsOf(answer).match(englishRun) ?? []).filter(run => {
    const words = run.split(/[ ,;:]+/)
    const small = words.filter(word => /^[a-z]/.test(word)).length
    return (
      new Set(words.filter(word => functionWord.test(word))).size >= 2 &&
      small >= words.length * 0.6 &&
      !prompt.includes(run)
    )
  })
  if (runs.length === 0 || speaksOfLanguages.test(prompt)) return none
  return { value: runs.length, why: runs[0]! }
}
