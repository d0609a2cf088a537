import type { Merge, Phase, Written } from '../phase.ts'
import { templateOf } from './chat-template.ts'
import { mergeScript } from './scripts.ts'
import { outputOf } from './settings.ts'
import { yamlOf } from './yaml.ts'

/** Folder of the merged model of a phase, where its trainer leaves it. Undefined where there is no adapter. */
export function mergedOf(phase: Phase): string | undefined {
  if (phase.adapter === 'full') return undefined
  return phase.trainer === 'axolotl' ? `${outputOf(phase)}/merged` : `${outputOf(phase)}-merged`
}

/**
 * How the adapter of a phase is laid into the weights that it was trained beside, for the next phase or for serving:
 * files, the command, and the folder of the merged model. Undefined where there is no adapter.
 */
export function mergeOf(phase: Phase): (Merge & Pick<Written, 'files'>) | undefined {
  const output = mergedOf(phase)
  if (output === undefined) return undefined
  const adapter = outputOf(phase)
  switch (phase.trainer) {
    case 'axolotl':
      return {
        files: {},
        command: ['axolotl', 'merge-lora', `${phase.name}.yaml`, `--lora-model-dir=${adapter}`],
        output,
      }
    case 'llama-factory': {
      const config = `${phase.name}.merge.yaml`
      const template = templateOf(phase)
      const keys = {
        model_name_or_path: phase.model,
        adapter_name_or_path: adapter,
        finetuning_type: 'lora',
        ...(template && template.is !== 'file' ? { template: template.name } : {}),
        export_dir: output,
        export_size: 5,
        export_device: 'cpu',
        export_legacy_format: false,
      }
      const command = ['llamafactory-cli', 'export', config]
      return {
        files: { [config]: yamlOf([`merges ${adapter} into ${phase.model}`, `run: ${command.join(' ')}`], keys) },
        command,
        output,
      }
    }
    default:
      return {
        files: { 'merge.py': mergeScript },
        command: ['python', 'merge.py', phase.model, adapter, output],
        output,
      }
  }
}
