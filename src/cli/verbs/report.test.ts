import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'

const csv = new URL('../../../test/fixtures/meanings/banking77.20x50.csv', import.meta.url)
const questions = readFileSync(csv, 'utf8')
  .split('\n')
  .slice(1)
  .filter(line => line.includes(','))
  .map(line => line.slice(0, line.lastIndexOf(',')).replace(/^"|"$/g, ''))
const jsonl = (texts: string[]) => texts.map(prompt => JSON.stringify({ prompt })).join('\n')
const real = questions.filter((_, i) => i % 5 < 2)
const like = questions.filter((_, i) => i % 5 === 2)

test('files beside real ones: the page holds every figure and nothing from elsewhere; markup in rows stays text', async () => {
  const unlike = like.map(text => `Certainly! <script>alert(1)</script> ${text}`)
  const dir = folder({ 'real.jsonl': jsonl(real), 'like.jsonl': jsonl(like), 'unlike.jsonl': jsonl(unlike) })
  const told = async (file: string) => {
    const { code, out, err } = await commandLine(dir, `report ${file} --real real.jsonl --out ${file}.html --json`)
    expect([code, err]).toEqual([0, ''])
    return JSON.parse(out.trim().split('\n').at(-1)!)
  }
  const grades = ({ figures }: { figures: { measure: string; grade: string }[] }) =>
    Object.fromEntries(figures.map(figure => [figure.measure, figure.grade]))
  const [same, other] = [await told('like.jsonl'), await told('unlike.jsonl')]
  expect(same).toMatchObject({ of: 'prompt', real: { n: 400 }, other: { n: 200 } })
  expect(Object.values(grades(same))).not.toContain('fail')
  expect(grades(other)).toMatchObject({ coverage: 'pass', 'self-repetition': 'fail', words: 'insufficient sample' })
  expect(other.habits.map((one: { habit: string }) => one.habit)).toContain('certainly')
  const page = readFileSync(join(dir, 'unlike.jsonl.html'), 'utf8')
  for (const { measure } of other.figures) expect(page).toContain(`<b>${measure}</b>`)
  expect(page).not.toMatch(/<script|https?:\/\/|<link|@import|src=/)
  expect(JSON.parse(readFileSync(join(dir, 'unlike.jsonl.json'), 'utf8')).figures).toEqual(other.figures)
})

test('rows of a run beside a source of its recipe; without real rows it says what to name', async () => {
  const dir = folder({ 'real.jsonl': jsonl(real), 'other.jsonl': jsonl(like) })
  const source = (file: string, origin: string) =>
    `{ files: ${file}, license: CC-BY-4.0, kind: prompt, origin: ${origin} }`
  writeFileSync(
    join(dir, 'recipe.yaml'),
    `name: bank\nsources:\n  tickets: ${source('real.jsonl', 'real')}\n  made: ${source('other.jsonl', 'synthetic')}\nsteps:\n  - dedupe: { from: made, near: false }\n  - sample: { from: tickets, n: 150, as: seen }\n  - mix: { from: dedupe, with: seen, real: 40% }\n`,
  )
  expect((await commandLine(dir, 'run')).code).toBe(0)
  const { code, out } = await commandLine(dir, 'report --step dedupe')
  expect(code).toBe(0)
  expect(out).toContain('dedupe beside tickets, by their prompt')
  expect(out).toMatch(/coverage +0\.\d+ +0\.\d+ +\d+ +pass/)
  expect(out).not.toContain('Kept in')
  // Of the rows that a release would hold, what was found is kept for the gate.
  const all = JSON.parse((await commandLine(dir, 'report --json')).out.trim().split('\n').at(-1)!)
  const kept = JSON.parse(readFileSync(join(dir, all.kept), 'utf8'))
  expect(kept).toMatchObject({
    kind: 'drift',
    of: { name: 'bank' },
    found: { other: { n: 200 }, figures: all.figures },
  })
  expect(kept.is).not.toBe('block')
  const missing = await commandLine(dir, 'report --real nothing.jsonl')
  expect(missing.code).toBe(2)
  expect(missing.err).toContain('expected  tickets, a file, a folder or a release')
})
