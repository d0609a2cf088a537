import { Unreadable } from '../bytes.ts'

/** Characters that may still be looked at: whatever somebody nests or leaves open, reading ends in time of the length. */
export type Fuel = { left: number }

/** Enough for a text in which every character is looked at forty times. */
export const fuelFor = (text: string): Fuel => ({ left: 40 * text.length + 200_000 })

/** Throws `Unreadable` where a text takes more looking than any that is meant to be read. */
export function burn(fuel: Fuel, characters: number): void {
  fuel.left -= characters + 1
  if (fuel.left < 0) throw new Unreadable('too-costly', 'braces, environments or macros without an end')
}

/** One past the brace that closes the one at `from`, or -1; a backslash takes the next character out of the count. */
export function groupEnd(text: string, from: number, fuel: Fuel, most = 200_000): number {
  let depth = 0
  const end = Math.min(text.length, from + most)
  for (let at = from; at < end; at++) {
    const c = text.charCodeAt(at)
    if (c === 0x5c) at++
    else if (c === 0x7b) depth++
    else if (c === 0x7d && --depth === 0) {
      burn(fuel, at - from)
      return at + 1
    }
  }
  burn(fuel, end - from)
  return -1
}

/** One past the bracket that closes the one at `from`, or -1; brackets inside of braces do not count. */
export function bracketEnd(text: string, from: number, fuel: Fuel, most = 2000): number {
  let [depth, braces] = [0, 0]
  const end = Math.min(text.length, from + most)
  for (let at = from; at < end; at++) {
    const c = text[at]!
    if (c === '\\') at++
    else if (c === '{') braces++
    else if (c === '}' && --braces < 0) break
    else if (c === '[' && braces === 0) depth++
    else if (c === ']' && braces === 0 && --depth === 0) {
      burn(fuel, at - from)
      return at + 1
    }
  }
  burn(fuel, end - from)
  return -1
}
