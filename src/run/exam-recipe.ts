import { existsSync, readFileSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { configNames } from '../release/index.ts'
import { listFiles, readSource, sourceConfig } from '../sources/index.ts'

export type ExamAsked = {
  /** Path of the exam or of a release. */
  exam: string
  /** What the source is called, and the evaluation. */
  name?: string
  layout?: string
  model: string
  at?: string
  judge?: string
  judgeAt?: string
  shots?: number
  samples?: number
  references?: string
  against?: string
  license?: string
}

type Plain = { [field: string]: unknown }
const defined = (fields: Plain): Plain =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
const inRecipe = (path: string, base: string): string => relative(base, path).split(sep).join('/') || '.'

/** Config of a release that holds an exam, or rows with a right answer, with its license. Throws SR_NOT_FOUND. */
function ofRelease(dir: string, base: string): Plain {
  const { license } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { license?: string }
  const found = [configNames.exam, configNames.conversation, configNames.prompt].find(name =>
    existsSync(join(dir, 'data', name)),
  )
  if (found === undefined) {
    throw new StillroomError('SR_NOT_FOUND', `The release ${inRecipe(dir, base)} holds no exam.`, {
      expected: `rows of ${configNames.exam}, ${configNames.conversation} or ${configNames.prompt}`,
      hint: 'name a file of it, with --layout where its form is known',
    })
  }
  return { files: `${inRecipe(join(dir, 'data', found), base)}/*`, license: license ?? 'unknown', id: 'id' }
}

/**
 * The recipe that examines one model on one exam: what a person would write into a YAML file. `exam` and the other paths are
 * absolute, `base` is the folder that the recipe is relative to. Looks at the first item to choose how it is asked.
 * @throws StillroomError SR_NOT_FOUND, SR_SOURCE_EMPTY.
 */
export async function examRecipe(asked: ExamAsked, base: string): Promise<Plain> {
  const { exam, layout = 'auto', shots } = asked
  if (!existsSync(exam)) {
    throw new StillroomError('SR_NOT_FOUND', `There is no exam ${inRecipe(exam, base)}.`, {
      hint: 'name a recipe, a file of a benchmark, or the folder of an eval-set release',
    })
  }
  const name = (asked.name ?? basename(exam).replace(/(?<=.)\.(?:jsonl?|ndjson|csv|tsv|parquet)(?:\.gz)?$/i, ''))
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
  const isRelease = existsSync(join(exam, 'manifest.json'))
  const source = {
    ...(isRelease ? ofRelease(exam, base) : { files: inRecipe(exam, base), license: asked.license ?? 'unknown' }),
    exam: shots === undefined ? layout : { layout, shots },
  }
  const first = await firstItem(source, base)
  const pairs = first.verifier?.kind === 'crows-pairs'
  const { samples, references, against } = asked
  const path = (file: string | undefined): string | undefined =>
    file === undefined || file === 'reference' ? file : inRecipe(file, base)
  const grade = defined({
    judge: asked.judge === undefined ? undefined : 'judge',
    references: path(references),
    against: path(against),
  })
  return {
    name: name || 'exam',
    use: 'eval-set',
    teachers: {
      student: defined({
        model: asked.model,
        at: asked.at,
        price: asked.at === undefined ? undefined : 'free',
        temperature: (samples ?? 1) > 1 ? 0.7 : 0,
      }),
      ...(asked.judge === undefined
        ? {}
        : { judge: defined({ model: asked.judge, at: asked.judgeAt, temperature: 0 }) }),
    },
    sources: { [name || 'exam']: source },
    steps: [
      pairs ? { 'sit-likelihood': { teacher: 'student' } } : { sit: defined({ teacher: 'student', samples }) },
      Object.keys(grade).length === 0 ? 'grade' : { grade },
    ],
  }
}

/** The first exam of a source. Throws SR_SOURCE_EMPTY where no row is one. */
async function firstItem(source: Plain, base: string): Promise<{ verifier?: { kind: string } }> {
  const config = sourceConfig.parse(source)
  const rejected = new Map<string, number>()
  for (const file of await listFiles(config, base)) {
    for await (const item of readSource('exam', config, file)) {
      if (item.is === 'rejected') rejected.set(item.reason, (rejected.get(item.reason) ?? 0) + 1)
      else return item.payload as { verifier?: { kind: string } }
    }
  }
  throw new StillroomError('SR_SOURCE_EMPTY', 'No row of the exam can be read.', {
    received: [...rejected].map(([reason, count]) => `${count} ${reason}`).join(', ') || 'no file',
    hint: 'name its form with --layout, or write a recipe with kind: exam and columns: of the source',
  })
}
