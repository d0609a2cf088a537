import { StillroomError } from '../errors/index.ts'
import {
  detectableMean,
  detectableShare,
  flipInterval,
  holm,
  type Interval,
  mcNemar,
  meanDifference,
  signFlip,
} from '../measure/index.ts'
import { type Unlike, unlike } from './comparable.ts'
import type { Evaluation, ItemResult, ScoreLine } from './evaluation.ts'
import type { Evaluated } from './folder.ts'

export type Verdict = 'better' | 'worse' | 'no difference shown' | 'too few items' | 'partial'

/** What one model made of an item, and why its grader marked it so. */
type Side = { score: number; answer?: string; why?: string }

/** One item that came out otherwise, with what each model said. */
export type Flip = {
  task: string
  item: string
  base: Side
  tuned: Side
  gained: boolean
}

/** One metric of a task, or of a group of tasks, on the items that both have. `difference` is tuned minus base. */
export type Compared = {
  task: string
  group?: true
  metric: string
  /** With an ideal value: whether up is the way to it from where the base stands. */
  higherIsBetter: boolean
  ideal?: number
  scale: [least: number, most: number]
  /** Items that were graded on both sides. */
  items: number
  /** Items that one side alone has, and those that one side alone could not be graded on. */
  unmatched: number
  ungraded: number
  base: number
  tuned: number
  difference: number
  interval?: Interval
  gained: number
  lost: number
  test: 'mcnemar' | 'sign-flip'
  p: number
  /** After Holm, over everything that is compared with this base at once. */
  adjusted: number
  /** True difference that would be found four times in five. */
  detectable?: number
  verdict: Verdict
  flips: Flip[]
}

export type Comparison = {
  base: Named
  tuned: Named
  lines: Compared[]
  /** Figures without values of single items: shown, and never called. */
  shown: {
    task: string
    metric: string
    scale: ScoreLine['scale']
    base: number
    tuned: number
    why: string
    /** What each side's own interval is, where it has one. */
    intervals: { base?: Interval; tuned?: Interval }
  }[]
  unlike: Unlike[]
  /** Tasks of one side alone. */
  alone: { base: string[]; tuned: string[] }
  /** Tasks of both that were not measured alike. */
  refused: string[]
  reportable: boolean
}
export type Named = Pick<Evaluation, 'name' | 'model' | 'date'>

/** Chance of one false call among all that is compared at once; probability of finding what is called detectable. */
const [alpha, power] = [0.05, 0.8]
/** Items under which nothing is called, and the share of the scale that "no difference shown" must have been able to see. */
const [fewest, worthSeeing] = [20, 0.1]

export type CompareOptions = {
  /** Compare the items that both have where exams differ. */
  common?: boolean
}

/**
 * Compares evaluations with one base, item by item. An item is called by its digest, so that only what was asked and expected
 * alike is paired. The rule: a difference is better or worse when its p, adjusted by Holm over all lines of the call, is
 * below 0.05 and its interval does not reach over zero; else it is "no difference shown" where a tenth of the scale would
 * have been found four times in five, and "too few items" where not. Under 20 items nothing is called.
 * @throws StillroomError SR_NOT_COMPARABLE when a side shares no task with the base that was measured alike.
 */
export function compareEvaluations(
  base: Evaluated,
  others: readonly Evaluated[],
  options: CompareOptions = {},
): Comparison[] {
  const met = others.map(tuned => meet(base, tuned, options))
  const all = met.flatMap(({ lines }) => lines)
  // What is too small to be called whatever comes out is no test.
  const family = all.filter(({ items }) => items >= fewest)
  const adjusted = holm(family.map(({ p }) => p))
  const verdicts = new Map(
    all.map(line => [line, called(line, adjusted[family.indexOf(line)] ?? 1, alpha / (family.length || 1))]),
  )
  return met.map(({ lines, reportable, ...rest }) => ({
    ...rest,
    reportable,
    lines: lines.map(line => {
      const { differences: _, ...own } = line
      return { ...own, ...verdicts.get(line)!, ...(reportable ? {} : { verdict: 'partial' as const }) }
    }),
  }))
}

type Tested = Omit<Compared, 'adjusted' | 'verdict' | 'detectable'> & { differences: number[] }
type Met = Omit<Comparison, 'lines'> & { lines: Tested[] }

function meet(base: Evaluated, tuned: Evaluated, { common = false }: CompareOptions): Met {
  const [a, b] = [base.evaluation, tuned.evaluation]
  const partial = Boolean(a.partial ?? b.partial)
  const shared = Object.keys(a.tasks).filter(task => b.tasks[task])
  const found = shared.flatMap(task => unlike(task, a.tasks[task]!, b.tasks[task]!, partial || common))
  const refused = shared.filter(task => found.some(one => one.task === task && one.refuses))
  const fine = shared.filter(task => !refused.includes(task))
  const alone = (from: Evaluation, to: Evaluation) => Object.keys(from.tasks).filter(task => !to.tasks[task])
  const met = {
    ...{ base: named(a), tuned: named(b), unlike: found, refused, reportable: !partial },
    alone: { base: alone(a, b), tuned: alone(b, a) },
  }
  if (fine.length === 0) throw notComparable(met)
  const [ofBase, ofTuned] = [byItem(base.items), byItem(tuned.items)]
  const lines: Tested[] = []
  const shown: Comparison['shown'] = []
  for (const score of a.scores.filter(({ task }) => fine.includes(task))) {
    const other = b.scores.find(({ task, metric }) => task === score.task && metric === score.metric)
    if (!other) continue
    const pairs = paired(ofBase, ofTuned, [score.task], score.metric)
    if (pairs.scored.length > 0) lines.push(tested(score.task, score, other, pairs))
    else {
      const why = base.items.length === 0 || tuned.items.length === 0 ? 'no items' : 'no item has a value on both sides'
      const [own, its] = [intervalOf(score), intervalOf(other)]
      shown.push({
        ...{
          task: score.task,
          metric: score.metric,
          scale: joint(score, other),
          base: score.value,
          tuned: other.value,
        },
        why:
          own && its
            ? why
            : `${why}, and nothing tells how far ${own ? 'the second' : its ? 'the first' : 'either'} may be off`,
        intervals: { ...(own ? { base: own } : {}), ...(its ? { tuned: its } : {}) },
      })
    }
  }
  for (const [group, members] of Object.entries(a.groups ?? {})) {
    const tasks = members.filter(task => fine.includes(task))
    if (tasks.length < members.length || tasks.length < 2) continue
    for (const metric of new Set(lines.filter(line => tasks.includes(line.task)).map(line => line.metric))) {
      const own = lines.filter(line => line.metric === metric && tasks.includes(line.task))
      if (own.length < tasks.length || own.some(line => line.higherIsBetter !== own[0]!.higherIsBetter)) continue
      lines.push({ ...tested(group, own[0]!, own[0]!, paired(ofBase, ofTuned, tasks, metric)), group: true })
    }
  }
  if (lines.length + shown.length === 0) throw notComparable(met)
  return { ...met, lines, shown }
}

const named = ({ name, model, date }: Evaluation): Named => ({ name, model, date })

function notComparable({
  base,
  tuned,
  unlike,
  alone,
}: Pick<Comparison, 'base' | 'tuned' | 'unlike' | 'alone'>): StillroomError {
  const reasons = unlike.filter(({ refuses }) => refuses)
  const said = reasons.slice(0, 6).map(({ task, what, base, tuned }) => `${task}: ${what} ${base} and ${tuned}`)
  const exams = reasons.every(({ what }) => what === 'exam' || what === 'items')
  return new StillroomError(
    'SR_NOT_COMPARABLE',
    `${base.name} and ${tuned.name} have no task that was measured alike.`,
    {
      expected: 'tasks with the same items, grader, judge, prompts, shots, seeds and sampling',
      received: said.join('; ') || `tasks ${alone.base.join(', ') || 'none'} and ${alone.tuned.join(', ') || 'none'}`,
      hint:
        reasons.length > 0 && exams
          ? '--common compares the items that both have'
          : 'evaluate both alike, and compare again',
    },
  )
}

type Outcome = { score?: number; answer?: string; why?: string }
type Outcomes = Map<string, Map<string, Outcome>>

/** Outcomes by task and metric, then by item and digest. Several samples of an item count once, with their mean. */
function byItem(items: readonly ItemResult[]): Outcomes {
  const all = new Map<string, Map<string, Outcome & { n: number }>>()
  for (const { task, metric, item, digest, score, answer, why } of items) {
    const lineOf = `${task}\n${metric}`
    if (!all.has(lineOf)) all.set(lineOf, new Map())
    const known = all.get(lineOf)!.get(`${item}\n${digest}`) ?? { n: 0 }
    const n = known.n + (score === undefined ? 0 : 1)
    all.get(lineOf)!.set(`${item}\n${digest}`, {
      n,
      ...(n === 0 ? {} : { score: score === undefined ? known.score! : ((known.score ?? 0) * known.n + score) / n }),
      ...(known.answer === undefined && answer === undefined ? {} : { answer: known.answer ?? answer! }),
      ...(known.why === undefined && why === undefined ? {} : { why: known.why ?? why! }),
    })
  }
  return all
}

type Pair = { task: string; item: string; base: Outcome; tuned: Outcome }
type Pairs = { scored: Pair[]; unmatched: number; ungraded: number }

function paired(ofBase: Outcomes, ofTuned: Outcomes, tasks: readonly string[], metric: string): Pairs {
  const pairs: Pairs = { scored: [], unmatched: 0, ungraded: 0 }
  for (const task of tasks) {
    const [first, second] = [ofBase, ofTuned].map(of => of.get(`${task}\n${metric}`) ?? new Map<string, Outcome>())
    pairs.unmatched += [...second!.keys()].filter(key => !first!.has(key)).length
    for (const [key, base] of first!) {
      const tuned = second!.get(key)
      if (!tuned) pairs.unmatched++
      else if (base.score === undefined || tuned.score === undefined) pairs.ungraded++
      else pairs.scored.push({ task, item: key.slice(0, key.lastIndexOf('\n')), base, tuned })
    }
  }
  return pairs
}

const joint = ({ scale: a }: Pick<ScoreLine, 'scale'>, { scale: b }: Pick<ScoreLine, 'scale'>): ScoreLine['scale'] => [
  Math.min(a[0], b[0]),
  Math.max(a[1], b[1]),
]
const intervalOf = ({ low, high }: ScoreLine): Interval | undefined =>
  low === undefined || high === undefined ? undefined : { low, high }

/** Equal marks that came about by different sums are equal. */
const nothing = 1e-9

function tested(
  task: string,
  { metric, higherIsBetter: higher, scale, ideal }: Pick<ScoreLine, 'metric' | 'higherIsBetter' | 'scale' | 'ideal'>,
  other: Pick<ScoreLine, 'scale'>,
  { scored, unmatched, ungraded }: Pairs,
): Tested {
  const n = scored.length
  const mean = (of: (pair: Pair) => number) => scored.reduce((sum, pair) => sum + of(pair), 0) / n
  const differences = scored.map(({ base, tuned }) => {
    const difference = tuned.score! - base.score!
    return Math.abs(difference) < nothing ? 0 : difference
  })
  const up = differences.filter(d => d > 0).length
  const down = differences.filter(d => d < 0).length
  const [base, tuned] = [mean(pair => pair.base.score!), mean(pair => pair.tuned.score!)]
  const higherIsBetter = ideal === undefined ? higher : base < ideal
  const [gained, lost] = higherIsBetter ? [up, down] : [down, up]
  const binary = scored.every(({ base, tuned }) => [base.score!, tuned.score!].every(s => s === 0 || s === 1))
  const seed = `${task} ${metric}`
  const interval = binary ? flipInterval(n, { gained: up, lost: down }) : meanDifference(differences, seed)
  return {
    ...{ task, metric, higherIsBetter, items: n, unmatched, ungraded, gained, lost, differences },
    scale: joint({ scale }, other),
    ...{ base, tuned },
    ...(ideal === undefined ? {} : { ideal }),
    difference: differences.reduce((sum, d) => sum + d, 0) / n,
    ...(interval ? { interval } : {}),
    test: binary ? 'mcnemar' : 'sign-flip',
    p: binary ? mcNemar({ gained, lost }) : signFlip(differences, seed),
    flips: scored
      .flatMap(({ task, item, base, tuned }, i) =>
        differences[i] === 0
          ? []
          : [{ task, item, base: side(base), tuned: side(tuned), gained: differences[i]! > 0 === higherIsBetter }],
      )
      .sort((x, y) => change(y) - change(x)),
  }
}

const side = ({ score, answer, why }: Outcome): Side => ({
  score: score!,
  ...(answer === undefined ? {} : { answer }),
  ...(why === undefined ? {} : { why }),
})
const change = ({ base, tuned }: Flip): number => Math.abs(tuned.score - base.score)

function called(line: Tested, adjusted: number, level: number): Pick<Compared, 'adjusted' | 'detectable' | 'verdict'> {
  const { test, items, differences, gained, lost, interval, difference, higherIsBetter, scale, ideal } = line
  const width = scale[1] - scale[0] || 1
  const detectable =
    test === 'mcnemar' || gained + lost === 0
      ? times(detectableShare(items, { gained, lost }, level, power), test === 'mcnemar' ? 1 : width)
      : detectableMean(differences, level, power)
  const found = { adjusted, ...(detectable === undefined ? {} : { detectable }) }
  if (items < fewest) return { ...found, verdict: 'too few items' }
  const clear = interval !== undefined && (difference > 0 ? interval.low >= 0 : interval.high <= 0)
  // Past the ideal value both ways are off: that the share moved is no sign that it came nearer.
  const crossed = ideal !== undefined && (line.base - ideal) * (line.tuned - ideal) < 0
  if (adjusted < alpha && clear) {
    if (crossed) return { ...found, verdict: 'no difference shown' }
    return { ...found, verdict: difference > 0 === higherIsBetter ? 'better' : 'worse' }
  }
  const seen = detectable !== undefined && detectable <= worthSeeing * width
  return { ...found, verdict: seen ? 'no difference shown' : 'too few items' }
}

const times = (value: number | undefined, by: number): number | undefined =>
  value === undefined ? undefined : value * by
