/** Containers that a fence may stand in: quotes and list items. */
const fence = /^[ \t]*(?:>[ \t]*|[-*+][ \t]+|\d+[.)][ \t]+)*(`{3,}|~{3,})(.*)$/

/** Lines outside of fenced code, with `mark` in place of each block, and whether the last block is left open. */
function fenced(text: string, mark: string): { outside: string; open: boolean } {
  if (!text.includes('```') && !text.includes('~~~')) return { outside: text, open: false }
  const kept: string[] = []
  let open: string | undefined
  let before = ''
  for (const line of text.split('\n')) {
    const found = fence.exec(line)
    if (open === undefined) {
      // Below a line of text a row of tildes is its underline (reStructuredText).
      const underline = found !== null && found[1]![0] === '~' && found[2] === '' && before.trim() !== ''
      if (!found || underline || (found[1]![0] === '`' && found[2]!.includes('`'))) kept.push(line)
      else {
        open = found[1]!
        if (mark) kept.push(mark)
      }
    } else if (found && found[1]![0] === open[0] && found[1]!.length >= open.length && found[2]!.trim() === '') {
      open = undefined
    }
    before = line
  }
  return { outside: kept.join('\n'), open: open !== undefined }
}

/** The text with something in place of each code block. */
export const withoutBlocks = (text: string, mark = ''): string => fenced(text, mark).outside

/** Is a code fence left open? */
export const openFence = (text: string): boolean => fenced(text, '').open

/** The text without code blocks and code spans: what is quoted as code is no defect. */
export const prose = (text: string): string => withoutBlocks(text).replace(/(?<!`)`+[^`\n]+`+/g, '`')

const quotes =
  /「[^「」\n]{0,400}」|『[^『』\n]{0,400}』|“[^“”\n]{0,400}”|"[^"\n]{0,400}"|[(（][^()（）\n]{0,400}[)）]|^[ \t]*>.*$/gm
/** Prose without what somebody else says: quotations, and remarks in brackets. */
export const ownWords = (text: string): string =>
  prose(text)
    .replace(quotes, ' ')
    .replace(/https?:\S+/g, ' ')

/** Length in words; three characters of Chinese, Japanese or Thai count as one. */
export const weight = (text: string): number =>
  (text.match(/[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Hangul}\p{Script=Greek}\p{N}]+/gu)?.length ?? 0) +
  (text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0) / 3

/** A line that is an item of a list. */
export const listLine = /^\s*(?:[-*+•・]|\d{1,3}[.)、])\s+/
/** A heading, a row of a table, or a line of code: dense with its marks. */
export function structural(line: string): boolean {
  if (/^\s*[#|]|\t\S.*\t/.test(line)) return true
  const marks = line.match(/[(){}[\]=;_<>]/g)?.length ?? 0
  return marks >= 3 && marks * 14 >= line.length
}
