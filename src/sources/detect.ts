import { zipHolds } from './archive/holds.ts'
import { firstBytes, packedWith, packingOf, rawBytes, refused, textual, Unreadable } from './bytes.ts'
import type { SourceConfig } from './config.ts'
import type { SourceFile } from './files.ts'
import { type FormName, formByEnding, formNames, formOf, isZip } from './forms.ts'

/** Bytes of a file that its form is told by. */
export const headBytes = 4096

/** Forms by their first bytes whose beginning may as well be that of a template or an example: their ending is believed. */
const loose: readonly string[] = ['html']
/** Forms that are text from their first byte on: damage there makes them no other. */
const texts: readonly string[] = ['html', 'warc']

/** What no reader takes, by bytes at a place of the head. */
const foreign: [found: string, at: number, bytes: string][] = [
  ...['1AY&SY', '\x17rE8P\x90'].flatMap(next =>
    Array.from('123456789', (size): [string, number, string] => ['bzip2', 0, `BZh${size}${next}`]),
  ),
  ['xz', 0, '\xfd7zXZ\0'],
  ['7z', 0, "7z\xbc\xaf'\x1c"],
  ['rar', 0, 'Rar!\x1a\x07'],
  ['rtf', 0, '{\\rtf'],
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['jpeg', 0, '\xff\xd8\xff'],
  ['gif', 0, 'GIF8'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
  ['webp', 8, 'WEBP'],
  ['wav', 8, 'WAVE'],
  ['mp3', 0, 'ID3'],
  ['mp4', 4, 'ftyp'],
  ['ogg', 0, 'OggS'],
  ['djvu', 0, 'AT&TFORM'],
  ['mobi', 60, 'BOOKMOBI'],
  ['wasm', 0, '\0asm'],
  ...['\x7fELF', 'MZ', '\xcf\xfa\xed\xfe', '\xca\xfe\xba\xbe'].map((magic): [string, number, string] => [
    'a program',
    0,
    magic,
  ]),
  ['arrow', 0, 'ARROW1'],
  ['hdf5', 0, '\x89HDF'],
  ['npy', 0, '\x93NUMPY'],
]
const office = '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'

/**
 * The form of a file. Bytes that tell their form win over the ending and what the source says, since a PDF is one by any
 * name; else the source, unless it names members of an archive; else the ending; else it is text.
 * Throws `Unreadable` where the bytes are of no form, or of another than the ending needs; SR_SOURCE_READ.
 */
export async function formOfFile(config: Pick<SourceConfig, 'format'>, file: SourceFile): Promise<FormName> {
  const named = formByEnding(file.path)
  const stated = named && formOf(named).holds === 'files' ? named : (config.format ?? named)
  const head = await headOf(file)
  if (head.length === 0) return stated ?? 'text'
  const expected = stated === undefined ? {} : { expected: stated }
  const unknown = (found: string) => new Unreadable('unknown-format', found, { ...expected, found })
  if (packingOf(head)) throw unknown(`${packingOf(head)} inside of a packed file`)
  const told = formNames.find(name => formOf(name).magic?.(head) && !loose.includes(name))
  if (isZip(head)) {
    // Its list can be read once it lies unpacked, and it is asked again then.
    if (packedWith(file)) return 'zip'
    const { holds, error } = zipHolds(file, stated)
    // What is cut off lists nothing, and its own reader says best what is lost.
    if (!holds && error && stated && formOf(stated).magic?.(head)) return stated
    const form = formNames.find(name => name === (holds ?? 'zip'))
    if (!form) throw unknown(holds!)
    return form
  }
  if (told) return told
  const begins = head.toString('latin1')
  if (begins.startsWith(office)) {
    // Word, Excel and PowerPoint put what a password protects into a file of the old form.
    if (olderOffice(file, head).includes([...'EncryptedPackage'].join('\0')))
      throw new Unreadable('encrypted', 'a password', { ...expected, found: 'a document behind a password' })
    throw unknown('an Office file of before 2007 (doc, xls, ppt, msg)')
  }
  const other = foreign.find(([, at, bytes]) => begins.startsWith(bytes, at))
  const text = textual(head)
  if (other && (!text || other[0] === 'bzip2' || other[0] === 'rtf')) throw unknown(other[0])
  if (!text && /\.(?:gz|zst)$/i.test(file.path))
    throw new Unreadable('damaged', 'not packed', { error: 'its name says that it is packed, and its bytes do not' })
  if (stated === undefined) return 'text'
  const { magic } = formOf(stated)
  if (!magic || texts.includes(stated) || !text) return stated
  // Text where bytes of a certain form are needed: often a page that says why there is no such file.
  const page = formNames.find(name => loose.includes(name) && formOf(name).magic?.(head))
  if (page && config.format === undefined) return page
  throw unknown('text')
}

/** The form that a member of an archive promises to have, before all of it is there; undefined where nothing reads it. */
export function formOfHead(path: string, head: Buffer): FormName | 'packed' | undefined {
  const named = formByEnding(path)
  if (named) return named
  if (packingOf(head) || isZip(head)) return 'packed'
  return formNames.find(name => !loose.includes(name) && formOf(name).magic?.(head))
}

async function headOf(file: SourceFile): Promise<Buffer> {
  let head: Buffer
  try {
    head = firstBytes(file.absolute, headBytes)
  } catch (error) {
    throw refused(file.path, error)
  }
  if (!packingOf(head)) return head
  head = Buffer.alloc(0)
  try {
    for await (const chunk of rawBytes(file)) {
      head = Buffer.concat([head, chunk])
      if (head.length >= headBytes) break
    }
  } catch (error) {
    // How much of it is damaged is for its reader to say.
    if (!(error instanceof Unreadable)) throw error
  }
  return head.subarray(0, headBytes)
}

/** The list of what a compound file holds, as it lies: its first sector is named in the header ([MS-CFB] 2.2). */
function olderOffice(file: SourceFile, head: Buffer): string {
  if (head.length < 52) return ''
  const sector = 2 ** head.readUInt16LE(30)
  const start = (head.readUInt32LE(48) + 1) * sector
  if (sector > 4096 || start > file.size) return ''
  return firstBytes(file.absolute, 4096, start).toString('latin1')
}
