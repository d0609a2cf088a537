import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ContentPart, contentOf } from '../curate/index.ts'
import { StillroomError } from '../errors/index.ts'
import type { Measured } from '../govern/index.ts'
import {
  compare,
  type Figure,
  facetMeasure,
  type Grade,
  type Habit,
  habits,
  measures,
  type Row,
  rowOf,
  type TopicCoverage,
  topicCoverage,
} from '../measure/index.ts'
import { type Plan, planRecipe, type Recipe, type Words } from '../recipe/index.ts'
import { declaredRowId, type Id, type Rec, sha256 } from '../records/index.ts'
import { listFiles, readSource, sourceConfig } from '../sources/index.ts'
import { unpackVector } from './carried.ts'
import { noteReplay } from './replay.ts'
import type { RunResult } from './run.ts'
import type { Session } from './session.ts'
import { readShard } from './shards.ts'

/** Rows of one side of a report, and what they are called. */
export type ReportSide = { name: string; rows: Iterable<Rec> }
/** What a report says; the page is drawn from it and nothing else. */
export type Report = {
  version: 1
  of: ContentPart
  seed: string
  real: { name: string; n: number }
  other: { name: string; n: number }
  /** Who made the vectors. */
  vectors: string
  figures: Figure[]
  habits: Habit[]
  topics?: TopicCoverage
  /** Share of rows by length, in steps of an octave of words from 1. */
  lengths: { real: number[]; other: number[] }
}

/** What a report comes to for a gate: the worst grade of a figure, and which figures have it. */
export function driftVerdict({ figures, real, other }: Report): Pick<Measured, 'is' | 'statement'> {
  const graded = (grade: Grade) => figures.filter(figure => figure.grade === grade).map(({ measure }) => measure)
  const [failed, warned, passed] = [graded('fail'), graded('warn'), graded('pass')]
  const beside = `${other.n} rows beside ${real.n} of ${real.name}`
  if (failed.length > 0) return { is: 'block', statement: `${beside} drift apart by ${failed.join(', ')}.` }
  if (warned.length > 0) return { is: 'warn', statement: `${beside} begin to drift apart by ${warned.join(', ')}.` }
  return passed.length > 0
    ? { is: 'pass', statement: `${beside} differ no more than real rows do, by ${passed.join(', ')}.` }
    : { is: 'insufficient', statement: `${beside} are too few to tell a drift.` }
}

/** Most rows of a side that are read: figures rest on samples of these. */
const most = 100_000
const [source, key] = ['texts', 'vectors']
/** Facets that say what a row is like; others, such as a draw or a tokenizer, say how it was made. */
const telling = ['difficulty', 'topic', 'audience', 'style', 'register', 'domain']

/**
 * Rows of a file, of all files of a folder, or of a release, as records that only a report needs. Throws SR_SOURCE_EMPTY
 * where there is none.
 */
export async function rowsOfFiles(path: string): Promise<Rec[]> {
  const released = existsSync(join(path, 'manifest.json'))
  const config = sourceConfig.parse({ files: released ? join(path, 'data') : path, license: 'unknown' })
  const files = await listFiles(config, dirname(path))
  const found: Rec[] = []
  for (const file of files) {
    for await (const item of readSource('rows', config, file)) {
      if (item.is !== 'record') continue
      const { payload, facets = {} } = item
      const id = sha256(`${item.file?.path ?? file.path} ${item.row ?? 0}`).slice(0, 32)
      const lineage = { origin: 'real' as const, generation: 0, parents: [] }
      found.push({ ...payload, id, digest: '', facets, scores: {}, lineage } as Rec)
    }
  }
  if (found.length === 0) {
    throw new StillroomError('SR_SOURCE_EMPTY', `There are no rows in ${path}.`, {
      expected: 'a file or folder of documents or rows, or a release',
    })
  }
  return found
}

/** Rows with something to say in this part, the first ones by a hash of their ids where there are too many. */
function textsOf({ rows }: ReportSide, of: ContentPart): { record: Rec; text: string }[] {
  const found: { record: Rec; text: string; place: string }[] = []
  for (const record of rows) {
    const text = contentOf(record, of).trim()
    if (text !== '') found.push({ record, text, place: sha256(record.id) })
  }
  return found.length <= most ? found : found.sort((a, b) => (a.place < b.place ? -1 : 1)).slice(0, most)
}

type Told = { record: Pick<Rec, 'id' | 'lineage'>; text: string }

/**
 * Rows without those that are real ones in this part: a real row that a mix put in, and a real prompt with a made answer,
 * are as novel as a copy and hide how far the others lie. All of them where there are no others.
 */
export function madeAmong<T extends Told>(rows: readonly T[], real: readonly Told[]): readonly T[] {
  const known = new Map(real.map(({ record, text }) => [record.id, text]))
  const made = rows.filter(
    ({ record: { id, lineage }, text }) =>
      !known.has(id) && !lineage.parents.some(({ id, role }) => role === 'subject' && known.get(id) === text),
  )
  return made.length > 0 ? made : rows
}

/**
 * Compares rows with real ones. Vectors come from a recipe of one step over the texts of both sides, so that a teacher is
 * asked through the journal and within the budget, and nothing is made twice. `asked` runs that recipe. Rows that are
 * real ones in this part are left out, unless there are no others.
 * Throws SR_SOURCE_EMPTY where a side has no text, and what ended the run.
 */
export async function reportOn(
  sides: { real: ReportSide; other: ReportSide },
  { of, seed, teacher }: { of: ContentPart; seed: string; teacher?: string },
  at: { recipe: Recipe; words: Words; session: Session },
  asked: (plan: Plan) => Promise<RunResult>,
): Promise<Report> {
  const [real, all] = [textsOf(sides.real, of), textsOf(sides.other, of)]
  const other = madeAmong(all, real)
  for (const [side, texts] of [[sides.real, real] as const, [sides.other, other] as const]) {
    if (texts.length > 0) continue
    throw new StillroomError('SR_SOURCE_EMPTY', `${side.name} has no text to compare.`, {
      expected: `rows with a ${of === 'all' ? 'text' : of}`,
      hint: 'name another part with --of, or other rows',
    })
  }
  const named = [
    ...real.map(one => ({ ...one, id: `r ${one.record.id}` })),
    ...other.map(one => ({ ...one, id: `o ${one.record.id}` })),
  ]
  const vectors = await vectorsOf(named, teacher, at, asked)
  const rows = named.map(({ id, record, text }): Row => {
    const vector = vectors.get(id)
    const facets = Object.fromEntries(
      telling.flatMap(name => (record.facets[name] === undefined ? [] : [[name, String(record.facets[name])]])),
    )
    const group = of === 'completion' ? contentOf(record, 'prompt') : ''
    return rowOf(id, text, { facets, ...(vector ? { vector } : {}), ...(group === '' ? {} : { group }) })
  })
  const [reals, others] = [rows.slice(0, real.length), rows.slice(real.length)]
  const facets = telling.filter(name => reals.some(row => row.facets[name]) && others.some(row => row.facets[name]))
  const topics = topicCoverage(reals, others)
  return {
    version: 1,
    of,
    seed,
    real: { name: sides.real.name, n: reals.length },
    other: { name: sides.other.name, n: others.length },
    vectors: teacher ?? 'learnt from the rows themselves',
    figures: compare(reals, others, [...measures, ...facets.map(facetMeasure)], { seed }),
    habits: habits(reals, others),
    ...(topics ? { topics } : {}),
    lengths: { real: lengthsOf(reals), other: lengthsOf(others) },
  }
}

async function vectorsOf(
  texts: readonly { id: Id; text: string }[],
  teacher: string | undefined,
  { recipe, words, session }: { recipe: Recipe; words: Words; session: Session },
  asked: (plan: Plan) => Promise<RunResult>,
): Promise<Map<Id, Float32Array>> {
  const lines = texts.map(({ id, text }) => `${JSON.stringify({ id, text })}\n`).join('')
  const file = join(session.paths.root, 'reports', `${sha256(lines).slice(0, 16)}.jsonl`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, lines)
  const config = { files: file, license: 'unknown', kind: 'document', id: 'id' }
  const use = { verb: key, from: [source], options: teacher === undefined ? {} : { teacher }, path: ['report'] }
  const { release: _, ...rest } = recipe
  const plan = await planRecipe(
    {
      ...rest,
      name: `${recipe.name} report`,
      floor: 0,
      sources: { [source]: words.source.parse(config) as Recipe['sources'][string] },
      steps: [use],
    } as Recipe,
    dirname(file),
    words,
  )
  const result = await asked(plan)
  noteReplay(session.paths, result.run)
  if (result.error) throw result.error
  const ids = new Map(texts.map(({ id }) => [declaredRowId(source, id), id]))
  const found = new Map<Id, Float32Array>()
  for (const shard of result.shards.get(key) ?? []) {
    for (const { record, vectors } of readShard(session.store, shard)) {
      if (vectors?.[key]) found.set(ids.get(record.id)!, unpackVector(vectors[key]))
    }
  }
  return found
}

function lengthsOf(rows: readonly Row[]): number[] {
  const counts = new Array<number>(16).fill(0)
  for (const { words } of rows) counts[Math.min(15, Math.floor(Math.log2(words.length + 1)))]!++
  return counts.map(count => count / rows.length)
}
