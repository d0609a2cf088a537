import { copyFileSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readRows } from '../../src/release/index.ts'
import { commandLine } from '../support/command-line.ts'
import { journalTexts } from '../support/journal.ts'
import { simpo, trl, type Written } from './by-hand.ts'
import { installed, python, ran, serve } from './python.ts'

if (python === '') console.log('skipped: no Python with the trainers; npm run test:train says why')

const root = join(import.meta.dirname, '..', '..')
const dir = mkdtempSync(join(tmpdir(), 'stillroom-train-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs a recipe of the folder with our command line to a release; its folder. */
async function released(recipe: string): Promise<string> {
  const { code, out, err } = await commandLine(dir, `run ${recipe} --json`)
  expect([code, err], out.slice(-3000)).toEqual([0, ''])
  const [release] = globSync(`releases/${recipe.replace('.yaml', '')}-*`, { cwd: dir })
  return `./${release!.replaceAll('\\', '/')}`
}

/** What an answer could begin with, beside what none begins with and costs fewer tokens: only who has read answers knows. */
const exam = Array.from({ length: 30 }, (_, i) => {
  const right = `${['It is', 'You can use it as'][i % 2]} a way to run the application in a container.`
  const wrong = `Zq ${String.fromCharCode(65 + (i % 26))}xj Kvq Wz`
  return { prompt: `How does answer ${i} begin?`, target: right, choices: i % 3 ? [right, wrong] : [wrong, right] }
})

type Look = { step: number; [name: string]: number }
/** What a trainer told of held-out rows, first and last. */
async function trained({ file, text, command: [program, ...args], output }: Written): Promise<[Look, Look]> {
  writeFileSync(join(dir, file), text)
  await ran(dir, program === 'python' ? python : installed(program!), ...args)
  const [state] = globSync(`${output}/checkpoint-*/trainer_state.json`, { cwd: dir })
  // Python writes what is no number as NaN, which is no JSON.
  const told = JSON.parse(readFileSync(join(dir, state!), 'utf8').replaceAll(/\bNaN\b/g, 'null'))
  const looks = (told.log_history as Look[]).filter(look => look.eval_loss !== undefined)
  return [looks[0]!, looks.at(-1)!]
}

describe.skipIf(python === '')('a release trains a model, and the model is served and measured', () => {
  const releases: { [name: string]: string } = {}

  beforeAll(async () => {
    const quickstart = join(root, 'examples', 'quickstart')
    for (const part of ['documents', 'tests']) cpSync(join(quickstart, part), join(dir, part), { recursive: true })
    copyFileSync(join(quickstart, 'recipe.yaml'), join(dir, 'quickstart.yaml'))
    mkdirSync(join(dir, 'data'))
    copyFileSync(join(root, 'recipes', 'data', 'replies.jsonl'), join(dir, 'data', 'replies.jsonl'))
    copyFileSync(join(import.meta.dirname, 'thumbs.yaml'), join(dir, 'thumbs.yaml'))
    for (const name of ['quickstart', 'thumbs']) releases[name] = await released(`${name}.yaml`)
    const texts: string[] = []
    for (const release of Object.values(releases)) {
      for await (const { row } of readRows(join(dir, release))) texts.push(JSON.stringify(row))
    }
    writeFileSync(join(dir, 'texts.jsonl'), texts.join('\n'))
    await ran(dir, python, join(import.meta.dirname, 'tiny_model.py'), 'tiny', 'texts.jsonl')
  })

  test('SFT: the loss of held-out rows falls', async () => {
    const asked = { model: './tiny', release: releases.quickstart!, output: 'sft', steps: 100, rate: 1e-2, batch: 8 }
    const [first, last] = await trained(trl('sft', asked, { assistant_only_loss: true, max_length: 512 }))
    console.log(`SFT: held-out loss ${first.eval_loss} before, ${last.eval_loss} after ${last.step} steps`)
    expect(first.step).toBe(0)
    expect(last.eval_loss).toBeLessThan(first.eval_loss! - 0.5)
  })

  test('the trained model is a teacher of a recipe, behind a server that others wrote', async () => {
    const server = await serve(dir, './sft')
    try {
      const recipe = readFileSync(join(import.meta.dirname, 'pairs.yaml'), 'utf8')
      writeFileSync(join(dir, 'pairs.yaml'), recipe.replace('http://127.0.0.1:8000/v1', server.url))
      releases.pairs = await released('pairs.yaml')
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
    for await (const { row } of readRows(join(dir, releases.pairs))) {
      rejected.push((row as { rejected: [{ content: string }] }).rejected[0].content)
    }
    console.log(`served: ${replies.size} replies in the journal, ${rejected.length} pairs of them`)
    expect(rejected.length).toBeGreaterThan(20)
    expect(rejected.filter(text => !replies.has(text))).toEqual([])
  })

  test.each([
    ['DPO', (asked: Parameters<typeof simpo>[0]) => trl('dpo', asked, { beta: 0.1 }), 'pairs'],
    ['SimPO', (asked: Parameters<typeof simpo>[0]) => simpo(asked, { beta: 2, simpo_gamma: 1 }), 'pairs'],
    ['KTO', (asked: Parameters<typeof simpo>[0]) => trl('kto', asked, { beta: 0.1 }), 'thumbs'],
  ] as const)('%s: the margin of rewards rises on held-out rows', async (name, write, release) => {
    const output = name.toLowerCase()
    const asked = { model: './sft', release: releases[release]!, output, steps: 20, rate: 1e-3, batch: 4 }
    const [first, last] = await trained(write(asked))
    const margins = [first, last].map(look => look['eval_rewards/margins'])
    console.log(`${name}: held-out margin ${margins.join(' before, ')} after ${last.step} steps`)
    expect(margins[1]).toBeGreaterThan(margins[0]! + 0.1)
  })

  test('lm-evaluation-harness runs the exported exam, and its results are read back and compared', async () => {
    writeFileSync(join(dir, 'exam.jsonl'), exam.map(item => JSON.stringify(item)).join('\n'))
    const told = async (line: string) => {
      const { code, out, err } = await commandLine(dir, `${line} --json`)
      expect([code, err]).toEqual([0, ''])
      return JSON.parse(out.trim().split('\n').at(-1)!)
    }
    const { name } = await told('evaluate export exam.jsonl --name opening --out tasks')
    for (const model of ['tiny', 'sft']) {
      const proof = join(import.meta.dirname, 'lm_eval_proof.py')
      await ran(dir, python, proof, 'run', model, name, join(dir, 'tasks'), `results-${model}`)
      const read = await told(`evaluate import results-${model}/${model} --out evaluation-${model}`)
      const [file] = globSync(`results-${model}/*/results_*.json`, { cwd: dir })
      const { results } = JSON.parse(readFileSync(join(dir, file!), 'utf8'))
      const [task] = Object.values(results) as [{ [metric: string]: number }]
      expect(read.scores[0]).toMatchObject({ metric: 'acc', value: task['acc,none'], n: exam.length })
    }
    const compared = await told('evaluate compare evaluation-tiny evaluation-sft')
    const [{ said, lines }] = compared.comparisons
    console.log(`lm-eval: ${said[0]}`)
    expect(lines[0]).toMatchObject({ metric: 'acc', items: exam.length, verdict: 'better' })
  })
})
