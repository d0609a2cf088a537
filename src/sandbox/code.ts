import type { Language } from './job.ts'

const names: { [language in Language]: RegExp } = {
  python: /^(?:python[\d.]*|py3?)$/i,
  javascript: /^(?:javascript|js|mjs|node)$/i,
}
const definitions: { [language in Language]: (name: string) => RegExp } = {
  python: name => new RegExp(`^[ \\t]*(?:(?:async[ \\t]+)?def|class)[ \\t]+${name}\\b|^${name}[ \\t]*=`, 'm'),
  javascript: name => new RegExp(`\\b(?:function\\*?|class|const|let|var)\\s+${name}\\b|^${name}\\s*=`, 'm'),
}

/** Where a program defines a name; undefined when it does not. */
export function definitionOf(name: string, code: string, language: Language): { at: number; text: string } | undefined {
  const found = definitions[language](name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).exec(code)
  return found ? { at: found.index, text: found[0] } : undefined
}

/** Fenced blocks of a text with their info string; a fence that is never closed reaches to the end. */
function blocksOf(text: string): { info: string; code: string }[] {
  const fenced = /^[ \t]*(`{3,}|~{3,})[ \t]*([\w.+-]*)[^\n]*\n([\s\S]*?)(?:^[ \t]*\1[ \t]*$|(?![\s\S]))/gm
  return [...text.matchAll(fenced)].map(([, , info, code]) => ({ info: info!, code: code! }))
}

/** Beginnings of a Python line without indentation; what begins otherwise is prose. */
const pythonLine =
  /^(?:import \w|from \S+ import |(?:async )?def \w|class \w|@\w|(?:if|elif|for|while|with|try|except|else|finally)\b.*:\s*(?:#.*)?$|(?:assert|return|raise|print|pass|del|global)\b|#|["'()[\]{}]|[A-Za-z_][\w.]*(?:\[[^\]]*\])?\s*(?:\(|=|[-+*/|&]=|:[^=]*=))/

/** Python without a fence, and without the sentences before and behind it: of a text that defines the entry point. */
function withoutProse(text: string, entry: string): string {
  const lines = text.split('\n')
  const defined = lines.findIndex(line => definitionOf(entry, line, 'python')?.at === 0 && pythonLine.test(line))
  if (defined < 0) return text
  const prose = (line: string) => /^\S/.test(line) && !pythonLine.test(line)
  // A line within a long string may begin with anything.
  const within = (i: number) =>
    (lines
      .slice(0, i)
      .join('\n')
      .match(/"""|'''/g)?.length ?? 0) %
      2 ===
    1
  const from = lines.slice(0, defined).findLastIndex(prose) + 1
  const end = lines.findIndex((line, i) => i > defined && prose(line) && !within(i))
  return lines.slice(within(from) ? 0 : from, end < 0 ? undefined : end).join('\n')
}

/**
 * The program in an answer: its fenced blocks of the language, or those that name none, up to the last one that defines
 * the entry point, since later versions replace earlier ones and examples of use follow; without a fence the text, of
 * Python without the sentences around it.
 */
export function codeOf(answer: string, language: Language, entry?: string): string {
  const blocks = blocksOf(answer)
  const named = blocks.filter(({ info }) => names[language].test(info))
  const fitting = (named.length > 0 ? named : blocks.filter(({ info }) => info === '')).map(({ code }) => code)
  if (fitting.length === 0) {
    if (blocks.length > 0) return ''
    return language === 'python' && entry !== undefined ? withoutProse(answer, entry) : answer
  }
  const last = entry === undefined ? -1 : fitting.findLastIndex(code => definitionOf(entry, code, language))
  return fitting.slice(0, last < 0 ? undefined : last + 1).join('\n')
}
