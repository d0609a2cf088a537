import { type Element, element, has, type Node, textOf } from './tree.ts'

/** Marks that lead to a note: what says so, or a raised number that leads to a place in the document. */
function isMark(node: Element): boolean {
  const { role, href, 'epub:type': type, class: names } = node.attributes
  if (node.tag !== 'a' || !href?.includes('#')) return false
  if (/\bnoteref\b/.test(type ?? '') || role === 'doc-noteref') return true
  if (/(?:^|\s)(?:footnote-ref|footnoteref|fnref|footnote-reference|noteref)(?:\s|$)/i.test(names ?? '')) return true
  return false
}

/** Notes are short numbers, letters and signs: `1`, `[2]`, `*`. */
const shortMark = (text: string): boolean =>
  /^\s*[[(]?(?:\d{1,4}|[a-z]|[ivx]{1,5}|[*†‡§¶]{1,3}|注\d{1,3}|\*\d{1,3})[\])]?\s*$/i.test(text)

const isBackLink = (node: Element): boolean =>
  node.tag === 'a' &&
  (/\bdoc-backlink\b/.test(node.attributes.role ?? '') ||
    /(?:^|\s)(?:footnote-back(?:ref)?|reversefootnote|fn-back)(?:\s|$)/i.test(node.attributes.class ?? '') ||
    /^\s*[↩⏎↑^⤴]\ufe0e?\s*$/u.test(textOf(node)))

/** How notes are found: `at` turns what a mark leads to into the name of a place, or undefined. */
export type Notes = { at(href: string): string | undefined; labels: Map<string, string> }

const own: () => Notes = () => ({ at: href => (href.startsWith('#') ? href.slice(1) : undefined), labels: new Map() })

/**
 * Marks of notes as `[^1]`, and the notes they lead to as `[^1]: ...` where they stand. A mark that leads nowhere stays what
 * it is. `named` gives the place of an element with an id; notes of several files share `labels`.
 */
export function notesPlaced(root: Element, notes: Notes = own(), named: (id: string) => string = id => id): Element {
  const wanted = marksIn(root, notes)
  const there = targets([root], named)
  for (const place of wanted)
    if (there.has(place) && !notes.labels.has(place)) notes.labels.set(place, String(notes.labels.size + 1))
  return placed(root, notes, named)
}

/** Places that marks in a tree lead to, in order. */
export function marksIn(root: Element, { at }: Notes): string[] {
  const found: string[] = []
  const visit = (node: Node, raised: boolean): void => {
    if (typeof node === 'string') return
    const up = raised || node.tag === 'sup'
    const href = node.attributes.href
    if (
      node.tag === 'a' &&
      href &&
      !isBackLink(node) &&
      (isMark(node) || ((up || has(node, 'sup')) && shortMark(textOf(node))))
    ) {
      const place = at(href)
      if (place) found.push(place)
    }
    for (const child of node.children) visit(child, up)
  }
  visit(root, false)
  return [...new Set(found)]
}

/** Places of elements that can be a note: items, asides, paragraphs, or what an empty anchor in one of them names. */
export function targets(nodes: readonly Node[], named: (id: string) => string): Set<string> {
  const found = new Set<string>()
  const visit = (node: Node): void => {
    if (typeof node === 'string') return
    if (isNote(node)) for (const id of idsOf(node)) found.add(named(id))
    node.children.forEach(visit)
  }
  nodes.forEach(visit)
  return found
}

const isNote = (node: Element): boolean => /^(?:li|aside|p|div|dd|dt|section|td)$/.test(node.tag) && node.block

/** The ids that name a note: its own, and that of an anchor at its very beginning. */
function idsOf(node: Element): string[] {
  const ids = node.attributes.id ? [node.attributes.id] : []
  let first: Node | undefined = node
  for (let depth = 0; depth < 4 && first && typeof first !== 'string'; depth++) {
    first = first.children.find(child => typeof child !== 'string' || child.trim() !== '')
    if (first && typeof first !== 'string' && !first.block && first.attributes.id) ids.push(first.attributes.id)
  }
  return ids
}

function placed(root: Element, notes: Notes, named: (id: string) => string): Element {
  const done = new Set<string>()
  const visit = (node: Node, raised: boolean): Node[] => {
    if (typeof node === 'string') return [node]
    const { tag, attributes } = node
    if (isBackLink(node)) return []
    const up = raised || tag === 'sup'
    if (tag === 'a' && attributes.href && (isMark(node) || ((up || has(node, 'sup')) && shortMark(textOf(node))))) {
      const place = notes.at(attributes.href)
      const label = place && notes.labels.get(place)
      if (label && !done.has(place)) return [element('note-ref', { label }, [])]
    }
    const label = isNote(node)
      ? idsOf(node)
          .map(id => notes.labels.get(named(id)))
          .find(found => found !== undefined)
      : undefined
    if (label) {
      for (const id of idsOf(node)) done.add(named(id))
      const note = {
        ...element('note', { label }, unmarked(node.children.flatMap(child => visit(child, false)))),
        block: true,
      }
      return [note]
    }
    const children = node.children.flatMap(child => visit(child, up))
    // A list whose items are notes is none.
    if (/^[uo]l$/.test(tag) && children.some(child => typeof child !== 'string' && child.tag === 'note'))
      return children
    return [element(tag, attributes, children)]
  }
  const [whole] = visit(root, false)
  return typeof whole === 'string' || whole === undefined ? element('div', {}, []) : whole
}

/** A note repeats its number in front, often as the link back. */
function unmarked(children: Node[]): Node[] {
  const at = children.findIndex(child => typeof child !== 'string' || child.trim() !== '')
  const first = children[at]
  if (first === undefined) return children
  const rest = children.slice(at + 1)
  if (typeof first === 'string') return [first.replace(/^\s*(?:\[\d{1,4}\]|\d{1,4}\.)\s+/, ''), ...rest]
  if ((first.tag === 'a' || first.tag === 'sup') && shortMark(textOf(first).replace(/\.\s*$/, ''))) {
    const [next, ...others] = rest
    return [...(typeof next === 'string' ? [next.replace(/^\s*[.:]\s*/, '')] : next ? [next] : []), ...others]
  }
  if (first.tag === 'p' || first.tag === 'div')
    return [element(first.tag, first.attributes, unmarked(first.children)), ...rest]
  return children
}
