import { afterAll, expect, test } from 'vitest'
import type { Rec } from '../../records/index.ts'
import { openSandbox } from '../../sandbox/index.ts'
import type { Answer, Ctx } from '../../steps/index.ts'
import { type ExercisesOptions, exercises, exercisesWrite } from './exercises.ts'

const sandbox = openSandbox({ slots: 1 })
afterAll(() => sandbox.close())

const document = {
  ...{ kind: 'document', id: 'd1', digest: 'x', text: 'Addition joins two numbers.', language: 'en' },
  ...{ facets: {}, scores: {}, lineage: { origin: 'real', generation: 0, parents: [] } },
} as Rec<'document'>

/** A context that hands `data` to the step, runs what it wants run, and keeps what was asked. */
function context(data: object, language = 'en', more: Partial<ExercisesOptions> = {}) {
  const { kind: _, ...options } = exercises.options.parse({ teacher: 'writer', code: 'javascript', ...more })
  const asked: string[] = []
  const ctx = {
    ...{ options, key: 'exercises', language },
    call: async (_: string, { messages }: { messages: { content: string }[] }) => {
      asked.push(messages.map(({ content }) => content).join('\n'))
      return { call: 'c1', content: '', finish: 'stop', usage: {}, warnings: [], data } as unknown as Answer
    },
    execute: async (job: Parameters<typeof sandbox.run>[0]) => ({ ...(await sandbox.run(job)), call: 'run' }),
  } as unknown as Ctx<typeof options>
  return { ctx, asked }
}

const good = {
  statement: 'Write a function `add(a, b)` that returns the sum.',
  entry_point: 'add',
  solution: 'function add(a, b) { return a + b }',
  tests: 'assert.equal(add(1, 2), 3)\nassert.equal(add(0, 0), 0)',
  explanation: 'Plus adds.',
  difficulty: 'easy',
}
const shy = 'class Box { constructor(x) { this.x = x } get() { return this.x } }'

test('an exercise whose solution passes becomes a prompt with reference and verifier', async () => {
  const fenced = { ...good, entry_point: 'add(a, b)', solution: `\`\`\`js\n${good.solution}\n\`\`\`` }
  const outcome = await exercisesWrite.run(document, context({ exercises: [fenced] }).ctx)
  expect(outcome).toEqual({
    is: 'made',
    lost: [],
    made: [
      {
        payload: {
          kind: 'prompt',
          messages: [{ role: 'user', content: good.statement }],
          reference: `Plus adds.\n\n\`\`\`javascript\n${good.solution}\n\`\`\``,
          verifier: { kind: 'code', language: 'javascript', entry_point: 'add', tests: good.tests },
        },
        index: 0,
        notes: { facets: { difficulty: 'easy', programming: 'javascript' }, language: 'en' },
      },
    ],
  })
})

test.each<[string, object]>([
  ['wrong-solution', { solution: 'function add(a, b) { return a - b }' }],
  ['wrong-solution', { tests: 'assert.equal(add(1, 2), 4)' }],
  ['too-costly', { solution: 'function add() { for (;;); }' }],
  ['needs-package', { solution: 'const _ = require("lodash")\nfunction add(a, b) { return _.sum([a, b]) }' }],
  ['vacuous-tests', { tests: 'add(1, 2)' }],
  ['vacuous-tests', { tests: 'assert.equal(add(1, 0), 1)\nassert.equal(add(7, 0), 7)' }],
  ['vacuous-tests', { entry_point: 'Box', solution: shy, tests: 'new Box(1).get()' }],
  ['missing-entry-point', { entry_point: 'plus' }],
  ['missing-entry-point', { entry_point: 'add) || (' }],
  ['refers-to-document', { statement: 'Write `add` as the document above explains.' }],
  ['empty-item', { explanation: ' ' }],
])('%s: %o', async (reason, change) => {
  const outcome = await exercisesWrite.run(
    document,
    context({ exercises: [{ ...good, ...change }] }, 'en', { seconds: 0.1 }).ctx,
  )
  expect(outcome).toMatchObject({ is: 'made', made: [], lost: [{ index: 0, reason }] })
  expect(exercisesWrite.reasons).toContain(reason)
})

test('a repeated exercise is lost, and what is more than asked for; classes are tried as well', async () => {
  const box = {
    ...good,
    statement: 'Write `Box`.',
    entry_point: 'Box',
    solution: shy,
    tests: 'assert.equal(new Box(2).get(), 2)',
  }
  const { ctx } = context({ exercises: [good, good, box, { ...box, statement: 'Write another `Box`.' }] }, 'en', {
    exercises: 2,
  })
  const outcome = await exercisesWrite.run(document, ctx)
  expect(outcome).toMatchObject({
    made: [{ index: 0 }, { index: 2 }],
    lost: [
      { index: 1, reason: 'duplicate-exercise' },
      { index: 3, reason: 'surplus' },
    ],
  })
})

test('documents and topics are shown as data, in the language of the row', async () => {
  const { ctx, asked } = context({ exercises: [] }, 'ja', { code: 'python' })
  await exercisesWrite.run(document, ctx)
  await exercisesWrite.run(
    { ...document, kind: 'row', columns: { topic: '加算', level: 2 } } as unknown as Rec<'row'>,
    ctx,
  )
  expect(asked[0]).toContain('<document>\nAddition joins two numbers.\n</document>')
  expect(asked[0]).toContain('Pythonの問題を、易しいものから順にちょうど3題')
  expect(asked[1]).toContain('<topic>\ntopic: 加算\nlevel: 2\n</topic>')
})
