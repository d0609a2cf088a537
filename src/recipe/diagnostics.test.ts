import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder, language } from '../../test/support/recipe-words.ts'
import { StillroomError } from '../errors/index.ts'
import { planRecipe } from './planner.ts'
import { readRecipe } from './read.ts'

const head = `name: tutor
teachers:
  writer: { model: builtin/extractive }
  cold: { model: openai/gpt-of-mine, temperature: 0 }
sources:
  handbook: { files: docs/*.md, license: CC-BY-4.0 }
  tickets: { files: logs.jsonl, license: proprietary, kind: conversation }
`

async function failure(text: string, files: { [name: string]: string } = {}): Promise<StillroomError> {
  const base = folder({ ...files, 'recipe.yaml': text })
  const file = join(base, 'recipe.yaml')
  try {
    const { recipe, positions } = await readRecipe(file, language)
    await planRecipe(recipe, base, language, { positions })
  } catch (error) {
    if (StillroomError.is(error)) return error
    throw error
  }
  throw new Error('the recipe was accepted')
}

/** Each finding as `code line:column path | message | hint`, lines counted from the line after the head. */
async function findings(steps: string, files?: { [name: string]: string }): Promise<string[]> {
  const { diagnostics } = await failure(`${head}${steps}`, files)
  const offset = head.split('\n').length - 1
  return diagnostics.map(({ code, position, path, message, hint }) =>
    [`${code} ${position!.line! - offset}:${position!.column} ${path}`, message, hint ?? ''].join(' | '),
  )
}

const bad: [name: string, steps: string, found: string[]][] = [
  [
    'an unknown top-level key',
    'step:\n  - clean\n',
    [
      'SR_RECIPE_VALUE -6:1 steps | `steps` is missing | ',
      'SR_RECIPE_KEY 1:1 step | unknown key `step` | did you mean `steps`?',
    ],
  ],
  [
    'an unknown verb',
    'steps:\n  - ask: { from: handbook, teacher: writer }\n  - dedup: { near: 0.8 }\n',
    ['SR_RECIPE_KEY 3:5 steps.1.dedup | unknown step `dedup` | did you mean `dedupe`?'],
  ],
  [
    'an unknown bare verb',
    'steps:\n  - claen\n',
    ['SR_RECIPE_KEY 2:5 steps.0.claen | unknown step `claen` | did you mean `clean`?'],
  ],
  [
    'an unknown option',
    'steps:\n  - ask:\n      from: handbook\n      teacher: writer\n      qestions: 3\n',
    ['SR_RECIPE_KEY 5:7 steps.0.ask.qestions | unknown key `qestions` in `ask` | did you mean `questions`?'],
  ],
  [
    'a value of the wrong type, and one out of range',
    'steps:\n  - ask: { from: handbook, teacher: writer, questions: many }\n  - answer: { teacher: writer, agreement: 130% }\n',
    [
      'SR_RECIPE_VALUE 2:56 steps.0.ask.questions | `questions` must be a number | ',
      'SR_RECIPE_VALUE 3:43 steps.1.answer.agreement | `agreement` must be at most 1 | ',
    ],
  ],
  [
    'a missing option',
    'steps:\n  - ask: { from: handbook }\n',
    ['SR_RECIPE_VALUE 2:5 steps.0.ask.teacher | `teacher` is missing | '],
  ],
  [
    'an option of either text or a list',
    'steps:\n  - clean: { from: handbook, rules: 7 }\n',
    ['SR_RECIPE_VALUE 2:37 steps.0.clean.rules | `rules` must be text or a list | '],
  ],
  [
    'options beside the verb',
    'steps:\n  - clean:\n    from: handbook\n',
    [
      'SR_RECIPE_REFERENCE 2:5 steps.0.clean | the first step must say which source it reads | add `from:` with one of handbook, tickets',
      'SR_RECIPE_KEY 3:5 steps.0.from | a step has one verb, and `from` stands beside `clean` | indent it under `clean`, or begin another step with `- from`',
    ],
  ],
  [
    'a second use without a name, and a name taken by a source',
    'steps:\n  - clean: { from: handbook }\n  - clean\n  - clean: { as: tickets }\n',
    [
      'SR_RECIPE_CONFLICT 3:5 steps.1.clean | a second `clean` needs a name of its own | add another name: `as: clean-2`',
      'SR_RECIPE_CONFLICT 4:18 steps.2.clean.as | `tickets` is a source and a step | rename the source, or name the step with `as`',
    ],
  ],
  [
    'references forward, unknown and doubled',
    'steps:\n  - ask: { from: dedupe, teacher: writer }\n  - dedupe: { from: [ask, hanbook, ask] }\n',
    [
      'SR_RECIPE_REFERENCE 2:18 steps.0.ask.from | `dedupe` is not made before this step | a step reads sources and earlier steps: change the order',
      'SR_RECIPE_REFERENCE 3:27 steps.1.dedupe.from.1 | there is no source or earlier step `hanbook` | did you mean `handbook`?',
      'SR_RECIPE_CONFLICT 3:36 steps.1.dedupe.from.2 | `from` names `ask` twice | ',
    ],
  ],
  [
    'an unknown teacher, and one that would repeat itself',
    'steps:\n  - ask: { from: handbook, teacher: wrtier }\n  - answer: { teacher: cold, samples: 5 }\n',
    [
      'SR_RECIPE_REFERENCE 2:37 steps.0.ask.teacher | there is no teacher `wrtier` | did you mean `writer`?',
      'SR_RECIPE_CONFLICT 3:39 steps.1.answer.samples | `samples: 5` of `cold` at temperature 0 would all be the same | raise the temperature of `cold`, or ask for one: `samples: 1`',
    ],
  ],
  [
    'a teacher without a price under a dollar budget',
    'steps:\n  - clean: { from: handbook }\nbudget: { usd: 5 }\n',
    [
      'SR_RECIPE_PRICE -3:3 teachers.cold | `cold` (openai/gpt-of-mine) has no price, and `budget.usd` cannot be kept without one | add `price: { input: .., output: .. }` in dollars per million tokens, or `price: free`; or name a file of prices with `prices:` and list `{ provider: openai, model: gpt-of-mine, input: .., output: .. }` there',
    ],
  ],
  [
    'side inputs that do not exist',
    'steps:\n  - ask: { from: handbook, teacher: writer, like: ticket }\n  - decontaminate: { against: [tests.jsonl] }\n',
    [
      'SR_RECIPE_REFERENCE 2:51 steps.0.ask.like | there is no source or earlier step `ticket` | did you mean `tickets`?',
      'SR_RECIPE_REFERENCE 3:32 steps.1.decontaminate.against.0 | there is no file "tests.jsonl" | paths are relative to the recipe',
    ],
  ],
  [
    'a prompt file that does not exist',
    'steps:\n  - ask: { from: handbook, teacher: writer, prompt: prompts/mine.md }\n',
    [
      'SR_RECIPE_REFERENCE 2:53 steps.0.ask.prompt | there is no file "prompts/mine.md" | paths are relative to the recipe',
    ],
  ],
  [
    'an override without a proper reason, for a gate that there is not',
    'steps:\n  - clean: { from: handbook }\ngates: { term: { override: because } }\n',
    ['SR_RECIPE_KEY 3:10 gates.term | unknown key `term` in `gates` | did you mean `terms`?'],
  ],
  [
    'an override that is too short, and a version that YAML reads as a number',
    'steps:\n  - clean: { from: handbook }\ngates: { terms: { override: because } }\nrelease: { version: 1.0, license: mit, date: 2026-13-01 }\n',
    [
      'SR_RECIPE_VALUE 3:29 gates.terms.override | `override` must be at least 12 characters | ',
      'SR_RECIPE_VALUE 4:21 release.version | `version` must be text | ',
      'SR_RECIPE_VALUE 4:46 release.date | `date` must be a date as YYYY-MM-DD | ',
    ],
  ],
  [
    'an input for a step that makes its own rows',
    'steps:\n  - instruct: { from: handbook, teacher: writer, topics: [x] }\n',
    ['SR_RECIPE_CONFLICT 2:17 steps.0.instruct.from | `instruct` takes no input | remove `from`'],
  ],
  [
    'wrong kinds, and branches of different kinds',
    'steps:\n  - ask: { from: tickets, teacher: writer }\n  - dedupe: { from: [ask, handbook] }\n',
    [
      'SR_RECIPE_KIND 2:18 steps.0.ask.from | `ask` does not take conversation records | put a step between that makes the right kind, or read from another source or step with `from`',
      'SR_RECIPE_KIND 3:21 steps.1.dedupe.from | `dedupe` joins different kinds of records | branches that come together must hold the same kind',
    ],
  ],
  [
    'an unknown primitive of a verb',
    'steps:\n  - ask: { from: handbook, teacher: writer }\n  - answer: { teacher: writer }\n  - dedupe: { from: answer.darw }\n',
    [
      'SR_RECIPE_REFERENCE 4:21 steps.2.dedupe.from | there is no source or earlier step `answer.darw` | did you mean `answer.draw`?',
    ],
  ],
  [
    'a module that is not there, and a package name',
    'steps:\n  - use: ./mine.ts\n    from: handbook\n  - use: left-pad\n    as: pad\n    option: {}\n',
    [
      'SR_STEP_MODULE 2:10 steps.0.use | there is no module ./mine.ts | paths are relative to the recipe',
      'SR_RECIPE_KEY 6:5 steps.1.option | unknown key `option` in item 2 of `steps` | did you mean `options`?',
    ],
  ],
]

test.each(bad)('%s', async (_, steps, found) => {
  expect(await findings(steps)).toEqual(found)
})

const among: [name: string, teachers: string, found: string[]][] = [
  [
    'teachers that name no teacher',
    '  all: { any-of: { writer: 1, clod: 2 } }\n  sure: { model: builtin/extractive, then: { refusal: writr, outage: writer } }\n',
    [
      'SR_RECIPE_REFERENCE 1:31 teachers.all.any-of.clod | there is no teacher `clod` | did you mean `cold`?',
      'SR_RECIPE_REFERENCE 2:55 teachers.sure.then.refusal | there is no teacher `writr` | did you mean `writer`?',
    ],
  ],
  [
    'teachers that lead back to themselves, each circle once',
    '  all: { any-of: { one: 1, writer: 1 } }\n  one: { model: builtin/extractive, then: { refusal: two } }\n  two: { model: builtin/heuristic, then: { outage: all } }\n  self: { any-of: { self: 1 } }\n  leads: { any-of: { self: 1 } }\n',
    [
      'SR_RECIPE_CONFLICT 1:20 teachers.all.any-of.one | `all` leads back to itself: all -> one -> two -> all | a pool or a fallback must end at teachers that name no other',
      'SR_RECIPE_CONFLICT 4:21 teachers.self.any-of.self | `self` leads back to itself: self -> self | a pool or a fallback must end at teachers that name no other',
    ],
  ],
  [
    'batches where none are taken, and a module that is not there',
    '  slow: { model: mistral/large, mode: batch }\n  mine: { model: openai/gpt-5, use: ./mine.ts, mode: batch }\n  fine: { model: qwen, at: http://localhost:1/v1, mode: batch }\n',
    [
      'SR_RECIPE_CONFLICT 1:39 teachers.slow.mode | `slow` cannot be asked in batches: mistral takes none | leave out `mode: batch`, or name a teacher of openai or anthropic, or of a server of your own',
      'SR_TEACHER_MODULE 2:37 teachers.mine.use | there is no module ./mine.ts | paths are relative to the recipe',
      'SR_RECIPE_CONFLICT 2:54 teachers.mine.mode | `mine` cannot be asked in batches: a module of your own takes none | leave out `mode: batch`, or name a teacher of openai or anthropic, or of a server of your own',
    ],
  ],
  [
    'a wrong key of a pool',
    '  all: { any-of: { writer: 1 }, thn: { refusal: cold } }\n',
    ['SR_RECIPE_KEY 1:33 teachers.all.thn | unknown key `thn` in `all` | did you mean `then`?'],
  ],
]
test.each(among)('%s', async (_, teachers, found) => {
  const { diagnostics } = await failure(
    `${head.replace('sources:', `${teachers}sources:`)}steps:\n  - clean: { from: handbook }\n`,
  )
  expect(
    diagnostics.map(({ code, position, path, message, hint }) =>
      [`${code} ${position!.line! - 4}:${position!.column} ${path}`, message, hint].join(' | '),
    ),
  ).toEqual(found)
})

test('samples at temperature 0 are found behind pools and fallbacks', async () => {
  const teachers =
    '  deep: { any-of: { pair: 1 } }\n  pair: { any-of: { writer: 1, warm: 1 } }\n  warm: { model: openai/gpt-5, then: { refusal: cold } }\n'
  const steps = 'steps:\n  - ask: { from: handbook, teacher: deep }\n  - answer: { teacher: deep, samples: 2 }\n'
  const error = await failure(head.replace('sources:', `${teachers}sources:`) + steps)
  expect(error).toMatchObject({
    message: '`samples: 2` of `deep` from `cold` at temperature 0 would all be the same',
    diagnostics: [{ path: 'steps.1.answer.samples' }],
  })
})

test('one finding carries what was expected and received, and ends with the exit code for usage', async () => {
  const error = await failure(`${head}steps:\n  - clean: { from: handbook, strict: often }\n`)
  expect(error).toMatchObject({ code: 'SR_RECIPE_VALUE', exit: 2, expected: 'true or false', received: '"often"' })
  expect(error.diagnostics).toHaveLength(1)
})

test('YAML that cannot be read is found where it breaks, and an alias bomb does not explode', async () => {
  const broken = await failure('name: x\nsteps:\n  - clean: { from: handbook\nseed: 1\n')
  expect(broken).toMatchObject({ code: 'SR_RECIPE_YAML', exit: 2, position: { line: 4 } })
  const twice = await failure('name: x\nname: y\n')
  expect(twice.diagnostics).toMatchObject([
    { code: 'SR_RECIPE_YAML', position: { line: 2, column: 1 }, hint: 'write each key once' },
  ])
  const layers = 'abcdefgh'
    .split('')
    .map((name, i, all) => `${name}: &${name} [${i ? Array(9).fill(`*${all[i - 1]}`) : 'x'}]`)
  expect(await failure(`${layers.join('\n')}\n`)).toMatchObject({ code: 'SR_RECIPE_YAML' })
  expect(await failure('')).toMatchObject({ code: 'SR_RECIPE_VALUE', message: 'the recipe must be an object' })
})

test('aliases and flow maps keep their positions; values that may be secrets are not repeated', async () => {
  const text = `${head.replace('temperature: 0 }', 'key: sk-12345 }')}x-shared: &o { questions: no }\nsteps:\n  - ask: *o\n`
  const { diagnostics } = await failure(text)
  expect(diagnostics.map(({ path, position }) => [path, position!.line])).toEqual([
    ['teachers.cold.key', 4],
    ['x-shared', 8],
    ['steps.0.ask.questions', 8],
    ['steps.0.ask.teacher', 10],
    ['steps.0.ask', 10],
  ])
  expect(JSON.stringify(diagnostics)).not.toContain('sk-12345')
})

test('a missing recipe, and one that is a module', async () => {
  await expect(readRecipe('/nowhere/recipe.yaml', language)).rejects.toMatchObject({
    code: 'SR_RECIPE_MISSING',
    exit: 2,
  })
  const base = folder({
    'recipe.ts': `const name: string = 'typed'
export default { name, sources: { a: { files: 'a.md', license: 'x' } }, steps: ['clean', { dedupe: { near: '80%' } }] }`,
    'none.ts': 'export const x = 1',
    'bad.ts': "export default { name: 'x', steps: ['claen'] }",
  })
  const { recipe } = await readRecipe(join(base, 'recipe.ts'), language)
  expect(recipe).toMatchObject({ name: 'typed', seed: 0, language: 'en', use: 'fine-tuning', floor: 1, budget: {} })
  expect(recipe.steps.map(({ verb }) => verb)).toEqual(['clean', 'dedupe'])
  await expect(readRecipe(join(base, 'none.ts'), language)).rejects.toThrow('no default export')
  const bad = readRecipe(join(base, 'bad.ts'), language)
  await expect(bad).rejects.toMatchObject({
    diagnostics: [{ code: 'SR_RECIPE_KEY', position: { file: join(base, 'bad.ts') } }],
  })
})

test('user modules: what is wrong with them is named', async () => {
  const steps = 'steps:\n  - use: ./mine.ts\n    from: handbook\n'
  const said = async (module: string) => (await failure(head + steps, { 'mine.ts': module })).message
  expect(await said('export const x = 1')).toMatch(/default export is missing/)
  expect(
    await said("export default { shape: 'filter', verb: 'mine', about: 'x', takes: ['text'], gives: 'same' }"),
  ).toBe(
    './mine.ts does not export a step: `test` must be a function; `options` must be a zod schema; ' +
      '`takes` must list kinds (document, prompt, conversation, preference, feedback, exam, row); ' +
      '`version` must be a whole number; `reasons` must list the reasons for drops',
  )
  expect(await said('throw new Error("no luck")')).toBe('./mine.ts cannot be loaded: no luck')
  const base = folder({ 'recipe.yaml': `${head}steps:\n  - use: ./node_modules/p/mine.ts\n    from: handbook\n` })
  mkdirSync(join(base, 'node_modules/p'), { recursive: true })
  writeFileSync(join(base, 'node_modules/p/mine.ts'), 'export default {}')
  await expect(readRecipe(join(base, 'recipe.yaml'), language)).rejects.toMatchObject({
    code: 'SR_STEP_MODULE',
    hint: expect.stringContaining('.js file'),
  })
})
