import { accented, isAccent, symbols } from './accents.ts'
import { close, open } from './clean.ts'
import { isEnvironment } from './environments.ts'
import { burn, groupEnd } from './fuel.ts'
import { inlineEnd } from './maths.ts'
import {
  afterWord,
  argument,
  codeSpan,
  display,
  fenced,
  type Head,
  heading,
  inline,
  maths,
  optional,
  overlay,
  paragraph,
  type Reading,
  type Scene,
  skipSpace,
  within,
  words,
} from './reading.ts'
import { special } from './special.ts'
import { commands, headings, silent } from './words.ts'
import { lineBreak, type Writer } from './writer.ts'

export const knownCommand = (command: string): boolean =>
  Object.hasOwn(commands, command) ||
  Object.hasOwn(headings, command) ||
  Object.hasOwn(special, command) ||
  (command.startsWith('begin ') && isEnvironment(command.slice(6)))

/** Prose as Markdown blocks. */
export function render(text: string, writer: Writer, scene: Scene, head: Head): void {
  run({ text, at: 0, writer, scene, head, depth: 0, inner: false, open: [], run })
  writer.end()
}

/** The preamble says who and what; all else in it is about the page. */
export function readHead(text: string, scene: Scene, head: Head): void {
  inline(text, { scene, head, depth: 0, run })
}

const sign = /[\\{}$~`'"&\n\-!\ufdd0]/g

function run(reading: Reading): void {
  const { text, scene, writer } = reading
  while (reading.at < text.length) {
    sign.lastIndex = reading.at
    const next = sign.exec(text)?.index ?? text.length
    if (next > reading.at) writer.text(text.slice(reading.at, next))
    burn(scene.fuel, next - reading.at)
    reading.at = next
    if (next < text.length) step(reading, text[next]!)
  }
  while (reading.open.length > 0) reading.open.pop()!.close?.()
}

function step(reading: Reading, c: string): void {
  const { text, writer, scene } = reading
  const from = reading.at++
  const rest = (length: number): string => text.slice(from, from + length)
  const take = (length: number, instead: string): void => {
    reading.at = from + length
    writer.text(instead)
  }
  if (c === '\\') command(reading)
  else if (c === '{' || c === '}') return
  else if (c === '$') dollar(reading)
  else if (c === open) setAside(reading)
  else if (c === '\n') {
    const blank = /\n[ \t]*\n\s*/y
    blank.lastIndex = from
    if (!blank.test(text)) {
      writer.text('\n')
      return
    }
    reading.at = blank.lastIndex
    paragraph(reading)
  } else if (c === '~' || c === '&') writer.text(' ')
  else if (c === '-') {
    if (rest(3) === '---') take(3, '—')
    else if (rest(2) === '--') take(2, '–')
    else writer.text('-')
  } else if (c === '`') {
    if (rest(2) === '``') take(2, '“')
    else writer.text('‘')
  } else if (c === "'") {
    if (rest(2) === "''") take(2, '”')
    else
      writer.text(
        /[\p{L}\p{N}]/u.test(text[from - 1] ?? '') && /\p{L}/u.test(text[from + 1] ?? '') ? "'" : quoted(text, from),
      )
  } else if (c === '"') german(reading)
  else if (c === '!') openLogic(reading)
  else writer.text(c)
  burn(scene.fuel, 1)
}

/** A quotation mark closes what a backquote opened a little before; else it is an apostrophe. */
function quoted(text: string, at: number): string {
  const before = text.slice(Math.max(0, at - 120), at)
  const opened = before.replaceAll('``', '').lastIndexOf('`')
  return opened > before.replaceAll('``', '').lastIndexOf("'") ? '’' : "'"
}

/** What `"` before a character means in German. */
const shorthands: { [next: string]: string } = {
  '`': '„',
  "'": '“',
  '-': '',
  '=': '-',
  '~': '-',
  '|': '',
  s: 'ß',
  z: 'ß',
}

function german(reading: Reading): void {
  const { text, writer, scene } = reading
  const next = text[reading.at] ?? ''
  const said = scene.german && Object.hasOwn(shorthands, next) ? shorthands[next] : undefined
  if (said === undefined && !(scene.german && /[aeiouAEIOU]/.test(next))) {
    writer.text('"')
    return
  }
  reading.at++
  writer.text(said ?? accented('"', next))
}

/** `!!a{formula}s` of the Open Logic Project: a word that a book may choose, with its article, in capitals after `^`. */
function openLogic(reading: Reading): void {
  const word = /!!(\^)?(a)?\{([^{}]{1,80})\}/y
  word.lastIndex = reading.at - 1
  const found = word.exec(reading.text)
  if (!found) {
    reading.writer.text('!')
    return
  }
  reading.at = word.lastIndex
  const name = found[3]!.replace(/\s+/g, ' ')
  const whole = found[2] ? `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}` : name
  reading.writer.text(found[1] ? whole.charAt(0).toUpperCase() + whole.slice(1) : whole)
}

function setAside(reading: Reading): void {
  const end = reading.text.indexOf(close, reading.at)
  const one = reading.scene.kept[Number(reading.text.slice(reading.at, end))]
  reading.at = end + 1
  if (!one) return
  if (one.is === 'url') reading.writer.text(one.text)
  else if (one.is === 'inline' || reading.inner) reading.writer.text(codeSpan(one.text))
  else reading.writer.block(fenced(one.text, one.language))
}

function dollar(reading: Reading): void {
  const { text, scene, writer } = reading
  if (text[reading.at] === '$') {
    const end = text.indexOf('$$', reading.at + 1)
    burn(scene.fuel, (end < 0 ? text.length : end) - reading.at)
    reading.at++
    if (end < 0) return
    display(reading, text.slice(reading.at, end))
    reading.at = end + 2
    return
  }
  const end = inlineEnd(text, reading.at, scene.fuel)
  if (end < 0) {
    writer.text('\\$')
    return
  }
  maths(reading, text.slice(reading.at, end))
  reading.at = end + 1
}

function command(reading: Reading): void {
  const { text, writer } = reading
  const word = /[A-Za-z@]+/y
  word.lastIndex = reading.at
  const name = word.exec(text)?.[0]
  if (name === undefined) {
    symbol(reading, text[reading.at++] ?? '')
    return
  }
  reading.at = word.lastIndex
  if (Object.hasOwn(special, name)) {
    special[name]!(reading, name)
    return
  }
  if (Object.hasOwn(symbols, name)) {
    writer.text(symbols[name]!)
    // TeX eats the space after a sign as well, where few who write it mean that.
    if (/\p{L}$|^[\s\ufdd2]$/u.test(symbols[name]!) || text.startsWith('{}', reading.at)) afterWord(reading)
    return
  }
  if (name.length === 1 && isAccent(name)) {
    accent(reading, name)
    return
  }
  if (text[reading.at] === '*') reading.at++
  if (Object.hasOwn(headings, name)) {
    optional(reading)
    heading(reading, argument(reading), headings[name]!)
    return
  }
  const spec = Object.hasOwn(commands, name) ? commands[name]! : undefined
  if (spec !== undefined) {
    for (const one of spec) {
      while (text[reading.at] === '[' || text[reading.at] === '<')
        if (optional(reading) === undefined && !overlay(reading)) break
      const inside = argument(reading)
      if (one === 'k') within(reading, inside)
    }
    return
  }
  unknown(reading, name)
}

/** A command of another file: its arguments are most often text. What would leave a hole in a sentence stays as a formula. */
function unknown(reading: Reading, name: string): void {
  const { text, writer, scene } = reading
  const from = reading.at
  overlay(reading)
  if (text[reading.at] === '[') optional(reading)
  const size =
    /[ \t]*=[ \t]*-?[\d.]+|[ \t]*=?[ \t]*-?\d*\.?\d+[ \t]*(?:pt|cm|mm|in|em|ex|bp|sp|pc|cc|dd)(?![A-Za-z])(?:[ \t]*(?:plus|minus)[ \t]*[\d.]+[ \t]*\w\w){0,2}/y
  size.lastIndex = reading.at
  if (size.test(text)) {
    reading.at = size.lastIndex
    return
  }
  const given: string[] = []
  while (text[reading.at] === '{' && given.length < 9) {
    const end = groupEnd(text, reading.at, scene.fuel)
    if (end < 0) break
    given.push(text.slice(reading.at + 1, end - 1))
    reading.at = end
  }
  // Words of an index stand in the text a second time.
  if (/index|label$/i.test(name)) return
  const told = given.filter(one => one.trim() !== '')
  const sentence = writer.line.some(piece => /\S/.test(piece))
  if (told.length === 0) {
    // At the beginning of a paragraph it is more often about the page.
    if (given.length === 0) afterWord(reading)
    if (!sentence || name.length < 2 || name.includes('@') || silent.has(name)) return
    writer.text(`$\\${name}$`)
    if (given.length === 0 && /[ \n]/.test(text[from] ?? '')) writer.text(' ')
    return
  }
  const shown = told.map(one => (/\\[A-Za-z]/.test(one) ? words(reading, one).replace(/\$\\[A-Za-z]+\$/g, '') : one))
  if (shown.some(one => one.trim() === '')) {
    maths(reading, `\\${name}${text.slice(from, reading.at)}`)
    return
  }
  for (const one of told) within(reading, one)
}

function symbol(reading: Reading, c: string): void {
  const { writer, text } = reading
  if (c === '\\') {
    if (text[reading.at] === '*') reading.at++
    const size = /[ \t]*\[-?[\d.]+ ?(?:\w\w|\\[a-z]+)\]/y
    size.lastIndex = reading.at
    if (size.test(text)) reading.at = size.lastIndex
    writer.text(reading.inner ? ' ' : lineBreak)
  } else if (c === '(' || c === '[') {
    const end = text.indexOf(c === '(' ? '\\)' : '\\]', reading.at)
    burn(reading.scene.fuel, (end < 0 ? text.length : end) - reading.at)
    if (end < 0) return
    const inside = text.slice(reading.at, end)
    if (c === '(') maths(reading, inside)
    else display(reading, inside)
    reading.at = end + 2
  } else if (isAccent(c)) accent(reading, c)
  else if (c === '$') writer.text('\\$')
  else if (c === ',' || c === ';' || c === ':' || c === ' ' || c === '\n' || c === '>') writer.text(' ')
  else if (c === '-' || c === '/' || c === '@' || c === ')' || c === ']' || c === '!' || c === '+' || c === '<') return
  else writer.text(c)
}

function accent(reading: Reading, name: string): void {
  const given = argument(reading)
  if (/^\\[A-Za-z]/.test(given)) skipSpace(reading)
  const letter = given.startsWith('\\') || given.includes('{') ? words(reading, given) : given
  reading.writer.text(letter === '' ? '' : accented(name, letter))
}
