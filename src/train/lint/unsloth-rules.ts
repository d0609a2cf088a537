import { conflict, isValues, type Remark, type Values } from './finding.ts'
import { methodRules, transformersRules } from './trainer-rules.ts'

/** Of the configs that `unsloth.py` reads: settings of the trainer stand below `train`. */
export function unslothRules(command: string, c: Values): Remark[] {
  const out: Remark[] = []
  const load = isValues(c.from_pretrained) ? c.from_pretrained : {}
  const train = isValues(c.train) ? c.train : {}
  const adapters = isValues(c.get_peft_model)
  const low = load.load_in_4bit === true || load.load_in_8bit === true
  if (load.model_name === undefined)
    out.push(conflict('from_pretrained', 'the model is missing', { expected: 'model_name' }))
  if (!isValues(c.data) || c.data.train === undefined)
    out.push(conflict([], 'no rows are named', { expected: 'data: {train: ...}' }))
  if (low && load.full_finetuning === true) {
    out.push(conflict(['from_pretrained', 'full_finetuning'], 'weights of few bits cannot be trained themselves'))
  }
  if (adapters && load.full_finetuning === true) {
    out.push(conflict('get_peft_model', 'full_finetuning trains all weights, and get_peft_model adapters beside them'))
  }
  if (load.load_in_4bit === undefined) {
    out.push(
      conflict('from_pretrained', 'without load_in_4bit weights are of 4 bits, which is easily missed', {
        expected: 'load_in_4bit: true or false',
      }),
    )
  }
  const looks = train.eval_strategy !== undefined && train.eval_strategy !== 'no'
  if (looks && (!isValues(c.data) || c.data.test === undefined)) {
    out.push(
      conflict(['train', 'eval_strategy'], 'nothing is held out to evaluate on', { expected: 'data: {test: ...}' }),
    )
  }
  const inner = [...transformersRules(train), ...methodRules(command, { use_peft: adapters, ...train }, 1)]
  return [...out, ...inner.map(remark => ({ ...remark, path: ['train', ...remark.path] }))]
}
