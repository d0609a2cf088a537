import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import {
  decide,
  type Purpose,
  paces,
  readAcceptances,
  retrieveInstead,
  strategies,
  type TermsVerdict,
  type Use,
} from '../../govern/index.ts'
import type { Call, Run } from '../commands.ts'
import { dollars } from '../figures.ts'
import { type Answers, nameOf, standardBudget } from '../init/answers.ts'
import { ask, objection, termsLines } from '../init/ask.ts'
import { type Asked, askedOf, sameTeacher, teaching } from '../init/asked.ts'
import type { Draft } from '../init/draft.ts'
import { dayOf, examAt } from '../init/exam.ts'
import { examText } from '../init/exam-text.ts'
import { gateNotes } from '../init/gate-notes.ts'
import { look } from '../init/look.ts'
import { proposesExam, recipeText } from '../init/recipe-text.ts'
import { materialsOf, rulesCanAsk, type Seen } from '../init/seen.ts'
import { few, seenLines } from '../init/seen-text.ts'
import { byRules, judgeFor, missingKey, ofAnotherFamily, verdictOf, writer } from '../init/teachers.ts'
import { wrap } from '../layout.ts'
import { oneOf } from '../one-of.ts'
import { here } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'
import { preview } from './preview.ts'

export const run: Run = async call => {
  const { io, given } = call
  const folder = resolve(io.cwd, call.args[0] ?? '.')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'recipe.yaml')
  const examFile = join(folder, 'exam.yaml')
  if (existsSync(file)) {
    throw new StillroomError('SR_USAGE', `${here(io, file)} exists and is not overwritten.`, {
      hint: 'edit it, or give init another folder',
    })
  }
  const reporter = reporterOf(call)
  const { standing, told } = fromOptions(call, folder)
  const seen = await look(folder)
  if (seen.groups.length === 0) throw nothing(here(io, folder), seen)
  reporter.say(seenLines(seen, reporter))
  const accepted = readAcceptances(given.workspace ? resolve(io.cwd, given.workspace) : join(folder, '.stillroom'))
  const asked = !given.yes && io.question !== undefined && reporter.kind !== 'json'
  const world = { io, reporter, seen, accepted, given: told, exam: (named: string) => examAt(folder, io.cwd, named) }
  const answers = asked ? await ask(standing, world) : standing
  if (!answers) return 0

  const has = materialsOf(seen)
  const { use, changes, force, teacher } = answers
  const decision = decide(has, {
    ...(use ? { use } : {}),
    changes,
    force,
    languageModel: !byRules(teacher),
    askable: rulesCanAsk(seen),
  })
  if (decision.is === 'cannot') throw cannot(decision, here(io, folder))
  if (decision.is === 'retrieve' && told.has('use')) throw retrieve()
  const exam = answers.exam === undefined ? undefined : await examAt(folder, io.cwd, answers.exam)
  const draft: Draft = {
    ...{ seen, answers, decision },
    judge: judgeFor(teacher, io.env),
    examiner: ofAnotherFamily(teacher, io.env) ?? writer,
    ...(exam ? { exam } : {}),
    date: dayOf(io.now().toISOString().slice(0, 10), folder, exam, answers.baseline),
  }
  writeFileSync(file, recipeText(draft), { flag: 'wx' })
  const withExam = proposesExam(draft) && !existsSync(examFile)
  if (withExam) writeFileSync(examFile, examText(draft, 'recipe.yaml'), { flag: 'wx' })

  reporter.say('', decisionLines(draft, reporter))
  reporter.say('', `${here(io, file)} is written${withExam ? `, and ${here(io, examFile)}` : ''}.`)
  const where = folder === io.cwd ? '' : ` ${here(io, folder)}`
  const all = askedOf(draft).map(one => ({ ...one, terms: verdictOf(one.teacher, answers.purpose, accepted) }))
  for (const one of all) if (!one.named) reporter.say('', wrap(chosenText(one, answers.budget), reporter.width))
  const refused = all.filter(
    ({ terms }, i) => !terms.mayCall && all.findIndex(one => one.terms.key === terms.key) === i,
  )
  for (const one of refused) {
    // In a dialogue those of the writer were shown with the question.
    if (!asked || !sameTeacher(one.teacher, teacher)) reporter.say('', termsLines(one.teacher, one.terms, reporter))
  }
  const without = given.preview === false ? undefined : whyNone(all, io.env, where)
  let shown: object | null = null
  if (without) reporter.say('', wrap(without, reporter.width))
  else if (without === '')
    shown = await tryIt(call, file, reporter, {
      asks: teaching(decision.way),
      quiet: byRules(teacher) || reporter.kind !== 'human',
    })

  reporter.say(
    '',
    'Next:',
    ...(withExam ? [`${`  stillroom run ${here(io, examFile)}`.padEnd(34)}the exam, before the training data`] : []),
    `${`  stillroom plan${where}`.padEnd(34)}what a run does and costs, and every gate`,
    `${`  stillroom run${where}`.padEnd(34)}to a release`,
  )
  reporter.result({
    recipe: file,
    exam: withExam ? examFile : null,
    seen,
    answers,
    decision: { ...decision, ...strategies[decision.use], gates: gateNotes(draft) },
    teachers: {
      writer: teacher,
      judge: draft.judge,
      examiner: draft.examiner,
      terms: verdictOf(teacher, answers.purpose, accepted),
      asked: all,
    },
    preview: shown ?? { skipped: without || 'not asked for' },
  })
  return 0
}

/** Answers as options and defaults give them, and which of them somebody gave. */
function fromOptions({ given }: Call, folder: string): { standing: Answers; told: Set<keyof Answers> } {
  const use = oneOf('--use', given.use, Object.keys(strategies) as Use[])
  const changes = oneOf('--changes', given.changes, paces)
  const commercial = oneOf('--commercial', given.commercial, ['yes', 'no', 'open'])
  const distribute = oneOf('--distribute', given.distribute, ['private', 'public'])
  if (given.name !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(given.name)) {
    throw new StillroomError('SR_USAGE', `--name ${given.name} is no name of a dataset.`, {
      expected: 'letters, digits, dots, - and _',
    })
  }
  const teacher = given.teacher ? { model: given.teacher, ...(given.at ? { at: given.at } : {}) } : writer
  const wrong =
    given.at && !given.teacher ? '--at names a server, and --teacher does not say its model.' : objection(teacher)
  if (wrong)
    throw new StillroomError('SR_USAGE', wrong, {
      hint: '--teacher deepseek/deepseek-v4-flash, or --teacher qwen3-32b --at http://localhost:8000/v1',
    })
  const purpose: Purpose = {
    product: given.product ?? 'domain',
    distribute: distribute ?? 'private',
    ...(given.base ? { base: given.base } : {}),
    ...(commercial && commercial !== 'open' ? { commercial: commercial === 'yes' } : {}),
  }
  const standing: Answers = {
    name: given.name ?? nameOf(folder),
    ...(use ? { use } : {}),
    changes: changes ?? 'rarely',
    force: given.force ?? false,
    ...(given.exam && given.exam !== 'none' ? { exam: given.exam } : {}),
    ...(given.baseline && given.baseline !== 'none' ? { baseline: given.baseline } : {}),
    purpose,
    ...(given.license ? { license: given.license } : {}),
    teacher,
    budget: given.budget ?? standardBudget,
  }
  const spoken = [given.product, given.distribute, given.base, given.commercial].some(one => one !== undefined)
  const told = (['name', 'use', 'changes', 'exam', 'baseline', 'license', 'teacher', 'budget'] as const).filter(
    name => given[name] !== undefined,
  )
  return { standing, told: new Set([...told, ...(spoken ? (['purpose'] as const) : [])]) }
}

function nothing(folder: string, { passed }: Seen): StillroomError {
  const left = passed.map(({ files, why }) => `${few(files)} (${why})`).join('; ')
  return new StillroomError(
    'SR_SOURCE_EMPTY',
    `There is nothing to read in ${folder === '.' ? 'this folder' : folder}.`,
    {
      expected:
        'documents, such as Markdown, text, PDF or Word files, or rows, such as JSON Lines, CSV, Parquet or SQLite',
      ...(left ? { received: left } : {}),
      hint: 'put some into a folder such as docs/, or give init the folder that holds them: stillroom init <folder>',
    },
  )
}

function cannot(
  { use, why, instead, needsModel }: { use: Use; why: string[]; instead?: Use; needsModel?: true },
  folder: string,
): StillroomError {
  return new StillroomError(
    'SR_USAGE',
    `Nothing can be made for ${use} of what lies in ${folder === '.' ? 'this folder' : folder}.`,
    {
      received: why.join('; '),
      hint: needsModel
        ? 'name one: --teacher deepseek/deepseek-v4-flash, or --teacher <model> --at http://localhost:8000/v1'
        : instead
          ? `try: stillroom init --use ${instead}`
          : 'say what the rows hold with `kind:` and `columns:` of a source (docs/recipes.md); or make a table like this one: --use privacy',
    },
  )
}

function retrieve(): StillroomError {
  const { answer, why, sources, still } = retrieveInstead
  return new StillroomError('SR_USAGE', answer, {
    received: `--use fine-tuning, of knowledge that changes. ${why} (${sources.join('; ')}) ${still}`,
    hint: '--use eval-set writes that evaluation set; --force trains all the same',
  })
}

function decisionLines({ decision }: Draft, { width, paint }: Reporter): string[] {
  const { goal, strategy, failure, metric, measure } = strategies[decision.use]
  return [
    ...(decision.is === 'retrieve'
      ? [
          paint('bold', retrieveInstead.answer),
          ...wrap(`${retrieveInstead.why} (${retrieveInstead.sources.join('; ')}) ${retrieveInstead.still}`, width),
          '',
        ]
      : []),
    `${paint('bold', `For ${decision.use}`)}: ${goal}.`,
    ...wrap(`How: ${strategy}.`, width),
    ...(decision.way === 'keep-documents' || decision.way === 'keep-queries'
      ? wrap(
          'The built-in teachers find nothing to ask or to answer here, so what is there is cleaned and kept. A language model would write: --teacher, or another teacher in the recipe.',
          width,
        )
      : []),
    ...wrap(`What could go wrong: ${failure}. Told by ${metric}: ${measure}.`, width),
  ]
}

/** What is said of a model that nobody named: it was chosen because its key is set. */
function chosenText({ role, teacher, paid }: Asked, budget: number): string {
  const cost = paid ? ` It costs money, within the budget of ${dollars(budget)}.` : ''
  return `The ${role} is ${teacher.model}, which nobody named: its key is set, and models prefer their own answers.${cost} Another one: \`${role}:\` in the recipe.`
}

/** Why there is no preview, and what to do; empty where there can be one. Nobody pays for what nobody named. */
function whyNone(
  all: readonly (Asked & { terms: TermsVerdict })[],
  env: Readonly<Record<string, string | undefined>>,
  where: string,
): string {
  const then = `stillroom preview${where} -n 3`
  const closed = all.find(({ terms }) => !terms.mayCall)
  if (closed)
    return `No preview: the terms of the ${closed.role} are not accepted for this purpose, and no call is made before. Then: ${then}`
  const key = all.map(({ teacher }) => missingKey(teacher, env)).find(name => name !== undefined)
  if (key) return `No preview: ${key} is not set. Set it, then: ${then}`
  const chosen = all.find(({ named, paid }) => paid && !named)
  if (chosen)
    return `No preview: the ${chosen.role}, ${chosen.teacher.model}, costs money and nobody named it. Where that is right: ${then}`
  return ''
}

/** Three records through the whole recipe. What goes wrong here harms nothing that was written. */
async function tryIt(
  call: Call,
  file: string,
  reporter: Reporter,
  { asks, quiet }: { asks: boolean; quiet: boolean },
): Promise<object> {
  const what = asks ? 'three records through the whole recipe' : 'three of the rows that the recipe makes'
  reporter.say('', reporter.paint('bold', `Preview: ${what}`))
  try {
    return (await preview(call, file, { limit: 3, rows: 3, quiet })).data
  } catch (error) {
    if (!StillroomError.is(error)) throw error
    reporter.say(...wrap(`The preview stopped: ${error.message}${error.hint ? ` ${error.hint}` : ''}`, reporter.width))
    return { error: { code: error.code, message: error.message } }
  }
}
