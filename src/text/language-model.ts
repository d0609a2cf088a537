/** Words, signs, and single characters where no spaces are written: what the built-in language model reads. */
const token =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}ー々]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}ー々])[\p{L}\p{M}\p{N}_])+|[^\s\p{L}\p{M}\p{N}_]/gu

/** The tokens of a text, in lower case. They depend on no segmenter, so that a model is the same everywhere. */
export const modelTokens = (text: string): string[] => text.normalize('NFKC').toLowerCase().match(token) ?? []

/** One level of the model: sequences of so many tokens, as children of those that are one shorter. */
type Level = {
  /** Number of a sequence, by the number of its beginning times the size of the vocabulary plus its last word. */
  nodes: Map<number, number>
  /** How often it was seen; below the highest level, after how many different words. */
  counts: number[]
  /** Of what follows a sequence of the level below, by its number: the sum of the counts, and how many there are. */
  totals: number[]
  kinds: number[]
  /** What is taken off each count and given to the shorter sequence. */
  discount: number
}

/**
 * A language model by interpolated Kneser-Ney smoothing, with one discount a level (Chen & Goodman 1999, Computer Speech &
 * Language 13, section 2.7). It can be serialised.
 */
export type LanguageModel = { order: number; words: Map<string, number>; levels: Level[]; tokens: number }

/** Ids that every vocabulary begins with: the beginning of a text, its end, and a word that was never seen. */
const [begin, end, unknown] = [0, 1, 2]

const emptyLevel = (): Level => ({ nodes: new Map(), counts: [], totals: [], kinds: [], discount: 0 })

/** Learns texts that are given as tokens, in any order: the same model comes out. */
export function learn(texts: readonly (readonly string[])[], order: number): LanguageModel {
  const seen = new Set<string>()
  for (const text of texts) for (const word of text) seen.add(word)
  const words = new Map([...seen].sort().map((word, i) => [word, i + 3]))
  const size = words.size + 3
  const levels = Array.from({ length: order + 1 }, emptyLevel)
  levels[0]!.counts.push(0)
  /** Last words and beginnings of the sequences of each level, to find the sequence without its first word. */
  const made: { parent: number; word: number }[][] = levels.map(() => [])

  function child(level: number, parent: number, word: number): number {
    const { nodes, counts } = levels[level]!
    const name = parent * size + word
    let node = nodes.get(name)
    if (node === undefined) {
      node = counts.push(0) - 1
      nodes.set(name, node)
      made[level]!.push({ parent, word })
    }
    return node
  }
  const shorter = levels.map(() => [] as number[])
  function withoutFirst(level: number, node: number): number {
    if (level === 1) return 0
    const known = shorter[level]![node]
    if (known !== undefined) return known
    const { parent, word } = made[level]![node]!
    const found = child(level - 1, withoutFirst(level - 1, parent), word)
    shorter[level]![node] = found
    return found
  }

  let tokens = 0
  for (const text of texts) {
    const ids = [...Array<number>(order - 1).fill(begin), ...text.map(word => words.get(word)!), end]
    tokens += text.length
    for (let i = order - 1; i < ids.length; i++) {
      let node = 0
      for (let k = 1; k <= order; k++) node = child(k, node, ids[i - order + k]!)
      levels[order]!.counts[node]!++
    }
  }
  // Downwards: each different sequence counts once for what is left of it without its first word.
  for (let level = order; level > 1; level--) {
    const { counts } = levels[level]!
    for (let node = 0; node < counts.length; node++) {
      if (counts[node]! > 0) levels[level - 1]!.counts[withoutFirst(level, node)]!++
    }
  }
  for (let level = 1; level <= order; level++) summed(levels[level]!, levels[level - 1]!.counts.length, size)
  return { order, words, levels, tokens }
}

/** Adds up what follows each beginning, and finds the discount: n1 / (n1 + 2 n2). */
function summed(level: Level, beginnings: number, size: number): void {
  level.totals = Array(beginnings).fill(0)
  level.kinds = Array(beginnings).fill(0)
  let [once, twice] = [0, 0]
  for (const [name, node] of level.nodes) {
    const count = level.counts[node]!
    if (count === 0) continue
    const parent = Math.floor(name / size)
    level.totals[parent]! += count
    level.kinds[parent]!++
    if (count === 1) once++
    if (count === 2) twice++
  }
  // Without sequences seen twice the estimate says nothing; of one seen once something has to be left.
  level.discount = once > 0 && twice > 0 ? once / (once + 2 * twice) : 0.75
}

const idOf = ({ words }: LanguageModel, word: string): number => words.get(word) ?? unknown

/** The probability of a word after the words before it (the last `order - 1` of them count; texts begin with marks). */
export function probability(model: LanguageModel, before: readonly string[], word: string | undefined): number {
  const { order, levels } = model
  const history = before.slice(Math.max(0, before.length - order + 1)).map(one => idOf(model, one))
  while (history.length < order - 1) history.unshift(begin)
  return likely(model, history, word === undefined ? end : idOf(model, word), levels)
}

function likely(model: LanguageModel, history: readonly number[], word: number, levels: readonly Level[]): number {
  // The mark of the beginning follows nothing.
  const size = model.words.size + 3
  let share = 1 / (size - 1)
  for (let level = 1; level <= model.order; level++) {
    let context = 0
    for (let k = 1; k < level; k++) {
      const found = levels[k]!.nodes.get(context * size + history[history.length - level + k]!)
      if (found === undefined) return share
      context = found
    }
    const { nodes, counts, totals, kinds, discount } = levels[level]!
    const total = totals[context] ?? 0
    if (total === 0) return share
    const node = nodes.get(context * size + word)
    const count = node === undefined ? 0 : counts[node]!
    share = Math.max(count - discount, 0) / total + ((discount * kinds[context]!) / total) * share
  }
  return share
}

/** Share of the probability that goes to what was read of the same text and of what stood before it. */
const cached = 0.2

/**
 * Logarithms of the probabilities of a text's tokens, after `before`. What was read makes its words likelier: a fifth of the
 * probability goes to the words so far, as often as each came (a cache model, Kuhn & De Mori 1990). That is how `before` speaks
 * for the text, which begins anew with or without it: no more than its last words could do so otherwise.
 */
export function logprobsOf(model: LanguageModel, text: readonly string[], before: readonly string[] = []): number[] {
  const seen = new Map<string, number>()
  let read = 0
  const take = (word: string) => {
    seen.set(word, (seen.get(word) ?? 0) + 1)
    read++
  }
  for (const word of before) take(word)
  const size = model.order - 1
  const history = Array<number>(size).fill(begin)
  return text.map(word => {
    const id = idOf(model, word)
    const known = likely(model, history, id, model.levels)
    const share = read === 0 ? known : (1 - cached) * known + (cached * (seen.get(word) ?? 0)) / read
    take(word)
    history.push(id)
    if (history.length > size) history.shift()
    return Math.log(share)
  })
}
