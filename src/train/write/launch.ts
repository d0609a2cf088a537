import type { Phase } from '../phase.ts'
import { spreads, worldOf } from './settings.ts'
import { yamlOf } from './yaml.ts'

/** Settings of DeepSpeed that spread weights, gradients and optimizer over all GPUs (ZeRO stage 3, Rajbhandari et al. 2020). */
export const zero3 = `${JSON.stringify(
  {
    train_batch_size: 'auto',
    train_micro_batch_size_per_gpu: 'auto',
    gradient_accumulation_steps: 'auto',
    gradient_clipping: 'auto',
    bf16: { enabled: 'auto' },
    zero_optimization: {
      stage: 3,
      overlap_comm: true,
      contiguous_gradients: true,
      reduce_bucket_size: 'auto',
      stage3_prefetch_bucket_size: 'auto',
      stage3_param_persistence_threshold: 'auto',
      stage3_gather_16bit_weights_on_model_save: true,
    },
  },
  undefined,
  2,
)}\n`

/** What `accelerate launch` is told: how many processes on how many nodes, and whether DeepSpeed spreads the weights. */
export function accelerateOf(phase: Phase): string {
  const { nodes } = phase.hardware
  const deep = spreads(phase)
  return yamlOf(
    [`processes of ${phase.hardware.gpus} x ${phase.hardware.gpu} on ${nodes} node${nodes === 1 ? '' : 's'}`],
    {
      compute_environment: 'LOCAL_MACHINE',
      distributed_type: deep ? 'DEEPSPEED' : 'MULTI_GPU',
      ...(deep
        ? {
            deepspeed_config: {
              deepspeed_config_file: 'zero3.json',
              zero3_init_flag: true,
              deepspeed_multinode_launcher: 'standard',
            },
          }
        : { mixed_precision: phase.settings.bf16 ? 'bf16' : 'no' }),
      num_machines: nodes,
      num_processes: worldOf(phase),
      machine_rank: 0,
      rdzv_backend: 'static',
      same_network: true,
      main_training_function: 'main',
    },
  )
}

/**
 * A script that is run on every node alike. It learns which node it is on and where the first one is from NODE_RANK and
 * MASTER_ADDR, or from Slurm, and hands both to the trainer.
 */
export function launchScript(command: string): string {
  return `#!/bin/sh
# Run this on every node: under Slurm by srun, else with NODE_RANK (0 on the first node) and MASTER_ADDR (its address) set.
set -eu
if [ -z "\${MASTER_ADDR:-}" ]; then
  [ -n "\${SLURM_JOB_NODELIST:-}" ] || { echo 'set MASTER_ADDR to the address of the first node' >&2; exit 2; }
  MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
fi
NODE_RANK=\${NODE_RANK:-\${SLURM_NODEID:?set NODE_RANK to the number of this node, from 0}}
MASTER_PORT=\${MASTER_PORT:-29500}
export MASTER_ADDR MASTER_PORT NODE_RANK
exec ${command}
`
}
