import { expect, test } from 'vitest'
import { folder } from '../../test/support/recipe-words.ts'
import { StillroomError } from '../errors/index.ts'
import { type Teacher, teacherConfig } from '../teachers/index.ts'
import { loadTeacherModule } from './module.ts'

/** A model object as the AI SDK's packages make them, without the package. */
const model = `const usage = { inputTokens: { total: 1 }, outputTokens: { total: 2 } }
const model = (modelId: string, text: string) => ({
  specificationVersion: 'v4', provider: 'google.generative-ai', modelId, supportedUrls: {},
  doGenerate: async () => ({ content: [{ type: 'text', text }], finishReason: { unified: 'stop' }, usage, warnings: [] }),
})
`
const env = { GEMINI_API_KEY: 'AIza-not-a-real-one' }

function load(module: string, more: object = {}): Promise<Teacher> {
  const config = teacherConfig.parse({ model: 'google/gemini-2.5-pro', use: './gemini.ts', ...more })
  return loadTeacherModule('./gemini.ts', folder({ 'gemini.ts': module }), { name: 'writer', config, env })
}
const said = (teacher: Teacher) =>
  teacher.doGenerate({ messages: [{ role: 'user', content: 'x' }] }, { seed: 1, cap: 9, draw: 0 })
async function failure(module: string, more?: object): Promise<StillroomError> {
  const error = await load(module, more).catch(error => error)
  if (!StillroomError.is(error)) throw new Error('it was loaded')
  expect(error).toMatchObject({ code: 'SR_TEACHER_MODULE', exit: 2 })
  return error
}

test('a model, and a function of the environment that gives one, under the names of the recipe', async () => {
  const plain = await load(`${model}export default model('gemini-2.5-pro', 'hello')`, { revision: 'r1', schema: false })
  expect(plain).toMatchObject({
    id: 'google/gemini-2.5-pro@r1',
    provider: 'google',
    model: 'gemini-2.5-pro',
    revision: 'r1',
    can: { schema: false, seed: true, logprobs: false, languageModel: true },
  })
  expect((await said(plain)).content).toBe('hello')
  const made = await load(
    `${model}export default async env => model('models/gemini-2.5-pro', String(env.GEMINI_API_KEY.length))`,
  )
  expect((await said(made)).content).toBe(String(env.GEMINI_API_KEY.length))
})

test('a teacher of ones own, methods and all', async () => {
  const teacher = await load(`class Mine {
    id = 'mine'; provider = 'x'; model = 'gemini-2.5-pro'; words = 'from mine'
    can = { schema: false, seed: false, tools: false, logprobs: true, languageModel: true }
    async doGenerate() { return { content: this.words, finish: 'stop', usage: {}, warnings: [] } }
  }
  export default new Mine()`)
  expect(teacher).toMatchObject({
    id: 'google/gemini-2.5-pro',
    provider: 'google',
    can: { schema: false, logprobs: true },
  })
  expect((await said(teacher)).content).toBe('from mine')
})

test('an error of its own is a failure of the way there, and tells no key', async () => {
  const teacher = await load(`export default env => ({
    id: 'x', provider: 'x', model: 'gemini-2.5-pro', can: {},
    doGenerate() { throw new TypeError('socket of ' + env.GEMINI_API_KEY) },
  })`)
  await expect(said(teacher)).rejects.toMatchObject({
    name: 'Fault',
    policy: 'health',
    message: 'TypeError: socket of [key]',
  })
})

test('another model than the recipe says is not asked', async () => {
  const error = await failure(`${model}export default model('gemini-2.5-flash', 'x')`)
  expect(error.message).toBe(
    './gemini.ts gives the model gemini-2.5-flash, and teacher writer is gemini-2.5-pro in the recipe',
  )
  expect(error.hint).toBe(
    'write `model: google/gemini-2.5-flash` in the recipe, or have the module give gemini-2.5-pro',
  )
})

test.each([
  ['export const x = 1', 'the default export is missing'],
  ["export default 'google/gemini-2.5-pro'", 'a model id alone names no provider to reach it by'],
  ['export default Object.assign(() => 1, { languageModel() {} })', 'a provider; call it with the id of a model'],
  ['export default () => 7', 'it is a number'],
  ["export default { modelId: 'x', doEmbed() {} }", 'it has no function `doGenerate`'],
  [
    "export default { specificationVersion: 'v9', modelId: 'gemini-2.5-pro', doGenerate() {} }",
    'models of specification v9 are not known, only of v2, v3, v4',
  ],
])('%s is no teacher: %s', async (module, why) => {
  const error = await failure(module)
  expect(error.message).toBe(`./gemini.ts does not export a model: ${why}`)
})

test('a package that is missing is named with the command that installs it; keys are not repeated', async () => {
  const missing = await failure("import { google } from '@ai-sdk/none-such'\nexport default google('gemini-2.5-pro')")
  expect(missing).toMatchObject({
    message: './gemini.ts cannot be loaded: it imports the package @ai-sdk/none-such, which is not installed',
    hint: 'npm install @ai-sdk/none-such',
  })
  const echo = "throw new Error('bad ' + env.GEMINI_API_KEY)"
  expect((await failure(`export default env => { ${echo} }`)).message).toBe('./gemini.ts threw an error: bad [key]')
  const loading = await failure(`const env = ${JSON.stringify(env)}\n${echo}`)
  expect(loading.message).toBe('./gemini.ts cannot be loaded: bad [key]')
})
