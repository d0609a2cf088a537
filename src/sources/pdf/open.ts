import { getResolvedPDFJS } from 'unpdf'
import { Unreadable } from '../bytes.ts'
import { Resources } from './cmaps.ts'

export type PdfJs = Awaited<ReturnType<typeof getResolvedPDFJS>>
export type Opened = {
  pdfjs: PdfJs
  file: Awaited<ReturnType<PdfJs['getDocument']>['promise']>
  /** The end of the file, or its table of contents, is missing: the pages are those that were found in it. */
  salvaged: boolean
  close(): Promise<void>
}

/**
 * Opens a file of PDF, also one protected by an empty password. Nothing is fetched, run or drawn: pictures are left
 * undecoded. Throws `Unreadable`.
 */
export async function openPdf(bytes: Buffer): Promise<Opened> {
  const head = bytes.subarray(0, 1024).toString('latin1')
  if (!head.includes('%PDF-')) throw new Unreadable('unknown-format', 'no header of a PDF file')
  const pdfjs = await getResolvedPDFJS()
  try {
    return await opened(pdfjs, bytes, false)
  } catch (error) {
    const { name, message } = error as Error
    if (name === 'PasswordException') throw new Unreadable('encrypted', 'it opens with a password only')
    const found = withCatalogue(bytes)
    const damaged = new Unreadable('damaged', message.slice(0, 300))
    if (!found) throw damaged
    return opened(pdfjs, found, true).catch(() => {
      throw damaged
    })
  }
}

async function opened(pdfjs: PdfJs, bytes: Buffer, salvaged: boolean): Promise<Opened> {
  const task = pdfjs.getDocument({
    data: new Uint8Array(bytes),
    verbosity: 0,
    maxImageSize: 0,
    isEvalSupported: false,
    useSystemFonts: false,
    disableFontFace: true,
    useWasm: false,
    enableXfa: false,
    cMapUrl: 'cmaps/',
    cMapPacked: true,
    BinaryDataFactory: Resources,
  } as Parameters<PdfJs['getDocument']>[0])
  try {
    return { pdfjs, file: await task.promise, salvaged, close: () => task.destroy() }
  } catch (error) {
    await task.destroy().catch(() => undefined)
    throw error
  }
}

/**
 * The bytes with a catalogue of all pages that stand in them, as whole objects of their own, after them: what is left of a
 * file that was cut. Undefined where there is none, and for protected files, whose key is lost with the end.
 */
function withCatalogue(bytes: Buffer): Buffer | undefined {
  const text = bytes.toString('latin1')
  if (text.includes('/Encrypt')) return undefined
  const pages: string[] = []
  let highest = 0
  for (const match of text.matchAll(/(?<!\d)(\d{1,9})\s+(\d{1,5})\s+obj\b/g)) {
    highest = Math.max(highest, Number(match[1]))
    const end = text.indexOf('endobj', match.index)
    if (end < 0) break
    if (/\/Type\s*\/Page(?![A-Za-z])/.test(text.slice(match.index, Math.min(end, match.index + 4096))))
      pages.push(`${match[1]} ${match[2]} R`)
  }
  if (pages.length === 0) return undefined
  const [root, tree] = [highest + 1, highest + 2]
  const added = `
endobj
${root} 0 obj<</Type/Catalog/Pages ${tree} 0 R>>endobj
${tree} 0 obj<</Type/Pages/Kids[${pages.join(' ')}]/Count ${pages.length}>>endobj
trailer<</Root ${root} 0 R/Size ${tree + 1}>>
`
  return Buffer.concat([bytes, Buffer.from(added, 'latin1')])
}
