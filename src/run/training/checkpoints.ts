import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
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
    if (step === undefined || !statSync(dir).isDirectory()) continue
    const file = join(dir, 'trainer_state.json')
    const state = existsSync(file) ? readTrainerState(readFileSync(file, 'utf8')) : undefined
    const weights = readdirSync(dir).filter(one => one.endsWith('.safetensors'))
    if (state?.step === Number(step) && weights.every(one => isWhole(join(dir, one)))) {
      whole.push({ step: state.step, dir, state })
    } else broken.push(dir)
  }
  return { whole: whole.sort((a, b) => a.step - b.step), broken }
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

/** Puts the model of a checkpoint where the trainer leaves its last one. Doing it twice is doing it once. */
export function takeCheckpoint({ dir }: Checkpoint, output: string): void {
  for (const name of readdirSync(dir)) {
    const from = join(dir, name)
    if (ofTraining.test(name) || !statSync(from).isFile()) continue
    const draft = join(output, `${name}.draft`)
    copyFileSync(from, draft, constants.COPYFILE_FICLONE)
    renameSync(draft, join(output, name))
  }
}
