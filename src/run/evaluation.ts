import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import {
  answeredItems,
  type Evaluation,
  examDigest,
  isEvaluation as holdsEvaluation,
  itemResults,
  promptDigest,
  readEvaluation,
  type Evaluated as Scored,
  scoreLines,
  writeEvaluation,
} from '../evaluate/index.ts'
import { type Node, type Plan, planRecipe, type Recipe } from '../recipe/index.ts'
import { digestOf, type Rec, type Score, type Sha, sha256, type TeacherId } from '../records/index.ts'
import { isPool, type TeacherConfig, teacherConfig } from '../teachers/index.ts'
import type { Emit } from '../workspace/index.ts'
import { digestsAhead, examAhead, sameExam, withoutJudge } from './evaluation-ahead.ts'
import { leafTeachers } from './facts.ts'
import type { Project } from './project.ts'
import { type RunResult, run } from './run.ts'
import type { Session } from './session.ts'

/** Other fields of a teacher than the recipe has, such as the model that was trained and where it is served. */
export type Override = Partial<
  Pick<TeacherConfig, 'model' | 'at' | 'revision' | 'price' | 'key' | 'license' | 'temperature' | 'max_tokens'>
>

export type EvaluationOptions = {
  session: Session
  /** Where API keys come from. */
  env: Record<string, string | undefined>
  /** Teachers of the recipe that somebody else stands for, by name. */
  override?: { [teacher: string]: Override }
  /** Lets only n items through; the evaluation is partial then. */
  limit?: number
  /** Folder that evaluations are kept in; default `evaluations` beside the recipe. */
  out?: string
  /** Told before the first call: items that nobody will grade. */
  warn?: (text: string) => void
  renderers?: Emit[]
  signal?: AbortSignal
}

export type Evaluated = Scored & {
  /** Folder with evaluation.json and items.jsonl. */
  dir: string
  /** The same was there, and stays as it is, with its date. */
  existed: boolean
  result: RunResult
  plan: Plan
}

/** Steps that ask a student, and those that grade what it said. */
const sits = new Set(['sit', 'sit-likelihood'])
const grades = new Set(['grade-rule', 'grade-judge', 'grade-pairs'])

const nodesOf = (plan: Plan): Node[] => plan.stages.flatMap(({ nodes }) => nodes)
const ofVerbs = (plan: Plan, verbs: ReadonlySet<string>): Node[] =>
  nodesOf(plan).filter(({ step }) => verbs.has(step.verb))

/** True for a recipe that asks a student the questions of an exam: `stillroom evaluate` runs it. */
export const isExamRecipe = ({ steps }: Pick<Recipe, 'steps'>): boolean =>
  steps.some(({ verb }) => verb !== undefined && sits.has(verb))

/** Fields that belong to a model: they go when another stands for it. */
const ofModel = [
  'at',
  'price',
  'key',
  'revision',
  'license',
  'terms',
  'use',
  'then',
  'forms',
  'schema',
  'seed',
] as const

function overridden(entry: Recipe['teachers'][string] | undefined, given: Override, name: string): TeacherConfig {
  const own: Partial<TeacherConfig> = entry === undefined || isPool(entry) ? {} : { ...entry }
  if (given.model !== undefined) for (const field of ofModel) delete own[field]
  const free = given.at !== undefined && given.price === undefined && own.price === undefined
  const merged = { ...own, ...given, ...(free ? { price: 'free' as const } : {}) }
  const read = teacherConfig.safeParse(merged)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new StillroomError('SR_RECIPE_VALUE', `The teacher ${name} cannot be read: ${issue!.message}.`, {
    received: JSON.stringify(given),
    hint: 'name the model as <provider>/<model>, or any name together with the URL that serves it',
  })
}

/** The plan of an evaluation, with the models that stand for its teachers. Throws SR_RECIPE_*, SR_USAGE. */
export async function evaluationPlan(
  { recipe, base, words, positions }: Project,
  { override = {}, limit }: Pick<EvaluationOptions, 'override' | 'limit'> = {},
): Promise<Plan> {
  if (!isExamRecipe(recipe)) {
    throw new StillroomError('SR_USAGE', 'The recipe asks no student.', {
      expected: 'a step `sit` or `sit-likelihood`, and a step `grade` behind it',
      hint: 'name an exam instead, or write such a recipe: recipes/exam.yaml is one',
    })
  }
  const stranger = Object.keys(override).find(name => !Object.hasOwn(recipe.teachers, name))
  if (stranger !== undefined) {
    throw new StillroomError('SR_RECIPE_REFERENCE', `The recipe has no teacher \`${stranger}\`.`, {
      expected: Object.keys(recipe.teachers).join(', '),
      hint: 'name the teacher that `sit` asks',
    })
  }
  const stand = Object.entries(override).map(([name, given]) => [name, overridden(recipe.teachers[name], given, name)])
  const asked = { ...recipe, teachers: { ...recipe.teachers, ...Object.fromEntries(stand) } } as Recipe
  const plan = await planRecipe(asked, base, words, {
    positions,
    ...(limit === undefined ? {} : { restrict: { limit } }),
  })
  if (ofVerbs(plan, grades).length === 0) {
    throw new StillroomError('SR_USAGE', 'The recipe grades no answer.', {
      hint: 'add `- grade` behind `sit`; it takes the verifier of each item',
    })
  }
  studentOf(plan)
  return plan
}

/** Name of the teacher that is examined. Throws SR_USAGE where there are several: an evaluation measures one model. */
export function studentOf(plan: Plan): string {
  const names = [...new Set(ofVerbs(plan, sits).map(({ options }) => String(options.teacher)))]
  if (names.length === 1) return names[0]!
  throw new StillroomError('SR_USAGE', `The recipe examines ${names.length} students at once.`, {
    received: names.join(', '),
    hint: 'an evaluation measures one model: run it once for each, with --model, and compare the two',
  })
}

/** The teacher that judges, where the plan has one. */
export const judgesOf = (plan: Plan): string[] => [
  ...new Set(
    ofVerbs(plan, grades).flatMap(({ options }) => (options.judge === undefined ? [] : [String(options.judge)])),
  ),
]

/** A model as part of a folder's name; one that is served out of a folder by the way to it. */
const slug = (id: TeacherId, revision?: string): string =>
  [id, ...(revision === undefined ? [] : [revision])]
    .join('-')
    .replace(/(?:\.{1,2}\/)+/g, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')

function modelOf(plan: Plan): Evaluation['model'] {
  const name = studentOf(plan)
  const leaf = leafTeachers(plan).find(one => one.name === name)
  // A pool has no model of its own: its name stands for what it mixes.
  if (!leaf) return { id: `pool/${name}` }
  const { id, revision } = leaf.resolved
  return { id: revision === undefined ? id : id.replace(`@${revision}`, ''), ...(revision ? { revision } : {}) }
}

/** Two models on one exam are two names, so that a comparison can speak of them. */
function nameOf(plan: Plan, limit: number | undefined): string {
  const { id, revision } = modelOf(plan)
  return `${plan.recipe.name}-${slug(id, revision)}${limit === undefined ? '' : `-first-${limit}`}`
}

type Condition = string | number | boolean | null

/** What two evaluations must share to be comparable: how the step asked, and how its student samples. */
function conditionsOf(plan: Plan, step: string | undefined): { [name: string]: Condition } {
  const node = ofVerbs(plan, sits).find(({ key }) => key === step) ?? ofVerbs(plan, sits)[0]!
  const options = node.options as { shots?: { from: string; n: number }; system?: string } & { [name: string]: unknown }
  const config = leafTeachers(plan).find(({ name }) => name === options.teacher)?.config
  const plain = Object.entries(options).filter(
    ([name, value]) => name !== 'teacher' && ['string', 'number', 'boolean'].includes(typeof value),
  ) as [string, Condition][]
  return {
    asks: `${node.step.verb}@${node.step.version}`,
    ...Object.fromEntries(plain),
    ...(options.system === undefined ? {} : { system: sha256(options.system).slice(0, 16) }),
    shots: options.shots?.n ?? 0,
    temperature: config?.temperature ?? null,
    top_p: config?.top_p ?? null,
    max_tokens: config?.max_tokens ?? null,
    seed: plan.recipe.seed,
  }
}

/** What a judge is asked by, told from the name of a score; undefined for what a rule told. */
function formOf(aspect: string): 'rubric' | 'elyza' | 'mt-bench' | 'pairs' | undefined {
  if (aspect.startsWith('mt_bench')) return 'mt-bench'
  if (aspect.startsWith('mark_')) return 'rubric'
  if (aspect === 'win_rate') return 'pairs'
  return aspect === 'elyza' ? 'elyza' : undefined
}

/**
 * How the rows of a task were graded: by the plan and by the kinds of their scores, never by what was answered, so that two
 * models that were graded alike say so.
 */
function graderOf(plan: Plan, rows: readonly Rec[]): Evaluation['tasks'][string]['grader'] {
  const nodes = ofVerbs(plan, grades)
  const owners = new Set(nodes.map(({ owner }) => owner))
  const scores = rows.flatMap(({ scores }) =>
    Object.entries(scores).flatMap(([name, score]): [string, Score][] => {
      const [owner, aspect] = name.split('/') as [string, string]
      return owners.has(owner) ? [[aspect, score]] : []
    }),
  )
  // Means of other scores say nothing of their own.
  const methods = scores.flatMap(([, { method }]) =>
    /^mean of/.test(method) ? [] : method.replace(/, \d+ times$/, ''),
  )
  const by = [...new Set(methods)].sort().join('; ')
  const asked = [...new Set(scores.flatMap(([aspect]) => formOf(aspect) ?? []))].sort()
  const judges = nodes.filter(({ options }) => options.judge !== undefined)
  const judge = leafTeachers(plan).find(({ name }) => name === judges[0]?.options.judge)?.resolved.id
  const verbs = [
    ...(asked.length < new Set(scores.map(([aspect]) => aspect)).size ? ['grade-rule'] : []),
    ...(asked.some(form => form !== 'pairs') ? ['grade-judge'] : []),
    ...(asked.includes('pairs') ? ['grade-pairs'] : []),
  ]
  const used = nodes.filter(({ step: { verb } }) => verbs.includes(verb))
  const version = [...new Set(used.map(({ step }) => `${step.verb}@${step.version}`))].join(' ')
  if (asked.length === 0 || judges.length === 0) return { by, version }
  const { prompt, samples = 1 } = judges[0]!.options as { prompt?: string; samples?: number }
  const digests = asked.map(form => promptDigest(form, prompt))
  return {
    by,
    judge: judge ?? `pool/${judges[0]!.options.judge}`,
    prompt: digests.length === 1 ? digests[0]! : digestOf(digests),
    samples,
    version,
  }
}

/** What an earlier evaluation left in a folder; undefined where there is none, or none that can be read. */
function earlierIn(dir: string): Scored | undefined {
  try {
    return holdsEvaluation(dir) ? readEvaluation(dir) : undefined
  } catch {
    return undefined
  }
}

/** A budget that ended an evaluation, with what helps there: it has no release that could be partial. */
function ended(error: StillroomError): StillroomError {
  if (error.code !== 'SR_BUDGET') return error
  return new StillroomError(error.code, error.message, {
    ...(error.received === undefined ? {} : { received: error.received }),
    hint: 'raise `budget` in the recipe and evaluate again, which asks nobody twice; or take a look at a part of the exam with --limit <n>',
    cause: error,
  })
}

/** What can be told before anybody is asked: items that nobody could grade, and a folder that is taken. */
async function lookAhead(plan: Plan, dir: string, options: EvaluationOptions): Promise<void> {
  const rules = ofVerbs(plan, grades)
  const asking = { sits: ofVerbs(plan, sits), rules: rules.filter(({ step }) => step.verb === 'grade-rule') }
  const ahead = await examAhead(plan, asking, options.session.paths.root)
  if (!ahead || ahead.exams.length === 0) return
  const warning = withoutJudge(ahead, asking)
  const before = ahead.whole && options.limit === undefined ? earlierIn(dir) : undefined
  if (before) sameExam(before.evaluation, digestsAhead(ahead), dir)
  if (warning !== undefined) options.warn?.(warning)
}

/**
 * Runs an evaluation and writes `<out>/<name>-<model>/{evaluation.json, items.jsonl}`. What was asked before is asked no more,
 * and an evaluation that comes out the same stays as it is.
 * @throws StillroomError what ended the run; SR_EVALUATION_EXISTS; SR_USAGE where all items take a judge and none is named;
 * SR_YIELD where no item was answered.
 */
export async function runEvaluation(project: Project, options: EvaluationOptions): Promise<Evaluated> {
  const { session, env, limit, renderers, signal } = options
  const plan = await evaluationPlan(project, options)
  const dir = join(options.out ?? join(project.base, 'evaluations'), nameOf(plan, limit))
  await lookAhead(plan, dir, options)
  const result = await run({ plan, session, env, ...(renderers ? { renderers } : {}), ...(signal ? { signal } : {}) })
  if (result.error) throw ended(result.error)
  const made = evaluationOf(plan, result, session.clock.now().toISOString().slice(0, 10), limit)
  const before = earlierIn(dir)
  if (before) {
    const exams = Object.entries(made.evaluation.tasks).map(([task, { exam }]) => [task, exam])
    sameExam(before.evaluation, Object.fromEntries(exams), dir)
  }
  // The day it was measured is that of the figures that are there.
  const same = ({ evaluation, items }: Scored): Sha => digestOf([{ ...evaluation, date: '' }, items])
  if (before && same(before) === same(made)) {
    return { ...made, evaluation: before.evaluation, dir, existed: true, result, plan }
  }
  writeEvaluation(dir, made)
  return { ...made, dir, existed: false, result, plan }
}

/** The figures of a finished run. */
function evaluationOf(plan: Plan, result: Pick<RunResult, 'rows'>, date: string, limit: number | undefined): Scored {
  const answered = answeredItems(result.rows(), plan.recipe.name)
  if (answered.length === 0) {
    throw new StillroomError('SR_YIELD', 'No item of the exam came out answered.', {
      hint: 'the last step of the recipe gives conversations of `sit`: look at what was dropped with stillroom show rejects',
    })
  }
  const graders = [...new Set(ofVerbs(plan, grades).map(({ owner }) => owner))]
  const items = itemResults(answered, graders)
  const tasks: Evaluation['tasks'] = {}
  for (const [task, of] of Map.groupBy(answered, one => one.task)) {
    const rows = of.flatMap(one => one.rows)
    tasks[task] = {
      exam: examDigest(of),
      items: of.length,
      grader: graderOf(plan, rows),
      conditions: conditionsOf(plan, rows[0]!.lineage.made?.step),
    }
  }
  const model = modelOf(plan)
  const evaluation: Evaluation = {
    name: nameOf(plan, limit),
    date,
    model,
    tasks,
    ...scoreLines(answered, items, graders),
    ...(limit === undefined ? {} : { partial: true as const }),
    from: 'stillroom',
  }
  return { evaluation, items }
}
