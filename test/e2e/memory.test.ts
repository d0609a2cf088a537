import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { folder, write } from '../support/project.ts'

const long = process.env.STILLROOM_LONG !== undefined
const concurrency = 256
const root = join(import.meta.dirname, '..', '..')
const support = join(root, 'test', 'support')

/** As many questions as rows, each answered by one call, by the command itself and a server in a process of its own. */
async function answered(rows: number, teacher: object) {
  const server = fork(join(support, 'simulator-process.ts'), [JSON.stringify({ seed: 5, logSize: 0 })])
  try {
    const [url] = (await once(server, 'message')) as [string]
    const lines: string[] = []
    for (let i = 0; i < rows; i++)
      lines.push(
        JSON.stringify({ prompt: `What does part ${i} of model ${i % 97} do when its valve ${i * 7} is shut?` }),
      )
    const recipe = {
      name: 'many',
      teachers: { writer: { model: 'simulate/writer', concurrency, start: concurrency, ...teacher } },
      sources: { questions: { files: 'questions.jsonl', license: 'cc0-1.0', kind: 'prompt' } },
      steps: [{ answer: { from: 'questions', teacher: 'writer' } }],
    }
    const dir = folder()
    write(dir, { 'questions.jsonl': lines.join('\n'), 'recipe.yaml': stringify(recipe) })
    const file = join(dir, 'peak')
    const env = { ...process.env, STILLROOM_SIMULATOR: url, STILLROOM_PEAK: file }
    const began = performance.now()
    const bin = join(root, 'bin', 'stillroom.js')
    const run = spawn(process.execPath, ['--import', join(support, 'peak.ts'), bin, 'run'], {
      ...{ cwd: dir, env, stdio: ['ignore', 'ignore', 'inherit'] },
    })
    const [code] = await once(run, 'exit')
    const seconds = (performance.now() - began) / 1000
    const {
      answered,
      rows: batched,
      repeats,
    } = (await (await fetch(`${url}/__stats`)).json()) as { [n: string]: number }
    return { code, calls: answered! + batched!, repeats, seconds, peak: Number(readFileSync(file, 'utf8')) }
  } finally {
    server.disconnect()
  }
}

describe.runIf(long)('memory does not grow with rows', () => {
  test.each([
    ['online', 200_000, {}],
    ['in batches', 50_000, { mode: 'batch', batch: { poll: 0.2 } }],
  ])(
    '%s: %i rows under 500 MB',
    async (name, rows, teacher) => {
      const { peak, seconds, ...rest } = await answered(rows, teacher)
      const rate = (rows / seconds).toFixed(0)
      console.log(`${name}: ${rows} rows, ${rate} a second with start and reading, peak ${peak.toFixed(0)} MB`)
      expect(rest).toEqual({ code: 0, calls: rows, repeats: 0 })
      expect(peak).toBeLessThan(500)
    },
    900_000,
  )
})
