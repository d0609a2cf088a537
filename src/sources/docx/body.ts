import { placeMark } from '../markup/places.ts'
import { type Element, element, type Node, textOf } from '../markup/tree.ts'
import { allOf, attribute, childOf, childrenOf, local, type Xml, xmlText } from '../markup/xml.ts'
import { texOfOmml } from './equations.ts'
import type { Numbering } from './numbering.ts'
import { isMono, isOn, numberingIn, type Style } from './styles.ts'
import { symbolText } from './symbols.ts'

export type Parts = {
  styles(id: string | undefined): Style
  numbering: Numbering
  /** Bodies of notes by `footnote 2` and `endnote 2`. */
  notes: Map<string, Xml>
}

type Piece = { as: '' | 'code' | 'sup' | 'sub'; node: Node }
type Paragraph = { nodes: Node[]; boxes: Node[]; mono: boolean }

/**
 * Makes a tree of the body of a document: what is deleted or hidden is left out, what is inserted is in. `unclosed`: a field
 * whose code never ends has taken the text behind it.
 */
export function bodyOf(root: Xml, parts: Parts): { nodes: Node[]; title?: string; unclosed: boolean } {
  const all = allOf(root, 'body')[0] ?? root
  // Word notes where pages began when it showed the document last; else only breaks that somebody made are known.
  const rendered = allOf(all, 'lastRenderedPageBreak').length > 0
  const wanted: string[] = []
  const fields: ('code' | 'result')[] = []
  let page = ''
  let carried: { children: Xml[]; properties: Xml | undefined } | undefined
  let unclosed = false
  let title: string | undefined
  const hasTitle = allOf(all, 'pStyle').some(style => parts.styles(attribute(style, 'val')).title)

  const newPage = (from: boolean): void => {
    if (from === rendered) page += placeMark
  }

  /** What a body, a cell, a note or a box holds: nothing goes on behind its end. */
  const blocksIn = (node: Xml): Node[] => [...blocksOf(node.children), ...uncarried()]

  /** Text whose paragraph lost its end, and which no other follows. */
  function uncarried(): Node[] {
    if (!carried) return []
    const { children, properties } = carried
    carried = undefined
    const shown = children.some(child => !/^(?:del|moveFrom)$/.test(local(child.name)) && allOf(child, 't').length > 0)
    const kept = properties?.children.filter(child => typeof child === 'string' || local(child.name) !== 'rPr')
    // One that is deleted whole is no item of a list.
    return paragraphOf({
      ...{ name: 'p', attributes: {} },
      children: [...(shown && kept ? [{ ...properties!, children: kept }] : []), ...children],
    })
  }

  /** Commands of a field count where they are not shown, too: those that are shown belong to them. */
  const fieldsIn = (node: Xml): void => {
    for (const one of allOf(node, 'fldChar')) field(attribute(one, 'fldCharType'))
  }

  function blocksOf(nodes: readonly (Xml | string)[]): Node[] {
    const out: Node[] = []
    for (const node of nodes) {
      if (typeof node === 'string') continue
      switch (local(node.name)) {
        case 'p':
          out.push(...paragraphOf(node))
          break
        case 'tbl':
          out.push(...uncarried(), tableOf(node))
          break
        case 'sdt':
          if (!isContents(node)) out.push(...blocksOf(childrenOf(node, 'sdtContent').flatMap(one => one.children)))
          break
        case 'oMathPara':
        case 'oMath':
          out.push(formula(node, true))
          break
        case 'del':
        case 'moveFrom':
          fieldsIn(node)
          break
        case 'ins':
        case 'moveTo':
        case 'customXml':
        case 'smartTag':
          out.push(...blocksOf(node.children))
          break
        case 'AlternateContent':
          out.push(...blocksOf(alternative(node)))
          break
      }
    }
    return out
  }

  const isContents = (node: Xml): boolean =>
    allOf(childOf(node, 'sdtPr') ?? node, 'docPartGallery').some(one =>
      /table of contents/i.test(attribute(one, 'val') ?? ''),
    )

  function paragraphOf(node: Xml): Node[] {
    const properties = childOf(node, 'pPr')
    // Its end was deleted: what is left of it belongs to the next one.
    if (childOf(childOf(properties, 'rPr'), 'del')) {
      carried = { children: carried?.children ?? [], properties }
      for (const child of node.children)
        if (typeof child !== 'string' && local(child.name) !== 'pPr') carried.children.push(child)
      return []
    }
    const children = [...(carried?.children ?? []), ...node.children]
    carried = undefined
    const id = attribute(childOf(properties, 'pStyle'), 'val')
    const style = parts.styles(id)
    if (isOn(childOf(properties, 'pageBreakBefore'))) newPage(false)
    const { nodes, boxes, mono } = inlineOf(children, style)
    const text = nodes.map(textOf).join('')
    if (style.listing || style.hidden) return boxes
    const outline = attribute(childOf(properties, 'outlineLvl'), 'val')
    const level = outline !== undefined && Number(outline) < 9 ? Number(outline) + 1 : style.heading
    // A paragraph without text is counted all the same.
    const label = labelOf(properties, style, id)
    if (text.trim() === '' && !nodes.some(one => typeof one !== 'string')) {
      // A blank line between lines of code is one of them.
      return style.code ? [element('pre', {}, ['']), ...boxes] : boxes
    }
    if (style.code || (mono && level === undefined && label === undefined)) {
      return [element('pre', {}, [codeOf(nodes)]), ...boxes]
    }
    const spelt = label !== undefined && /\p{L}{3}|第/u.test(label.text)
    const numbered: Node[] = label?.text
      ? [`${label.text}${spelt && level === undefined && /\d$/.test(label.text) ? ':' : ''} `, ...nodes]
      : nodes
    if (style.title) {
      title ??= text.replaceAll(placeMark, '').replace(/\s+/g, ' ').trim()
      return [element('h1', {}, numbered), ...boxes]
    }
    if (level !== undefined) return [element(`h${Math.min(6, level + (hasTitle ? 1 : 0))}`, {}, numbered), ...boxes]
    if (spelt || (label !== undefined && /caption|label|title/i.test(style.names[0] ?? '')))
      return [element('p', {}, numbered), ...boxes]
    if (label !== undefined)
      return [element('li', { 'data-label': label.text, 'data-level': String(label.level) }, nodes), ...boxes]
    if (style.quote) return [element('blockquote', {}, [element('p', {}, nodes)]), ...boxes]
    return [element('p', {}, nodes), ...boxes]
  }

  function labelOf(
    properties: Xml | undefined,
    style: Style,
    id: string | undefined,
  ): { text: string; level: number } | undefined {
    const direct = childOf(properties, 'numPr')
    const own = direct && numberingIn(direct)
    const list = own?.id ?? style.numbering?.id
    if (list === undefined || list === '0') return undefined
    const level =
      own && childOf(direct, 'ilvl')
        ? own.level
        : (parts.numbering.levelOf(list, id) ?? style.numbering?.level ?? own?.level ?? 0)
    const text = parts.numbering.next(list, level)
    return text === undefined ? undefined : { text: text.trim(), level }
  }

  function inlineOf(children: readonly (Xml | string)[], style: Style): Paragraph {
    const pieces: Piece[] = []
    const boxes: Node[] = []
    let letters = 0
    let equal = 0
    const add = (as: Piece['as'], node: Node): void => {
      const shown = page !== '' && typeof node === 'string' && node.trim() !== '' ? page + node : node
      if (shown !== node) page = ''
      const last = pieces.at(-1)
      if (last && last.as === as && typeof last.node === 'string' && typeof shown === 'string') last.node += shown
      else pieces.push({ as, node: shown })
    }

    const visitRun = (run: Xml): void => {
      const properties = childOf(run, 'rPr')
      const own = parts.styles(attribute(childOf(properties, 'rStyle'), 'val'))
      const vanish = childOf(properties, 'vanish')
      if (vanish ? isOn(vanish) : own.hidden) {
        fieldsIn(run)
        return
      }
      const fonts = childOf(properties, 'rFonts')
      const font = attribute(fonts, 'ascii') ?? attribute(fonts, 'hAnsi')
      const aligned = attribute(childOf(properties, 'vertAlign'), 'val')
      const raised =
        aligned === 'superscript'
          ? 'sup'
          : aligned === 'subscript'
            ? 'sub'
            : aligned === undefined
              ? own.raised
              : undefined
      const code = own.code || isMono(font)
      const as = style.code ? '' : (raised ?? (code ? 'code' : ''))
      const annotated = /annotation/i.test(own.names[0] ?? '') && !/reference|text|subject/i.test(own.names[0] ?? '')
      for (const child of run.children) {
        if (typeof child === 'string') continue
        const name = local(child.name)
        if (name === 'fldChar') {
          field(attribute(child, 'fldCharType'))
          continue
        }
        // What stands in the code of a field is a command and no text.
        if (fields.includes('code')) continue
        switch (name) {
          case 't': {
            const text = symbolText(xmlText(child).replace(/[\ufdd0-\ufdef]/g, ''), font)
            letters += text.trim().length
            if (code) equal += text.trim().length
            add(annotated ? '' : as, annotated ? circled(text) : text)
            break
          }
          case 'tab':
          case 'ptab':
            add(as, '\t')
            break
          case 'br':
            if (attribute(child, 'type') === 'page') newPage(false)
            else add('', style.code ? '\n' : element('br', {}, []))
            break
          case 'cr':
            add('', style.code ? '\n' : element('br', {}, []))
            break
          case 'lastRenderedPageBreak':
            newPage(true)
            break
          case 'noBreakHyphen':
            add(as, '-')
            break
          case 'sym':
            add(
              as,
              symbolText(
                String.fromCharCode(Number.parseInt(attribute(child, 'char') ?? '20', 16) || 32),
                attribute(child, 'font'),
              ),
            )
            break
          case 'footnoteReference':
          case 'endnoteReference': {
            const key = `${name.replace('Reference', '')} ${attribute(child, 'id')}`
            if (!parts.notes.has(key) || attribute(child, 'customMarkFollows') === '1') break
            if (!wanted.includes(key)) wanted.push(key)
            add('', element('note-ref', { label: String(wanted.indexOf(key) + 1) }, []))
            break
          }
          case 'ruby':
            for (const inner of allOf(childOf(child, 'rubyBase') ?? child, 'r')) visitRun(inner)
            break
          case 'drawing':
          case 'pict':
          case 'object':
            boxes.push(...boxed(child))
            break
          case 'AlternateContent': {
            // Text boxes stand in it twice, as Word has them and as older ones do.
            const shapes = alternative(child)
            for (const inner of shapes) boxes.push(...boxed(inner))
            break
          }
        }
      }
    }

    const visit = (nodes: readonly (Xml | string)[]): void => {
      for (const child of nodes) {
        if (typeof child === 'string') continue
        switch (local(child.name)) {
          case 'r':
            visitRun(child)
            break
          case 'oMath':
            add('', formula(child, false))
            break
          case 'oMathPara':
            for (const one of childrenOf(child, 'oMath')) add('', formula(one, true))
            break
          case 'hyperlink':
          case 'ins':
          case 'moveTo':
          case 'smartTag':
          case 'customXml':
          case 'fldSimple':
          case 'sdtContent':
          case 'bdo':
          case 'dir':
            visit(child.children)
            break
          case 'del':
          case 'moveFrom':
            fieldsIn(child)
            break
          case 'sdt':
            visit(childrenOf(child, 'sdtContent'))
            break
          case 'AlternateContent':
            visit(alternative(child))
            break
        }
      }
    }
    visit(children)
    const mono = letters > 0 && equal === letters
    const nodes = pieces.map(({ as, node }) => {
      if (as === '' || (mono && as === 'code' && !style.heading)) return node
      return element(as, {}, [node])
    })
    return { nodes, boxes, mono }
  }

  function field(type: string | undefined): void {
    if (type === 'begin') fields.push('code')
    else if (type === 'separate' && fields.length > 0) fields[fields.length - 1] = 'result'
    else if (type === 'end') fields.pop()
  }

  /** The paragraphs of text boxes in a drawing, each once. */
  const boxed = (node: Xml): Node[] => {
    const contents = local(node.name) === 'txbxContent' ? [node] : textBoxes(node)
    return contents.flatMap(blocksIn)
  }

  function tableOf(node: Xml): Element {
    const rows: {
      cells: { attributes: { [name: string]: string }; children: Node[]; tag: string; open: boolean }[]
    }[] = []
    const above: ((typeof rows)[number]['cells'][number] | undefined)[] = []
    for (const row of rowsIn(node)) {
      const properties = childOf(row, 'trPr')
      if (childOf(properties, 'del')) continue
      const head = isOn(childOf(properties, 'tblHeader'))
      const cells: (typeof rows)[number]['cells'] = []
      let column = Number(attribute(childOf(properties, 'gridBefore'), 'val') ?? 0) || 0
      for (const cell of cellsIn(row)) {
        const own = childOf(cell, 'tcPr')
        const columns = Math.min(Math.max(Number(attribute(childOf(own, 'gridSpan'), 'val') ?? 1) || 1, 1), 64)
        const merged = childOf(own, 'vMerge')
        const goesOn = merged && (attribute(merged, 'val') ?? 'continue') === 'continue'
        const upper = above[column]
        if (goesOn && upper) {
          upper.attributes.rowspan = String(Number(upper.attributes.rowspan ?? 1) + 1)
        } else {
          const attributes: { [name: string]: string } = columns > 1 ? { colspan: String(columns) } : {}
          const made = {
            attributes,
            children: blocksIn(cell),
            tag: head ? 'th' : 'td',
            open: merged !== undefined,
          }
          cells.push(made)
          above[column] = made
        }
        column += columns
      }
      rows.push({ cells })
    }
    return element(
      'table',
      {},
      rows.map(({ cells }) =>
        element(
          'tr',
          {},
          cells.map(cell => element(cell.tag, cell.attributes, cell.children)),
        ),
      ),
    )
  }

  const closed = (blocks: Node[]): Node[] => {
    if (fields.includes('code')) unclosed = true
    fields.length = 0
    return gathered(blocks)
  }
  const nodes = closed(blocksIn(all))
  const notes = wanted.map((key, i) => {
    const inner = closed(blocksIn(parts.notes.get(key)!))
    return { ...element('note', { label: String(i + 1) }, inner), block: true }
  })
  return { nodes: [...nodes, ...notes], ...(title ? { title } : {}), unclosed }
}

const formula = (node: Xml, block: boolean): Node => {
  const tex = texOfOmml(node)
  return tex === '' ? '' : element('span', { 'data-tex': block ? 'block' : 'inline' }, [tex])
}

/** Numbers in a circle, which a typeface of annotations draws for plain ones. */
const circled = (text: string): string => text.replace(/[1-9]/g, digit => String.fromCodePoint(0x2775 + Number(digit)))

const codeOf = (nodes: readonly Node[]): string =>
  nodes
    .map(node =>
      typeof node === 'string' ? node : node.tag === 'br' ? '\n' : node.tag === 'note-ref' ? '' : codeOf(node.children),
    )
    .join('')

/** What is shown of two ways to draw the same: the newer one where it holds text. */
function alternative(node: Xml): Xml[] {
  const elements = (of: Xml | undefined): Xml[] =>
    of ? of.children.filter((one): one is Xml => typeof one !== 'string') : []
  const choice = childrenOf(node, 'Choice').find(
    one => allOf(one, 'txbxContent').length > 0 || allOf(one, 't').length > 0,
  )
  return elements(choice ?? childOf(node, 'Fallback') ?? childOf(node, 'Choice'))
}

function textBoxes(node: Xml): Xml[] {
  return node.children.flatMap(child => {
    if (typeof child === 'string') return []
    if (local(child.name) === 'txbxContent') return [child]
    return local(child.name) === 'AlternateContent' ? alternative(child).flatMap(textBoxes) : textBoxes(child)
  })
}

const through = (node: Xml, name: string): Xml[] =>
  node.children.flatMap(child => {
    if (typeof child === 'string') return []
    if (local(child.name) === name) return [child]
    return /^(?:sdt|sdtContent|customXml|ins|moveTo)$/.test(local(child.name)) ? through(child, name) : []
  })
const rowsIn = (table: Xml): Xml[] => through(table, 'tr')
const cellsIn = (row: Xml): Xml[] => through(row, 'tc')

/** Lines of code become one block, and items become lists by their levels. */
function gathered(nodes: readonly Node[]): Node[] {
  const out: Node[] = []
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at]!
    const tag = typeof node === 'string' ? '' : node.tag
    if (tag === 'pre' || tag === 'li' || tag === 'blockquote') {
      let end = at + 1
      while (end < nodes.length && (nodes[end] as Element).tag === tag) end++
      const run = nodes.slice(at, end) as Element[]
      if (tag === 'pre') out.push(element('pre', {}, [run.map(textOf).join('\n')]))
      else if (tag === 'li') out.push(listOf(run, 0))
      else
        out.push(
          element(
            'blockquote',
            {},
            run.flatMap(({ children }) => children),
          ),
        )
      at = end - 1
    } else if (tag === 'table') {
      const inner = (one: Node): Node =>
        typeof one === 'string'
          ? one
          : element(one.tag, one.attributes, /^t[dh]$/.test(one.tag) ? gathered(one.children) : one.children.map(inner))
      out.push(inner(node))
    } else out.push(node)
  }
  return out
}

function listOf(items: Element[], depth: number): Element {
  const levelOf = (item: Element): number => Number(item.attributes['data-level'] ?? 0)
  const base = items.reduce((least, item) => Math.min(least, levelOf(item)), 9)
  const children: Element[] = []
  for (let at = 0; at < items.length; ) {
    let end = at + 1
    while (end < items.length && levelOf(items[end]!) > base) end++
    const own = items[at]!
    const deeper = levelOf(own) > base ? items.slice(at, end) : items.slice(at + 1, end)
    const inner = deeper.length > 0 && depth < 9 ? [listOf(deeper, depth + 1)] : []
    if (levelOf(own) > base) children.push(...inner)
    else children.push(element('li', own.attributes, [...own.children, ...inner]))
    at = end
  }
  return element('ul', {}, children)
}
