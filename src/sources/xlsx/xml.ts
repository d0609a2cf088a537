import sax from 'sax'
import { Unreadable } from '../bytes.ts'

export type Seen = (name: string, attributes: { [name: string]: string }) => void

/** Elements without their prefixes, as they open and close; `text` between them. Throws `Unreadable` for what is no XML. */
export function xmlEvents(open: Seen, close?: (name: string) => void, text?: (text: string) => void): sax.SAXParser {
  const parser = sax.parser(true, { position: false })
  parser.onopentag = ({ name, attributes }) => open(local(name), attributes as { [name: string]: string })
  if (close) parser.onclosetag = name => close(local(name))
  if (text) {
    parser.ontext = text
    parser.oncdata = text
  }
  parser.onerror = error => {
    throw new Unreadable('damaged', `XML: ${error.message.split('\n')[0]}`)
  }
  return parser
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1)

/** Feeds all bytes to a parser. */
export async function* fed(bytes: AsyncIterable<Buffer>, parser: sax.SAXParser): AsyncGenerator<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const text = (chunk?: Buffer): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined })
    } catch {
      throw new Unreadable('damaged', 'XML: bytes that are no UTF-8')
    }
  }
  for await (const chunk of bytes) {
    parser.write(text(chunk))
    bounded(parser as unknown as Held)
    yield
  }
  parser.write(text()).close()
  yield
}

/** What a parser holds of something that has not ended; without positions it does not look at how much that is. */
type Held = { [part in (typeof parts)[number]]: string } & { flush(): void }
const parts = [
  'textNode',
  'cdata',
  'attribValue',
  'attribName',
  'tagName',
  'comment',
  'doctype',
  'procInstBody',
] as const
const mostHeld = 2 ** 20

/** Hands on text that goes on; throws `Unreadable` for markup that does. */
function bounded(parser: Held): void {
  if (parser.textNode.length > 1 << 16 || parser.cdata.length > 1 << 16) parser.flush()
  if (parts.some(part => (parser[part]?.length ?? 0) > mostHeld))
    throw new Unreadable('damaged', 'XML: markup without end')
}

/** Reads a part for its opening elements alone. */
export async function walk(bytes: AsyncIterable<Buffer>, open: Seen): Promise<void> {
  for await (const _ of fed(bytes, xmlEvents(open))) {
    // What is seen is kept by `open`.
  }
}
