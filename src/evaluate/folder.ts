import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { StillroomError } from '../errors/index.ts'
import { putWhole } from '../workspace/index.ts'
import type { Evaluation, ItemResult } from './evaluation.ts'

/** An evaluation with what became of each item. */
export type Evaluated = { evaluation: Evaluation; items: ItemResult[] }

export const evaluationFile = 'evaluation.json'
const itemsFile = 'items.jsonl'

/** What the folder must hold for a comparison; whatever else it says stays. */
const shape = z.looseObject({
  name: z.string(),
  model: z.looseObject({ id: z.string() }),
  tasks: z.record(
    z.string(),
    z.looseObject({
      exam: z.string(),
      items: z.number(),
      grader: z.looseObject({ by: z.string() }),
      conditions: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    }),
  ),
  scores: z.array(
    z.looseObject({
      task: z.string(),
      metric: z.string(),
      higherIsBetter: z.boolean(),
      scale: z.tuple([z.number(), z.number()]),
      value: z.number(),
    }),
  ),
})
const itemShape = z.looseObject({
  task: z.string(),
  item: z.string(),
  digest: z.string(),
  metric: z.string(),
  score: z.number().optional(),
})

/** Writes an evaluation as its folder; the same one gives the same bytes. */
export function writeEvaluation(dir: string, { evaluation, items }: Evaluated): void {
  putWhole(join(dir, itemsFile), items.map(item => `${JSON.stringify(item)}\n`).join(''))
  // Last, so that a folder that says what was measured has its items.
  putWhole(join(dir, evaluationFile), `${JSON.stringify(evaluation, null, 1)}\n`)
}

export const isEvaluation = (dir: string): boolean => existsSync(join(dir, evaluationFile))

/** Reads the folder of an evaluation. Throws SR_EVALUATION. */
export function readEvaluation(dir: string): Evaluated {
  const file = join(dir, evaluationFile)
  const evaluation = checked(shape, file, undefined, readFileSync(file, 'utf8')) as Evaluation
  const lines = existsSync(join(dir, itemsFile)) ? readFileSync(join(dir, itemsFile), 'utf8').split('\n') : []
  const items = lines.flatMap((line, i) =>
    line === '' ? [] : [checked(itemShape, join(dir, itemsFile), i + 1, line) as ItemResult],
  )
  return { evaluation, items }
}

function checked<T>(schema: z.ZodType<T>, file: string, line: number | undefined, text: string): T {
  const fail = (message: string) =>
    new StillroomError('SR_EVALUATION', `${basename(file)} cannot be read as part of an evaluation.`, {
      position: { file, ...(line === undefined ? {} : { line }) },
      received: message,
      hint: 'evaluate again, or read the results of lm-evaluation-harness again: stillroom evaluate import',
    })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw fail((error as Error).message)
  }
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]!
  throw fail(`${path.map(String).join('.')}: ${message}`)
}
