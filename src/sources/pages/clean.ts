import { type Element, element, has, type Node, textOf } from '../markup/tree.ts'

const words = (text: string): Set<string> => new Set(text.trim().split(/\s+/))

/** What is on a page and not of it, whatever page it is. */
const roles = words('navigation search dialog alertdialog menu menubar')
const classes = words(`
  sr-only visually-hidden screen-reader-text headerlink header-anchor anchor-link anchorjs-link skip-link skip-to-content skiplink
  mw-editsection mw-ref mw-references-wrap reflist refbegin navbox vertical-navbox hatnote ambox mbox-small sistersitebox side-box
  catlinks mw-jump-link mw-empty-elt toc noprint printfooter metadata portalbox authority-control mw-indicators infobox-image
  vector-header-container shortdescription
`)
const ids = words('toc siteSub contentSub coordinates catlinks')

/** Asking for consent is nobody's text. Names of the common makers, and what others call it. */
const consent = new RegExp(
  `(?:^|[\\s_-])(?:${[
    'cookies?[-_]?(?:banner|bar|consent|notice|popup|message|overlay|law|dialog|modal|alert|disclaimer|warning|wrapper)s?',
    '(?:gdpr|consent)[-_]?(?:banner|bar|notice|popup|overlay|modal|dialog|manager)',
    'onetrust[\\w-]*|cc-window|cc-banner|cybotcookiebot\\w*|didomi[\\w-]*|usercentrics[\\w-]*|qc-cmp2[\\w-]*',
    'fc-consent[\\w-]*|eu-cookie[\\w-]*|truste[\\w-]*',
  ].join('|')})(?:$|[\\s_-])`,
  'i',
)
const mostOfBanner = 4000

/** A page without what no reader of it reads: what is hidden, ways around the site, banners, marks of references. */
export function cleaned(root: Element): Element {
  const visit = (node: Node, inHeading: boolean): Node[] => {
    if (typeof node === 'string') return [node]
    if (isOutside(node) && !holdsPage(node)) return []
    const { tag, attributes } = node
    // A link that only says where the heading is.
    if (inHeading && tag === 'a' && /^\s*(?:[#¶§🔗]|\[edit\]|\[編集\])?\s*$/u.test(textOf(node)) && !has(node, 'img'))
      return []
    const inner = inHeading || /^h[1-6]$/.test(tag)
    return [
      element(
        tag,
        attributes,
        node.children.flatMap(child => visit(child, inner)),
      ),
    ]
  }
  return element(
    root.tag,
    root.attributes,
    root.children.flatMap(child => visit(child, false)),
  )
}

function isOutside(node: Element): boolean {
  const { tag, attributes } = node
  if (tag === 'nav' || attributes.hidden !== undefined) return true
  if (attributes['aria-hidden'] === 'true' || attributes['aria-modal'] === 'true') return true
  if (attributes.role !== undefined && roles.has(attributes.role)) return true
  if (attributes.style && /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(attributes.style))
    return true
  const { id, class: names } = attributes
  if (id !== undefined && ids.has(id)) return true
  if (names !== undefined) {
    const own = names.split(/\s+/)
    if (own.some(name => classes.has(name))) return true
    if (own.includes('reference') && tag === 'sup') return true
    if (own.includes('references') && (tag === 'ol' || tag === 'div')) return true
  }
  return consent.test(`${id ?? ''} ${names ?? ''}`) && textOf(node).length < mostOfBanner
}

/** Some put such a mark on what holds everything, and take it off by a script. */
const holdsPage = (node: Element): boolean => node.tag === 'main' || has(node, 'main')
