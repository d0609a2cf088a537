import { basename } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import type { Rec } from '../records/index.ts'
import { readRelease } from '../release/index.ts'
import { listFiles, readSource, sourceConfig } from '../sources/index.ts'
import type { Store } from '../workspace/index.ts'
import type { PastRun } from './log.ts'
import { sealSource } from './source-stage.ts'
import { recordsOf } from './story.ts'

/** Exam records with what they are called, and what else lay where they were looked for. */
export type ExamSet = {
  name: string
  version: string | number
  license?: string
  exams: Rec<'exam'>[]
  /** Records that are no exams, and rows that could not be read, by reason. */
  others: number
  rejected: { [reason: string]: number }
}

/** A record as an exam: a question whose answer is known is one, under the id that it has. */
function examOf(record: Rec): Rec<'exam'> | undefined {
  if (record.kind === 'exam') return record
  if (record.kind !== 'prompt' || record.reference === undefined) return undefined
  const { kind: _, messages, reference, tools: __, ...rest } = record
  return { ...rest, kind: 'exam', prompt: messages, target: reference } as Rec<'exam'>
}

function take(set: ExamSet, record: Rec): void {
  const exam = examOf(record)
  if (exam) set.exams.push(exam)
  else set.others++
}

const none = (name: string, version: string | number): ExamSet => ({
  name,
  version,
  exams: [],
  others: 0,
  rejected: {},
})

/** Exams of a release, from its folder alone. */
export async function examsOfRelease(dir: string): Promise<ExamSet> {
  const release = await readRelease(dir)
  try {
    const set: ExamSet = { ...none(release.name, release.version), license: release.license }
    for await (const record of release.records) take(set, record)
    return set
  } finally {
    release.close()
  }
}

/** Exams that a finished run gave, or that its sources hold where its steps give something else of them. */
export function examsOfRun(store: Store, past: PastRun, sources: readonly string[]): ExamSet {
  const set = none(past.recipe, 1)
  for (const record of recordsOf(store, past, past.output)) take(set, record)
  if (set.exams.length > 0) return set
  const held = sources.filter(source => past.tasks.some(({ stage }) => stage === source))
  for (const source of held) for (const record of recordsOf(store, past, source)) take(set, record)
  return set
}

/**
 * Exams of a file, in the layout of a benchmark or in columns such as `question`, `answer` and `choices`, as a source with
 * `exam: auto` reads them; an id of its own names a row. Throws SR_SOURCE_EMPTY where there is no such file.
 */
export async function examsOfFile(path: string, base: string): Promise<ExamSet> {
  const files = await listFiles({ files: path }, base)
  if (files.length === 0) {
    throw new StillroomError('SR_SOURCE_EMPTY', `There are no exams at ${path}.`, {
      expected: 'a file of JSON Lines, JSON, CSV or Parquet, the folder of a release, or a recipe',
    })
  }
  const set = none(basename(files[0]!.path).replace(/\.\w+(?:\.gz)?$/, ''), 1)
  const config = sourceConfig.parse({ files: path, license: 'unknown', exam: 'auto' })
  for (const file of files) {
    const seen = new Map<string, number>()
    for await (const item of readSource(set.name, config, file)) {
      if (item.is === 'rejected') set.rejected[item.reason] = (set.rejected[item.reason] ?? 0) + 1
      else {
        const record = sealSource(set.name, config, file, item, seen)
        take(set, item.rowId === undefined ? record : { ...record, id: item.rowId })
      }
    }
  }
  return set
}
