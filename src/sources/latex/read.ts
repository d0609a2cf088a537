import { plainText } from '../../text/index.ts'
import { decodedBytes, tooLarge } from '../bytes.ts'
import type { About, Prose } from '../form.ts'
import { clean } from './clean.ts'
import { fuelFor } from './fuel.ts'
import { expand } from './macros.ts'
import type { Head, Scene } from './reading.ts'
import { knownCommand, readHead, render } from './render.ts'
import { joined, Writer } from './writer.ts'

/**
 * A LaTeX document, or a part of one, as Markdown: formulas as they stand between dollars, with the macros of the file
 * expanded; what belongs to the page goes. Files that it brings in (`\input`) are left out, since each is a document of its
 * own: nothing is read twice, whichever of them a source names. Throws `Unreadable`.
 */
export function readLatex(bytes: Buffer, { bound, charset }: About): Prose {
  const { text: source, encoding } = decodedBytes(bytes, charset ?? statedEncoding(bytes))
  if (source.length > bound) throw tooLarge(source.length, bound)
  const { text, title, places } = latexText(source)
  return {
    text,
    format: 'markdown',
    ...(title === undefined ? {} : { title }),
    ...(places.length > 0 ? { places } : {}),
    ...(encoding ? { encoding } : {}),
  }
}

/** Names of `inputenc` that are not those of the Encoding Standard. */
const encodings: { [name: string]: string } = {
  latin1: 'windows-1252',
  latin2: 'iso-8859-2',
  latin3: 'iso-8859-3',
  latin4: 'iso-8859-4',
  latin5: 'windows-1254',
  latin9: 'iso-8859-15',
  latin10: 'iso-8859-16',
  ansinew: 'windows-1252',
  cp1250: 'windows-1250',
  cp1251: 'windows-1251',
  cp1252: 'windows-1252',
  cp1257: 'windows-1257',
  applemac: 'macintosh',
  'koi8-r': 'koi8-r',
  'koi8-u': 'koi8-u',
  cp866: 'ibm866',
}

const statedEncoding = (bytes: Buffer): string | undefined =>
  encodings[/\\usepackage\s*\[([\w-]+)\]\s*\{inputenc\}/.exec(bytes.subarray(0, 1 << 16).toString('latin1'))?.[1] ?? '']

/** Pure. */
export function latexText(source: string): { text: string; title?: string; places: [at: number, name: string][] } {
  const fuel = fuelFor(source)
  const { text: cleaned, kept } = clean(source)
  const { text, theorems, definitions } = expand(cleaned, knownCommand, fuel)
  const start = text.indexOf('\\begin{document}')
  const before = start < 0 ? '' : text.slice(0, start)
  const main = start < 0 ? text : text.slice(start + '\\begin{document}'.length)
  const japanese = /[\u3041-\u30fa]{2}/.test(main.slice(0, 20_000))
  const german = /\\usepackage\s*\[[^\]]*\bn?german\b[^\]]*\]\s*\{babel\}|\{n?german\}/.test(before.slice(0, 20_000))
  const writer = new Writer()
  const head: Head = { authors: [] }
  const scene: Scene = { kept, theorems, fuel, japanese, german, notes: writer.notes }
  if (before !== '') readHead(before, scene, head)
  render(main, writer, scene, head)
  const top = new Writer()
  if (head.title) top.block(head.title.replace(/\n/g, ' '), { level: -1, name: head.title })
  if (head.authors.length > 0) top.block(head.authors.join(', '))
  if (head.abstract) {
    const name = japanese ? '概要' : 'Abstract'
    top.block(name, { level: 2, name })
    render(head.abstract, top, scene, head)
    writer.end()
  }
  const whole = joined([...top.blocks, ...writer.blocks])
  // A file of definitions, or of settings, holds no text of its own: what is left of it is chance.
  const bare = start < 0 && (!/\p{L}/u.test(whole.text) || (definitions >= 5 && whole.text.length < source.length / 10))
  if (bare) return { text: '', places: [] }
  const title = head.title ?? whole.headings[0]?.[1]
  return {
    text: `${whole.text}\n`,
    ...(title === undefined ? {} : { title: plainText(title) }),
    places: named(whole.headings),
  }
}

/** Names of places are unique. */
function named(headings: readonly [number, string][]): [number, string][] {
  const seen = new Map<string, number>()
  return headings.map(([at, heading]) => {
    const name = `section ${plainText(heading)}`
    const n = (seen.get(name) ?? 0) + 1
    seen.set(name, n)
    return [at, n === 1 ? name : `${name} (${n})`]
  })
}
