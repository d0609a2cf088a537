import { posix } from 'node:path'
import type { Method, Phase, Written } from '../phase.ts'
import { lossArguments, trainingArguments } from './arguments.ts'
import { endOf, jinjaOf, templateOf } from './chat-template.ts'
import { accelerateOf, launchScript, zero3 } from './launch.ts'
import { rewardsScript, trainScript } from './scripts.ts'
import { about, begunHere, type Config, cannot, loraOf, outputOf, spreads, withSet, worldOf } from './settings.ts'
import { trackingEnv } from './track.ts'
import { yamlOf } from './yaml.ts'

/** The command of TRL for each method, or the name that the script knows its trainer by. */
export const trlCommand: { [M in Method]: string } = {
  sft: 'sft',
  dpo: 'dpo',
  ipo: 'dpo',
  kto: 'kto',
  grpo: 'grpo',
  distillation: 'distillation',
  simpo: 'cpo',
  orpo: 'orpo',
}

/**
 * A config for TRL. The commands of TRL read it as it is; what they cannot do goes through a script that reads the same
 * file: SimPO and ORPO, going on with an adapter, a chat template outside of SFT, several nodes, and every resume.
 */
export function writeTrl(phase: Phase): Written {
  const { name, method } = phase
  const command = trlCommand[method]
  const config = `${name}.yaml`
  const several = worldOf(phase) > 1
  const template = templateOf(phase)
  const jinja = template?.is === 'file' ? template.path : template?.is === 'ours' ? `${template.name}.jinja` : undefined
  // What SFT of this training wrote has its template in the tokenizer.
  const bare = jinja !== undefined && method !== 'sft' && !begunHere(phase)
  const scripted = method === 'simpo' || method === 'orpo' || phase.from !== undefined || bare
  const words = [
    command,
    '--config',
    config,
    ...(phase.from ? ['--adapter', phase.from] : []),
    ...(bare ? ['--chat-template', jinja] : []),
  ]
  const script =
    phase.hardware.nodes > 1
      ? ['sh', `${name}.launch.sh`, ...words]
      : ['accelerate', 'launch', ...launchWords(phase), 'train.py', ...words]
  const cli = ['trl', command, '--config', config]
  const run = scripted || phase.hardware.nodes > 1 ? script : cli
  const keys = withSet(
    {
      ...modelKeys(phase),
      ...datasetOf(phase),
      ...templateKeys(phase, jinja),
      ...trainingArguments(phase),
      ...checkpointing(phase),
      ...methodKeys(phase),
    },
    phase.set,
  )
  // Scripts are launched by accelerate itself; only the commands of TRL read its settings from the config.
  const launch: Config = several ? { accelerate_config: accelerateFile(phase) } : { num_processes: 1 }
  const env = trackingEnv(phase)
  return {
    files: {
      [config]: yamlOf(about(phase, run.join(' ')), { ...keys, ...launch, ...(env ? { env } : {}) }),
      'train.py': trainScript,
      ...(template?.is === 'ours' ? { [`${template.name}.jinja`]: jinjaOf(template.name) } : {}),
      ...(several ? { [accelerateFile(phase)]: accelerateOf(phase) } : {}),
      ...(spreads(phase) ? { 'zero3.json': zero3 } : {}),
      ...(phase.hardware.nodes > 1 ? { [`${name}.launch.sh`]: launchScript(nodesCommand(phase)) } : {}),
      ...(method === 'grpo' ? { 'rewards.py': rewardsScript } : {}),
    },
    command: run,
    // The script goes on by itself; the commands of TRL would begin from the front.
    ...(run === cli ? { resume: script } : {}),
    output: outputOf(phase),
  }
}

/** What accelerate is told, a file a phase: one may spread the weights where the other does not. */
const accelerateFile = ({ name }: Phase): string => `${name}.accelerate.yaml`

const nodesCommand = (phase: Phase): string =>
  `accelerate launch --config_file ${accelerateFile(phase)} --machine_rank "$NODE_RANK" --main_process_ip "$MASTER_ADDR" --main_process_port "$MASTER_PORT" train.py "$@"`

const launchWords = (phase: Phase): string[] =>
  worldOf(phase) > 1
    ? ['--config_file', accelerateFile(phase)]
    : ['--num_processes', '1', '--num_machines', '1', '--mixed_precision', 'no', '--dynamo_backend', 'no']

function modelKeys(phase: Phase): Config {
  const { adapter, settings } = phase
  const lora = loraOf(phase)
  // All weights in bfloat16 lose small updates to rounding; DeepSpeed keeps them in float32 beside.
  const half = settings.bf16 && (adapter !== 'full' || spreads(phase))
  return {
    model_name_or_path: phase.model,
    dtype: half ? 'bfloat16' : 'float32',
    ...(adapter === 'qlora' ? { load_in_4bit: true, bnb_4bit_quant_type: 'nf4', use_bnb_nested_quant: true } : {}),
    ...(lora
      ? {
          use_peft: true,
          lora_r: lora.rank,
          lora_alpha: lora.alpha,
          lora_dropout: lora.dropout,
          lora_target_modules: lora.targets,
        }
      : {}),
  }
}

/**
 * Rows as TRL finds them. A mixture of files has no place for rows held out in a file of their own; a folder of which two
 * files are named after splits has. No card stands in that folder: `datasets` 5 keeps what it has read of a folder with a
 * card under the folder's own name, and would train on the rows of another training, or on these as they were before.
 */
function datasetOf({ data }: Phase): Config {
  if (!data.test) return { datasets: [{ path: 'json', data_files: data.train, split: 'train' }] }
  return {
    dataset_name: `./${posix.dirname(data.train)}`,
    dataset_train_split: 'train',
    dataset_test_split: 'test',
  }
}

function templateKeys(phase: Phase, jinja: string | undefined): Config {
  if (phase.method !== 'sft') return {}
  const template = templateOf(phase)
  return {
    ...(jinja ? { chat_template_path: jinja } : {}),
    // A model that learns a template has to learn where its answers end.
    ...(template?.is === 'ours' ? { eos_token: endOf(template.name) } : {}),
  }
}

/** Layers are computed again in the backward pass rather than kept, where that is wanted. */
const checkpointing = ({ settings: { gradientCheckpointing: on } }: Phase): Config => ({
  gradient_checkpointing: on,
  ...(on ? { gradient_checkpointing_kwargs: { use_reentrant: false } } : {}),
})

function methodKeys(phase: Phase): Config {
  const { settings: s, method } = phase
  // Rows were measured when they were written, by a count that may be another than the model's. Of a pair that is longer,
  // the trainers of SimPO and ORPO (TRL 1.13) keep next to nothing of both answers, and a loss averaged over no token is no
  // number; so they get room.
  const length = { max_length: method === 'simpo' || method === 'orpo' ? 2 * s.context : s.context }
  switch (method) {
    case 'sft':
      return {
        ...length,
        packing: s.packing,
        // Rows of one prompt and one answer are masked by themselves; in whole conversations everything would be learnt.
        ...(phase.data.form === 'messages' ? { assistant_only_loss: true } : {}),
      }
    case 'dpo':
    case 'ipo': {
      const { loss_type, ...loss } = lossArguments(phase)
      return { ...length, loss_type: [loss_type], ...loss }
    }
    case 'kto':
    case 'simpo':
    case 'orpo':
      return { ...length, ...lossArguments(phase) }
    case 'grpo':
      return { ...lossArguments(phase), reward_funcs: ['rewards.verified'] }
    case 'distillation': {
      if (!phase.teacher)
        throw cannot(phase, 'Distillation needs an open teacher, whose probabilities are learnt.', 'name its model')
      return {
        ...(s.beta === undefined ? {} : { beta: s.beta }),
        teacher_model_name_or_path: phase.teacher,
        max_completion_length: s.maxCompletion ?? 512,
      }
    }
  }
}
