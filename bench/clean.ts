import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clean } from '../src/curate/index.ts'
import type { Message, Rec } from '../src/records/index.ts'
import { unit } from '../src/records/index.ts'
import type { Ctx, FilterStep, MapStep, Outcome } from '../src/steps/index.ts'
import type { Figure } from './benches.ts'

type Language = 'en' | 'ja'
type Pair = { language: Language; asked: string; answer: string; reasoning?: string }

const glossary = join(import.meta.dirname, '../examples/quickstart/documents/cncf-glossary')

/** Questions about the terms of a real glossary, answered by its paragraphs. */
function pairs(language: Language): Pair[] {
  const folder = join(glossary, language)
  return readdirSync(folder)
    .filter(name => name.endsWith('.md') && !name.startsWith('_'))
    .sort()
    .flatMap(name => {
      const text = readFileSync(join(folder, name), 'utf8')
      const title = /^title: (.+)$/m.exec(text)?.[1] ?? name
      const body = text.replace(/^---[\s\S]*?^---$/m, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      const paragraphs = body
        .split(/\n\s*\n/)
        .map(part => part.replace(/\s*\n\s*/g, language === 'ja' ? '' : ' ').trim())
      const prose = paragraphs.filter(part => part.length > (language === 'ja' ? 60 : 150) && /[.。]$/.test(part))
      const asked = language === 'ja' ? `${title}とは何ですか？` : `What is meant by ${title}, and what is it for?`
      return prose.map((answer, i) => ({
        language,
        asked,
        answer: [answer, ...prose.slice(i + 1, i + 2)].join('\n\n'),
      }))
    })
}

const sentencesOf = (text: string): string[] =>
  text.split(/(?<=[.!?])\s+|(?<=[。！？])|\n+/).filter(part => part.trim() !== '')
const pick = <T>(list: readonly T[], ...seed: (string | number)[]): T =>
  list[Math.floor(unit(7, ...seed) * list.length)]!

/** UTF-8 as a reader of another encoding sees it. */
const misread = (text: string, encoding: string): string =>
  new TextDecoder(encoding).decode(new TextEncoder().encode(text))

type Planted = Pair | undefined
type Plant = (pair: Pair, i: number, other: Pair) => Planted
const put = (pair: Pair, answer: string): Pair => ({ ...pair, answer })
const only =
  (language: Language, plant: Plant): Plant =>
  (pair, i, other) =>
    pair.language === language ? plant(pair, i, other) : undefined
/** In place of one sentence, or after it. */
function among(pair: Pair, i: number, make: (sentence: string) => string): Pair {
  const all = sentencesOf(pair.answer)
  const at = Math.floor(unit(7, 'place', i) * all.length)
  return put(
    pair,
    all.map((sentence, k) => (k === at ? make(sentence) : sentence)).join(pair.language === 'ja' ? '' : ' '),
  )
}

const declines = {
  en: [
    'I’m really sorry, but I can’t help with that.',
    'I cannot answer this question, as it goes beyond what I am allowed to discuss.',
    'Sorry, I am not able to provide information about that topic.',
    'Unfortunately, I do not have enough information to answer your question.',
    'I must decline to answer this.',
    'As an AI language model, I am unable to explain this to you.',
  ],
  ja: [
    '申し訳ございませんが、そのご質問にはお答えできません。',
    'すみませんが、そのような内容には対応できません。',
    '恐れ入りますが、この件についてはお答えいたしかねます。',
    'そのご依頼にはお応えできません。',
    '私はAIアシスタントであるため、その質問にはお答えできません。',
  ],
}
const selves = {
  en: [
    'I am an AI and learnt this from books.',
    'Speaking as an AI language model, I find this clear.',
    'I was trained by OpenAI to explain such terms.',
    "I'm just a language model, so please check it.",
    'My training data ends in 2023, so this may have changed.',
  ],
  ja: [
    '私はAIなので、断言はできません。',
    '私は大規模言語モデルとして学習しました。',
    '私の知識は2023年時点のものです。',
  ],
}
const plainSentences = [
  'これは多くの企業で使われている。',
  '設定はそれほど難しくない。',
  '費用も大きく下がるだろう。',
  '導入にはある程度の時間が必要である。',
  '運用の負担も小さくなった。',
]
const translated = [
  'これが役に立つことを願っています。',
  '私はあなたを助けるためにここにいます。',
  'それは素晴らしい質問です。',
  '以下にいくつかの理由があります：',
  'どのようにお手伝いできますか？',
]
const leaksOf = {
  ja: ['这个系统', '对于用户来说', '我们认为', '시스템을', '그러나 이것은'],
  en: ['因此', '例如这个', 'システム', '그러나', 'однако'],
}
const marks = ['### Response:', 'Human: And then?', '<document>', 'Assistant: It is a term.', '## Instruction']
const tokens = ['<|im_start|>user', '[INST]', '<|eot_id|>', '<start_of_turn>', '<<SYS>>']
const references = {
  en: [
    'According to the document, this holds.',
    'As stated in the passage, it is common.',
    'The provided text explains why.',
  ],
  ja: ['本文によると、これは一般的です。', 'この文書では理由が説明されています。', '資料に基づくと、そうなります。'],
}
const nothing = ['', ' ', '...', 'None', 'N/A', '。', 'なし']

const plants: { [reason: string]: Plant } = {
  refusal: (pair, i) => put(pair, pick(declines[pair.language], 'decline', i)),
  truncated(pair, i) {
    const from = pair.answer.length * (0.4 + 0.5 * unit(7, 'cut', i))
    const cut = pair.answer.slice(0, from).trimEnd()
    return /[\p{L}]$/u.test(cut) ? put(pair, cut) : undefined
  },
  'open-fence': (pair, i) => put(pair, `${pair.answer}\n\n\`\`\`${pick(['sh', 'yaml', ''], i)}\nkubectl get pods`),
  'bad-json': (pair, i) =>
    put(
      pair,
      `${pair.answer}\n\n\`\`\`json\n${pick(['{"name": "pod", "ready": true', "{'name': 'pod'}", '{"a": 1,}', '[1, 2', '{name: 1}'], i)}\n\`\`\``,
    ),
  'ragged-table': (pair, i) =>
    put(
      pair,
      `${pair.answer}\n\n| a | b | c |\n|---|---|---|\n${pick(['| 1 | 2 |', '| 1 | 2 | 3 | 4 |', '| 1 |'], i)}\n| 1 | 2 | 3 |`,
    ),
  'self-reference': (pair, i) => among(pair, i, sentence => `${sentence} ${pick(selves[pair.language], 'self', i)}`),
  'empty-reasoning': (pair, i) => ({ ...pair, reasoning: pick(nothing, i) }),
  'wrong-language': (pair, _, other) => put(pair, other.answer),
  'leaked-script': (pair, i) =>
    among(pair, i, sentence =>
      sentence.replace(/[\s、]|(?<=は)/, found => `${found}${pick(leaksOf[pair.language], 'leak', i)}`),
    ),
  untranslated: only('ja', (pair, i, other) =>
    among(pair, i, sentence => `${sentence}${sentencesOf(other.answer)[0]}`),
  ),
  'repeated-sentence': (pair, i) => among(pair, i, sentence => `${sentence} ${sentence} ${sentence} ${sentence}`),
  loop(pair, i) {
    const last = sentencesOf(pair.answer).at(-1)!
    const phrase = last.slice(0, Math.floor(last.length * (0.2 + 0.6 * unit(7, 'loop', i))))
    const looped = `${pair.answer} ${phrase.repeat(12)}`
    return put(pair, looped.slice(0, looped.length - Math.floor(phrase.length * unit(7, 'end', i))))
  },
  mojibake: (pair, i) =>
    among(pair, i, sentence => {
      const worded =
        pair.language === 'ja' ? sentence : `${sentence.replaceAll("'", '’')} It’s a “naïve” approach – for now.`
      return pick(
        [
          misread(worded, 'windows-1252'),
          pair.language === 'ja' ? misread(worded, 'shift_jis') : worded.replace(/[’“”–ï]/g, '\ufffd'),
        ],
        i,
      )
    }),
  echo: (pair, i) => put(pair, pick([`${pair.asked} ${pair.answer}`, pair.asked], i)),
  'template-token': (pair, i) => among(pair, i, sentence => `${sentence}${pick(tokens, i)}${sentence}`),
  'prompt-marker': (pair, i) => put(pair, `${pair.answer}\n\n${pick(marks, i)}\n\n${pair.answer}`),
  'stray-json': (pair, i) =>
    put(
      pair,
      pick(
        [
          JSON.stringify({ answer: pair.answer }),
          JSON.stringify([pair.answer]),
          `\`\`\`json\n${JSON.stringify({ text: pair.answer })}\n\`\`\``,
        ],
        i,
      ),
    ),
  'mixed-register': only('ja', pair => put(pair, `${pair.answer}${plainSentences.join('')}`)),
  translationese: only('ja', (pair, i) => among(pair, i, sentence => `${sentence}${pick(translated, i)}`)),
  'missing-reference': (pair, i) => among(pair, i, sentence => `${sentence} ${pick(references[pair.language], i)}`),
}

/** What a detector is for; another reason of its group is as good, since the row is gone. */
const [look, cut] = clean.expand(clean.options.parse({}), 'clean')

async function verdict({ asked, answer, reasoning }: Pair, id: string): Promise<string> {
  const messages: Message[] = [
    { role: 'user', content: asked },
    { role: 'assistant', content: answer, ...(reasoning !== undefined && { reasoning }) },
  ]
  const lineage = { origin: 'synthetic', generation: 1, parents: [] } as const
  const record = {
    kind: 'conversation',
    messages,
    id,
    digest: '',
    facets: {},
    scores: {},
    lineage: { ...lineage, parents: [] },
  }
  const ctx = { options: look!.options, language: 'en', ancestor: () => undefined } as unknown as Ctx<never>
  const outcome: Outcome = await (look!.step as MapStep).run(record as Rec, ctx)
  if (outcome.is === 'dropped') return outcome.reason
  const counted = 'notes' in outcome ? (outcome.notes?.scores ?? {}) : {}
  const scores = Object.fromEntries(Object.entries(counted).map(([name, score]) => [`clean/${name}`, score]))
  const verdict = (cut!.step as FilterStep).test({ ...record, scores } as Rec, cut!.options)
  return verdict.is === 'dropped' ? verdict.reason : outcome.is
}

const wanted = 200

/** Defects planted in real answers, 200 of each kind, what clean answers lose, and the speed of looking. */
export async function* cleaning(): AsyncGenerator<Figure> {
  const [english, japanese] = [pairs('en'), pairs('ja')]
  const all = Array.from({ length: Math.max(english.length, japanese.length) }, (_, i) => [english[i], japanese[i]])
    .flat()
    .filter(pair => pair !== undefined)
  for (const [reason, plant] of Object.entries(plants)) {
    const counts = new Map<string, number>()
    let planted = 0
    for (let i = 0; planted < wanted && i < 40 * wanted; i++) {
      const pair = all[i % all.length]!
      const others = pair.language === 'ja' ? english : japanese
      const spoilt = plant(pair, i, others[i % others.length]!)
      if (!spoilt) continue
      planted++
      const found = await verdict(spoilt, `${reason}-${i}`)
      counts.set(found, (counts.get(found) ?? 0) + 1)
    }
    const missed = (counts.get('passed') ?? 0) + (counts.get('fixed') ?? 0)
    const named = (counts.get(reason) ?? 0) / planted
    const recall = 1 - missed / planted
    yield {
      metric: `planted ${reason}: dropped`,
      value: 100 * recall,
      unit: '%',
      target: '>= 90',
      holds: recall >= 0.9,
    }
    yield { metric: `planted ${reason}: under that reason`, value: 100 * named, unit: '%' }
  }
  let lost = 0
  for (const [i, pair] of all.entries()) if (!['passed', 'fixed'].includes(await verdict(pair, `clean-${i}`))) lost++
  yield {
    metric: `clean answers dropped, of ${all.length}`,
    value: lost,
    unit: 'answers',
    target: '0',
    holds: lost === 0,
  }
  const lines = all.map(pair => JSON.stringify(pair))
  const rate = await pace(all.length, async () => {
    for (const [i, pair] of all.entries()) await verdict(pair, `clean-${i}`)
  })
  const ceiling = await pace(all.length, async () => {
    for (const line of lines) JSON.stringify(JSON.parse(line))
  })
  yield { metric: 'answers looked at', value: rate, unit: 'answers/s', ceiling, ratio: rate / ceiling }
}

/** Things a second, over two seconds. */
async function pace(things: number, once: () => Promise<void>): Promise<number> {
  const start = performance.now()
  let times = 0
  for (; performance.now() - start < 2000; times++) await once()
  return (times * things * 1000) / (performance.now() - start)
}
