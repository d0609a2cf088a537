import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startSimulator } from '../../src/testing.ts'
import { commandLine } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { folder } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
afterAll(() => simulator.stop())

const adapter = pathToFileURL(join(import.meta.dirname, '../../node_modules/@ai-sdk/openai-compatible/dist/index.js'))
const module = `import { createOpenAICompatible } from '${adapter}'
export default env => createOpenAICompatible({
  name: 'simulate', baseURL: env.STILLROOM_SIMULATOR + '/v1', supportsStructuredOutputs: true,
})('writer')
`
const recipe = (more: object) => ({
  name: 'ways',
  teachers: { writer: { model: 'simulate/writer', temperature: 0.7, ...more } },
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [{ ask: { teacher: 'writer', questions: 2 } }, { answer: { teacher: 'writer', samples: 2, agreement: 0 } }],
  release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
  gates: { decontaminated: { override: 'a test has no evaluation set' } },
})

test('a model of the AI SDK makes the rows that the own client makes, and a change of the way repeats no call', async () => {
  const files = {
    ...documents(3),
    'writer.js': module,
    'own.yaml': stringify(recipe({})),
    'sdk.yaml': stringify(recipe({ use: './writer.js' })),
  }
  const [own, sdk] = [folder(files), folder(files)]
  const env = { STILLROOM_SIMULATOR: simulator.url }
  const run = (dir: string, line: string) => commandLine(dir, line, { env })
  expect(await run(own, 'run own.yaml')).toMatchObject({ code: 0, err: '' })
  const calls = simulator.stats.calls
  expect(await run(sdk, 'run sdk.yaml')).toMatchObject({ code: 0, err: '' })
  expect(simulator.stats.calls).toBe(2 * calls)
  const manifest = (dir: string) => JSON.parse(readFileSync(join(dir, 'releases/ways-0.1.0/manifest.json'), 'utf8'))
  expect(manifest(sdk)).toEqual(manifest(own))

  expect(await run(own, 'run sdk.yaml')).toMatchObject({ code: 0, err: '' })
  expect(simulator.stats.calls).toBe(2 * calls)
})
