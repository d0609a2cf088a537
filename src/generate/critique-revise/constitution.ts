import { basename } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { type Sha, sha256 } from '../../records/index.ts'
import { fromFile } from '../../steps/index.ts'
import { sections } from '../sections.ts'

/** One principle: what the critique asks for, and what the revision does about it. */
export type Principle = { name: string; critique: string; revision: string }
/** A constitution file: Markdown with `### name`, a line `Critique:` and a line `Revision:` (`批評:`, `改訂:`) a principle. */
type Constitution = { name: string; digest: Sha; text: string; principles: Principle[] }

export const builtinConstitutions = ['helpful-harmless-honest']
const constitutionIn = fromFile((text, file) => parseConstitution(text, basename(String(file), '.md')))

/** Throws SR_RECIPE_VALUE for an unknown name and for a file without usable principles. */
export function loadConstitution(constitution: string, language: string): Constitution {
  const own = constitution.endsWith('.md')
  const name = basename(constitution, '.md')
  if (!own && !builtinConstitutions.includes(name)) {
    throw new StillroomError('SR_RECIPE_VALUE', `There is no constitution "${constitution}".`, {
      expected: `${builtinConstitutions.join(' | ')}, or a path that ends in .md`,
      received: constitution,
      hint: 'Write the principles into a Markdown file, one "### name" each with a critique and a revision.',
    })
  }
  const file = own ? constitution : new URL(`./${name}.${language.startsWith('ja') ? 'ja' : 'en'}.md`, import.meta.url)
  return { ...constitutionIn(file), name }
}

/** The requests of one principle: each goes on to the next label or to the end. */
function partsOf(body: string): { [label: string]: string } {
  const parts = body.split(/^(critique|revision|批評|改訂)[:：][ \t]*/im)
  const found: { [label: string]: string } = {}
  for (let i = 1; i < parts.length; i += 2) {
    const label = /critique|批評/i.test(parts[i]!) ? 'critique' : 'revision'
    found[label] = parts[i + 1]!.trim()
  }
  return found
}

/** Text before the first principle is for people, and not shown to a teacher. */
export function parseConstitution(text: string, name: string): Constitution {
  const principles: Principle[] = []
  let bad: string | undefined
  for (const [title, body] of sections(text)) {
    const { critique, revision } = partsOf(body)
    if (!critique || !revision) bad ??= `${title} without ${critique ? 'Revision:' : 'Critique:'}`
    else if (principles.some(principle => principle.name === title)) bad ??= `${title} twice`
    else principles.push({ name: title, critique, revision })
  }
  if (bad !== undefined || principles.length === 0) {
    throw new StillroomError('SR_RECIPE_VALUE', `The constitution "${name}" does not state its principles.`, {
      expected: 'one or more "### name", each name once, with a line "Critique: ..." and a line "Revision: ..."',
      received: bad ?? 'no line that starts with "### "',
    })
  }
  return { name, digest: sha256(text), text, principles }
}
