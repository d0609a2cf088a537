import { parse } from 'yaml'
import { StillroomError } from '../../errors/index.ts'
import { type Finding, lint } from '../lint/index.ts'
import type { Phase, Written } from '../phase.ts'
import { writeAxolotl } from './axolotl.ts'
import { writeLlamaFactory } from './llama-factory.ts'
import { type Config, overridden } from './settings.ts'
import { trlCommand, writeTrl } from './trl.ts'
import { writeUnsloth } from './unsloth.ts'

const writers = { trl: writeTrl, axolotl: writeAxolotl, 'llama-factory': writeLlamaFactory, unsloth: writeUnsloth }

/** The files that a trainer needs for a phase, and the command. Nothing is checked but what cannot be written at all. */
const draftPhase = (phase: Phase): Written => writers[phase.trainer](phase)

/**
 * The same, held against the keys of the trainer and what it is known to misunderstand. `findings` are the warnings,
 * `overrides` the settings of ours that the recipe sets otherwise.
 * @throws SR_TRAIN_WRITE for what the trainer cannot do; the code of the first finding for a config that has errors, which
 * come from what the recipe sets
 */
export function writePhase(phase: Phase): Written & { findings: Finding[]; overrides: string[] } {
  const written = draftPhase(phase)
  return { ...written, findings: checked(phase, written.files), overrides: overrides(phase) }
}

/** Settings of ours that the recipe sets otherwise. */
function overrides(phase: Phase): string[] {
  if (Object.keys(phase.set).length === 0) return []
  const { files } = draftPhase({ ...phase, set: {} })
  const ours = parse(files[`${phase.name}.yaml`]!, { version: '1.1' }) as Config
  return overridden(phase.trainer === 'unsloth' ? { ...ours, ...(ours.train as Config) } : ours, phase.set)
}

/** Warnings about the configs among files of a phase. @throws for errors */
export function checked(phase: Phase, files: Written['files']): Finding[] {
  const found = Object.entries(files).flatMap(([file, text]) => lintFile(phase, file, text))
  const errors = found.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return found
  const [first] = errors
  const ours = errors.some(({ path }) => path === undefined || !Object.hasOwn(phase.set, path.split('.')[0]!))
  const hint = ours ? first!.hint : `it comes from \`train.${phase.name}.set\`${first!.hint ? `: ${first!.hint}` : ''}`
  const { code, message, position, expected, received } = first!
  throw new StillroomError(
    code,
    errors.length === 1 ? message : `${errors.length} problems in the config of ${phase.name}`,
    {
      ...(position ? { position } : {}),
      ...(expected ? { expected } : {}),
      ...(received ? { received } : {}),
      ...(hint ? { hint } : {}),
      diagnostics: errors,
    },
  )
}

function lintFile(phase: Phase, file: string, text: string): Finding[] {
  const { trainer, method, name } = phase
  if (file === `${name}.merge.yaml`) return lint(text, { trainer, command: 'export', file })
  if (file !== `${name}.yaml`) return []
  const command = trainer === 'trl' || trainer === 'unsloth' ? trlCommand[method] : 'train'
  return lint(text, { trainer, command, script: true, file })
}
