/** Text in the form detectors read, and where each of its characters stood. */
export type Normal = {
  text: string
  /** The span of the original that a span of `text` came from; whole characters, so that none is cut in half. */
  original(start: number, end: number): [start: number, end: number]
}

/**
 * NFKC one UTF-16 unit at a time, decimal digits of all scripts as 0-9, dashes as `-`. `gone` marks what is invisible,
 * `other` what becomes several units or is decided by its neighbours.
 */
const gone = 0xffff
const other = 0xfffe
let folds: Uint16Array | undefined

function fold(): Uint16Array {
  if (folds) return folds
  const table = new Uint16Array(65_536)
  let run = 0
  for (let c = 0; c < 65_536; c++) {
    table[c] = c
    if (c < 0x80 || (c >= 0xd800 && c < 0xe000)) continue
    const char = String.fromCharCode(c)
    // Digits of a script stand in a row from nought to nine.
    run = /\p{Nd}/u.test(char) ? run + 1 : 0
    const form = char.normalize('NFKC')
    if (run > 0) table[c] = 48 + ((run - 1) % 10)
    else if (/[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]/.test(char)) table[c] = gone
    else if (/[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]/.test(char)) table[c] = 45
    else if (/\s/.test(form) && form.length === 1 && !/[\n\r\u2028\u2029]/.test(form)) table[c] = 32
    else table[c] = form.length === 1 ? form.charCodeAt(0) : other
  }
  for (const c of [0xd835, 0xd83c, 0x30fc, 0xff70, 0x2501, 0x2500]) table[c] = other
  folds = table
  return table
}

/** Marks that may join the character before them. */
const joins = (c: number) => (c >= 0x300 && c <= 0x36f) || c === 0x3099 || c === 0x309a || c === 0xff9e || c === 0xff9f
const digit = (c: number) => c >= 48 && c <= 57

const same: Normal['original'] = (start, end) => [start, end]
const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true })

/** Full-width and other digits, dashes, spaces and compatibility forms as plain ones; text without any comes back as it is. */
export function normal(source: string): Normal {
  const length = source.length
  let plain = 0
  while (plain < length && source.charCodeAt(plain) < 128) plain++
  if (plain === length) return { text: source, original: same }
  if (plain > 0 && joined(source, plain - 1)) plain--
  const table = fold()
  for (let c = source.charCodeAt(plain); plain < length; plain++) {
    const next = source.charCodeAt(plain + 1)
    if (table[c] !== c || (next > 0x2ff && joins(next))) break
    c = next
  }
  if (plain === length) return { text: source, original: same }
  // One unit becomes at most 18 in NFKC; the most frequent case by far is one for one.
  let units = new Uint16Array(length + 64)
  let from: Int32Array | undefined
  for (let i = 0; i < plain; i++) units[i] = source.charCodeAt(i)
  let n = plain
  for (let i = plain; i < length; i++) {
    const folded = table[source.charCodeAt(i)]!
    if (folded < other && !joined(source, i)) {
      if (from) from[n] = i
      units[n++] = folded
      continue
    }
    const form = formOf(source, i, folded, n > 0 ? units[n - 1]! : 0, table)
    if (!from && (form.length !== 1 || form.text.length !== 1)) {
      from = new Int32Array(units.length)
      for (let k = 0; k < n; k++) from[k] = k
    }
    if (n + form.text.length + length - i > units.length) {
      const larger = units.length * 2 + form.text.length
      units = grown(units, new Uint16Array(larger))
      if (from) from = grown(from, new Int32Array(larger))
    }
    for (let k = 0; k < form.text.length; k++) {
      if (from) from[n] = i
      units[n++] = form.text.charCodeAt(k)
    }
    i += form.length - 1
  }
  const text = utf16.decode(units.subarray(0, n))
  if (!from) return { text, original: same }
  const places = from
  return {
    text,
    original(start, end) {
      const last = places[end - 1]!
      let next = end
      while (next < n && places[next] === last) next++
      return [places[start]!, next < n ? places[next]! : length]
    },
  }
}

const joined = (source: string, i: number) => joins(source.charCodeAt(i + 1))

function grown<T extends Uint16Array | Int32Array>(old: T, larger: T): T {
  larger.set(old)
  return larger
}

/** What the character at `i` becomes, and how many units of the source it takes. */
function formOf(
  source: string,
  i: number,
  folded: number,
  before: number,
  table: Uint16Array,
): { text: string; length: number } {
  const c = source.charCodeAt(i)
  if (folded === gone) return { text: '', length: 1 }
  // Long vowel marks and rules stand for a dash between digits only.
  if (c === 0x30fc || c === 0xff70 || c === 0x2500 || c === 0x2501) {
    let at = i + 1
    while (table[source.charCodeAt(at)] === gone) at++
    const after = String.fromCodePoint(source.codePointAt(at) ?? 32)
    const next = after.length > 1 ? after.normalize('NFKC').charCodeAt(0) : table[after.charCodeAt(0)]!
    return { text: digit(before) && digit(next) ? '-' : 'ー', length: 1 }
  }
  let length = c >= 0xd800 && c < 0xdc00 && (source.charCodeAt(i + 1) & 0xfc00) === 0xdc00 ? 2 : 1
  while (length < 16 && joins(source.charCodeAt(i + length))) length++
  return { text: source.slice(i, i + length).normalize('NFKC'), length }
}
