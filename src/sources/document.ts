import { writeFileSync } from 'node:fs'
import { StillroomError } from '../errors/index.ts'
import type { Json, Payload } from '../records/index.ts'
import { detectLanguage, plainText } from '../text/index.ts'
import { tooLarge, Unreadable, wholeFile } from './bytes.ts'
import { vendored } from './code/refuse.ts'
import { type SourceConfig, sourceUri } from './config.ts'
import { readConfined } from './confined/confine.ts'
import type { SourceFile } from './files.ts'
import { type About, type Form, type Prose, packing, type ReadDocument } from './form.ts'
import { type FormName, formOf } from './forms.ts'
import { spdxHeader } from './licenses/texts.ts'
import type { Item } from './read.ts'
import { scratch } from './scratch.ts'
import { stem } from './text.ts'

/** Bytes that are one document, by the reader of a form, confined where the form asks for it. Throws `Unreadable`. */
export async function proseOf(bytes: Buffer, about: About): Promise<Prose> {
  const form = formOf(about.format) as Form & { holds: 'document' }
  if (!form.confined) return openly(await form.load(), bytes, about)
  if (bytes.length <= sent) return readConfined({ bytes, about })
  const place = scratch()
  try {
    const absolute = place.file()
    writeFileSync(absolute, bytes, { mode: 0o600 })
    return await readConfined({ absolute, about })
  } finally {
    place.remove()
  }
}

/** What a reader throws is about the file, as in the other process. */
async function openly(read: ReadDocument, bytes: Buffer, about: About): Promise<Prose> {
  try {
    return await read(bytes, about)
  } catch (error) {
    if (error instanceof Unreadable || StillroomError.is(error)) throw error
    throw new Unreadable('damaged', String((error as Error).message).slice(0, 300))
  }
}

/** Bytes that go to the other process by message: more would lie in this one twice on the way. */
const sent = 2 ** 20

async function proseOfFile(file: SourceFile, about: About): Promise<Prose> {
  const form = formOf(about.format) as Form & { holds: 'document' }
  const most = form.confined ? about.bound * packing : about.bound
  if (form.confined) {
    // The other process reads it: its bytes need not lie in this one as well.
    if (file.size > most) throw tooLarge(file.size, most)
    return readConfined({ absolute: file.absolute, about })
  }
  const bytes = await wholeFile(file, most)
  try {
    return await proseOf(bytes, about)
  } finally {
    // What is read is text: tens of megabytes would wait for the collector, beside those of the next file.
    if (bytes.length > sent && bytes.length === bytes.buffer.byteLength) (bytes.buffer as ArrayBuffer).transfer(0)
  }
}

/** The records of a file that is one document: the document, and a rejection for each part that could not be read. */
export async function* readDocument(
  config: SourceConfig,
  file: SourceFile,
  format: FormName,
  bound: number,
): AsyncGenerator<Item> {
  if (config.kind !== undefined && config.kind !== 'document') {
    yield rejected('wrong-shape', { kind: config.kind, error: 'the file is one document' })
    return
  }
  const folder = format === 'code' ? vendored(file.below) : undefined
  if (folder !== undefined) {
    yield rejected('vendored', { folder })
    return
  }
  try {
    const about = { path: file.path, format, bound }
    const prose = await proseOfFile(file, about)
    yield documentItem(config, file, prose, about)
    for (const { reason, evidence } of prose.lost ?? []) yield rejected(reason, evidence)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    yield rejected(error.reason, error.evidence)
  }
}

/** Prose as the record that it becomes. */
export function documentItem(
  config: Pick<SourceConfig, 'uri' | 'teacher'> & Partial<Pick<SourceConfig, 'license'>>,
  file: Pick<SourceFile, 'path' | 'below' | 'size'>,
  { text, format, title, language, uri, facets, encoding, places }: Prose,
  { format: read, bound }: Pick<About, 'format' | 'bound'>,
): Item {
  if (text.trim() === '') return rejected('empty-file', { bytes: file.size })
  if (text.length > bound / 4 && Buffer.byteLength(text) > bound)
    return rejected('too-large', { bytes: Buffer.byteLength(text), bound })
  const written = format ?? (read === 'markdown' || read === 'rst' ? read : 'text')
  const detected =
    language ?? (written === 'code' ? undefined : detectLanguage(plainText(text.slice(0, 20_000), written)))
  // What the recipe says goes before what a file says of itself; the lineage names the file in any case.
  const from = config.uri === undefined ? uri : sourceUri(config, file)
  const license = config.license === 'detect' ? spdxHeader(text) : undefined
  const payload: Payload = { kind: 'document', text, title: title ?? stem(file.path), ...(from ? { uri: from } : {}) }
  return {
    is: 'record',
    payload,
    ...(detected ? { language: detected } : {}),
    ...(config.teacher === undefined ? {} : { teacher: config.teacher }),
    ...(facets ? { facets } : {}),
    ...(license ? { license } : {}),
    ...(format ? { format } : {}),
    ...(encoding ? { encoding } : {}),
    ...(places && places.length > 0 ? { places } : {}),
  }
}

const rejected = (reason: (Item & { is: 'rejected' })['reason'], evidence: Json): Item => ({
  is: 'rejected',
  reason,
  evidence,
})
