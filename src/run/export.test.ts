import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { commandLine } from '../../test/support/command-line.ts'
import { handmadeInput, handmadeRecords, record } from '../../test/support/handmade-release.ts'
import { checkFrontMatter } from '../release/front-matter.ts'
import { writeRelease } from '../release/index.ts'
import { releaseExports, removeExport } from './erase/release-exports.ts'
import { exportForPhase, exportRelease, newestRelease } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-run-export-'))
const release = join(folder, 'releases', 'pumps-0.1.0')
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(async () => {
  const { rows, all } = handmadeRecords()
  const pairs = ['train', 'validation', 'test'].map(split =>
    record(
      `pair ${split}`,
      {
        kind: 'preference',
        prompt: [{ role: 'user', content: split }],
        chosen: [{ role: 'assistant', content: 'A' }],
        rejected: [{ role: 'assistant', content: 'B' }],
      },
      {},
      { facets: { split } },
    ),
  )
  const made = { rows: [...rows, ...pairs], all: [...all, ...pairs] }
  await writeRelease(handmadeInput(made), release)
  await writeRelease(handmadeInput(made, { version: '0.10.0' }), join(folder, 'releases', 'pumps-0.10.0'))
  await writeRelease(handmadeInput(made, { version: '0.10.0-rc.1' }), join(folder, 'releases', 'pumps-0.10.0-rc.1'))
  await writeRelease(handmadeInput(made, { version: '0.9.0' }), join(folder, 'releases', 'pumps-0.9.0'))
})
const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))

test('the rows of a phase: train and held out, with what a training has to know of them', async () => {
  const out = join(folder, 'training')
  const { data, type, leftOut } = await exportForPhase({ release, method: 'sft', trainer: 'trl', out, context: 2048 })
  expect(type).toBe('prompt-completion')
  expect(data).toMatchObject({
    release: { dir: '../releases/pumps-0.1.0', name: 'pumps', version: '0.1.0' },
    ...{ train: 'data/sft/train.jsonl', test: 'data/sft/test.jsonl', rows: 2, heldOut: 1, tokenizer: 'o200k_base' },
  })
  expect(data.tokens).toBeGreaterThan(20)
  expect(leftOut).toEqual({})
  const rows = lines(join(out, data.train))
  expect(rows[0].completion[0].content).toBe('<think>\nThe guide says 80 °C.\n</think>\n\nAt 80 °C.')
  const dpo = await exportForPhase({ release, method: 'dpo', trainer: 'llama-factory', out })
  // What was cut off for the end is not looked at while there is another part.
  expect(lines(join(out, dpo.data.test!))[0].conversations[0].value).toBe('validation')
  expect(Object.keys(JSON.parse(readFileSync(join(out, 'data/preference/dataset_info.json'), 'utf8')))).toEqual([
    'train',
    'test',
  ])
  const kto = await exportForPhase({ release, method: 'kto', trainer: 'axolotl', out })
  expect(kto.warnings.join()).toContain('made of preference rows')
  expect(lines(join(out, kto.data.train)).map(({ prompt, completion, label }) => [prompt, completion, label])).toEqual([
    ['train', 'A', true],
    ['train', 'B', false],
  ])
  // Nothing of the export before it is left beside it.
  expect(readdirSync(join(out, 'data/preference')).sort()).toEqual(['export.json', 'test.jsonl', 'train.jsonl'])
})

test('GRPO learns from the kind whose answers can be checked, whatever else the release holds', async () => {
  const asked = [{ role: 'user' as const, content: 'How many pumps?' }]
  const verifier = { kind: 'number' }
  const rows = [
    record('open', { kind: 'prompt', messages: asked, reference: 'many' }, {}),
    record(
      'checked',
      { kind: 'conversation', messages: [...asked, { role: 'assistant', content: '3' }], reference: '3', verifier },
      {},
    ),
  ]
  const dir = join(folder, 'releases', 'mixed-0.1.0')
  await writeRelease(handmadeInput({ rows, all: rows }, { name: 'mixed' }), dir)
  const { data } = await exportForPhase({ release: dir, method: 'grpo', trainer: 'trl', out: join(folder, 'grpo') })
  expect(lines(join(folder, 'grpo', data.train)).map(({ task }) => task)).toEqual(['number'])
})

test('a repository for the Hub has a card that the Hub knows, a config for each way to train, and the same bytes again', async () => {
  const out = join(folder, 'hub')
  const { origin, files } = await exportRelease({ release, target: 'hub', out })
  const readme = readFileSync(join(out, 'README.md'), 'utf8')
  const front = parse(/^---\n([\s\S]*?)\n---/.exec(readme)![1]!)
  expect(checkFrontMatter(front)).toEqual([])
  expect(front.configs.map((config: { config_name: string }) => config.config_name)).toEqual(['sft', 'dpo'])
  expect(readme).toContain(origin.manifest)
  expect(files).toContain('data/dpo/validation-00000-of-00001.jsonl')
  const again = await exportRelease({ release, target: 'hub', out: join(folder, 'hub-2') })
  for (const path of again.files)
    expect(readFileSync(join(folder, 'hub-2', path)).equals(readFileSync(join(out, path)))).toBe(true)
})

test('the newest release counts versions as numbers, and what is made before a version as older', () => {
  expect(newestRelease(join(folder, 'releases'), 'pumps')).toBe(join(folder, 'releases', 'pumps-0.10.0'))
  expect(newestRelease(join(folder, 'releases'), 'other')).toBeUndefined()
})

test('an erasure finds exports of the releases it withdraws, and leaves what is not of them', () => {
  const exports = join(folder, 'exports')
  cpSync(join(folder, 'hub'), join(exports, 'pumps-0.1.0-hub'), { recursive: true })
  mkdirSync(join(exports, 'mine'))
  writeFileSync(join(exports, 'pumps-0.1.0-hub', 'notes.txt'), 'mine')
  writeFileSync(join(exports, 'mine', 'export.json'), '{"mine": true}')
  const place = { releases: join(folder, 'releases') } as never
  const found = releaseExports(place, new Set(['pumps-0.1.0']))
  expect(found).toEqual(['exports/pumps-0.1.0-hub'])
  expect(releaseExports(place, new Set(['pumps-0.9.0']))).toEqual([])
  for (const name of found) removeExport(place, name)
  const left = readdirSync(join(exports, 'pumps-0.1.0-hub'), { recursive: true, withFileTypes: true })
  expect(left.filter(entry => entry.isFile()).map(entry => entry.name)).toEqual(['notes.txt'])
})

test('the command says what it wrote, what it left out and why, and writes nothing when it only tells', async () => {
  const told = await commandLine(folder, `export openai ${release} --dry-run`)
  expect(told.code).toBe(0)
  expect(told.out).toContain('would lie in exports/pumps-0.1.0-openai')
  expect(existsSync(join(folder, 'exports', 'pumps-0.1.0-openai'))).toBe(false)
  const cut = await commandLine(folder, `export trl ${release} --type sft --context 30 --too-long drop --json`)
  expect(JSON.parse(cut.out)).toMatchObject({ leftOut: { 'too-long': 1 }, tokenizer: 'o200k_base' })
  expect(JSON.parse(readFileSync(join(folder, 'exports/pumps-0.1.0-trl-sft/export.json'), 'utf8'))).toMatchObject({
    ...{ format: 1, target: 'trl', rows: 2, leftOut: { 'too-long': 1 } },
    release: { name: 'pumps', version: '0.1.0' },
    options: { type: 'sft', context: 30, tooLong: 'drop' },
  })
  const wrong = async (line: string) => (await commandLine(folder, line)).err
  expect(await wrong('export parquet --type sft')).toContain('takes no --type')
  expect(await wrong(`export trl ${release} --step judge`)).toContain('takes no --step')
  expect(await wrong('export tlr')).toContain('for training trl, axolotl')
  expect(await wrong(`export trl ${release} --reasoning loud`)).toContain('separate, thinking, inline, drop')
  expect(await wrong('export trl nowhere')).toContain('There is no release')
  expect(await wrong(`export kto ${release}`)).toContain('--type unpaired')
})
