import type { Units } from '../../kernels/index.ts'
import { type Found, type GramIndex, type Layer, lengthOf, sameUnit } from './gram-index.ts'
import type { Ignored, Shared, Stretch } from './shared-runs.ts'

export type Fuzzy = {
  /** A match is grown from one n-gram in so many places. */
  every: number
  /** Places without a shared n-gram that a match may hold in a row. */
  misses: number
  /** Texts of at most so many units must be there entire. */
  exact: number
  /** From so many units the threshold itself holds; between the two it falls in a straight line. */
  loose: number
  /** Whether an item that has an answer needs it near the match. */
  answer: boolean
}
/** A match and its share of the text's n-grams, each by how rare it is. */
export type FuzzyMatch = [shared: Shared, share: number]

/** N-grams of more texts than this start no match: a leak holds rarer ones. */
const hot = 1000
const answerShare = 0.8
const answerWindow = 20

/** An answer, and none of the wrong ones. */
const isAnswer = (field: string) =>
  /answer|target|output|label|response|completion|reference|solution|code/i.test(field) &&
  !/incorrect|wrong/i.test(field)

/**
 * Matches that may have gaps: from a shared n-gram to both sides, until too many places in a row share none with the
 * same text; then the share of the text's n-grams found, each weighed by how few texts it belongs to. The threshold is
 * `least` for long texts, and everything for short ones.
 *
 * The AI2 tool counts tokens of cl100k where words and characters are counted here, leaves out texts under 20 tokens
 * (here those under ten words must stand alone, entire), and starts at every tenth n-gram, whatever it is; here a start
 * is any n-gram in each ten places that is not common, since all of them have been looked up anyway.
 */
export function fuzzyMatches(
  u: Units,
  found: Found,
  index: GramIndex,
  ignored: Ignored,
  least: number,
  fuzzy: Fuzzy,
): FuzzyMatch[] {
  const lanes: Lane[] = (['words', 'characters'] as const).flatMap(name => {
    const heads = found[name]
    return heads ? [{ layer: index[name], heads: heads.map(head => (ignored[name].has(head) ? -1 : head)) }] : []
  })
  const best = new Map<number, FuzzyMatch>()
  const reached = new Map<number, number>()
  const sums = new Map<number, number>()
  for (const { layer, heads } of lanes) {
    let next = 0
    for (let place = 0; place < heads.length; place++) {
      const head = heads[place]!
      if (place < next || head < 0 || layer.first[head + 1]! - layer.first[head]! > hot) continue
      next = place - (place % fuzzy.every) + fuzzy.every
      for (let i = layer.first[head]!; i < layer.first[head + 1]!; i++) {
        const text = layer.owners[i]!
        if ((reached.get(text) ?? -1) >= place) continue
        const grown = grow(lanes, text, place, u.count, fuzzy.misses, index)
        reached.set(text, grown.to)
        if (!sums.has(text)) sums.set(text, weightOfAll(index, text))
        const share = Math.min(1, grown.weight / sums.get(text)!)
        if (share + 1e-9 < threshold(lengthOf(index, text), least, fuzzy) || share <= (best.get(text)?.[1] ?? 0))
          continue
        if (fuzzy.answer && !answerNear(u, lanes, index, text, grown)) continue
        best.set(text, [sharedBy(lanes, text, grown, u.count, index), share])
      }
    }
  }
  return [...best.values()].sort(([a], [b]) => a.text - b.text)
}

/** One layer of the index, and where its n-grams stand in the row. */
type Lane = { layer: Layer; heads: Int32Array }
/** Places from and to (inclusive) that share n-grams with one text, and which. */
type Grown = { from: number; to: number; weight: number; grams: Set<number>[] }

function grow(lanes: Lane[], text: number, start: number, count: number, most: number, index: GramIndex): Grown {
  const grown: Grown = { from: start, to: start, weight: 0, grams: lanes.map(() => new Set<number>()) }
  for (const step of [1, -1]) {
    let misses = 0
    for (let place = start; place >= 0 && place < count && misses <= most; place += step) {
      let hit = false
      for (const [k, { layer, heads }] of lanes.entries()) {
        const head = heads[place] ?? -1
        if (head < 0 || !owns(layer, head, text)) continue
        hit = true
        if (grown.grams[k]!.has(head)) continue
        grown.grams[k]!.add(head)
        grown.weight += rarity(layer, head, index)
      }
      misses = hit ? 0 : misses + 1
      if (hit && step > 0) grown.to = place
      if (hit && step < 0) grown.from = place
    }
  }
  return grown
}

/** The match as shared runs are told: units of the text inside of shared n-grams, and its ends in both texts. */
function sharedBy(lanes: Lane[], text: number, { from, to, grams }: Grown, count: number, index: GramIndex): Shared {
  const marks = new Uint8Array(lengthOf(index, text))
  let last = 1
  for (const [k, { layer, heads }] of lanes.entries()) {
    for (let seed = layer.from[text]!; seed < layer.from[text + 1]!; seed++) {
      if (grams[k]!.has(layer.head[seed]!)) marks.fill(1, layer.at[seed]!, layer.at[seed]! + layer.n)
    }
    if ((heads[to] ?? -1) >= 0) last = Math.max(last, layer.n)
  }
  const row: Stretch = [from, Math.min(count, to + last)]
  const item: Stretch = [marks.indexOf(1), marks.lastIndexOf(1) + 1]
  return { text, covered: marks.reduce((sum, mark) => sum + mark, 0), run: { row, item }, own: [row] }
}

/** Whether an answer of the item stands within twice its length of the match; an item without answers needs none. */
function answerNear(u: Units, lanes: Lane[], index: GramIndex, text: number, match: Grown): boolean {
  if (isAnswer(index.texts.all[text]![3])) return true
  const answers = answersOf(index, text)
  return answers.length === 0 || answers.some(answer => holds(u, lanes, index, answer, match))
}

function holds(u: Units, lanes: Lane[], index: GramIndex, answer: number, { from, to }: Grown): boolean {
  const length = lengthOf(index, answer)
  const window = Math.max(2 * length, answerWindow)
  const start = Math.max(0, from - window)
  const end = Math.min(u.count, to + index.words.n + window)
  let [near, all] = [0, 0]
  for (const { layer, heads } of lanes) {
    const own = new Set(layer.head.subarray(layer.from[answer]!, layer.from[answer + 1]!))
    all += own.size
    near += own.intersection(new Set(heads.subarray(start, end))).size
  }
  if (all > 0) return near >= answerShare * all
  for (let place = start; place + length <= end; place++) {
    let same = 0
    while (same < length && sameUnit(u, place + same, index, answer, same)) same++
    if (same === length) return true
  }
  return false
}

/** Other texts of the same item that are answers. */
function answersOf({ item, texts, from }: GramIndex, text: number): number[] {
  let first = text
  while (first > 0 && item[first - 1] === item[text]) first--
  const found: number[] = []
  for (let t = first; t < item.length && item[t] === item[text]; t++) {
    if (t !== text && from[t + 1]! > from[t]! && isAnswer(texts.all[t]![3])) found.push(t)
  }
  return found
}

/** Does an n-gram belong to a text? Owners are in order. */
function owns({ first, owners }: Layer, head: number, text: number): boolean {
  let [low, high] = [first[head]!, first[head + 1]!]
  while (low < high) {
    const middle = (low + high) >> 1
    if (owners[middle]! < text) low = middle + 1
    else high = middle
  }
  return low < first[head + 1]! && owners[low] === text
}

function threshold(length: number, least: number, { exact, loose }: Fuzzy): number {
  if (length <= exact) return 1
  if (length >= loose) return least
  return 1 - ((1 - least) * (length - exact)) / (loose - exact)
}

/** Logarithm of all texts over those that have the n-gram. */
const rarity = ({ first }: Layer, head: number, { texts }: GramIndex): number =>
  Math.log((texts.all.length + 1) / (first[head + 1]! - first[head]!))

function weightOfAll(index: GramIndex, text: number): number {
  let sum = 0
  for (const layer of [index.words, index.characters]) {
    const heads = new Set(layer.head.subarray(layer.from[text]!, layer.from[text + 1]!))
    for (const head of heads) sum += rarity(layer, head, index)
  }
  return sum
}
