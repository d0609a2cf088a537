import type { Place } from '../../records/index.ts'
import { type Block, depthOf, type Manner, titleKey } from './blocks.ts'
import { joined } from './joining.ts'

/** A stretch of the text that comes from one page. */
type Piece = { text: string; page: number }

/**
 * The blocks of all pages as Markdown. A paragraph that a column or a page cuts is put together over figures, tables and
 * footnotes in between: those of the page it begins on come before it, so that pages stay in order.
 */
export function assembled(pages: readonly (readonly Block[])[], manner: Manner): { text: string; places: Place[] } {
  const flows: Block[][] = []
  const indents = isIndented(pages.flat())
  for (const blocks of pages) {
    const notes = blocks.filter(block => block.is === 'note')
    for (const block of [...blocks.filter(one => one.is !== 'note'), ...notes]) {
      const into = block.is === 'text' && !block.fresh ? openOne(flows, block, indents) : undefined
      if (into === undefined) flows.push([block])
      else {
        const [flow] = flows.splice(into, 1)
        const { page } = flow!.at(-1)!
        const after = flows.findIndex((other, at) => at >= into && other[0]!.page > page)
        flows.splice(after < 0 ? flows.length : after, 0, [...flow!, block])
      }
    }
  }
  let text = ''
  const places: Place[] = []
  const put = ({ text: added, page }: Piece): void => {
    if (places.at(-1)?.[1] !== `page ${page}`) places.push([text.length, `page ${page}`])
    text += added
  }
  let before: Block | undefined
  for (const flow of flows) {
    if (before) text += isItem(before) && isItem(flow[0]!) ? '\n' : '\n\n'
    let held = ''
    for (const block of flow) {
      if (held === '') {
        held = written(block)
        put({ text: held, page: block.page })
        continue
      }
      const whole = joined(held, block.text, manner.known)
      // A hyphen that goes was the last character put.
      const cut = whole.startsWith(held) ? 0 : 1
      text = text.slice(0, text.length - cut)
      const added = whole.slice(held.length - cut)
      const space = added.length - added.trimStart().length
      text += added.slice(0, space)
      put({ text: added.slice(space), page: block.page })
      held = whole
    }
    before = flow.at(-1)
  }
  return { text: text === '' ? '' : `${text}\n`, places }
}

const isItem = (block: Block): boolean => block.is === 'text' && /^(?:- |\d{1,3}[.)] )/.test(block.text)

/** Figures, tables and footnotes looked over. */
const most = 24

/** The paragraph that a block goes on with: the last text before it that ended in the middle of a sentence. */
function openOne(flows: readonly Block[][], block: Block, indents: boolean): number | undefined {
  for (let at = flows.length - 1; at >= 0; at--) {
    const last = flows[at]!.at(-1)!
    if (last.page < block.page - 1) return undefined
    if (last.is === 'heading' || flows.length - at > most) return undefined
    // Nor does what is in other type, as in figures.
    if (last.is !== 'text' || Math.abs(last.size - block.size) > 0.08 * block.size) continue
    const next = flows.length - 1 === at
    if (block.later && next) return at
    const small = /^["'“‘(]?\p{Ll}/u.test(block.text)
    if (!last.open && !(next && small && last.text.length > 60 && !/[,;:]$/.test(last.text))) return undefined
    const ended = /[.!?:。！？：]["'”’)\]」』）¹²³⁴-⁹]*$/.test(last.text)
    if (ended) return indents && next && block.first && last.lines > 1 && block.lines > 1 ? at : undefined
    const goesOn = small || /[-‐\u00ad、，]$/.test(last.text) || (next && block.first)
    return goesOn ? at : undefined
  }
  return undefined
}

/** Paragraphs begin with a line that is set in: one that does not, at the top of a column, goes on with another. */
function isIndented(blocks: readonly Block[]): boolean {
  const long = blocks.filter(
    (block, at) => block.is === 'text' && !block.hanging && block.lines > 2 && blocks[at - 1]?.is === 'text',
  )
  return long.length >= 3 && long.filter(block => block.fresh).length >= 0.6 * long.length
}

function written(block: Block): string {
  if (block.is === 'heading') return `${'#'.repeat(Math.min(6, block.level ?? 2))} ${block.text.replaceAll('\n', ' ')}`
  if (block.is === 'code') return `\`\`\`\n${block.text}\n\`\`\``
  if (block.is === 'table') return tableText(block.rows!)
  return block.text.replace(/^(#{1,6} |>)/gm, '\\$1')
}

function tableText(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(row => row.length))
  const line = (cells: readonly string[]): string =>
    `| ${Array.from({ length: width }, (_, at) => (cells[at] ?? '').replaceAll('|', '\\|')).join(' | ')} |`
  const [head, ...rest] = rows
  return [line(head!), line(Array.from({ length: width }, () => '---')), ...rest.map(line)].join('\n')
}

/**
 * Levels of headings: by the numbers of sections or the outline where they have them, and else by their type, larger above
 * smaller and bold above plain. The largest of the first page stands alone on top where it has a size of its own.
 */
export function levelled(pages: readonly (readonly Block[])[], manner: Manner): Block[][] {
  const headings = pages.flat().filter(block => block.is === 'heading')
  const style = ({ size, bold }: Block): number => Math.round(size * 2) * 2 + (bold ? 1 : 0)
  const styles = [...new Set(headings.map(style))].sort((a, b) => b - a)
  const top = headings.find(block => style(block) === styles[0])
  const titled =
    top?.page === 1 && depthOf(top.text) === undefined && headings.filter(one => style(one) === styles[0]).length <= 2
  const base = titled ? 1 : 0
  const ofStyle = new Map<number, number>()
  for (const one of styles) {
    const depths = headings
      .filter(block => style(block) === one)
      .flatMap(block => {
        const depth = depthOf(block.text) ?? manner.outline.get(titleKey(block.text))
        return depth === undefined ? [] : [depth]
      })
    // What most of a style are; one that has none comes a level below the larger style.
    const depth = mostly(depths)
    const larger = ofStyle.get(styles[styles.indexOf(one) - 1] ?? Number.NaN) ?? 0
    ofStyle.set(one, titled && one === styles[0] ? 1 : depth !== undefined ? depth + base : Math.min(6, larger + 1))
  }
  return pages.map(blocks =>
    blocks.map(block => {
      if (block.is !== 'heading') return block
      const depth = depthOf(block.text)
      return { ...block, level: depth === undefined ? ofStyle.get(style(block))! : Math.min(6, depth + base) }
    }),
  )
}

function mostly(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0]
}
