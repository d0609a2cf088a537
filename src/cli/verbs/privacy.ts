import { resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import {
  type Cells,
  type ColumnType,
  columnTypes,
  inferTypes,
  type PrivacyFigure,
  type PrivacyVerdict,
  plantedIn,
  privacyReport,
  privacyVerdict,
  type Types,
  textPrivacy,
} from '../../measure/index.ts'
import type { Json } from '../../records/index.ts'
import { listFiles, readSource } from '../../sources/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { table, wrap } from '../layout.ts'
import { reporterOf } from '../reporter.ts'

/**
 * Ends with 3 where a copying signal is found, as a gate that blocks; 0 where none is, and where it cannot be told. Figures
 * of fidelity and utility never stop anything here: a table can be safe and useless.
 */
export const run: Run = async call => {
  const { io, given } = call
  const [real, made] = call.args as [string, string]
  const seed = String(given.seed ?? 1)
  const reporter = reporterOf(call)
  const files = given.holdout === undefined ? [real, made] : [real, made, given.holdout]
  const [training, synthetic, holdout] = await Promise.all(files.map(name => rowsOf(name, io.cwd)))
  const unseen = holdout ? { holdout } : {}
  const overrides = typesOf(given.types ?? [])
  const types = inferTypes([...training!, ...(holdout ?? [])], overrides)
  const measured = Object.values(types).filter(type => type !== 'text' && type !== 'id')
  const texts = Object.keys(types).filter(name => types[name] === 'text')
  const rows = { training: training!, synthetic: synthetic!, ...unseen }
  let report: { figures: PrivacyFigure[]; verdict: PrivacyVerdict; notes: string[] } & { [field: string]: unknown }
  if (measured.length > 0) {
    if (given.canaries !== undefined) {
      throw new StillroomError('SR_USAGE', '`--canaries` is for texts, and these are tables.', {
        expected: 'jsonl or parquet with a text each',
        received: `columns that are measured: ${measured.length}`,
        hint: 'leave it out; rows of a table are compared by their values',
      })
    }
    const target = given.target === undefined ? {} : { target: given.target }
    report = privacyReport(rows, { seed, types: overrides, ...target })
  } else {
    const joined = (all: Cells[]) => all.map(row => texts.map(name => String(row[name] ?? '')).join('\n'))
    const planted = given.canaries === undefined ? {} : { planted: await secretsPlanted(given.canaries, io.cwd) }
    const figures = textPrivacy(
      {
        ...planted,
        training: joined(training!),
        synthetic: joined(synthetic!),
        ...(holdout ? { holdout: joined(holdout) } : {}),
      },
      { seed },
    )
    const counts = { training: training!.length, synthetic: synthetic!.length, holdout: holdout?.length ?? 0 }
    report = { rows: counts, types, figures, verdict: privacyVerdict(figures), notes: [] }
  }
  const told = [
    `${counted(training!.length, 'row')} it was made from, ${counted(synthetic!.length, 'synthetic row')}, ${counted(holdout?.length ?? 0, 'row')} of a holdout; seed ${seed}.`,
    ...report.notes,
  ]
  reporter.say(
    told.flatMap(line => wrap(line, reporter.width)),
    '',
    figuresTable(report.figures, reporter.width),
    '',
    meaning(report.verdict, holdout !== undefined).flatMap(line => wrap(line, reporter.width)),
  )
  reporter.result(report)
  return report.verdict.is === 'copying signal found' ? 3 : 0
}

/** Secrets that stand in the planted rows of a file. */
async function secretsPlanted(named: string, cwd: string): Promise<string[]> {
  const secrets = plantedIn((await rowsOf(named, cwd)).flatMap(row => Object.values(row).map(String)))
  if (secrets.length > 0) return secrets
  throw new StillroomError('SR_SOURCE_EMPTY', `No canary stands in ${named}.`, {
    expected: 'rows that the step `canaries` planted secrets in',
    hint: 'write them with `stillroom export jsonl --step canaries.plant`',
  })
}

/** The columns of each row; of records that hold text, the text. */
async function rowsOf(named: string, cwd: string): Promise<Cells[]> {
  const rows: Cells[] = []
  for (const file of await listFiles({ files: named }, resolve(cwd))) {
    for await (const item of readSource('table', { files: named } as never, file, {})) {
      if (item.is === 'record') rows.push(cellsOf(item.payload))
    }
  }
  if (rows.length > 0) return rows
  throw new StillroomError('SR_SOURCE_EMPTY', `There are no rows in ${named}.`, {
    expected: 'csv, parquet or jsonl with a row or a text each',
    hint: 'check the path; a folder stands for all readable files below it',
  })
}

/** Columns that say what a row is and where it comes from, in our own releases: not what it holds. */
function cellsOf(payload: { kind: string; [field: string]: unknown }): Cells {
  if (payload.kind === 'row') {
    const columns = payload.columns as Cells
    const inner = columns.columns
    // A release of rows holds them one level below.
    return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Cells) : columns
  }
  const turns = ['messages', 'prompt', 'chosen', 'completion'].flatMap(
    name => (Array.isArray(payload[name]) ? payload[name] : []) as { content?: Json }[],
  )
  return { text: String(payload.text ?? turns.map(({ content }) => content ?? '').join('\n')) }
}

function typesOf(given: readonly string[]): Types {
  const pairs = given.map(text => {
    const [, column, type] = /^(.+)=(\w+)$/.exec(text) ?? []
    if (column !== undefined && columnTypes.includes(type as ColumnType)) return [column, type as ColumnType] as const
    throw new StillroomError('SR_USAGE', `\`--types ${text}\` cannot be understood.`, {
      expected: `<column>=<type>, where a type is ${columnTypes.join(', ')}`,
    })
  })
  return Object.fromEntries(pairs)
}

const parts: { [P in PrivacyFigure['part']]: string } = {
  copying: 'Nearer to the rows it was made from than it should be?',
  attacks: 'What somebody learns of a person in it',
  fidelity: 'Like the real table? (beside it: as many other real rows)',
  utility: 'Does a model learn from it?',
}

const short = (value: number) => (value !== 0 && Math.abs(value) < 0.0005 ? value.toExponential(0) : value.toFixed(3))
const span = (interval?: { low: number; high: number }) =>
  interval ? `${short(interval.low)} to ${short(interval.high)}` : ''

function figuresTable(figures: readonly PrivacyFigure[], width: number): string[] {
  const groups = Object.entries(parts).flatMap(([part, title]) => {
    const own = figures.filter(figure => figure.part === part)
    if (own.length === 0) return []
    const rows = own.map(({ measure, grade, value, interval, baseline, n, why }) => [
      measure,
      grade,
      value === undefined ? '' : short(value),
      span(interval),
      baseline ? short(baseline.value) : '',
      String(n),
      why,
    ])
    const right = { right: true }
    const columns = [
      { head: 'Figure' },
      { head: 'Grade' },
      { head: 'Value', ...right },
      { head: '95 %' },
      { head: 'Real', ...right },
      { head: 'n', ...right },
      { head: 'Why', flex: true },
    ]
    return [[title, ...table(columns, rows, width), '']]
  })
  return groups.flat().slice(0, -1)
}

function meaning({ is, because }: PrivacyVerdict, holdout: boolean): string[] {
  const limits =
    'These figures can show that rows were copied. They cannot show that nobody can be told: for that only a generator with differential privacy gives a guarantee.'
  const without =
    'Without rows that it was not made from (--holdout) nothing can be said of copying: near rows may be near because people are alike. Keep some aside before anything is generated.'
  if (is === 'copying signal found')
    return [
      `Copying signal found: ${because.length === 1 ? 'one figure fails' : `${because.length} figures fail`}.`,
      limits,
    ]
  if (is === 'cannot be told') return [holdout ? 'It cannot be told: too few rows.' : without, limits]
  return ['No copying signal found.', limits]
}
