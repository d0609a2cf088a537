import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { exits, renderDiagnostic, StillroomError } from '../../errors/index.ts'
import { trainers } from '../../recipe/index.ts'
import { lintConfig, titleOf, versionOf } from '../../train/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { oneOf } from '../one-of.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const [file] = call.args as [string]
  const { command: commandAsked } = call.given
  const asked = oneOf('--trainer', call.given.trainer, trainers)
  let text: string
  try {
    text = readFileSync(resolve(call.io.cwd, file), 'utf8')
  } catch (cause) {
    const hint = 'name the config of a trainer: YAML of TRL, axolotl or LLaMA-Factory'
    throw new StillroomError('SR_TRAIN_YAML', `There is no file ${file} to read.`, { cause, hint })
  }
  const { trainer, command, findings } = lintConfig(text, {
    file,
    ...(asked ? { trainer: asked } : {}),
    ...(commandAsked ? { command: commandAsked } : {}),
  })
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  const reporter = reporterOf(call)
  const against = `${titleOf(trainer)} ${versionOf(trainer)}`
  const kind = trainer === 'axolotl' || command === '' ? '' : `, ${command}`
  for (const { severity, ...finding } of findings) {
    const [first, ...rest] = renderDiagnostic(finding).split('\n')
    reporter.say(`${reporter.paint(severity === 'error' ? 'red' : 'yellow', severity)}  ${first}`, ...rest, '')
  }
  const told = findings.length === 0 ? 'nothing to say' : `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
  reporter.say(`${file}: ${told}, held against ${against}${kind}`)
  reporter.result({ file, trainer, command, version: versionOf(trainer), errors, warnings, findings })
  return errors > 0 ? exits.usage : exits.done
}
