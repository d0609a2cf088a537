import { parseHTML } from 'linkedom'
import { element, type Node } from './tree.ts'

/** What is used of the document that linkedom makes. */
export type Dom = {
  nodeType: number
  localName: string
  textContent: string
  firstChild: Dom | null
  nextSibling: Dom | null
  attributes: Iterable<{ name: string; value: string }>
}

/** A tree as a document, for what works on documents alone. It takes about 3 kB in memory for each element. */
export function documentOf(body: Node, title: string): Dom {
  const html = `<!DOCTYPE html><html><head><title>${escaped(title)}</title></head>${htmlOf(body)}</html>`
  return (parseHTML(html) as unknown as { document: Dom }).document
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
const empty = new Set(['br', 'hr', 'img', 'wbr', 'col', 'area', 'source', 'track', 'param'])

function htmlOf(node: Node): string {
  if (typeof node === 'string') return escaped(node)
  const attributes = Object.entries(node.attributes).map(
    ([name, value]) => ` ${name}="${escaped(value).replace(/"/g, '&quot;')}"`,
  )
  const open = `<${node.tag}${attributes.join('')}>`
  if (empty.has(node.tag)) return open
  // The parser drops a line feed right after it.
  const inner = node.children.map(htmlOf).join('')
  return `${open}${node.tag === 'pre' && inner.startsWith('\n') ? '\n' : ''}${inner}</${node.tag}>`
}

/** A document as a tree again. */
export function treeOf(node: Dom): Node {
  const children: Node[] = []
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.nodeType === 3) children.push(child.textContent)
    else if (child.nodeType === 1) children.push(treeOf(child))
  }
  const attributes: { [name: string]: string } = {}
  for (const { name, value } of node.attributes) attributes[name] = value
  return element(node.localName.toLowerCase(), attributes, children)
}
