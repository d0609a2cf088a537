import type { Against, DiskForecast, Estimate, PlanForecast } from '../run/index.ts'
import { bytes, compact, counted, dollars, roughly, thousands } from './figures.ts'
import { table, wrap } from './layout.ts'
import type { Reporter } from './reporter.ts'

/** Fewer roots than this say little of how much roots differ. */
const few = 8
/** A batch is promised within a day. */
const batchTime = '≤ 24 h'

const whole = (n: number): string => thousands(Math.round(n))
/** A band where it shows. */
const span = ({ band }: Estimate, show: (n: number) => string): string | undefined =>
  band && show(band[0]) !== show(band[1]) ? `${show(band[0])} to ${show(band[1])}` : undefined
function range(of: Estimate, show: (n: number) => string): string {
  const band = span(of, show)
  return `${show(of.value)}${band ? ` (${band})` : ''}`
}

function timeOf({ ms, batch }: PlanForecast['steps'][number]): string {
  const online = ms && ms.value >= 500 ? roughly(ms.value) : ''
  return [online, batch ? batchTime : ''].filter(Boolean).join(' + ')
}

/** What a plan will come to, step by step and in all. */
export function forecastLines(of: PlanForecast, { width, paint }: Pick<Reporter, 'width' | 'paint'>): string[] {
  const { steps, total, roots, limited } = of
  const rows = steps.map(step => {
    const { usd, calls } = step
    const asks = calls.value > 0
    return [
      step.key,
      `${step.rough ? '~' : ''}${whole(step.rows.value)}`,
      asks ? whole(calls.value) : '',
      asks ? compact(step.input.value) : '',
      asks ? compact(step.output.value) : '',
      asks ? dollars(usd?.value) : '',
      asks && limited && usd?.band && span(usd, dollars)
        ? usd.band.map(n => dollars(n).replace('$', '')).join('–')
        : '',
      asks ? timeOf(step) : '',
    ]
  })
  const columns = [
    { head: 'step' },
    ...['rows', 'calls', 'in', 'out', 'cost', limited ? 'from–to' : '', 'time'].map(head => ({ head, right: true })),
  ]
  const told = limited
    ? `Forecast from ${whole(roots.n)} of ${counted(roots.of, 'root')}, run ${of.run}`
    : `What it came to in run ${of.run}`
  const batches = steps.filter(step => step.batch).length
  const time = [
    ...(total.ms
      ? [`${total.ms.value < 500 ? 'less than a second' : `about ${range(total.ms, roughly)}`} at the full width`]
      : []),
    ...(batches > 0 ? [`up to 24 h for ${batches === 1 ? 'the step' : `each of ${batches} steps`} in batches`] : []),
  ]
  const parts = [
    `${range(total.calls, whole)} calls`,
    `${range(total.input, compact)} tokens in and ${range(total.output, compact)} out`,
    total.usd ? range(total.usd, dollars) : 'no price, so no dollars',
    time.length > 0 ? time.join(' and ') : total.calls.value > 0 ? 'time unknown, since every reply was replayed' : '',
  ].filter(Boolean)
  return [
    paint('bold', told),
    ...table(
      columns.filter((_, i) => limited || i !== 6),
      rows.map(row => row.filter((_, i) => limited || i !== 6)),
      width,
      text => paint('bold', text),
    ),
    '',
    ...wrap(`In all: ${parts.join('; ')}.`, width),
    ...expected(of).flatMap(text => wrap(text, width).map(line => paint('bold', line))),
    ...remarks(of).flatMap(text => wrap(text, width).map(line => paint('dim', line))),
  ]
}

/** What one waits for and pays in a line: kept rows, when they will be there, and what each of them costs. */
function expected({ total: { calls, ms, usd }, kept, steps }: PlanForecast): string[] {
  if (calls.value === 0 || kept.value < 0.5) return []
  const batches = steps.some(step => step.batch)
  const time = batches
    ? ', a day or less for each step in batches'
    : ms
      ? ` in ${ms.value < 500 ? 'less than a second' : `about ${roughly(ms.value)}`}`
      : ''
  const each = usd ? `, ${dollars(usd.value / kept.value)} a kept row` : ''
  return [`Expected: ${range(kept, whole)} ${Math.round(kept.value) === 1 ? 'row' : 'rows'}${time}${each}.`]
}

/** Whether the disk bears what is to come, and what that was told from. */
export function diskLines(
  disk: DiskForecast | undefined,
  free: number | undefined,
  run: string | undefined,
  { width, paint }: Pick<Reporter, 'width' | 'paint'>,
): string[] {
  const room = free === undefined ? '' : `${bytes(free)} are free there`
  if (!disk) return room ? wrap(`Disk: what a run takes is not known before a pilot; ${room}.`, width) : []
  const { journal, tasks, release, total, most, perCall, from } = disk
  if (most < 1) return wrap(`Disk: nothing more than is there${room ? `; ${room}` : ''}.`, width)
  const parts = [`journal ${bytes(journal)}`, `tasks ${bytes(tasks)}`, `release ${bytes(release)}`].join(', ')
  const upTo = bytes(most) === bytes(total) ? '' : `, ${bytes(most)} where the band ends`
  const rests = `told from run ${run} at ${bytes(perCall)} a call${from === 'rows' ? ' and the length of its rows' : ' and from the release before'}`
  const is = free === undefined || most <= free ? 'fits' : total <= free ? 'crosses' : 'exceeds'
  const head = {
    fits: 'Disk:',
    crosses: 'The disk may not suffice:',
    exceeds: 'The disk does not suffice: make room, or move the workspace with --workspace.',
  }[is]
  const text = `${head} about ${bytes(total)} more (${parts})${upTo}; ${room || 'what is free cannot be told'}; ${rests}.`
  const lines = wrap(text, width)
  return is === 'fits' ? lines : lines.map(line => paint(is === 'crosses' ? 'yellow' : 'red', line))
}

function remarks({ steps, total, roots, limited }: PlanForecast): string[] {
  if (!limited) return []
  const more = `--pilot ${Math.min(roots.of, 30)}`
  const alike = [total.calls, total.input, total.output, total.usd].every(one => !one || !span(one, compact))
  function ofBand(): string {
    if (roots.n === 0) return 'No root was let through, so nothing can be told.'
    if (roots.n >= roots.of) return 'Every root was seen, so nothing is estimated.'
    if (roots.n === 1) return `One root says nothing of how much roots differ, so there is no band: ${more} asks more.`
    if (roots.n < few && alike)
      return `The ${roots.n} roots took as much as each other, so there is no band; others may differ: ${more} asks more.`
    if (roots.n < few)
      return `The band is wide, since ${roots.n} roots say little of how much roots differ: ${more} narrows it.`
    return 'Nine of ten such samples give a band that holds the truth.'
  }
  return [
    `${ofBand()} A root is a record that reaches the first step with a teacher.`,
    ...(steps.some(step => step.rough)
      ? ['~: behind a step that looks at all rows at once, such as dedupe or a share; scaled as if it grew with them.']
      : []),
  ]
}

/** How the budget stands to it, one limit a line. */
export function againstLines(
  against: readonly Against[],
  { width, paint }: Pick<Reporter, 'width' | 'paint'>,
): string[] {
  return against.flatMap(({ limit, budget, needs, is }) => {
    const show = limit === 'usd' ? dollars : whole
    const unit = limit === 'usd' ? '' : ` ${limit}`
    const takes = `with what is spent already it takes ${span(needs, show) ?? show(needs.value)}${unit}`
    const text = {
      fits: `The budget of ${show(budget)}${unit} suffices: ${takes}.`,
      crosses: `The band crosses the budget of ${show(budget)}${unit}: ${takes}.`,
      exceeds: `The budget of ${show(budget)}${unit} does not suffice: ${takes}.`,
    }[is]
    const colour = { fits: 'green', crosses: 'yellow', exceeds: 'red' } as const
    return wrap(text, width).map(line => paint(colour[is], line))
  })
}
