import type { SourceFile } from '../files.ts'
import { listed } from './directory.ts'

/** What formats that are zips have in them ([ECMA-376] part 2, EPUB OCF 3.3, ODF 1.3 part 2). */
const marks: [form: string, needs: RegExp[]][] = [
  ['docx', [/^\[Content_Types\]\.xml$/i, /^word\//]],
  ['xlsx', [/^\[Content_Types\]\.xml$/i, /^xl\//]],
  ['pptx', [/^\[Content_Types\]\.xml$/i, /^ppt\//]],
  ['epub', [/^META-INF\/container\.xml$/]],
  ['odt', [/^META-INF\/manifest\.xml$/, /^mimetype$/, /^content\.xml$/]],
]
/** Entries looked at: what is told by its members has them near the beginning. */
const looked = 1000

/**
 * The format that a zip is the package of, if it is one; and what is wrong with its list. One that is named as such a
 * package may lack what says so.
 */
export function zipHolds(file: SourceFile, named?: string): { holds?: string; error?: string } {
  const { entries, error } = listed(file.absolute, looked)
  const names = entries.map(({ raw }) => raw.toString('latin1'))
  const has = (mark: RegExp) => names.some(name => mark.test(name))
  const holds = (marks.find(([, needs]) => needs.every(has)) ??
    marks.find(([of, needs]) => of === named && needs.some(has)))?.[0]
  return { ...(holds ? { holds } : {}), ...(error === undefined ? {} : { error }) }
}
