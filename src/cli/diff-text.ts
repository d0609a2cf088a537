import type { Json } from '../records/index.ts'
import {
  type Change,
  grouped,
  type Mark,
  type Otherwise,
  type ReleaseDiff,
  type RowDiff,
  type ShapeDiff,
  type StepDiff,
  sameStep,
  type Why,
} from '../run/index.ts'
import { counted, dollars, thousands } from './figures.ts'
import { clip, indent, table, wrap } from './layout.ts'
import type { Reporter } from './reporter.ts'

type Shown = Pick<Reporter, 'width' | 'paint'>
/** What the two sides are called: `before` and `after`, or two versions. */
export type Sides = readonly [string, string]

const signed = (n: number): string => (n === 0 ? '' : `${n > 0 ? '+' : ''}${thousands(n)}`)
const heading = (text: string, { paint }: Shown): string => paint('bold', text)

function shownValue(value: Json | undefined): string {
  if (value === undefined) return 'not there'
  if (typeof value === 'string') return value
  return Array.isArray(value) && value.every(one => typeof one !== 'object') ? value.join(', ') : JSON.stringify(value)
}

/** Settings with another value, old and new side by side. */
export function changeTable(changes: readonly Change[], [a, b]: Sides, { width, paint }: Shown): string[] {
  if (changes.length === 0) return []
  const room = Math.max(10, Math.min(28, Math.floor((width - 34) / 2)))
  const rows = changes.map(({ path, was, is }) => [path, clip(shownValue(was), room), clip(shownValue(is), room)])
  return table([{ head: 'setting', flex: true }, { head: a }, { head: b }], rows, width, text => paint('bold', text))
}

/** What differs between two recipes, and what that makes anew. */
export function shapeLines(diff: ShapeDiff, sides: Sides, shown: Shown): string[] {
  const { steps, changes, reruns, same } = diff
  const moved = changes.filter(one => !one.idle)
  const idle = changes.filter(one => one.idle)
  const lines: string[] = []
  const said = (text: string): void => void lines.push(...wrap(text, shown.width))
  if (steps.added.length > 0) said(`Steps added: ${steps.added.join(', ')}.`)
  if (steps.removed.length > 0) said(`Steps taken out: ${steps.removed.join(', ')}.`)
  if (steps.moved.length > 0) said(`Steps in another order: ${steps.moved.join(', ')}.`)
  if (moved.length > 0) lines.push(...(lines.length > 0 ? [''] : []), ...changeTable(moved, sides, shown))
  if (lines.length === 0) lines.push('Nothing that rows depend on differs.')
  if (idle.length > 0) {
    lines.push('', 'No row depends on these:', ...changeTable(idle, sides, shown))
  }
  if (reruns.length + same.length === 0) return lines
  const names = (is: string): string =>
    reruns
      .filter(one => one.is === is)
      .map(({ stage }) => stage)
      .join(', ')
  lines.push('')
  const [fresh, changed, after] = [names('new'), names('changed'), names('after')]
  if (reruns.length === 0) said('No stage runs again: each has the fingerprint that it had.')
  if (fresh) said(`New stages: ${fresh}.`)
  if (changed) said(`Run again, since their fingerprint is another one: ${changed}.`)
  if (after) said(`Behind those, and run again only where what arrives is other: ${after}.`)
  if (reruns.length > 0 && same.length > 0) said(`As they were: ${counted(same.length, 'stage')}.`)
  return lines
}

/**
 * Two funnels side by side: what came to each step and what went on, and below it what was dropped or lost for which
 * reason, with a minus, where the two differ.
 */
export function funnelDiff(steps: readonly StepDiff[], [a, b]: Sides, { width, paint }: Shown): string[] {
  const number = (n: number | undefined): string => (n === undefined ? '' : thousands(n))
  const minus = (n: number): string => (n === 0 ? '' : `-${thousands(n)}`)
  const rows = steps.flatMap(one => {
    const { step, was, is, change, reasons } = one
    const moved = was === undefined ? 'new' : is === undefined ? 'gone' : signed(change)
    const head = [step, number(was?.in), number(was?.out), number(is?.in), number(is?.out), moved]
    if (sameStep(one)) return [head]
    return [
      head,
      ...reasons.map(({ reason, of, was, is }) => {
        const name = `  ${of === 'dropped' ? '' : `${of} `}${reason}`
        const cell = of === 'repaired' ? (n: number) => (n === 0 ? '' : `(${thousands(n)})`) : minus
        return [name, '', cell(was), '', cell(is), signed(of === 'repaired' ? is - was : was - is)]
      }),
    ]
  })
  const columns = [
    { head: 'step' },
    { head: `${a}: in`, right: true },
    { head: 'out', right: true },
    { head: `${b}: in`, right: true },
    { head: 'out', right: true },
    { head: 'change', right: true },
  ]
  return table(columns, rows, width, text => paint('bold', text))
}

export function whyText({ is, step, reason }: Pick<Why, 'is' | 'step' | 'reason'>): string {
  switch (is) {
    case 'dropped':
      return `dropped at ${step}: ${reason}`
    case 'lost':
      return `lost in the reply at ${step}: ${reason}`
    case 'rejected':
      return `its source ${step} was rejected: ${reason}`
    case 'no-source':
      return `source ${step} is not read there`
    case 'not-read':
      return `its file is not read there (source ${step})`
    case 'gone':
      return `it does not stand in its file there (source ${step})`
    case 'edited':
      return `the text that it comes from was edited${step ? ` (made by ${step})` : ''}`
    case 'no-step':
      return `step ${step}, which made it, is not there`
    case 'step':
      return `step ${step}, which made it, is another one there`
    case 'not-made':
      return `${step} did not make it there, of the same input`
    case 'set-aside':
      return 'it is there, but not among the rows'
    case 'unknown':
      return step ? `left out there somewhere behind ${step}, the folder does not say where` : 'not to be told'
  }
}

export function otherwiseText({ is, step }: Pick<Otherwise, 'is' | 'step'>): string {
  const at = step ? ` at ${step}` : ''
  switch (is) {
    case 'source':
      return `the source text was edited${step ? ` (${step})` : ''}`
    case 'version':
      return `another step or version${at}`
    case 'teacher':
      return `another teacher${at}`
    case 'prompt':
      return `another prompt${at}`
    case 'context':
      return `other records were shown${at}`
    case 'options':
      return `other options${at}`
    case 'reply':
      return `another reply to the same request${at}`
    case 'repair':
      return 'repaired otherwise'
    case 'origin':
      return `made of other records${at}`
  }
}

function groupLines(groups: { rows: number; text: string }[], { width }: Shown): string[] {
  return indent(
    table(
      [
        { head: '', right: true },
        { head: '', flex: true },
      ],
      groups.map(({ rows, text }) => [thousands(rows), text]),
      width - 2,
    ),
  )
}

/** Every row of both sides, accounted for. */
export function rowLines(diff: RowDiff, sides: Sides, shown: Shown): string[] {
  const { rows, places, moved, changed, onlyA, onlyB, noted } = diff
  const [a, b] = sides
  const { width, paint } = shown
  const lines = table(
    [{ head: 'rows' }, { head: a, right: true }, { head: b, right: true }],
    [
      ['say the same', thousands(rows.same), thousands(rows.same)],
      ['read otherwise', thousands(rows.changed), thousands(rows.changed)],
      [`only in ${a}`, thousands(rows.onlyA), ''],
      [`only in ${b}`, '', thousands(rows.onlyB)],
      ['together', thousands(rows.a), thousands(rows.b)],
    ],
    width,
    text => paint('bold', text),
  )
  const sum = [rows.same, rows.changed, rows.onlyA, rows.onlyB].map(thousands).join(' + ')
  lines.push(`${sum} = ${thousands(rows.union)} rows in all.`)
  if (places.length > 1 || places.some(({ place }) => place !== '')) {
    const named = places.map(({ place, a, b }) => [place || 'no split', thousands(a), thousands(b), signed(b - a)])
    const columns = [
      { head: 'by place' },
      { head: a, right: true },
      { head: b, right: true },
      { head: 'change', right: true },
    ]
    lines.push('', ...table(columns, named, width, text => paint('bold', text)))
    for (const { from, to, ids } of moved)
      lines.push(`${counted(ids.length, 'row')} moved from ${from || 'no split'} to ${to || 'no split'}.`)
  }
  const missing = (head: string, list: RowDiff['onlyA']): void => {
    if (list.length === 0) return
    const groups = grouped(list).map(({ why, rows }) => ({ rows, text: whyText(why) }))
    lines.push('', heading(head, shown), ...groupLines(groups, shown))
  }
  missing(`In ${a} and not in ${b}`, onlyA)
  missing(`In ${b} and not in ${a}`, onlyB)
  if (changed.length > 0) {
    const groups = grouped(changed).map(({ why, rows }) => ({ rows, text: otherwiseText(why) }))
    lines.push('', heading('In both, reading otherwise', shown), ...groupLines(groups, shown))
  }
  if (noted.rows > 0) {
    lines.push('', heading(`Saying the same, noted otherwise: ${counted(noted.rows, 'row')}`, shown))
    lines.push(...indent(noteTable(noted.notes, width - 2)))
  }
  return lines
}

const decimal = (value: unknown): string =>
  typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : value === null ? 'none' : String(value)

function noteTable(notes: RowDiff['noted']['notes'], width: number): string[] {
  return table(
    [
      { head: 'note' },
      { head: 'rows', right: true },
      { head: 'up', right: true },
      { head: 'down', right: true },
      { head: 'mean', right: true },
      { head: 'largest move', flex: true },
    ],
    notes.map(({ name, rows, up, down, mean, largest: [first] }) => [
      name,
      thousands(rows),
      up ? thousands(up) : '',
      down ? thousands(down) : '',
      up + down ? `${mean > 0 ? '+' : ''}${decimal(mean)}` : '',
      first ? clip(`${decimal(first.was)} → ${decimal(first.is)} (${first.id.slice(0, 8)})`, 40) : '',
    ]),
    width,
  )
}

/** Marks of the rows that were kept, before and after. */
export function markTable(
  { was, is }: { was: readonly Mark[]; is: readonly Mark[] },
  [a, b]: Sides,
  { width, paint }: Shown,
): string[] {
  const names = [...new Set([...was, ...is].map(({ name }) => name))].sort()
  if (names.length === 0) return []
  const of = (marks: readonly Mark[], name: string): string[] => {
    const mark = marks.find(one => one.name === name)
    return mark ? [mark.mean.toFixed(2), decimal(mark.lowest)] : ['', '']
  }
  const columns = [
    { head: 'marks of the rows kept' },
    { head: `${a}: mean`, right: true },
    { head: 'lowest', right: true },
    { head: `${b}: mean`, right: true },
    { head: 'lowest', right: true },
  ]
  const rows = names.map(name => [name, ...of(was, name), ...of(is, name)])
  return table(columns, rows, width, text => paint('bold', text))
}

/** Gates, card, licenses and cost of two releases: what is told of a release beside its rows. */
export function besideLines(diff: ReleaseDiff, [a, b]: Sides, shown: Shown): string[] {
  const { gates, card, licenses, cost } = diff
  const { width, paint } = shown
  const bold = (text: string): string => paint('bold', text)
  const lines: string[] = []
  const block = (part: string[]): void => void lines.push(...(lines.length > 0 ? [''] : []), ...part)
  if (gates.length > 0) {
    const rows = gates.map(({ id, was, is }) => [id, was ?? 'not asked', is ?? 'not asked'])
    block(table([{ head: 'gate' }, { head: a }, { head: b }], rows, width, bold))
  }
  if (licenses.length > 0) {
    const rows = licenses.map(({ licenses, was, is }) => [licenses, thousands(was), thousands(is)])
    block(
      table(
        [
          { head: 'licenses behind rows', flex: true },
          { head: a, right: true },
          { head: b, right: true },
        ],
        rows,
        width,
        bold,
      ),
    )
  }
  const [was, is] = cost
  if (was || is) {
    const of = (one: (typeof cost)[number]): string[] =>
      one ? [thousands(one.calls), dollars(one.usd), dollars(one.spent)] : ['', 'not told', 'not told']
    const names = ['calls of its own run', 'cost of that run', 'spent in the workspace by then']
    const rows = names.map((name, i) => [name, of(was)[i]!, of(is)[i]!])
    block(table([{ head: 'cost' }, { head: a, right: true }, { head: b, right: true }], rows, width, bold))
  }
  const parts = card.map(part => part.replace(/^#+ */, '') || 'its beginning')
  if (parts.length > 0) block(wrap(`The card reads otherwise in: ${parts.join(', ')}.`, width))
  return lines
}
