import { listLine, ownWords } from './prose.ts'
import { sentences } from './segment.ts'

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

/** Registers of Japanese: da or de aru, desu and masu, and the forms that raise the other or lower oneself. */
export const registers = ['plain', 'polite', 'honorific'] as const
export type Register = (typeof registers)[number]

/** The register that most sentences are in; undefined under `least` sentences that tell. */
export function registerOf({ plain, polite, honorific }: Styles, least = 3): Register | undefined {
  if (plain + polite + honorific < least) return undefined
  if (plain > polite + honorific) return 'plain'
  return honorific * 3 >= polite + honorific ? 'honorific' : 'polite'
}

function styleOf(sentence: string): Register | undefined {
  const end = /[。！？!?]\s*$/.test(sentence)
  const body = sentence.replace(/[。！？!?…\s]+$/, '')
  if (!/[\p{Script=Hiragana}]$/u.test(body)) return undefined
  if (honorific.test(body)) return 'honorific'
  if (polite.test(body)) return 'polite'
  return end && plain.test(body) && !neutral.test(body) ? 'plain' : undefined
}
