import { z } from 'zod'
import { nameOf } from './name.ts'

const count = () => z.int().positive()
const rate = () => z.number().positive()

/** What both phases of a training may say; whatever is left out the advisor fills in, with its reason. */
const phase = {
  data: z
    .string()
    .min(1)
    .optional()
    .describe('Release that the rows come from, as a folder; default the release of this recipe'),
  'learning-rate': rate().optional().describe('Peak learning rate'),
  epochs: rate().optional().describe('Passes over the rows'),
  'max-steps': count().optional().describe('Optimizer steps, instead of epochs'),
  batch: count().optional().describe('Rows of one optimizer step, over all GPUs'),
  'micro-batch': count().optional().describe('Rows that one GPU works on at a time'),
  'eval-steps': count().optional().describe('Optimizer steps between two looks at the held-out rows'),
  set: z
    .record(z.string(), z.json())
    .optional()
    .describe('Further keys of the trainer itself, as its files have them; each is checked against its list'),
}

/** Methods of preference training that a phase can be written for. */
export const preferenceMethods = ['dpo', 'ipo', 'kto', 'simpo', 'orpo', 'grpo'] as const
export const trainers = ['trl', 'axolotl', 'llama-factory', 'unsloth'] as const

/** What `train:` of a recipe says: the model to be, how it is trained, where, and what is done with it afterwards. */
export const trainConfig = z
  .strictObject({
    base: z.string().min(1).optional().describe('Model or folder that training begins from; default `purpose.base`'),
    size: z
      .string()
      .regex(/^\d+(\.\d+)?[BM](-A\d+(\.\d+)?B)?$/i, 'a size such as 8B, 360M or 30B-A3B')
      .optional()
      .describe('Parameters of `base` where neither its name nor its folder says it: 8B, 30B-A3B'),
    trainer: z.enum(trainers).default('trl').describe('Trainer that the configs are written for'),
    adapter: z
      .enum(['lora', 'qlora', 'full'])
      .default('qlora')
      .describe('Low-rank adapters beside the weights, the same over 4-bit weights, or all weights'),
    rank: count().optional().describe('Rank of the adapters'),
    alpha: count().optional().describe('Scale of the adapters'),
    context: count().default(2048).describe('Tokens of the longest row that is trained on'),
    'too-long': z
      .enum(['drop', 'truncate', 'stop'])
      .default('stop')
      .describe('What becomes of longer rows: they are counted and listed in each case; stop writes nothing'),
    'chat-template': z
      .string()
      .min(1)
      .optional()
      .describe('Name of a chat template, or a file of one, where the tokenizer has none'),
    reasoning: z
      .enum(['separate', 'inline', 'drop'])
      .default('inline')
      .describe('Reasoning in a field of its own, as <think> within the answer, or left out'),
    hardware: z
      .strictObject({
        gpu: z.string().min(1).default('A100-80G').describe('Kind of GPU, as `stillroom train plan` lists them'),
        gpus: count().default(1).describe('GPUs of one node'),
        nodes: count().default(1).describe('Nodes'),
      })
      .prefault({})
      .describe('What it runs on'),
    'gpu-prices': z
      .string()
      .min(1)
      .optional()
      .describe('Path of a YAML or JSON file with dollars an hour by kind of GPU; counts before those that come along'),
    sft: z
      .strictObject({
        ...phase,
        skip: z.boolean().default(false).describe('Leave the phase out: `base` is tuned already'),
      })
      .prefault({})
      .describe('Phase one: supervised fine-tuning'),
    preference: z
      .strictObject({
        ...phase,
        method: z
          .enum(['auto', 'none', ...preferenceMethods])
          .default('auto')
          .describe('Method of phase two; auto takes what the advisor proposes, none leaves the phase out'),
        beta: rate()
          .optional()
          .describe('Strength of the pull towards the reference (SimPO: scale of the margin; ORPO: lambda)'),
        gamma: z.number().min(0).optional().describe('Of SimPO: the margin, absolute, not as a share of beta'),
      })
      .prefault({})
      .describe('Phase two: preference training, a run of its own'),
    settle: z
      .strictObject({
        patience: count().default(3).describe('Looks at the held-out loss in a row without a better one'),
        'min-delta': z
          .number()
          .min(0)
          .default(0.001)
          .describe('Least share by which a loss must fall to count as better'),
      })
      .prefault({})
      .describe('When the held-out loss of phase one has settled, so that phase two may begin'),
    'hand-over': z
      .enum(['merged', 'adapter'])
      .default('merged')
      .describe('Phase two begins from merged weights, or goes on with the adapter of phase one'),
    track: z
      .strictObject({
        wandb: z.string().min(1).optional().describe('Project of Weights & Biases that the trainer itself writes to'),
        mlflow: z
          .strictObject({
            uri: z
              .url({ protocol: /^https?$/ })
              .refine(
                uri => !/^\w+:\/\/[^/]*@/.test(uri),
                'a name and a password belong into MLFLOW_TRACKING_USERNAME and _PASSWORD',
              )
              .describe('Tracking server'),
            experiment: z.string().min(1).describe('Name of the experiment'),
          })
          .optional()
          .describe('MLflow server that figures are sent to over its REST API'),
      })
      .prefault({})
      .describe('Experiment tracking'),
    launch: z
      .string()
      .includes('{command}')
      .optional()
      .describe('Command that starts the trainer, with {command} for it: srun --nodes 2 {command}'),
    serve: z
      .string()
      .includes('{model}')
      .includes('{port}')
      .optional()
      .describe('Command that serves the trained model as OpenAI does: vllm serve {model} --port {port}'),
    evaluate: z
      .strictObject({
        recipe: z.string().min(1).describe('Recipe of the evaluation'),
        student: nameOf.default('student').describe('Teacher of that recipe that stands for the trained model'),
        baseline: z
          .string()
          .min(1)
          .optional()
          .describe('What the base model scored: a folder that `stillroom evaluate` wrote'),
      })
      .optional()
      .describe('Evaluation of the served model'),
  })
  .describe('How a model is trained on the release: `stillroom train plan`, `write` and `run`')
export type TrainConfig = z.output<typeof trainConfig>
