import { type Grams, kind, openGrams, probe, runHashes, split, type Units, unitAt } from '../../kernels/index.ts'
import type { Texts } from './texts.ts'

/** How long a shared run has to be: in words, and in characters of scripts without spaces. */
export type Length = { ngram: number; characters: number }
/** `entire`: texts of less than this are matched entire; default those without a long enough run. */
export type Lengths = Length & { entire?: Length }

/**
 * One family of n-grams of all texts, seeds in the order of texts and places. `head` is the first seed with the same
 * n-gram: its name, equal in every thread that builds the same index.
 */
export type Layer = {
  n: number
  grams: Grams
  /** First seed of each text; one more at the end. */
  from: Uint32Array
  /** Unit of its text that a seed begins at. */
  at: Uint32Array
  head: Int32Array
  /** Every text an n-gram belongs to, each once: `owners` from `first[head]` up to `first[head + 1]`. */
  first: Uint32Array
  owners: Uint32Array
}

/**
 * Benchmarks as they are looked up. Long texts are found by what every long enough run must hold: `ngram` units with a
 * word among them, or `characters` characters in a row. Texts shorter than that are found by their beginning.
 */
export type GramIndex = {
  texts: Texts
  length: Lengths
  /** Texts of one item share a number. */
  item: Uint32Array
  /** Items of each set. */
  sizes: Map<string, number>
  /** Units of text `t` are those from `from[t]` up to `from[t + 1]`, as offsets into its folded form. */
  folded: string[]
  from: Uint32Array
  starts: Uint32Array
  ends: Uint32Array
  kinds: Uint8Array
  words: Layer
  characters: Layer
  short: Layer
}
export const layers = ['words', 'characters', 'short'] as const

/** Fewest units of a short question that is worth a match: four words, or six characters. */
const least = { words: 4, characters: 6 }
const lead = 4
/** Answers are never matched entire: a short one is told from no other. */
const answers = /answer|target|output|label|response|completion|choice|reference|solution|code|test/i

/**
 * Run lengths are weighed, so that one rule serves both kinds of script and texts that mix them: a run is long enough
 * when it is worth `ngram` words or `characters` characters, or a part of each.
 */
export function weightOf(kinds: Uint8Array, from: number, to: number, { ngram, characters }: Length): number {
  let weight = 0
  for (let i = from; i < to; i++) weight += kinds[i]! & kind.character ? ngram : characters
  return weight
}
export const enough = ({ ngram, characters }: Length): number => ngram * characters

/** Grows by doubling: how many units and seeds there are shows at the end. */
function growing<A extends Uint32Array | BigUint64Array | Uint8Array>(make: (n: number) => A) {
  let data = make(1 << 12)
  let count = 0
  return {
    get count() {
      return count
    },
    add(more: A) {
      if (count + more.length > data.length) {
        const wider = make(Math.max(2 * data.length, count + more.length))
        wider.set(data.subarray(0, count) as never)
        data = wider
      }
      data.set(more as never, count)
      count += more.length
    },
    all: () => data.slice(0, count) as A,
  }
}
const numbers = () => growing(n => new Uint32Array(n))

function gatherLayer(n: number) {
  const hashes = growing(n => new BigUint64Array(n))
  const at = numbers()
  const from = numbers()
  return {
    next: () => from.add(Uint32Array.of(at.count)),
    add(places: number[], all: BigUint64Array) {
      at.add(Uint32Array.from(places))
      hashes.add(BigUint64Array.from(places, place => all[place]!))
    },
    done(): Layer {
      from.add(Uint32Array.of(at.count))
      const listed = hashes.all()
      const grams = openGrams(listed)
      const head = new Int32Array(listed.length)
      probe(grams, listed, head)
      return { n, grams, from: from.all(), at: at.all(), head, ...ownersOf(head, from.all()) }
    },
  }
}

function ownersOf(head: Int32Array, from: Uint32Array): { first: Uint32Array; owners: Uint32Array } {
  const last = new Int32Array(head.length).fill(-1)
  const first = new Uint32Array(head.length + 1)
  const each = (see: (head: number, text: number) => void) => {
    last.fill(-1)
    for (let text = 0; text + 1 < from.length; text++) {
      for (let seed = from[text]!; seed < from[text + 1]!; seed++) {
        const h = head[seed]!
        if (last[h] === text) continue
        last[h] = text
        see(h, text)
      }
    }
  }
  each(h => first[h + 1]!++)
  for (let i = 0; i < head.length; i++) first[i + 1]! += first[i]!
  const owners = new Uint32Array(first[head.length]!)
  const filled = first.slice()
  each((h, text) => {
    owners[filled[h]!++] = text
  })
  return { first, owners }
}

/**
 * How a text is compared: by its n-grams, entire where it stands alone, or not at all. A long one without any n-gram that
 * counts, as most worked sums are, is compared entire if there is a word in it.
 */
export function comparedAs(u: Units, field: string, { entire, ...length }: Lengths): 'grams' | 'entire' | 'not' {
  const bar = entire ?? length
  if (weightOf(u.kinds, 0, u.count, bar) >= enough(bar)) {
    const own = u.kinds.subarray(0, u.count)
    if (placesOf(own, length.ngram, 'words').length > 0) return 'grams'
    if (placesOf(own, length.characters, 'characters').length > 0) return 'grams'
    if (!own.some(unit => unit & kind.letter)) return 'not'
  }
  const whole = weightOf(u.kinds, 0, u.count, { ngram: least.words, characters: least.characters })
  return whole >= least.words * least.characters && u.count >= lead && !answers.test(field) ? 'entire' : 'not'
}

function indexTexts(texts: Texts, length: Lengths): GramIndex {
  const [words, characters, short] = [gatherLayer(length.ngram), gatherLayer(length.characters), gatherLayer(lead)]
  const [starts, ends, from] = [numbers(), numbers(), numbers()]
  const kinds = growing(n => new Uint8Array(n))
  const folded: string[] = []
  const item = new Uint32Array(texts.all.length)
  const sizes = new Map<string, number>()
  for (const [t, [set, id, , field, text]] of texts.all.entries()) {
    const before = texts.all[t - 1]
    const same = before?.[0] === set && before[1] === id
    item[t] = before === undefined ? 0 : item[t - 1]! + (same ? 0 : 1)
    if (!same) sizes.set(set, (sizes.get(set) ?? 0) + 1)
    for (const layer of [words, characters, short]) layer.next()
    const u = split(text, 'match')
    folded.push(u.text)
    from.add(Uint32Array.of(starts.count))
    starts.add(u.starts.slice(0, u.count))
    ends.add(u.ends.slice(0, u.count))
    kinds.add(u.kinds.slice(0, u.count))
    const as = comparedAs(u, field, length)
    if (as === 'grams') {
      const own = u.kinds.slice(0, u.count)
      words.add(placesOf(own, length.ngram, 'words'), runHashes(u, length.ngram))
      characters.add(placesOf(own, length.characters, 'characters'), runHashes(u, length.characters))
    } else if (as === 'entire') short.add([0], runHashes(u, lead))
  }
  from.add(Uint32Array.of(starts.count))
  return {
    ...{
      texts,
      length,
      item,
      sizes,
      folded,
      from: from.all(),
      starts: starts.all(),
      ends: ends.all(),
      kinds: kinds.all(),
    },
    ...{ words: words.done(), characters: characters.done(), short: short.done() },
  }
}

/**
 * Places of the windows of `n` units that the layer is of: those with a word among them, or those of characters alone.
 * Windows with fewer letters than numbers tell nothing: `1, 2, 3, ...` and worked sums are in tests and everywhere else.
 */
function placesOf(kinds: Uint8Array, n: number, layer: 'words' | 'characters'): number[] {
  const places: number[] = []
  let [characters, letters] = [0, 0]
  const count = (unit: number, sign: number) => {
    characters += unit & kind.character ? sign : 0
    letters += unit & kind.letter ? sign : 0
  }
  for (let i = 0; i < kinds.length; i++) {
    count(kinds[i]!, 1)
    if (i >= n) count(kinds[i - n]!, -1)
    if (i >= n - 1 && (characters === n) === (layer === 'characters') && 2 * letters >= n) places.push(i - n + 1)
  }
  return places
}

const kept = new Map<string, GramIndex>()

/** The index over these texts, built once a thread: artifacts arrive as fresh copies, and their digest names them. */
export function indexOf(texts: Texts, length: Lengths): GramIndex {
  const key = JSON.stringify([texts.digest, length])
  const known = kept.get(key)
  if (known) return known
  const index = indexTexts(texts, length)
  // A thread serves one step at a time; two of them may take turns.
  if (kept.size >= 2) kept.delete(kept.keys().next().value!)
  kept.set(key, index)
  return index
}

/** Heads found in a text, by place; undefined for a layer without any. Views on memory that the next look reuses. */
export type Found = { [L in (typeof layers)[number]]?: Int32Array }
const buffers = { words: new Int32Array(0), characters: new Int32Array(0), short: new Int32Array(0) }

/** Where a text just split shares an n-gram with any benchmark; undefined where it shares none. */
export function lookUp(u: Units, index: GramIndex): Found | undefined {
  let found: Found | undefined
  const inside = scripts(u)
  for (const name of layers) {
    const layer = index[name]
    if (layer.at.length === 0 || u.count < layer.n) continue
    if ((name === 'words' && !inside.words) || (name === 'characters' && !inside.characters)) continue
    const hashes = runHashes(u, layer.n)
    if (buffers[name].length < hashes.length) buffers[name] = new Int32Array(2 * hashes.length)
    if (probe(layer.grams, hashes, buffers[name]) === 0) continue
    found ??= {}
    found[name] = buffers[name].subarray(0, hashes.length)
  }
  return found
}

function scripts({ kinds, count }: Units): { words: boolean; characters: boolean } {
  let characters = 0
  for (let i = 0; i < count; i++) characters += kinds[i]! & kind.character
  return { words: characters < kind.character * count, characters: characters > 0 }
}

/** Is this unit of the text that unit of a benchmark? By what is written, since hashes may collide. */
export function sameUnit(u: Units, i: number, index: GramIndex, text: number, at: number): boolean {
  const place = index.from[text]! + at
  const theirs = index.folded[text]!
  const length = u.ends[i]! - u.starts[i]!
  const start = index.starts[place]!
  if (index.ends[place]! - start === length && theirs.startsWith(u.text.slice(u.starts[i], u.ends[i]), start))
    return true
  const [own, other] = [u.text.slice(u.starts[i], u.ends[i]), theirs.slice(start, index.ends[place])]
  if (!marked.test(own) && !marked.test(other)) return false
  return unitAt(u, i) === unitAt({ ...u, text: theirs, starts: index.starts, ends: index.ends }, place)
}
/** What units are compared without: see `split`. */
const marked = /['\u2019]|\p{Cf}|\p{Variation_Selector}/u

/** Units of a text in the index. */
export const lengthOf = (index: GramIndex, text: number): number => index.from[text + 1]! - index.from[text]!
