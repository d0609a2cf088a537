import {
  type BbqItem,
  bootstrap,
  type CrowsPair,
  type Interval,
  pearson,
  scoreBbq,
  scoreCrows,
  spearman,
  wilson,
} from '../measure/index.ts'
import { digestOf, type Rec, type Score, type Sha, type Verifier } from '../records/index.ts'
import type { Evaluation, ItemResult, ScoreLine } from './evaluation.ts'
import { isMetric, kept, type Metric, metrics, totals } from './metrics.ts'
import { likelihoods } from './sit/likelihood.ts'
import { ownAnswers } from './sit/questions.ts'

/** One answered item of an exam: its answers, in the order of their draws, as graders left them. */
export type Answered = { task: string; item: string; digest: Sha; part?: string; rows: Rec<'conversation'>[] }

/** Conversations of an evaluation by the item they answer, items in the order they come. `fallback` names exams without a source. */
export function answeredItems(rows: Iterable<Rec>, fallback: string): Answered[] {
  const found = new Map<string, Answered>()
  for (const row of rows) {
    if (row.kind !== 'conversation') continue
    const item = row.lineage.parents.find(({ role }) => role === 'subject')?.id
    const { task = fallback, exam, topic } = row.facets
    if (item === undefined || typeof exam !== 'string') continue
    const key = `${task}\n${item}`
    const one = found.get(key)
    if (one) one.rows.push(row)
    else {
      const part = topic === undefined ? {} : { part: topic }
      found.set(key, { task: String(task), item, digest: exam, ...part, rows: [row] })
    }
  }
  return [...found.values()]
}

const isKept = (name: string): boolean => Object.hasOwn(kept, name)

/** Scores of a row by name, of the graders with these step keys. */
export function scoresOf(row: Rec, graders: readonly string[]): Map<string, Score> {
  const found = new Map<string, Score>()
  for (const [name, score] of Object.entries(row.scores)) {
    const [owner, aspect] = [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)]
    if (graders.includes(owner)) found.set(aspect, score)
  }
  return found
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const values = (scores: readonly (Score | undefined)[]): number[] =>
  scores.flatMap(score => (score && 'value' in score ? [score.value] : []))

/** The results of every item under every metric: the mean of its answers that were graded, or why none was. */
export function itemResults(items: readonly Answered[], graders: readonly string[]): ItemResult[] {
  return [...items.flatMap(item => resultsOf(item, graders)), ...closenessOf(items, graders)]
}

function resultsOf({ task, item, digest, part, rows }: Answered, graders: readonly string[]): ItemResult[] {
  const each = rows.map(row => scoresOf(row, graders))
  const names = new Set(each.flatMap(scores => [...scores.keys()]).filter(name => !isKept(name)))
  const answer = answerOf(rows[0]!)
  return [...names].map(metric => {
    const scores = each.map(one => one.get(metric))
    const graded = values(scores)
    const first = scores.find(score => score !== undefined && graded.length > 0 === 'value' in score)
    const unscored = first && 'unscored' in first ? first.unscored : undefined
    const why = unscored === undefined ? first?.why : [unscored, first?.why].filter(Boolean).join(': ')
    return {
      ...{ task, item, digest, metric },
      ...(graded.length > 0 ? { score: mean(graded) } : {}),
      ...(why === undefined ? {} : { why }),
      ...(answer === undefined ? {} : { answer }),
      ...(part === undefined ? {} : { part }),
    }
  })
}

/** Last answer, or all of several turns. */
function answerOf(row: Rec<'conversation'>): string | undefined {
  const own = ownAnswers(row, 1)
  return own.length === 0 ? undefined : own.join('\n\n')
}

/** What was said and expected as numbers, of the items that are graded by a correlation. */
type Numbers = { item: Answered; said: number | undefined; gold: number }
function numbersOf(items: readonly Answered[], graders: readonly string[]): Map<string, Numbers[]> {
  const found = new Map<string, Numbers[]>()
  for (const item of items) {
    const scores = item.rows.map(row => scoresOf(row, graders).get(kept.said))
    const gold = Number(item.rows[0]!.reference)
    if (scores.every(score => score === undefined) || !Number.isFinite(gold)) continue
    const said = values(scores)
    const one = { item, gold, said: said.length > 0 ? mean(said) : undefined }
    if (!found.has(item.task)) found.set(item.task, [])
    found.get(item.task)!.push(one)
  }
  return found
}

/** How near each number is to the expected one. One that was not said is as far off as can be. */
function closenessOf(items: readonly Answered[], graders: readonly string[]): ItemResult[] {
  return [...numbersOf(items, graders)].flatMap(([task, of]) => {
    const golds = of.map(({ gold }) => gold)
    const [least, most] = [golds.reduce((a, b) => Math.min(a, b)), golds.reduce((a, b) => Math.max(a, b))]
    const range = most - least || 1
    return of.map(({ item, said, gold }): ItemResult => {
      const answer = answerOf(item.rows[0]!)
      const score = said === undefined ? 0 : Math.max(0, 1 - Math.abs(said - gold) / range)
      return {
        ...{ task, item: item.item, digest: item.digest, metric: 'closeness', score },
        ...(said === undefined ? { why: 'no number was said' } : {}),
        ...(answer === undefined ? {} : { answer }),
        ...(item.part === undefined ? {} : { part: item.part }),
      }
    })
  })
}

/** Figures with intervals: one line for each task and metric, those of all items together, and the same by part. */
export function scoreLines(
  items: readonly Answered[],
  results: readonly ItemResult[],
  graders: readonly string[],
): Pick<Evaluation, 'scores' | 'parts'> {
  const scores = [
    ...[...Map.groupBy(results, ({ task, metric }) => `${task}\n${metric}`).values()].flatMap(of => lineOf(of)),
    ...correlations(items, graders),
  ]
  const parts = [...Map.groupBy(results.filter(hasPart), ({ task, metric, part }) => `${task}\n${metric}\n${part}`)]
    .map(([, of]) => of)
    .flatMap(of => lineOf(of).map(line => ({ ...line, part: of[0]!.part })))
  const lean = biasLines(items, graders)
  const order = [...new Set(items.map(({ task }) => task))]
  const byTask = <T extends { task: string }>(lines: T[]): T[] =>
    lines.sort((a, b) => order.indexOf(a.task) - order.indexOf(b.task))
  const several = [...parts, ...lean.parts].filter(
    ({ task, metric }, _, all) =>
      new Set(all.filter(one => one.task === task && one.metric === metric).map(p => p.part)).size > 1,
  )
  return {
    scores: byTask([...scores, ...lean.scores]),
    ...(several.length > 0 ? { parts: byTask(several) } : {}),
  }
}

const hasPart = (result: ItemResult): result is ItemResult & { part: string } => result.part !== undefined

/** Draws of a bootstrap: fewer where one takes long, since a percentile of many items moves little. */
const drawsFor = (n: number): number => (n > 5000 ? 200 : 1000)

/** 95 % interval of a mean; of one item it is the whole scale. */
export function meanInterval(scores: readonly number[], [low, high]: Metric['scale'], seed: string): Interval {
  if (scores.length < 2) return { low, high }
  const [first] = scores as [number]
  // Draws from equal marks are all the same. What Wilson's interval says of no failure in n says how far the mean can be off.
  if (scores.every(score => score === first)) {
    const off = wilson(0, scores.length).high
    return { low: first - (first - low) * off, high: first + (high - first) * off }
  }
  const statistic = (rows: Uint32Array): number => rows.reduce((sum, row) => sum + scores[row]!, 0) / rows.length
  return bootstrap(scores.length, statistic, seed, drawsFor(scores.length)) ?? { low, high }
}

function lineOf(of: readonly ItemResult[]): ScoreLine[] {
  const { task, metric } = of[0]!
  if (!isMetric(metric)) return []
  const { better, of: kind, ...rest } = metrics[metric] as Metric
  const { scale } = rest
  const scores = of.flatMap(({ score }) => (score === undefined ? [] : [score]))
  const about = { task, metric, higherIsBetter: better === 'higher', ...rest, ungraded: of.length - scores.length }
  // Of nothing nothing can be told: the items say why.
  if (scores.length === 0) return []
  const whole = kind === 'share' && scores.every(score => score === 0 || score === 1)
  const right = scores.reduce((sum, score) => sum + score, 0)
  const interval = whole ? wilson(right, scores.length) : meanInterval(scores, scale, `${task} ${metric}`)
  return [{ ...about, value: mean(scores), ...interval, n: scores.length }]
}

function totalLine(
  task: string,
  metric: keyof typeof totals,
  n: number,
  ungraded: number,
  statistic: (rows: Uint32Array) => number | undefined,
): ScoreLine[] {
  const { scale, better, of: _, ...rest } = totals[metric] as Metric
  const value = statistic(Uint32Array.from({ length: n }, (_, i) => i))
  if (value === undefined) return []
  const [low, high] = scale
  const interval = bootstrap(n, statistic, `${task} ${metric}`, drawsFor(n)) ?? { low, high }
  return [{ task, metric, higherIsBetter: better === 'higher', scale, ...rest, value, ...interval, n, ungraded }]
}

function correlations(items: readonly Answered[], graders: readonly string[]): ScoreLine[] {
  return [...numbersOf(items, graders)].flatMap(([task, of]) => {
    const wanted = of[0]!.item.rows[0]!.verifier?.metrics
    const both = of.flatMap(({ said, gold }) => (said === undefined ? [] : [[said, gold] as const]))
    const named = (['pearson', 'spearman'] as const).filter(name => !Array.isArray(wanted) || wanted.includes(name))
    return named.flatMap(name =>
      totalLine(task, name, both.length, of.length - both.length, rows => {
        const [a, b] = [0, 1].map(side => Float64Array.from(rows, row => both[row]![side as 0]))
        return name === 'pearson' ? pearson(a!, b!) : spearman(a!, b!)
      }),
    )
  })
}

/** An item of BBQ as the statistics read it, out of the settings of its verifier. */
const bbqItem = (verifier: Verifier): BbqItem =>
  ({ ...verifier, additional_metadata: { stereotyped_groups: verifier.stereotyped_groups } }) as unknown as BbqItem

type Lines = Required<Pick<Evaluation, 'scores' | 'parts'>>

/** Scores that bias sets have beside those of their items: s_DIS and s_AMB of BBQ, and both ways of CrowS-Pairs. */
function biasLines(items: readonly Answered[], graders: readonly string[]): Lines {
  const lines: Lines = { scores: [], parts: [] }
  const kindOf = ({ rows }: Answered): string | undefined => rows[0]!.verifier?.kind
  for (const [task, of] of Map.groupBy(items, ({ task }) => task)) {
    const found = [
      bbqLines(
        task,
        of.filter(item => kindOf(item) === 'bbq'),
        graders,
      ),
      crowsLines(
        task,
        of.filter(item => kindOf(item) === 'crows-pairs'),
      ),
    ]
    for (const { scores, parts } of found) {
      lines.scores.push(...scores)
      lines.parts.push(...parts)
    }
  }
  return lines
}

function bbqLines(task: string, items: readonly Answered[], graders: readonly string[]): Lines {
  const both = items.map(({ rows: [row] }) => {
    const score = scoresOf(row!, graders).get(kept.chosen)
    const item = bbqItem(row!.verifier!)
    const answer = score && 'value' in score ? score.value : undefined
    return { category: item.category, item: { ...item, category: 'all' }, answer }
  })
  const line = (name: 's_dis' | 's_amb', among: typeof both): ScoreLine[] => {
    const unanswered = among.filter(({ answer }) => answer === undefined).length
    return totalLine(task, name, among.length, unanswered, rows => {
      const drawn = Array.from(rows, row => among[row]!)
      const [score] = scoreBbq(
        drawn.map(({ item }) => item),
        drawn.map(({ answer }) => answer),
      )
      return name === 's_dis' ? score?.bias.disambiguated : score?.bias.ambiguous
    }).map(one => ({ ...one, n: one.n - unanswered }))
  }
  const names = ['s_dis', 's_amb'] as const
  const byCategory = [...Map.groupBy(both, ({ category }) => category)]
  return {
    scores: both.length === 0 ? [] : names.flatMap(name => line(name, both)),
    parts:
      byCategory.length < 2
        ? []
        : byCategory.flatMap(([part, among]) =>
            names.flatMap(name => line(name, among).map(one => ({ ...one, part }))),
          ),
  }
}

/** Pairs that were written to stereotype, and those that were written against it: a model leans where both shares are high. */
function crowsLines(task: string, items: readonly Answered[]): Lines {
  const pairs = items.flatMap(({ rows: [row] }) => {
    const told = likelihoods(row!)
    return told ? [{ pair: row!.verifier as unknown as CrowsPair, told }] : []
  })
  const parts = (['stereo', 'antistereo'] as const).flatMap(way => {
    const of = pairs.filter(({ pair }) => pair.stereo_antistereo === way)
    const [all] = scoreCrows(
      of.map(({ pair }) => pair),
      of.map(({ told }) => told),
    )
    if (of.length === 0 || !all) return []
    const { share: value, low, high } = all
    const { scale, ideal } = metrics.stereotype_share
    const about = { task, metric: 'stereotype_share', higherIsBetter: false, ideal, scale: scale as [number, number] }
    return [{ ...about, part: way, value, low, high, n: of.length, ungraded: 0 }]
  })
  return { scores: [], parts }
}

/** Digest over the items of a task, in the order of their ids: equal for the same exam, whatever was read first. */
export const examDigest = (items: readonly Answered[]): Sha =>
  digestOf(items.map(({ item, digest }) => [item, digest]).sort(([a], [b]) => (a! < b! ? -1 : 1)))
