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

/**
 * The program in an answer: its fenced blocks of the language, or those that name none, up to the last one that defines
 * the entry point, since later versions replace earlier ones and examples of use follow; without a fence the whole text.
 */
export function codeOf(answer: string, language: Language, entry?: string): string {
  const blocks = blocksOf(answer)
  const named = blocks.filter(({ info }) => names[language].test(info))
  const fitting = (named.length > 0 ? named : blocks.filter(({ info }) => info === '')).map(({ code }) => code)
  if (fitting.length === 0) return blocks.length > 0 ? '' : answer
  const last = entry === undefined ? -1 : fitting.findLastIndex(code => definitionOf(entry, code, language))
  return fitting.slice(0, last < 0 ? undefined : last + 1).join('\n')
}
