import { unit } from '../../records/index.ts'
import { sentences } from '../../text/index.ts'
import { hole, outsideCode, type Section } from './outline.ts'
import type { Grade, Question, Rules, Scene } from './rules.ts'

/** Sentences that need the page they stand on, or speak to its reader. */
const unusable = [
  new RegExp(hole),
  /上記|上述|前述|後述|先述|下記|以下[のに]|次の(?:節|章|項|例|図|表|コード|ように|セクション|とおり|通り)|この(?:章|節|項|記事|文書|ページ|ガイド|用語集|チュートリアル|図|表|コード|サンプル|セクション|ドキュメント)|本(?:章|節|書|記事|ページ|項|文書|ドキュメント)/,
  /[図表章節](?:\d|[一二三四五六七八九十])|リスト\d|私たち|我々|わたしたち|筆者|皆さん|皆様/,
  /(?:ましょう|でしょうか|ませんか|ください|下さい|ご覧|だろうか)|[？?]/,
  /https?:|www\.|\{\{|\}\}|参照|詳しくは|詳細については/,
  /^(?:これは極端|次に|まず|最後に)/,
]
const pointer = /^(?:詳しくは|詳細は|詳細については|関連する)|(?:参照|ご覧|お読み|確認)(?:して)?ください。$/

/** Openings that lean on the sentence before. */
const leans =
  /^(?:これ|それ(?!ぞれ)|この|その|あの|こう|そう|ここ|そこ|彼|彼女|しかし|ですが|だが|また|さらに|ただし|ただ、|一方|他方|つまり|すなわち|例えば|たとえば|例として|そして|加えて|要するに|なぜなら|というのも|同様に|逆に|反対に|むしろ|実際|まず|次に|最後に|最終的に|すると|なお|ちなみに|あるいは|または|しかも|ほか|他の|もう一|良い例|同じ|両方|どちら|いずれ|後者|前者|結果|したがって|従って|よって|ゆえに|だから|そのため|このため|もし(?:これ|それ|そう)|たとえ|特に|具体的に|とはいえ|もちろん|具体例|すべて|一度|理想的には|従来の(?:アプローチ|方法)とは)/

function grade(sentence: string): Grade {
  if (pointer.test(sentence)) return 'pointer'
  if (sentence.length < 12 || sentence.length > 260 || unusable.some(pattern => pattern.test(sentence))) return 'bad'
  if (/[:：]$/.test(sentence)) return 'intro'
  if (!/[。！][」』）)]*$/.test(sentence)) return 'bad'
  if (
    /^[ぁ-ん](?:[、はがを])/.test(sentence) ||
    (sentence.match(/[(（]/g)?.length ?? 0) !== (sentence.match(/[)）]/g)?.length ?? 0)
  )
    return 'bad'
  if (leans.test(sentence) || /(?:この|これら?|こうした|そうした|そういった|このような|そのような|彼ら)/.test(sentence))
    return 'lean'
  if (/それ(?!ぞれ|ゆえ)|その(?!まま|もの|他|ほか)/.test(sentence.slice(0, 16))) return 'lean'
  // Without a topic or a subject the reader cannot know what is spoken of.
  return /は|が|なら|場合|には/.test(sentence) ? 'free' : 'lean'
}

function clean(sentence: string): string {
  return outsideCode(sentence, part =>
    part
      .replace(/[(（][^()（）]*(?:参照|参考|ご覧|考えてみて|後述|前述|上記)[^()（）]*[)）]/g, '')
      .replace(/^(?:なお、|ちなみに、|もちろん、|簡単に言うと、|要するに、)/, ''),
  ).trim()
}

export function terms(text: string): Set<string> {
  return new Set(
    text
      .match(/[\p{Script=Katakana}ー]{2,}|\p{Script=Han}{2,}|[A-Za-z][\w.+-]{1,}/gu)
      ?.map(word => word.toLowerCase()) ?? [],
  )
}

const pick = (subject: string, wordings: string[]) => wordings[Math.floor(unit(subject) * wordings.length)]!

/** Godan verbs in -su whose polite form looks like a noun with `する`. */
const inSu =
  /(?:示|出|指|表|押|渡|残|試|促|果た|話|直|移|消|返|通|回|壊|殺|外|流|増や|減ら|もたら|及ぼ|見な|み出|引き起こ|生み出|作り出|取り出|満た|動か|生か|活か|起こ|引き出)$/

/** Plain form before のですか; undefined for endings that rules cannot undo safely. */
export function plainForm(polite: string): string | undefined {
  const body = polite.replace(/。$/, '')
  const fixed: [RegExp, string][] = [
    [/ではありません$/, 'ではない'],
    [/ありません$/, 'ない'],
    [/([さらかわまばたがなえけせてねべめれげじび])れません$/, '$1れない'],
    [/できません$/, 'できない'],
    [/しません$/, 'しない'],
    [/なりません$/, 'ならない'],
    [/ています$/, 'ている'],
    [/でいます$/, 'でいる'],
    [/あります$/, 'ある'],
    [/なります$/, 'なる'],
    [/できます$/, 'できる'],
    [/([えけせてねべめれげぜでへり])ます$/, '$1る'],
    [/りる$/, 'る'],
    [/います$/, 'う'],
    [/きます$/, 'く'],
    [/ぎます$/, 'ぐ'],
    [/みます$/, 'む'],
    [/びます$/, 'ぶ'],
    [/ちます$/, 'つ'],
    [/しました$/, 'した'],
    [/なりました$/, 'なった'],
    [/ていました$/, 'ていた'],
    [/できました$/, 'できた'],
    [/(い)です$/, '$1'],
    [/です$/, 'な'],
  ]
  const su = /^(.*)します$/.exec(body)
  if (su) return `${su[1]}${inSu.test(su[1]!) ? 'す' : 'する'}`
  for (const [pattern, plain] of fixed) {
    if (pattern.test(body)) return body.replace(pattern, plain).replace(/りる$/, 'る')
  }
  return undefined
}

const anaphor =
  /(?:これ|それ(?!ぞれ)|この|その(?!まま|もの|他|ほか)|ここ|そこ|こうした|そうした|彼ら|あれ|前者|後者|同じ|他の|別の)/

const bare = (title: string) => title.replace(/\s*[(（].*[)）]\s*$/, '').trim()

/** The title where it names something; a heading that asks is no subject. */
const subject = (title: string) => (/どの|なん|何|べき|__|[？?]/.test(title) ? '' : bare(title))

function define(sentence: string, section: Section, scene: Scene): Question | undefined {
  const found = /^(?:[^、。]{2,25}(?:では|において)、)?([^、。はが]{2,40}?)(?:とは、?|は、?)(.+)。/.exec(sentence)
  if (!found) return undefined
  const name = bare(found[1]!.replace(/という用語$/, ''))
  const known = [scene.outline.title, ...section.path].map(bare)
  if (
    !known.some(
      title =>
        title !== '' && (title === name || (name.length > 3 && (title.startsWith(name) || name.startsWith(title)))),
    )
  )
    return undefined
  const says = found[2]!
  if (
    !/とは/.test(sentence.slice(0, found[0].length - says.length)) &&
    !/(?:です|を指します|と呼ばれます|を意味します|を表します|のことです|システム|手法|方法|技術|ツール|仕組み|アプローチ|戦略|モデル|能力|プラクティス)/.test(
      says.slice(-24),
    )
  )
    return undefined
  return { text: `${name}とは何ですか？`, kind: 'what', difficulty: 'easy', trust: 1 }
}

function ofSection(section: Section, scene: Scene, first: string): Question[] {
  const heading = section.path.at(-1) ?? ''
  const topic = scene.topic?.phrase ?? ''
  const out: Question[] = []
  const whole = (text: string, kind: Question['kind'], difficulty: Question['difficulty'], about?: string) =>
    out.push({ text, kind, difficulty, trust: 1, whole: true, topic, ...(about ? { about } : {}) })
  if (topic !== '') {
    if (/(?:解決|対処|取り組)(?:すべき|する|できる).*(?:問題|課題)|どのような(?:問題|課題)/.test(heading)) {
      whole(
        pick(topic, [
          `${topic}はどのような問題を解決しますか？`,
          `${topic}が必要とされるのはなぜですか？`,
          `${topic}はどのような課題に対処するためのものですか？`,
        ]),
        'problem',
        'medium',
      )
    } else if (/どのように(?:役に?立|助け|機能し)|役立ち方|利点は/.test(heading)) {
      whole(
        pick(topic, [
          `${topic}はどのように役立ちますか？`,
          `${topic}にはどのような利点がありますか？`,
          `${topic}によって何が可能になりますか？`,
        ]),
        'benefit',
        'medium',
      )
    }
  }
  if (
    out.length === 0 &&
    heading !== '' &&
    heading.length < 40 &&
    !anaphor.test(heading) &&
    !/^(?:概要|はじめに|まとめ|関連|参考|例|注意|補足)/.test(heading)
  ) {
    if (/とは$/.test(heading)) whole(`${heading}何ですか？`, 'what', 'easy', heading)
    else if (
      /.{2,}の(?:利点|メリット|欠点|デメリット|種類|特徴|目的|役割|違い|制限|要件|注意点|構成要素|手順)$/.test(heading)
    )
      whole(`${heading}は何ですか？`, 'what', 'medium', heading)
    else if (/.{2,}の(?:仕組み|動作|流れ)$/.test(heading))
      whole(`${heading}はどうなっていますか？`, 'how', 'medium', heading)
    else if (/.{2,}(?:する方法|の方法|のやり方|の手順)$/.test(heading))
      whole(`${heading}を教えてください。`, 'how', 'medium', heading)
    else if (/.{3,}(?:する|作る|書く|使う|行う|追加する)$/.test(heading))
      whole(`${heading}にはどうすればよいですか？`, 'how', 'medium', heading)
  }
  const definition = define(first, section, scene)
  if (definition) out.push({ ...definition, whole: true })
  return out
}

function ofSentence(sentence: string, section: Section, scene: Scene): Question[] {
  const out: Question[] = []
  const add = (text: string, kind: Question['kind'], difficulty: Question['difficulty'], trust: number) => {
    if (
      text.length < 10 ||
      text.length > 90 ||
      anaphor.test(text) ||
      text.includes(hole) ||
      /[「『（(][^」』）)]*$/.test(text)
    )
      return
    const plain = text.replace(/^(?:しかし|また|さらに|一方|そして|つまり|ただし|例えば|たとえば)、?/, '')
    // What happens "when" and "why" depends on what is spoken of: the title says it where the sentence does not.
    const topic = scene.topic?.phrase ?? ''
    const adrift =
      /^(?:why|what-if|benefit)$/.test(kind) && topic !== '' && topic.length <= 16 && !plain.includes(topic)
    out.push({
      text: adrift ? `${topic}では、${plain}` : plain,
      kind,
      difficulty,
      trust,
    })
  }
  const definition = define(sentence, section, scene)
  if (definition) out.push(definition)

  const noted =
    /^([^、。]{2,25}?)の((?:主な|最大の|核心の)?(?:目的|利点|メリット|欠点|デメリット|特徴|役割|目標|原則|課題|強み|弱点)(?:の1つ|の一つ)?)は/.exec(
      sentence,
    )
  if (noted) add(`${noted[1]}の${noted[2]!.replace(/の[1一]つ$/, '')}は何ですか？`, 'what', 'medium', 0.9)
  const examples = /^([^、。]{2,25}?)の例(?:に|として)は/.exec(sentence)
  if (examples) add(`${examples[1]}の例にはどのようなものがありますか？`, 'which', 'easy', 0.9)
  const differs = /([^、。はが]{2,20}と[^、。はが]{2,20}の違い)/.exec(sentence)
  if (differs) add(`${differs[1]}は何ですか？`, 'compare', 'hard', 0.9)

  const reason = /^(.{8,90}?(?:[いるうくすつぬむぐぶた]|である|ない|な))(?:ため|ので)、(.{10,90})。$/.exec(sentence)
  if (reason && !/^(?:この|その)/.test(reason[1]!) && !/する$/.test(reason[1]!)) {
    const main = plainForm(reason[2]!)
    if (main && /は|が/.test(main) && !/^(?:これ|それ)/.test(main)) add(`なぜ${main}のですか？`, 'why', 'hard', 0.85)
  }
  const condition = /^(.{8,70}?)(場合|とき|際)(?:は|に|には)?、(.{10,})。$/.exec(sentence)
  if (condition && !/^(?:もし)?(?:これ|それ|その|この)/.test(condition[1]!)) {
    const [, when, word, then] = condition
    const lead = `${when!.replace(/^(?:しかし|また|さらに|一方|そして)、/, '')}${word}`
    const fits = /が(適し|向い|有効|便利|望まし)/.exec(then!)
    if (fits) add(`${lead}、何が適していますか？`, 'which', 'medium', 0.85)
    else if (/(?:必要があります|べきです|推奨されます|ことができます|できます)$/.test(then!))
      add(`${lead}、どうすればよいですか？`, 'what-if', 'medium', 0.7)
    else add(`${lead}、どうなりますか？`, 'what-if', 'medium', 0.75)
  }
  const effect = /^(.{6,60}?)(?:ことで|ことにより|ことによって)、(.{10,})。$/.exec(sentence)
  if (effect && /を/.test(effect[1]!) && !/だけでなく|よう/.test(effect[1]!))
    add(
      `${effect[1]!.replace(/^.*[、]/, part => (part.length > 20 ? part : ''))}と、どのような効果がありますか？`,
      'benefit',
      'medium',
      0.85,
    )
  const leads = /^(.{6,60}?(?:する|れる|せる|なる|用いる|使う|える|行う))と、(.{10,})。$/.exec(sentence)
  if (leads && !/^(?:もし|一度)/.test(leads[1]!)) add(`${leads[1]}と、どうなりますか？`, 'what-if', 'medium', 0.75)
  const purpose =
    /^([^はが]{5,50}?する)(?:には|ためには)、(.{10,}(?:必要があります|使用します|使います|利用します|できます))。$/.exec(
      sentence,
    )
  if (purpose) add(`${purpose[1]}にはどうすればよいですか？`, 'how', 'medium', 0.85)
  return out
}

export const japanese: Rules = {
  sentences: paragraph => {
    const masked = paragraph.replace(/`[^`]+`/g, code => 'x'.repeat(code.length))
    return sentences(masked, 'ja').map(({ start, end }) => paragraph.slice(start, end))
  },
  clean,
  grade,
  usable: text => !unusable.some(pattern => pattern.test(text)),
  instructs: answer =>
    /^(?:```|1\. )/m.test(answer) || /ことで|使用し|使い|必要があります|してください|できます/.test(answer),
  resolve(sentence, topic) {
    const found = /^(?:これ|それ)は、?/.exec(sentence)
    return found ? `${topic}は、${sentence.slice(found[0].length)}` : undefined
  },
  space: '',
  size: text => Math.round(text.length / 2),
  scene: outline => ({ outline, prose: '', topic: { phrase: subject(outline.title), plural: false } }),
  ofSection,
  ofSentence,
  terms,
}
