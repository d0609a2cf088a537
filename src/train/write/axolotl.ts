import type { ChatTemplateName } from '../../text/index.ts'
import type { Phase, Written } from '../phase.ts'
import { jinjaOf, templateOf } from './chat-template.ts'
import { launchScript, zero3 } from './launch.ts'
import { rewardsScript } from './scripts.ts'
import { about, type Config, cannot, loraOf, outputOf, simpoOf, spreads, withSet, worldOf } from './settings.ts'
import { axolotlTracking } from './track.ts'
import { yamlOf } from './yaml.ts'

/** A config for axolotl. It goes on from the last checkpoint by itself. */
export function writeAxolotl(phase: Phase): Written {
  const { name, method, hardware } = phase
  if (method === 'distillation')
    throw cannot(phase, 'axolotl is not told to learn the probabilities of a teacher here.', 'use `trainer: trl`')
  if (phase.from && ['dpo', 'ipo', 'kto'].includes(method)) {
    const message =
      'axolotl measures an adapter that goes on against the model without any adapter, not against phase one.'
    throw cannot(phase, message, 'use `hand-over: merged`, or `trainer: trl`')
  }
  const config = `${name}.yaml`
  const template = templateOf(phase)
  const named = template?.is === 'ours' && namedByAxolotl(template.name)
  const file =
    template?.is === 'file' ? template.path : template?.is === 'ours' && !named ? `${template.name}.jinja` : undefined
  const chat = file
    ? { chat_template: 'jinja', chat_template_jinja: file }
    : { chat_template: template?.is === 'name' || template?.is === 'ours' ? template.name : 'tokenizer_default' }
  const nodes = hardware.nodes > 1
  const launched =
    worldOf(phase) > 1
      ? ['--launcher', 'torchrun', '--', '--nproc_per_node', String(hardware.gpus)]
      : ['--launcher', 'accelerate', '--', '--num_processes', '1']
  const command = nodes ? ['sh', `${name}.launch.sh`, config] : ['axolotl', 'train', config, ...launched]
  const keys = withSet(
    {
      ...modelKeys(phase),
      ...chat,
      ...rowKeys(phase),
      ...trainingKeys(phase),
      ...methodKeys(phase),
      ...axolotlTracking(phase),
    },
    phase.set,
  )
  return {
    files: {
      [config]: yamlOf(about(phase, command.join(' ')), keys),
      ...(template?.is === 'ours' && file ? { [file]: jinjaOf(template.name) } : {}),
      ...(spreads(phase) ? { 'zero3.json': zero3 } : {}),
      ...(nodes ? { [`${name}.launch.sh`]: launchScript(nodesCommand(phase)) } : {}),
      ...(method === 'grpo' ? { 'rewards.py': rewardsScript } : {}),
    },
    command,
    output: outputOf(phase),
  }
}

/** Templates of ours that axolotl has under the same name. */
const namedByAxolotl = (name: ChatTemplateName): boolean => name !== 'mistral'

const nodesCommand = ({ hardware }: Phase): string =>
  `axolotl train "$1" --launcher torchrun -- --nnodes ${hardware.nodes} --nproc_per_node ${hardware.gpus} --node_rank "$NODE_RANK" --rdzv_id stillroom --rdzv_backend c10d --rdzv_endpoint "$MASTER_ADDR:$MASTER_PORT"`

function modelKeys(phase: Phase): Config {
  const { adapter } = phase
  const lora = loraOf(phase)
  return {
    base_model: phase.model,
    ...(lora
      ? {
          adapter,
          load_in_4bit: adapter === 'qlora',
          lora_r: lora.rank,
          lora_alpha: lora.alpha,
          lora_dropout: lora.dropout,
          ...(lora.targets === 'all-linear' ? { lora_target_linear: true } : { lora_target_modules: lora.targets }),
        }
      : {}),
    ...(phase.from ? { lora_model_dir: phase.from } : {}),
  }
}

/** Both entries are of one type, since axolotl reads the type of held-out rows off the first. */
function rowKeys(phase: Phase): Config {
  const { data, name } = phase
  const entry = (path: string): Config => ({ path, ds_type: 'json', split: 'train', ...typeOf(phase) })
  return {
    datasets: [entry(data.train)],
    ...(data.test ? { test_datasets: [entry(data.test)] } : { val_set_size: 0 }),
    dataset_prepared_path: `prepared/${name}`,
  }
}

function typeOf(phase: Phase): Config {
  switch (phase.method) {
    case 'sft':
      return {
        type: 'chat_template',
        field_messages: 'messages',
        roles_to_train: ['assistant'],
        train_on_eos: 'turn',
        message_field_training: 'weight',
      }
    case 'kto':
      return { type: ktoType(phase) }
    case 'orpo':
      return { type: 'chat_template.argilla' }
    case 'grpo':
      return { type: 'rewards.prompts' }
    default:
      return { type: 'chat_template.default', field_messages: 'prompt' }
  }
}

/** KTO reads texts and puts the marks of a template around them itself; it knows those of two. */
function ktoType(phase: Phase): string {
  const name = phase.chatTemplate
  if (name === 'chatml' || name === 'llama3') return `${name}.prompt_pairs`
  const message = 'axolotl reads rows of KTO as text and applies no template of a tokenizer to them.'
  throw cannot(
    phase,
    message,
    'name the template of the model: `train.chat-template: chatml` or `llama3`; or use `trainer: trl`',
  )
}

function trainingKeys(phase: Phase): Config {
  const { settings: s, data } = phase
  const evaluates = data.test !== undefined
  const packing = s.packing && phase.method === 'sft'
  return {
    sequence_len: s.context,
    sample_packing: packing,
    // A few held-out rows fill no pack.
    ...(packing
      ? { eval_sample_packing: false, pad_to_sequence_len: true, attn_implementation: 'flash_attention_2' }
      : {}),
    excess_length_strategy: { stop: 'raise', drop: 'drop', truncate: 'truncate' }[s.tooLong ?? 'stop'],
    micro_batch_size: s.microBatch,
    gradient_accumulation_steps: s.accumulation,
    ...(evaluates ? { eval_batch_size: s.microBatch } : {}),
    ...(s.maxSteps === undefined ? { num_epochs: s.epochs ?? 1 } : { max_steps: s.maxSteps }),
    optimizer: 'adamw_torch_fused',
    learning_rate: s.learningRate,
    lr_scheduler: s.scheduler,
    warmup_steps: s.warmupSteps,
    weight_decay: s.weightDecay,
    bf16: s.bf16,
    gradient_checkpointing: s.gradientCheckpointing,
    ...(s.gradientCheckpointing ? { gradient_checkpointing_kwargs: { use_reentrant: false } } : {}),
    ...(spreads(phase) ? { deepspeed: 'zero3.json' } : {}),
    ...(evaluates ? { eval_steps: s.evalSteps } : {}),
    save_steps: s.saveSteps,
    save_total_limit: 2,
    logging_steps: s.logSteps,
    seed: s.seed,
    output_dir: outputOf(phase),
    auto_resume_from_checkpoints: true,
  }
}

function methodKeys(phase: Phase): Config {
  const { settings: s, method } = phase
  switch (method) {
    case 'dpo':
      return {
        rl: 'dpo',
        rl_beta: s.beta ?? 0.1,
        ...(s.labelSmoothing === undefined ? {} : { dpo_label_smoothing: s.labelSmoothing }),
      }
    case 'ipo':
      return { rl: 'dpo', dpo_loss_type: ['ipo'], rl_beta: s.beta ?? 0.1 }
    case 'kto':
      return {
        rl: 'kto',
        rl_beta: s.beta ?? 0.1,
        kto_desirable_weight: s.desirableWeight ?? 1,
        kto_undesirable_weight: s.undesirableWeight ?? 1,
        remove_unused_columns: false,
      }
    case 'simpo': {
      const { beta, gamma } = simpoOf(phase)
      return { rl: 'simpo', rl_beta: beta, simpo_gamma: gamma, cpo_alpha: 0 }
    }
    case 'orpo':
      return { rl: 'orpo', rl_beta: s.beta ?? 0.1, orpo_alpha: s.beta ?? 0.1, remove_unused_columns: false }
    case 'grpo':
      return {
        rl: 'grpo',
        rl_beta: s.beta ?? 0,
        trl: {
          beta: s.beta ?? 0,
          num_generations: s.generations ?? 8,
          max_completion_length: s.maxCompletion ?? 512,
          reward_funcs: ['rewards.verified'],
        },
        skip_prepare_dataset: true,
        remove_unused_columns: false,
      }
    default:
      return {}
  }
}
