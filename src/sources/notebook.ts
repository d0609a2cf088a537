import type { Json, Place } from '../records/index.ts'
import { textOfBytes, Unreadable } from './bytes.ts'
import type { Prose } from './form.ts'
import { fenced } from './markup/code.ts'
import { titleOf } from './text.ts'

/** Of what a cell printed: enough to see what it does, too little to drown the text around it. */
const most = { lines: 20, characters: 1000 }

type Lines = string | string[]
type Output = {
  output_type?: string
  name?: string
  stream?: string
  text?: Lines
  data?: { [type: string]: unknown }
  [key: string]: unknown
}
type Cell = { cell_type?: string; source?: Lines; input?: Lines; language?: string; level?: number; outputs?: Output[] }
type Notebook = {
  cells?: Cell[]
  worksheets?: { cells?: Cell[] }[]
  metadata?: { kernelspec?: { language?: string; name?: string }; language_info?: { name?: string } }
}

/**
 * A notebook of Jupyter (nbformat 3 and 4) as Markdown: its text as it is, code in fences of its language, and the text that
 * cells gave, `most` lines and characters of each. Errors, warnings, pictures and attachments are left out. Cells are places,
 * counted from 1 with those that are empty.
 */
export function readNotebook(bytes: Buffer): Prose {
  const notebook = parsed(textOfBytes(bytes))
  const cells = notebook.cells ?? notebook.worksheets?.flatMap(sheet => sheet.cells ?? [])
  if (!Array.isArray(cells)) throw new Unreadable('wrong-shape', 'no notebook: it has no cells')
  const { kernelspec, language_info } = notebook.metadata ?? {}
  const named =
    language_info?.name ??
    kernelspec?.language ??
    (/^(?:python|ir$|julia)/i.exec(kernelspec?.name ?? '')?.[0] || undefined)
  const language = (named ?? 'python').toLowerCase().replace(/^ir$/, 'r')
  const places: Place[] = []
  let text = ''
  for (const [i, cell] of cells.entries()) {
    const body = typeof cell === 'object' && cell !== null ? cellText(cell, language) : ''
    if (body === '') continue
    if (text !== '') text += '\n\n'
    places.push([text.length, `cell ${i + 1}`])
    text += body
  }
  const title = titleOf(text, 'markdown')
  return { text, format: 'markdown', ...(title ? { title } : {}), places }
}

function parsed(text: string): Notebook {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Unreadable('invalid-json', (error as Error).message)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Unreadable('wrong-shape', 'no notebook: it is no object')
  return value as Notebook
}

const joined = (lines: unknown): string =>
  typeof lines === 'string'
    ? lines
    : Array.isArray(lines)
      ? lines.filter(line => typeof line === 'string').join('')
      : ''

function cellText(cell: Cell, language: string): string {
  const source = joined(cell.source ?? cell.input).replace(/\r\n?/g, '\n')
  if (cell.cell_type === 'heading')
    return source.trim() === ''
      ? ''
      : `${'#'.repeat(Math.min(Math.max(cell.level ?? 1, 1), 6))} ${source.replace(/\s+/g, ' ').trim()}`
  if (cell.cell_type !== 'code') return withoutPictures(source).trim()
  const code = source.replace(/^(?:[ \t]*\n)+/, '').trimEnd()
  // The first line of a cell may hand all of it to another language.
  const magic = /^%%(bash|sh|html|javascript|js|latex|markdown|perl|ruby|sql|R|cython|script (?:bash|sh))\b/
    .exec(code)?.[1]
    ?.replace('script ', '')
  const parts = code === '' ? [] : [fenced(code, magic?.toLowerCase() ?? (cell.language ?? language).toLowerCase())]
  const output = shortened(
    Array.isArray(cell.outputs)
      ? cell.outputs
          .map(outputText)
          .filter(part => part !== '')
          .join('\n')
      : '',
  )
  if (output !== '') parts.push(fenced(output, 'text'))
  return parts.join('\n\n')
}

/** Pictures that lie in the notebook itself. */
const withoutPictures = (text: string): string =>
  text
    .replace(/!\[[^\]\n]*\]\((?:attachment:|data:)[^)]*\)/g, '')
    .replace(/<img\b[^>]*\bsrc\s*=\s*["']?(?:attachment:|data:)[^>]*>/gi, '')
    .replace(/\n{3,}/g, '\n\n')

function outputText(output: Output): string {
  if (typeof output !== 'object' || output === null) return ''
  const { output_type: type, name, stream } = output
  if (type === 'stream') return (name ?? stream) === 'stderr' ? '' : plain(joined(output.text))
  if (!/^(?:execute_result|display_data|pyout)$/.test(type ?? '')) return ''
  const data = (output.data ?? output) as { [type: string]: Json }
  if (Object.keys(data).some(key => /^(?:image\/|png|jpeg|svg)/.test(key))) return ''
  const text = plain(joined(data['text/markdown'] ?? data['text/plain'] ?? data.text ?? ''))
  // How an object calls itself that shows as something else.
  return /^<[^<>\n]{1,200}>$/.test(text.trim()) ? '' : text
}

/** Without colours of a terminal, and of a line that was written over the last state. */
function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out
      .replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
      .replace(/\r\n/g, '\n')
      .replace(/^[^\n]*\r(?=[^\n])/gm, '')
      .trimEnd()
  )
}

function shortened(text: string): string {
  const lines = text.split('\n')
  const kept: string[] = []
  let size = 0
  for (const line of lines) {
    if (kept.length >= most.lines || size + line.length > most.characters) break
    kept.push(line)
    size += line.length + 1
  }
  if (kept.length === lines.length) return text.trim() === '' ? '' : text
  return [...kept, ...(kept.length === 0 ? [lines[0]!.slice(0, most.characters)] : []), '...'].join('\n')
}
