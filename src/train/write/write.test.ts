import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { StillroomError } from '../../errors/index.ts'
import { sha256 } from '../../records/index.ts'
import { lint } from '../lint/index.ts'
import type { Adapter, Method, Phase, Trainer } from '../phase.ts'
import { jinjaOf } from './chat-template.ts'
import { mergeOf } from './merge.ts'
import { writePhase } from './write.ts'

const trainers: Trainer[] = ['trl', 'axolotl', 'llama-factory', 'unsloth']
const methods: Method[] = ['sft', 'dpo', 'ipo', 'kto', 'simpo', 'orpo', 'grpo', 'distillation']
const adapters: Adapter[] = ['lora', 'qlora', 'full']

type More = Partial<Omit<Phase, 'settings' | 'data'>> & {
  settings?: Partial<Phase['settings']>
  data?: Partial<Phase['data']>
}
function phase(method: Method, { settings, data, ...more }: More = {}): Phase {
  return {
    name: method === 'sft' ? 'sft' : 'preference',
    method,
    trainer: 'trl',
    adapter: 'lora',
    model: 'Qwen/Qwen3-8B-Base',
    reasoning: 'inline',
    ...(method === 'distillation' ? { teacher: 'Qwen/Qwen3-32B' } : {}),
    data: {
      release: { dir: 'releases/r', name: 'tutor', version: '0.1.0', manifest: sha256('m') },
      train: 'data/rows.train.jsonl',
      test: 'data/rows.test.jsonl',
      rows: 900,
      heldOut: 100,
      tokens: 1,
      tokenizer: 'o200k',
      ...data,
    },
    settings: {
      learningRate: 5e-7,
      epochs: 1,
      microBatch: 4,
      accumulation: 8,
      warmupSteps: 12,
      scheduler: 'cosine',
      weightDecay: 0,
      context: 2048,
      packing: method === 'sft',
      gradientCheckpointing: true,
      bf16: true,
      evalSteps: 25,
      saveSteps: 50,
      logSteps: 5,
      seed: 7,
      lora: { rank: 16, alpha: 32, dropout: 0.05, targets: 'all-linear' },
      ...(method === 'simpo' ? { beta: 2.5, gamma: 1.375 } : {}),
      ...settings,
    },
    hardware: { gpu: 'A100-80G', gpus: 1, nodes: 1 },
    track: {},
    set: {},
    ...more,
  }
}
const configOf = (given: Phase) => parse(writePhase(given).files[`${given.name}.yaml`]!, { version: '1.1' })
const refused = (given: Phase): StillroomError => {
  try {
    writePhase(given)
  } catch (error) {
    if (StillroomError.is(error)) return error as StillroomError
    throw error
  }
  throw new Error('nothing was thrown')
}

test('whatever a writer writes, its linter has nothing to say of', () => {
  const told: string[] = []
  let [written, impossible, turn] = [0, 0, 0]
  for (const trainer of trainers) {
    for (const method of methods) {
      for (const adapter of adapters) {
        for (const hardware of [
          [1, 1],
          [4, 1],
          [8, 2],
        ] as const) {
          turn++
          const given = phase(method, {
            trainer,
            adapter,
            hardware: { gpu: 'A100-80G', gpus: hardware[0], nodes: hardware[1] },
            chatTemplate: (['chatml', 'llama3', 'gemma', 'mistral'] as const)[turn % 4]!,
            data: turn % 3 === 0 ? { test: undefined as never, form: 'messages' } : { form: 'messages' },
            settings: {
              ...(turn % 2 ? { maxSteps: 100 } : {}),
              ...(turn % 5 ? {} : { lora: { rank: 8, alpha: 8, dropout: 0, targets: ['q_proj', 'v_proj'] } }),
              ...(turn % 3 ? {} : { tooLong: 'truncate' as const, bf16: false, gradientCheckpointing: false }),
            },
            track: turn % 4 ? {} : { wandb: 'tutor', mlflow: { uri: 'http://mlflow', experiment: 'e' } },
            set: turn % 7 ? {} : { seed: 11 },
            ...(turn % 6 || adapter === 'full' ? {} : { from: 'out/sft' }),
          })
          let result: ReturnType<typeof writePhase>
          try {
            result = writePhase(given)
          } catch (error) {
            if ((error as StillroomError).code !== 'SR_TRAIN_WRITE') throw error
            impossible++
            continue
          }
          written++
          told.push(...result.findings.map(({ message }) => `${trainer} ${method} ${adapter}: ${message}`))
          const text = result.files[`${given.name}.yaml`]!
          expect(lint(text, { trainer, command: undefined as never, script: true, file: 'x' }), text).toEqual([])
          expect(result.output).toBe(`out/${given.name}`)
          expect(mergeOf(given) === undefined).toBe(adapter === 'full')
        }
      }
    }
  }
  expect(told).toEqual([])
  expect(written).toBeGreaterThan(200)
  // What no trainer but TRL has, and adapters that would be measured against the wrong reference.
  expect(impossible).toBeLessThan(70)
})

test('rows held out in a file of their own reach TRL through the folder of both files, without one through a mixture', () => {
  expect(configOf(phase('sft'))).toMatchObject({
    ...{ dataset_name: './data', dataset_train_split: 'train', dataset_test_split: 'test' },
    ...{ eval_strategy: 'steps', eval_steps: 25 },
  })
  // A card would have `datasets` take the rows of whatever it has read under this folder's name before.
  expect(Object.keys(writePhase(phase('sft')).files)).not.toContainEqual(expect.stringMatching(/README\.md$/))
  const alone = configOf(phase('sft', { data: { test: undefined as never } }))
  expect(alone).toMatchObject({
    datasets: [{ path: 'json', data_files: 'data/rows.train.jsonl' }],
    eval_strategy: 'no',
  })
  expect(alone).not.toHaveProperty('dataset_name')
})

test('what SimPO needs is told to each trainer under its own names', () => {
  const said = (trainer: Trainer) => configOf(phase('simpo', { trainer, chatTemplate: 'chatml' }))
  expect(said('trl')).toMatchObject({
    // Twice the longest row: a pair that is longer would lose all but nothing of its answers.
    max_length: 2 * phase('simpo').settings.context,
    loss_type: 'simpo',
    cpo_alpha: 0,
    beta: 2.5,
    simpo_gamma: 1.375,
    learning_rate: 5e-7,
  })
  expect(said('axolotl')).toMatchObject({
    rl: 'simpo',
    rl_beta: 2.5,
    simpo_gamma: 1.375,
    cpo_alpha: 0,
    sample_packing: false,
  })
  expect(said('llama-factory')).toMatchObject({ stage: 'dpo', pref_loss: 'simpo', pref_beta: 2.5, simpo_gamma: 1.375 })
  expect(said('unsloth').train).toMatchObject({ loss_type: 'simpo', cpo_alpha: 0, beta: 2.5, simpo_gamma: 1.375 })
  expect(refused(phase('simpo', { settings: { gamma: undefined as never } })).code).toBe('SR_TRAIN_WRITE')
})

test('numbers and words are written as Python reads them', () => {
  const text = writePhase(phase('sft', { data: { test: undefined as never } })).files['sft.yaml']!
  expect(text).toMatch(/^learning_rate: 5\.0e-7$/m)
  expect(text).toMatch(/^eval_strategy: "no"$/m)
  expect(text).toMatch(/^warmup_steps: 12$/m)
})

test('all weights are spread over several GPUs, adapters are not', () => {
  const hardware = { gpu: 'H100', gpus: 8, nodes: 1 }
  const full = writePhase(phase('dpo', { adapter: 'full', hardware }))
  expect(parse(full.files['preference.accelerate.yaml']!)).toMatchObject({
    distributed_type: 'DEEPSPEED',
    num_processes: 8,
    deepspeed_config: { deepspeed_config_file: 'zero3.json' },
  })
  expect(JSON.parse(full.files['zero3.json']!).zero_optimization.stage).toBe(3)
  expect(parse(full.files['preference.yaml']!)).toMatchObject({
    accelerate_config: 'preference.accelerate.yaml',
    dtype: 'bfloat16',
  })
  const lora = writePhase(phase('dpo', { hardware }))
  expect(parse(lora.files['preference.accelerate.yaml']!)).toMatchObject({
    distributed_type: 'MULTI_GPU',
    num_processes: 8,
  })
  expect(lora.files).not.toHaveProperty('zero3.json')
  // On one GPU nothing keeps the small updates of all weights but float32.
  expect(configOf(phase('dpo', { adapter: 'full' })).dtype).toBe('float32')
  const nodes = writePhase(phase('sft', { adapter: 'full', hardware: { ...hardware, nodes: 2 } }))
  expect(nodes.command).toEqual(['sh', 'sft.launch.sh', 'sft', '--config', 'sft.yaml'])
  expect(nodes.files['sft.launch.sh']).toContain('--machine_rank "$NODE_RANK" --main_process_ip "$MASTER_ADDR"')
  expect(parse(nodes.files['sft.accelerate.yaml']!)).toMatchObject({ num_machines: 2, num_processes: 16 })
})

test('a run that was stopped goes on: by the command itself, or by another where it cannot', () => {
  expect(writePhase(phase('sft')).resume?.slice(-4)).toEqual(['train.py', 'sft', '--config', 'sft.yaml'])
  expect(writePhase(phase('simpo')).resume).toBeUndefined()
  expect(configOf(phase('sft', { trainer: 'axolotl' })).auto_resume_from_checkpoints).toBe(true)
  expect(configOf(phase('sft', { trainer: 'llama-factory' }))).not.toHaveProperty('overwrite_output_dir')
})

test('an adapter that goes on is measured against phase one, or the trainer is refused', () => {
  const more = { from: 'out/sft' }
  expect(writePhase(phase('dpo', more)).command.slice(-6)).toEqual([
    'train.py',
    'dpo',
    '--config',
    'preference.yaml',
    '--adapter',
    'out/sft',
  ])
  expect(configOf(phase('dpo', { ...more, adapter: 'qlora', trainer: 'llama-factory' }))).toMatchObject({
    adapter_name_or_path: 'out/sft',
    ref_model: 'Qwen/Qwen3-8B-Base',
    ref_model_adapters: 'out/sft',
    ref_model_quantization_bit: 4,
  })
  for (const trainer of ['axolotl', 'unsloth'] as const) {
    expect(refused(phase('dpo', { ...more, trainer })).hint).toContain('hand-over: merged')
    expect(() => writePhase(phase('simpo', { ...more, trainer }))).not.toThrow()
  }
})

test('a chat template is a file where the trainer knows it by no name, and unknown ones are named with those there are', () => {
  const sft = writePhase(phase('sft', { chatTemplate: 'llama3' }))
  expect(parse(sft.files['sft.yaml']!)).toMatchObject({ chat_template_path: 'llama3.jinja', eos_token: '<|eot_id|>' })
  expect(sft.files['llama3.jinja']).toBe(jinjaOf('llama3'))
  // What begins from phase one has the template already; what begins elsewhere gets it from the script.
  expect(writePhase(phase('dpo', { chatTemplate: 'chatml', model: 'out/sft-merged' })).command[0]).toBe('trl')
  expect(writePhase(phase('dpo', { chatTemplate: 'chatml' })).command.slice(-2)).toEqual([
    '--chat-template',
    'chatml.jinja',
  ])
  expect(configOf(phase('sft', { trainer: 'axolotl', chatTemplate: 'mistral' }))).toMatchObject({
    chat_template: 'jinja',
    chat_template_jinja: 'mistral.jinja',
  })
  expect(configOf(phase('sft', { trainer: 'llama-factory', chatTemplate: 'qwen3' })).template).toBe('qwen3')
  expect(refused(phase('sft', { chatTemplate: 'qwen3' }))).toMatchObject({
    code: 'SR_TRAIN_WRITE',
    hint: expect.stringMatching(/chatml, llama3, gemma, mistral.*\.jinja/),
  })
  expect(refused(phase('sft', { trainer: 'llama-factory', chatTemplate: 'phi_9' })).hint).toContain('phi4')
  expect(refused(phase('sft', { trainer: 'llama-factory', chatTemplate: 'own.jinja' })).message).toContain('by name')
})

test('KTO of axolotl names the template whose marks it puts around texts, or is refused', () => {
  const kto = (more: More) => phase('kto', { trainer: 'axolotl', ...more })
  expect(configOf(kto({ chatTemplate: 'chatml' })).datasets[0]).toMatchObject({
    type: 'chatml.prompt_pairs',
    ds_type: 'json',
  })
  for (const more of [{}, { chatTemplate: 'gemma' }]) expect(refused(kto(more)).hint).toContain('chat-template')
})

test('keys of the recipe go in last, and what a trainer does not take is refused with where it comes from', () => {
  const given = phase('sft', {
    set: {
      neftune_noise_alpha: 5,
      save_total_limit: 1,
      packing: null,
      gradient_checkpointing_kwargs: { use_reentrant: true },
    },
  })
  const config = configOf(given)
  expect(config).toMatchObject({
    neftune_noise_alpha: 5,
    save_total_limit: 1,
    gradient_checkpointing_kwargs: { use_reentrant: true },
  })
  expect(config).not.toHaveProperty('packing')
  expect(writePhase(given).overrides).toEqual([
    'save_total_limit: 2 -> 1',
    'packing: true -> null',
    'gradient_checkpointing_kwargs: {"use_reentrant":false} -> {"use_reentrant":true}',
  ])
  expect(refused(phase('sft', { set: { max_seq_length: 512 } }))).toMatchObject({
    code: 'SR_TRAIN_KEY',
    hint: expect.stringMatching(/train\.sft\.set.*max_length/),
    position: { file: 'sft.yaml' },
  })
  expect(
    configOf(
      phase('sft', { trainer: 'unsloth', set: { neftune_noise_alpha: 5, from_pretrained: { dtype: 'bfloat16' } } }),
    ),
  ).toMatchObject({
    train: { neftune_noise_alpha: 5, output_dir: 'out/sft' },
    from_pretrained: { dtype: 'bfloat16', model_name: 'Qwen/Qwen3-8B-Base' },
  })
})

test('experiments are tracked by the trainer where it is asked to', () => {
  const track = { wandb: 'tutor', mlflow: { uri: 'http://mlflow:5000', experiment: 'tutor' } }
  expect(configOf(phase('sft', { track }))).toMatchObject({ report_to: 'wandb', env: { WANDB_PROJECT: 'tutor' } })
  expect(configOf(phase('sft', { track, set: { report_to: ['mlflow'] } })).env).toEqual({
    MLFLOW_TRACKING_URI: 'http://mlflow:5000',
    MLFLOW_EXPERIMENT_NAME: 'tutor',
  })
  expect(configOf(phase('sft', { track, trainer: 'axolotl', set: { use_mlflow: true } }))).toMatchObject({
    use_wandb: true,
    wandb_project: 'tutor',
    use_mlflow: true,
    mlflow_experiment_name: 'tutor',
  })
  expect(writePhase(phase('sft', { track, trainer: 'llama-factory' })).command.join(' ')).toBe(
    'env WANDB_PROJECT=tutor NPROC_PER_NODE=1 llamafactory-cli train sft.yaml',
  )
})

test('adapters are merged by the tool of each trainer', () => {
  expect(mergeOf(phase('sft'))).toMatchObject({
    command: ['python', 'merge.py', 'Qwen/Qwen3-8B-Base', 'out/sft', 'out/sft-merged'],
    output: 'out/sft-merged',
  })
  expect(mergeOf(phase('sft', { trainer: 'axolotl' }))).toMatchObject({
    command: ['axolotl', 'merge-lora', 'sft.yaml', '--lora-model-dir=out/sft'],
    output: 'out/sft/merged',
  })
  const factory = mergeOf(phase('sft', { trainer: 'llama-factory', adapter: 'qlora' }))!
  expect(parse(factory.files['sft.merge.yaml']!)).not.toHaveProperty('quantization_bit')
  expect(lint(factory.files['sft.merge.yaml']!, { trainer: 'llama-factory', command: 'export', file: 'x' })).toEqual([])
})

test('the templates mark what an assistant says, and the scripts stand as they lie', () => {
  expect(jinjaOf('chatml')).toMatchInlineSnapshot(`
    "{%- set said = namespace(head='') %}
    {%- for message in messages %}
    {%- if message['tool_calls'] or message['role'] == 'tool' %}
    {{- raise_exception('the chat template chatml has no form for calls of tools') }}
    {%- elif message['role'] == 'assistant' %}
    {{- '<|im_start|>assistant\\n' }}
    {%- generation %}
    {%- if message['reasoning_content'] %}{{- '<think>\\n' + message['reasoning_content'] + '\\n</think>\\n\\n' }}{%- endif %}
    {{- (message['content'] or '') + '<|im_end|>' }}
    {%- endgeneration %}
    {{- '\\n' }}
    {%- elif message['role'] == 'system' or message['role'] == 'developer' %}
    {{- '<|im_start|>system\\n' + (message['content'] or '') + '<|im_end|>\\n' }}
    {%- else %}
    {{- '<|im_start|>user\\n' + said.head + (message['content'] or '') + '<|im_end|>\\n' }}
    {%- set said.head = '' %}
    {%- endif %}
    {%- endfor %}
    {%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
    "
  `)
  expect(writePhase(phase('simpo')).files['train.py']).toBe(
    readFileSync(new URL('python/train.py', import.meta.url), 'utf8'),
  )
})
