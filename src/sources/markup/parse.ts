import { Parser } from 'htmlparser2'
import { type Element, element, type Node } from './tree.ts'

/** A page: what is on it, and what it says of itself. */
export type Page = { body: Element; title?: string; language?: string; canonical?: string }

/** Deeper elements are taken for what stands in the one at this depth: nobody writes them on purpose. */
const deepest = 200
/** The parser goes over all that is open for each element that is opened. */
const mostOpen = 3000
/** About 200 MB in memory while it is read: thirty times an article of Wikipedia. */
const mostElements = 150_000
const mostCharacters = 16_000_000

/** Elements without text of the page. */
const silent = new Set([
  ...['script', 'style', 'noscript', 'template', 'svg', 'iframe', 'object', 'embed', 'select', 'button', 'input'],
  ...['textarea', 'canvas', 'video', 'audio', 'map', 'datalist', 'progress', 'meter', 'rt', 'rp', 'del', 'frameset'],
  ...['noframes', 'applet', 'dialog'],
])

/** Attributes that say something of the text. */
const told = new Set([
  ...[
    'id',
    'class',
    'role',
    'style',
    'href',
    'src',
    'alt',
    'hidden',
    'aria-hidden',
    'aria-modal',
    'colspan',
    'rowspan',
  ],
  ...[
    'start',
    'value',
    'type',
    'epub:type',
    'data-lang',
    'data-language',
    'display',
    'encoding',
    'alttext',
    'open',
    'close',
  ],
  ...['separators', 'linethickness', 'mathvariant', 'typeof', 'itemprop', 'title', 'name'],
])

/** What is about the page or holds all of it; its end may be missing. */
const transparent = /^(?:html|head|body|meta|link|base)$/

type Open = { tag: string; attributes: Element['attributes']; children: Node[]; closed?: true }

/** What begins ends the one before, up to what holds both (HTML Standard, 13.1.2.4). The parser knows of the last element alone. */
const ended: { [tag: string]: [before: RegExp, within: RegExp] } = {
  li: [/^li$/, /^(?:ul|ol|menu|dir)$/],
  dt: [/^d[td]$/, /^dl$/],
  dd: [/^d[td]$/, /^dl$/],
  td: [/^t[dh]$/, /^(?:table|tr)$/],
  th: [/^t[dh]$/, /^(?:table|tr)$/],
  tr: [/^tr$/, /^table$/],
}

/**
 * A page as a tree, read as leniently as browsers do: comments, scripts and controls are left out, what XHTML closes in its
 * first tag is closed. The TeX of MathJax 2 is kept, in elements marked `data-tex`. Undefined for a page of more elements
 * than fit in memory, or nested by the thousand.
 */
export function parsed(html: string): Page | undefined {
  if (html.length > mostCharacters) return undefined
  const root: Open = { tag: 'body', attributes: {}, children: [] }
  const stack: Open[] = [root]
  /** What the parser takes to be open, and our own of it. */
  const mirror: (Open | undefined)[] = []
  const page: Omit<Page, 'body'> = {}
  /** Elements that are open beyond the depth, inside of a silent one, and in the title. */
  let beyond = 0
  let quiet = 0
  let title: string | undefined
  let tex: { block: boolean; text: string } | undefined
  let elements = 0
  const head = html.slice(0, 2000)
  const xhtml = /^\s*<\?xml\b|<!DOCTYPE[^>]*XHTML|<html\b[^>]*\bxmlns\b/i.test(head)
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        mirror.push(undefined)
        if (++elements > mostElements) return
        if (name === 'html') page.language ??= attributes.lang ?? attributes['xml:lang'] ?? ''
        else if (name === 'link' && /(?:^|\s)canonical(?:\s|$)/i.test(attributes.rel ?? ''))
          page.canonical ??= attributes.href ?? ''
        if (quiet > 0 || silent.has(name)) {
          quiet++
          if (quiet === 1 && name === 'script' && /^math\/tex/i.test(attributes.type ?? ''))
            tex = { block: /mode=display/i.test(attributes.type!), text: '' }
          return
        }
        if (name === 'title') {
          title ??= ''
          quiet++
          return
        }
        if (transparent.test(name)) {
          // What marks all of a page marks its body.
          if (name === 'body') Object.assign(root.attributes, known(attributes))
          return
        }
        if (stack.length >= deepest) {
          if (++beyond > mostOpen) elements = Number.POSITIVE_INFINITY
          return
        }
        const rule = ended[name]
        if (rule) endBefore(stack, ...rule)
        const own: Open = { tag: name, attributes: known(attributes), children: [] }
        stack.push(own)
        mirror[mirror.length - 1] = own
      },
      ontext(text) {
        if (tex) tex.text += text
        else if (title !== undefined && page.title === undefined) title += text
        // Some codes stand for no character; readers put marks of their own in their place.
        else if (quiet === 0) push(stack, text.replace(/[\ufdd0-\ufdef]/g, ''))
      },
      onclosetag(name) {
        const own = mirror.pop()
        if (quiet > 0) {
          quiet--
          if (name === 'title' && title !== undefined) page.title ??= title.replace(/\s+/g, ' ').trim()
          if (tex && quiet === 0) {
            push(stack, element('span', { 'data-tex': tex.block ? 'block' : 'inline', class: 'math-tex' }, [tex.text]))
            tex = undefined
          }
          return
        }
        if (transparent.test(name)) return
        if (beyond > 0) {
          beyond--
          return
        }
        while (own && !own.closed) end(stack)
      },
    },
    { decodeEntities: true, recognizeSelfClosing: xhtml, recognizeCDATA: xhtml },
  )
  for (let at = 0; at < html.length && elements <= mostElements; at += 1 << 16)
    parser.write(html.slice(at, at + (1 << 16)))
  if (elements > mostElements) return undefined
  parser.end()
  while (stack.length > 1) end(stack)
  return { body: element('body', root.attributes, root.children), ...page }
}

function push(stack: Open[], node: Node): void {
  const { children } = stack.at(-1)!
  // Entities come one by one.
  if (typeof node === 'string' && typeof children.at(-1) === 'string') children[children.length - 1] += node
  else children.push(node)
}

function endBefore(stack: Open[], before: RegExp, within: RegExp): void {
  let at = stack.length - 1
  while (at > 0 && !before.test(stack[at]!.tag) && !within.test(stack[at]!.tag)) at--
  if (at > 0 && before.test(stack[at]!.tag)) while (stack.length > at) end(stack)
}

function end(stack: Open[]): void {
  const last = stack.pop()!
  last.closed = true
  const { tag, attributes, children } = last
  push(stack, element(tag, attributes, children))
}

function known(attributes: { [name: string]: string }): Element['attributes'] {
  const kept: Element['attributes'] = {}
  for (const name in attributes) if (told.has(name)) kept[name] = attributes[name]!
  return kept
}
