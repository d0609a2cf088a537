import { join, relative } from 'node:path'
import type { Project } from '../../run/index.ts'
import { type ExportRows, type TrainingPlan, writeTraining } from '../../run/index.ts'
import type { Call, Run } from '../commands.ts'
import { here } from '../open.ts'
import { reporterOf } from '../reporter.ts'

/** What the command is made of: where a training comes from, and who writes rows. */
export type WriteDoors<Prepared extends TrainingPlan & { folder: string }> = {
  /** The recipe, or the folder of a release. */
  from(call: Call): Promise<Project | string>
  prepare(from: Project | string, call: Call): Promise<Prepared>
  /** Throws where nothing may be written: a license, rows that are too long, nothing to train. */
  check(prepared: Prepared): void
  exportRows(prepared: Prepared): ExportRows
}

export function trainWrite<Prepared extends TrainingPlan & { folder: string }>(doors: WriteDoors<Prepared>): Run {
  return async call => {
    const { io } = call
    const reporter = reporterOf(call)
    const from = await doors.from(call)
    const prepared = await doors.prepare(from, call)
    doors.check(prepared)
    const { folder, root } = prepared
    const recipeFile = typeof from === 'string' ? undefined : relative(root, from.file)
    const written = await writeTraining(prepared, folder, {
      exportRows: doors.exportRows(prepared),
      recipe: relative(folder, root) || '.',
      ...(recipeFile ? { recipeFile } : {}),
    })
    const { training, files, phases } = written
    const shown = here(io, folder)
    reporter.say(reporter.paint('bold', `Training ${training.name} ${training.version}, in ${shown}`), '')
    for (const [i, told] of phases.entries()) {
      const { phase, written: made, merge } = training.phases[i]!
      const { data } = phase
      reporter.say(
        `${phase.name}  ${phase.method} of ${phase.model} with ${phase.trainer}, ${phase.adapter}`,
        `  rows      ${data.rows}, ${data.heldOut} held out, ${data.tokens} tokens (${data.tokenizer})`,
        ...(Object.keys(told.leftOut).length > 0 ? [`  left out  ${counted(told.leftOut)}`] : []),
        ...(told.cut > 0 ? [`  cut       ${told.cut}`] : []),
        `  config    ${here(io, join(folder, `${phase.name}.yaml`))}`,
        `  command   ${made.command.join(' ')}`,
        ...(merge ? [`  merge     ${merge.command.join(' ')}`] : []),
        ...told.overrides.map(text => `  set       ${text}`),
        ...[...told.warnings, ...told.findings.map(({ message }) => message)].map(text =>
          reporter.paint('yellow', `  warning   ${text}`),
        ),
        '',
      )
    }
    const next = `stillroom train run ${shown}`
    reporter.say(`Next: ${next}`)
    reporter.result({ folder: shown, files, training, phases, next })
    return 0
  }
}

const counted = (reasons: { [reason: string]: number }): string =>
  Object.entries(reasons)
    .map(([reason, n]) => `${n} ${reason}`)
    .join(', ')
