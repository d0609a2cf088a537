import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder } from '../../../test/support/project.ts'
import { checkpointsIn, keepBest, keptBest, lastCheckpoint, takeModel, weightsIn } from './checkpoints.ts'

const tensors = (text: string, cut = 0): Uint8Array => {
  const head = Buffer.from(JSON.stringify({ w: { dtype: 'U8', shape: [text.length], data_offsets: [0, text.length] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(head.length))
  const whole = Buffer.concat([length, head, Buffer.from(text)])
  return new Uint8Array(whole.subarray(0, whole.length - cut))
}
const state = (step: number): string => JSON.stringify({ global_step: step, max_steps: 90, log_history: [] })
const checkpoint = (step: number, more: { [file: string]: string | Uint8Array } = {}) =>
  Object.fromEntries(
    Object.entries({
      'adapter_model.safetensors': tensors(`weights of ${step}`),
      'adapter_config.json': `{"of": ${step}}`,
      'optimizer.pt': 'optimizer',
      'trainer_state.json': state(step),
      ...more,
    }).map(([file, content]) => [`out/checkpoint-${step}/${file}`, content]),
  )

test('a checkpoint without its state, with that of another step, or with weights cut off is none, and is removed', () => {
  const dir = folder({
    ...checkpoint(9),
    ...checkpoint(10),
    ...checkpoint(20, { 'trainer_state.json': state(20).slice(0, 30) }),
    ...checkpoint(30, { 'trainer_state.json': state(29) }),
    ...checkpoint(40, { 'adapter_model.safetensors': tensors('weights', 1) }),
    ...checkpoint(50, { 'adapter_model.safetensors': tensors('').subarray(0, 5) }),
    'out/checkpoint-60': 'a file',
    'out/checkpoint-best/x': '',
  })
  const { last, removed } = lastCheckpoint(join(dir, 'out'))
  expect([last!.step, removed]).toEqual([10, 4])
  expect(checkpointsIn(join(dir, 'out'))).toMatchObject({ whole: [{ step: 9 }, { step: 10 }], broken: [] })
  expect(existsSync(join(dir, 'out/checkpoint-best'))).toBe(true)
  expect(lastCheckpoint(join(dir, 'nowhere'))).toEqual({ removed: 0 })
})

test('the best model outlives its checkpoint, and takes the place of the last one without what belongs to the training', () => {
  const dir = folder({
    ...checkpoint(10),
    ...checkpoint(20),
    ...checkpoint(30),
    'out/adapter_config.json': '{"of": 99}',
  })
  const [out, kept] = [join(dir, 'out'), join(dir, 'kept')]
  keepBest(out, kept, 5)
  expect(existsSync(kept)).toBe(false)
  keepBest(out, kept, 10)
  keepBest(out, kept, 20)
  expect(keptBest(kept, 10)).toBeUndefined()
  rmSync(join(out, 'checkpoint-20'), { recursive: true })
  takeModel(keptBest(kept, 20)!, out)
  expect(readFileSync(join(out, 'adapter_config.json'), 'utf8')).toBe('{"of": 20}')
  expect(weightsIn(out)).toEqual(['adapter_model.safetensors'])
  expect(existsSync(join(out, 'optimizer.pt'))).toBe(false)
})
