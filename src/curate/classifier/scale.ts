import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Sha, sha256 } from '../../records/index.ts'

/** What the marks 0 to 5 stand for, as it is shown to the teacher. */
export type Scale = { name: string; digest: Sha; whole: string; text: string }

/** Rubrics that come along. */
export const scales: readonly string[] = ['educational', 'code-educational']

/** Name of a rubric as scores and cards give it. */
export const scaleName = (rubric: string): string => basename(rubric, '.md')

const loaded = new Map<string, Scale>()

/** A built-in rubric in the language of the text, or a file. */
export function loadScale(rubric: string, language: string): Scale {
  const file = rubric.endsWith('.md')
    ? rubric
    : new URL(`./${rubric}.${language.startsWith('ja') ? 'ja' : 'en'}.md`, import.meta.url)
  const known = loaded.get(String(file))
  if (known) return known
  const text = readFileSync(file, 'utf8')
  const scale = { name: basename(String(file)), digest: sha256(text), whole: text, text: text.trim() }
  loaded.set(String(file), scale)
  return scale
}
