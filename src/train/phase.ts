import type { Purpose } from '../govern/index.ts'
import type { Sha } from '../records/index.ts'

/** What a training run does to a model. */
export type Method = 'sft' | 'dpo' | 'ipo' | 'kto' | 'simpo' | 'orpo' | 'grpo' | 'distillation'
export type Trainer = 'trl' | 'axolotl' | 'llama-factory' | 'unsloth'
export type Adapter = 'lora' | 'qlora' | 'full'

/** Rows of one phase as they lie on disk: what an exporter wrote. Paths are relative to the folder of the training. */
export type PhaseData = {
  /** Folder and manifest digest of the release they come from. */
  release: { dir: string; name: string; version: string; manifest: Sha }
  train: string
  /** Held-out rows; absent where the release has none. */
  test?: string
  rows: number
  heldOut: number
  /** Tokens of all training rows by the tokenizer named. */
  tokens: number
  tokenizer: string
  /**
   * How rows of supervised training are laid out: whole conversations, in which only answers are learnt, or a prompt with
   * its completion. Default the latter.
   */
  form?: 'messages' | 'prompt-completion'
  /** Digests of these files as they were written, by path. */
  digests?: { [path: string]: Sha }
}

/**
 * The settings of one phase under names of our own: each writer spells them as its trainer does. Whatever a method does
 * not have is absent.
 */
export type Settings = {
  learningRate: number
  /** Passes over the rows, or optimizer steps: one of the two. */
  epochs?: number
  maxSteps?: number
  /** Rows that one GPU works on at a time, and how often before an optimizer step. */
  microBatch: number
  accumulation: number
  warmupSteps: number
  scheduler: string
  weightDecay: number
  /** Tokens of the longest row, and what the trainer does with a longer one that came through; default stop. */
  context: number
  tooLong?: 'drop' | 'truncate' | 'stop'
  /** Whether weights are spread over all GPUs (ZeRO stage 3); default where all weights are trained on several. */
  sharding?: 'zero3' | 'none'
  packing: boolean
  gradientCheckpointing: boolean
  bf16: boolean
  /** Optimizer steps between two looks at the held-out rows, two checkpoints, two lines of log. */
  evalSteps: number
  saveSteps: number
  logSteps: number
  seed: number
  lora?: { rank: number; alpha: number; dropout: number; targets: 'all-linear' | string[] }
  beta?: number
  /** Of SimPO: absolute. */
  gamma?: number
  labelSmoothing?: number
  /** Of KTO. */
  desirableWeight?: number
  undesirableWeight?: number
  /** Of GRPO, which is rewarded by what the verifiers of the rows say. */
  generations?: number
  maxCompletion?: number
}

/** One training run, whole: proposed by the advisor, written by a config writer, run by the runner. */
export type Phase = {
  name: 'sft' | 'preference'
  method: Method
  trainer: Trainer
  adapter: Adapter
  /** Model on the Hub or folder that this phase begins from. */
  model: string
  /** Adapter of phase one that this phase goes on with, where the hand-over is an adapter. */
  from?: string
  chatTemplate?: string
  reasoning: 'separate' | 'inline' | 'drop'
  /** The open teacher whose logits are learnt, for `distillation`. */
  teacher?: string
  data: PhaseData
  settings: Settings
  hardware: { gpu: string; gpus: number; nodes: number }
  track: { wandb?: string; mlflow?: { uri: string; experiment: string } }
  /** Keys of the trainer itself, as the recipe gives them. */
  set: { [key: string]: unknown }
}

/**
 * What a config writer gives: files by path relative to the folder of the training, and the command that trains, run in
 * that folder. `output` is where the trainer leaves checkpoints and the finished model or adapter.
 */
export type Written = {
  files: { [path: string]: string }
  command: string[]
  /** The command that goes on from the last checkpoint in `output`; absent where `command` itself does. */
  resume?: string[]
  output: string
}

/**
 * What makes whole weights of the adapter that a phase leaves in its `output`: the command, run in the folder of the
 * training, and where it leaves them.
 */
export type Merge = { command: string[]; output: string }

/**
 * A training as it lies in its folder, `training.json`: `train write` writes it, `train run` runs it. Paths are relative to
 * the folder, those of a recipe to the folder of that recipe.
 */
export type Training = {
  name: string
  version: string
  /** Folder of the recipe, relative to that of the training. */
  recipe: string
  /** Name of its file in there; default `recipe.yaml`, `recipe.yml` or `recipe.ts`. */
  recipeFile?: string
  base: string
  /** What the model is for, as it was said when this was written: it counts where the recipe is not there. */
  purpose?: Purpose
  phases: { phase: Phase; written: Written; merge?: Merge }[]
  settle: { patience: number; 'min-delta': number }
  handOver: 'merged' | 'adapter'
  launch?: string
  serve?: string
  evaluate?: { recipe: string; student: string; baseline?: string }
}
