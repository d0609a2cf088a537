import type { Message, Rec, Tool } from '../records/index.ts'
import { rootsOf } from '../run/index.ts'
import { thousands } from './figures.ts'
import { cells, cut, indent, wrap } from './layout.ts'
import type { Paint } from './reporter.ts'

/** One part of a record's content, under its name. */
export type Section = { label: string; text: string }

function turns(messages: readonly Message[]): Section[] {
  return messages.flatMap(({ role, content, reasoning, tool_calls, name }) => [
    ...(reasoning ? [{ label: 'reasoning', text: reasoning }] : []),
    ...(content ? [{ label: name ? `${role} ${name}` : role, text: content }] : []),
    ...(tool_calls ?? []).map(({ function: f }) => ({
      label: 'tool call',
      text: `${f.name}(${JSON.stringify(f.arguments)})`,
    })),
  ])
}

const toolNames = (tools: readonly Tool[]): string => tools.map(({ function: { name } }) => name).join(', ')

const prefixed = (prefix: string, sections: Section[]): Section[] =>
  sections.map(({ label, text }) => ({ label: `${prefix} ${label}`, text }))

/** What a record holds, in the order in which a person reads it. */
export function sectionsOf(record: Rec): Section[] {
  switch (record.kind) {
    case 'document':
      return [
        ...(record.title ? [{ label: 'title', text: record.title }] : []),
        { label: 'text', text: record.text ?? '(left out: read it from its source)' },
      ]
    case 'prompt':
    case 'conversation':
      return [
        ...(record.tools?.length ? [{ label: 'tools', text: toolNames(record.tools) }] : []),
        ...turns(record.messages),
        ...(record.reference ? [{ label: 'reference', text: record.reference }] : []),
      ]
    case 'preference':
      return [
        ...turns(record.prompt),
        ...prefixed('chosen', turns(record.chosen)),
        ...prefixed('rejected', turns(record.rejected)),
      ]
    case 'feedback':
      return [...turns(record.prompt), ...turns(record.completion), { label: 'label', text: String(record.label) }]
    case 'exam':
      return [
        ...turns(record.prompt),
        { label: 'target', text: record.target },
        ...(record.choices ?? []).map((text, i) => ({ label: `choice ${i + 1}`, text })),
      ]
    case 'row':
      return Object.entries(record.columns).map(([label, value]) => ({
        label,
        text: typeof value === 'string' ? value : JSON.stringify(value),
      }))
  }
}

/** Sections as labelled paragraphs: short ones beside their label, long ones below it. */
export function sectionLines(sections: readonly Section[], width: number, paint: Paint): string[] {
  const labels = Math.max(0, ...sections.map(({ label }) => cells(label)))
  return sections.flatMap(({ label, text }) => {
    const head = paint('cyan', label) + ' '.repeat(labels - cells(label))
    const [first = '', ...rest] = wrap(text.trim(), width - labels - 2)
    return [`${head}  ${first}`.trimEnd(), ...indent(rest, ' '.repeat(labels + 2))]
  })
}

/**
 * The same in at most `room` lines: every section keeps one line, and what is left over goes to the long ones, the last
 * first, since an answer tells more than the system message before it.
 */
export function abridged(sections: readonly Section[], width: number, room: number, paint: Paint): string[] {
  const labels = Math.max(0, ...sections.map(({ label }) => cells(label)))
  const shown = sections.length <= room ? [...sections] : [...sections.slice(0, Math.max(1, room - 1))]
  const inner = width - labels - 2
  const wrapped = shown.map(({ text }) =>
    wrap(text.trim(), inner).filter((line, i, all) => line.trim() || all[i + 1]?.trim()),
  )
  const given = wrapped.map(() => 1)
  let free = room - shown.length - (shown.length < sections.length ? 1 : 0)
  for (let progress = true; free > 0 && progress; ) {
    progress = false
    for (let i = wrapped.length - 1; i >= 0 && free > 0; i--) {
      if (given[i]! >= wrapped[i]!.length) continue
      given[i]!++
      free--
      progress = true
    }
  }
  const lines = shown.flatMap(({ label }, i) => {
    const all = wrapped[i]!
    const kept = all.slice(0, given[i])
    while (kept.length > 1 && kept.length < all.length && !kept.at(-1)!.trim()) kept.pop()
    if (kept.length < all.length)
      kept[kept.length - 1] = `${cut(kept.at(-1)!, inner - 2)
        .replace(/…$/, '')
        .trimEnd()} …`
    const head = paint('cyan', label) + ' '.repeat(labels - cells(label))
    return [`${head}  ${kept[0] ?? ''}`.trimEnd(), ...indent(kept.slice(1), ' '.repeat(labels + 2))]
  })
  return shown.length < sections.length
    ? [...lines, paint('dim', `… ${sections.length - shown.length} more parts`)]
    : lines
}

/** The nearest cut of a document that a record descends from: its characters, and pages where it has them. */
function cutOf(record: Rec, ancestors: Map<string, Rec>): { span: [number, number]; place?: string } | undefined {
  const { span, place } = record.lineage.made ?? {}
  if (span) return { span, ...(place === undefined ? {} : { place }) }
  const subject = record.lineage.parents.find(({ role }) => role === 'subject')
  const parent = subject && ancestors.get(subject.id)
  return parent && cutOf(parent, ancestors)
}

/** Where a record comes from, in one line: file, part, row or characters, license. */
export function sourceLine(record: Rec, ancestors: Map<string, Rec>): string {
  const cut = cutOf(record, ancestors)
  const parts = rootsOf(record, ancestors).flatMap(root => {
    const source = root.lineage.source
    if (!source) return []
    const part = source.part === undefined ? '' : `, ${source.part}`
    const row = source.row === undefined ? '' : `, row ${thousands(source.row)}`
    const place = cut?.place === undefined ? '' : `, ${cut.place}`
    const offset = cut ? `, characters ${thousands(cut.span[0])} to ${thousands(cut.span[1])}` : ''
    return [`${source.uri}${part}${row}${place}${offset} (${source.license})`]
  })
  if (parts.length > 0) return parts.join('; ')
  const { made, parents } = record.lineage
  const whole = made && parents.length > 0 && parents.every(({ role }) => role === 'corpus')
  return whole ? `${made.step}, fitted on a whole input: no single row of it` : 'source unknown'
}

/** Scores as `judge/accuracy 8, clarity unscored (unparseable); language/confidence 1`: each step is named once. */
export function scoreList(record: Rec): string {
  const steps = new Map<string, string[]>()
  for (const [name, score] of Object.entries(record.scores)) {
    const at = name.lastIndexOf('/') + 1
    const said = 'value' in score ? Number(score.value.toFixed(3)) : `unscored (${score.unscored})`
    const known = steps.get(name.slice(0, at)) ?? []
    steps.set(name.slice(0, at), [...known, `${name.slice(at)} ${said}`])
  }
  return [...steps].map(([step, each]) => step + each.join(', ')).join('; ')
}
