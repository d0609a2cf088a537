import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import type { Purpose } from '../../govern/index.ts'
import type { TrainConfig } from '../../recipe/index.ts'
import {
  type Finding,
  linked,
  mergeOf,
  type Phase,
  type PhaseData,
  readMe,
  type Training,
  type Written,
  writePhase,
} from '../../train/index.ts'
import { putWhole } from '../../workspace/index.ts'
import { digestsOfFiles } from './digests.ts'

/** What is known of a training before anything of it is written. */
export type TrainingPlan = {
  name: string
  version: string
  /** Folder that paths of the recipe are relative to. */
  root: string
  config: TrainConfig
  base: string
  purpose?: Purpose
  /** Paths are relative to the folder of the training. */
  phases: readonly Phase[]
}

/** Writes the rows of one phase into the folder of the training, and says what it wrote: the door to the exporters. */
export type ExportRows = (
  phase: Phase,
  folder: string,
) => Promise<{ data: PhaseData; type: string; leftOut: { [reason: string]: number }; cut: number; warnings: string[] }>

export type WrittenTraining = {
  training: Training
  /** Paths of what was written beside the rows, relative to the folder. */
  files: string[]
  phases: {
    name: Phase['name']
    findings: Finding[]
    /** Settings of ours that the recipe sets otherwise. */
    overrides: string[]
    leftOut: { [reason: string]: number }
    cut: number
    warnings: string[]
  }[]
}

/**
 * Writes a training into its folder: the rows of each phase, configs that were held against their trainer, scripts, and
 * `training.json`, which `train run` runs. It is written last, so that a folder with it is whole. Written again, it replaces
 * what it wrote, and leaves checkpoints where they are: whoever runs it looks whether they still fit.
 * @throws StillroomError of the exporter; SR_TRAIN_* for a config that a trainer would refuse or misread; SR_TRAIN_WRITE
 */
export async function writeTraining(
  plan: TrainingPlan,
  folder: string,
  { exportRows, recipe, recipeFile }: { exportRows: ExportRows; recipe: string; recipeFile?: string },
): Promise<WrittenTraining> {
  const { name, version, config, base } = plan
  const told: WrittenTraining['phases'] = []
  const files: { [path: string]: string } = {}
  const phases: Training['phases'] = []
  const own = plan.phases.map(phase => withTemplate(phase, plan.root, folder))
  // Configs are drafted before rows are written: what a trainer cannot do is told at once.
  const ready = linked(own, config['hand-over'])
  for (const phase of ready) writePhase(phase)
  for (const draft of ready) {
    const { data, type, leftOut, cut, warnings } = await exportRows(draft, folder)
    const digests = await digestsOfFiles(folder, [data.train, ...(data.test === undefined ? [] : [data.test])])
    const phase: Phase = { ...draft, data: { ...data, ...(type === 'messages' ? { form: 'messages' } : {}), digests } }
    const { findings, overrides, ...written } = writePhase(phase)
    const merge = mergeOf(phase)
    const all = { ...written.files, ...merge?.files }
    phases.push({
      phase,
      written: { ...written, files: all },
      ...(merge ? { merge: { command: merge.command, output: merge.output } } : {}),
    })
    take(files, all)
    told.push({ name: phase.name, findings, overrides, leftOut, cut, warnings })
  }
  const training: Training = {
    ...{ name, version, recipe, ...(recipeFile ? { recipeFile } : {}), base, phases },
    ...(plan.purpose ? { purpose: plan.purpose } : {}),
    ...{ settle: config.settle, handOver: config['hand-over'] },
    ...(config.launch ? { launch: config.launch } : {}),
    ...(config.serve ? { serve: config.serve } : {}),
    ...(config.evaluate ? { evaluate: config.evaluate } : {}),
  }
  for (const phase of own) copyTemplate(phase, plan, folder)
  files['README.md'] = readMe(training)
  for (const [path, text] of Object.entries(files)) putWhole(join(folder, path), text)
  putWhole(join(folder, 'training.json'), `${JSON.stringify(training, undefined, 2)}\n`)
  return { training, files: [...Object.keys(files), 'training.json'], phases: told }
}

/** Files of another phase may be the same ones, never others of the same name. */
function take(files: { [path: string]: string }, more: Written['files']): void {
  for (const [path, text] of Object.entries(more)) {
    if (files[path] !== undefined && files[path] !== text) {
      throw new StillroomError('SR_INTERNAL', `Two phases write ${path}, each in its own way.`)
    }
    files[path] = text
  }
}

const isFile = (name: string | undefined): name is string => name !== undefined && /\.(jinja2?|j2)$/.test(name)

/** A template of the user lies in the folder under its own name. @throws SR_TRAIN_WRITE where there is none */
function withTemplate(phase: Phase, root: string, folder: string): Phase {
  if (!isFile(phase.chatTemplate)) return phase
  const from = resolve(root, phase.chatTemplate)
  if (!existsSync(from) && !existsSync(join(folder, basename(from)))) {
    throw new StillroomError('SR_TRAIN_WRITE', `There is no chat template ${phase.chatTemplate}.`, {
      position: { file: from },
      hint: 'its path is relative to the recipe',
    })
  }
  return { ...phase, chatTemplate: basename(from) }
}

function copyTemplate({ chatTemplate }: Phase, { root, phases }: TrainingPlan, folder: string): void {
  const given = phases.find(phase => isFile(phase.chatTemplate) && basename(phase.chatTemplate) === chatTemplate)
  const from = given?.chatTemplate && resolve(root, given.chatTemplate)
  if (from && existsSync(from) && from !== join(folder, basename(from))) {
    mkdirSync(folder, { recursive: true })
    copyFileSync(from, join(folder, basename(from)))
  }
}
