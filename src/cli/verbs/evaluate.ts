import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { builtinSteps } from '../../builtin-steps.ts'
import { StillroomError } from '../../errors/index.ts'
import {
  type ExamAsked,
  evaluationPlan,
  examRecipe,
  judgesOf,
  madeProject,
  type Override,
  type Project,
  runEvaluation,
  studentOf,
} from '../../run/index.ts'
import type { Call, Run } from '../commands.ts'
import { evaluationLines } from '../evaluation-text.ts'
import { follow } from '../follow.ts'
import { wrap } from '../layout.ts'
import { costOfCalls } from '../money.ts'
import { here, openRecipe, recipeIn, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const reporter = reporterOf(call)
  const named = call.args[0]
  const exam = named === undefined || isRecipe(resolve(io.cwd, named)) ? undefined : resolve(io.cwd, named)
  const recipe = exam === undefined ? undefined : await examRecipe(askedOf(call, exam), io.cwd)
  if (given.print) {
    if (!recipe)
      throw new StillroomError('SR_USAGE', 'A recipe is its own text.', { hint: 'name an exam with --print' })
    const text = stringify(recipe, { lineWidth: 0 })
    reporter.say(text.trimEnd())
    reporter.result({ recipe })
    return 0
  }
  const project = recipe ? await made(call, recipe) : await openRecipe(call, named)
  const override = recipe ? {} : await overrides(call, project)
  const plan = await evaluationPlan(project, { override, ...(given.limit === undefined ? {} : { limit: given.limit }) })
  const warnings: string[] = []
  const session = takeWorkspace(call, project, 'evaluate')
  try {
    const done = await follow(io, reporter, plan, (view, notice) =>
      runEvaluation(project, {
        session,
        env: io.env,
        override,
        ...(given.limit === undefined ? {} : { limit: given.limit }),
        ...(given.out === undefined ? {} : { out: resolve(io.cwd, given.out) }),
        warn: text => {
          warnings.push(text)
          for (const line of wrap(text, reporter.width)) notice(reporter.paint('yellow', line))
        },
        ...view,
      }),
    )
    reporter.say(evaluationLines(done, reporter, path => here(io, path)))
    const { run, calls } = done.result
    const { evaluation, dir, existed } = done
    const told = warnings.length > 0 ? { warnings } : {}
    reporter.result({
      ...{ ...evaluation, dir: here(io, dir), existed, run, calls, usd: costOfCalls(calls), ...told, exit: 0 },
    })
    return 0
  } finally {
    session.close()
  }
}

/** A recipe file, or a folder that holds one. A file with another ending is an exam, and so is the folder of a release. */
function isRecipe(path: string): boolean {
  if (/\.(?:ya?ml|[mc]?[jt]s)$/i.test(path)) return true
  return recipeIn(path) !== undefined
}

/** The items of another evaluation: its folder stands for them. */
function itemsOf(cwd: string, against: string): string {
  if (against === 'reference') return against
  const path = resolve(cwd, against)
  return existsSync(path) && statSync(path).isDirectory() ? join(path, 'items.jsonl') : path
}

function askedOf({ io, given }: Call, exam: string): ExamAsked {
  const { model, at, judge, judgeAt, layout, shots, samples, references, against, name, license } = given
  if (model === undefined) {
    throw new StillroomError('SR_USAGE', 'Nobody is named who sits the exam.', {
      expected: '--model <provider>/<model>, or --model <any name> --at <url>',
      hint: 'the server of the model is asked over the OpenAI protocol: --at http://localhost:8000/v1',
    })
  }
  return {
    ...{ exam, model },
    ...(at === undefined ? {} : { at }),
    ...(judge === undefined ? {} : { judge }),
    ...(judgeAt === undefined ? {} : { judgeAt }),
    ...(layout === undefined ? {} : { layout }),
    ...(shots === undefined ? {} : { shots }),
    ...(samples === undefined ? {} : { samples }),
    ...(references === undefined ? {} : { references: resolve(io.cwd, references) }),
    ...(against === undefined ? {} : { against: itemsOf(io.cwd, against) }),
    ...(name === undefined ? {} : { name }),
    ...(license === undefined ? {} : { license }),
  }
}

const made = ({ io, given }: Call, recipe: object): Promise<Project> =>
  madeProject(recipe, io.cwd, builtinSteps, given.workspace ? resolve(io.cwd, given.workspace) : undefined, {
    env: io.env,
    say: text => io.err(`${text}\n`),
  })

/** Models that stand for the student and the judge of a recipe. Other options belong into the recipe. */
async function overrides({ given }: Call, project: Project): Promise<{ [teacher: string]: Override }> {
  const own = ['layout', 'shots', 'samples', 'references', 'against', 'name', 'license'] as const
  const other = own.find(option => given[option] !== undefined)
  if (other !== undefined) {
    throw new StillroomError('SR_USAGE', `--${other} goes with an exam, and a recipe says that itself.`, {
      hint: 'write it into the recipe; --model, --at, --judge and --judge-at change who is asked',
    })
  }
  const { model, at, judge, judgeAt } = given
  const stand: { [teacher: string]: Override } = {}
  if ([model, at, judge, judgeAt].every(value => value === undefined)) return stand
  const plan = await evaluationPlan(project)
  if (model !== undefined || at !== undefined) {
    stand[studentOf(plan)] = { ...(model === undefined ? {} : { model }), ...(at === undefined ? {} : { at }) }
  }
  if (judge === undefined && judgeAt === undefined) return stand
  const judges = judgesOf(plan)
  if (judges.length === 0) {
    throw new StillroomError('SR_USAGE', 'The recipe has no judge.', { hint: 'name one with `grade: { judge: .. }`' })
  }
  for (const name of judges) {
    stand[name] = {
      ...(judge === undefined ? {} : { model: judge }),
      ...(judgeAt === undefined ? {} : { at: judgeAt }),
    }
  }
  return stand
}
