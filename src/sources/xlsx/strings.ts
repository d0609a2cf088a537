import { Unreadable } from '../bytes.ts'
import { fed, xmlEvents } from './xml.ts'

/** The texts that cells share. */
export type Strings = { at(index: number): string | undefined }

/** Unescaped as a workbook escapes what XML cannot hold: `_x000D_` (ECMA-376 part 1, 22.9.2.19). */
const unescapedText = (text: string): string =>
  text.includes('_x')
    ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text

/**
 * Gathers the text of one string out of its elements: runs of differently written text are joined, and how Japanese is
 * read (`rPh`), which stands beside the text, is left out.
 */
export function textGatherer(most: number): {
  open(name: string): void
  close(name: string): void
  text(part: string): void
  /** What was gathered, or undefined where it is more than `most` characters. */
  taken(): string | undefined
} {
  let [inText, phonetic, length] = [false, 0, 0]
  let parts: string[] = []
  return {
    open(name) {
      if (name === 'rPh') phonetic++
      else if (name === 't') inText = phonetic === 0
    },
    close(name) {
      if (name === 'rPh') phonetic--
      else if (name === 't') inText = false
    },
    text(part) {
      if (!inText) return
      length += part.length
      if (length > most) parts = []
      else parts.push(part)
    },
    taken() {
      const whole = length > most ? undefined : unescapedText(parts.join(''))
      ;[parts, length, phonetic, inText] = [[], 0, 0, false]
      return whole
    },
  }
}

/**
 * Reads the shared texts. They are held as bytes: `most` bounds those of all, and one over `bound` is kept as a text that is
 * over it as well, so that the rows that show it are too long. Throws `Unreadable`.
 */
export async function stringList(
  bytes: AsyncIterable<Buffer> | undefined,
  bound: number,
  most: number,
): Promise<Strings> {
  let held = Buffer.alloc(1 << 16)
  let ends = new Uint32Array(1 << 12)
  let [count, used] = [0, 0]
  const gather = textGatherer(bound)
  /** A long text that many cells share is one in memory as well. */
  const long = new Map<number, string>()
  const keep = (text: string | undefined): void => {
    if (text === undefined) long.set(count, 'x'.repeat(bound + 1))
    const size = text === undefined ? 0 : Buffer.byteLength(text)
    if (used + size > most) throw new Unreadable('over-limit', `its texts are over ${most} bytes`, { bound: most })
    if (used + size > held.length) {
      const larger = Buffer.alloc(Math.max(2 * held.length, used + size))
      held.copy(larger, 0, 0, used)
      held = larger
    }
    if (count === ends.length) {
      const larger = new Uint32Array(2 * count)
      larger.set(ends)
      ends = larger
    }
    if (text !== undefined) used += held.write(text, used)
    ends[count++] = used
  }
  const parser = xmlEvents(
    gather.open,
    name => {
      if (name === 'si') keep(gather.taken())
      else gather.close(name)
    },
    gather.text,
  )
  for await (const _ of bytes ? fed(bytes, parser) : []) {
    // Kept as they come.
  }
  return {
    at(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) return undefined
      const known = long.get(index)
      if (known !== undefined) return known
      const [from, to] = [index === 0 ? 0 : ends[index - 1]!, ends[index]!]
      const text = held.toString('utf8', from, to)
      if (to - from >= 1024) long.set(index, text)
      return text
    },
  }
}
