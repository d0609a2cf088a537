import { basename } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import type { Sha } from '../../records/index.ts'
import { sha256 } from '../../records/index.ts'
import { fromFile } from '../../steps/index.ts'

/** A rubric file: Markdown with one `### aspect` a criterion. Text before the first aspect is shown to the judge as well. The digest is over `whole`. */
export type Rubric = { name: string; digest: Sha; whole: string; text: string; aspects: string[] }

export const builtinRubrics = ['accuracy-clarity-usefulness', 'five-points', 'keigo']
const rubricIn = fromFile((text, file) => parseRubric(text, basename(String(file), '.md')))

/** Throws SR_RECIPE_VALUE for an unknown name and for a file without usable aspects. */
export function loadRubric(rubric: string, language: string): Rubric {
  const own = rubric.endsWith('.md')
  // A recipe may have made the name absolute along with its other paths.
  const name = basename(rubric, '.md')
  if (!own && !builtinRubrics.includes(name)) {
    throw new StillroomError('SR_RECIPE_VALUE', `There is no rubric "${rubric}".`, {
      expected: `${builtinRubrics.join(' | ')}, or a path that ends in .md`,
      received: rubric,
      hint: 'Write the criteria into a Markdown file, one "### aspect" each, and name its path.',
    })
  }
  const file = own ? rubric : new URL(`./${name}.${language.startsWith('ja') ? 'ja' : 'en'}.md`, import.meta.url)
  return { ...rubricIn(file), name }
}

export function parseRubric(text: string, name: string): Rubric {
  const aspects = [...text.matchAll(/^### +(.+?)[ \t]*$/gm)].map(match => match[1]!)
  const bad = aspects.find(
    aspect => !/^[a-z][a-z0-9_-]*$/.test(aspect) || aspect === 'overall' || aspect === 'rationale',
  )
  if (aspects.length === 0 || bad !== undefined || new Set(aspects).size !== aspects.length) {
    throw new StillroomError(
      'SR_RECIPE_VALUE',
      `The rubric "${name}" does not name its aspects as scores can be named.`,
      {
        expected:
          'one or more lines "### aspect": lower-case letters, digits, - and _, each once, not overall or rationale',
        received: bad ?? (aspects.length === 0 ? 'no line that starts with "### "' : 'the same aspect twice'),
      },
    )
  }
  return { name, digest: sha256(text), whole: text, text: text.trim(), aspects }
}
