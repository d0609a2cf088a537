import { basename } from 'node:path'
import { blocks, type Format, plainText } from '../text/index.ts'
import { decodedBytes } from './bytes.ts'
import type { About, Prose } from './form.ts'

/** A file whose text is the document as it stands, so that offsets into it are offsets into the file. */
export function readText(bytes: Buffer, { format, charset }: About): Prose {
  const { text, encoding } = decodedBytes(bytes, charset)
  const title = titleOf(text, format === 'markdown' || format === 'rst' ? format : 'text')
  return { text, ...(title === undefined ? {} : { title }), ...(encoding ? { encoding } : {}) }
}

/** The title in the front matter, else the words of the first heading. */
export function titleOf(text: string, format: Format): string | undefined {
  if (format === 'text' || format === 'code') return undefined
  for (const block of blocks(text.slice(0, 100_000), format)) {
    if (block.type === 'front-matter') {
      const line = /^title[ \t]*[:=][ \t]*(.+)$/m.exec(block.text)?.[1]?.trim()
      const title = line?.replace(/^(["'])([\s\S]*)\1(?:[ \t]+#.*)?$/, '$2').trim()
      if (title) return title
    }
    if (block.type === 'heading' && block.title) return plainText(block.text, format).trim() || undefined
  }
  return undefined
}

/** The name of a file without folders and ending. */
export const stem = (path: string): string => basename(path).replace(/(?<=.)\.[^.]+$/, '')
