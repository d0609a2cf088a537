import type { Kept } from './clean.ts'
import { bracketEnd, burn, type Fuel, groupEnd } from './fuel.ts'
import { formula, restored } from './maths.ts'
import { flowed, Writer } from './writer.ts'

/** What a document brings along: text set aside, names of its theorems, its language. */
export type Scene = {
  kept: readonly Kept[]
  theorems: ReadonlyMap<string, string>
  fuel: Fuel
  /** Japanese words for what the page says itself. */
  japanese: boolean
  /** `"a` is a letter in German documents. */
  german: boolean
  notes: string[]
}
/** What stands at the head of a document. */
export type Head = { title?: string; authors: string[]; abstract?: string }

/** Text on its way: what is read, where, and what it becomes. `inner`: it becomes a part of a line. */
export type Reading = {
  text: string
  at: number
  writer: Writer
  scene: Scene
  head: Head
  depth: number
  inner: boolean
  open: Opened[]
  /** Reads to the end. */
  run(reading: Reading): void
}
export type Opened = { name: string; close?: () => void; list?: 'bullet' | 'number' | 'term'; count?: number }

/** Deepest text inside of text, such as a note in a caption; what is deeper loses its commands. */
const deepest = 24

/** Prose as a part of one line. */
export function inline(text: string, reading: Pick<Reading, 'scene' | 'head' | 'depth' | 'run'>): string {
  if (reading.depth >= deepest) return restored(text.replace(/\\[A-Za-z]+|[{}\\]/g, ''), reading.scene.kept)
  const writer = new Writer()
  const inner: Reading = { ...reading, text, at: 0, writer, depth: reading.depth + 1, inner: true, open: [] }
  reading.run(inner)
  return flowed(writer.line.join(''))
}

export function paragraph({ writer, inner }: Reading): void {
  if (inner) writer.text(' ')
  else writer.end()
}

export function block(reading: Reading, text: string): void {
  if (reading.inner) reading.writer.text(` ${text.replace(/\s+/g, ' ')} `)
  else reading.writer.block(text)
}

/** What stands between the beginning of an environment, already read, and its end; undefined where there is no end. */
export function body(reading: Reading, name: string): string | undefined {
  const { text, scene } = reading
  const from = reading.at
  const [begin, end] = [`\\begin{${name}}`, `\\end{${name}}`]
  let depth = 1
  let at = from
  for (;;) {
    const next = text.indexOf(end, at)
    burn(scene.fuel, (next < 0 ? text.length : next) - at)
    if (next < 0) return undefined
    for (let inner = text.indexOf(begin, at); inner >= 0 && inner < next; inner = text.indexOf(begin, inner + 1))
      depth++
    at = next + end.length
    if (--depth === 0) {
      reading.at = at
      return text.slice(from, next)
    }
  }
}

export function skipSpace(reading: Reading): void {
  const space = /[ \t]*(?:\n[ \t]*(?!\n))?/y
  space.lastIndex = reading.at
  space.test(reading.text)
  reading.at = space.lastIndex
}

export function optional(reading: Reading): string | undefined {
  const { text, scene } = reading
  const bracket = /[ \t]*(?:\n[ \t]*)?\[/y
  bracket.lastIndex = reading.at
  if (!bracket.test(text)) return undefined
  const end = bracketEnd(text, bracket.lastIndex - 1, scene.fuel)
  if (end < 0) return undefined
  reading.at = end
  return text.slice(bracket.lastIndex, end - 1)
}

/** A group without its braces, or a command or character; empty where a group has no end. */
export function argument(reading: Reading): string {
  skipSpace(reading)
  const { text, at, scene } = reading
  if (text[at] === '{') {
    const end = groupEnd(text, at, scene.fuel)
    if (end < 0) return ''
    reading.at = end
    return text.slice(at + 1, end - 1)
  }
  const one = /\\(?:[A-Za-z]+|[^A-Za-z])|\ufdd0\d+\ufdd1|[^\s}]/uy
  one.lastIndex = at
  const found = one.exec(text)?.[0] ?? ''
  reading.at = at + found.length
  return found
}

export const words = (reading: Reading, text: string): string => inline(text, reading)

/** A command eats the space after it. */
export function afterWord(reading: Reading): void {
  if (reading.text.startsWith('{}', reading.at)) reading.at += 2
  else skipSpace(reading)
}

/** `<2->` of slides. */
export function overlay(reading: Reading): boolean {
  const spec = /<[\d,+\-.:a-z|@ ]{1,40}>/y
  spec.lastIndex = reading.at
  if (!spec.test(reading.text)) return false
  reading.at = spec.lastIndex
  return true
}

/** Text of an argument, in the place of the command. */
export function within(reading: Reading, inside: string): void {
  if (reading.depth >= deepest) reading.writer.text(words(reading, inside))
  else reading.run({ ...reading, text: inside, at: 0, depth: reading.depth + 1, open: [] })
}

export function maths(reading: Reading, body: string): void {
  const whole = formula(body, reading.scene.kept, reading.scene.fuel).replace(/\s+/g, ' ')
  if (whole !== '') reading.writer.text(`$${whole}$`)
}

export function display(reading: Reading, body: string): void {
  const { scene } = reading
  // A table is one wherever it stands.
  if (/\\begin\{tabular/.test(body)) {
    const inner = { ...reading, text: body, at: 0, open: [] }
    paragraph(reading)
    reading.run(inner)
    return
  }
  const whole = formula(body, scene.kept, scene.fuel)
  if (whole === '') {
    paragraph(reading)
    return
  }
  if (reading.inner) reading.writer.text(`$${whole.replace(/\s+/g, ' ')}$`)
  else reading.writer.block(`$$\n${whole}\n$$`)
}

export function codeSpan(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line === '') return ''
  const ticks = '`'.repeat(Math.max(0, ...(line.match(/`+/g) ?? []).map(run => run.length)) + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${ticks}${pad}${line}${pad}${ticks}`
}

export function fenced(text: string, language = ''): string {
  const body = text.replace(/^(?:[ \t]*\n)+/, '').trimEnd()
  if (body === '') return ''
  const ticks = '`'.repeat(Math.max(2, ...(body.match(/`+/g) ?? []).map(run => run.length)) + 1)
  return `${ticks}${/^[\w+#-]+$/.test(language) ? language : ''}\n${body}\n${ticks}`
}

export function heading(reading: Reading, title: string, level: number): void {
  const text = words(reading, title).replace(/\n/g, ' ')
  if (text === '') return
  if (reading.inner || reading.writer.containers.length > 0) block(reading, `**${text}**`)
  else reading.writer.block(text, { level, name: text })
}
