import { arms, collapseRun, corpusOf } from '../src/measure/index.ts'
import { random } from '../src/records/index.ts'
import type { Figure } from './benches.ts'

const [documents, sentences, length] = [400, 20, 25]
const settings = { generations: 3, real: 0.1, keep: 0.5 }

/** Text that has something to learn: words by Zipf, and each but every third in the company of the one before it. */
function texts(): string[][][] {
  const next = random('laboratory')
  const word = () => Math.floor(20_000 ** next())
  const sentence = () => {
    const words = [word()]
    while (words.length < length) words.push(words.length % 3 === 0 ? word() : (words.at(-1)! * 7 + 3) % 20_000)
    return words.map(n => `w${n.toString(36)}`)
  }
  return Array.from({ length: documents }, () => Array.from({ length: sentences }, sentence))
}

/** One seed of each workflow of the laboratory, beside counting the pairs of the same texts once into a plain map. */
export async function* laboratory(): AsyncGenerator<Figure> {
  const corpus = corpusOf(texts())
  const tokens = corpus.train.reduce((sum, text) => sum + text.length, 0)
  let began = performance.now()
  const pairs = new Map<string, number>()
  for (const text of corpus.train)
    for (let i = 1; i < text.length; i++) {
      const pair = `${text[i - 1]} ${text[i]}`
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
    }
  const ceiling = tokens / (performance.now() - began) / 1000
  for (const arm of arms) {
    began = performance.now()
    collapseRun(corpus, arm, '1', settings)
    const value = (tokens * settings.generations) / (performance.now() - began) / 1000
    yield {
      metric: `laboratory, ${arm}: tokens of a generation written, learnt from and measured`,
      value,
      unit: 'M tokens/s',
      ceiling,
      ratio: value / ceiling,
    }
  }
}
