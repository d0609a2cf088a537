import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'
import { trainingRelease } from '../../../test/support/training-release.ts'

const golden = new URL('./train-plan.golden.txt', import.meta.url)

test('the plan of a release alone, word for word, and the same as one object', async () => {
  const dir = folder()
  const rows = { conversations: 240, pairs: 160, feedback: { good: 12, bad: 0 }, heldOut: 20 }
  const odd = {
    words: (i: number) => (i === 7 ? 900 : 40 + (i % 60)),
    margin: (i: number) => i % 5,
    equal: (i: number) => i === 3,
  }
  const run = { spent: { usd: 4.31, tokens: 1, calls: 1, orphans: 0 } }
  await trainingRelease(dir, { ...rows, ...odd }, { run })
  const line = 'train plan releases/pumps-0.1.0 --base Qwen/Qwen3-8B-Base --gpu RTX-4090 --context 512 --too-long drop'
  const { code, out, err } = await commandLine(dir, line)
  expect([code, err]).toEqual([0, ''])
  expect(out).toBe(readFileSync(golden, 'utf8'))
  expect(Math.max(...out.split('\n').map(text => text.length))).toBeLessThanOrEqual(100)
  const told = JSON.parse((await commandLine(dir, `${line} --json`)).out)
  expect(told).toMatchObject({
    folder: 'training/pumps-0.1.0',
    license: { is: 'pass' },
    phases: [{ method: 'sft' }, { method: 'dpo' }],
    total: { teachers: 4.31 },
    next: `stillroom train write ${line.slice('train plan '.length)}`,
  })
  const narrow = await commandLine(dir, line, { tty: true, width: 80 })
  expect(Math.max(...narrow.out.split('\n').map(text => text.length))).toBeLessThanOrEqual(80)
})

test('words that a flag does not know, and what stands in the way, which a plan shows and does not refuse', async () => {
  const dir = folder()
  await trainingRelease(dir, { conversations: 20 })
  const plan = (flags: string) => commandLine(dir, `train plan releases/pumps-0.1.0 ${flags}`)
  expect((await plan('--base x --adapter loar')).err).toMatch(/--adapter does not know loar[\s\S]*did you mean `lora`/)
  expect((await plan('')).err).toMatch(/Nobody says which model[\s\S]*--base/)
  const blocked = await plan('--base CohereForAI/exaone-8b')
  expect(blocked.code).toBe(0)
  expect(blocked.out).toMatch(/license +block[\s\S]*Section 3\.1[\s\S]*next +Train another base model/)
})
