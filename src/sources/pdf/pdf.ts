import { tooLarge, Unreadable } from '../bytes.ts'
import type { About, Prose, ReadDocument } from '../form.ts'
import type { SourceReason } from '../reasons.ts'
import { documentOf } from './layout.ts'
import { openPdf } from './open.ts'
import { readPage } from './page.ts'
import type { Sheet } from './sheet.ts'
import { outlineOf, statedOf } from './stated.ts'

/** Share of characters that stand for nothing from which a page cannot be read. */
const illegible = 0.2
/** Characters left out of a page that is read, from which it is told. */
const worthTelling = 20

/**
 * The text of a PDF in reading order as Markdown, with the pages it comes from. Pages without text (pictures) or without
 * a mapping of their fonts to Unicode, and pages that are damaged, are lost while others are read. Throws `Unreadable`.
 */
export const readPdf: ReadDocument = async (bytes: Buffer, about: About): Promise<Prose> => {
  const opened = await openPdf(bytes)
  try {
    const { numPages } = opened.file
    const sheets: Sheet[] = []
    const missing = new Map<string, { reason: SourceReason; pages: number[] }>()
    const miss = (page: number, reason: SourceReason, error: string): void => {
      const same = missing.get(error) ?? { reason, pages: [] }
      same.pages.push(page)
      missing.set(error, same)
    }
    let letters = 0
    for (let number = 1; number <= numPages; number++) {
      let sheet: Sheet
      try {
        sheet = await readPage(opened, number)
      } catch (error) {
        miss(number, 'damaged', (error as Error).message.slice(0, 300))
        continue
      }
      if (sheet.garbled > illegible * sheet.letters) miss(number, 'not-text', 'fonts without a mapping to Unicode')
      else if (sheet.runs.length > 0) {
        sheets.push(sheet)
        if (sheet.garbled >= worthTelling) miss(number, 'not-text', 'in part: a font without a mapping to Unicode')
        for (const run of sheet.runs) letters += run.text.length
        if (letters > about.bound) throw tooLarge(bytes.length, about.bound)
      } else if (sheet.painted) miss(number, 'not-text', 'a picture without a text layer')
    }
    const lost: NonNullable<Prose['lost']> = [...missing].map(([error, { reason, pages }]) => ({
      reason,
      evidence: { pages: ranges(pages), error },
    }))
    if (opened.salvaged)
      lost.unshift({ reason: 'damaged', evidence: { error: `cut short: ${numPages} pages are left` } })
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

/** `1-3, 7`, for numbers in order. */
function ranges(pages: readonly number[]): string {
  const found: [number, number][] = []
  for (const page of pages) {
    const last = found.at(-1)
    if (last && last[1] === page - 1) last[1] = page
    else found.push([page, page])
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}

function nothingRead(pages: number, lost: NonNullable<Prose['lost']>): Unreadable {
  const [first] = lost
  const reason = first !== undefined && lost.every(one => one.reason === 'damaged') ? 'damaged' : 'not-text'
  const error = first ? (first.evidence as { error: string }).error : 'empty pages'
  return new Unreadable(reason, error, { error, pages })
}
