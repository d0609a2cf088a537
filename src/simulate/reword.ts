import { type Material, type Pick, question } from './prose.ts'

/** Asks for the text in other words. */
const asksForOtherWords =
  /\b(?:re-?phras|re-?writ|paraphras)\w*|\bown words\b|\bwrite .{0,40} again\b|書き(?:直|換|替|改)|言い換え|自分の言葉/i
export const wantsOtherWords = ({ demand }: Material): boolean => asksForOtherWords.test(demand)

/** Exchanged both ways. Every eighth word or so is in such a list, so that few runs of a text come through unchanged. */
const english = [
  ['for example', 'for instance'],
  ['because', 'since'],
  ['as well as', 'and also'],
  ['in order to', 'so as to'],
  ['allows you to', 'lets you'],
  ['allow you to', 'let you'],
  ['you can', 'it is possible to'],
  ['must', 'has to'],
  ['often', 'frequently'],
  ['usually', 'as a rule'],
  ['many', 'a good number of'],
  ['multiple', 'several'],
  ['need to', 'have to'],
  ['uses', 'makes use of'],
  ['using', 'by means of'],
  ['shows', 'makes clear'],
  ['different', 'various'],
  ['called', 'named'],
  ['also', 'moreover'],
  ['if', 'in case'],
  ['these', 'those'],
  ['across', 'throughout'],
  ['within', 'inside'],
  ['is used to', 'serves to'],
  ['are used to', 'serve to'],
  ['as well', 'too'],
  ['especially', 'above all'],
  ['typically', 'in most cases'],
  ['generally', 'on the whole'],
  ['a set of', 'a collection of'],
  ['a way to', 'a means to'],
  ['requires', 'calls for'],
  ['provides', 'offers'],
  ['provide', 'offer'],
  ['enables', 'makes possible'],
  ['large', 'big'],
  ['automatically', 'by itself'],
  ['instead of', 'in place of'],
  ['make sure', 'see to it'],
  ['while', 'whereas'],
  ['in the', 'within the'],
  ['is a', 'is one kind of'],
  ['are not', "aren't"],
  ['is not', "isn't"],
  ['do not', "don't"],
  ['does not', "doesn't"],
  ['cannot', "can't"],
  ['it is', "it's"],
] as const
const japanese = [
  ['例えば', 'たとえば'],
  ['また、', 'さらに、'],
  ['しかし、', 'ただし、'],
  ['これは', 'それは'],
  ['この', 'その'],
  ['これらの', 'それらの'],
  ['複数の', 'いくつもの'],
  ['通常', '普通'],
  ['一般的に', '多くの場合'],
  ['非常に', 'とても'],
  ['可能性があります', 'ことがあります'],
  ['使用', '利用'],
  ['重要', '大切'],
  ['ことにより、', 'ことで、'],
  ['によって', 'により'],
  ['に関する', 'についての'],
  ['そのため', 'したがって'],
  ['呼ばれる', 'いわれる'],
  ['必要な', '欠かせない'],
  ['様々な', 'いろいろな'],
  ['提供します', '用意します'],
  ['という', 'といった'],
] as const

const exchange = new Map<string, string>(
  [...english, ...japanese].flatMap(([a, b]): [string, string][] => [
    [a, b],
    [b, a],
  ]),
)
const longestFirst = (list: readonly (readonly [string, string])[]) =>
  list
    .flat()
    .sort((a, b) => b.length - a.length)
    .join('|')
const inEnglish = new RegExp(`\\b(?:${longestFirst(english)})\\b`, 'gi')
const inJapanese = new RegExp(longestFirst(japanese), 'g')

/** One sentence in other words: a clause that leads goes to the end, and words are exchanged. */
function reword(sentence: string, isJapanese: boolean): string {
  if (isJapanese) return sentence.replace(inJapanese, found => exchange.get(found)!)
  const led = /^((?:When|If|Because|Since|While|After|Before|Although|As)\b[^,.;:]{8,80}), ([^.;:]{12,}?)([.!])$/.exec(
    sentence,
  )
  const turned = led ? `${led[2]} ${led[1]![0]!.toLowerCase()}${led[1]!.slice(1)}${led[3]}` : sentence
  const worded = turned.replace(inEnglish, found => exchange.get(found.toLowerCase()) ?? found)
  return worded.replace(/^\p{Ll}/u, first => first.toUpperCase())
}

/** Stems that end in a vowel before `ます`, by its last kana: what stands there in the plain form. */
const stems: { [kana: string]: string } = {
  き: 'く',
  ぎ: 'ぐ',
  ち: 'つ',
  に: 'ぬ',
  び: 'ぶ',
  み: 'む',
  り: 'る',
  い: 'う',
}

/** Polite endings made plain by rule, as far as rules go. */
export function plainly(text: string): string {
  return text
    .replace(/ではありません(?=[。！？]|$)/gm, 'ではない')
    .replace(/でしょう(?=[。！？か]|$)/gm, 'だろう')
    .replace(/(?<=い)です(?=[。！？]|$)/gm, '')
    .replace(/です(?=[。！？]|$)/gm, 'である')
    .replace(/でした(?=[。！？]|$)/gm, 'であった')
    .replace(/(?:て|で)います(?=[。！？]|$)/gm, found => `${found[0]}いる`)
    .replace(/([かさたなまらわがば])れます(?=[。！？]|$)/gm, '$1れる')
    .replace(/([えけせてねへめれげぜでべ])ます(?=[。！？]|$)/gm, '$1る')
    .replace(/(?<![いかきくすたち])します(?=[。！？]|$)/gm, 'する')
    .replace(/します(?=[。！？]|$)/gm, 'す')
    .replace(/できます(?=[。！？]|$)/gm, 'できる')
    .replace(/([きぎちにびみりい])ます(?=[。！？]|$)/gm, (_, stem: string) => stems[stem]!)
    .replace(/ありません(?=[。！？]|$)/gm, 'ない')
}

/** All of the text in other words, in its order: as paragraphs, or with questions between where those are asked for. */
export function reworded(material: Material, pick: Pick): string {
  const { sentences, japanese: isJapanese, demand } = material
  const asksQuestions = /\bquestions and answers\b|\bFAQ\b|質問と回答/i.test(demand)
  const size = asksQuestions ? 3 : 4
  const space = isJapanese ? '' : ' '
  const parts: string[] = []
  for (let i = 0; i < sentences.length; i += size) {
    const part = sentences
      .slice(i, i + size)
      .map(sentence => reword(sentence, isJapanese))
      .join(space)
    parts.push(asksQuestions ? `### ${question(material, pick('faq'), i / size)}\n\n${part}` : part)
  }
  const text = parts.join('\n\n')
  return isJapanese && /常体|だ・である/.test(demand) ? plainly(text) : text
}
