/** Novelty by ROUGE-L: decisions beside a comparison of all with all, and the rate of checks against a large pool. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { novelty } from '../src/generate/index.ts'
import { type Rec, random } from '../src/records/index.ts'
import { openRougePool, rougeTokens } from '../src/text/index.ts'
import { driveGlobal } from '../test/support/drive-global.ts'
import type { Figure } from './benches.ts'

const root = join(import.meta.dirname, '..')
const limit = 0.7

/** Prompts of 5 to 40 words out of halves of real sentences; every sixth is an earlier one with some words replaced. */
function prompts(n: number): string[] {
  const files = [
    'examples/quickstart/documents/**/*.md',
    'examples/quickstart/tests/*.jsonl',
    'recipes/data/*.{csv,jsonl}',
  ]
  const sentences = files
    .flatMap(pattern => globSync(pattern, { cwd: root }).sort())
    .flatMap(file => readFileSync(join(root, file), 'utf8').split(/(?<=[.!?])\s+|\n/))
    .map(sentence => sentence.split(/\s+/).filter(word => /^[\w'",.!?-]+$/.test(word)))
    .filter(words => words.length > 5 && words.length < 60)
  const draw = random(7, 'novelty')
  const one = <T>(all: readonly T[]): T => all[Math.floor(draw() * all.length)]!
  const texts: string[] = []
  while (texts.length < n) {
    if (draw() < 1 / 6 && texts.length > 100) {
      const share = 0.5 * draw()
      texts.push(
        one(texts)
          .split(' ')
          .map(word => (draw() < share ? one(one(sentences)) : word))
          .join(' '),
      )
      continue
    }
    const [begin, end] = [one(sentences), one(sentences)]
    const words = [
      ...begin.slice(0, 3 + Math.floor(draw() * begin.length)),
      ...end.slice(Math.floor(draw() * end.length)),
    ]
    texts.push(words.slice(0, 5 + Math.floor(draw() * 36)).join(' '))
  }
  return texts
}

/** The textbook recurrence over numbers of tokens. */
function plain(a: Int32Array, b: Int32Array, row: Int32Array): number {
  row.fill(0, 0, b.length + 1)
  for (const x of a) {
    let diagonal = 0
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!
      row[j] = b[j - 1] === x ? diagonal + 1 : Math.max(above, row[j - 1]!)
      diagonal = above
    }
  }
  return row[b.length]!
}

function numbered(texts: readonly string[][]): Int32Array[] {
  const numbers = new Map<string, number>()
  return texts.map(tokens =>
    Int32Array.from(tokens, token => {
      const known = numbers.get(token) ?? numbers.size
      numbers.set(token, known)
      return known
    }),
  )
}

/** Ids that the step drops, with their nearest; and the same by comparing every prompt with every one that stands. */
function* equality(texts: string[]): Generator<Figure> {
  const id = (i: number) => i.toString(16).padStart(32, '0')
  const around = {
    digest: '',
    facets: {},
    scores: {},
    lineage: { origin: 'real', generation: 0, parents: [] },
  } as const
  const rows = texts.map((content, i) => {
    return { ...around, kind: 'prompt', id: id(i), messages: [{ role: 'user', content }] } as unknown as Rec
  })
  const { verdicts } = driveGlobal(novelty, [rows], { below: limit })
  const tokens = numbered(texts.map(text => rougeTokens(text)))
  const row = new Int32Array(1 + Math.max(...tokens.map(one => one.length)))
  const standing: number[] = []
  let [equal, gone] = [0, 0]
  for (const [i, own] of tokens.entries()) {
    let best: { at: number; f: number } | undefined
    for (const at of standing) {
      const f = (2 * plain(tokens[at]!, own, row)) / (tokens[at]!.length + own.length)
      if (f >= limit && f > (best?.f ?? 0)) best = { at, f }
    }
    if (best) gone++
    else standing.push(i)
    const said = verdicts.get(id(i))!
    const nearest = said.is === 'dropped' ? (said.evidence as { nearest: string }).nearest : undefined
    if (nearest === (best && id(best.at))) equal++
  }
  yield {
    metric: `decisions and nearest as by comparing each with all, ${gone} of ${texts.length} dropped`,
    value: equal,
    unit: 'prompts',
    ceiling: texts.length,
    ratio: equal / texts.length,
    target: `= ${texts.length}`,
    holds: equal === texts.length,
  }
}

export async function* checks(): AsyncGenerator<Figure> {
  const [large, few] = [50_000, 5_000]
  const all = prompts(large + few)
  yield* equality(all.slice(0, few))

  const tokens = all.map(text => rougeTokens(text))
  const pool = openRougePool(limit, tokens)
  const built = performance.now()
  for (const one of tokens.slice(0, large)) pool.add(one)
  const adding = performance.now() - built
  const begun = performance.now()
  let like = 0
  for (const one of tokens.slice(large)) if (pool.nearest(one)) like++
  const value = few / ((performance.now() - begun) / 1000)

  // Whatever compares with every member must read its tokens.
  const flat = Int32Array.from(numbered(tokens.slice(0, large)).flatMap(one => [...one]))
  const read = performance.now()
  let sum = 0
  const times = 200
  for (let n = 0; n < times; n++) for (let i = 0; i < flat.length; i++) sum = (sum + flat[i]!) | 0
  const ceiling = times / ((performance.now() - read) / 1000)
  if (sum === 1) throw new Error('unlikely')
  yield {
    metric: `new prompts against ${large}, ${like} of ${few} too like one; the ceiling reads all tokens once`,
    value,
    unit: 'checks/s',
    ceiling,
    ratio: value / ceiling,
    target: '>= 2000',
    holds: value >= 2000,
  }
  yield { metric: 'prompts added to the pool', value: large / (adding / 1000), unit: 'prompts/s' }
}
