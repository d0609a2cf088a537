import {
  type Compared,
  type Comparison,
  differenceText,
  type Flip,
  finalPart,
  outcomeText,
  type Verdict,
  valueText,
  whatMoved,
} from '../evaluate/index.ts'
import { pageOf, safe } from './report-page.ts'

/** Comparisons as one page: no script, no font, no picture from elsewhere. `items`: how many that came out otherwise are shown a line. */
export function comparePage(comparisons: readonly Comparison[], items = 0): string {
  const [first] = comparisons
  const title = `${comparisons.map(({ tuned }) => tuned.name).join(', ')} against ${first!.base.name}`
  return pageOf(title, comparisons.map(comparison => section(comparison, items)).join('\n'))
}

const classes: { [verdict in Verdict]: string } = {
  ...{ better: 'pass', worse: 'fail', 'no difference shown': '', 'too few items': 'insufficient', partial: 'warn' },
}

function section(comparison: Comparison, items: number): string {
  const { base, tuned, lines } = comparison
  const spans = lines.flatMap(line =>
    [line.difference, line.interval?.low ?? 0, line.interval?.high ?? 0].map(v => v / span(line)),
  )
  const reach = Math.max(...spans.map(Math.abs), 0.01)
  return `<h2>${safe(base.name)} and ${safe(tuned.name)}</h2>
<p class="dim">${safe(base.model.id)} on ${safe(base.date)}; ${safe(tuned.model.id)} on ${safe(tuned.date)}.</p>
${whatMoved(comparison)
  .map((said, i) => `<p>${i === 0 ? `<b>${safe(said)}</b>` : safe(said)}</p>`)
  .join('\n')}
<table><thead><tr><th>Task</th><th>Items</th><th>Base</th><th>Tuned</th><th>Change</th><th>95 %, right is better</th><th>Gained, lost</th><th>p</th><th>Finds</th><th>Verdict</th></tr></thead><tbody>
${lines.map(line => row(line, reach)).join('\n')}
</tbody></table>
<p class="dim">p is adjusted by Holm over all lines of the call. Finds: a true difference as large is found four times in five.</p>
${lines.map(line => flips(line, items)).join('')}`
}

/** Characters of an answer that are shown, at its final part; and of what its grader says. */
const mostShown = 400

function flips(line: Compared, items: number): string {
  const shown = line.flips.slice(0, items)
  if (shown.length === 0) return ''
  const said = ({ score, answer, why }: Flip['base']): string =>
    [
      `<b>${safe(outcomeText(score, line))}</b>`,
      ...(answer === undefined ? [] : [safe(finalPart(answer, mostShown))]),
      ...(why === undefined ? [] : [`<span class="dim">why: ${safe(why.slice(0, mostShown))}</span>`]),
    ].join('<br>')
  const rows = shown.map(
    ({ task, item, base, tuned, gained }) =>
      `<tr><td><span class="grade ${gained ? 'pass' : 'fail'}">${gained ? 'gained' : 'lost'}</span></td><td>${safe(line.group ? `${task} ${item}` : item)}</td><td>${said(base)}</td><td>${said(tuned)}</td></tr>`,
  )
  return `<h3>${safe(`${line.task} ${line.metric}`)}: ${shown.length} of ${line.flips.length} that came out otherwise</h3>
<table><thead><tr><th></th><th>Item</th><th>Base</th><th>Tuned</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>
`
}

const span = ({ scale }: Compared): number => scale[1] - scale[0] || 1

function row(line: Compared, reach: number): string {
  const detectable = line.detectable === undefined ? '' : differenceText(line.detectable, line).slice(1)
  const cells = [
    String(line.items),
    valueText(line.base, line),
    valueText(line.tuned, line),
    differenceText(line.difference, line),
  ]
  return `<tr><td><b>${safe(line.task)}</b><br><span class="dim">${safe(line.metric)}</span></td>${cells.map(cell => `<td class="n">${cell}</td>`).join('')}<td>${whisker(line, reach)}</td><td class="n">+${line.gained} −${line.lost}</td><td class="n">${line.adjusted < 0.001 ? '&lt;0.001' : line.adjusted.toFixed(3)}</td><td class="n">${detectable}</td><td><span class="grade ${classes[line.verdict]}">${line.verdict}</span></td></tr>`
}

function whisker(line: Compared, reach: number): string {
  const [width, pad] = [180, 6]
  const turn = (line.higherIsBetter ? 1 : -1) / span(line)
  const x = (value: number) => (pad + ((value * turn + reach) / (2 * reach)) * (width - 2 * pad)).toFixed(1)
  const { low, high } = line.interval ?? { low: line.difference, high: line.difference }
  const zero = `<line x1="${x(0)}" x2="${x(0)}" y1="2" y2="18" stroke="var(--line)" stroke-width="2"/>`
  return `<svg width="${width}" height="20" role="img" aria-label="${differenceText(low, line)} to ${differenceText(high, line)}">${zero}<line x1="${x(low)}" x2="${x(high)}" y1="10" y2="10" stroke="var(--other)" stroke-width="2"/><circle cx="${x(line.difference)}" cy="10" r="3.5" fill="var(--other)"/></svg>`
}
