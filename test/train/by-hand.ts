import { stringify } from 'yaml'

/** One run of a trainer as it stands in a file, and what starts it in the folder of that file. */
export type Written = { file: string; text: string; command: string[]; output: string }

const shared = {
  // No row may be longer: of pairs that are, SimPO's trainer cuts answers down to nothing, and its loss is no number.
  max_length: 1024,
  warmup_steps: 2,
  eval_strategy: 'steps',
  eval_on_start: true,
  logging_steps: 5,
  save_strategy: 'steps',
  gradient_checkpointing: false,
  use_cpu: true,
  bf16: false,
  report_to: 'none',
  seed: 7,
}

export type Asked = { model: string; release: string; output: string; steps: number; rate: number; batch: number }

const settings = ({ output, steps, rate, batch }: Asked) => ({
  output_dir: output,
  learning_rate: rate,
  max_steps: steps,
  eval_steps: steps / 2,
  save_steps: steps,
  per_device_train_batch_size: batch,
  per_device_eval_batch_size: batch,
  ...shared,
})

/** A run of TRL's command line on a release as it lies on disk. */
export function trl(command: 'sft' | 'dpo' | 'kto', asked: Asked, more: object = {}): Written {
  const config = { sft: 'sft', dpo: 'preference', kto: 'feedback' }[command]
  const file = `${command}.yaml`
  const text = stringify({
    model_name_or_path: asked.model,
    dtype: 'float32',
    dataset_name: asked.release,
    dataset_config: config,
    dataset_train_split: 'train',
    dataset_test_split: 'test',
    ...settings(asked),
    ...more,
  })
  return { file, text, command: ['trl', command, '--config', file], output: asked.output }
}

/** SimPO, which TRL has as a class alone. */
export function simpo(asked: Asked, more: object = {}): Written {
  const file = 'simpo.py'
  const text = `import json
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.experimental.cpo import CPOConfig, CPOTrainer

settings = json.loads("""${JSON.stringify({ ...settings(asked), loss_type: 'simpo', cpo_alpha: 0, ...more })}""")
rows = load_dataset("${asked.release}", "preference").select_columns(["prompt", "chosen", "rejected"])
CPOTrainer(
    model=AutoModelForCausalLM.from_pretrained("${asked.model}"),
    args=CPOConfig(**settings),
    train_dataset=rows["train"],
    eval_dataset=rows["test"],
    processing_class=AutoTokenizer.from_pretrained("${asked.model}"),
).train()
`
  return { file, text, command: ['python', file], output: asked.output }
}
