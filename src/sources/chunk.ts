import { z } from 'zod'
import { type Rec, sha256 } from '../records/index.ts'
import { type Draft, defineMap } from '../steps/index.ts'
import { type Block, blocks, type Format, plainText, sentences, textFormat } from '../text/index.ts'

export const chunkOptions = z
  .strictObject({
    tokens: z.int().min(16).default(800).describe('Target size of a chunk in tokens'),
    overlap: z.int().min(0).default(0).describe('Tokens of the text before that a chunk repeats, in whole sentences'),
  })
  .refine(({ tokens, overlap }) => overlap * 2 <= tokens, 'the overlap must be at most half of the tokens')

/** Cuts documents by structure. Text is sliced, never rewritten: `span` gives the place in the document. */
export const chunk = defineMap({
  verb: 'chunk',
  about:
    'Cuts documents into chunks along headings, paragraphs and sentences, never through a code block; programs along their definitions.',
  version: 1,
  options: chunkOptions,
  takes: ['document'],
  gives: ['document'],
  reasons: ['empty'],
  needs: { segmenter: true },
  async run(record: Rec<'document'>, { options, tokens, language }) {
    const { text, title, uri } = record
    const format = textFormat(record)
    const seen = new Map<string, number>()
    const made = cutText(text, format, { ...options, language, count: tokens }).map(({ start, end, path }, index) => {
      const piece = text.slice(start, end)
      const digest = sha256(piece).slice(0, 16)
      const occurrence = seen.get(digest) ?? 0
      seen.set(digest, occurrence + 1)
      const names = [title, ...path].filter((name, i, all) => name && name !== all[i - 1])
      const draft: Draft<'document'> = {
        payload: {
          kind: 'document',
          text: piece,
          ...(names.length > 0 ? { title: names.join(' › ') } : {}),
          ...(uri ? { uri } : {}),
        },
        index,
        key: `${digest}:${occurrence}`,
        span: [start, end],
        ...(record.language ? { notes: { language: record.language } } : {}),
      }
      return draft
    })
    return { is: 'made', made }
  },
})

type Sizes = { tokens: number; overlap: number; language: string; count(text: string): number }
/** A stretch that is cut only when it does not fit. Without a block it is a sentence or line, or a `word`. */
type Unit = { start: number; end: number; size: number; path: string[]; block?: Block; word?: true }
/** Units packed together. `open`: the next one may join; `path`: headings that all of it stands under. */
type Piece = {
  start: number
  end: number
  size: number
  path: string[]
  open: boolean
  headingFirst: boolean
  headingsOnly: boolean
}

/**
 * Where to cut: sections by heading level, then blocks, then items, sentences or lines, at last words, each packed up
 * to the target. Programs are cut at definitions, their parts, and lines. Code blocks and formulas are never cut, so that they alone may exceed it. A heading stays with what follows.
 * A chunk repeats an overlap only where the cut is inside a section; a last one under a quarter of the target joins
 * the one before where both stay under 1.25 targets.
 */
export function cutText(text: string, format: Format, sizes: Sizes): { start: number; end: number; path: string[] }[] {
  const units = blockUnits(blocks(text, format), text.length, [], text, sizes)
  const path: { level: number; title: string }[] = []
  for (const unit of units) {
    if (unit.block?.type === 'heading') {
      while (path.length > 0 && path.at(-1)!.level >= unit.block.level!) path.pop()
      path.push({ level: unit.block.level!, title: plainText(unit.block.text, format).trim() })
    }
    unit.path = path.map(({ title }) => title)
  }
  const total = units.reduce((sum, { size }) => sum + size, 0)
  const target = total <= sizes.tokens ? sizes.tokens : sizes.tokens - sizes.overlap
  const pieces = units.length > 0 ? cut(units, target, text, sizes) : []
  if (sizes.overlap === 0) return pieces.map(({ start, end, path }) => ({ start, end, path }))
  const leaves = units.flatMap(unit => smallest(unit, text, sizes))
  let next = 0
  return pieces.map(({ start, end, path, headingFirst }, i) => {
    while (next < leaves.length && leaves[next]!.end <= start) next++
    if (i === 0 || headingFirst) return { start, end, path }
    return { start: repeatFrom(leaves, next, pieces[i - 1]!.start, start, text, sizes), end, path }
  })
}

/** Blocks as units. A size includes the white space up to the next unit, so that sizes add up. */
function blockUnits(found: Block[], end: number, path: string[], text: string, sizes: Sizes): Unit[] {
  return found.map((block, i) => {
    const size = sizes.count(text.slice(block.start, found[i + 1]?.start ?? end))
    return { start: block.start, end: block.end, size, path, block }
  })
}

function cut(units: Unit[], target: number, text: string, sizes: Sizes): Piece[] {
  const levels = units.slice(1).flatMap(({ block }) => (block?.type === 'heading' ? [block.level!] : []))
  const top = levels.reduce((least, level) => Math.min(least, level), Number.POSITIVE_INFINITY)
  const sections = levels.length > 0
  const groups: Unit[][] = []
  for (const unit of units) {
    const group = groups.at(-1)
    const begins = sections
      ? unit.block?.type === 'heading' && unit.block.level! <= top
      : !announced(group, unit, target)
    if (group && !begins) group.push(unit)
    else groups.push([unit])
  }
  const pieces: Piece[] = []
  for (const group of groups) {
    const whole = pieceOf(group)
    if (whole.size <= target) {
      add(pieces, whole, target)
      continue
    }
    const inner = group.length > 1 ? group : finer(group[0]!, text, sizes)
    const cuts = inner ? cut(inner, target, text, sizes) : [whole]
    // What follows a section that had to be cut begins a chunk of its own; after a paragraph it may go on.
    for (const [i, piece] of cuts.entries()) {
      const open = !sections && i === cuts.length - 1
      if (i === 0 && pieces.at(-1)?.headingsOnly) add(pieces, { ...piece, open }, Number.POSITIVE_INFINITY)
      else pieces.push({ ...piece, open })
    }
  }
  const [before, tail] = pieces.slice(-2)
  if (before && tail && tail.size < target / 4 && before.size + tail.size <= 1.25 * target) {
    pieces.splice(-2, 2, joined(before, tail))
  }
  return pieces
}

/** `like this:` and the code, list or table it announces stay together. */
function announced(group: Unit[] | undefined, next: Unit, target: number): boolean {
  const before = group?.at(-1)
  if (!before || group!.length > 1 || !['code', 'list', 'table', 'math'].includes(next.block?.type ?? '')) return false
  return before.block?.type === 'paragraph' && /[:：]$/.test(before.block.text) && before.size + next.size <= target
}

function add(pieces: Piece[], next: Piece, target: number): void {
  const last = pieces.at(-1)
  const fits = last?.open && last.size + next.size <= target
  if (last && (fits || last.headingsOnly)) pieces.splice(-1, 1, joined(last, next))
  else pieces.push(next)
}

function pieceOf(units: Unit[]): Piece {
  const pieces = units.map(({ start, end, size, path, block }): Piece => {
    const heading = block?.type === 'heading'
    return { start, end, size, path, open: true, headingFirst: heading, headingsOnly: heading }
  })
  return pieces.reduce(joined)
}

function joined(a: Piece, b: Piece): Piece {
  const differs = a.path.findIndex((name, i) => name !== b.path[i])
  return {
    start: a.start,
    end: b.end,
    size: a.size + b.size,
    path: differs < 0 ? a.path : a.path.slice(0, differs),
    open: b.open,
    headingFirst: a.headingFirst,
    headingsOnly: a.headingsOnly && b.headingsOnly,
  }
}

/** The same stretch in smaller units: children, then sentences of prose or lines of all else, then words. */
function finer({ start, end, path, block, word }: Unit, text: string, sizes: Sizes): Unit[] | undefined {
  // A program has its definitions, and they their parts; code inside of prose is whole.
  if (block?.children?.length) return blockUnits(block.children, end, path, text, sizes)
  if (block?.type === 'code' || block?.type === 'math' || word) return undefined
  const body = text.slice(start, end)
  const spans =
    block?.type === 'paragraph' ? sentences(body, sizes.language) : matches(body, block ? /\S[^\n]*/g : /\S{1,32}/gu)
  return spans.map((span, i) => {
    const from = start + (i === 0 ? 0 : span.start)
    const size = sizes.count(text.slice(from, start + (spans[i + 1]?.start ?? body.length)))
    return { start: from, end: start + span.end, size, path, ...(block ? {} : { word: true as const }) }
  })
}

function matches(body: string, pattern: RegExp): { start: number; end: number }[] {
  return [...body.matchAll(pattern)].map(match => ({ start: match.index, end: match.index + match[0].length }))
}

/**
 * Where the repeated text begins: as many whole sentences, lines or code blocks before the cut as the overlap
 * holds, but never the whole chunk before. */
function repeatFrom(leaves: Unit[], next: number, earliest: number, at: number, text: string, sizes: Sizes): number {
  let from = at
  for (let i = next - 1; i >= 0 && leaves[i]!.start > earliest; i--) {
    const { start, end, block } = leaves[i]!
    if (block?.type === 'heading' || text.slice(end, from).trim() !== '') break
    if (sizes.count(text.slice(start, at)) > sizes.overlap) break
    from = start
  }
  return from
}

function smallest(unit: Unit, text: string, sizes: Sizes): Unit[] {
  if (!unit.block || unit.block.type === 'heading') return [unit]
  return finer(unit, text, sizes)?.flatMap(inner => smallest(inner, text, sizes)) ?? [unit]
}
