import { openColumns } from './rouge.ts'

/** The most similar member: its number in the pool and ROUGE-L F1. */
export type Nearest = { at: number; rougeL: number }
export type RougePool = {
  readonly size: number
  /** Adds a text as tokens of `rougeTokens`; its number counts from 0. */
  add(tokens: readonly string[]): number
  /**
   * The member with the highest ROUGE-L F1, if that is `atLeast` or more; of equal ones the first. `except` leaves a
   * member out.
   */
  nearest(tokens: readonly string[], except?: (at: number) => boolean): Nearest | undefined
}

/**
 * A pool of texts that answers exactly what a comparison with every member would. F1 >= t takes a common subsequence of
 * t/2 (m + n) tokens, so as many tokens must be common in any order: lengths, then the rarest tokens of both texts (the
 * prefix filter of Chaudhuri, Ganti, Kaushik 2006, with the positions of Xiao et al. 2008), then all tokens counted with
 * multiplicity rule out nearly all members before a subsequence is looked for.
 *
 * `learnt` are texts that tell which tokens are common. Speed alone depends on them.
 */
export function openRougePool(atLeast: number, learnt: Iterable<readonly string[]> = []): RougePool {
  /** Tokens by number, the common ones first; an occurrence is a token with how often it stood before in its text. */
  const numbers = new Map<string, number>()
  const occurrences = new Map<number, number>()
  const columns = openColumns()
  const ordered = growing()
  const sorted = growing()
  /** Where the tokens of a member begin; those of the last one end at the last entry. */
  const starts = [0]
  const postings: (Postings | undefined)[] = []
  /** By sum of lengths: the shortest common subsequence that reaches the limit. */
  const needs: number[] = []
  /** By member, how many of the rarest tokens are in common so far; under 0 for one that is out. */
  let found = new Int32Array(1024)

  const counts = new Map<string, number>()
  for (const tokens of learnt) {
    const own = new Map<string, number>()
    for (const token of tokens) {
      const n = own.get(token) ?? 0
      own.set(token, n + 1)
      const name = `${token} ${n}`
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  for (const [name] of [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))) {
    const at = name.lastIndexOf(' ')
    occurrence(number(name.slice(0, at)), Number(name.slice(at + 1)))
  }

  function number(token: string): number {
    const known = numbers.get(token)
    if (known !== undefined) return known
    numbers.set(token, numbers.size)
    return numbers.size - 1
  }

  function occurrence(token: number, n: number): number {
    const name = token + n * 2 ** 32
    const known = occurrences.get(name)
    if (known !== undefined) return known
    occurrences.set(name, occurrences.size)
    return occurrences.size - 1
  }

  function need(sum: number): number {
    const known = needs[sum]
    if (known !== undefined) return known
    let least = Math.ceil((atLeast * sum) / 2)
    while (least > 1 && (2 * (least - 1)) / sum >= atLeast) least--
    while ((2 * least) / sum < atLeast) least++
    needs[sum] = least
    return least
  }

  /** How many of the rarest tokens decide: a text without any of them has too few in common with one of any length. */
  function prefix(length: number): number {
    let least = Math.max(1, Math.floor((length * atLeast) / (2 - atLeast)) - 1)
    while (need(least + length) > least) least++
    return Math.max(0, length - least + 1)
  }

  /** A text as numbers: in its order, and as occurrences from the rarest on. */
  function read(tokens: readonly string[]): { order: Int32Array; rarest: Int32Array } {
    const order = new Int32Array(tokens.length)
    const rarest = new Int32Array(tokens.length)
    const own = new Map<number, number>()
    for (let i = 0; i < tokens.length; i++) {
      const token = number(tokens[i]!)
      const n = own.get(token) ?? 0
      own.set(token, n + 1)
      order[i] = token
      rarest[i] = -occurrence(token, n)
    }
    // Numbers ascend with frequency, so the negative ones come rarest first.
    rarest.sort()
    return { order, rarest }
  }

  /** What is asked about is mostly added next. */
  let last: { tokens: readonly string[]; read: ReturnType<typeof read> } | undefined
  const readOnce = (tokens: readonly string[]) => {
    if (last?.tokens !== tokens) last = { tokens, read: read(tokens) }
    return last.read
  }

  function add(tokens: readonly string[]): number {
    const { order, rarest } = readOnce(tokens)
    const at = starts.length - 1
    ordered.push(order)
    sorted.push(rarest)
    starts.push(ordered.length)
    for (let i = 0, end = prefix(rarest.length); i < end; i++) {
      const name = -rarest[i]!
      postings[name] ??= openPostings()
      postings[name].push(at, rarest.length, i)
    }
    if (found.length <= at) {
      const more = new Int32Array(2 * found.length)
      more.set(found)
      found = more
    }
    return at
  }

  function nearest(tokens: readonly string[], except?: (at: number) => boolean): Nearest | undefined {
    const { order, rarest } = readOnce(tokens)
    const n = order.length
    const touched: number[] = []
    for (let i = 0, end = prefix(n); i < end; i++) {
      const list = postings[-rarest[i]!]
      if (!list) continue
      const { members, lengths, places } = list
      for (let p = 0; p < list.size; p++) {
        const at = members[p]!
        const so = found[at]!
        if (so < 0) continue
        const m = lengths[p]!
        const left = Math.min(n - i, m - places[p]!)
        if (so === 0) touched.push(at)
        found[at] = so + left < need(m + n) ? -1 : so + 1
      }
    }
    let best: Nearest | undefined
    let ready = false
    for (const at of touched) {
      const common = found[at]!
      found[at] = 0
      if (common < 0) continue
      const [start, end] = [starts[at]!, starts[at + 1]!]
      if (!inCommon(rarest, start, end, need(end - start + n)) || except?.(at)) continue
      if (!ready) columns.set(order, numbers.size)
      ready = true
      const rougeL = (2 * columns.lcs(ordered.all, start, end)) / (end - start + n)
      if (rougeL < atLeast) continue
      if (!best || rougeL > best.rougeL || (rougeL === best.rougeL && at < best.at)) best = { at, rougeL }
    }
    return best
  }

  /** Whether a member has so many tokens in common, in any order. */
  function inCommon(rarest: Int32Array, start: number, end: number, least: number): boolean {
    const { all } = sorted
    let common = 0
    let i = 0
    let j = start
    while (i < rarest.length && j < end) {
      const [a, b] = [rarest[i]!, all[j]!]
      if (a === b) common++
      if (a <= b) i++
      if (b <= a) j++
      if (common + Math.min(rarest.length - i, end - j) < least) return false
    }
    return common >= least
  }

  return {
    get size() {
      return starts.length - 1
    },
    add,
    nearest,
  }
}

/** Members that hold an occurrence among their rarest: their number, length, and the place it has there. */
type Postings = {
  members: Int32Array
  lengths: Int32Array
  places: Int32Array
  size: number
  push(at: number, length: number, place: number): void
}

function openPostings(): Postings {
  const list: Postings = {
    members: new Int32Array(2),
    lengths: new Int32Array(2),
    places: new Int32Array(2),
    size: 0,
    push(at, length, place) {
      const { size } = list
      if (size === list.members.length) {
        for (const column of ['members', 'lengths', 'places'] as const) {
          const more = new Int32Array(2 * size)
          more.set(list[column])
          list[column] = more
        }
      }
      list.members[size] = at
      list.lengths[size] = length
      list.places[size] = place
      list.size++
    },
  }
  return list
}

/** Numbers of all texts, one text behind the other. */
function growing(): { all: Int32Array; length: number; push(more: Int32Array): void } {
  const list = {
    all: new Int32Array(1024),
    length: 0,
    push(more: Int32Array) {
      while (list.length + more.length > list.all.length) {
        const larger = new Int32Array(2 * list.all.length)
        larger.set(list.all)
        list.all = larger
      }
      list.all.set(more, list.length)
      list.length += more.length
    },
  }
  return list
}
