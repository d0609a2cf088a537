import { join, relative, resolve } from 'node:path'
import {
  checkPrepared,
  type ExportRows,
  exportForPhase,
  type Prepared,
  prepareTraining,
  writeTraining,
} from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { reasonList, thousands } from '../figures.ts'
import { here } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { trainFlags, trainingSource } from '../training.ts'

export const run: Run = async call => {
  const { io } = call
  const reporter = reporterOf(call)
  const from = await trainingSource(call)
  const prepared = await prepareTraining(from, trainFlags(call.given))
  checkPrepared(prepared)
  const { folder, root } = prepared
  const recipeFile = typeof from === 'string' ? undefined : relative(root, from.file)
  const { training, files, phases } = await writeTraining(prepared, folder, {
    exportRows: rowsFor(prepared),
    recipe: relative(folder, root) || '.',
    ...(recipeFile ? { recipeFile } : {}),
  })
  const shown = here(io, folder)
  reporter.say(reporter.paint('bold', `Training ${training.name} ${training.version}, in ${shown}`), '')
  for (const [i, told] of phases.entries()) {
    const { phase, written: made, merge } = training.phases[i]!
    const { data } = phase
    const warnings = [...told.warnings, ...told.findings.map(({ message }) => message)]
    reporter.say(
      `${phase.name}  ${phase.method} of ${phase.model} with ${phase.trainer}, ${phase.adapter}`,
      `  rows      ${thousands(data.rows)}, ${thousands(data.heldOut)} held out, ${thousands(data.tokens)} tokens (${data.tokenizer})`,
      ...(Object.keys(told.leftOut).length > 0 ? [`  left out  ${reasonList(told.leftOut)}`] : []),
      ...(told.cut > 0 ? [`  cut       ${thousands(told.cut)}`] : []),
      `  config    ${here(io, join(folder, `${phase.name}.yaml`))}`,
      `  command   ${made.command.join(' ')}`,
      ...(merge ? [`  merge     ${merge.command.join(' ')}`] : []),
      ...told.overrides.map(text => `  set       ${text}`),
      ...warnings.map(text => reporter.paint('yellow', `  warning   ${text}`)),
      '',
    )
  }
  const { license, warnings } = prepared
  if (license.is !== 'pass') {
    reporter.say(
      `license   ${license.is}: ${license.why}`,
      ...(license.override === undefined ? [] : [`  overridden: ${license.override}`]),
      '',
    )
  }
  for (const { text, ids, more } of warnings) {
    reporter.say(
      reporter.paint('yellow', `warning   ${text}`),
      ...(ids?.length ? [`  ${ids.join(' ')}${more ? ` and ${more} more` : ''}`] : []),
    )
  }
  if (warnings.length > 0) reporter.say('')
  const next = `stillroom train run ${shown}`
  reporter.say(`Next: ${next}`)
  reporter.result({ folder: shown, files, training, phases, license, warnings, next })
  return 0
}

/** Rows of a phase as its trainer reads them, counted with the tokenizer of the plan. */
const rowsFor =
  ({ config, tokenizer }: Prepared): ExportRows =>
  ({ data, method, trainer, reasoning, settings }, folder) =>
    exportForPhase({
      ...{ release: resolve(folder, data.release.dir), method, trainer, out: folder, reasoning },
      ...{ context: settings.context, tooLong: config['too-long'] },
      ...(tokenizer === undefined ? {} : { tokenizer }),
    })
