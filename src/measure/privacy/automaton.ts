/**
 * Every run of tokens of several texts, as a suffix automaton: what a text has in common with any of them is found in one
 * walk over it. Blumer et al. 1985, Theoretical Computer Science 40.
 */
export type Automaton = {
  /**
   * The longest run that ends at each token and stands in a source, and in how many sources it stands (counted up to
   * `enough`).
   */
  walk(tokens: readonly number[]): { length: Uint32Array; sources: Uint32Array }
}

/** Of tokens as numbers below 2^24. Memory grows with the tokens of all texts, by about 200 bytes each. */
export function automatonOf(texts: readonly (readonly number[])[], enough: number): Automaton {
  const total = texts.reduce((sum, text) => sum + text.length, 0)
  const states = 2 * total + 2
  const link = new Int32Array(states).fill(-1)
  const longest = new Uint32Array(states)
  const sources = new Uint32Array(states)
  const seenBy = new Int32Array(states).fill(-1)
  // Edges of a state as a list, to copy them; found by state and token at once.
  const first = new Int32Array(states).fill(-1)
  const edges = new Map<number, number>()
  const [token, to, after] = [[] as number[], [] as number[], [] as number[]]
  let used = 1
  const edge = (state: number, by: number) => edges.get(state * 2 ** 24 + by)
  const set = (state: number, by: number, target: number) => {
    const known = edge(state, by)
    if (known !== undefined) {
      to[known] = target
      return
    }
    edges.set(state * 2 ** 24 + by, token.length)
    token.push(by)
    to.push(target)
    after.push(first[state]!)
    first[state] = token.length - 1
  }
  const split = (state: number, by: number, target: number): number => {
    if (longest[state]! + 1 === longest[target]!) return target
    const copy = used++
    longest[copy] = longest[state]! + 1
    for (let at = first[target]!; at >= 0; at = after[at]!) set(copy, token[at]!, to[at]!)
    link[copy] = link[target]!
    link[target] = copy
    for (let up = state; up >= 0; up = link[up]!) {
      const known = edge(up, by)
      if (known === undefined || to[known] !== target) break
      to[known] = copy
    }
    return copy
  }
  const extend = (last: number, by: number): number => {
    const known = edge(last, by)
    if (known !== undefined) return split(last, by, to[known]!)
    const state = used++
    longest[state] = longest[last]! + 1
    let up = last
    while (up >= 0 && edge(up, by) === undefined) {
      set(up, by, state)
      up = link[up]!
    }
    link[state] = up < 0 ? 0 : split(up, by, to[edge(up, by)!]!)
    return state
  }
  for (const text of texts) {
    let last = 0
    for (const by of text) last = extend(last, by)
  }
  // Each source marks the states of its beginnings and all that end them, until it meets its own mark.
  for (const [source, text] of texts.entries()) {
    let state = 0
    for (const by of text) {
      state = to[edge(state, by)!]!
      for (let up = state; up > 0 && seenBy[up] !== source; up = link[up]!) {
        seenBy[up] = source
        if (sources[up]! < enough) sources[up]!++
      }
    }
  }
  return {
    walk(tokens) {
      const found = { length: new Uint32Array(tokens.length), sources: new Uint32Array(tokens.length) }
      let [state, length] = [0, 0]
      for (const [i, by] of tokens.entries()) {
        while (state > 0 && edge(state, by) === undefined) {
          state = link[state]!
          length = longest[state]!
        }
        const known = edge(state, by)
        if (known === undefined) continue
        state = to[known]!
        length++
        found.length[i] = length
        found.sources[i] = sources[state]!
      }
      return found
    },
  }
}
