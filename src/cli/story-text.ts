import type { GateReport, TeacherFacts } from '../govern/index.ts'
import type { Rec } from '../records/index.ts'
import { type Ancestor, callsOf, type Exchange, type PastRun, type Story } from '../run/index.ts'
import { dollars, thousands } from './figures.ts'
import { clip, indent, pad, wrap } from './layout.ts'
import { abridged, sectionLines, sectionsOf, sourceLine } from './record-text.ts'
import type { Reporter } from './reporter.ts'

/** One screen. */
const screen = 40

/** Everything that `show` knows of one record. */
export type Told = {
  run: PastRun
  story: Story
  exchanges: Map<string, Exchange>
  /** By provider and model; empty when the recipe is not at hand. */
  teachers: Map<string, TeacherFacts>
  /** Prompt files by digest. */
  prompts: Map<string, string>
  gates: GateReport[]
}

/** Labelled lines: the label once, what follows below one another. */
function block(label: string, lines: string[], { paint }: Pick<Reporter, 'paint'>): string[] {
  return lines.map((line, i) => `${i === 0 ? paint('cyan', pad(label, 9)) : ' '.repeat(9)}  ${line}`)
}

/** Records by id out of a tree of descent. */
export function ancestorMap(ancestors: readonly Ancestor[]): Map<string, Rec> {
  const known = new Map<string, Rec>()
  const visit = (one: Ancestor): void => {
    if (one.record) known.set(one.id, one.record)
    one.parents.forEach(visit)
  }
  ancestors.forEach(visit)
  return known
}

function named(record: Rec | undefined, id: string): string {
  if (!record) return `record ${id.slice(0, 12)} (no longer in this workspace)`
  const by = record.lineage.made
    ? `made by ${record.lineage.made.step}`
    : `read from ${record.lineage.source?.name ?? 'outside'}`
  const text = sectionsOf(record).at(record.kind === 'document' ? 0 : -1)?.text ?? ''
  return `${record.kind} ${id.slice(0, 12)} ${by}: ${text}`
}

function treeLines(ancestors: readonly Ancestor[], width: number, depth = 0): string[] {
  return ancestors.flatMap(({ id, role, record, again, parents }) => {
    const what =
      role === 'corpus'
        ? `corpus ${id.slice(0, 12)}: fitted on a whole input`
        : `${role} ${again ? `${record?.kind ?? 'record'} ${id.slice(0, 12)}, as above` : named(record, id)}`
    return [clip(what, width - depth * 2), ...treeLines(parents, width, depth + 1)].map((line, i) =>
      i === 0 ? ' '.repeat(depth * 2) + line : line,
    )
  })
}

function callLines({ story, exchanges }: Told, width: number): string[] {
  return callsOf(story.record, story.parents).map(({ call, step }) => {
    const found = exchanges.get(call)
    if (!found) return clip(`${step}: call ${call.slice(0, 12)} is not in the journal`, width)
    const { row, reply } = found
    const tokens = `${thousands(reply?.usage.input ?? 0)} + ${thousands(reply?.usage.output ?? 0)} tokens`
    const served = row.served && row.served !== row.model ? ` (${row.served})` : ''
    const draw = row.draw > 0 ? `, draw ${row.draw + 1}` : ''
    const attempt = row.attempt > 0 ? `, attempt ${row.attempt + 1}` : ''
    return clip(
      `${step}: ${row.provider}/${row.model}${served}, ${row.at.slice(0, 10)}, ${tokens}, ${dollars(row.settled?.usd)}, ${row.finish ?? 'no reply'}${draw}${attempt}`,
      width,
    )
  })
}

/** Terms of every teacher that had a part: verdict, document and version, who accepted. */
function termLines({ story, exchanges, teachers }: Told, width: number): string[] {
  const ids = new Set<string>()
  for (const { call } of callsOf(story.record, story.parents)) {
    const row = exchanges.get(call)?.row
    if (row) ids.add(`${row.provider}/${row.model}`)
  }
  return [...ids].map(id => {
    const verdict = teachers.get(id)?.verdict
    if (!verdict) return clip(`${id}: not known, the recipe at hand does not name this teacher`, width)
    const document = verdict.entry ? `, ${verdict.entry.title}, version ${verdict.entry.version}` : ''
    const accepted = verdict.accepted
      ? `, version ${verdict.accepted.version} accepted by ${verdict.accepted.by} on ${verdict.accepted.at}`
      : ''
    return clip(`${id}: ${verdict.verdict}${document}${accepted}`, width)
  })
}

/** Scores, those of one judgement together with its reason. */
function judgeLines({ record }: Story, width: number): string[] {
  const groups = new Map<string, { names: string[]; by: string; why: string | undefined }>()
  for (const [name, score] of Object.entries(record.scores)) {
    const at = name.lastIndexOf('/')
    const value = 'value' in score ? String(Number(score.value.toFixed(4))) : `unscored (${score.unscored})`
    const by = score.judge ?? score.method
    const key = `${name.slice(0, at)} ${by} ${score.why}`
    const group = groups.get(key) ?? { names: [], by, why: score.why }
    groups.set(key, group)
    group.names.push(group.names.length === 0 ? `${name} ${value}` : `${name.slice(at + 1)} ${value}`)
  }
  return [...groups.values()].flatMap(({ names, by, why }) => [
    ...wrap(clip(`${names.join(', ')}, by ${by}`, 2 * width - 2), width),
    ...(why ? wrap(clip(why, 2 * width - 8), width - 2).map(line => `  ${line}`) : []),
  ])
}

function endLine({ run, story }: Told, width: number): string {
  if (story.dropped) {
    const evidence = story.dropped.evidence === undefined ? '' : ` ${JSON.stringify(story.dropped.evidence)}`
    return clip(`dropped by ${story.dropped.step}: ${story.dropped.reason}${evidence}`, width)
  }
  if (story.kept) return clip(`kept: a row of run ${run.id}`, width)
  const made = Object.entries(story.made).map(([step, n]) => `${thousands(n)} by ${step}`)
  return made.length > 0
    ? clip(`used: became ${made.join(', ')}`, width)
    : clip(`went no further in run ${run.id} (${run.status})`, width)
}

/** At most `most` of the lines, with a word about the rest. */
function some(lines: string[], most: number): string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), `and ${lines.length - most + 1} more`]
}

/** The whole story of a record on one screen of 40 lines; `full` lets content, calls and descent run on. */
export function storyLines(told: Told, reporter: Pick<Reporter, 'width' | 'paint'>, full: boolean): string[] {
  const { story, prompts, gates } = told
  const found = gates.filter(({ is }) => is !== 'unknown')
  const { record } = story
  const { paint } = reporter
  const width = Math.min(reporter.width, 100)
  const inner = width - 11
  const ancestors = ancestorMap(story.parents)
  const { lineage, facets } = record
  const cap = full ? Number.POSITIVE_INFINITY : 0
  const known = Object.entries(facets).map(([name, value]) => `${name} ${value}`)
  const used = [...new Set([record, ...ancestors.values()].flatMap(one => one.lineage.made?.prompts ?? []))]
  const made = Object.entries(story.made).map(([step, n]) => `${thousands(n)} by ${step}`)
  const facts = [
    ...block('source', wrap(sourceLine(record, ancestors), inner).slice(0, full ? undefined : 2), reporter),
    ...block(
      'origin',
      [
        clip(
          `${lineage.origin}, generation ${lineage.generation}${lineage.made ? `, made by ${lineage.made.step} (${lineage.made.version})` : ''}${record.language ? `, language ${record.language}` : ''}`,
          inner,
        ),
      ],
      reporter,
    ),
    ...(known.length > 0 ? block('facets', [clip(known.join(', '), inner)], reporter) : []),
    ...block('descent', some(treeLines(story.parents, inner), Math.max(6, cap)), reporter),
    ...(made.length > 0 ? block('made', [clip(made.join(', '), inner)], reporter) : []),
    ...block(
      'prompts',
      some(
        used.map(digest => `${prompts.get(digest) ?? 'prompt file'} ${digest.slice(0, 12)}`),
        Math.max(3, cap),
      ),
      reporter,
    ),
    ...block('calls', some(callLines(told, inner), Math.max(5, cap)), reporter),
    ...block('terms', some(termLines(told, inner), Math.max(3, cap)), reporter),
    ...block('scores', some(judgeLines(story, inner), Math.max(5, cap)), reporter),
    ...(story.passed.length > 0
      ? block('passed', wrap(story.passed.join(', '), inner).slice(0, full ? undefined : 2), reporter)
      : []),
    ...(found.length > 0
      ? block(
          'gates',
          [clip(found.map(gate => `${gate.id} ${gate.override ? 'overridden' : gate.is}`).join(', '), inner)],
          reporter,
        )
      : []),
    ...block('ended', [endLine(told, inner)], reporter),
  ]
  const head = paint('bold', `${record.kind} ${record.id}`)
  const sections = sectionsOf(record)
  const content = full
    ? sectionLines(sections, width - 2, paint)
    : abridged(sections, width - 2, screen - facts.length - 3, paint)
  return [head, ...indent(content), '', ...facts]
}
