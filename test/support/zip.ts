import { crc32, deflateRawSync } from 'node:zlib'

export type ZipPart = string | Uint8Array

/** A zip archive of these members, deflated; `stored` are not, as EPUB wants of its first. `flags` go into every header. */
export function zipOf(members: { [name: string]: ZipPart }, { stored = [] as string[], flags = 0x800 } = {}): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(members)) {
    const raw = Buffer.from(content)
    const plain = stored.includes(name)
    const data = plain ? raw : deflateRawSync(raw)
    const title = Buffer.from(name)
    const head = Buffer.alloc(26)
    head.writeUInt16LE(20, 0)
    head.writeUInt16LE(flags, 2)
    head.writeUInt16LE(plain ? 0 : 8, 4)
    head.writeUInt32LE(crc32(raw), 10)
    head.writeUInt32LE(data.length, 14)
    head.writeUInt32LE(raw.length, 18)
    head.writeUInt16LE(title.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), head, title, data])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(at, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), head, rest, title]))
    locals.push(local)
    at += local.length
  }
  const entries = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length, 4)
  end.writeUInt16LE(directory.length, 6)
  end.writeUInt32LE(entries.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...locals, entries, Buffer.from('PK\x05\x06'), end])
}
