import { bytes, compact, counted, thousands } from '../figures.ts'
import { clip, indent, table, wrap } from '../layout.ts'
import type { Reporter } from '../reporter.ts'
import type { Group, Seen } from './seen.ts'

/** What `init` saw, as a table, with what it passes over and why. */
export function seenLines({ groups, passed, licenses }: Seen, { width, paint }: Reporter): string[] {
  const bold = (text: string) => paint('bold', text)
  const rows = groups.map(group => [
    clip(group.name, 20),
    thousands(group.count),
    bytes(group.bytes),
    `${thousands(group.records)}${group.atLeast ? '+' : ''}`,
    group.tokens > 0 && group.material !== 'people' ? compact(group.tokens) : '',
    languages(group),
    `${whatOf(group)} (${formsOf(group)})`,
  ])
  const notes = groups.flatMap(noteOf)
  return [
    ...(rows.length > 0
      ? table(
          [
            { head: 'source' },
            { head: 'files', right: true },
            { head: 'size', right: true },
            { head: 'records', right: true },
            { head: 'tokens', right: true },
            { head: 'language' },
            { head: 'holds', flex: true },
          ],
          rows,
          width,
          bold,
        )
      : []),
    ...(notes.length > 0 ? ['', ...notes.flatMap(line => wrap(line, width))] : []),
    ...(licenses.length > 0
      ? [
          '',
          bold('Licenses'),
          ...licenses.map(({ file, says }) => `  ${file}: ${says === 'unknown' ? 'no known license' : says}`),
        ]
      : []),
    ...(passed.length > 0
      ? [
          '',
          bold('Passed over'),
          ...passed.flatMap(({ files, why }) => indent(wrap(`${few(files)}: ${why}`, width - 2))),
        ]
      : []),
  ]
}

const formsOf = ({ forms, table }: Group): string => (table === undefined ? forms.join(', ') : `${forms[0]} table`)

function languages({ languages, material }: Group): string {
  if (material === 'people' || material === 'tables') return ''
  const sorted = Object.entries(languages).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  if (sorted.length === 1) return sorted[0]![0]
  return sorted
    .slice(0, 2)
    .map(([language, share]) => `${language} ${Math.round(100 * share)} %`)
    .join(', ')
}

function whatOf({ material, shape }: Group): string {
  const words: { [material: string]: string } = {
    documents: 'documents',
    code: 'source code',
    queries: 'queries of people',
    conversations: 'answered prompts',
    preferences: 'preferences',
    votes: 'votes on answers',
    people: 'a table of people',
    exams: 'an exam',
    tables: 'rows of an unknown shape',
  }
  const what = words[material ?? 'tables']!
  return shape && material === 'conversations' && shape !== 'prompts with answers' ? `${what}, ${shape}` : what
}

/** What somebody should know of a source before anything is made of it. */
function noteOf({ name, personal, people, headers = [], copies, count, synthetic, material }: Group): string[] {
  const found = Object.entries(personal).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  const identifiers = people?.filter(({ holds }) => holds === 'identifier').map(column => column.name) ?? []
  return [
    ...(identifiers.length > 0 ? [`${name} names people: ${identifiers.join(', ')}.`] : []),
    ...(found.length > 0 && material !== 'people'
      ? [
          `${name} holds personal data in the sample: ${found
            .slice(0, 5)
            .map(([entity, n]) => `${thousands(n)} ${entity}`)
            .join(', ')}.`,
        ]
      : []),
    ...(headers.length > 0
      ? [`${name} has the columns ${few(headers)}: say in the recipe what they hold, with kind: and columns:.`]
      : []),
    ...(copies > 0 ? [`${name}: ${counted(copies, 'file')} of ${thousands(count)} equal another one.`] : []),
    ...(synthetic ? [`${name} says itself that a model wrote it.`] : []),
  ]
}

export function few(files: readonly string[]): string {
  return files.length <= 5
    ? files.join(', ')
    : `${files.slice(0, 4).join(', ')} and ${thousands(files.length - 4)} more`
}
