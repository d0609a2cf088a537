import { classed, type Element, type Node } from './tree.ts'

/** Names that highlighters give what has no language. */
const none =
  /^(?:none|no-?highlight|text|txt|plain|plaintext|default|output|console-output|code|block|wrapper|inline|literal-block|notranslate|source|lines?|dark|light)$/

const prefixed =
  /(?:^|\s)(?:language|lang|highlight-source|highlight-text|mw-highlight-lang|highlight|brush:?|code)[-: ]\s*([a-z][\w+#.-]*)/gi
const second = /(?:^|\s)(?:sourceCode|hljs|prettyprint|src|src-)\s+([a-z][\w+#-]*)(?:\s|$)/i

/** The language that an element says its code is in, as its highlighter calls it. */
export function languageOf({ tag, attributes }: Element): string | undefined {
  const data = attributes['data-lang'] ?? attributes['data-language']
  if (data !== undefined && /^[a-z][\w+#-]*$/i.test(data)) return plain(data)
  const names = attributes.class
  if (names === undefined) return undefined
  const found = [...names.matchAll(prefixed)].map(([, name]) => name!)
  if (tag === 'pre' || tag === 'code') found.push(second.exec(names)?.[1] ?? '')
  return found.map(plain).find(name => name !== undefined)
}

function plain(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/^source-/, '')
  if (lower === '' || none.test(lower)) return undefined
  return /^(?:i?python[23]|ipython)$/.test(lower) ? 'python' : lower
}

const numbers = /^(?:linenos?|line-?numbers?(?:-rows)?|gutter|lineno|ln|hljs-ln-numbers|copy-?button|copybtn)$/i

/** Code as it stands, without numbers of lines and without blank lines around. */
export function codeText(nodes: readonly Node[]): string {
  return raw(nodes)
    .replace(/\r\n?/g, '\n')
    .replace(/\u00a0/g, ' ')
    .replace(/^(?:[ \t]*\n)+/, '')
    .trimEnd()
}

function raw(nodes: readonly Node[]): string {
  let text = ''
  for (const node of nodes) {
    if (typeof node === 'string') text += node
    else if (node.tag === 'br') text += '\n'
    else if (!classed(node, numbers)) {
      // Lines of code that are blocks: one begins and ends a line.
      if (node.block && text !== '' && !text.endsWith('\n')) text += '\n'
      text += raw(node.children)
      if (node.block && !text.endsWith('\n')) text += '\n'
    }
  }
  return text
}

/** A fence that is longer than any in the code. */
export function fenced(text: string, language: string): string {
  const longest = (text.match(/`{3,}/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2)
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}
