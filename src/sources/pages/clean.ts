import type { Dom, DomDocument } from '../markup/dom.ts'

/** What is on a page and not of it, whatever page it is. */
const outside = [
  ...[
    'nav',
    '[role=navigation]',
    '[role=search]',
    '[role=dialog]',
    '[role=alertdialog]',
    '[role=menu]',
    '[role=menubar]',
  ],
  ...[
    '[hidden]',
    '[aria-hidden=true]',
    '[aria-modal=true]',
    'head style',
    '.sr-only',
    '.visually-hidden',
    '.screen-reader-text',
  ],
  ...['.headerlink', '.header-anchor', '.anchor-link', '.anchorjs-link', '.skip-link', '.skip-to-content', '.skiplink'],
  // MediaWiki: edit links, marks of references and the list they lead to, boxes that lead elsewhere or ask for help.
  ...['.mw-editsection', 'sup.reference', '.mw-ref', '.mw-references-wrap', '.reflist', 'ol.references', '.navbox'],
  ...[
    '.vertical-navbox',
    '.sidebar.nomobile',
    '.hatnote',
    '.ambox',
    '.mbox-small',
    '.sistersitebox',
    '.side-box',
    '.catlinks',
  ],
  ...[
    '.mw-jump-link',
    '.mw-empty-elt',
    '.toc',
    '#toc',
    '.noprint',
    '.printfooter',
    '.metadata',
    '.portalbox',
    '.authority-control',
  ],
  ...[
    '.mw-indicators',
    '#coordinates',
    '.infobox-image',
    '.refbegin',
    '#siteSub',
    '#contentSub',
    '.vector-header-container',
    '.shortdescription',
    '.nomobile.navigation-box',
  ],
]

/** Asking for consent is nobody's text. Names of the common makers, and what others call it. */
const consent =
  /(?:^|[\s_-])(?:cookie[-_]?(?:banner|bar|consent|notice|popup|message|overlay|law|policy[-_]?(?:banner|notice)|dialog|modal|alert|info|disclaimer|warning|wrapper|container)s?|cookies?[-_](?:banner|bar|consent|notice)|(?:gdpr|consent)[-_]?(?:banner|bar|notice|popup|overlay|modal|dialog|manager|container)|onetrust[\w-]*|cc-window|cc-banner|cybotcookiebot\w*|didomi[\w-]*|usercentrics[\w-]*|qc-cmp2[\w-]*|truste[\w-]*|fc-consent[\w-]*|eu-cookie[\w-]*)(?:$|[\s_-])/i
const mostOfBanner = 4000

/** Takes out of a page what no reader of it reads: what is hidden, ways around the site, banners, marks of references. */
export function clean(document: DomDocument): void {
  for (const found of [...document.querySelectorAll(outside.join(','))]) {
    if (!holdsPage(found)) found.remove()
  }
  for (const found of [...document.querySelectorAll('[style],[id],[class]')]) {
    if (!found.parentNode || holdsPage(found)) continue
    const style = found.getAttribute('style')
    if (style && /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(style)) {
      found.remove()
      continue
    }
    const names = `${found.getAttribute('id') ?? ''} ${found.getAttribute('class') ?? ''}`
    if (consent.test(names) && found.textContent.length < mostOfBanner) found.remove()
  }
  // A link that only says where the heading is.
  for (const link of [...document.querySelectorAll('h1 a, h2 a, h3 a, h4 a, h5 a, h6 a')]) {
    if (/^\s*(?:[#¶§🔗]|\[edit\]|\[編集\])?\s*$/u.test(link.textContent) && !link.querySelector('img')) link.remove()
  }
}

/** Some put such a mark on what holds everything, and take it off by a script. */
const holdsPage = (node: Dom): boolean =>
  /^(?:html|body|main)$/i.test(node.nodeName) || node.querySelector('main, body') !== null
