import type { OverlapEvidence } from '../../curate/index.ts'
import { StillroomError } from '../../errors/index.ts'
import { type PastRun, rejectsOf } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { clip, indent, pad, table, wrap } from '../layout.ts'
import { look } from '../look.ts'
import type { Reporter } from '../reporter.ts'

/** Share of a set over which Tulu 3 calls a mixture contaminated with it. */
const tolerated = 0.02

type Hit = { step: string; record: string; kind: string; evidence: OverlapEvidence }
type SetTotals = { set: string; items: number; of: number; share: number; rows: number; over: boolean }

export const run: Run = call => {
  const { recipe = call.args[0], ...given } = call.given
  return look({ ...call, given: { ...given, ...(recipe === undefined ? {} : { recipe }) } }, at => {
    const { archive, reporter, runs } = at
    const { n = 10, full = false } = call.given
    const past: PastRun = runs().next().value!
    const worst: Hit[] = []
    const totals = new Map<string, { names: Set<string>; of: number; rows: number }>()
    let total = 0
    for (const { step, evidence, record } of rejectsOf(archive.store, past, { reason: 'contaminated' })) {
      const found = evidence as unknown as OverlapEvidence
      if (!record || !found?.row || !found.test) continue
      total++
      for (const [set, { of }] of Object.entries(found.sets)) {
        const known = totals.get(set) ?? { names: new Set(), of, rows: 0 }
        known.rows++
        totals.set(set, known)
      }
      for (const { set, item } of [found, ...found.others]) totals.get(set)?.names.add(item)
      worst.push({ step, record: record.id, kind: record.kind, evidence: found })
      // Texts of all hits would not fit where a whole corpus is contaminated.
      if (worst.length > 2 * n + 100) keep(worst, n)
    }
    keep(worst, n)
    const cut = Object.values(past.funnel).reduce((sum, { repairs }) => sum + (repairs?.['overlap-cut'] ?? 0), 0)
    if (total + cut === 0)
      throw none(
        past.id,
        past.stages.some(({ nodes }) => nodes.some(({ verb }) => verb === 'decontaminate')),
      )
    const sets = [...totals]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([set, { names, of, rows }]): SetTotals => {
        const share = names.size / of
        return { set, items: names.size, of, share, rows, over: share > tolerated }
      })
    reporter.say(
      reporter.paint(
        'bold',
        `${counted(total, 'row')} of run ${past.id} dropped for what they share with test sets${total > worst.length ? `, the worst ${worst.length} shown (-n shows more)` : ''}`,
      ),
    )
    if (cut > 0) reporter.say(`${counted(cut, 'document')} kept without the parts they shared.`)
    if (sets.length > 0) reporter.say('', setTable(sets, reporter))
    for (const hit of worst) reporter.say('', hitLines(hit, reporter, full))
    reporter.result({ run: past.id, total, cut, sets, overlaps: worst })
    return 0
  })
}

/** The worst `n`: by the share of the item, then the longest run. */
function keep(hits: Hit[], n: number): void {
  hits.sort(
    (a, b) =>
      b.evidence.coverage - a.evidence.coverage || b.evidence.run - a.evidence.run || (a.record < b.record ? -1 : 1),
  )
  hits.length = Math.min(hits.length, n)
}

function none(run: string, looked: boolean): StillroomError {
  return looked
    ? new StillroomError('SR_NOT_FOUND', `Run ${run} found nothing of its test sets.`)
    : new StillroomError('SR_NOT_FOUND', `Run ${run} looked for no test set.`, {
        hint: 'add a step `decontaminate: { against: [...] }`; stillroom import benchmark brings in what it names',
      })
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

function setTable(sets: readonly SetTotals[], { width, paint }: Reporter): string[] {
  const rows = sets.map(({ set, items, of, share, rows, over }) => [
    ...[set, thousands(items), thousands(of), percent(share), thousands(rows)],
    over ? 'over 2 %' : '',
  ])
  const columns = [
    { head: 'Test set' },
    ...['Items found', 'Items', 'Share', 'Rows'].map(head => ({ head, right: true })),
    { head: 'By Tulu 3' },
  ]
  return table(columns, rows, width, text => paint('bold', text))
}

function hitLines({ step, record, kind, evidence }: Hit, { width, paint }: Reporter, full: boolean): string[] {
  const { set, item, field, where, coverage, run, items, others, row, test } = evidence
  const head = `${set} ${item}`
  const about = [
    `${percent(coverage)} of its ${field}`,
    `${counted(run, 'unit')} in a row`,
    `in the ${where} of ${kind} ${record.slice(0, 12)} at ${step}`,
  ]
  const side = (width - 5) >> 1
  const left = marked(row, side, paint, full)
  const right = marked(test, side, paint, full)
  const gap = paint('dim', '│')
  const beside = Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
    `${pad(left[i] ?? '', side)} ${gap} ${right[i] ?? ''}`.trimEnd(),
  )
  const names = others.map(other => `${other.set} ${other.item} ${other.field} ${percent(other.coverage)}`)
  const listed = full ? names : names.slice(0, 3)
  const rest =
    items > 1
      ? `${counted(items, 'item')} in all, next: ${listed.join(', ')}`
      : names.length > 0
        ? `also ${listed.join(', ')}`
        : ''
  return [
    `${paint('yellow', head)}  ${about.join(', ')}`,
    ...indent([`${paint('cyan', pad('row', side))} ${gap} ${paint('cyan', 'test')}`, ...beside]),
    ...(rest ? indent(wrap(rest, width - 2).map(line => paint('dim', line))) : []),
  ]
}

/** Lines that a text may take unless all is asked for. */
const room = 9
const [opens, closes] = ['⟦', '⟧']

/** A passage in lines, its match between brackets and coloured; the brackets tell it where there is no colour. */
function marked(
  { before, match, after, at }: OverlapEvidence['row'],
  width: number,
  paint: Reporter['paint'],
  full: boolean,
): string[] {
  const begun = at[0] > before.length ? '… ' : ''
  const text = `${begun}${before}${opens}${match}${closes}${after}`.replace(/\s+/g, ' ').trim()
  const lines = wrap(text, width)
  const shown =
    full || lines.length <= room ? lines : [...lines.slice(0, room - 1), clip(lines.slice(room - 1).join(' '), width)]
  let inside = false
  return shown.map(line => {
    const pieces = line.split(/(?<=⟧)|(?=⟦)/)
    return pieces
      .map(piece => {
        inside ||= piece.startsWith(opens)
        const painted = inside ? paint('yellow', piece) : piece
        if (piece.endsWith(closes)) inside = false
        return painted
      })
      .join('')
  })
}
