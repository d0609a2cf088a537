import { parseHTML } from 'linkedom'
import { element, type Node } from './tree.ts'

/** What is used of the document that linkedom makes. */
export type Dom = {
  nodeType: number
  nodeName: string
  localName: string
  textContent: string
  firstChild: Dom | null
  nextSibling: Dom | null
  parentNode: Dom | null
  parentElement: Dom | null
  childNodes: Iterable<Dom>
  attributes: Iterable<{ name: string; value: string }>
  getAttribute(name: string): string | null
  setAttribute(name: string, value: string): void
  hasAttribute(name: string): boolean
  closest(selector: string): Dom | null
  matches(selector: string): boolean
  querySelector(selector: string): Dom | null
  querySelectorAll(selector: string): Iterable<Dom>
  replaceWith(...nodes: (Dom | string)[]): void
  remove(): void
  cloneNode(deep: boolean): Dom
}
export type DomDocument = Dom & { documentElement: Dom; body: Dom; createElement(tag: string): Dom }

/** Deeper than this nobody writes, and parsers go over it again for every element in it. */
const deepest = 256
/** About 200 MB of a document in memory. */
const mostTags = 150_000

/** True where a page is small and flat enough to become a document in memory. Looks at its tags alone. */
export function mayParse(html: string): boolean {
  let depth = 0
  let tags = 0
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at + 1)) {
    if (++tags > mostTags) return false
    const next = html.charCodeAt(at + 1)
    // Closing tags may be missing where the standard closes for itself: paragraphs, items, cells.
    if (next === 0x2f) depth = Math.max(0, depth - 1)
    else if (
      (next | 0x20) >= 0x61 &&
      (next | 0x20) <= 0x7a &&
      !/^(?:p|li|d[td]|t[dhr]|option|br|img|hr|input|meta|link|col|wbr|area|source|track|embed|param|base|rp|rt)\b/i.test(
        html.slice(at + 1, at + 9),
      )
    )
      depth++
    if (depth > 20 * deepest) return false
  }
  return true
}

/** A page as a document; a fragment gets a body around it. Undefined where it is nested deeper than can be walked. */
export function parsed(html: string): DomDocument | undefined {
  const closed = /^\s*(?:<\?xml\b|<!DOCTYPE[^>]*XHTML)|<html\b[^>]*\bxmlns\b/i.test(html.slice(0, 2000))
    ? withEnds(html)
    : html
  const whole = /<(?:body|head|frameset)[\s>/]/i.test(closed) ? closed : `<html><body>${closed}</body></html>`
  const { document } = parseHTML(whole) as unknown as { document: DomDocument }
  return depthOf(document.documentElement) > deepest ? undefined : document
}

const empty = /^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/i

/** Elements that XML closes in their first tag: HTML takes that for a beginning. */
const withEnds = (html: string): string =>
  html.replace(/<([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)\/>/g, (whole, tag: string, rest: string) =>
    empty.test(tag) ? whole : `<${tag}${rest}></${tag}>`,
  )

function depthOf(root: Dom): number {
  let depth = 1
  let most = 1
  let at: Dom = root
  for (;;) {
    if (at.nodeType === 1 && at.firstChild) {
      at = at.firstChild
      most = Math.max(most, ++depth)
      if (most > deepest) return most
      continue
    }
    while (!at.nextSibling) {
      if (depth === 1 || !at.parentNode) return most
      at = at.parentNode
      depth--
      if (at === root) return most
    }
    at = at.nextSibling
  }
}

/** Elements without text of the page. */
const silent = new Set([
  ...[
    'script',
    'style',
    'noscript',
    'template',
    'svg',
    'head',
    'iframe',
    'object',
    'embed',
    'select',
    'button',
    'input',
  ],
  ...[
    'textarea',
    'canvas',
    'video',
    'audio',
    'map',
    'datalist',
    'progress',
    'meter',
    'rt',
    'rp',
    'del',
    'title',
    'link',
  ],
  ...['meta', 'frameset', 'noframes', 'applet', 'dialog'],
])

/** Some codes stand for no character; readers put marks of their own in their place. */
const lettersOf = (node: Dom): string => node.textContent.replace(/[\ufdd0-\ufdef]/g, '')

/** A document as a tree: comments, scripts and controls are left out. */
export function treeOf(node: Dom): Node {
  if (node.nodeType === 3 || node.nodeType === 4) return lettersOf(node)
  const children: Node[] = []
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.nodeType === 3 || child.nodeType === 4) children.push(lettersOf(child))
    else if (child.nodeType === 1 && !silent.has(child.localName.toLowerCase())) children.push(treeOf(child))
  }
  const attributes: { [name: string]: string } = {}
  for (const { name, value } of node.attributes ?? []) attributes[name.toLowerCase()] = value
  return element((node.localName ?? 'div').toLowerCase(), attributes, children)
}
