import { type Block, blocks, type Format } from './blocks.ts'
import { comments } from './code.ts'

/**
 * The prose of a document without its markup: links and images to their text, emphasis, tags and comments out, code
 * spans as text. Headings, list items and table rows become lines, blocks are a blank line apart. Code blocks, front
 * matter and link definitions are no prose and go.
 * Of a program its comments and docstrings are left.
 */
export function plainText(text: string, format: Format = 'markdown'): string {
  if (format === 'text') return text.trim()
  if (format === 'code') return comments(text)
  return blocks(text, format)
    .map(block => prose(block, format))
    .filter(part => part !== '')
    .join('\n\n')
}

const silent = new Set(['front-matter', 'code', 'reference', 'comment', 'rule'])

function prose(block: Block, format: Format): string {
  if (silent.has(block.type)) return ''
  if (block.type === 'math') return block.text
  const inline = format === 'rst' ? rstInline : markdownInline
  if (block.type === 'heading') return inline(block.title ?? '')
  if (block.type === 'directive') return directive(block.text, format)
  const body = format === 'markdown' && block.type !== 'html' ? withoutFences(block.text) : block.text
  if (block.type === 'table') return table(body).map(inline).join('\n')
  const lines = body.split('\n').map(line => {
    if (block.type === 'list')
      return line.replace(/^[ \t]*(?:(?:[-*+•]|\d{1,9}[.)]|#\.)[ \t]+(?:\[[ xX]\][ \t]+)?|>[ \t]?)/, '')
    return block.type === 'quote' ? line.replace(/^[ \t]*>[ \t]?(?:\[![A-Z]+\])?/, '') : line
  })
  return inline(lines.join('\n'))
    .split('\n')
    .map(line => line.trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

function withoutFences(text: string): string {
  return text.replace(/^([ \t>]*)(`{3,}|~{3,})[^\n]*\n(?:[\s\S]*?\n)??[ \t>]*\2[`~]*[ \t]*$/gm, '')
}

function table(text: string): string[] {
  return text
    .split('\n')
    .filter(line => !/^[\s|:+=-]+$/.test(line))
    .map(line => line.replace(/^[ \t]*\|/, '').replace(/\|[ \t]*$/, ''))
    .map(line =>
      line
        .split(/(?<!\\)\|/)
        .map(cell => cell.trim())
        .join(', '),
    )
}

/** An admonition gives its title and body; figures, tables of contents and the like give nothing. */
function directive(text: string, format: Format): string {
  if (format === 'markdown') {
    if (text.startsWith(':')) return markdownInline(text.replace(/^:{3,}[ \t]*[\w-]*[ \t]*/, '')).trim()
    const [head, ...body] = text.split('\n')
    const title = /"([^"]*)"/.exec(head!)?.[1] ?? ''
    return [title, plainText(dedent(body).join('\n'))].filter(part => part !== '').join('\n')
  }
  const [head, ...body] = text.split('\n')
  const [, name, argument] = /^\.\.[ \t]+([\w:+.-]+)::[ \t]*(.*)$/.exec(head!) ?? []
  if (
    !name ||
    !/^(?:note|tip|hint|important|warning|caution|danger|attention|error|admonition|seealso|topic|sidebar|rubric|versionadded|versionchanged|versionremoved|deprecated|glossary|epigraph)$/.test(
      name,
    )
  ) {
    return ''
  }
  const inner = dedent(body).filter(
    (line, i, all) => !(/^:[\w-]+:/.test(line) && all.slice(0, i).every(l => /^:[\w-]+:/.test(l))),
  )
  return [rstInline(argument ?? ''), plainText(inner.join('\n'), 'rst')].filter(part => part !== '').join('\n')
}

function dedent(lines: string[]): string[] {
  const depth = lines.reduce(
    (least, line) => (line.trim() ? Math.min(least, line.length - line.trimStart().length) : least),
    99,
  )
  return lines.map(line => line.slice(Math.min(depth, line.length - line.trimStart().length)))
}

const entities: { [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  mdash: '—',
  ndash: '–',
  hellip: '…',
}

/** Markdown inside a line. Code spans and escapes are set aside first, so that nothing in them counts as markup. */
function markdownInline(text: string): string {
  const aside: string[] = []
  const keep = (kept: string) => `\ue000${aside.push(kept) - 1}\ue001`
  let out = text
    .replace(/(?<!`)(`{1,3})(?!`)([^\n]{0,2000}?(?:\n[^\n]{1,400}?)?[^`\n])\1(?!`)/g, (_, __, code: string) =>
      keep(code.trim()),
    )
    .replace(/\\([!-/:-@[-`{-~])/g, (_, c: string) => keep(c))
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/\{\{[<%][^\n]{0,500}?[>%]\}\}/g, '')
    .replace(/\[\^[^\]\s]{1,80}\](:[ \t])?/g, '')
  for (let before = ''; before !== out; ) {
    before = out
    out = out
      .replace(/!?\[([^[\]]{0,2000})\]\((?:[^()\n]|\([^()\n]{0,300}\)){0,1000}\)(?:\{[^{}\n]{0,200}\})?/g, '$1')
      .replace(/!?\[([^[\]]{1,2000})\]\[[^[\]\n]{0,200}\]/g, '$1')
  }
  return out
    .replace(/<sup>(?=[^<\s])/gi, '^')
    .replace(/<((?:https?|mailto):[^>\s]+|[\w.+-]+@[\w.-]+)>/g, '$1')
    .replace(/<\/?[A-Za-z][\w.:-]*(?:[ \t\n][^<>]{0,2000})?\/?>/g, '')
    .replace(/\[\[?([^[\]]{1,200})\]\]?(?=\W|$)/g, (whole, label: string) =>
      /^[\ue000\w]/.test(label) && !/^[ xX\d,.\s-]*$/.test(label) ? label : whole,
    )
    .replace(/(\*\*\*|___)(?=\S)([^\n]{0,1000}?\S)\1/g, '$2')
    .replace(/(\*\*|(?<![\p{L}\p{N}])__|~~)(?=\S)([\s\S]{0,1000}?\S)\1(?!\*)/gu, '$2')
    .replace(/\*(?=[^\s*])([^*]{0,1000}?[^\s*])\*/g, '$1')
    .replace(/(?<![\p{L}\p{N}_])_(?=[^\s_])([^_\n]{0,1000}?[^\s_])_(?![\p{L}\p{N}_])/gu, '$1')
    .replace(
      /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w{2,8}));/g,
      (whole, dec?: string, hex?: string, name?: string) => {
        if (name) return entities[name] ?? whole
        const code = dec ? Number(dec) : Number.parseInt(hex!, 16)
        return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
      },
    )
    .replace(/\\$/gm, '')
    .replace(/\ue000(\d+)\ue001/g, (_, i: string) => aside[Number(i)] ?? '')
}

/** reStructuredText inside a line: literals, roles, references and emphasis. */
function rstInline(text: string): string {
  const aside: string[] = []
  const keep = (kept: string) => `\ue000${aside.push(kept) - 1}\ue001`
  return text
    .replace(/``([\s\S]{1,1000}?)``/g, (_, code: string) => keep(code))
    .replace(/:(pep|rfc):`(\d+)`/g, (_, series: string, n: string) => `${series.toUpperCase()} ${n}`)
    .replace(
      /:[\w:+.-]{1,60}:`([^`]{1,500})`/g,
      (_, inner: string) => /^([\s\S]*?)\s*<[^<>]+>$/.exec(inner)?.[1] || inner.replace(/^[~!]/, ''),
    )
    .replace(/`([^`<>]{1,500}?)\s*<[^<>`]{1,1000}>`__?/g, '$1')
    .replace(/`([^`]{1,500})`_{0,2}/g, '$1')
    .replace(/(?<![\p{L}\p{N}])\*\*(?=\S)([^*]{1,1000}?)\*\*/gu, '$1')
    .replace(/(?<![\p{L}\p{N}*])\*(?=[^\s*])([^*\n]{1,500}?)\*(?!\*)/gu, '$1')
    .replace(/\[(?:#[\w-]*|\d+|\*)\]_/g, '')
    .replace(/(?<=[\p{L}\p{N}])__?(?=[\s.,;:)]|$)/gu, '')
    .replace(/\|([^|\s][^|\n]{0,80})\|/g, '$1')
    .replace(/::[ \t]*$/gm, ':')
    .replace(/\\(.)/g, '$1')
    .replace(/\ue000(\d+)\ue001/g, (_, i: string) => aside[Number(i)] ?? '')
}
