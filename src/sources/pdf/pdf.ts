import { tooLarge, Unreadable } from '../bytes.ts'
import type { About, Prose, ReadDocument } from '../form.ts'
import { documentOf } from './layout.ts'
import { openPdf } from './open.ts'
import { readPage } from './page.ts'
import type { Sheet } from './sheet.ts'
import { outlineOf, statedOf } from './stated.ts'

/** Share of characters that stand for nothing from which a page cannot be read. */
const illegible = 0.2

/**
 * The text of a PDF in reading order as Markdown, with the pages it comes from. Pages without text (pictures) or without
 * a mapping of their fonts to Unicode, and pages that are damaged, are lost while others are read. Throws `Unreadable`.
 */
export const readPdf: ReadDocument = async (bytes: Buffer, about: About): Promise<Prose> => {
  const opened = await openPdf(bytes)
  try {
    const { numPages } = opened.file
    const sheets: Sheet[] = []
    const lost: NonNullable<Prose['lost']> = []
    if (opened.salvaged)
      lost.push({ reason: 'damaged', evidence: { error: `the file is cut; ${numPages} of its pages were found` } })
    let letters = 0
    for (let number = 1; number <= numPages; number++) {
      let sheet: Sheet
      try {
        sheet = await readPage(opened, number)
      } catch (error) {
        lost.push({ reason: 'damaged', evidence: { page: number, error: (error as Error).message.slice(0, 300) } })
        continue
      }
      if (sheet.garbled > illegible)
        lost.push({ reason: 'not-text', evidence: { page: number, error: 'its fonts have no mapping to Unicode' } })
      else if (sheet.runs.length > 0) {
        sheets.push(sheet)
        for (const run of sheet.runs) letters += run.text.length
        if (letters > about.bound) throw tooLarge(bytes.length, about.bound)
      } else if (sheet.painted)
        lost.push({ reason: 'not-text', evidence: { page: number, error: 'a picture without a text layer' } })
    }
    if (sheets.length === 0) throw nothingRead(numPages, lost)
    const stated = await statedOf(opened, sheets)
    const { text, places, heading } = documentOf(sheets, await outlineOf(opened))
    const title = stated.title ?? heading
    return {
      text,
      format: 'markdown',
      places,
      ...(title ? { title } : {}),
      ...(stated.language ? { language: stated.language } : {}),
      ...(lost.length > 0 ? { lost } : {}),
    }
  } finally {
    await opened.close().catch(() => undefined)
  }
}

function nothingRead(pages: number, lost: NonNullable<Prose['lost']>): Unreadable {
  const damaged = lost.filter(({ reason }) => reason === 'damaged').length
  const [reason, error] =
    damaged > 0 && damaged === lost.length
      ? (['damaged', 'none of its pages can be decoded'] as const)
      : ([
          'not-text',
          lost.length === 0 ? 'its pages are empty' : 'its pages are pictures, or have no text to take out',
        ] as const)
  return new Unreadable(reason, error, { error, pages })
}
