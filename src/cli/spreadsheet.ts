/** What spreadsheets do to the cells of a CSV file that nobody touched. */

const formula = /^'*[=+\-@\t\r＝＋－＠]/

/**
 * A text that a spreadsheet would take for a formula, with an apostrophe before it: lists in Markdown come back as errors
 * else, and what a page of the web holds would be run (OWASP, CSV injection).
 */
export const shielded = (cell: string): string => (formula.test(cell) ? `'${cell}` : cell)
export const unshielded = (cell: string): string =>
  cell.startsWith("'") && formula.test(cell.slice(1)) ? cell.slice(1) : cell

/** Characters of a cell; what is beyond them is cut off without a word. */
const longest = 32_767
const number = /^\s*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i
const date = /^\s*(?:\d{1,4}[-/.:]\d{1,4}(?:[-/.:]\d{1,4})?|[a-z]{3,9}\.?[- ]?\d{1,4}|\d{1,2}[- ][a-z]{3,9})\s*$/i
const error = /^#(?:NAME\?|VALUE!|REF!|DIV\/0!|N\/A|NUM!|NULL!)$/
const numberOf = (cell: string): number => Number(cell.replaceAll(',', ''))

/** True where a cell differs as it does when a spreadsheet reads a number, a date or too long a text. */
export function rewritten(before: string, after: string): boolean {
  if (before === after) return false
  if (error.test(after) || /^(?:true|false)$/i.test(before)) return true
  if (before.length > longest && after.length <= longest && before.startsWith(after)) return true
  if (number.test(before) && number.test(after)) {
    const [a, b] = [numberOf(before), numberOf(after)]
    // Long numbers are saved with the six digits that were shown.
    return Math.abs(a - b) <= 1e-5 * Math.max(Math.abs(a), Math.abs(b))
  }
  return date.test(before)
}
