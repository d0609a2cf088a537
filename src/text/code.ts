import type { Block } from './blocks.ts'
import { indentOf, type Line, linesOf } from './lines.ts'

/** Nesting of definitions that is followed; below it only lines are told apart. */
const deepest = 6

/**
 * Definitions of a program in any language, by its layout: one begins at a line without indentation after a blank line, and
 * takes the comments and decorators along that stand right above it, or alone before it. Its children are what begins so one
 * step further in, at last lines. Nothing begins inside of a string or a comment of several lines.
 */
export function codeBlocks(text: string): Block[] {
  const lines = linesOf(text)
  return blocksOf(text, lines, inside(lines), 0, lines.length, 0)
}

function blocksOf(text: string, lines: Line[], within: boolean[], from: number, to: number, depth: number): Block[] {
  const level = depth === 0 ? 0 : levelOf(lines, within, from, to)
  const groups: [from: number, to: number][] = []
  let before: Line | undefined
  for (let at = from; at < to; at++) {
    const line = lines[at]!
    if (isBlank(line)) {
      before = undefined
      continue
    }
    const starts = before === undefined && !within[at] && indentOf(line.text) <= level && !closes.test(line.text)
    if (groups.length === 0 || starts) groups.push([at, at + 1])
    else groups.at(-1)![1] = at + 1
    before = line
  }
  return attached(lines, groups, depth).map(([first, last]) => {
    const block = blockOf(text, lines, first, last)
    if (last - first < 2) return block
    // What has no parts by its layout is cut at blank lines, then at any; the rest of a group is one step further in.
    const inner = depth < deepest ? blocksOf(text, lines, within, first, last, depth + 1) : []
    const children = inner.length > 1 ? inner : stretches(text, lines, first, last)
    return children.length > 1 ? { ...block, children } : block
  })
}

/** The indentation of the first line that is deeper than the one that begins the definition. */
function levelOf(lines: Line[], within: boolean[], from: number, to: number): number {
  const least = indentOf(lines[from]!.text)
  let level = Number.POSITIVE_INFINITY
  for (let at = from + 1; at < to; at++) {
    const indent = indentOf(lines[at]!.text)
    if (!isBlank(lines[at]!) && !within[at] && indent > least && indent < level) level = indent
  }
  return level === Number.POSITIVE_INFINITY ? least : level
}

const isBlank = (line: Line): boolean => line.text.trim() === ''
/** Lines that end or go on with what is open. */
const closes =
  /^\s*(?:[)\]}>]|end\b|else\b|elif\b|elsif\b|except\b|finally\b|catch\b|rescue\b|then\b|fi\b|done\b|esac\b|#\s*(?:endif|else|elif))/
const remark =
  /^\s*(?:\/\/|\/\*|\*|#(?!\s*(?:include|define|if|ifdef|ifndef|import|pragma|!))|--|;|%|'|@|\[<?\w|"""|<!--)/

/** Comments that stand alone belong to what follows; the first ones of a file are about the file. */
function attached(lines: Line[], groups: [number, number][], depth: number): [number, number][] {
  const out: [number, number][] = []
  let held: number | undefined
  for (const [i, [first, last]] of groups.entries()) {
    const comment = lines.slice(first, last).every(line => isBlank(line) || remark.test(line.text))
    if (comment && i < groups.length - 1 && !(depth === 0 && i === 0)) {
      held ??= first
      continue
    }
    out.push([held ?? first, last])
    held = undefined
  }
  return out
}

function blockOf(text: string, lines: Line[], from: number, to: number): Block {
  const start = lines[from]!.start
  const body = text.slice(start, lines[to - 1]!.end).trimEnd()
  return { type: 'code', text: body, start, end: start + body.length }
}

/** Runs of lines between blank ones, such as the paragraphs of a long comment; where there is one run, its lines. */
function stretches(text: string, lines: Line[], from: number, to: number): Block[] {
  const out: Block[] = []
  for (let at = from; at < to; at++) {
    if (isBlank(lines[at]!)) continue
    const first = at
    while (at + 1 < to && !isBlank(lines[at + 1]!)) at++
    out.push({ ...blockOf(text, lines, first, at + 1), children: lineBlocks(text, lines, first, at + 1) })
  }
  return out.length > 1 ? out : (out[0]?.children ?? [])
}

function lineBlocks(text: string, lines: Line[], from: number, to: number): Block[] {
  const out: Block[] = []
  for (let at = from; at < to; at++) if (!isBlank(lines[at]!)) out.push(blockOf(text, lines, at, at + 1))
  return out
}

const openers = /"""|'''|\/\*|<!--|\{-|`/g
const closers: { [opener: string]: string } = {
  '"""': '"""',
  "'''": "'''",
  '/*': '*/',
  '<!--': '-->',
  '{-': '-}',
  '`': '`',
}

/** Of each line: whether it begins inside of a string or comment that an earlier line opened. One without an end opens nothing. */
function inside(lines: Line[]): boolean[] {
  const last = new Map<string, number>()
  for (const [at, { text }] of lines.entries()) {
    for (const closer of Object.values(closers)) if (text.includes(closer)) last.set(closer, at)
  }
  let open: string | undefined
  return lines.map(({ text }, at) => {
    const begins = open !== undefined
    let from = 0
    if (open !== undefined) {
      const end = text.indexOf(open)
      if (end < 0) return begins
      from = end + open.length
      open = undefined
    }
    for (;;) {
      openers.lastIndex = from
      const found = openers.exec(text)
      if (!found || text.length > 2000) break
      // Behind a comment sign, or in a string of one line, it is nothing.
      const ahead = text.slice(0, found.index)
      if (/(?:^|\s)(?:\/\/|#|--)/.test(ahead) || ahead.split(/(?<!\\)["']/).length % 2 === 0) break
      const closer = closers[found[0]]!
      const end = text.indexOf(closer, found.index + found[0].length)
      if (end >= 0) from = end + closer.length
      else {
        if ((last.get(closer) ?? -1) > at) open = closer
        break
      }
    }
    return begins
  })
}

/** Comments and docstrings of a program, a paragraph each, without their signs: its prose. */
export function comments(text: string): string {
  const out: string[] = []
  let held: string[] = []
  const flush = (): void => {
    const paragraph = held.join('\n').trim()
    if (/\p{L}{2}/u.test(paragraph)) out.push(paragraph)
    held = []
  }
  let open: string | undefined
  for (const { text: line } of linesOf(text)) {
    const bare = line.trim()
    if (open !== undefined) {
      const end = bare.indexOf(open)
      held.push((end < 0 ? bare : bare.slice(0, end)).replace(/^\*+ ?/, ''))
      if (end >= 0) {
        open = undefined
        flush()
      }
      continue
    }
    const block = /^(?:[rRuUbBfF]{0,2}("""|''')|(\/\*)[*!]*)/.exec(bare)
    if (block) {
      flush()
      const closer = block[1] ?? '*/'
      const rest = bare.slice(block[0].length)
      const end = rest.indexOf(closer)
      held.push((end < 0 ? rest : rest.slice(0, end)).trim())
      if (end >= 0) flush()
      else open = closer
      continue
    }
    const single =
      /^(?:\/\/[/!]?|#(?!!|\s*(?:include|define|if|ifdef|ifndef|import|pragma|endif|else)\b)|--(?!-)|;;?|%)[ \t]*(.*)$/.exec(
        bare,
      )
    if (single) held.push(single[1]!)
    else {
      flush()
      const behind = /\s(?:\/\/|#)[ \t]+(\S.*)$/.exec(bare)?.[1]
      if (behind) out.push(behind)
    }
  }
  flush()
  return out.join('\n\n')
}
