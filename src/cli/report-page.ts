import type { Figure, Grade, Topic } from '../measure/index.ts'
import type { Report } from '../run/index.ts'

/** A text as it may stand in a page. */
export const safe = (text: string) =>
  text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`).replace(/\p{Cc}/gu, ' ')
const short = (text: string, most: number) => (text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text)
/** Numbers as people read them: three digits that count. */
export const figureText = (value: number | undefined): string =>
  value === undefined ? '' : Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`

const style = `
:root { color-scheme: light dark; --ink: #1d2733; --dim: #66717f; --line: #d8dde3; --paper: #fff; --real: #3d7ea6; --other: #c8702a; --good: #2e7d4f; --bad: #b3372f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --dim: #97a2b0; --line: #36404c; --paper: #171c22; --real: #6fb1d8; --other: #e59a5b; --good: #6fc493; --bad: #ef8b83; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .5rem; }
p { max-width: 44rem; } .dim { color: var(--dim); }
table { border-collapse: collapse; width: 100%; font-size: .92rem; } th { text-align: left; font-weight: 600; color: var(--dim); }
th, td { padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.grade { font-weight: 600; white-space: nowrap; } .pass { color: var(--good); } .warn { color: var(--other); } .fail { color: var(--bad); } .insufficient { color: var(--dim); font-weight: 400; }
svg { display: block; } .chart { overflow-x: auto; }
`

/** A page with the style of all of them. */
export const pageOf = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${safe(title)}</title><style>${style}</style></head><body>
<h1>${safe(title)}</h1>
${body}
</body></html>
`

/** A report as one page: no script, no font, no picture from elsewhere. */
export function reportPage(report: Report): string {
  const { real, other, figures } = report
  const counts = (['fail', 'warn', 'pass', 'insufficient sample'] as Grade[])
    .map(grade => [figures.filter(figure => figure.grade === grade).length, grade] as const)
    .filter(([n]) => n > 0)
  return pageOf(
    `${other.name} beside ${real.name}`,
    `<p class="dim">${other.n} rows beside ${real.n} real ones, compared by their ${report.of === 'all' ? 'text' : report.of}. Vectors: ${safe(report.vectors)}. Seed ${safe(report.seed)}.</p>
<p>${counts.map(([n, grade]) => `<span class="grade ${classOf(grade)}">${n} ${grade}</span>`).join(' · ')}</p>
<p>Each figure is read against the same figure of two real samples of the same size that share no row: a value inside their interval says that the rows are as like real ones as real ones are to each other. Intervals hold 95 % of what samples of that size show.</p>
<h2>Figures</h2>
<table><thead><tr><th>Measure</th><th>Value</th><th>Real</th><th>Intervals: real <span style="color:var(--real)">●</span> and rows <span style="color:var(--other)">●</span></th><th>n</th><th>Grade</th></tr></thead><tbody>
${figures.map(figureRow).join('\n')}
</tbody></table>
<h2>Lengths</h2>
${lengthChart(report)}
${habitTable(report)}
${topicTable(report)}`,
  )
}

const classOf = (grade: Grade) => grade.split(' ')[0]!

function figureRow(figure: Figure): string {
  const { measure, about, version, value, baseline, n, grade, why, unit } = figure
  return `<tr><td><b>${safe(measure)}</b><br><span class="dim">${safe(about)}${unit ? `, ${unit}` : ''}; version ${version}</span></td><td class="n">${figureText(value)}</td><td class="n">${figureText(baseline?.value)}</td><td>${whiskers(figure)}</td><td class="n">${n}</td><td><span class="grade ${classOf(grade)}">${grade}</span><br><span class="dim">${safe(why)}</span></td></tr>`
}

/** Both intervals on one scale, the real one above. */
function whiskers({ value, interval, baseline }: Figure): string {
  if (value === undefined || !interval || !baseline) return ''
  const [width, pad] = [220, 6]
  const ends = [interval.low, interval.high, baseline.interval.low, baseline.interval.high]
  const [low, high] = [Math.min(...ends), Math.max(...ends)]
  const x = (v: number) => (pad + ((v - low) / (high - low || 1)) * (width - 2 * pad)).toFixed(1)
  const one = (y: number, middle: number, { low, high }: { low: number; high: number }, colour: string) =>
    `<line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}" stroke="var(--${colour})" stroke-width="2"/><circle cx="${x(middle)}" cy="${y}" r="3.5" fill="var(--${colour})"/>`
  const label = `real ${figureText(baseline.value)}, rows ${figureText(value)}`
  return `<svg width="${width}" height="28" role="img" aria-label="${label}">${one(8, baseline.value, baseline.interval, 'real')}${one(20, value, interval, 'other')}</svg>`
}

function lengthChart({ lengths }: Report): string {
  const last = Math.max(...[lengths.real, lengths.other].map(shares => shares.findLastIndex(share => share > 0)))
  const [height, step] = [140, 56]
  const most = Math.max(...lengths.real, ...lengths.other)
  const bars = Array.from({ length: last + 1 }, (_, i) => {
    const bar = (share: number, at: number, colour: string) => {
      const tall = (share / most) * height
      return `<rect x="${i * step + at}" y="${(height - tall).toFixed(1)}" width="20" height="${tall.toFixed(1)}" fill="var(--${colour})"><title>${percent(share)}</title></rect>`
    }
    const [from, to] = [2 ** i - 1, 2 ** (i + 1) - 2]
    const label = from === to ? `${from}` : `${from}–${to}`
    return `${bar(lengths.real[i]!, 4, 'real')}${bar(lengths.other[i]!, 26, 'other')}<text x="${i * step + 26}" y="${height + 16}" text-anchor="middle" font-size="11" fill="var(--dim)">${label}</text>`
  })
  return `<div class="chart"><svg width="${(last + 1) * step}" height="${height + 24}" role="img" aria-label="Share of rows by length in words">${bars.join('')}</svg></div><p class="dim">Words a row; <span style="color:var(--real)">real</span> and <span style="color:var(--other)">rows</span>.</p>`
}

function habitTable({ habits }: Report): string {
  if (habits.length === 0) return ''
  const rows = habits.map(
    ({ habit, real, other }) =>
      `<tr><td>${safe(habit)}</td><td class="n">${percent(real)}</td><td class="n">${percent(other)}</td></tr>`,
  )
  return `<h2>What gives the rows away</h2><p>Words and marks that a classifier tells both sides by, the most telling of the rows first, of the real ones last.</p><table><thead><tr><th>Word or mark</th><th>Real rows that have it</th><th>Rows that have it</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function topicTable({ topics, real, other }: Report): string {
  if (!topics) return ''
  const row = (topic: Topic) =>
    `<tr><td>${safe(short(topic.exemplar, 160))}</td><td class="n">${percent(topic.real / real.n)}</td><td class="n">${percent(topic.other / other.n)}</td></tr>`
  return `<h2>Topics</h2><p>${percent(topics.covered)} of the ${topics.topics.length} topics of the real rows have a row, ${percent(topics.balanced)} half to twice their share. The least covered first, each with the real row nearest to its middle.</p><table><thead><tr><th>Real row</th><th>Real</th><th>Rows</th></tr></thead><tbody>${topics.topics.map(row).join('')}</tbody></table>`
}
