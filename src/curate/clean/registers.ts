import { sentences } from '../../text/index.ts'
import { listLine, ownWords } from './prose.ts'

const final = '(?:か|ね|よ|よね|な|わ|が|けど|から|ので|し)?$'
const honorific = new RegExp(
  `(?:ございます|ございました|いたします|いたしました|致します|申し上げます|申し上げました|おります|おりました|存じます|承ります|伺います|くださいませ|いらっしゃいます|なさいます)${final}`,
)
const polite = new RegExp(
  `(?:です|でした|でしょう|ます|ました|ません|ませんでした|ましょう|ませ|ください|下さい)${final}`,
)
/** Ends of verbs, adjectives and the copula; a noun at the end is neither. */
const plain = new RegExp(`[だたるくすつぬむぶぐうい]${final}`)
const neutral =
  /(?:こと|もの|ため|とおり|よう|ほう|つもり|ところ|まで|など|ありがとう|おめでとう|さようなら|ごとに|だけ|くらい|ぐらい)$/

/** Something that the answer hands over between rules, such as a letter, and what is labelled. */
const handedOver = /^-{3,}\s*$[\s\S]*?^-{3,}\s*$/gm
const labelled = /^\s*(?:\*\*[^*\n]+\*\*|[^。\n]{1,12}[:：])/

export type Styles = { plain: number; polite: number; honorific: number }

/** Sentences of a Japanese text by their ends, outside of quotations, code, lists and headings; `why` is one of the rarer. */
export function stylesOf(text: string): Styles & { why: string } {
  const lines = ownWords(text)
    .replace(handedOver, '')
    .split('\n')
    .filter(line => !listLine.test(line) && !labelled.test(line) && !/^\s*[#|]/.test(line))
  const counts = { plain: 0, polite: 0, honorific: 0 }
  const example = { plain: '', polite: '' }
  for (const { text: sentence } of sentences(lines.join('\n'), 'ja')) {
    const style = styleOf(sentence)
    if (!style) continue
    counts[style]++
    example[style === 'plain' ? 'plain' : 'polite'] ||= sentence
  }
  return { ...counts, why: counts.plain > counts.polite + counts.honorific ? example.polite : example.plain }
}

/** Sentences of either style under which nothing is mixed. */
const rarest = 3

/** The share of the rarer style, plain or polite; 0 where it may be chance. */
export function mixed({ plain, polite, honorific, why }: Styles & { why: string }): { value: number; why: string } {
  const rarer = Math.min(plain, polite + honorific)
  return rarer < rarest ? { value: 0, why: '' } : { value: rarer / (plain + polite + honorific), why }
}

/** The register that most sentences are in; undefined under three sentences that tell. */
export function registerOf({ plain, polite, honorific }: Styles): 'plain' | 'polite' | 'honorific' | undefined {
  if (plain + polite + honorific < 3) return undefined
  if (plain > polite + honorific) return 'plain'
  return honorific * 3 >= polite + honorific ? 'honorific' : 'polite'
}

function styleOf(sentence: string): 'plain' | 'polite' | 'honorific' | undefined {
  const end = /[。！？!?]\s*$/.test(sentence)
  const body = sentence.replace(/[。！？!?…\s]+$/, '')
  if (!/[\p{Script=Hiragana}]$/u.test(body)) return undefined
  if (honorific.test(body)) return 'honorific'
  if (polite.test(body)) return 'polite'
  return end && plain.test(body) && !neutral.test(body) ? 'plain' : undefined
}

/** Wording that comes from English sentence by sentence, and that nobody would write in Japanese. */
const translated =
  /(?:私は)?(?:あなた|皆さん|みなさん)を(?:助け|手伝|支援す)る(?:ために)?(?:ここに(?:い|お)|存在し)|私は(?:ただの|単なる)?(?:言語モデル|AI|人工知能)(?:である|です)|これが(?:あなたに)?(?:役に立つ|役立つ|助けになる)ことを(?:願って|望んで|期待して)い?ます|(?:ここ|以下)に(?:は)?(?:いくつかの|あなたの|[0-9０-９一二三四五六七八九十]+つの)[^。\n]{0,40}があります[:：]|私の(?:知識|訓練データ|トレーニングデータ)の(?:カットオフ|期限|締め切り)|あなたの(?:質問|リクエスト|要求|要望)に(?:対する|応じて|基づいて)|どのように(?:あなたを)?(?:お?手伝い|お?助け|支援)(?:し|でき)(?:ましょうか|ますか)|それは素晴らしい(?:質問|アイデア|考え)です|(?:心に留めて|覚えて)おい(?:て|ておいて)ください|[^。\n]{0,20}することを(?:強く)?お勧めします[:：]/g

/** Phrases of translated boilerplate. */
export function translationese(text: string): { value: number; why: string } {
  const found = ownWords(text).match(translated) ?? []
  return { value: found.length, why: found[0] ?? '' }
}
