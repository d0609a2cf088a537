import { withoutBlocks } from '../../text/index.ts'

const wantsJson = /\bjson\b/i
const structured =
  /\b(?:json|yaml|xml|csv|schema|dictionary|object|array|format(?:ted)? as|list of (?:keys|fields))\b|形式|スキーマ|フォーマット|配列/i

/** A reply that is bare JSON though the request neither spoke of a format nor brought any. */
export function strayJson(answer: string, prompt: string): boolean {
  const body = answer
    .trim()
    .replace(/^```(?:json)?\s*\n([\s\S]*?)\n```$/, '$1')
    .trim()
  if (!/^[{[][\s\S]*[}\]]$/.test(body) || /[[{]/.test(prompt) || wantsJson.test(prompt) || structured.test(prompt))
    return false
  const value = parsed(body)
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

const jsonBlock = /^[ \t]*(`{3,}|~{3,})json[ \t]*\n([\s\S]*?)\n[ \t]*\1/gim
/** Left out on purpose, or a comment: meant for people. */
const abridged = /\.{3}|…|^\s*(?:\/\/|#)|\/\*|<[a-z][\w -]*>/im

/** The beginning of JSON that does not parse, where the block is named so or the whole answer was to be JSON. */
export function badJson(answer: string, prompt: string): string | undefined {
  for (const [, , block] of answer.matchAll(jsonBlock)) {
    const body = block!.trim()
    if (/^[{[]/.test(body) && !abridged.test(body) && !isJson(body)) return body.slice(0, 80)
  }
  const body = answer.trim()
  if (!wantsJson.test(prompt) || !/^(?:\{\s*["}]|\[\s*[[{"\d\]])/.test(body)) return undefined
  return isJson(body) || abridged.test(body) ? undefined : body.slice(0, 80)
}

/** One value, or one a line. */
const isJson = (text: string): boolean =>
  parsed(text) !== undefined || text.split('\n').every(line => line.trim() === '' || parsed(line) !== undefined)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const delimiter = /^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)+\|?[ \t]*$/

/** A row of a Markdown table that has other cells than its head. */
export function raggedRow(text: string): string | undefined {
  if (!text.includes('|')) return undefined
  const lines = withoutBlocks(text).split('\n')
  for (let i = 1; i < lines.length; i++) {
    if (!delimiter.test(lines[i]!) || !lines[i - 1]!.includes('|')) continue
    const columns = cells(lines[i]!)
    if (cells(lines[i - 1]!) !== columns) return lines[i - 1]!.trim()
    while (++i < lines.length && /^\s*\|/.test(lines[i]!)) {
      if (cells(lines[i]!) !== columns) return lines[i]!.trim()
    }
  }
  return undefined
}

/** Bars in code spans and escaped ones divide nothing. */
const cells = (row: string): number =>
  row
    .replace(/\\\|/g, '')
    .replace(/(`+)[^`]*\1/g, '')
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|').length
