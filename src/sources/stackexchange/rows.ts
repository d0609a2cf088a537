import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import { packedWith } from '../bytes.ts'
import type { SourceFile } from '../files.ts'

/** Bytes of one `<row ...>` and where they stand; without them where they are more than the bound. */
export type Stretch = { row: number; at: number; length: number; bytes?: Buffer }

const mark = Buffer.from('<row')
const chunkBytes = 1 << 20

/**
 * The rows of a file, from one `<row` to the next: XML has no such sign within a value (XML 1.0, 2.4), so that a row that is
 * broken ends with the next one, whatever it leaves open. Memory holds one row at a time.
 */
export async function* stretches(absolute: string, bound: number): AsyncGenerator<Stretch> {
  const handle = await open(absolute)
  try {
    let held = Buffer.alloc(0) as Buffer
    /** Where the first of the held bytes stands. */
    let at = 0
    let [row, began, dropped] = [0, false, 0]
    for (;;) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes)
      const more = bytesRead > 0
      held = Buffer.concat([held, buffer.subarray(0, bytesRead)])
      for (let from = began && dropped === 0 ? mark.length : 0; ; ) {
        const next = held.indexOf(mark, from)
        if (next >= 0 && next + mark.length >= held.length && more) break
        if (next >= 0 && !/\s/.test(String.fromCharCode(held[next + mark.length] ?? 0))) {
          from = next + mark.length
          continue
        }
        if (next < 0 && more) break
        const end = next < 0 ? held.length : next
        if (began) {
          const length = dropped + end
          yield { row, at: at - dropped, length, ...(length > bound ? {} : { bytes: held.subarray(0, end) }) }
        }
        at += end
        held = held.subarray(end)
        dropped = 0
        if (next < 0) return
        row++
        began = true
        from = mark.length
      }
      // What is too long is let go as it comes; before the first row nothing is kept. The end may be half a sign.
      const keep = mark.length
      if ((!began || held.length > bound) && held.length > keep) {
        const gone = held.length - keep
        if (began) dropped += gone
        at += gone
        held = Buffer.from(held.subarray(gone))
      }
    }
  } finally {
    await handle.close()
  }
}

export type Attributes = { [name: string]: string }

const attribute = /\s+([\w:.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y
const close = /\s*(?:\/\s*>|>\s*<\/row\s*>|>)/y
const entity = /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));|&/g

/** The attributes of a row, or why it is none (XML 1.0, 3.1). */
export function attributesOf(bytes: Buffer): Attributes | string {
  if (!isUtf8(bytes)) return 'bytes that are no UTF-8'
  const text = bytes.toString('utf8')
  const found: Attributes = Object.create(null) as Attributes
  let at = mark.length
  for (;;) {
    attribute.lastIndex = at
    const next = attribute.exec(text)
    if (!next) break
    const value = unescaped(next[2] ?? next[3]!)
    if (value === undefined) return `${next[1]} holds a reference to nothing`
    if (found[next[1]!] !== undefined) return `${next[1]} stands there twice`
    found[next[1]!] = value
    at = attribute.lastIndex
  }
  close.lastIndex = at
  return close.test(text) ? found : `no attribute at character ${at}`
}

function unescaped(value: string): string | undefined {
  // A line end in a value is a space; those that are meant are written as references.
  const plain = /[\t\n\r]/.test(value) ? value.replace(/\r\n|[\t\n\r]/g, ' ') : value
  if (!plain.includes('&')) return plain
  let bad = false
  const names: { [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  const text = plain.replace(entity, (_, hex: string, decimal: string, name: string) => {
    if (name !== undefined) return names[name]!
    const code = hex !== undefined ? Number.parseInt(hex, 16) : decimal !== undefined ? Number(decimal) : 0
    if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      bad = true
      return ''
    }
    return String.fromCodePoint(code)
  })
  return bad ? undefined : text
}

/** The name of the outermost element; undefined where there is none near the beginning. */
export function rootOf(head: string): string | undefined {
  return /^\s*(?:<\?[\s\S]*?\?>\s*|<!--[\s\S]*?-->\s*|<!DOCTYPE[^>[]*(?:\[[^\]]*\])?\s*>\s*)*<([\w:.-]+)/.exec(
    head.replace(/^\ufeff/, ''),
  )?.[1]
}

/** The first characters of a file that is told by its root. */
export async function headOf({ absolute }: Pick<SourceFile, 'absolute'>): Promise<Buffer> {
  const handle = await open(absolute)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** True for a file whose bytes are those of its text: neither packed nor UTF-16. */
export const isPlain = (file: SourceFile, head: Buffer): boolean =>
  !packedWith(file) && !['fffe', 'feff'].includes(head.toString('hex', 0, 2))
