/**
 * What one pass over a text finds for all detectors together, so that a text without digits or `@` costs nothing more.
 * A word is a run of ASCII letters, digits and `_`.
 */
export type Marks = {
  /** Starts and ends of words of digits alone, in turn. */
  numbers: number[]
  /** Starts and ends of words that hold letters and digits, and of short ones in capitals before a number (`QQ 12 34`). */
  codes: number[]
  /** Positions of `@`. */
  ats: number[]
  /** Positions of `:` beside a hexadecimal digit or another `:`. */
  colons: number[]
  /** Positions of `://`. */
  schemes: number[]
  /** Positions of 丁, 番 and 〒. */
  places: number[]
  /** The text holds characters of East Asia. */
  wide: boolean
}

const letter = 1
const digit = 2
const at = 3
const colon = 4
const hex = 8
const classes = new Uint8Array(128)
for (let c = 48; c < 58; c++) classes[c] = digit | hex
for (let c = 65; c < 91; c++) classes[c] = letter
for (let c = 97; c < 123; c++) classes[c] = letter
for (const c of 'abcdefABCDEF') classes[c.charCodeAt(0)] = letter | hex
classes[95] = letter
classes[64] = at
classes[58] = colon

const classAt = (text: string, i: number) => {
  const c = text.charCodeAt(i)
  return c < 128 ? classes[c]! : 0
}

export const isWordAt = (text: string, i: number): boolean => {
  const kind = classAt(text, i) & 7
  return kind === letter || kind === digit
}

export function marks(text: string): Marks {
  const found: Marks = { numbers: [], codes: [], ats: [], colons: [], schemes: [], places: [], wide: false }
  const length = text.length
  for (let i = 0; i < length; ) {
    const c = text.charCodeAt(i)
    if (c >= 128) {
      if (c >= 0x3000) {
        found.wide = true
        if (c === 0x4e01 || c === 0x756a || c === 0x3012) found.places.push(i)
      }
      i++
      continue
    }
    const kind = classes[c]! & 7
    if (kind === 0) {
      i++
      continue
    }
    if (kind === at) {
      found.ats.push(i++)
      continue
    }
    if (kind === colon) {
      if (text.charCodeAt(i + 1) === 47 && text.charCodeAt(i + 2) === 47) found.schemes.push(i)
      else if (text.charCodeAt(i + 1) === 58 || classAt(text, i + 1) & hex) found.colons.push(i)
      i++
      continue
    }
    const start = i
    let digits = 0
    let letters = 0
    for (; i < length; i++) {
      const next = text.charCodeAt(i)
      if (next >= 128) break
      const kind = classes[next]! & 7
      if (kind === letter) letters++
      else if (kind === digit) digits++
      else break
    }
    if (letters === 0) found.numbers.push(start, i)
    else if (digits > 0) {
      found.codes.push(start, i)
      // The last group of a telephone number, and its extension.
      const cross = digits > 3 && letters === 1 ? text.indexOf('x', start) : -1
      if (cross >= start + 3 && cross < i) found.numbers.push(start, cross)
    } else if (letters <= 4 && c < 95 && (classAt(text, i + 1) & 7) === digit) {
      const between = text.charCodeAt(i)
      if (between === 32 || between === 45) found.codes.push(start, i)
    }
  }
  return found
}
