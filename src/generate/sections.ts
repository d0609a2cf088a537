import { basename } from 'node:path'
import { type Sha, sha256 } from '../records/index.ts'
import { fromFile } from '../steps/index.ts'

/** The parts of a Markdown file under its lines `### name`, in order. What stands before the first is for people. */
export function sections(text: string): [name: string, body: string][] {
  const parts = text.split(/^### +(.+?)[ \t]*$/gm)
  const found: [string, string][] = []
  for (let i = 1; i < parts.length; i += 2) found.push([parts[i]!, parts[i + 1]!.trim()])
  return found
}

/** What a prompt takes out of a file beside its own, part by part; the digest enters lineage and stage identity. */
export type Sections = { name: string; digest: Sha; text: string; of: ReadonlyMap<string, string> }

/** The parts of a Markdown file, read again only when it was edited. */
export const loadSections = fromFile(
  (text, file): Sections => ({ name: basename(String(file)), digest: sha256(text), text, of: new Map(sections(text)) }),
)
