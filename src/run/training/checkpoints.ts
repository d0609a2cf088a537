import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { readTrainerState, type TrainerState } from '../../train/index.ts'

export type Checkpoint = { step: number; dir: string; state: TrainerState }

/** False for a file of safetensors that ends before its header says. */
function isWhole(file: string): boolean {
  const fd = openSync(file, 'r')
  try {
    const head = Buffer.alloc(8)
    if (readSync(fd, head, 0, 8, 0) < 8) return false
    const length = Number(head.readBigUInt64LE())
    const size = fstatSync(fd).size
    if (length <= 0 || length > size) return false
    const json = Buffer.alloc(length)
    readSync(fd, json, 0, length, 8)
    const tensors = Object.entries(JSON.parse(json.toString('utf8')) as { [name: string]: { data_offsets?: number[] } })
    const end = tensors.reduce((most, [, { data_offsets: at }]) => Math.max(most, at?.[1] ?? 0), 0)
    return size >= 8 + length + end
  } catch {
    return false
  } finally {
    closeSync(fd)
  }
}

/**
 * The checkpoints of a trainer's output, oldest first, and the folders that were broken off while they were written: the
 * state of the trainer is written last, so that one without it, or with weights that end early, is no checkpoint.
 */
export function checkpointsIn(output: string): { whole: Checkpoint[]; broken: string[] } {
  const whole: Checkpoint[] = []
  const broken: string[] = []
  for (const name of existsSync(output) ? readdirSync(output) : []) {
    const step = /^checkpoint-(\d+)$/.exec(name)?.[1]
    const dir = join(output, name)
    if (step === undefined || !statSync(dir, { throwIfNoEntry: false })?.isDirectory()) continue
    const found = wholeIn(output, Number(step))
    if (found) whole.push(found)
    else broken.push(dir)
  }
  return { whole: whole.sort((a, b) => a.step - b.step), broken }
}

/** The checkpoint of a step, where it is whole. One that its trainer removes meanwhile is none. */
function wholeIn(output: string, step: number): Checkpoint | undefined {
  const dir = join(output, `checkpoint-${step}`)
  try {
    const state = readTrainerState(readFileSync(join(dir, 'trainer_state.json'), 'utf8'))
    const tensors = readdirSync(dir).filter(name => name.endsWith('.safetensors'))
    return state?.step === step && tensors.every(name => isWhole(join(dir, name))) ? { step, dir, state } : undefined
  } catch {
    return undefined
  }
}

/** The last whole checkpoint, once those that were broken off are gone: trainers would count them, or trip over them. */
export function lastCheckpoint(output: string): { last?: Checkpoint; removed: number } {
  const { whole, broken } = checkpointsIn(output)
  for (const dir of broken) rmSync(dir, { recursive: true, force: true })
  const last = whole.at(-1)
  return { removed: broken.length, ...(last ? { last } : {}) }
}

const weights = /^(adapter_model|model|pytorch_model|consolidated)[\w.-]*\.(safetensors|bin|json|pth)$/
/** Files of the training, not of the model. */
const ofTraining =
  /^(optimizer|scheduler|rng_state|scaler|trainer_state|training_args|latest|zero_to_fp32|global_step|pytorch_model_fsdp)/

/** Files of weights that a folder holds. */
export const weightsIn = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir)
        .filter(name => weights.test(name))
        .sort()
    : []

/** Files of the model in a checkpoint, and what makes its tokenizer; not those of the training. */
const modelFiles = (dir: string): string[] =>
  readdirSync(dir).filter(name => !ofTraining.test(name) && statSync(join(dir, name)).isFile())

/** Puts the model of a checkpoint where the trainer leaves its last one. Doing it twice is doing it once. */
export function takeModel(from: string, output: string): void {
  for (const name of modelFiles(from)) {
    const draft = join(output, `${name}.draft`)
    copyFileSync(join(from, name), draft, constants.COPYFILE_FICLONE)
    renameSync(draft, join(output, name))
  }
}

const keptAs = (step: number): string => `best-${step}`

/** The model of a step that `keepBest` has kept; undefined where it has not. */
export function keptBest(kept: string, step: number): string | undefined {
  const dir = join(kept, keptAs(step))
  return existsSync(dir) ? dir : undefined
}

/**
 * Keeps the model of the best checkpoint so far: trainers remove older checkpoints, whatever their loss. The files are linked,
 * so that they take no room beside the checkpoint. Does nothing until that checkpoint is whole.
 */
export function keepBest(output: string, kept: string, step: number): void {
  const from = join(output, `checkpoint-${step}`)
  if (keptBest(kept, step) || !existsSync(join(from, 'trainer_state.json')) || !wholeIn(output, step)) return
  const draft = join(kept, 'best.draft')
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  try {
    for (const name of modelFiles(from)) {
      try {
        linkSync(join(from, name), join(draft, name))
      } catch {
        copyFileSync(join(from, name), join(draft, name), constants.COPYFILE_FICLONE)
      }
    }
  } catch {
    // Removed by the trainer at this very moment: a better one has come, or will be missed.
    return
  }
  renameSync(draft, join(kept, keptAs(step)))
  for (const name of readdirSync(kept))
    if (/^best-\d+$/.test(name) && name !== keptAs(step)) rmSync(join(kept, name), { recursive: true, force: true })
}
