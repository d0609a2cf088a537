import table from './unicode.json' with { type: 'json' }

/**
 * What a code point is to the splitter, as bits. `fold` marks what NFKC or lower-casing may change, alone or beside its
 * neighbours, outside ASCII: a text without such code points is in its folded form but for ASCII capitals.
 */
export const is = {
  letter: 1,
  number: 2,
  /** Continues a word or a character, and begins none. */
  mark: 4,
  /** Letters, numbers and marks of scripts without spaces between words. */
  unspaced: 128,
  space: 16,
  /** Format characters and variation selectors: invisible, and no part of a word's identity. */
  format: 32,
  /** `_`: part of words, neither letter nor number. */
  joiner: 64,
  fold: 8,
} as const

/** One byte of class bits for each code point: unpacked from the runs in `unicode.json`, so equal under every ICU. */
export function classes(): Uint8Array {
  const bytes = new Uint8Array(0x110000)
  let at = 0
  for (const run of table.runs.split(' ')) {
    const [bits, length] = run.split(':')
    const end = at + Number.parseInt(length ?? '1', 36)
    bytes.fill(Number.parseInt(bits!, 36), at, end)
    at = end
  }
  return bytes
}
