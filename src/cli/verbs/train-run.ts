import { errorJson, StillroomError } from '../../errors/index.ts'
import {
  type EvaluateServed,
  runEvaluation,
  runTraining,
  type TrainingOptions,
  type TrainingResult,
} from '../../run/index.ts'
import type { Call, Run } from '../commands.ts'
import { here, openRecipe, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { openTraining, recipeOf } from '../training-folder.ts'
import { madeLines, phaseLines, trainingView } from '../training-text.ts'

/** Measures a served model with a recipe of an evaluation, in the workspace of that recipe. */
function evaluator(call: Call): EvaluateServed {
  return async ({ recipe, student, served, revision, out, signal }) => {
    const project = await openRecipe(call, recipe)
    const session = takeWorkspace(call, project, 'train run')
    try {
      // Replies of two models are told apart by the revision, whatever name their server gives them.
      const override = { [student]: { ...served, revision } }
      const asked = { session, env: call.io.env, override, out, ...(signal ? { signal } : {}) }
      return { folder: (await runEvaluation(project, asked)).dir }
    } finally {
      session.close()
    }
  }
}

export const run: Run = async call => {
  const { io, given } = call
  const reporter = reporterOf(call)
  const { folder, training, project = await recipeOf(call, folder, training) } = await openTraining(call)
  const view = trainingView(io, reporter)
  const [stop, kill] = [new AbortController(), new AbortController()]
  // The first interrupt lets the trainer save; the second does not.
  const forget = io.onInterrupt(() => (stop.signal.aborted ? kill : stop).abort())
  const options: TrainingOptions = {
    folder,
    env: io.env,
    ...(training.purpose ? { purpose: training.purpose } : {}),
    ...(project ? { purpose: project.recipe.purpose as TrainingOptions['purpose'], gates: project.recipe.gates } : {}),
    told: view.take,
    stop: stop.signal,
    kill: kill.signal,
    ...(given.unsettled ? { unsettled: true } : {}),
    evaluate: evaluator(call),
  }
  let result: TrainingResult
  try {
    result = await runTraining(options)
  } catch (error) {
    if (reporter.kind !== 'json' || !StillroomError.is(error)) throw error
    reporter.result({ error: errorJson(error), exit: error.exit })
    return error.exit
  } finally {
    forget()
    view.end()
  }
  const { state, curves, model } = result
  reporter.say(
    '',
    phaseLines(training, state, curves, reporter),
    '',
    madeLines(training, state, model, folder, io, reporter),
  )
  if (model.obligations.length > 0) {
    reporter.say(
      '',
      'Whoever passes the model on has to keep to this:',
      model.obligations.map(text => `- ${text}`),
    )
  }
  reporter.result({ folder: here(io, folder), state, model, exit: 0 })
  return 0
}
