const named: { [entity: string]: string } = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', ndash: '–', mdash: '—', hellip: '…', copy: '©' },
  ...{ lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', laquo: '«', raquo: '»', middot: '·', bull: '•', times: '×' },
  ...{ eacute: 'é', egrave: 'è', agrave: 'à', ccedil: 'ç', auml: 'ä', ouml: 'ö', uuml: 'ü', szlig: 'ß', ntilde: 'ñ' },
  ...{ euro: '€', pound: '£', yen: '¥', deg: '°', reg: '®', trade: '™', shy: '', zwnj: '', thinsp: ' ', ensp: ' ' },
}

/** Character references as the characters they stand for; what stands for none stays. */
export function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[name] ?? named[name.toLowerCase()] ?? whole
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
    return valid ? String.fromCodePoint(code) : '\ufffd'
  })
}

const attributes = /([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi

/** `<meta name content>` of a page, also those that use `http-equiv` or `property` for the name. */
export function metasOf(html: string): { name: string; content: string }[] {
  return [...html.matchAll(/<meta\b([^>]*)>/gi)].flatMap(([, inside = '']) => {
    const found: { [attribute: string]: string } = {}
    for (const [, key = '', a, b, c] of inside.matchAll(attributes))
      found[key.toLowerCase()] = unescaped(a ?? b ?? c ?? '')
    const name = found.name ?? found['http-equiv'] ?? found.property
    return name === undefined || found.content === undefined
      ? []
      : [{ name: name.toLowerCase(), content: found.content }]
  })
}

/** Elements whose content is no text of the page. */
const silent = /<(script|style|noscript|template|svg|head|nav|iframe|object|select)\b[^>]*>[\s\S]*?<\/\1\s*>/gi
const breaks =
  /<\/?(?:p|div|section|article|main|header|footer|aside|h[1-6]|ul|ol|dl|table|blockquote|pre|form|figure|hr)\b[^>]*>/gi
const lines = /<(?:br|li|tr|dt|dd|option)\b[^>]*>/gi

/**
 * Title and text of a page: its words without markup, paragraphs apart, headings marked as in Markdown. It knows nothing of
 * what on a page is its matter: `extract` and `rules` are for that.
 */
export function readHtml(html: string): { title?: string; text: string } {
  const whole = html.replace(/<!--[\s\S]*?-->/g, '').replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, '')
  const title = /<title\b[^>]*>([\s\S]*?)<\/title\s*>/i.exec(whole)?.[1]
  const body = /<body\b[^>]*>([\s\S]*)/i.exec(whole)?.[1] ?? whole
  const plain = unescaped(
    body
      .replace(silent, ' ')
      .replace(/\s+/g, ' ')
      .replace(/<h([1-6])\b[^>]*>/gi, (_, level: string) => `\n\n${'#'.repeat(Number(level))} `)
      .replace(/<li\b[^>]*>/gi, '\n- ')
      .replace(breaks, '\n\n')
      .replace(lines, '\n')
      .replace(/<\/(?:td|th)\s*>/gi, ' ')
      .replace(/<[^>]+>/g, ''),
  )
  const text = plain
    .split('\n')
    .map(line => line.replace(/[^\S\n]+/g, ' ').trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^#+$/gm, '')
    .trim()
  const name =
    title === undefined
      ? undefined
      : unescaped(title.replace(/<[^>]+>/g, ''))
          .replace(/\s+/g, ' ')
          .trim()
  return { ...(name ? { title: name } : {}), text }
}
