import { isUtf8 } from 'node:buffer'
import { guessed } from '../encoding.ts'

/** Bytes in which a page has to say its encoding (HTML Standard, 13.2.3.2). */
const prescanned = 1024

/**
 * A page as text: in the encoding of its byte order mark, of the server (`charset`), of its own `<meta>` or XML declaration;
 * else UTF-8; else the encoding of one language that the bytes can only be, else windows-1252. What a page says of itself
 * is often wrong, so that it counts only where the bytes are text in it. Never fails: what stands for no character becomes
 * U+FFFD.
 */
export function htmlText(bytes: Uint8Array, charset?: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const marked = markOf(buffer)
  if (marked) return new TextDecoder(marked).decode(buffer)
  for (const stated of [known(charset), statedIn(buffer)]) {
    const text = stated && attempted(buffer, stated)
    if (text !== undefined) return text
  }
  const found = guessed(buffer)
  if (found !== 'utf-8') return new TextDecoder(found).decode(buffer)
  return new TextDecoder(isUtf8(buffer) || nearlyUtf8(buffer) ? 'utf-8' : 'windows-1252').decode(buffer)
}

function markOf(bytes: Buffer): string | undefined {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  // A tag without a mark.
  if (a === 0x3c && b === 0) return 'utf-16le'
  return a === 0 && b === 0x3c ? 'utf-16be' : undefined
}

/** The name by which a decoder knows an encoding; undefined for one that there is none for. */
function known(label: string | undefined): string | undefined {
  try {
    return label === undefined ? undefined : new TextDecoder(label.trim()).encoding
  } catch {
    return undefined
  }
}

function statedIn(bytes: Buffer): string | undefined {
  const head = bytes
    .subarray(0, prescanned)
    .toString('latin1')
    .replace(/<!--[\s\S]*?-->/g, '')
  const label =
    /<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w:.-]+)/i.exec(head)?.[1] ??
    /^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w:.-]+)/i.exec(head)?.[1]
  const encoding = known(label)
  // A page that could be read so far is not in UTF-16.
  return encoding?.startsWith('utf-16') ? 'utf-8' : encoding
}

function attempted(bytes: Buffer, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    if (encoding === 'utf-8') return undefined
    // A few bad bytes in an encoding of several bytes a character; in one of the West nothing is bad.
    const text = new TextDecoder(encoding).decode(bytes)
    return share(text) < 0.02 ? text : undefined
  }
}

/** Characters that could not be told among those beyond ASCII. */
function share(text: string): number {
  const bad = text.match(/\ufffd/g)?.length ?? 0
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  const all = text.match(/[^\x00-\x7f]/gu)?.length ?? 0
  return all === 0 ? 0 : bad / all
}

/** UTF-8 that was cut off, or has a few bytes of something else in it. */
function nearlyUtf8(bytes: Buffer): boolean {
  const text = new TextDecoder('utf-8').decode(bytes).replace(/\ufffd$/, '')
  return /[^\0-\x7f\ufffd]/.test(text) && share(text) < 0.05
}
