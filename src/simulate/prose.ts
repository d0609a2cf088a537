import type { Json } from '../records/index.ts'

/** Rough tokens: four bytes each, which serves Latin and Japanese text alike. */
export const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4)

/** Numbers in [0, 1) by name: the same name gives the same number. */
export type Pick = (name: string) => number

/**
 * Numbers out of one root. Not a cryptographic hash: a reply takes dozens of them, and FNV-1a with the finalizer of
 * MurmurHash3 spreads well enough for choosing words.
 */
export function picker(root: string): Pick {
  const from = fnv(root, 0x811c9dc5)
  return name => {
    let h = fnv(name, from)
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32
  }
}

function fnv(text: string, from: number): number {
  let h = from
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h
}

/** What a text gives to write from. */
type Reading = {
  japanese: boolean
  /** Whole sentences, in order; never empty. */
  sentences: string[]
  /** Salient phrases, the most salient first; never empty. */
  phrases: string[]
}
/** What a prompt gives: its fenced text (all of it when nothing is fenced), and what is asked about it. */
export type Material = Reading & {
  /** The question, task or instruction beside the text: fenced, else what stands outside the fences. */
  focus: string
  /** The prompt without its fenced parts: what is asked for. */
  demand: string
  /** Fenced parts with a number in their label, such as `answer-2`: what a referee chooses from. */
  numbered: string[]
  /** The last fenced part, else the whole prompt: what a task such as translating is about, whatever is longer. */
  last: string
  /** Tools that a fenced list declares in the shape of OpenAI. */
  declared: Declared[]
}
export type Declared = { name: string; description?: string; parameters?: Json }

const fence = /<([\p{L}\p{N}_-]+)>\n([\s\S]*?)\n<\/\1>/gu
const isFocus = /question|instruction|task|prompt|problem|query|request/i
const schemaBlock = /```json\n[\s\S]*?\n```/g

/** A fenced list or object in JSON; undefined for any other text. */
function jsonOf(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}

/** The texts in a JSON value that say something, one a paragraph. */
function said(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= 20 || /[\u3040-\u30ff]/.test(value) ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(said) : []
}

const toolsIn = (value: object | undefined): Declared[] =>
  Array.isArray(value)
    ? (value as { function?: Declared }[]).flatMap(({ function: tool }) =>
        typeof tool?.name === 'string' ? [tool] : [],
      )
    : []

/**
 * The longest fenced text of the last user message, or several under one label where they are longer together; after a
 * refused reply, of the longest message before it.
 */
export function materialOf(messages: { role: string; text: string }[]): Material {
  let prompt = messages.findLast(message => message.role === 'user')?.text ?? messages.at(-1)!.text
  let parts = [...prompt.matchAll(fence)]
  if (parts.length === 0) {
    for (const { role, text } of messages) if (role === 'user' && text.length > prompt.length) prompt = text
    parts = [...prompt.matchAll(fence)]
  }
  const last = messages.findLast(message => message.role === 'user')?.text ?? ''
  // What a system turn fences is read where no user turn fences anything, as for an assistant with reference material.
  const beside = parts.length === 0 && messages[0]!.role !== 'user' ? [...messages[0]!.text.matchAll(fence)] : []
  const texts = new Map<string, string>()
  let focus = ''
  const numbered: string[] = []
  const declared: Declared[] = []
  for (const [, label, inner] of [...parts, ...beside]) {
    if (/-\d+$/.test(label!)) numbered.push(inner!)
    const json = jsonOf(inner!)
    declared.push(...toolsIn(json))
    const readable = json ? said(json).join('\n\n') : inner!
    if (isFocus.test(label!)) focus += `${readable}\n`
    else texts.set(label!, texts.has(label!) ? `${texts.get(label!)}\n\n${readable}` : readable)
  }
  let text = ''
  for (const one of texts.values()) if (one.length > text.length) text = one
  const asked = (parts.length > 0 ? prompt.replace(fence, '') : prompt).replace(schemaBlock, '')
  const system = messages[0]!.role === 'user' ? '' : messages[0]!.text
  const read = reading(text || focus || asked)
  const named = parts.length + beside.length === 0 ? [...asked.matchAll(keyed)].map(([, value]) => value!) : []
  return {
    ...read,
    ...(named.length > 0 && { phrases: [...named, ...read.phrases] }),
    focus: focus || (parts.length > 0 ? asked : beside.length > 0 ? last : ''),
    demand: `${system}\n${asked}`,
    numbered,
    last: parts.at(-1)?.[2] ?? prompt,
    declared,
  }
}

/** Lines such as `Domain: chemistry`, which say what an unfenced prompt is about. */
const keyed = /^(?:domain|topic|subject|theme|persona|分野|話題|題名)\s*[:：]\s*(\S.{1,60})$/gim

const remembered = new Map<string, Reading>()

/** Many draws, questions and judges come back to the same text: it is read once. */
export function reading(text: string): Reading {
  const known = remembered.get(text)
  if (known) return known
  const found = sentencesOf(text)
  const sentences = found.length > 0 ? found : [text.trim().slice(0, 200) || 'There is nothing to read.']
  const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)
  const read = { japanese, sentences, phrases: phrasesOf(sentences.join('\n'), japanese) }
  if (remembered.size >= 512) remembered.clear()
  remembered.set(text, read)
  return read
}

/** Sentences of 20 to 400 characters, without markup, in reading order. */
export function sentencesOf(text: string): string[] {
  const found: string[] = []
  const plain = text
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .replace(/```[\s\S]*?(?:```|$)/g, '\n\n')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/\{\{[<%][^\n]*?[>%]\}\}/g, '')
    .replace(/^ {0,3}(?:\[[^\]\n]+\]:[ \t]*\S|:{3,}).*$/gm, '')
    .replace(/<\/?[a-z][^<>\n]{0,200}>/gi, '')
  for (const block of plain.split(/\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.|#+)\s)/)) {
    if (/^\s*(?:#|\||=+\s*$|-+\s*$|\.\. )/.test(block)) continue
    const flat = block
      .replace(/^\s*(?:[-*+>]|\d+\.)\s+/, '')
      .replace(/\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, '$1')
      .replace(/[*`]+|(?<!\w)_+|_+(?!\w)/g, '')
      .replace(/\s+/g, ' ')
      .trim()
    for (const sentence of flat.split(
      /(?<=[.!?]["')\]]?)\s+(?=["'([]?[A-Z0-9])|(?<=[。！？]|[!?](?=[\u3040-\u30ff\u4e00-\u9fff]))/,
    )) {
      const trimmed = sentence.trim()
      const wide = /[\u3040-\u30ff\u4e00-\u9fff]/.test(trimmed)
      if (trimmed.length >= (wide ? 8 : 20) && trimmed.length <= 400) found.push(trimmed)
    }
  }
  return found
}

const stopWords = new Set(
  (
    'a about above after again all also although always am an and another any anything are as at be became because been before being below between both but by ' +
    'can cannot could did do does doing done down during each either else even ever every few first for from further get gets give given gives go goes had has have ' +
    'having he her here hers him his how however i if in instead into is it its itself just know last let like likely look made make makes many may me mean means might more ' +
    'most much must my need needs never new next no nor not nothing now of off often on once one only onto or other others our out over own per perhaps put rather ' +
    'really same say says see seem she should since so some something still such take takes than that the their them themselves then there these they thing things this those ' +
    'though three through thus to together too two under until up upon us use used uses using very want was way we well were what when where whether which while who ' +
    'whole whom whose why will with within without would yet you your'
  ).split(' '),
)

/** Runs of one to three content words between stop words and punctuation, by length and frequency (after RAKE, Rose et al. 2010). */
function phrasesOf(text: string, japanese: boolean): string[] {
  const count = new Map<string, number>()
  const add = (phrase: string) => count.set(phrase, (count.get(phrase) ?? 0) + 1)
  if (japanese) {
    for (const [run] of text.matchAll(/[\p{Script=Katakana}ー]{2,}|\p{Script=Han}{2,8}|[A-Za-z][A-Za-z0-9]{2,}/gu))
      add(run)
  } else {
    let run: string[] = []
    const close = () => {
      if (run.length > 0 && run.length <= 3 && run.join('').length >= 5) add(run.join(' '))
      run = []
    }
    for (const [token] of text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’-]*|[^\s]/gu)) {
      if (token.length > 2 && !/^\d+$|['’]/.test(token) && !stopWords.has(token.toLowerCase())) run.push(token)
      else close()
    }
    close()
  }
  const weight = ([phrase, times]: [string, number]) =>
    times * (phrase.split(' ').length ** 1.5 + Math.min(phrase.length, 24) / 12)
  // Stable: Map order is reading order, and the sort keeps it among equals.
  const ranked = [...count]
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, 40)
    .map(([phrase]) => phrase)
  return ranked.length > 0 ? ranked : [japanese ? 'この件' : 'the subject']
}

const at = <T>(list: readonly T[], u: number, shift = 0): T =>
  list[(Math.floor(u * list.length) + shift) % list.length]!

const questions = {
  en: [
    'What is meant by {p}, and why does it matter?',
    'How are {p} and {q} connected?',
    'Why would somebody care about {p} in practice?',
    'What would go wrong if {p} were ignored?',
    'Can you explain {p} to a person who only knows about {q}?',
    'Which conditions have to hold before {p} makes sense?',
    'In what way does {p} differ from {q}?',
    'When is {p} the better choice, and when is it not?',
    'What steps lead from {q} to {p}?',
    'Give an example that shows the effect of {p}.',
    'What is known about {p}, and what supports it?',
    'Suppose {q} changed: what would follow for {p}?',
    'Which common mistake about {p} should be avoided?',
  ],
  ja: [
    '{p}とは何を指し、なぜ重要なのですか。',
    '{p}と{q}はどのように関係していますか。',
    '{p}を無視すると、どのような問題が起こりますか。',
    '{q}しか知らない人に{p}をどう説明しますか。',
    '{p}が成り立つための条件は何ですか。',
    '{p}と{q}の違いを説明してください。',
    '{p}の具体例を一つ挙げてください。',
    '{p}について何が分かっていて、その根拠は何ですか。',
    '{q}が変わると{p}はどうなりますか。',
    '{p}についてよくある誤解は何ですか。',
    'どのような場合に{p}を選ぶべきですか。',
  ],
}

/** A question about the text. Positions in one list give different questions. */
export function question(material: Material, u: number, position: number): string {
  const { phrases, japanese } = material
  const templates = japanese ? questions.ja : questions.en
  const start = Math.floor(u * templates.length * phrases.length)
  const p = phrases[(start + position) % phrases.length]!
  const q = phrases[(start + position + 1 + (position % Math.max(1, phrases.length - 2))) % phrases.length]!
  const template = templates[(start + position * 5) % templates.length]!
  return template.replace('{p}', p).replace('{q}', q === p ? (japanese ? 'ほかの点' : 'the rest of the subject') : q)
}

const people = {
  en: [
    'A teacher at a small school who explains {p} to beginners',
    'An engineer on night duty who has to know when {p} fails',
    'A translator who looks for the right words for {p}',
    'The owner of a repair shop who depends on {p} and {q}',
    'A student who writes a first paper on {p}',
    'A librarian who is asked about {q} every week',
    'A trainer of new staff who has to justify {p} to the accounts',
    'A retired technician who tells the youth club about {q}',
    'A nurse who documents {p} between two shifts',
    'A buyer for a public office who compares offers for {q}',
    'A journalist who wants to know who pays for {p}',
    'A gardener who has come across {q} by chance',
  ],
  ja: [
    '小さな学校で{p}を初心者に教えている教員',
    '{p}が止まったときに対応する夜勤の技術者',
    '{p}に当たる言葉を探している翻訳者',
    '{p}と{q}に頼って店を続けている修理店の店主',
    '{p}について初めての論文を書いている学生',
    '毎週のように{q}のことを尋ねられる図書館の職員',
    '新人研修で{p}の必要性を説明する担当者',
    '{q}の話を子どもたちに聞かせている元技術者',
    '{q}の見積もりを比べている役所の購買担当者',
    '{p}の費用を誰が払うのかを調べている記者',
  ],
}

/** Somebody who has to do with what the text is about. Positions in one list give different people. */
export function person(material: Material, u: number, position: number): string {
  const { phrases, japanese } = material
  const templates = japanese ? people.ja : people.en
  const start = Math.floor(u * templates.length * phrases.length)
  const p = phrases[(start + position) % phrases.length]!
  const q = phrases[(start + position + 1) % phrases.length]!
  return `${templates[(start + position * 5) % templates.length]!.replace('{p}', p).replace('{q}', q)}${japanese ? '。' : '.'}`
}

const tasks = {
  en: [
    'Explain {p} to a beginner',
    'Write a short dialogue in which two colleagues discuss {p}',
    'Plan the first week of a project about {p}',
    'List five questions that an interviewer could raise about {p}',
    'Compare {p} with {q}',
    'Draft an email that asks a supplier for details on {p}',
    'Tell a bedtime story in which {p} plays a part',
    'Give three arguments for and three against {p}',
    'Design a classroom exercise on {p}',
    'Summarise what a newcomer has to know about {p}',
    'Suggest a healthier or cheaper alternative to {p}',
    'Work out step by step how {q} leads to {p}',
    'Invent a riddle whose solution is {p}',
    'Describe an ordinary day without {p}',
    'Advise a small business that worries about {p}',
    'Turn {p} into a checklist',
    'Find a metaphor for {p}',
    'Rank four ways of dealing with {p}',
    'Prepare a speech of one minute on {p}',
    'Estimate what {p} would cost a family of four in a year',
    'Correct the usual misunderstanding about {p}',
    'Imagine how {p} will look in fifty years',
    'Collect idioms and sayings around {p}',
    'Argue as a lawyer would that {p} matters more than {q}',
  ],
  ja: [
    '{p}を初めて聞く人に分かるように説明してください',
    '{p}をめぐる二人の同僚の短い会話を書いてください',
    '{p}についての計画を一週間分立てて',
    '{p}と{q}を比べて、違いを挙げてください',
    '{p}に賛成の理由と反対の理由を三つずつお願いします',
    '取引先に{p}の詳細を尋ねるメールを書いてほしい',
    '{p}が出てくる子ども向けの物語を作ってください',
    '{p}の代わりになるものを提案してもらえますか',
    '{q}から{p}に至るまでを順を追って考えてください',
    '答えが{p}になるなぞなぞを考えて',
    '{p}のない一日を想像して描写してください',
    '{p}を点検表の形にまとめてください',
    '{p}をたとえ話で言い表すとどうなりますか',
    '{p}への対処法を四つ、よい順に並べてください',
    '{p}についての一分間のスピーチ原稿をお願いいたします',
    '五十年後の{p}はどうなっていると思う?',
  ],
}
const conditions = {
  en: [
    'in at most {n} words',
    'as a table with {few} rows',
    'for readers who are about {few} years old',
    'and end with a question',
    'without any technical term',
    'using an example from the kitchen',
    'in the style of a newspaper report',
    'and say which part is uncertain',
    'as a numbered list of {few} points',
    'with one counterexample',
    'so that it fits on a postcard',
    'and name two sources of error',
    'in a friendly but firm tone',
    'for an audience of sceptical engineers',
    'with the most important point first',
    'and give a title to each part',
    'keeping a budget of {n} euros in mind',
  ],
  ja: [
    '{n}字以内でまとめること',
    '{few}行の表にすること',
    '{few}歳くらいの読み手に合わせること',
    '専門用語は使わないこと',
    '台所の例を一つ入れること',
    '新聞記事のような書き方にすること',
    'はっきりしない点も書くこと',
    '番号を付けて{few}項目にすること',
    '大切なことから順に書くこと',
    '最後に問いかけで終えること',
    '疑い深い技術者にも納得できるようにすること',
    '予算は{n}00円と考えること',
  ],
}

const onInput = {
  en: [
    'Rewrite the following passage',
    'Put the following statement into a single question',
    'Translate the following sentence into plain language',
    'Find the weakest word of the following sentence and replace it',
    'Write a reply to the following message',
    'Say whether the following sentence is a fact, an opinion or a request, and answer',
  ],
  ja: [
    '次の文章をやさしい言葉に書き換えてください',
    '次の文を一つの質問の形に直してください',
    '次の文が事実、意見、依頼のどれに当たるかを述べてください',
    '次の連絡への返事を書いてください',
  ],
}

/** A number of its own for each place in a list, out of one. */
const spread = (u: number, position: number, turn: number): number => (u * 7 ** turn + position * 0.381966 * turn) % 1
/** Of a list of tasks, every fourth works on an input. */
export const worksOnInput = (position: number): boolean => position % 4 === 3

/** What tasks are about: phrases, but for words that only begin a sentence, as an imperative does. */
const subjects = ({ phrases, sentences }: Material): string[] =>
  phrases.filter(phrase => !sentences.some(sentence => sentence.startsWith(phrase)))

function condition(tails: readonly string[], u: number, position: number): string {
  return at(tails, spread(u, position, 3), position * 7)
    .replace('{n}', String(20 + 5 * Math.floor(spread(u, position, 4) * 37)))
    .replace('{few}', String(4 + Math.floor(spread(u, position, 5) * 11)))
}

/** Something to be done with the subjects of the text. Positions in one list give different tasks. */
export function task(material: Material, u: number, position: number): string {
  const { japanese } = material
  const language = japanese ? 'ja' : 'en'
  const heads = (worksOnInput(position) ? onInput : tasks)[language]
  const named = subjects(material)
  const about = named.length > 1 ? named : material.phrases
  const p = at(about, spread(u, position, 1), position)
  const q = at(about, spread(u, position, 1), position + 1)
  const head = at(heads, spread(u, position, 2), position * 5)
    .replace('{p}', p)
    .replace('{q}', q === p ? (japanese ? 'ほかの点' : 'the rest of the subject') : q)
  const tail = condition(conditions[language], u, position)
  return japanese ? `${head}${/[?？]$/.test(head) ? '' : '。'}${tail}。` : `${head} ${tail}.`
}

/** The text that is to be rewritten, with one more thing asked for; now and then it is left as it was. */
export function rewriting(material: Material, u: number): string {
  const { focus, sentences, japanese } = material
  const text = focus.trim() || sentences.join(japanese ? '' : ' ')
  if (u < 0.08) return text
  const tail = condition(conditions[japanese ? 'ja' : 'en'], u, 0).replace(/^and /, 'so that you ')
  const about = subjects(material).filter(phrase => !/answer|attention|注意/.test(phrase))
  if (about.length === 0) return japanese ? `${text}\n${tail}。` : `${text}\nAnswer ${tail}.`
  const p = at(about, u)
  return japanese
    ? `${text}\n特に${p}に注意し、${tail}。`
    : `${text}\nPay particular attention to ${p}, and answer ${tail}.`
}

/** Sentences that share words with the question, in the order of the text. */
export function relevant(material: Material, count: number, u: number): string[] {
  const { sentences, focus } = material
  if (sentences.length <= count) return sentences
  const words = new Set(focus.toLowerCase().match(/[\p{L}\p{N}]{4,}|[\p{Script=Han}\p{Script=Katakana}]{2,}/gu) ?? [])
  const start = Math.floor(u * sentences.length)
  const scored = sentences.map((sentence, i) => {
    let score = ((i - start + sentences.length) % sentences.length) / -sentences.length
    for (const word of words) if (sentence.toLowerCase().includes(word)) score += 1
    return { i, score }
  })
  return scored
    .sort((a, b) => b.score - a.score || a.i - b.i)
    .slice(0, count)
    .map(({ i }) => i)
    .sort((a, b) => a - b)
    .map(i => sentences[i]!)
}

/** A short final answer: a number where one is asked for, else a phrase. `variant` 0 is the usual one. */
export function shortAnswer(material: Material, u: number, variant: number): string {
  const { focus, demand, phrases, sentences } = material
  const choices = [...demand.matchAll(/^([A-Jア-コ0-9])[.．] \S/gm)].map(([, sign]) => sign!)
  if (choices.length > 1) return at(choices, u, variant)
  if (
    /\b(how (?:many|much)|number of|calculate|total|sum|average|percent)\b|いくつ|何(?:個|人|円)|合計/i.test(
      focus || demand,
    )
  ) {
    const numbers = (focus + sentences.join(' ')).match(/\d+(?:\.\d+)?/g) ?? ['12']
    return String(Number(at(numbers, u)) + variant * 3)
  }
  return at(phrases, u, variant)
}

const openings = {
  en: [
    'Most of this depends on {p}.',
    'It helps to begin with {p}.',
    'The point turns on {p}.',
    'Consider first what is said of {p}.',
  ],
  ja: ['大切なのは{p}です。', 'まず{p}から考えます。', '要点は{p}にあります。'],
}
const closings = {
  en: [
    'Taken together, this is why {p} matters here.',
    'So {p} follows from what was said about {q}.',
    'That settles how {p} and {q} belong together.',
  ],
  ja: ['以上から、{p}が重要だと分かります。', 'したがって、{p}は{q}と結びついています。'],
}

/** Paragraphs out of the text's own sentences, of the length that explanations of hosted models have: some 200 to 600 tokens. */
export function paragraphs(material: Material, pick: Pick, path = 'prose'): string {
  const { phrases, japanese } = material
  const [open, close] = japanese ? [openings.ja, closings.ja] : [openings.en, closings.en]
  const p = at(phrases, pick(`${path}.p`))
  const q = at(phrases, pick(`${path}.p`), 1 + Math.floor(pick(`${path}.q`) * 3))
  const fill = (template: string) => template.replace('{p}', p).replace('{q}', q)
  const body = relevant(material, 9 + Math.floor(pick(`${path}.n`) * 12), pick(`${path}.start`))
  const third = Math.ceil(body.length / 3)
  const space = japanese ? '' : ' '
  return [
    [fill(at(open, pick(`${path}.open`))), ...body.slice(0, third)].join(space),
    body.slice(third, 2 * third).join(space),
    [...body.slice(2 * third), fill(at(close, pick(`${path}.close`)))].join(space),
  ]
    .filter(paragraph => paragraph !== '')
    .join('\n\n')
}

const advice = {
  en: {
    open: [
      'With {p} it is best to go step by step.',
      'This depends on how far {p} has come.',
      'There is usually a simple cause for this.',
      'The short way is to look at {p} before anything else.',
    ],
    body: [
      'Look first at whether {p} is still being worked on: much of this settles by itself within a day or two.',
      'Note since when you have seen it and what you did just before, because that tells the causes apart.',
      'Compare {p} with what you expected of {q}, and write down where the two differ.',
      'Leave {q} as it is in the meantime, since a second attempt makes it harder to see what happened.',
      'If you changed something about {q} lately, undo that and try once more.',
      'Keep whatever was shown to you, such as a message or a number, until {p} is settled.',
      'Somebody who looks after {q} can see more than you can, so give them the date and the amount or the name.',
    ],
    close: [
      'If {p} is not as it should be after that, ask again and mention {q}.',
      'Once that is done, {p} needs nothing further from you.',
      'That way you know within a day whether {p} has to be reported.',
    ],
  },
  ja: {
    open: [
      '{p}については、順を追って確かめるのが確実です。',
      '{p}がどこまで進んでいるかによります。',
      '多くの場合、原因は単純です。',
    ],
    body: [
      'まず、{p}がまだ処理の途中かどうかを確認してください。一日か二日で自然に解決することもよくあります。',
      'いつから起きているか、その直前に何をしたかを書き留めてください。原因を見分ける手がかりになります。',
      '{p}が{q}と食い違っていないかを見比べてください。',
      'その間、{q}には手を加えないでください。やり直すと、何が起きたのかが分かりにくくなります。',
      '最近{q}を変更した場合は、いったん元に戻して試してください。',
      '表示された文言や番号は、{p}が解決するまで残しておいてください。',
    ],
    close: [
      'それでも{p}が直らない場合は、{q}のことも添えて、もう一度お尋ねください。',
      'ここまで確かめれば、{p}について連絡が必要かどうかが分かります。',
    ],
  },
}

const asks =
  /[?？か]。?$|^(?:what|why|how|which|when|where|who|can|could|is|are|do|does|did|will|would|should|suppose|give|my|i)\b/i
/** Words of a question that say how it asks, not what about. */
const asking =
  /\b(?:suppose|explain|changed?|connected|steps?|lead|conditions?|knows?|person|subject|sense|hold|wrong|differ|example|effect|mistake|practice|choice|ignored|somebody|care)\b|説明|関係|違い|具体例|場合|条件|誤解|根拠|問題|重要/i

/** A question with no text behind it, which has nothing in it to answer from. */
export const isLoneQuestion = ({ focus, sentences }: Material): boolean =>
  focus === '' && sentences.length <= 2 && sentences.join('').length < 300 && asks.test(sentences.at(-1)!)

/** General advice about what a lone question speaks of: five to seven sentences, each different. */
export function advise(material: Material, pick: Pick): string {
  const { japanese } = material
  const phrases = material.phrases.filter(phrase => !asking.test(phrase))
  const { open, body, close } = japanese ? advice.ja : advice.en
  const [p = japanese ? 'この件' : 'the matter', q = japanese ? 'ほかの点' : 'the rest of it'] = phrases
  const start = Math.floor(pick('advice') * body.length)
  const steps = Array.from({ length: 3 + Math.floor(pick('steps') * 3) }, (_, i) => at(body, 0, start + i))
  const said = [at(open, pick('advice.open')), ...steps, at(close, pick('advice.close'))]
  return said.map(sentence => sentence.replaceAll('{p}', p).replaceAll('{q}', q)).join(japanese ? '' : ' ')
}

const asksFor =
  /(?:^|[\s"'`“「*:])((?:final )?answer|最終的な答え|最終回答|答え|回答|score|rating|grade|verdict|評価|スコア|点数)\s*[::]/i

/** The label that the prompt wants on the last line, such as `Answer`. */
export const labelOf = (material: Material): string | undefined => asksFor.exec(material.demand)?.[1]
export const isScoreLabel = (label: string): boolean => /score|rating|grade|評価|スコア|点数/i.test(label)

/** The scale a prompt names, such as `1 to 5`; else 1 to 10. */
export function scaleOf(material: Material): [number, number] {
  const found = /(\d+)\s*(?:to|through|-|–|から|〜|~)\s*(\d+)/.exec(material.demand)
  const [low, high] = [Number(found?.[1] ?? 1), Number(found?.[2] ?? 10)]
  return high > low && high <= 100 ? [low, high] : [1, 10]
}
