import {
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readRows } from '../../src/release/index.ts'
import type { Training } from '../../src/train/index.ts'
import { commandLine } from '../support/command-line.ts'
import { journalTexts } from '../support/journal.ts'
import { offline, python, ran, serve } from './python.ts'

if (python === '') console.log('skipped: no Python with the trainers; npm run test:train says why')

const root = join(import.meta.dirname, '..', '..')
const dir = mkdtempSync(join(tmpdir(), 'stillroom-train-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** The trainers are found as they would be by somebody who has activated their environment. */
const env = () => ({ ...offline(dir), PATH: `${dirname(python)}${delimiter}${process.env.PATH}` })

/** Runs our command line in the folder; what `--json` gives at its end. */
async function told(line: string): Promise<any> {
  const { code, out, err } = await commandLine(dir, `${line} --json`, { env: env() as { [name: string]: string } })
  expect([code, err], out.slice(-3000)).toEqual([0, ''])
  return JSON.parse(out.trim().split('\n').at(-1)!)
}

/** Runs a recipe of the folder to a release; its path. */
async function released(recipe: string): Promise<string> {
  await told(`run ${recipe}`)
  const [release] = globSync(`releases/${recipe.replace('.yaml', '')}-*`, { cwd: dir })
  return release!.replaceAll('\\', '/')
}

/** What an answer could begin with, beside what none begins with and costs fewer tokens: only who has read answers knows. */
const openings = Array.from({ length: 30 }, (_, i) => {
  const right = `${['It is', 'You can use it as'][i % 2]} a way to run the application in a container.`
  const wrong = `Zq ${String.fromCharCode(65 + (i % 26))}xj Kvq Wz`
  return { prompt: `How does answer ${i} begin?`, target: right, choices: i % 3 ? [right, wrong] : [wrong, right] }
})

const likeness = { kind: 'text', metrics: ['char_f1'] }

/** Settings that suit a model that knows nothing, on a CPU. */
const phase = (steps: number, rate: number, batch: number) => ({
  ...{ 'max-steps': steps, 'learning-rate': rate, batch, 'micro-batch': batch, 'eval-steps': steps / 4 },
  set: { use_cpu: true, bf16: false, dtype: 'float32', gradient_checkpointing: false, eval_on_start: true },
})
const training = { trainer: 'trl', adapter: 'full', context: 1024, 'too-long': 'drop' }

type Look = { step: number; eval_loss: number; 'eval_rewards/margins': number }

/**
 * Writes the training of a recipe, with this block in place of its own, and runs it; what the trainer told of held-out rows
 * in its last phase, first and last.
 */
async function trained(recipe: string, block: object): Promise<{ first: Look; last: Look; folder: string }> {
  const file = join(dir, recipe)
  const own = readFileSync(file, 'utf8').replace(/^train:\n[\s\S]*/m, '')
  writeFileSync(file, own + stringify({ train: { ...training, ...block } }))
  const { folder } = await told(`train write ${recipe}`)
  await told(`train run ${folder} --unsettled`)
  const phases = readdirSync(join(dir, folder, 'out')).filter(name => /^(?:sft|preference)$/.test(name))
  const output = join(folder, 'out', phases.includes('preference') ? 'preference' : 'sft')
  const states = globSync(`${output}/checkpoint-*/trainer_state.json`, { cwd: dir })
    // Python writes what is no number as NaN, which is no JSON.
    .map(path => JSON.parse(readFileSync(join(dir, path), 'utf8').replaceAll(/\bNaN\b/g, 'null')))
    .sort((a, b) => a.global_step - b.global_step)
  // These rows and no others: `datasets` remembers what it has read before.
  const { phases: written } = JSON.parse(readFileSync(join(dir, folder, 'training.json'), 'utf8')) as Training
  const { data, settings } = written.at(-1)!.phase
  expect(states.at(-1).epoch).toBeCloseTo(settings.maxSteps! / Math.ceil(data.rows / settings.microBatch), 1)
  const looks = (states.at(-1).log_history as Look[]).filter(look => look.eval_loss !== undefined)
  return { first: looks[0]!, last: looks.at(-1)!, folder }
}

describe.skipIf(python === '')('a release trains a model, and the model is served and measured', () => {
  beforeAll(async () => {
    const quickstart = join(root, 'examples', 'quickstart')
    for (const part of ['documents', 'tests']) cpSync(join(quickstart, part), join(dir, part), { recursive: true })
    copyFileSync(join(quickstart, 'recipe.yaml'), join(dir, 'quickstart.yaml'))
    mkdirSync(join(dir, 'data'))
    copyFileSync(join(root, 'recipes', 'data', 'replies.jsonl'), join(dir, 'data', 'replies.jsonl'))
    for (const name of ['thumbs.yaml', 'pairs.yaml', 'exam.yaml'])
      copyFileSync(join(import.meta.dirname, name), join(dir, name))
    const texts: string[] = []
    const items: string[] = []
    for (const name of ['quickstart', 'thumbs']) {
      for await (const { config, row } of readRows(join(dir, await released(`${name}.yaml`)))) {
        texts.push(JSON.stringify(row))
        if (config !== 'sft') continue
        const [asked, answer] = row.messages as { content: string }[]
        items.push(JSON.stringify({ prompt: asked!.content, target: answer!.content, verifier: likeness }))
      }
    }
    writeFileSync(join(dir, 'texts.jsonl'), texts.join('\n'))
    writeFileSync(join(dir, 'exam.jsonl'), items.slice(0, 30).join('\n'))
    await ran(dir, python, join(import.meta.dirname, 'tiny_model.py'), 'tiny', 'texts.jsonl')
  })

  test('train write, train run: the loss of held-out rows falls, and the exam is taken before and after', async () => {
    const { first, last, folder } = await trained('quickstart.yaml', {
      base: './tiny',
      sft: phase(100, 1e-2, 8),
      preference: { method: 'none' },
      serve: 'transformers serve {model} --host 127.0.0.1 --port {port} --device cpu',
      evaluate: { recipe: 'exam.yaml' },
    })
    console.log(`SFT: held-out loss ${first.eval_loss} before, ${last.eval_loss} after ${last.step} steps`)
    expect([first.step, last.step]).toEqual([0, 100])
    expect(last.eval_loss).toBeLessThan(first.eval_loss - 0.5)
    const { evaluations } = JSON.parse(readFileSync(join(dir, folder, 'run', 'state.json'), 'utf8'))
    const compared = await told(`evaluate compare ${folder}/${evaluations.baseline} ${folder}/${evaluations.trained}`)
    const [{ said, lines }] = compared.comparisons
    console.log(`exam: ${said.join(' ')}`)
    expect(lines).toMatchObject([{ task: 'exam', metric: 'char_f1', items: 30, unmatched: 0 }])
  })

  test('the trained model is a teacher of a recipe, behind a server that others wrote', async () => {
    cpSync(join(dir, 'training', 'quickstart-0.1.0', 'out', 'sft'), join(dir, 'sft'), { recursive: true })
    const server = await serve(dir, './sft')
    let release: string
    try {
      const recipe = readFileSync(join(dir, 'pairs.yaml'), 'utf8')
      writeFileSync(join(dir, 'pairs.yaml'), recipe.replace('http://127.0.0.1:8000/v1', server.url))
      release = await released('pairs.yaml')
    } finally {
      await server.stop()
    }
    const replies = new Set(
      [...journalTexts(dir).values()].flatMap(text => {
        if (!text.startsWith('{')) return []
        const { served, content } = JSON.parse(text) as { served?: string; content?: string }
        return served?.startsWith('./sft') ? [content?.trim()] : []
      }),
    )
    const rejected: string[] = []
    for await (const { row } of readRows(join(dir, release))) {
      rejected.push((row as { rejected: [{ content: string }] }).rejected[0].content)
    }
    console.log(`served: ${replies.size} replies in the journal, ${rejected.length} pairs of them`)
    expect(rejected.length).toBeGreaterThan(10)
    expect(rejected.filter(text => !replies.has(text))).toEqual([])
  })

  const tuned = { base: './sft', sft: { skip: true } }
  const pairs = { data: 'releases/pairs-0.1.0', ...phase(20, 1e-3, 4) }
  test.each<[string, string, object]>([
    // Phase two of the training above: what phase one left is found again.
    ['DPO', 'quickstart.yaml', { base: './tiny', sft: phase(100, 1e-2, 8), preference: { ...pairs, method: 'dpo' } }],
    ['SimPO', 'pairs.yaml', { ...tuned, adapter: 'lora', preference: { ...phase(20, 1e-2, 4), method: 'simpo' } }],
    ['KTO', 'thumbs.yaml', { ...tuned, preference: { ...phase(20, 1e-3, 4), method: 'kto' } }],
  ])('%s: the margin of rewards rises on held-out rows', async (name, recipe, block) => {
    const { first, last } = await trained(recipe, block)
    const margins = [first, last].map(look => look['eval_rewards/margins'])
    console.log(`${name}: held-out margin ${margins.join(' before, ')} after ${last.step} steps`)
    expect([first.step, last.step]).toEqual([0, 20])
    expect(margins[1]).toBeGreaterThan(margins[0]! + 0.1)
  })

  test('lm-evaluation-harness runs the exported exam, and its results are read back and compared', async () => {
    writeFileSync(join(dir, 'openings.jsonl'), openings.map(item => JSON.stringify(item)).join('\n'))
    const { name } = await told('evaluate export openings.jsonl --name openings --out tasks')
    for (const model of ['tiny', 'sft']) {
      const proof = join(import.meta.dirname, 'lm_eval_proof.py')
      await ran(dir, python, proof, 'run', model, name, join(dir, 'tasks'), `results-${model}`)
      const read = await told(`evaluate import results-${model}/${model} --out evaluation-${model}`)
      const [file] = globSync(`results-${model}/*/results_*.json`, { cwd: dir })
      const { results } = JSON.parse(readFileSync(join(dir, file!), 'utf8'))
      const [task] = Object.values(results) as [{ [metric: string]: number }]
      expect(read.scores[0]).toMatchObject({ metric: 'acc', value: task['acc,none'], n: openings.length })
    }
    const [{ said, lines }] = (await told('evaluate compare evaluation-tiny evaluation-sft')).comparisons
    console.log(`lm-eval: ${said[0]}`)
    expect(lines[0]).toMatchObject({ metric: 'acc', items: openings.length, verdict: 'better' })
  })
})
