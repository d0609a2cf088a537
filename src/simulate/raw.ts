import { materialOf, type Pick, paragraphs, question } from './prose.ts'

/** Where a chat template opens the turn of a user: a model that was tuned on chats writes what a user would. */
const userTurn =
  /(?:<\|im_start\|>user\n|<\|start_header_id\|>user<\|end_header_id\|>\n\n|<start_of_turn>user\n|\[INST\] ?)$/
const ends: [opens: RegExp, turn: string][] = [
  [/<\|im_start\|>/, '<|im_end|>\n<|im_start|>assistant\n'],
  [/<\|start_header_id\|>/, '<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n'],
  [/<start_of_turn>/, '<end_of_turn>\n<start_of_turn>model\n'],
  [/\[INST\]/, ' [/INST] '],
]
const markup = /<\|[^|]*\|>|<\/?[a-z_]+>|\[\/?[A-Z]+\]|^(?:system|user)$/gm

/** What a user may come with where nothing is said of it. */
const subjects = {
  en: [
    'sourdough starters that stop rising',
    'planning a three-day trip through Lisbon with two small children',
    'the difference between a stack and a queue',
    'writing a polite reminder to a client who pays late',
    'why leaves change colour in autumn',
    'learning to read sheet music as an adult',
    'fixing a bicycle chain that skips under load',
    'compound interest on a savings account',
    'the causes of the French Revolution',
    'sorting a list of dictionaries by two keys in Python',
    'vegetarian dinners that keep for the next day',
    'how vaccines train the immune system',
    'choosing between renting and buying a flat',
    'a short speech for a retiring colleague',
    'regular expressions for dates in log files',
    'keeping tomato plants alive on a windy balcony',
  ],
  ja: [
    '味噌汁の出汁の取り方',
    '取引先への遅延のお詫びのメール',
    '京都を二日で回る計画',
    '二分探索の仕組み',
    '桜の開花が年によって違う理由',
    '家計簿を続ける方法',
    '自転車のパンクの直し方',
    '敬語の使い分け',
    '初めての引っ越しの手順',
    'ワクチンが効く仕組み',
    '新入社員の自己紹介の文章',
    'ベランダでのトマトの育て方',
  ],
}
const requests = {
  en: [
    'Can you help me with {s}? I have tried a few things already and would like to understand what is going on.',
    'I need a clear explanation of {s}, with one example that I can follow step by step.',
    'What should I know about {s} before I begin?',
    'Give me a checklist for {s}, in the order in which I should go through it.',
    'Compare the usual ways of dealing with {s} and tell me which one you would choose.',
  ],
  ja: [
    '{s}について、初心者にも分かるように説明してください。',
    '{s}で困っています。何から始めればよいでしょうか。',
    '{s}の手順を順番に教えてください。',
    '{s}について、具体例を一つ挙げて説明していただけますか。',
  ],
}

const at = <T>(list: readonly T[], u: number): T => list[Math.floor(u * list.length)]!

/**
 * How a raw text goes on: a turn of a user where a chat template opens one, about what the turn of the system speaks of;
 * else more of the same. A share of the turns runs on into the next one, as models do that miss the end of their own.
 */
export function continuation(text: string, free: Pick, spoilt: number): string {
  const plain = text.replace(markup, '').trim()
  if (!userTurn.test(text)) return paragraphs(materialOf([{ role: 'user', text: plain || text }]), free)
  const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(plain)
  const language = japanese ? 'ja' : 'en'
  const told = plain.length > 200 ? materialOf([{ role: 'user', text: plain }]) : undefined
  const turn = told
    ? question(told, free('question'), Math.floor(free('position') * 7))
    : at(requests[language], free('request')).replace('{s}', at(subjects[language], free('subject')))
  if (spoilt > 0 && free('malformed') < spoilt) {
    // Servers that hide the tokens of the template leave the name of the role.
    const next = free('hidden') < 0.5 ? '\nassistant\n' : ends.find(([opens]) => opens.test(text))![1]
    return `${turn}${next}${paragraphs(materialOf([{ role: 'user', text: turn }]), free, 'leak')}`
  }
  return turn
}
