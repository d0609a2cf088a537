import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { exportTasks, type LeftOut, leftOut } from '../../evaluate/index.ts'
import { type ExamSet, examsOfFile, examsOfRelease, examsOfRun } from '../../run/index.ts'
import { putWhole } from '../../workspace/index.ts'
import type { Call, Run } from '../commands.ts'
import { counted, reasonList, thousands } from '../figures.ts'
import { table } from '../layout.ts'
import { look } from '../look.ts'
import { finishedRun, here } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const set = await examsAt(call, call.args[0]!)
  const name = given.name ?? set.name
  const dir = resolve(io.cwd, given.out ?? join('lm-eval', name.replaceAll(/[^\w.-]+/g, '_')))
  const { version, license } = set
  const exported = exportTasks(set.exams, { name, version, dir, ...(license === undefined ? {} : { license }) })
  const apart = { ...set.rejected, ...(set.others > 0 ? { 'no-exam': set.others } : {}), ...exported.left }
  if (exported.tasks.length === 0) {
    throw new StillroomError('SR_SOURCE_EMPTY', `No exam of ${call.args[0]} can be written as a task.`, {
      expected: 'exam records: a prompt, a target, and choices or a verifier where they have one',
      received: reasonList(apart) || 'nothing',
      ...hintOf(exported.left),
    })
  }
  for (const [path, text] of Object.entries(exported.files)) putWhole(join(dir, path), text)
  const reporter = reporterOf(call)
  const path = here(io, dir)
  const reasons = Object.entries(exported.left) as [LeftOut, number][]
  reporter.say(
    `${counted(exported.tasks.length, 'task')} of lm-evaluation-harness in ${path}:`,
    '',
    table(
      [{ head: 'task' }, { head: 'graded by' }, { head: 'items', right: true }],
      exported.tasks.map(({ task, form, items }) => [task, form, thousands(items)]),
      reporter.width,
      text => reporter.paint('bold', text),
    ),
    '',
    ...(Object.keys(apart).length > 0 ? [reporter.paint('yellow', `Left out: ${reasonList(apart)}.`)] : []),
    ...reasons.map(([reason]) => reporter.paint('dim', `  ${reason}: ${leftOut[reason]}`)),
    ...(Object.keys(apart).length > 0 ? [''] : []),
    `  lm-eval validate --tasks ${exported.name} --include_path ${path}`,
    `  lm-eval run --model hf --model_args pretrained=<model> --tasks ${exported.name} --include_path ${path} --log_samples --output_path results`,
    '  stillroom evaluate compare results/<base> results/<tuned>',
  )
  reporter.result({
    out: path,
    name: exported.name,
    tasks: exported.tasks,
    left: apart,
    files: Object.keys(exported.files),
  })
  return 0
}

function hintOf(left: { [reason in LeftOut]?: number }): { hint?: string } {
  const [first] = Object.keys(left) as LeftOut[]
  return first ? { hint: leftOut[first] } : {}
}

/** A release by its manifest, a recipe by its ending, else a file of questions. */
async function examsAt(call: Call, named: string): Promise<ExamSet> {
  const { io } = call
  const path = resolve(io.cwd, named)
  if (existsSync(join(path, 'manifest.json'))) return examsOfRelease(path)
  if (!/\.(?:ya?ml|[jt]s)$/.test(path)) return examsOfFile(named, io.cwd)
  let set: ExamSet | undefined
  await look({ ...call, given: { ...call.given, recipe: named } }, ({ archive, project, root, runs }) => {
    set = examsOfRun(archive.store, finishedRun(runs(), io, root), Object.keys(project?.recipe.sources ?? {}))
    return 0
  })
  return set!
}
