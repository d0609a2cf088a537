import { materialOf, type Pick, paragraphs } from './prose.ts'

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

/** What a user may come with. */
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
    'reading a balance sheet for the first time',
    'the rules of offside in football',
    'choosing a font for a printed invitation',
    'photosynthesis in plants that live in deserts',
    'merging two branches in Git without losing commits',
    'a cover letter for a job in another field',
    'the difference between weather and climate',
    'sleeping better during night shifts',
    'dividing fractions, with a drawing',
    'asking a landlord to repair the heating',
    'hash tables and what makes them slow',
    'packing for a week of hiking in rainy weather',
    'the plot of a detective story set in a library',
    'removing a red wine stain from a wool carpet',
    'how elections to the European Parliament work',
    'writing unit tests for code that reads the clock',
    'teaching a puppy to come when called',
    'the orbit of the Moon and the tides',
    'comparing two phone contracts with hidden fees',
    'a stretching routine for people who sit all day',
    'indexes in a relational database',
    'the use of the past perfect in English',
    'baking bread without an oven that reaches 250 degrees',
    'probability puzzles with dice and cards',
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
    '確定申告に必要な書類',
    '英語の過去完了の使い方',
    'データベースの索引の役割',
    '潮の満ち引きと月の関係',
    '面接でよく聞かれる質問への答え方',
    '子犬のしつけ',
    '俳句の季語の選び方',
    '分数の割り算の考え方',
  ],
}
const requests = {
  en: [
    'Can you help me with {s}? I have tried a few things already and would like to understand what is going on.',
    'I need a clear explanation of {s}, with one example that I can follow step by step.',
    'What should I know about {s} before I begin?',
    'Give me a checklist for {s}, in the order in which I should go through it.',
    'Compare the usual ways of dealing with {s} and tell me which one you would choose.',
    'I read two articles on {s} that say opposite things. What is actually known, and where do experts disagree?',
    'Write a short text about {s} for people who have never heard of it, in no more than 150 words.',
    'My mistakes with {s} keep repeating. Ask me what you need to know and then tell me what to change.',
    'Make three exercises on {s}, from easy to hard, with solutions at the end.',
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
 * How a raw text goes on: a turn of a user where a chat template opens one, in the language of the turn of the system; else
 * more of the same. A share of the turns runs on into the next one, as models do that miss the end of their own.
 */
export function continuation(text: string, free: Pick, spoilt: number): string {
  const plain = text.replace(markup, '').trim()
  if (!userTurn.test(text)) return paragraphs(materialOf([{ role: 'user', text: plain || text }]), free)
  const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(plain)
  const language = japanese ? 'ja' : 'en'
  const turn = at(requests[language], free('request')).replace('{s}', at(subjects[language], free('subject')))
  if (spoilt > 0 && free('malformed') < spoilt) {
    // Servers that hide the tokens of the template leave the name of the role.
    const next = free('hidden') < 0.5 ? '\nassistant\n' : ends.find(([opens]) => opens.test(text))![1]
    return `${turn}${next}${paragraphs(materialOf([{ role: 'user', text: turn }]), free, 'leak')}`
  }
  return turn
}
