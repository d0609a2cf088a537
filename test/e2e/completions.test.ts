import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startSimulator } from '../../src/testing.ts'
import { commandLine } from '../support/command-line.ts'
import { folder } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.stop())

test('stored completions become a released set only after somebody has accepted the terms of who wrote them', async () => {
  const baseURL = `${simulator.url}/v1`
  const client = new OpenAI({ baseURL, apiKey: 'any' })
  for (const town of ['Akeley', 'Brill', 'Cublington']) {
    const messages = [{ role: 'user' as const, content: `How far is it from ${town} to the sea on foot?` }]
    await client.chat.completions.create({ model: 'gpt-5-2026', store: true, metadata: { app: 'walks' }, messages })
  }
  const recipe = {
    name: 'walks',
    purpose: { product: 'domain', commercial: false },
    sources: { answers: { files: 'completions.jsonl', license: 'proprietary', teacher: 'openai' } },
    steps: [{ length: { max: 5000 } }],
    release: { version: '0.1.0', license: 'proprietary', date: '2026-01-01' },
    gates: { decontaminated: { override: 'a test has no evaluation set' } },
  }
  const dir = folder({ 'recipe.yaml': stringify(recipe) })
  const imported = await commandLine(dir, `import completions --from ${baseURL} --metadata app=walks --json`)
  expect(JSON.parse(imported.out)).toMatchObject({ imported: 3, models: ['gpt-5-2026'] })

  const blocked = await commandLine(dir, 'run')
  expect([blocked.code, blocked.err]).toEqual([3, expect.stringMatching(/SR_GATE.*terms.*answers/)])
  const terms = JSON.parse((await commandLine(dir, 'terms --json')).out)
  const { key, entry } = terms.teachers[0].verdict
  const accepted = await commandLine(dir, `terms accept ${key} --by "a reader" --version ${entry.version}`)
  expect(accepted).toMatchObject({ code: 0, err: '' })
  expect((await commandLine(dir, 'run')).code).toBe(0)

  const released = join(dir, 'releases/walks-0.1.0')
  const lineage = readFileSync(join(released, 'provenance.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).lineage)
  expect(lineage).toHaveLength(3)
  for (const { origin, generation, source } of lineage) {
    expect([origin, generation, source.teacher]).toEqual(['synthetic', 1, 'openai/gpt-5-2026'])
  }
  expect(readFileSync(join(released, 'README.md'), 'utf8')).toMatch(/\| answers \| openai \| OpenAI .* \| a reader on /)
  expect((await commandLine(dir, 'verify releases/walks-0.1.0')).code).toBe(0)
  expect(readdirSync(dir)).toContain('completions.jsonl')

  // As prompts the same file holds what people asked, and no model's words.
  const { teacher: _, ...asked } = recipe.sources.answers
  const prompts = { ...recipe, name: 'asked', sources: { answers: { ...asked, kind: 'prompt' } } }
  writeFileSync(join(dir, 'asked.yaml'), stringify(prompts))
  expect(await commandLine(dir, 'run asked.yaml --workspace .asked')).toMatchObject({ code: 0 })
})
