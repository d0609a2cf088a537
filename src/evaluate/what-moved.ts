import type { Compared, Comparison, Verdict } from './compare.ts'
import type { ScoreLine } from './evaluation.ts'

/** A value of a scale as people say it: right and wrong in percent, correlations to three digits, marks as they are. */
export const valueText = (value: number, { scale }: Pick<Compared, 'scale'>): string =>
  inShares(scale) ? `${(100 * value).toFixed(1)} %` : marks(value, scale)

/** Right and wrong by their words, a mark or a share as it is. */
export function outcomeText(score: number, line: Pick<Compared, 'scale' | 'test' | 'higherIsBetter'>): string {
  if (line.test !== 'mcnemar') return valueText(score, line)
  return (score === 1) === line.higherIsBetter ? 'right' : 'wrong'
}

/** An interval as people say it; of a figure that has none, that it is not told. */
export const intervalText = ({ low, high, scale }: Pick<ScoreLine, 'low' | 'high' | 'scale'>): string =>
  low === undefined || high === undefined ? 'not told' : `${valueText(low, { scale })} to ${valueText(high, { scale })}`

/** A difference with its sign, in points of a hundred for right and wrong. */
export function differenceText(value: number, { scale }: Pick<Compared, 'scale'>): string {
  const text = inShares(scale) ? (100 * Math.abs(value)).toFixed(1) : marks(Math.abs(value), scale)
  return `${Number(text) === 0 ? '±' : value > 0 ? '+' : '−'}${text}`
}

const inShares = ([least, most]: Compared['scale']): boolean => least === 0 && most === 1
const marks = (value: number, [least, most]: Compared['scale']): string =>
  Math.abs(value) >= 1e7
    ? value.toExponential(3)
    : value.toFixed(least === -1 && most === 1 ? 3 : Math.max(-least, most) >= 50 ? 1 : 2)

/** A comparison in a few plain sentences: what moved, what did not, and what cannot be told. */
export function whatMoved({ base, tuned, lines, shown, refused, reportable, unlike, alone }: Comparison): string[] {
  const of = (verdict: Verdict) => lines.filter(line => line.verdict === verdict)
  const [better, worse, same, few] = [of('better'), of('worse'), of('no difference shown'), of('too few items')]
  const sentences: string[] = []
  if (!reportable) sentences.push('Only a part of an exam was taken (`--limit`): what follows is no result.')
  else if (better.length + worse.length > 0) {
    const parts = [
      ...(better.length > 0 ? [`better in ${better.map(moved).join(', ')}`] : []),
      ...(worse.length > 0 ? [`worse in ${worse.map(moved).join(', ')}`] : []),
    ]
    sentences.push(`${tuned.name} is ${parts.join(' and ')} than ${base.name}.`)
  } else if (same.length > 0) sentences.push(`Nothing is shown to have moved between ${base.name} and ${tuned.name}.`)
  if (same.length > 0) {
    const most = same.reduce((one, other) => (reach(other) > reach(one) ? other : one))
    sentences.push(
      `No difference in ${same.map(name).join(', ')}: one of ${differenceText(most.detectable!, most).slice(1)}${pointsOf(most)} would have been found four times in five.`,
    )
  }
  if (few.length > 0) sentences.push(`Too few items to tell: ${few.map(name).join(', ')}.`)
  if (shown.length > 0)
    sentences.push(
      `Shown without a verdict: ${shown.map(({ task, metric, why }) => `${task} ${metric} (${why})`).join(', ')}.`,
    )
  for (const task of refused) {
    const why = unlike.filter(one => one.task === task && one.refuses)
    sentences.push(
      `Left out: ${task} was not measured alike (${why.map(({ what, base, tuned }) => `${what} ${base} and ${tuned}`).join(', ')}).`,
    )
  }
  const only = [
    ...alone.base.map(task => `${task} (${base.name})`),
    ...alone.tuned.map(task => `${task} (${tuned.name})`),
  ]
  if (only.length > 0) sentences.push(`On one side alone: ${only.join(', ')}.`)
  for (const { task, what, base, tuned } of unlike.filter(({ refuses }) => !refuses)) {
    sentences.push(`Mind: in ${task} the ${what} differs, ${base} and ${tuned}.`)
  }
  return sentences
}

const name = ({ task, metric }: Compared): string => `${task} ${metric}`
const reach = ({ detectable = 0, scale }: Compared): number => detectable / (scale[1] - scale[0] || 1)
const pointsOf = ({ scale }: Compared): string => (inShares(scale) ? ' points' : '')
const moved = (line: Compared): string =>
  `${name(line)} (${valueText(line.base, line)} to ${valueText(line.tuned, line)}, ${line.gained} gained and ${line.lost} lost)`
