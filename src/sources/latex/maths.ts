import { close, type Kept, open } from './clean.ts'
import { burn, type Fuel, groupEnd } from './fuel.ts'

/** One past the formula that begins at `at`, after its opening sign: to a `$` outside of braces, within one paragraph. */
export function inlineEnd(text: string, at: number, fuel: Fuel): number {
  let depth = 0
  const most = Math.min(text.length, at + 10_000)
  for (let i = at; i < most; i++) {
    const c = text[i]!
    if (c === '\\') i++
    else if (c === '{') depth++
    else if (c === '}') depth--
    else if (c === '\n' && /[ \t]*\n/y.test(text.slice(i + 1, i + 80))) break
    else if (c === '$' && depth <= 0) {
      burn(fuel, i - at)
      return i
    }
  }
  burn(fuel, most - at)
  return -1
}

const signs = new RegExp(`${open}(\\d+)${close}`, 'g')

/** What was set aside, back in its place. */
export const restored = (text: string, kept: readonly Kept[]): string =>
  text.replace(signs, (_, n: string) => kept[Number(n)]?.text ?? '')

/** A formula as it stands, without what belongs to the page: labels, numbers, pictures, blank lines. */
export function formula(text: string, kept: readonly Kept[], fuel: Fuel): string {
  let out = without(text, /\\(?:label|ollabel|ensuremath|vspace\*?|hspace\*?)\s?(?=\{)/g, fuel, (name, inside) =>
    name.startsWith('\\ensuremath') ? inside : name.startsWith('\\hspace') ? '\\ ' : '',
  )
  out = out
    .replace(/\\(?:nonumber|notag|displaybreak|centering|allowbreak|noindent)(?![A-Za-z])[ \t]*/g, '')
    .replace(/\\begin\{(tikzpicture|picture|pspicture|pgfpicture)\}[\s\S]*?(?:\\end\{\1\}|$)/g, '')
  const lines = restored(out, kept)
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '')
    .join('\n')
    .trim()
    .replace(/(?<=^|[^\\])((?:\\\\)*)\\$/, '$1')
    .split('\n')
  // Lines after the first lose what they are all indented by.
  const depth = lines.slice(1).reduce((least, line) => Math.min(least, line.length - line.trimStart().length), 99)
  return lines.map((line, i) => (i === 0 ? line : line.slice(depth))).join('\n')
}

/** Commands with one argument, in place of which something else stands. */
function without(text: string, pattern: RegExp, fuel: Fuel, instead: (name: string, inside: string) => string): string {
  const out: string[] = []
  let at = 0
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    if (found.index < at) continue
    const from = found.index + found[0].length
    const end = groupEnd(text, from, fuel)
    if (end < 0) continue
    out.push(text.slice(at, found.index), instead(found[0], text.slice(from + 1, end - 1)))
    at = end
    pattern.lastIndex = end
  }
  out.push(text.slice(at))
  return out.join('')
}
