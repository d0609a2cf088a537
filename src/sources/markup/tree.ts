/** What is left of a page once it is parsed: text and elements, whatever it was written in. */
export type Node = string | Element
export type Element = {
  /** In lower case. */
  tag: string
  attributes: { [name: string]: string }
  children: Node[]
  /** It is a block, or holds one: it stands in no line of text. */
  block: boolean
}

const blocks = new Set([
  ...[
    'address',
    'article',
    'aside',
    'blockquote',
    'body',
    'caption',
    'center',
    'dd',
    'details',
    'dialog',
    'dir',
    'div',
  ],
  ...['dl', 'dt', 'fieldset', 'figcaption', 'figure', 'footer', 'form', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'header'],
  ...['hgroup', 'hr', 'html', 'legend', 'li', 'main', 'menu', 'nav', 'ol', 'p', 'pre', 'search', 'section', 'summary'],
  ...['table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr', 'ul', 'listing', 'xmp', 'plaintext'],
])

export function element(tag: string, attributes: Element['attributes'], children: Node[]): Element {
  // A displayed formula stands alone.
  const block = blocks.has(tag) || attributes['data-tex'] === 'block' || children.some(isBlock)
  return { tag, attributes, children, block }
}

export const isBlock = (node: Node): boolean => typeof node !== 'string' && node.block

/** All text below, as it stands. */
export function textOf(node: Node): string {
  return typeof node === 'string' ? node : node.children.map(textOf).join('')
}

/** Elements of these names in order, not those inside one that was found. */
export function find(node: Node, ...tags: string[]): Element[] {
  if (typeof node === 'string') return []
  return tags.includes(node.tag) ? [node] : node.children.flatMap(child => find(child, ...tags))
}

export const has = (node: Node, ...tags: string[]): boolean =>
  typeof node !== 'string' && (tags.includes(node.tag) || node.children.some(child => has(child, ...tags)))

/** True where the class of an element holds this word. */
export const classed = ({ attributes }: Element, pattern: RegExp): boolean =>
  (attributes.class ?? '').split(/\s+/).some(name => pattern.test(name))
