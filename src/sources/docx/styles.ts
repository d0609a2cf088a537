import { attribute, childOf, childrenOf, type Xml } from '../markup/xml.ts'

/** What a style says of a paragraph or run, with the styles that it is based on. */
export type Style = {
  names: string[]
  /** 1 to 9. */
  heading?: number
  title: boolean
  code: boolean
  quote: boolean
  /** A line of a table of contents, of figures, or of an index that Word made. */
  listing: boolean
  hidden: boolean
  raised?: 'sup' | 'sub'
  numbering?: { id?: string; level: number }
}

const plainStyle: Style = { names: [], title: false, code: false, quote: false, listing: false, hidden: false }

const mono =
  /courier|consolas|menlo|monaco|\bmono|mono\b|monospace|lucida console|source code|fira code|inconsolata|typewriter|terminal|ＭＳ ゴシック等幅/i

const headingNames =
  /^(?:heading|überschrift|titre|título|titolo|kop|rubrik|overskrift|otsikko|nagłówek|заголовок|見出し|标题|標題|제목|başlık)\s*([1-9])$/i
/** Styles of a publisher that count their heads by letters. */
const letteredHead = /^head(?:ing)?[ _-]?([A-E])(?:number)?$/i
const codeNames =
  /code|html preformatted|preformatted|source ?text|verbatim|listing$|^programm?|^terminal|^console|^macro text$/i
const noCode = /caption|label|title|number|head|space|spacer|annotation$|postal|zip|barcode/i

/** True for a face of letters that are equally wide. */
export const isMono = (font: string | undefined): boolean => font !== undefined && mono.test(font)

export const isOn = (node: Xml | undefined): boolean =>
  node !== undefined && !/^(?:0|false|off)$/.test(attribute(node, 'val') ?? '1')

/** The styles of a document by id. */
export function stylesOf(root: Xml | undefined): (id: string | undefined) => Style {
  const all = new Map<string, Xml>()
  for (const styles of root ? childrenOf(root, 'styles') : [])
    for (const style of childrenOf(styles, 'style')) all.set(attribute(style, 'styleId') ?? '', style)
  const known = new Map<string, Style>()
  return id => {
    if (id === undefined) return plainStyle
    const style = known.get(id) ?? resolved(id, all)
    known.set(id, style)
    return style
  }
}

function resolved(id: string, all: Map<string, Xml>): Style {
  const chain: Xml[] = []
  for (let at: string | undefined = id; at !== undefined && chain.length < 20; ) {
    const style = all.get(at)
    if (!style || chain.includes(style)) break
    chain.push(style)
    at = attribute(childOf(style, 'basedOn'), 'val')
  }
  // A document may name a style that it does not hold.
  const names = chain.length > 0 ? chain.map(style => attribute(childOf(style, 'name'), 'val') ?? '') : [id]
  const runs = chain.map(style => childOf(style, 'rPr'))
  const paragraphs = chain.map(style => childOf(style, 'pPr'))
  const first = <T>(found: (T | undefined)[]): T | undefined => found.find(one => one !== undefined)
  const outline = first(paragraphs.map(one => attribute(childOf(one, 'outlineLvl'), 'val')))
  const lettered = letteredHead.exec(names[0]!)?.[1]
  const byName = first(names.map(name => headingNames.exec(name.trim())?.[1]))
  const level =
    byName !== undefined
      ? Number(byName)
      : lettered
        ? 'ABCDE'.indexOf(lettered.toUpperCase()) + 1
        : Number(outline ?? 9) + 1
  const font = first(runs.map(one => attribute(childOf(one, 'rFonts'), 'ascii')))
  const raised = first(runs.map(one => attribute(childOf(one, 'vertAlign'), 'val')))
  const numbered = first(paragraphs.map(one => childOf(one, 'numPr')))
  const listing = names.some(name =>
    /^(?:toc \d|toc heading|table of figures|table of authorities|index \d|index heading|inhaltsverzeichnis|目次)/i.test(
      name,
    ),
  )
  const hidden = first(runs.map(one => childOf(one, 'vanish')))
  return {
    names,
    ...(level >= 1 && level <= 9 && !listing ? { heading: level } : {}),
    title: /^(?:title|chaptertitle|titel|titre|título|titolo|表題|标题|제목|booktitle|appendixtitle)$/i.test(
      names[0]!.replace(/\s/g, ''),
    ),
    code: (codeNames.test(names[0]!) && !noCode.test(names[0]!)) || (isMono(font) && !noCode.test(names[0]!)),
    quote: names.some(name => /^(?:intense )?quote$|^block ?quot|^blocktext$|^block text$|^extractpara/i.test(name)),
    listing,
    hidden: isOn(hidden),
    ...(raised === 'superscript'
      ? { raised: 'sup' as const }
      : raised === 'subscript'
        ? { raised: 'sub' as const }
        : {}),
    ...(numbered ? { numbering: numberingIn(numbered) } : {}),
  }
}

export function numberingIn(node: Xml): { id?: string; level: number } {
  const id = attribute(childOf(node, 'numId'), 'val')
  return { ...(id === undefined ? {} : { id }), level: Number(attribute(childOf(node, 'ilvl'), 'val') ?? 0) || 0 }
}
