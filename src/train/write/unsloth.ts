import { type ChatTemplate, chatTemplates } from '../../text/index.ts'
import type { Phase, Settings, Written } from '../phase.ts'
import { lossArguments, trainingArguments } from './arguments.ts'
import { endOf, jinjaOf, templateOf } from './chat-template.ts'
import { launchScript } from './launch.ts'
import { rewardsScript, unslothScript } from './scripts.ts'
import { about, begunHere, type Config, cannot, loraOf, outputOf, spreads, withSet, worldOf } from './settings.ts'
import { trackingEnv } from './track.ts'
import { yamlOf } from './yaml.ts'

const methods = { sft: 'sft', dpo: 'dpo', ipo: 'dpo', kto: 'kto', simpo: 'cpo', orpo: 'orpo', grpo: 'grpo' } as const

/**
 * A script for unsloth and its settings. Unsloth works with older versions of TRL too, so only names of arguments are used
 * that all of them have; the script goes on from the last checkpoint by itself.
 */
export function writeUnsloth(phase: Phase): Written {
  const { name, method, hardware } = phase
  if (method === 'distillation')
    throw cannot(phase, 'Unsloth is not told to learn the probabilities of a teacher.', 'use `trainer: trl`')
  if (spreads(phase))
    throw cannot(phase, 'Unsloth spreads no weights over several GPUs.', 'use `trainer: trl`, or an adapter')
  if (phase.from && ['dpo', 'ipo', 'kto'].includes(method)) {
    const message =
      'Unsloth measures an adapter that goes on against the model without any adapter, not against phase one.'
    throw cannot(phase, message, 'use `hand-over: merged`, or `trainer: trl`')
  }
  const template = begunHere(phase) ? undefined : templateOf(phase)
  const jinja = template?.is === 'file' ? template.path : template?.is === 'ours' ? `${template.name}.jinja` : undefined
  const config = `${name}.yaml`
  const nodes = hardware.nodes > 1
  const launcher = worldOf(phase) > 1 ? ['torchrun', '--nproc_per_node', String(hardware.gpus)] : ['python']
  const command = nodes ? ['sh', `${name}.launch.sh`, config] : [...launcher, 'unsloth_train.py', config]
  const markers: ChatTemplate | undefined = template?.is === 'ours' ? chatTemplates[template.name] : undefined
  const env = trackingEnv(phase)
  const lora = loraOf(phase)
  // What the recipe sets are arguments of the trainer, or with the name of a part before them of that part.
  const keys = withSet(
    {
      method: methods[method],
      data: { train: phase.data.train, ...(phase.data.test ? { test: phase.data.test } : {}) },
      from_pretrained: loadKeys(phase),
      ...(lora && !phase.from ? { get_peft_model: adapterKeys(phase, lora) } : {}),
      ...(jinja ? { chat_template: jinja } : {}),
      ...(method === 'sft' && markers
        ? { responses_only: { instruction_part: markers.user[0], response_part: markers.assistant[0] } }
        : {}),
      ...(method === 'grpo' ? { reward_funcs: ['rewards.verified'] } : {}),
      train: {
        ...trainingArguments(phase),
        ...methodKeys(phase),
        ...(template?.is === 'ours' && method === 'sft' ? { eos_token: endOf(template.name) } : {}),
      },
      ...(env ? { env } : {}),
    },
    setOf(phase.set),
  )
  return {
    files: {
      [config]: yamlOf(about(phase, command.join(' ')), keys),
      'unsloth_train.py': unslothScript,
      ...(template?.is === 'ours' && jinja ? { [jinja]: jinjaOf(template.name) } : {}),
      ...(method === 'grpo' ? { 'rewards.py': rewardsScript } : {}),
      ...(nodes ? { [`${name}.launch.sh`]: launchScript(nodesCommand(phase)) } : {}),
    },
    command,
    output: outputOf(phase),
  }
}

const nodesCommand = ({ hardware }: Phase): string =>
  `torchrun --nnodes ${hardware.nodes} --nproc_per_node ${hardware.gpus} --node_rank "$NODE_RANK" --master_addr "$MASTER_ADDR" --master_port "$MASTER_PORT" unsloth_train.py "$1"`

const parts = new Set([
  'data',
  'from_pretrained',
  'get_peft_model',
  'train',
  'responses_only',
  'env',
  'chat_template',
  'reward_funcs',
])

function setOf(set: Config): Config {
  const train = Object.fromEntries(Object.entries(set).filter(([key]) => !parts.has(key)))
  const rest = Object.fromEntries(Object.entries(set).filter(([key]) => parts.has(key)))
  return { ...rest, train: { ...train, ...(rest.train as Config | undefined) } }
}

function loadKeys(phase: Phase): Config {
  const { adapter, settings: s } = phase
  return {
    model_name: phase.from ?? phase.model,
    max_seq_length: s.context,
    load_in_4bit: adapter === 'qlora',
    ...(adapter === 'full' ? { full_finetuning: true } : {}),
    random_state: s.seed,
  }
}

const linear = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']

function adapterKeys({ settings }: Phase, lora: NonNullable<Settings['lora']>): Config {
  const { gradientCheckpointing, seed } = settings
  return {
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    target_modules: lora.targets === 'all-linear' ? linear : lora.targets,
    use_gradient_checkpointing: gradientCheckpointing ? 'unsloth' : '',
    random_state: seed,
  }
}

function methodKeys(phase: Phase): Config {
  const { settings: s, method } = phase
  const length = { max_length: s.context }
  if (method === 'sft') return { ...length, packing: s.packing }
  return method === 'grpo' ? lossArguments(phase) : { ...length, ...lossArguments(phase) }
}
