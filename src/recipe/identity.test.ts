import { expect, test } from 'vitest'
import { folder, language } from '../../test/support/recipe-words.ts'
import { digestOf } from '../records/index.ts'
import { teacherConfig } from '../teachers/index.ts'
import { exclusions } from './exclusions.ts'
import { teacherIdentity } from './identity.ts'
import { planRecipe } from './planner.ts'
import { parseRecipe } from './read.ts'
import { type Recipe, recipeSchema } from './schema.ts'

type Input = { [field: string]: unknown }
const teacher: Input = { model: 'qwen3', at: 'http://one.test/v1', price: 'free' }
const recipe: Input = {
  name: 'tutor',
  teachers: { writer: teacher, spare: { model: 'deepseek/deepseek-chat', price: 'free' } },
  sources: { handbook: { files: 'docs/*.md', license: 'CC-BY-4.0' } },
  steps: [{ ask: { teacher: 'writer' } }, 'words', { answer: { teacher: 'writer' } }],
}

/** Fingerprints of the stages that have steps. */
async function ids(input: Input, base = folder(), icu = '77.1'): Promise<{ [key: string]: string }> {
  // Rounds alone are no recipe: they ask for a release and a step.
  const { rounds, ...rest } = input
  const parsed = { ...(await parseRecipe(rest, base, language)), ...(rounds ? { rounds } : {}) } as Recipe
  const plan = await planRecipe(parsed, base, language, { icu })
  return Object.fromEntries(plan.stages.filter(s => s.shape !== 'source').map(({ key, id }) => [key, id]))
}

/** Another value for each field of a recipe; a new field must be entered here. */
const other: Input = {
  name: 'other',
  use: 'edge-cases',
  purpose: { commercial: true },
  evaluation: { exam: 'releases/exam-0.1.0' },
  language: 'ja',
  seed: 1,
  tokenizer: 'o200k_base',
  budget: { usd: 1, calls: 7 },
  prices: 'prices.yaml',
  gates: { terms: { override: 'agreed with the lawyers' } },
  floor: 10,
  rounds: { n: 2, student: 'writer', revisions: ['a', 'b'] },
  train: { adapter: 'full' },
  release: { version: '0.1.0', license: 'mit', date: '2026-11-20' },
}
const otherTeacher: Input = {
  model: 'qwen4',
  at: 'http://two.test/v1',
  protocol: 'anthropic',
  price: { input: 1, output: 2 },
  key: 'MY_KEY',
  license: 'apache-2.0',
  revision: 'abc',
  generation: 1,
  terms: 'apache',
  temperature: 0.5,
  top_p: 0.5,
  top_k: 5,
  min_p: 0.1,
  presence_penalty: 1,
  frequency_penalty: 1,
  stop: ['END'],
  reasoning_effort: 'low',
  dimensions: 256,
  max_tokens: 99,
  concurrency: 3,
  start: 2,
  rpm: 60,
  tpm: 90_000,
  texts: 50,
  latency: 3,
  stream: true,
  mode: 'batch',
  batch: { rows: 7 },
  store: true,
  metadata: { project: 'tutor' },
  then: { refusal: 'spare' },
  timeout: 5,
  patience: 6,
  schema: false,
  seed: false,
  forms: ['score'],
}

const recipeFields = Object.keys(recipeSchema(language).shape).filter(f => !exclusions.elsewhere.includes(f as never))
test.each(recipeFields)('recipe field %s is in the fingerprint unless it is excluded', async field => {
  expect(other).toHaveProperty(field)
  const changed = await ids({ ...recipe, [field]: other[field] }, folder({ 'prices.yaml': '[]' }))
  const excluded = (exclusions.recipe as readonly string[]).includes(field)
  for (const [key, id] of Object.entries(await ids(recipe))) expect([key, changed[key] === id]).toEqual([key, excluded])
})

const withTeachers = (teachers: Input): Input => ({
  ...recipe,
  teachers: { ...(recipe.teachers as Input), ...teachers },
})

test.each(Object.keys(teacherConfig.shape).filter(field => field !== 'use'))(
  'teacher field %s is in the fingerprint unless it is excluded',
  async field => {
    expect(otherTeacher).toHaveProperty(field)
    const [before, changed] = [
      await ids(recipe),
      await ids(withTeachers({ writer: { ...teacher, [field]: otherTeacher[field] } })),
    ]
    const excluded = (exclusions.teacher as readonly string[]).includes(field)
    expect(changed.ask === before.ask).toBe(excluded)
    expect(changed['answer.draw'] === before['answer.draw']).toBe(excluded)
    expect(changed.words).toBe(before.words)
  },
)

test('a preset and an endpoint of ones own are different teachers', async () => {
  const preset = { ...recipe, teachers: { writer: { model: 'deepseek/qwen3' } } }
  expect((await ids(preset)).ask).not.toBe((await ids(recipe)).ask)
})

test('the module that reaches a teacher is no identity', async () => {
  const preset = { model: 'google/gemini-2.5-pro' }
  const base = folder({ 'gemini.ts': '' })
  expect(await ids(withTeachers({ writer: { ...preset, use: './gemini.ts' } }), base)).toEqual(
    await ids(withTeachers({ writer: preset })),
  )
})

test('a teacher without fallbacks keeps the identity it had before there were any', () => {
  const identity = (config: Input) => digestOf(teacherIdentity('a', { a: teacherConfig.parse(config) })).slice(0, 16)
  expect([
    identity({ model: 'deepseek/deepseek-chat' }),
    identity({
      model: 'openai/gpt-4.1-mini',
      temperature: 0.7,
      max_tokens: 900,
      revision: 'r1',
      key: 'K',
      price: { input: 1, output: 2 },
    }),
    identity({ model: 'qwen3-32b', at: 'http://localhost:8000/v1', seed: false }),
    identity({ model: 'builtin/extractive' }),
  ]).toEqual(['314dd8e93b12128f', '80d55d8449fd90e3', 'deff5edefd3751e8', '826eb2fd78dfc283'])
})

test('a pool is what its members are and how they weigh; names and order are not', async () => {
  const [one, two, three] = ['a', 'b', 'c'].map(model => ({ model, at: 'http://one.test/v1', price: 'free' }))
  const pool = (weights: { [name: string]: number }, more: Input = {}) =>
    ids(withTeachers({ one, two, three, uno: one, writer: { 'any-of': weights, ...more } }))
  const before = await pool({ one: 1, two: 3 })
  expect(await pool({ two: 3, uno: 1 })).toEqual(before)
  const others = [pool({ one: 3, two: 1 }), pool({ one: 1, two: 3, three: 1 }), pool({ one: 1, three: 3 })]
  const fallbacks = ['two', 'three'].map(name => pool({ one: 1, two: 3 }, { then: { refusal: name } }))
  const all = (await Promise.all([...others, ...fallbacks])).map(changed => changed.ask)
  expect(new Set([before.ask, ...all]).size).toBe(all.length + 1)
  expect(await pool({ one: 1, two: 3 }, { then: { refusal: 'one' } })).toEqual(
    await pool({ one: 1, two: 3 }, { then: { refusal: 'uno' } }),
  )
})

test('names of teachers and of inputs are no identity; keys, options and versions are', async () => {
  const before = await ids(recipe)
  const renamed = {
    ...recipe,
    teachers: { poet: teacher, unused: teacher },
    sources: { manual: { files: 'other/*.md', license: 'x' } },
    steps: [{ ask: { teacher: 'poet' } }, 'words', { answer: { teacher: 'poet' } }],
  }
  expect(await ids(renamed)).toEqual(before)
  const steps = [{ ask: { teacher: 'writer', questions: 9 } }, 'words', { answer: { teacher: 'writer', as: 'reply' } }]
  const after = await ids({ ...recipe, steps })
  expect(after.ask).not.toBe(before.ask)
  expect(after.words).toBe(before.words)
  expect(after['reply.draw']).not.toBe(before['answer.draw'])
  const verbs = language.verbs.map(verb => (verb.verb === 'ask' ? { ...verb, version: 2 } : verb))
  const base = folder()
  const words = { ...language, verbs }
  const plan = await planRecipe(await parseRecipe(recipe, base, words), base, words, { icu: '77.1' })
  expect(plan.stages.filter(stage => before[stage.key] && before[stage.key] !== stage.id).map(s => s.key)).toEqual([
    'ask',
  ])
})

test('the ICU version counts for steps that segment text, and for no other', async () => {
  const [one, two] = [await ids(recipe), await ids(recipe, folder(), '78.0')]
  expect(Object.keys(one).filter(key => one[key] !== two[key])).toEqual(['words'])
})

test('files of options and of the tokenizer count by content, not by place', async () => {
  const steps = [
    { ask: { teacher: 'writer', prompt: './mine.md' } },
    { clean: { rules: ['a.txt', 'strict'] } },
    { answer: { teacher: 'writer', prompt: 'mine.md' } },
  ]
  const at = (mine: string, name = './mine.md', tokens = '{}') => {
    const base = folder({ [name]: mine, 'a.txt': 'a', 'mine.md': mine, 'tokenizer.json': tokens })
    return ids({ ...recipe, tokenizer: 'tokenizer.json', steps }, base)
  }
  const before = await at('## user\nhello')
  expect(await at('## user\nhello')).toEqual(before)
  const changed = await at('## user\ngoodbye')
  // The floor of `answer` has no share in its prompt.
  expect(Object.keys(before).filter(key => before[key] !== changed[key])).toEqual(['ask', 'answer.draw'])
  const elsewhere = [{ ask: { teacher: 'writer', prompt: 'b.md' } }, ...steps.slice(1)]
  const base = folder({ 'b.md': '## user\nhello', 'a.txt': 'a', 'mine.md': '## user\nhello', 'tokenizer.json': '{}' })
  expect(await ids({ ...recipe, tokenizer: 'tokenizer.json', steps: elsewhere }, base)).toEqual(before)
  const recounted = await at('## user\nhello', './mine.md', '{"v":2}')
  for (const key of Object.keys(before)) expect(recounted[key]).not.toBe(before[key])
})
