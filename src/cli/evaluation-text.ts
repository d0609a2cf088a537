import { type Evaluation, type ItemResult, intervalText, type ScoreLine, valueText } from '../evaluate/index.ts'
import { detectableMean, detectableShare } from '../measure/index.ts'
import type { Evaluated } from '../run/index.ts'
import { familiesOf } from '../teachers/index.ts'
import { counted, reasonList, thousands } from './figures.ts'
import { callTable } from './funnel.ts'
import { table, wrap } from './layout.ts'
import { moneyLines } from './money.ts'
import type { Reporter } from './reporter.ts'
import { modelsOf } from './summary.ts'

type Shown = Pick<Reporter, 'width' | 'paint'>
/** Parts of a task that are shown; more of them stand in the file alone. */
const mostParts = 12

function nameOf(line: ScoreLine): string {
  const { metric, scale, higherIsBetter, ideal } = line
  const [least, most] = scale
  const ends = most > 1 ? ` (${least} to ${most})` : ''
  const way = ideal !== undefined ? `, ${valueText(ideal, line)} is no bias` : higherIsBetter ? '' : ', lower is better'
  return `${metric}${ends}${way}`
}

function rowOf(line: ScoreLine, label: string): string[] {
  const { n, ungraded } = line
  return [
    label,
    nameOf(line),
    valueText(line.value, line),
    intervalText(line),
    thousands(n),
    ungraded === 0 ? '' : thousands(ungraded),
  ]
}

/**
 * The smallest true difference to another model that a comparison of these items finds four times in five, if the two answer
 * independently. Undefined of figures that are not compared item by item, and where no difference would be found.
 */
function finds(line: ScoreLine, items: readonly ItemResult[]): number | undefined {
  const of = items.filter(({ task, metric }) => task === line.task && metric === line.metric)
  const scores = of.flatMap(({ score }) => (score === undefined ? [] : [score]))
  if (scores.length === 0 || line.ideal !== undefined) return undefined
  if (scores.some(score => score !== 0 && score !== 1)) return detectableMean(scores.map(score => score * Math.SQRT2))
  const each = scores.length * line.value * (1 - line.value)
  return detectableShare(scores.length, { gained: each, lost: each })
}

const right = (head: string) => ({ head, right: true })
const columns = (first: string) => [
  { head: first },
  { head: 'metric' },
  right('value'),
  { head: '95 % interval' },
  right('n'),
  right('ungraded'),
]

/** Why items could not be graded, by task and metric, most frequent first. */
function ungradedLines({ items }: Pick<Evaluated, 'items'>, width: number): string[] {
  const open = items.filter(({ score }) => score === undefined)
  return [...Map.groupBy(open, ({ task, metric }) => `${task}, ${metric}`)].flatMap(([what, of]) => {
    const reasons: { [reason: string]: number } = {}
    for (const { why = 'no score' } of of) reasons[why] = (reasons[why] ?? 0) + 1
    return wrap(`Not graded of ${what}: ${reasonList(reasons, 3)}`, width)
  })
}

/** Correlations that are not there: a constant has none. */
function constantLines({ scores }: Evaluation): string[] {
  const wanting = scores.filter(
    ({ task, metric }) =>
      metric === 'closeness' && !scores.some(one => one.task === task && /^(?:pearson|spearman)$/.test(one.metric)),
  )
  return wanting.map(({ task }) => `${task} has no correlation: too few numbers were said, or all are the same.`)
}

/** Judges and how they were asked: figures of another judge or another prompt are not comparable. */
function judgeLines({ tasks, model }: Evaluation, width: number): string[] {
  const judged = Object.entries(tasks).filter(([, { grader }]) => grader.judge !== undefined)
  const said = [...Map.groupBy(judged, ([, { grader }]) => `${grader.judge} ${grader.prompt} ${grader.samples}`)].map(
    ([, of]) => {
      const { judge, prompt, samples = 1 } = of[0]![1].grader
      const names = of.map(([task]) => task).join(', ')
      const own = familiesOf(judge!).some(family => familiesOf(model.id).includes(family))
      const kin = own ? '; it is of the family of the student, and models prefer their own answers' : ''
      return `Judge of ${names}: ${judge}, ${counted(samples, 'time')} each, prompt ${prompt!.slice(0, 12)}${kin}.`
    },
  )
  return said.flatMap(line => wrap(line, width))
}

/** Sources that lost rows on the way in: such an exam is not the whole one. */
function rejectedLines({ plan, result }: Evaluated, width: number): string[] {
  return plan.stages.flatMap(({ shape, key }) => {
    const dropped = shape === 'source' ? result.funnel[key]?.dropped : undefined
    const n = Object.values(dropped ?? {}).reduce((sum, one) => sum + one, 0)
    if (!dropped || n === 0) return []
    return wrap(`Source ${key}: ${counted(n, 'row')} could not be read (${reasonList(dropped)}).`, width)
  })
}

/** An evaluation for people: figures by task, by part, what could not be graded, who judged, what it cost, what comes next. */
export function evaluationLines(done: Evaluated, shown: Shown, here: (path: string) => string): string[] {
  const { evaluation, dir, existed, result, plan } = done
  const { width, paint } = shown
  const bold = (text: string): string => paint('bold', text)
  const section = (lines: string[]): string[] => (lines.length > 0 ? ['', ...lines] : [])
  const { model, partial, scores, parts = [], tasks } = evaluation
  const items = Object.values(tasks).reduce((sum, task) => sum + task.items, 0)
  const byTask = [...Map.groupBy(parts, ({ task }) => task)].flatMap(([task, of]) => {
    const names = new Set(of.map(({ part }) => part))
    if (names.size > mostParts) return ['', `${task}: figures of ${names.size} parts stand in evaluation.json.`]
    const rows = of.map(line => rowOf(line, line.part))
    return ['', bold(`${task}, by part`), ...table(columns('part'), rows, width, bold)]
  })
  const revision = model.revision === undefined ? '' : ` (${model.revision})`
  const calls = callTable(result.calls, modelsOf(plan), shown)
  const money = moneyLines(result.calls, items, width, undefined, 'an item')
  const path = here(dir)
  return [
    bold(`${plan.recipe.name}: ${model.id}${revision} on ${counted(items, 'item')}.`),
    ...(partial ? wrap('Only a part of the exam was taken: this is a look at it, and no result.', width) : []),
    ...section(
      scores.length > 0
        ? table(
            [...columns('task'), right('finds')],
            scores.map(line => {
              const least = finds(line, done.items)
              return [...rowOf(line, line.task), least === undefined ? '' : valueText(least, line)]
            }),
            width,
            bold,
          )
        : ['No item could be graded.'],
    ),
    ...byTask,
    ...section(
      scores.length > 0
        ? wrap(
            'finds: a true difference to another model that is as large is found four times in five with these items, if both answer independently; the more they agree, the smaller it may be.',
            width,
          )
        : [],
    ),
    ...section([
      ...ungradedLines(done, width),
      ...constantLines(evaluation),
      ...rejectedLines(done, width),
      ...judgeLines(evaluation, width),
    ]),
    ...section([...calls, ...money]),
    '',
    `${existed ? 'It lies unchanged in' : 'Written to'} ${path}: evaluation.json, and items.jsonl with every answer.`,
    // What holds no figure is compared with nothing, and is no baseline.
    ...(partial || scores.length === 0
      ? []
      : [
          `Next: stillroom evaluate compare ${path} <another evaluation>`,
          `In the recipe of training data: evaluation: { baseline: ${path} }`,
        ]),
  ]
}
