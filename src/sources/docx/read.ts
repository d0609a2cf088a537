import { notZip, openZip, packageLimits } from '../archive/zip-bytes.ts'
import { Unreadable } from '../bytes.ts'
import type { About, Prose } from '../form.ts'
import { markdownOf } from '../markup/markdown.ts'
import { placeMark, placesOf } from '../markup/places.ts'
import { allOf, attribute, childrenOf, type Xml, xmlOf, xmlText } from '../markup/xml.ts'
import { bodyOf } from './body.ts'
import { numberingOf } from './numbering.ts'
import { stylesOf } from './styles.ts'

/**
 * A document of Word (ECMA-376) as Markdown: headings by style, lists with the numbers that Word counts, tables, notes, code by
 * style or typeface, equations as TeX. Of tracked changes what is inserted is read and what is deleted is not; comments,
 * hidden text, heads and feet of pages and tables of contents are left out. Pages are places where the file says where they
 * began.
 */
export async function readDocx(bytes: Buffer, { bound }: About): Promise<Prose> {
  const other = notZip(bytes, 'binary format of Word 97 to 2003')
  if (other) throw other
  const entries = await openZip(bytes, packageLimits(bound))
  const lost: NonNullable<Prose['lost']> = []
  // Without its styles or its numbers a text is still a text.
  const read = async (name: string | undefined): Promise<Xml | undefined> => {
    const entry = name === undefined ? undefined : (entries.get(name) ?? entries.get(name.replaceAll('/', '\\')))
    try {
      return entry && xmlOf(xmlBytes(await entry.read())).root
    } catch (error) {
      if (!(error instanceof Unreadable) || error.reason !== 'damaged') throw error
      lost.push({ reason: 'damaged', evidence: { member: entry!.name, error: error.message } })
      return undefined
    }
  }
  const related = relations(await read('_rels/.rels'), '')
  const main = [related('officeDocument'), 'word/document.xml'].find(name => name !== undefined && entries.has(name))
  if (main === undefined || /^(?:xl|ppt)\//.test(main)) {
    const kind = entries.has('xl/workbook.xml')
      ? 'a workbook'
      : entries.has('ppt/presentation.xml')
        ? 'slides'
        : undefined
    throw new Unreadable(
      'unknown-format',
      kind ? `${kind}, not a document of Word` : 'a zip archive without a document of Word in it',
    )
  }
  const { root, whole } = xmlOf(xmlBytes(await entries.get(main)!.read()))
  const folder = main.slice(0, main.lastIndexOf('/') + 1)
  const to = relations(await read(`${folder}_rels/${main.slice(folder.length)}.rels`), folder)
  const part = (type: string): Promise<Xml | undefined> => read(to(type) ?? `${folder}${type}.xml`)
  const notes = new Map<string, Xml>()
  for (const kind of ['footnote', 'endnote']) {
    for (const note of allOf((await part(`${kind}s`)) ?? root, kind)) {
      if (!/separator/i.test(attribute(note, 'type') ?? '')) notes.set(`${kind} ${attribute(note, 'id')}`, note)
    }
  }
  const { nodes, title, unclosed } = bodyOf(root, {
    styles: stylesOf(await part('styles')),
    numbering: numberingOf(await part('numbering')),
    notes,
  })
  const marked = placeMark + markdownOf(nodes)
  const pages = marked.split(placeMark).map((_, i) => `page ${i + 1}`)
  const { text, places } = placesOf(marked, pages)
  if (text === '' && !whole) throw new Unreadable('damaged', 'its XML is broken')
  if (!whole) lost.push({ reason: 'damaged', evidence: { member: main, error: 'broken XML, read as far as it goes' } })
  if (unclosed)
    lost.push({
      reason: 'damaged',
      evidence: { member: main, error: 'a field without end, which takes the text behind it' },
    })
  const named =
    title ?? statedTitle(await read(related('core-properties') ?? 'docProps/core.xml')) ?? /^# (.+)$/m.exec(text)?.[1]
  return {
    text,
    format: 'markdown',
    ...(named ? { title: named } : {}),
    ...(places.length > 1 ? { places } : {}),
    lost,
  }
}

function xmlBytes(bytes: Buffer): string {
  const utf16 = bytes[0] === 0xff || bytes[0] === 0xfe
  return new TextDecoder(utf16 ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(bytes)
}

/** Parts that a part leads to, by the last word of the type of the relation. */
function relations(root: Xml | undefined, folder: string): (type: string) => string | undefined {
  const all = root ? childrenOf(root, 'Relationships').flatMap(one => childrenOf(one, 'Relationship')) : []
  return type => {
    const target = attribute(
      all.find(one => attribute(one, 'Type')?.endsWith(`/${type}`)),
      'Target',
    )
    return target === undefined ? undefined : target.startsWith('/') ? target.slice(1) : `${folder}${target}`
  }
}

/** The title among the properties of the file, which templates and older names of the file often leave there. */
function statedTitle(root: Xml | undefined): string | undefined {
  const stated = root && allOf(root, 'title').map(xmlText).join(' ').replace(/\s+/g, ' ').trim()
  if (
    !stated ||
    /^(?:untitled|document\d*|title|word document|microsoft word\b.*)$|\.(?:docx?|dotx?|pdf|rtf|odt)$/i.test(stated)
  )
    return undefined
  return stated
}
