import sax from 'sax'
import { Unreadable } from '../bytes.ts'

/** An element of XML with its names as written. */
export type Xml = { name: string; attributes: { [name: string]: string }; children: (Xml | string)[] }

const deepest = 400
/** About 300 MB in memory. */
const mostElements = 1_500_000

/**
 * XML as a tree. Entities that a document declares are not expanded. What is not well-formed is read as far as it goes:
 * `whole` is false then. Throws `Unreadable` for more or deeper elements than a document has.
 */
export function xmlOf(text: string): { root: Xml; whole: boolean } {
  const parser = sax.parser(true, { position: false })
  const root: Xml = { name: '', attributes: {}, children: [] }
  const open: Xml[] = [root]
  let whole = true
  let elements = 0
  parser.onerror = () => {
    whole = false
    parser.error = null as never
    parser.resume()
  }
  parser.onopentag = ({ name, attributes }) => {
    const element: Xml = { name, attributes: attributes as Xml['attributes'], children: [] }
    if (++elements > mostElements || open.length > deepest)
      throw new Unreadable('too-costly', `XML of more than ${mostElements} elements, or nested ${deepest} deep`)
    open.at(-1)!.children.push(element)
    open.push(element)
  }
  parser.onclosetag = name => {
    if (open.length > 1 && open.at(-1)!.name === name) open.pop()
  }
  const add = (piece: string): void => {
    open.at(-1)!.children.push(piece)
  }
  parser.ontext = add
  parser.oncdata = add
  // In pieces, since the parser keeps what it is handed.
  for (let at = 0; at < text.length; at += 1 << 16) parser.write(text.slice(at, at + (1 << 16)))
  parser.close()
  return { root, whole }
}

/** The name without its prefix. */
export const local = (name: string): string => name.slice(name.indexOf(':') + 1)

/** Elements right below of this local name. */
export const childrenOf = (node: Xml, name: string): Xml[] =>
  node.children.filter((child): child is Xml => typeof child !== 'string' && local(child.name) === name)
export const childOf = (node: Xml | undefined, name: string): Xml | undefined => node && childrenOf(node, name)[0]

/** The first elements of this local name on each way down. */
export function allOf(node: Xml, name: string): Xml[] {
  return node.children.flatMap(child =>
    typeof child === 'string' ? [] : local(child.name) === name ? [child] : allOf(child, name),
  )
}

/** An attribute by its local name. */
export function attribute(node: Xml | undefined, name: string): string | undefined {
  if (!node) return undefined
  for (const [key, value] of Object.entries(node.attributes)) if (local(key) === name) return value
  return undefined
}

export const xmlText = (node: Xml | string): string =>
  typeof node === 'string' ? node : node.children.map(xmlText).join('')
