import { decodedBytes, Unreadable } from '../bytes.ts'
import type { About, Prose } from '../form.ts'
import { languageOf } from './language.ts'
import { unwritten } from './refuse.ts'

/**
 * A program as it stands, with its language as the facet `code` and its path as the title. Throws `Unreadable`, also for what
 * no person wrote: generated files, lock files, minified ones.
 */
export function readCode(bytes: Buffer, { path, charset }: About): Prose {
  const { text, encoding } = decodedBytes(bytes, charset)
  const found = unwritten(path, text)
  if (found) throw new Unreadable(found.reason, path, found.evidence)
  return {
    text,
    format: 'code',
    title: path.replace(/^(?:\.\.?\/)+/, ''),
    facets: { code: languageOf(path, text) },
    ...(encoding ? { encoding } : {}),
  }
}
