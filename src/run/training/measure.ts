import { relative, resolve } from 'node:path'
import { sha256 } from '../../records/index.ts'
import type { Training } from '../../train/index.ts'
import type { WhichModel } from './events.ts'
import { type Served, whileServed } from './serve.ts'
import { putState, type State } from './state.ts'
import type { Around } from './trainer.ts'

/** Evaluates a served model with a recipe, the student being at this address; gives the folder that the results lie in. */
export type EvaluateServed = (wanted: {
  what: WhichModel
  /** Recipe of the evaluation, and the teacher of it that stands for the model. */
  recipe: string
  student: string
  served: Served
  /** Names what was trained, so that replies of two models are told apart. */
  revision: string
  /** Where the evaluation is to be written. */
  out: string
  signal?: AbortSignal
}) => Promise<{ folder: string }>

/** Serves a model and has it evaluated, once. The base model is measured before anything is trained. */
export async function measure(
  what: WhichModel,
  model: string,
  { base, serve, evaluate, recipe }: Training,
  state: State,
  around: Around,
  work: EvaluateServed | undefined,
  revision = sha256(base).slice(0, 12),
): Promise<void> {
  const { places, tell, reached, stop } = around
  if (!evaluate || state.evaluations[what] !== undefined) return
  if (what === 'baseline' && evaluate.baseline !== undefined) {
    state.evaluations.baseline = relative(places.folder, resolve(places.folder, recipe, evaluate.baseline))
    putState(places, state)
    return
  }
  if (!serve || !work) {
    const lacks = serve ? 'no evaluation is at hand' : '`train.serve` does not say how'
    tell({ event: 'note', message: `The ${what} model is not evaluated: ${lacks}.` })
    return
  }
  const { folder } = await whileServed(serve, model, what, around, served =>
    work({
      ...{ what, served, revision, student: evaluate.student, out: places.evaluation(what) },
      recipe: resolve(places.folder, recipe, evaluate.recipe),
      ...(stop ? { signal: stop } : {}),
    }),
  )
  state.evaluations[what] = relative(places.folder, resolve(places.folder, folder))
  putState(places, state)
  reached('train.evaluated')
  tell({ event: 'evaluated', what, folder: state.evaluations[what]! })
}
