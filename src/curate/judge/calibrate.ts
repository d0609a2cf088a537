import { z } from 'zod'
import { along, isotonic, type Knot, kappa, line, spearman } from '../../measure/index.ts'
import type { Id, Json, Rec } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import { type Decision, defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { scoreOf } from '../content.ts'

/** How scores are brought onto the scale of people: a line, or whatever rises. */
export const maps = ['linear', 'isotonic'] as const
/** Aspect under which a score is kept that was brought onto the scale of people. */
export const mapped = 'calibrated'

const options = z.strictObject({
  by: z.string().describe('Stored score that is compared, written as <step key>/<aspect>'),
  marks: z.string().describe('Marks by people, as rows with the columns `record` and `mark`'),
  map: z.enum(maps).optional().describe('Brings the scores onto the scale of the people'),
})
type Options = z.output<typeof options>

/** A mark of a person; several of one record are averaged. */
const humanMark = z.object({ record: z.string(), mark: z.number() })
type Told = { marks: [Id, number][]; bad: number; scores: [Id, number][] }
type Shared = { slope: number; intercept: number } | { knots: Knot[] }

/** Fewer say little about a judge. */
const enough = 30

function pairsOf({ marks, scores }: Told): { judge: number[]; people: number[] } {
  const sums = new Map<Id, { sum: number; n: number }>()
  for (const [id, mark] of marks) {
    const { sum, n } = sums.get(id) ?? { sum: 0, n: 0 }
    sums.set(id, { sum: sum + mark, n: n + 1 })
  }
  const both = scores.filter(([id]) => sums.has(id)).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    judge: both.map(([, score]) => score),
    people: both.map(([id]) => sums.get(id)!.sum / sums.get(id)!.n),
  }
}

/** Agreement on whole marks beyond chance. */
function kappaOf(judge: number[], people: number[]) {
  const [a, b] = [judge.map(Math.round), people.map(Math.round)]
  const classes = [...new Set([...a, ...b])].sort((x, y) => x - y)
  const place = new Map(classes.map((mark, i) => [mark, i]))
  const table = classes.map(() => classes.map(() => 0))
  for (const [i, mark] of a.entries()) table[place.get(mark)!]![place.get(b[i]!)!]!++
  return kappa(table)
}

const figure = (value: number | undefined) => (value === undefined ? 'undefined' : value.toFixed(2))

function notesOf(told: Told, { by }: Options): string[] {
  const { judge, people } = pairsOf(told)
  const bad = told.bad > 0 ? [`${told.bad} lines are no marks by people and were left out`] : []
  if (judge.length === 0) return [`no row with the score ${by} has a mark by people`, ...bad]
  const agreement = kappaOf(judge, people)
  const offset = judge.reduce((sum, score, i) => sum + score - people[i]!, 0) / judge.length
  const within = agreement ? ` (${figure(agreement.low)} to ${figure(agreement.high)})` : ''
  return [
    `${by} against people on ${judge.length} rows: Spearman ${figure(spearman(judge, people))}, kappa of whole marks ${figure(agreement?.kappa)}${within}, on average ${offset < 0 ? '' : '+'}${figure(offset)}`,
    ...(judge.length < enough ? [`${judge.length} rows are few: from ${enough} on the figures say something`] : []),
    ...bad,
  ]
}

function mapOf(told: Told, map: Options['map']): Shared | undefined {
  const { judge, people } = pairsOf(told)
  if (map === 'linear') return line(judge, people)
  const knots = map === 'isotonic' ? isotonic(judge, people) : []
  return knots.length > 0 ? { knots } : undefined
}

/** How a judge's scores compare with what people gave, and what they would have given where they looked at nothing. */
export const calibrate: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'judge-calibrate',
  about: 'Compares a stored score with marks by people, and brings it onto their scale.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [],
  source:
    'Cohen 1960, Educational and Psychological Measurement 20; Ayer et al. 1955, Annals of Mathematical Statistics 26',
  side: ({ marks }) => [{ name: 'calibrate', from: marks }],
  passes: [
    {
      survey(records, { by }, { side }) {
        const told: Told = { marks: [], bad: 0, scores: [] }
        for (const record of records) {
          if (side === undefined) {
            const score = scoreOf(record, by)
            if (score !== undefined) told.scores.push([record.id, score])
            continue
          }
          const read = record.kind === 'row' ? humanMark.safeParse((record as Rec<'row'>).columns) : undefined
          if (read?.success) told.marks.push([read.data.record, read.data.mark])
          else told.bad++
        }
        return new Map([[0, told]])
      },
      merge: (a: Told, b: Told) => ({
        marks: a.marks.concat(b.marks),
        bad: a.bad + b.bad,
        scores: a.scores.concat(b.scores),
      }),
      decide: (_, told: Told) => told,
      combine([told]: Told[], options): Decision {
        const found = told ?? { marks: [], bad: 0, scores: [] }
        const shared = mapOf(found, options.map)
        return {
          each: new Map(),
          notes: notesOf(found, options),
          ...(shared ? { shared: shared as unknown as Json } : {}),
        }
      },
    },
  ],
  apply(record, _, shared, { by, map }) {
    if (map === undefined) return { is: 'passed' }
    const method = `${by} on the scale of people (${map})`
    const score = scoreOf(record, by)
    const found = shared as Shared | undefined
    if (score === undefined || found === undefined) {
      return { is: 'passed', notes: { scores: { [mapped]: { method, unscored: found ? 'unscored' : 'no-marks' } } } }
    }
    const value = 'knots' in found ? along(found.knots, score)! : found.slope * score + found.intercept
    return { is: 'passed', notes: { scores: { [mapped]: { method, value } } } }
  },
})
