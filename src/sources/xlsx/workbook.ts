import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { Unreadable } from '../bytes.ts'
import type { SourceFile } from '../files.ts'
import { type Shown, shownBy } from './number-format.ts'
import { type Strings, stringList } from './strings.ts'
import { type Seen, walk } from './xml.ts'

export type Sheet = { name: string; hidden: boolean; entry: Entry }
/** An open workbook. `bytesOf` unpacks a part, chunk by chunk; `close` ends it. */
export type Workbook = {
  sheets: Sheet[]
  /** What the number of a cell is, by its style. */
  styles: Shown[]
  from1904: boolean
  strings(): Promise<Strings>
  bytesOf(entry: Entry): AsyncGenerator<Buffer>
  close(): void
}

/** Parts that one workbook can have. */
const mostParts = 20_000
/** Bytes of a part, unpacked, against those of the file: a sheet of nothing but styles packs to a two-hundredth. */
const mostPacked = 250

/**
 * Opens a workbook (ECMA-376): its sheets in the order of their tabs. Throws `Unreadable` for what is none, for older and
 * binary forms, and for one under a password.
 */
export async function openWorkbook(file: SourceFile, bound: number): Promise<Workbook> {
  await expectZip(file)
  let left = Math.max(8 * bound, mostPacked * file.size)
  const zip = await openPromise(file.absolute, { lazyEntries: true, autoClose: false })
  try {
    const parts = await partsOf(zip)
    const bytesOf = async function* (entry: Entry): AsyncGenerator<Buffer> {
      for await (const chunk of unpacked(zip, entry)) {
        left -= chunk.length
        if (left < 0) throw new Unreadable('over-limit', 'it unpacks to more than any workbook of its size')
        yield chunk
      }
    }
    const events = (path: string | undefined, seen: Seen) => {
      const entry = path === undefined ? undefined : parts.get(path.toLowerCase())
      return entry ? walk(bytesOf(entry), seen) : Promise.resolve()
    }
    const related = async (folder: string, path: string): Promise<Map<string, { type: string; path: string }>> => {
      const found = new Map<string, { type: string; path: string }>()
      await events(path, (name, { Id = '', Type = '', Target = '' }) => {
        if (name === 'Relationship') found.set(Id, { type: Type.split('/').at(-1)!, path: joined(folder, Target) })
      })
      return found
    }
    const ofType = (of: Map<string, { type: string; path: string }>, type: string) =>
      [...of.values()].find(one => one.type === type)?.path
    const main = ofType(await related('', '_rels/.rels'), 'officeDocument') ?? 'xl/workbook.xml'
    if (/\.bin$/i.test(main)) throw new Unreadable('unknown-format', 'a binary workbook (.xlsb); save it as .xlsx')
    if (!parts.has(main.toLowerCase())) throw new Unreadable('unknown-format', 'a zip archive without a workbook')
    const folder = main.split('/').slice(0, -1).join('/')
    const around = await related(folder, `${folder}/_rels/${main.split('/').at(-1)}.rels`)
    const sheets: Sheet[] = []
    let from1904 = false
    await events(main, (name, attributes) => {
      if (name === 'workbookPr') from1904 = /^(?:1|true|on)$/.test(attributes.date1904 ?? '')
      if (name !== 'sheet') return
      const id = Object.entries(attributes).find(([key]) => /(?:^|:)id$/.test(key))?.[1] ?? ''
      const target = around.get(id)
      const entry = target?.type === 'worksheet' ? parts.get(target.path.toLowerCase()) : undefined
      // Charts on a tab of their own have no cells.
      if (target && target.type !== 'worksheet') return
      if (!entry) throw new Unreadable('damaged', `the sheet ${attributes.name} is not in the file`)
      sheets.push({ name: attributes.name ?? '', hidden: /hidden/i.test(attributes.state ?? ''), entry })
    })
    const codes = new Map<number, string>()
    const styles: Shown[] = []
    let cells = false
    await events(ofType(around, 'styles'), (name, attributes) => {
      if (name === 'numFmt') codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '')
      if (name === 'cellXfs') cells = true
      else if (name === 'cellStyles' || name === 'dxfs') cells = false
      else if (name === 'xf' && cells && styles.length < 1 << 16) {
        const id = Number(attributes.numFmtId ?? 0)
        styles.push(shownBy(id, codes.get(id)))
      }
    })
    const texts = parts.get(ofType(around, 'sharedStrings')?.toLowerCase() ?? '')
    const strings = () => stringList(texts ? bytesOf(texts) : undefined, bound, 4 * bound)
    return { sheets, styles, from1904, strings, bytesOf, close: () => zip.close() }
  } catch (error) {
    zip.close()
    throw error
  }
}

async function partsOf(zip: ZipFile): Promise<Map<string, Entry>> {
  const parts = new Map<string, Entry>()
  for await (const entry of zip.eachEntry()) {
    if (parts.size >= mostParts) throw new Unreadable('over-limit', `more than ${mostParts} parts`)
    parts.set(entry.fileName.toLowerCase(), entry)
  }
  return parts
}

/** The bytes of a part; its checksum is looked at behind the last one. */
async function* unpacked(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  if (!entry.canDecodeFileData()) throw new Unreadable('encrypted', 'the parts of the archive are encrypted')
  const stream: Readable = await zip.openReadStreamPromise(entry)
  let sum = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum)
      yield chunk
    }
  } finally {
    stream.destroy()
  }
  if (sum !== entry.crc32) throw new Unreadable('damaged', `the checksum of ${entry.fileName} does not fit`)
}

/** A target of a relation: relative to the folder of what it belongs to, or from the root. */
function joined(folder: string, target: string): string {
  const parts: string[] = []
  for (const part of (target.startsWith('/') ? target : `${folder}/${target}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** Throws `Unreadable` for a file that is no zip archive, and says what it is where that is known. */
async function expectZip(file: SourceFile): Promise<void> {
  const handle = await open(file.absolute)
  try {
    const read = async (at: number, length: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at)
      return buffer.subarray(0, bytesRead)
    }
    const head = await read(0, 512)
    if (head.length === 0) throw new Unreadable('empty-file', 'no bytes', { bytes: 0 })
    if (head.subarray(0, 4).toString('latin1') === 'PK\x03\x04') return
    if (head[0] === 0x1f && head[1] === 0x8b)
      throw new Unreadable('unknown-format', 'a workbook has to be unpacked first')
    if (head.subarray(0, 8).toString('hex') !== 'd0cf11e0a1b11ae1')
      throw new Unreadable('unknown-format', 'no zip archive, which a workbook is')
    // A compound file (MS-CFB): the names of its streams tell an encrypted workbook from an old one.
    const size = 2 ** Math.min(head.length > 32 ? head.readUInt16LE(30) : 9, 16)
    const names = await read((head.readUInt32LE(48) + 1) * size, 4096)
    if (names.includes(Buffer.from('EncryptedPackage', 'utf16le')))
      throw new Unreadable('encrypted', 'the workbook is protected by a password')
    throw new Unreadable('unknown-format', 'a workbook of Excel before 2007 (.xls); save it as .xlsx')
  } finally {
    await handle.close()
  }
}
