import { readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'
import { serving, trainingFolder } from '../../../test/support/training-folder.ts'
import { lineText, sparkline } from '../training-text.ts'

const env = process.env as Record<string, string>
const recipe = `name: ferries
purpose: { base: Qwen/Qwen3-8B-Base, commercial: true }
sources: { notes: { files: notes/*.md, license: cc0-1.0 } }
steps: [{ extract: { from: notes } }]
release: { version: 0.1.0, license: cc0-1.0, date: 2026-01-01 }
`

test('a training of a recipe is run, told line by line, and its standing told later', async () => {
  const dir = folder({ 'recipe.yaml': recipe, 'training/other': '' })
  const none = await commandLine(dir, 'train run')
  expect([none.code, none.err]).toEqual([
    2,
    expect.stringMatching(/training\/ferries-0\.1\.0[\s\S]*stillroom train write/),
  ])

  const made = trainingFolder({ sft: { maxSteps: 24 }, preference: { maxSteps: 20 }, training: { recipe: '../..' } })
  renameSync(made, join(dir, 'training/ferries-0.1.0'))
  const fresh = await commandLine(dir, 'train status')
  expect(fresh.out).toContain('Phase sft (sft): not begun')
  expect(fresh.out).toContain('Next: stillroom train run training/ferries-0.1.0')

  const held = await commandLine(dir, 'train run --json', { env })
  const lines = held.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(held.code).toBe(5)
  expect(lines[0]).toMatchObject({ event: 'training-started', phases: ['sft', 'preference'] })
  expect(lines[1]).toMatchObject({ event: 'phase-started', log: 'training/ferries-0.1.0/run/sft.log' })
  expect(lines.at(-1)).toMatchObject({ error: { code: 'SR_UNSETTLED' }, exit: 5 })

  const ran = await commandLine(dir, 'train run --unsettled', { env })
  expect([ran.code, ran.err]).toEqual([0, ''])
  expect(ran.out).toContain(
    'The held-out loss of phase sft has not settled within its 24 steps. Phase two begins all the',
  )
  expect(ran.out).toMatch(/^ {2}margin +▁[▂-█]+█ +0\.\d+ +0\.\d+ +\d\.\d+$/m)
  expect(ran.out).toContain('Phase sft (sft): 24 of 24 steps, not settled, out/sft-merged')
  expect(ran.out).toContain('Model: training/ferries-0.1.0/out/preference-merged')
  expect(ran.out).toContain('- Keep the license and its notices with the weights.')
  const status = await commandLine(dir, 'train status training/ferries-0.1.0 --json')
  const { state, curves, next, folder: shown } = JSON.parse(status.out)
  expect(shown).toBe('training/ferries-0.1.0')
  expect([state.phases.preference.is, curves.sft.at(-1).step, next]).toEqual(['handed-over', 24, 'nothing is open'])
})

test('without a recipe the purpose that the training was written for counts', async () => {
  const base = 'LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct'
  const dir = trainingFolder({ training: { base, purpose: { commercial: true } } })
  const { code, err } = await commandLine(dir, 'train run .', { env })
  expect([code, err]).toEqual([3, expect.stringContaining('Commercial Use')])
})

test('the base and what came out of it are served and sit the same exam', async () => {
  const item = (question: string) => ({ question, choices: ['pier 1', 'pier 2'], answer: 0 })
  const dir = folder({
    'exam.yaml': `name: piers
use: eval-set
teachers: { student: { model: simulate/student, temperature: 0 } }
sources: { choices: { files: exam.jsonl, license: cc0-1.0, exam: multiple-choice } }
steps: [{ sit: { from: choices, teacher: student } }, grade]
`,
    'exam.jsonl': ['Where is the ferry?', 'Where is the pilot?']
      .map(text => `${JSON.stringify(item(text))}\n`)
      .join(''),
  })
  const evaluate = { recipe: 'exam.yaml', student: 'student' }
  const training = { recipe: '..', serve: serving, evaluate }
  renameSync(trainingFolder({ sft: { maxSteps: 16 }, preference: null, training }), join(dir, 'training'))
  const { code, out, err } = await commandLine(dir, 'train run training', { env })
  expect([code, err]).toEqual([0, ''])
  const paths = [...out.matchAll(/^Evaluation of the (?:baseline|trained) model: (.+)$/gm)].map(([, path]) => path!)
  const scores = paths.map(path => JSON.parse(readFileSync(join(dir, path, 'evaluation.json'), 'utf8')).scores[0])
  expect(scores.map(({ value, n }) => [value, n])).toEqual([
    [0, 2],
    [1, 2],
  ])
  expect(out).toContain('Too few items to tell: choices accuracy.')
  expect(out).toMatch(/choices +accuracy +2 +0\.0 % +100\.0 % +\+100\.0 .* too few items/)
  expect(out).toContain(`In full: stillroom evaluate compare ${paths.join(' ')}`)
  const { comparison } = JSON.parse(readFileSync(join(dir, 'training/model.json'), 'utf8'))
  expect(comparison.lines).toMatchObject([{ items: 2, difference: 1, gained: 2, lost: 0, verdict: 'too few items' }])
  // What was told stays told, though an evaluation is gone; that is no failure either.
  rmSync(join(dir, paths[0]!), { recursive: true })
  const again = JSON.parse(
    (await commandLine(dir, 'train run training --json', { env })).out.trim().split('\n').at(-1)!,
  )
  expect([again.exit, again.model.comparison]).toEqual([0, comparison])
})

test('curves are drawn within their width, and one line tells where a phase is', () => {
  expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 20)).toBe('▁▂▃▄▅▆▇█')
  expect(sparkline([1, 1, 8, 8], 2)).toBe('▁█')
  expect(sparkline([2, 2], 5)).toBe('▄▄')
  const line = {
    phase: 'sft',
    began: 0,
    first: { step: 110, at: 40_000 },
    step: 150,
    of: 400,
    losses: [2, 1],
    heldOut: null,
  }
  expect(lineText(line, 60_000, (_, text) => text)).toBe(
    'sft 150/400 steps · loss 1 █▁ · held-out no number · 1 min 00 s · about 2 min 05 s left',
  )
})
