import { z } from 'zod'
import { type Cells, columnTypes, type PrivacyReport, privacyReport } from '../../measure/index.ts'
import type { Json, Rec } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'

const options = z.strictObject({
  training: z
    .string()
    .describe('Source or step with the real rows that these were made from, those in prompts among them'),
  holdout: z
    .string()
    .optional()
    .describe('Source or step with real rows that nothing was made from; without them copying cannot be told'),
  target: z.string().optional().describe('Column that a model learns to tell; default the last one with few labels'),
  types: z
    .record(z.string(), z.enum(columnTypes))
    .optional()
    .describe('Type of a column where it is taken for another'),
  rounds: z.int().min(1).max(50).default(5).describe('Draws of equally many rows of each set'),
})
type Options = z.output<typeof options>

type Sides = { [side: string]: Json[] }
const sides = ['made', 'training', 'holdout']

/**
 * Looks for signs that rows copy those they were made from, and notes what it finds for the card and the gate `privacy`. It
 * drops nothing: a filter by nearness would tell by what is missing who was in the training set.
 */
export const privacy: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'privacy',
  about:
    'Measures whether rows copy those they were made from, what attacks learn, and how like the real ones they are.',
  version: 1,
  options,
  takes: ['row'],
  gives: 'same',
  reasons: [],
  side: ({ training, holdout }) => [
    { name: 'training', from: training },
    ...(holdout === undefined ? [] : [{ name: 'holdout', from: holdout }]),
  ],
  source: 'Platzer & Reutterer 2021, doi 10.3389/fdata.2021.679939; Giomi et al. 2023, arXiv 2211.10459',
  passes: [
    {
      survey(records, _, { side, seed }) {
        const rows = [...records].map(record => (record as Rec<'row'>).columns)
        return new Map([[0, { seed, rows: { [side ?? 'made']: rows } as Sides }]])
      },
      merge(a: { seed: string; rows: Sides }, b: { rows: Sides }) {
        const rows = sides.map(side => [side, [...(a.rows[side] ?? []), ...(b.rows[side] ?? [])]])
        return { seed: a.seed, rows: Object.fromEntries(rows) as Sides }
      },
      decide(_, { seed, rows }, { target, types, rounds }: Options) {
        const of = (side: string) => (rows[side] ?? []) as Cells[]
        return privacyReport(
          {
            training: of('training'),
            synthetic: of('made'),
            ...(of('holdout').length > 0 ? { holdout: of('holdout') } : {}),
          },
          { seed, rounds, ...(target === undefined ? {} : { target }), ...(types === undefined ? {} : { types }) },
        )
      },
      combine(reports: PrivacyReport[]) {
        const report = reports[0]
        return report ? { each: new Map(), notes: notesOf(report), found: foundOf(report) } : { each: new Map() }
      },
    },
  ],
  apply: () => ({ is: 'passed' }),
})

const digits = (value: number) => Number(value.toPrecision(6))
const spanOf = ({ low, high }: { low: number; high: number }) => ({ low: digits(low), high: digits(high) })

/** The report with six digits: more of them are of the machine, not of the data. */
function foundOf({ rows, verdict, figures }: PrivacyReport): { [name: string]: Json } {
  const told = figures.map(({ about: _, value, interval, baseline, ...figure }) => ({
    ...figure,
    ...(value === undefined ? {} : { value: digits(value) }),
    ...(interval ? { interval: spanOf(interval) } : {}),
    ...(baseline ? { baseline: { value: digits(baseline.value), interval: spanOf(baseline.interval) } } : {}),
  }))
  return { rows, verdict: verdict.is, because: verdict.because, figures: told as unknown as Json }
}

function notesOf({ verdict, figures, notes }: PrivacyReport): string[] {
  const said = figures.flatMap(({ measure, value, interval, grade, n }) =>
    value === undefined || !interval
      ? []
      : [
          `${measure} ${value.toFixed(3)} (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}, n ${n}): ${grade}`,
        ],
  )
  const first = verdict.is[0]!.toUpperCase() + verdict.is.slice(1)
  return [`${first}. It shows no more than that: figures cannot show that nobody can be told`, ...notes, ...said]
}
