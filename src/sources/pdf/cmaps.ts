import { readFileSync } from 'node:fs'
import { zstdDecompressSync } from 'node:zlib'

let packed: Map<string, Uint8Array> | undefined

/**
 * The predefined CMaps of PDF (ISO 32000-1, 9.7.5.2) in the binary form of pdf.js, by name: character codes of Chinese,
 * Japanese and Korean fonts to glyphs, and glyphs to Unicode. Undefined for an unknown name.
 */
export function cmap(name: string): Uint8Array | undefined {
  packed ??= unpacked(zstdDecompressSync(readFileSync(new URL('./cmaps.zst', import.meta.url))))
  return packed.get(name)
}

function unpacked(bytes: Buffer): Map<string, Uint8Array> {
  let at = bytes.indexOf('\n\n') + 2
  const found = new Map<string, Uint8Array>()
  for (const line of bytes.toString('latin1', 0, at - 2).split('\n')) {
    const [name, length] = line.split(' ') as [string, string]
    found.set(name, new Uint8Array(bytes.subarray(at, at + Number(length))))
    at += Number(length)
  }
  return found
}

/** What pdf.js asks for its files: CMaps are at hand, and nothing else is. */
export class Resources {
  async fetch({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> {
    const bytes = kind === 'cMapUrl' ? cmap(filename.replace(/\.bcmap$/, '')) : undefined
    if (!bytes) throw new Error(`no ${filename}`)
    return bytes
  }
}
