import { zip } from './archives.ts'

export type ZipPart = string | Uint8Array

/** A zip archive of these members by name, deflated; `stored` are not, as EPUB wants of its first. `flags` go into every header. */
export function zipOf(members: { [name: string]: ZipPart }, { stored = [] as string[], flags = 0x800 } = {}): Buffer {
  return zip(
    Object.entries(members).map(([name, content]) => ({
      name,
      content: Buffer.from(content as string),
      method: stored.includes(name) ? 0 : 8,
      flags,
    })),
  )
}
