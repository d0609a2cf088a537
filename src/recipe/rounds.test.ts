import { expect, test } from 'vitest'
import { builtinSteps } from '../builtin-steps.ts'
import { StillroomError } from '../errors/index.ts'
import { wordsOf } from '../run/index.ts'
import { parseRecipe, recipeOfRound } from './index.ts'

const words = wordsOf(builtinSteps)
const recipe = (more: object = {}, rounds: object = {}) => ({
  name: 'loop',
  seed: 7,
  teachers: { student: { model: 'simulate/student', revision: 'base' }, judge: { model: 'simulate/judge' } },
  sources: {
    prompts: { files: 'prompts.jsonl', license: 'cc0-1.0', kind: 'prompt' },
    real: { files: 'real.jsonl', license: 'cc0-1.0', kind: 'conversation' },
  },
  steps: [{ answer: { from: 'prompts', teacher: 'student' } }, { accumulate: { with: 'real' } }],
  rounds: { n: 2, student: 'student', revisions: ['base', 'r1'], ...rounds },
  release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-11-20' },
  ...more,
})

async function findings(input: object): Promise<[string, string | undefined][]> {
  try {
    await parseRecipe(input, '/', words)
    return []
  } catch (error) {
    if (StillroomError.is(error)) return error.diagnostics.map(({ path, hint }) => [path ?? '', hint])
    throw error
  }
}
const says = (text: string) => expect.stringContaining(text)
const without = (name: string, input: object = recipe()) =>
  Object.fromEntries(Object.entries(input).filter(([field]) => field !== name))

test.each<[string, object, [string, unknown][]]>([
  ['sound rounds', recipe(), []],
  [
    // 30 days: a timer of Node would end at once.
    'a patience beyond what a timer can wait',
    recipe({}, { between: { run: 'train', timeout: 30 * 86_400 } }),
    [['rounds.between.timeout', undefined]],
  ],
  [
    'a student without a revision',
    recipe({ teachers: { student: { model: 'simulate/student' } } }, { revisions: undefined, between: { run: 'x' } }),
    [['teachers.student', says('could not be told apart')]],
  ],
  ['a student that is none', recipe({}, { student: 'studnet' }), [['rounds.student', says('`student`')]]],
  [
    'a pool as student',
    recipe({ teachers: { a: { model: 'simulate/a' }, student: { 'any-of': { a: 1 } } } }),
    [['rounds.student', says('one model')]],
  ],
  ['too few revisions', recipe({}, { n: 3 }), [['rounds.revisions', says('each round')]]],
  ['the same student twice', recipe({}, { revisions: ['base', 'base'] }), [['rounds.revisions.1', says('same rows')]]],
  ['nobody to name the next student', recipe({}, { revisions: undefined }), [['rounds', says('last line')]]],
  [
    'waiting for nobody knows whom',
    recipe({}, { revisions: undefined, between: { wait: 'http://localhost:8000/v1/models' } }),
    [['rounds', says('last line')]],
  ],
  ['no place where the rows meet', recipe({ steps: ['clean'] }), [['rounds', says('- accumulate')]]],
  ['no release', without('release'), [['rounds', says('-r1')]]],
])('%s', async (_, input, found) => {
  const told = await findings(input)
  // A first step without its source is another matter.
  expect(told.filter(([path]) => !path.startsWith('steps'))).toEqual(found)
})

test('the recipe of a round: student, its generation, earlier rows as a source, version; all else is as it was', async () => {
  const whole = await parseRecipe(recipe(), '/', words)
  const first = recipeOfRound(whole, { round: 1, student: { revision: 'base' } }, words)
  expect(first).toEqual({ ...whole, rounds: undefined, release: { ...whole.release, version: '0.1.0-r1' } })
  const files = ['releases/loop-0.1.0-r1/data/sft/train-00000-of-00001.parquet']
  const student = { revision: 'r1', at: 'http://localhost:8002/v1' }
  const ground = { round: 2, student, earlier: { files, generation: 1, kind: 'conversation' } }
  const second = recipeOfRound(whole, ground, words)
  expect(second).toMatchObject({
    teachers: { student: { model: 'simulate/student', ...student, generation: 1 }, judge: { model: 'simulate/judge' } },
    sources: { 'earlier-rounds': { files, kind: 'conversation', id: 'id' } },
    release: { version: '0.1.0-r2', previous: '0.1.0-r1' },
    seed: 7,
  })
  expect(second.steps.map(({ options }) => options)).toEqual([
    { teacher: 'student' },
    { with: 'real', earlier: 'earlier-rounds' },
  ])
  const replaced = recipeOfRound(await parseRecipe(recipe({}, { keep: 'replace' }), '/', words), ground, words)
  expect(replaced.steps[1]!.options).toEqual({ with: 'real', replace: true })
  expect(Object.keys(replaced.sources)).toEqual(['prompts', 'real'])
})
