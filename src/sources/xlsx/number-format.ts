/** How the number of a cell is shown: its format, as far as it makes the number something else than a number. */
export type Shown = 'number' | { digits: number } | { date: boolean; time: boolean; elapsed: boolean }

/** Built-in formats that are dates or times (ECMA-376 part 1, 18.8.30), with those of Chinese, Japanese and Korean. */
const builtIn: { [id: number]: string } = {
  ...{ 14: 'mm-dd-yy', 15: 'd-mmm-yy', 16: 'd-mmm', 17: 'mmm-yy', 18: 'h:mm AM/PM', 19: 'h:mm:ss AM/PM' },
  ...{ 20: 'h:mm', 21: 'h:mm:ss', 22: 'm/d/yy h:mm', 45: 'mm:ss', 46: '[h]:mm:ss', 47: 'mmss.0' },
  ...Object.fromEntries([27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58].map(id => [id, 'yyyy/m/d'])),
  ...Object.fromEntries([32, 33, 34, 35, 55, 56].map(id => [id, 'h:mm:ss'])),
}

/** What a format makes of a number, by its code where the workbook gives one, else by its built-in number. */
export function shownBy(id: number, code: string | undefined): Shown {
  const whole = code ?? builtIn[id] ?? ''
  const elapsed = /\[(?:h+|m+|s+)\]/i.test(whole)
  // What is quoted, escaped, a width or in brackets (colours, currencies) is no sign of the format.
  const signs = whole
    .replace(/\[(h+|m+|s+)\]/gi, '$1')
    .replace(/"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/g, '')
    .split(';')[0]!
    .replace(/am\/pm|a\/p|general/gi, '')
  if (/^0{2,}$/.test(signs)) return { digits: signs.length }
  const time = /[hs]/i.test(signs)
  const date = /[yd]/i.test(signs) || (/m/i.test(signs) && !time)
  return date || time ? { date, time, elapsed } : 'number'
}

const two = (n: number): string => String(n).padStart(2, '0')
const clock = (seconds: number): string =>
  `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`

/** 9999-12-31, the last day there is. */
const lastDay = 2_958_465

/**
 * A number as it is meant: a date or time as ISO 8601 text, a duration as hours, minutes and seconds, an identifier with
 * its leading zeros, else the number with the 15 digits that a spreadsheet keeps. A share stays the fraction it is. What no
 * date can be stays a number. Day 60 of the system of 1900 is the 29 February that its first program believed in.
 */
export function numberShown(value: number, shown: Shown, from1904: boolean): string | number {
  const plain = Number(value.toPrecision(15))
  if (shown === 'number') return plain
  if ('digits' in shown) {
    const whole = Number.isInteger(plain) && plain >= 0 && String(plain).length < shown.digits
    return whole ? String(plain).padStart(shown.digits, '0') : plain
  }
  if (value < 0 || value > lastDay) return plain
  const seconds = Math.round(value * 86_400)
  if (shown.elapsed) return clock(seconds)
  if (shown.time && !shown.date && seconds < 86_400) return clock(seconds)
  const day = Math.floor(seconds / 86_400)
  const rest = seconds % 86_400
  const at = shown.time || rest > 0 ? `T${clock(rest)}` : ''
  if (from1904) return dayAfter(Date.UTC(1904, 0, 1), day) + at
  if (day === 0) return plain
  if (day === 60) return `1900-02-29${at}`
  return dayAfter(Date.UTC(1899, 11, day < 60 ? 31 : 30), day) + at
}

const dayAfter = (start: number, days: number): string => new Date(start + days * 86_400_000).toISOString().slice(0, 10)
