import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { type Evaluated, isEvaluation, readEvaluation } from './folder.ts'
import { hasResults, readResults } from './lm-eval/files.ts'

/** Names of the folders right below that hold an evaluation. */
const evaluationsIn = (path: string): string[] =>
  existsSync(path) && statSync(path).isDirectory()
    ? readdirSync(path)
        .filter(name => isEvaluation(join(path, name)))
        .sort()
    : []

/** The evaluation at a path: one of ours, or what lm-evaluation-harness wrote. `named` is what it is called in words. Throws SR_EVALUATION. */
export function evaluatedAt(at: string, named = at): Evaluated {
  const path = at.replace(/(?:^|\/)evaluation\.json$/, '') || '.'
  if (isEvaluation(path)) return readEvaluation(path)
  if (hasResults(path)) return readResults(path)
  // What was given to `evaluate --out` holds the folder of the evaluation.
  const inside = evaluationsIn(path)
  if (inside.length === 1) return readEvaluation(join(path, inside[0]!))
  throw new StillroomError('SR_EVALUATION', `There is no evaluation in ${named}.`, {
    expected: 'a folder with evaluation.json, or results of lm-evaluation-harness',
    ...(inside.length > 0 ? { received: `several: ${inside.join(', ')}` } : {}),
    hint:
      inside.length > 0 ? 'name one of them' : 'stillroom evaluate, or stillroom evaluate import <results>, writes one',
  })
}
