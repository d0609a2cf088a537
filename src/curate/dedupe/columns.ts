/**
 * Columns of what surveys found. They lie on disk and travel between threads for millions of rows: typed arrays cost
 * what they hold, where an object or a string costs ten times that.
 */
type Numbers = Uint8Array | Float64Array | BigUint64Array

/** Lists one after another: list `i` is `all[ends[i - 1]]` to `all[ends[i]]` (exclusive). */
export type Lists<T extends Numbers> = { all: T; ends: Uint32Array }

/** One list as a view. */
export function listAt<T extends Numbers>({ all, ends }: Lists<T>, i: number): T {
  return all.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!) as T
}

/** Lays lists one after another. */
export function lists<T extends Numbers>(each: readonly T[], make: new (length: number) => T): Lists<T> {
  const ends = new Uint32Array(each.length)
  let end = 0
  for (let i = 0; i < each.length; i++) {
    end += each[i]!.length
    ends[i] = end
  }
  const all = new make(end)
  for (let i = 0; i < each.length; i++) all.set(each[i] as never, i === 0 ? 0 : ends[i - 1]!)
  return { all, ends }
}

/** A table of strings. `wide` ones take two bytes a code unit: an id that is no Latin text is rare. */
export type Names = Lists<Uint8Array> & { wide: boolean }

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of one byte
const oneByte = /^[\u0000-\u00ff]*$/
export function namesOf(strings: readonly string[]): Names {
  const joined = strings.join('')
  const wide = !oneByte.test(joined)
  const ends = new Uint32Array(strings.length)
  let end = 0
  for (let i = 0; i < strings.length; i++) {
    end += strings[i]!.length * (wide ? 2 : 1)
    ends[i] = end
  }
  return { all: new Uint8Array(Buffer.from(joined, wide ? 'utf16le' : 'latin1')), ends, wide }
}

export function nameAt(names: Names, i: number): string {
  const { buffer, byteOffset, byteLength } = listAt(names, i)
  return Buffer.from(buffer, byteOffset, byteLength).toString(names.wide ? 'utf16le' : 'latin1')
}

/**
 * What shards found, one after another: a row is counted through all of them. The left list grows in place, because
 * a run merges thousands of shards one by one.
 */
export function append<T>(found: T[], more: T[]): T[] {
  for (const one of more) found.push(one)
  return found
}

/** Numbers the rows of segments through: where each segment begins, and how many rows there are. */
export function offsets(segments: readonly { rows: number }[]): { starts: Int32Array; rows: number } {
  const starts = new Int32Array(segments.length)
  let rows = 0
  for (let i = 0; i < segments.length; i++) {
    starts[i] = rows
    rows += segments[i]!.rows
  }
  return { starts, rows }
}

/** The segment that a row lies in. */
export function segmentOf(starts: Int32Array, row: number): number {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= row) low = middle
    else high = middle - 1
  }
  return low
}
