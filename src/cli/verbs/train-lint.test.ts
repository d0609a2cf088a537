import { expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'

const snippet = `base_model: m
learning_rate: 1.0e-6
sequence_len: 2048
micro_batch_size: 1
gradient_accumulation_steps: 8
datasets:
  - {path: pairs.jsonl, type: chat_template.default}
rl: simpo
simpo_beta: 2.0
simpo_gamma: 1.0
cpo_alpha: 0.0
`

test('a config with errors ends with 2, and each is told with its place and the right spelling', async () => {
  const dir = folder({ 'simpo.yaml': snippet, 'right.yaml': snippet.replace('simpo_beta', 'rl_beta') })
  const wrong = await commandLine(dir, 'train lint simpo.yaml')
  expect(wrong.code).toBe(2)
  expect(wrong.out).toContain('error  simpo.yaml:9:1  SR_TRAIN_KEY  `simpo_beta`')
  expect(wrong.out).toContain('  hint      write rl_beta for axolotl')
  expect(wrong.out).toMatch(/simpo\.yaml: 2 errors, 0 warnings, held against axolotl 0\.18\.0/)
  const { code, out } = await commandLine(dir, 'train lint right.yaml --json')
  expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, trainer: 'axolotl', errors: 0, findings: [] })
})

test('what is no trainer, no command and no file is named', async () => {
  const dir = folder({
    'sft.yaml': 'model_name_or_path: m\ndtype: bfloat16\ndataset_name: d\n',
    'broken.yaml': 'a: [1\n',
  })
  expect(await commandLine(dir, 'train lint sft.yaml --trainer axolotle')).toMatchObject({
    code: 2,
    err: expect.stringContaining('did you mean `axolotl`'),
  })
  expect(await commandLine(dir, 'train lint sft.yaml --command orpo')).toMatchObject({
    code: 2,
    out: expect.stringContaining('ORPOTrainer'),
  })
  // Of a file that cannot be read nobody knows the command.
  expect((await commandLine(dir, 'train lint broken.yaml')).out.trim()).toMatch(/accelerate [\d.]+$/)
  expect(await commandLine(dir, 'train lint none.yaml')).toMatchObject({
    code: 2,
    err: expect.stringContaining('no file none.yaml'),
  })
})
