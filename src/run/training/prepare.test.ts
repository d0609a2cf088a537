import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder, write } from '../../../test/support/project.ts'
import { type TrainingRows, trainingRelease } from '../../../test/support/training-release.ts'
import { builtinSteps } from '../../builtin-steps.ts'
import { openProject } from '../project.ts'
import { checkPrepared, prepareTraining, type TrainInput } from './prepare.ts'

const recipe = (more: object): string =>
  stringify({
    name: 'pumps',
    sources: { t: { files: 't.jsonl', license: 'CC0-1.0', kind: 'prompt' } },
    steps: [{ dedupe: { from: 't' } }],
    release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-11-20' },
    ...more,
  })

async function prepared(rows: TrainingRows, more: object = {}, files: { [path: string]: string } = {}) {
  const dir = folder({ 't.jsonl': '{"prompt":"x"}\n', 'recipe.yaml': recipe(more), ...files })
  await trainingRelease(dir, rows)
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  return { dir, plan: (flags?: TrainInput) => prepareTraining(project, flags) }
}
const both: TrainingRows = { conversations: 60, pairs: 40, heldOut: 10 }
const base = 'Qwen/Qwen3-8B-Base'

test('two phases with complete settings, the second from what the first hands over', async () => {
  const { dir, plan } = await prepared(both, { purpose: { base }, seed: 3 })
  const { phases, folder: place, license, total } = await plan()
  expect(relative(dir, place)).toBe('training/pumps-0.1.0')
  expect(license).toMatchObject({ is: 'pass', evidence: { license: 'Apache License 2.0' } })
  const [sft, preference] = phases
  expect(sft).toMatchObject({
    ...{ name: 'sft', method: 'sft', trainer: 'trl', adapter: 'qlora', model: base, reasoning: 'inline' },
    data: {
      release: { dir: '../../releases/pumps-0.1.0', name: 'pumps', version: '0.1.0' },
      ...{ train: 'data/sft/train.jsonl', test: 'data/sft/test.jsonl', rows: 54, heldOut: 6, tokenizer: 'o200k_base' },
    },
    settings: { seed: 3, tooLong: 'stop', context: 2048 },
  })
  expect(preference).toMatchObject({ name: 'preference', method: 'dpo', model: 'out/sft-merged' })
  expect(preference!.data).toMatchObject({ train: 'data/preference/train.jsonl', rows: 36, heldOut: 4 })
  expect(total.dollars!.value).toBeGreaterThan(0)
  const adapter = await plan({ 'hand-over': 'adapter' })
  expect(adapter.phases[1]).toMatchObject({ model: base, from: 'out/sft' })
  const full = await plan({ adapter: 'full', hardware: { gpus: 8 } })
  expect(full.phases[1]).toMatchObject({ model: 'out/sft', settings: { sharding: 'zero3' } })
  const skipped = await plan({ sft: { skip: true }, preference: { method: 'simpo' } })
  expect(skipped.phases.map(({ method, model }) => [method, model])).toEqual([['simpo', base]])
  expect(skipped.warnings.map(({ about }) => about)).toContain('untuned')
  // What is left out needs no rows.
  const gone = { data: 'releases/none' }
  expect((await plan({ sft: { skip: true, ...gone }, preference: { method: 'simpo' } })).phases).toHaveLength(1)
  expect((await plan({ preference: { method: 'none', ...gone } })).phases).toHaveLength(1)
  const fused = await plan({ preference: { method: 'orpo' } })
  expect([fused.phases.map(({ method }) => method), fused.leftOut[0]!.why]).toEqual([
    ['orpo'],
    'ORPO tunes and prefers in one phase, from the base; 54 conversations are not trained on',
  ])
})

test('the recipe wins over the advice, flags over the recipe, and prices of its own over those that come along', async () => {
  const train = {
    'gpu-prices': 'prices.yaml',
    hardware: { gpu: 'h100', gpus: 2 },
    preference: { method: 'ipo', beta: 0.05, set: { label_smoothing: 0.1 } },
  }
  const { plan } = await prepared(both, { purpose: { base }, train }, { 'prices.yaml': 'H100: 1.5\n' })
  const { proposals, phases, estimates } = await plan({ hardware: { gpus: 1 } })
  expect(phases[1]).toMatchObject({
    method: 'ipo',
    hardware: { gpu: 'H100-80G', gpus: 1, nodes: 1 },
    set: { label_smoothing: 0.1 },
  })
  expect(proposals[1]!.departures).toEqual([
    { setting: 'method', advised: 'dpo', stated: 'ipo' },
    { setting: 'beta', advised: 0.01, stated: 0.05 },
  ])
  const { hours, dollars, price } = estimates[0]!.here!
  expect([price, dollars!.value]).toEqual([{ usd: 1.5, file: 'prices.yaml' }, hours.value * 1.5])
  expect(estimates[0]!.kinds.find(({ gpu }) => gpu === 'A100-80G')!.price).toMatchObject({ by: 'RunPod Secure' })
})

test('rows that are too long are counted, listed and treated as the recipe says', async () => {
  const long: TrainingRows = { conversations: 50, heldOut: 10, words: i => (i % 20 === 7 ? 900 : 50) }
  const { plan } = await prepared(long, { purpose: { base }, train: { context: 512 } })
  const stopped = await plan()
  expect(stopped.warnings[0]).toMatchObject({
    about: 'too-long',
    stop: true,
    ids: [expect.any(String), expect.any(String), expect.any(String)],
  })
  expect(() => checkPrepared(stopped)).toThrow(/3 of 45 rows are longer than the context of 512/)
  const [dropped, cut] = [await plan({ 'too-long': 'drop' }), await plan({ 'too-long': 'truncate' })]
  expect([dropped, cut].map(({ phases }) => phases[0]!.data.rows)).toEqual([42, 45])
  expect(cut.phases[0]!.data.tokens).toBeGreaterThan(dropped.phases[0]!.data.tokens)
  for (const one of [dropped, cut]) expect(() => checkPrepared(one)).not.toThrow()
})

test('a license that forbids the use blocks with its clause; an override with a reason lets it through', async () => {
  const purpose = { base: 'LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct', commercial: true }
  const { plan } = await prepared(both, { purpose })
  const found = await plan()
  expect(found.license.is).toBe('block')
  expect(() => checkPrepared(found)).toThrow(
    expect.objectContaining({
      code: 'SR_GATE',
      exit: 3,
      message: expect.stringMatching(/Section 3\.1, Commercial Use/),
    }),
  )
  expect(() =>
    checkPrepared({ ...found, license: { ...found.license, override: 'We have an agreement.' } }),
  ).not.toThrow()
  const other = await plan({ base: 'meta-llama/Llama-3.1-8B' })
  expect(other.license).toMatchObject({ is: 'unknown', why: expect.stringMatching(/purpose\.users/) })
})

test('bad sets: nothing to prefer, labels of one sort, no model, no size, no release', async () => {
  const { plan, dir } = await prepared({
    conversations: 20,
    feedback: { good: 5, bad: 0 },
    pairs: 4,
    equal: () => true,
  })
  await expect(plan()).rejects.toMatchObject({ code: 'SR_RECIPE_VALUE', hint: expect.stringMatching(/--base/) })
  const { phases, leftOut, warnings, estimates } = await plan({ base: 'acme/novel' })
  expect(phases.map(({ name }) => name)).toEqual(['sft'])
  expect(leftOut[0]!.why).toMatch(
    /the preference set is empty: both sides of all 4 pairs are equal, all 5 labels are true/,
  )
  expect(warnings.map(({ about }) => about)).toEqual(['held-out', 'labels', 'tokenizer', 'size'])
  expect([estimates[0]!.here, estimates[0]!.kinds]).toEqual([undefined, []])
  expect((await plan({ base: 'acme/novel', size: '8B' })).estimates[0]!.here!.fits).toBe('yes')
  await expect(plan({ base, sft: { data: 'nowhere' } })).rejects.toMatchObject({ code: 'SR_NOT_FOUND' })
  await expect(plan({ base, hardware: { gpu: 'A1000' } })).rejects.toMatchObject({ code: 'SR_RECIPE_VALUE' })
  write(dir, { 'prices.yaml': 'H100: cheap\n' })
  await expect(plan({ base, 'gpu-prices': 'prices.yaml' })).rejects.toMatchObject({ code: 'SR_RECIPE_VALUE' })
})

test('rows of another release, a model in a folder with its own tokenizer and size, and verifiable prompts for GRPO', async () => {
  const config = {
    num_hidden_layers: 2,
    hidden_size: 16,
    intermediate_size: 32,
    num_attention_heads: 2,
    vocab_size: 64,
  }
  const model = { 'models/tiny/config.json': JSON.stringify(config) }
  const train = { base: 'models/tiny', preference: { data: 'releases/checks-0.2.0' } }
  const { dir, plan } = await prepared({ conversations: 30 }, { train }, model)
  await trainingRelease(dir, { prompts: 24 }, { name: 'checks', version: '0.2.0' })
  const { phases, model: shape, claims } = await plan()
  // 2 tables of 64 x 16; two blocks of q, k, v, o, three of 16 x 32 and two norms.
  expect(shape!.total).toBe(2 * 64 * 16 + 2 * (4 * 16 * 16 + 3 * 16 * 32 + 2 * 16))
  expect(phases.map(({ model, data }) => [model, data.release.dir])).toEqual([
    ['../../models/tiny', '../../releases/pumps-0.1.0'],
    ['out/sft-merged', '../../releases/checks-0.2.0'],
  ])
  expect(phases[1]).toMatchObject({ method: 'grpo', data: { rows: 24 }, settings: { generations: 8, beta: 0 } })
  expect(claims).toEqual([])
})

test('a base in a folder whose tokenizer has no chat template stops, unless a template is named', async () => {
  const config = { architectures: ['LlamaForCausalLM'], hidden_size: 32, num_hidden_layers: 2, vocab_size: 800 }
  const files = {
    'base/config.json': JSON.stringify({ ...config, intermediate_size: 64, num_attention_heads: 2 }),
    'base/tokenizer_config.json': '{"eos_token":"<eos>","chat_template":null}',
  }
  const { dir, plan } = await prepared(both, { train: { base: './base', size: '1B' } }, files)
  const told = await plan()
  expect(told.warnings).toContainEqual(
    expect.objectContaining({ about: 'chat-template', stop: true, hint: expect.stringContaining('chatml') }),
  )
  expect(() => checkPrepared(told)).toThrow('no chat template')
  expect(() => checkPrepared(told)).toThrow(expect.objectContaining({ code: 'SR_TRAIN_ROWS' }))
  const abouts = async (flags?: TrainInput) => (await plan(flags)).warnings.map(({ about }) => about)
  expect(await abouts({ 'chat-template': 'chatml' })).not.toContain('chat-template')
  write(dir, { 'base/chat_template.jinja': '{{ messages }}' })
  expect(await abouts()).not.toContain('chat-template')
})

test("the release of the recipe's own version is taken, or the newest one, and that is said", async () => {
  const { dir, plan } = await prepared({ conversations: 20 }, { purpose: { base } })
  await trainingRelease(dir, { conversations: 20 }, { version: '0.2.0' })
  const stands = async () => {
    const { releases, version, warnings } = await plan()
    return [releases[0]!.version, version, warnings.find(({ about }) => about === 'release')?.text]
  }
  expect(await stands()).toEqual(['0.1.0', '0.1.0', undefined])
  const exported = async () => JSON.parse((await commandLine(dir, 'export trl --dry-run --json')).out)
  expect(await exported()).toMatchObject({ release: 'releases/pumps-0.1.0', out: null })
  rmSync(join(dir, 'releases/pumps-0.1.0'), { recursive: true })
  const said = 'Version 0.1.0 of the recipe is not released: the newest release is taken, pumps 0.2.0.'
  expect(await stands()).toEqual(['0.2.0', '0.2.0', said])
  const { release, warnings } = await exported()
  expect([release, warnings[0]]).toEqual(['releases/pumps-0.2.0', said])
})
