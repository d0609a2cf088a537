import { createRequire } from 'node:module'
import { type Candidate, faint, likely } from './candidate.ts'
import type { Marks } from './marks.ts'

type Parser = (text: string, country?: string) => { isValid(): boolean } | undefined
let loaded: Parser | undefined
/** The numbering plans of the world take a tenth of a second to load, so they wait for the first number that needs them. */
function parser(): Parser {
  loaded ??= (createRequire(import.meta.url)('libphonenumber-js/max') as { parsePhoneNumberFromString: Parser })
    .parsePhoneNumberFromString
  return loaded
}

/** Countries whose national numbers are known without a code in front. */
export const countries = ['JP', 'GB', 'US', 'DE', 'FR', 'IT', 'ES', 'AU', 'IN'] as const

/** What may stand between two groups. */
const link = /^(?: ?[-./] ?| |\) ?-?| ?\(0?\)? ?|\) ?)$/
const linked = (text: string, end: number, next: number): boolean => {
  if (next - end > 4) return false
  const c = text.charCodeAt(end)
  if (next - end === 1) return c === 32 || c === 45 || c === 46 || c === 47 || c === 40 || c === 41
  return link.test(text.slice(end, next))
}
const extension = / ?(?:x|ext\.?|extension|内線) ?:? ?\d{1,6}(?!\w)/iy
const longest = 15

/**
 * Telephone numbers. A form that only telephone numbers have, or a plan of numbers that knows it (ITU-T E.164, by the
 * metadata of libphonenumber), stands alone; any other number in groups counts with a word near it.
 */
export function findPhones(
  text: string,
  { numbers }: Marks,
  near: (start: number, end: number) => boolean,
  into: Candidate[],
): void {
  for (let g = 0; g < numbers.length; g += 2) {
    const first = numbers[g]!
    const lead = leadOf(text, first)
    // Groups that belong together, as many as a number can have.
    let digits = 0
    let to = g
    const ends: { end: number; digits: number; sizes: number[] }[] = []
    const sizes: number[] = []
    for (let h = g; h < numbers.length && h - g < 14; h += 2) {
      if (h > g && !linked(text, numbers[h - 1]!, numbers[h]!)) break
      digits += numbers[h + 1]! - numbers[h]!
      if (digits > longest) break
      sizes.push(numbers[h + 1]! - numbers[h]!)
      ends.push({ end: numbers[h + 1]!, digits, sizes: [...sizes] })
      to = h
    }
    if (ends.length === 0 || ends.at(-1)!.digits < 7) continue
    // Rows of small numbers.
    if (!lead && (digits > longest || sizes[1] === 1) && Math.max(...sizes) < 3) continue
    // A piece of a longer code, such as a UUID.
    if (/\w[-./]$/.test(text.slice(Math.max(0, first - 2), first)) && !lead) continue
    const found = longestOf(text, first - (lead?.length ?? 0), first, ends, digits > longest, near)
    if (!found) continue
    extension.lastIndex = found.end
    const more = extension.exec(text)?.[0].length ?? 0
    into.push({ ...found, end: found.end + more })
    while (g + 2 <= to && numbers[g + 2]! < found.end) g += 2
  }
}

/** A plus or an opening bracket before the first group. */
function leadOf(text: string, first: number): string | undefined {
  return /(?<![\w)])(?:\+\(?|\()$/.exec(text.slice(Math.max(0, first - 3), first))?.[0]
}

function longestOf(
  text: string,
  start: number,
  first: number,
  ends: { end: number; digits: number; sizes: number[] }[],
  more: boolean,
  near: (start: number, end: number) => boolean,
): Candidate | undefined {
  for (let i = ends.length - 1; i >= 0; i--) {
    const { end, digits, sizes } = ends[i]!
    if (digits < 7) return undefined
    const after = text[end] ?? ''
    if (/^[-/]\w{0,6}\d/.test(text.slice(end, end + 9)) && i === ends.length - 1) continue
    if (/\w/.test(after) && !/^ ?x/i.test(text.slice(end, end + 2))) continue
    // A bracket that only opens belongs to the sentence.
    const from = text[start] === '(' && !text.slice(first, end).includes(')') ? first : start
    const shown = text.slice(from, end)
    if (unlike(shown, sizes)) continue
    const value = shown.replace(/[^\d+]/g, '')
    if (reserved(value)) {
      return { entity: 'public', start: from, end, score: likely, value }
    }
    // No part of a longer row of groups.
    const whole = i === ends.length - 1 && !more
    const inside = /\d $/.test(text.slice(Math.max(0, from - 2), from)) && /^\d[\d ]*$/.test(shown)
    const score = scoreOf(shown, value, sizes, whole && !inside, () => near(from, end))
    // With and without the code of its country it ends alike.
    if (score !== undefined)
      return { entity: 'phone', start: from, end, score, value: value.replace('+', '').slice(-8) }
  }
  return undefined
}

/** Dates, times, decimals, years in a row, groups that no number has. */
function unlike(shown: string, sizes: number[]): boolean {
  if (/^(?:1[89]|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}$|^\d{1,2}[-./ ]\d{1,2}[-./ ](?:1[89]|20)\d\d$/.test(shown))
    return true
  if (/^(?:\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d|(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}) /.test(shown)) return true
  if (/^\(?(?:(?:1\d|20)\d\d ?[-./ ]? ?)+$/.test(shown)) return true
  if (sizes.length === 1 && (shown.length < 8 || /^(\d)\1+$|^00/.test(shown))) return true
  // Given out as nobody's: see surrogates.
  if (/^000/.test(shown)) return true
  if (sizes.length === 2 && /^\d+\.\d+$/.test(shown)) return true
  // 123-45-6789, and the digits of accounts and cards in fours.
  if (/^\d{3}[- ]\d\d[- ]\d{4}$/.test(shown) || /^\d{5}-\d{4}$/.test(shown)) return true
  return sizes.some(size => size > 9 && sizes.length > 1) || sizes.length > 7
}

/** Numbers kept for fiction and examples, and what stands in for one here: nobody is called by them. */
function reserved(value: string): boolean {
  return (
    /^(?:(?:\+?1|001)?[2-9]\d{2})?55501\d\d$/.test(value) ||
    /0000\d{3}$/.test(value) ||
    /^(?:\+44|0044|0)7700900\d{3}$/.test(value)
  )
}

const america = /^(?:\+?1[-. ]?|001-)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. /])[2-9]\d{2}[-. ]\d{4}$/
const japan =
  /^(?:0[5789]0[- ]?\d{4}[- ]?\d{4}|0120[- ]\d{3}[- ]\d{3}|0800[- ]\d{3}[- ]\d{4}|\(?0\d{1,4}[-) ]\d{1,4}[- ]\d{4})$/

function scoreOf(
  shown: string,
  value: string,
  sizes: number[],
  whole: boolean,
  near: () => boolean,
): number | undefined {
  const n = value.replace('+', '').length
  if (shown.startsWith('+')) {
    if (n < 8) return undefined
    if (near()) return likely
    return parser()(shown)?.isValid() ? 0.9 : undefined
  }
  if (america.test(shown)) return likely
  if (japan.test(shown) && (n === 10 || n === 11)) return likely
  if (!whole) return undefined
  const grouped = sizes.length > 1 && sizes.slice(1).every(size => size > 1) && Math.max(...sizes) < 9
  if (near()) {
    if (grouped && n <= 13 && sizes.length <= 6) return faint
    return sizes.length === 1 && n >= 9 && n <= 12 ? faint : undefined
  }
  // Without a word near it a number must begin as one and be known to a plan.
  if (!/^\(?0/.test(shown) || n < 9 || n > 12) return undefined
  if (!grouped && !/^07\d{9}$/.test(value)) return undefined
  const plan = parser()
  const number = value.startsWith('00') ? `+${value.slice(2)}` : value
  return countries.some(country => plan(number, country)?.isValid()) ? likely : undefined
}
