import { expect, test } from 'vitest'
import { folder, language } from '../../test/support/recipe-words.ts'
import type { Diagnostic } from '../errors/index.ts'
import { planRecipe } from './planner.ts'
import { parseRecipe } from './read.ts'

const recipe = (more: object = {}) => ({
  name: 'r',
  teachers: { writer: { model: 'openai/gpt-of-mine' } },
  sources: { docs: { files: '*.md', license: 'x' } },
  steps: [{ ask: { teacher: 'writer' } }],
  budget: { usd: 5 },
  ...more,
})
const planned = async (base: string, more: object = {}) =>
  planRecipe(await parseRecipe(recipe(more), base, language), base, language)
const findings = (base: string, more: object = {}) =>
  planned(base, more).then(
    () => [],
    error =>
      (error.diagnostics ?? [error]).map((one: Diagnostic) => {
        const { file, line, column } = one.position ?? {}
        return `${file ? `${file}:${line}:${column} ` : ''}${one.code} ${one.message}`
      }),
  )
const entry = { provider: 'openai', model: 'gpt-of-*', input: 1, output: 2 }

test('a dollar budget takes a price out of the tables, out of a file of the user, or none where nobody is paid', async () => {
  const base = folder({
    'prices.yaml': '- { provider: openai, model: gpt-of-*, input: 1, output: 2, batch: 0.5 }\n',
    'prices.json': JSON.stringify([entry]),
  })
  expect(await findings(base)).toEqual([expect.stringMatching(/^SR_RECIPE_PRICE `writer` \(openai\/gpt-of-mine\)/)])
  for (const prices of ['prices.yaml', 'prices.json']) expect(await findings(base, { prices })).toEqual([])
  for (const model of ['openai/gpt-4.1-mini', 'ollama/qwen']) {
    expect(await findings(base, { teachers: { writer: { model } } })).toEqual([])
  }
  const pool = { writer: { 'any-of': { a: 1, b: 2 } }, a: { model: 'openai/gpt-4.1' }, b: { model: 'openai/other' } }
  expect(await findings(base, { teachers: pool })).toEqual([expect.stringMatching(/^SR_RECIPE_PRICE `b`/)])
})

test('prices change no fingerprint', async () => {
  const base = folder({ 'prices.yaml': '- { provider: openai, model: gpt-of-*, input: 1, output: 2 }\n' })
  const [bare, priced] = await Promise.all([planned(base, { budget: {} }), planned(base, { prices: 'prices.yaml' })])
  expect(priced.stages.map(stage => stage.id)).toEqual(bare.stages.map(stage => stage.id))
  expect(priced.prices[0]).toMatchObject({ file: 'prices.yaml', entries: [entry] })
})

test.each([
  ['gone.yaml', /^SR_RECIPE_REFERENCE there is no file "gone.yaml"/],
  ['torn.yaml', /^torn\.yaml:1:21 SR_RECIPE_YAML Flow map/],
  ['typo.yaml', /^typo\.yaml:2:54 SR_RECIPE_KEY unknown key `ouput` in item 2 of `prices`/],
])('a file of prices that cannot be used is named: %s', async (prices, message) => {
  const base = folder({
    'torn.yaml': '- { provider: openai',
    'typo.yaml':
      '- { provider: openai, model: a, input: 1, output: 2 }\n- { provider: openai, model: m, input: 1, output: 2, ouput: 2 }\n',
  })
  expect(await findings(base, { prices, budget: {} })).toEqual([expect.stringMatching(message)])
})
