import { resolve } from 'node:path'
import { exits } from '../../errors/index.ts'
import {
  type Compared,
  type Comparison,
  compareEvaluations,
  differenceText,
  evaluatedAt,
  type Flip,
  finalPart,
  intervalText,
  outcomeText,
  type Verdict,
  valueText,
  whatMoved,
} from '../../evaluate/index.ts'
import { putWhole } from '../../workspace/index.ts'
import type { Run } from '../commands.ts'
import { comparePage } from '../compare-page.ts'
import { comparisonTable, verdictStyles as styles } from '../comparison-table.ts'
import { counted, thousands } from '../figures.ts'
import { intervalBars } from '../interval-bars.ts'
import { cells, clip, indent, wrap } from '../layout.ts'
import { oneOf } from '../one-of.ts'
import { here } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

const failing = ['worse', 'not-better'] as const
type Failing = (typeof failing)[number]

/**
 * Exit codes: 0 for a comparison that was made, whatever it says; 1 when nothing could be compared; 3 when `--fail-if` met
 * what it looks for. It also fails when a task of both was left out, which then nobody has looked at.
 */
export const run: Run = async call => {
  const { io, given } = call
  const failIf = oneOf('--fail-if', given.failIf, failing)
  const [base, ...others] = call.args.map(path => evaluatedAt(resolve(io.cwd, path), path))
  const comparisons = compareEvaluations(base!, others, { common: given.common ?? false })
  const reporter = reporterOf(call)
  for (const comparison of comparisons) reporter.say(linesOf(comparison, given.items ?? 0, reporter))
  const page = given.out === undefined ? undefined : resolve(io.cwd, given.out)
  if (page !== undefined) {
    putWhole(page, comparePage(comparisons, given.items ?? 0))
    reporter.say(`The page is ${here(io, page)}.`)
  }
  const failed = failIf === undefined ? [] : comparisons.filter(comparison => fails(comparison, failIf))
  for (const { tuned, base } of failed) {
    reporter.say(reporter.paint('red', `--fail-if ${failIf}: ${tuned.name} against ${base.name}.`))
  }
  reporter.result({
    comparisons: comparisons.map(({ lines, ...comparison }) => ({
      ...comparison,
      said: whatMoved({ lines, ...comparison }),
      lines: lines.map(({ flips, ...line }) => ({
        ...line,
        ...(given.items ? { flips: flips.slice(0, given.items) } : {}),
      })),
    })),
    ...(page === undefined ? {} : { page: here(io, page) }),
    ...(failIf === undefined ? {} : { failed: failed.length > 0 }),
  })
  return failed.length > 0 ? exits.blocked : exits.done
}

function fails({ lines, refused }: Comparison, failIf: Failing): boolean {
  const has = (verdict: Verdict) => lines.some(line => line.verdict === verdict)
  return refused.length > 0 || (failIf === 'worse' ? has('worse') : !has('better'))
}

function linesOf(comparison: Comparison, items: number, { width, paint }: Reporter): string[] {
  const { base, tuned, lines, shown } = comparison
  const bold = (text: string) => paint('bold', text)
  const [said, ...more] = whatMoved(comparison)
  return [
    bold(`${base.name} and ${tuned.name}`),
    paint('dim', `${base.model.id} on ${base.date}; ${tuned.model.id} on ${tuned.date}`),
    '',
    ...(said ? wrap(said, width).map(bold) : []),
    ...more.flatMap(sentence => wrap(sentence, width)),
    '',
    ...comparisonTable(lines, { width, paint }),
    '',
    ...intervalBars(lines.map(barOf), { width, paint, ends: ['worse', 'better'] }),
    '',
    ...shown.flatMap(one => wrap(shownText(one), width)),
    ...(shown.length > 0 ? [''] : []),
    ...lines.flatMap(({ task, metric, unmatched, ungraded }) =>
      unmatched + ungraded === 0
        ? []
        : [
            paint(
              'yellow',
              `${task} ${metric}: ${counted(unmatched, 'item')} on one side alone, ${thousands(ungraded)} not graded on both`,
            ),
          ],
    ),
    ...(items > 0 ? lines.flatMap(line => flipLines(line, items, width, paint)) : []),
    ...wrap(rule(lines), width).map(line => paint('dim', line)),
    '',
  ]
}

/** Differences as shares of their scales, turned so that right is better. */
function barOf(line: Compared) {
  const width = line.scale[1] - line.scale[0] || 1
  const turn = (value: number) => ((line.higherIsBetter ? 1 : -1) * value) / width
  const ends = [turn(line.interval?.low ?? line.difference), turn(line.interval?.high ?? line.difference)]
  const p = line.adjusted < 0.001 ? '<0.001' : line.adjusted.toFixed(3)
  const finds = line.detectable === undefined ? '' : `  finds ${differenceText(line.detectable, line).slice(1)}`
  return {
    label: `${line.task} ${line.metric}`,
    value: turn(line.difference),
    ...{ low: Math.min(...ends), high: Math.max(...ends) },
    style: styles[line.verdict],
    note: `+${line.gained} −${line.lost}  p ${p}${finds}`,
  }
}

/** Figures that are compared by nothing, with how far each may be off by itself. */
function shownText({ task, metric, base, tuned, scale, intervals }: Comparison['shown'][number]): string {
  const said = (value: number, interval?: { low: number; high: number }): string =>
    `${valueText(value, { scale })} (95 %: ${intervalText({ ...interval, scale })})`
  return `${task} ${metric}: ${said(base, intervals.base)} and ${said(tuned, intervals.tuned)}`
}

const rule = (lines: readonly Compared[]): string =>
  `+ and − are items gained and lost. Better and worse: p below 0.05${lines.length > 1 ? ', after Holm over all lines of this call' : ''}, and an interval that does not reach over zero. finds: a true difference as large is found four times in five; where that is over a tenth of the scale there are too few items.`

/** The final part of an answer in so many cells, of which some characters take two. */
function fitted(answer: string, width: number): string {
  const part = finalPart(answer, width)
  return cells(part) <= width ? part : finalPart(answer, width >> 1)
}

function flipLines(line: Compared, most: number, width: number, paint: Reporter['paint']): string[] {
  const shown = line.flips.slice(0, most)
  if (shown.length === 0) return []
  const said = (name: string, { score, answer, why }: Flip['base']): string[] => {
    const head = `${name}  ${outcomeText(score, line)}`
    return [
      answer === undefined ? head : `${head}  ${fitted(answer, width - 22)}`,
      ...(why === undefined ? [] : [`  why  ${clip(why, width - 11)}`]),
    ]
  }
  return [
    paint(
      'bold',
      `${line.task} ${line.metric}: ${thousands(shown.length)} of ${thousands(line.flips.length)} that came out otherwise`,
    ),
    ...shown.flatMap(({ task, item, base, tuned, gained }) => [
      `  ${paint(gained ? 'green' : 'red', gained ? 'gained' : 'lost')}  ${line.group ? `${task} ` : ''}${item}`,
      ...indent([...said('base', base), ...said('tuned', tuned)], '    '),
    ]),
    '',
  ]
}
