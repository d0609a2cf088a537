import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { folder, language } from '../../test/support/recipe-words.ts'
import { StillroomError } from '../errors/index.ts'
import type { Plan, Stage } from './plan.ts'
import { type PlanContext, planRecipe } from './planner.ts'
import { parseRecipe } from './read.ts'
import { defineRecipe } from './schema.ts'

const head = `
name: tutor
teachers:
  writer: { model: deepseek/deepseek-chat }
  judge: { model: google/gemini-2.5-ultra }
sources:
  handbook: { files: docs/*.md, license: CC-BY-4.0 }
  notes: { files: notes/*.md, license: CC-BY-4.0, chunk: { tokens: 200, overlap: 10% } }
  tickets: { files: logs.jsonl, license: proprietary, kind: conversation }
`

async function planOf(steps: string, context: PlanContext = {}, base = folder()): Promise<Plan> {
  return planRecipe(await parseRecipe(parse(`${head}steps:\n${steps}`), base, language), base, language, context)
}

/** A stage as `shape key [nodes] < inputs ~ side`. */
function line({ shape, key, nodes, from, side }: Stage): string {
  const inner = nodes.length > 1 ? ` [${nodes.map(node => node.key).join(' ')}]` : ''
  const input = from.length ? ` < ${from.join(' ')}` : ''
  const beside = Object.entries(side).map(([name, keys]) => ` ~ ${name}: ${keys.join(' ')}`)
  return `${shape} ${key}${inner}${input}${beside.join('')}`
}
const lines = (plan: Plan) => plan.stages.map(line)

test('the standard chain: pure neighbours fuse; teachers, cuts and globals stand alone; groups begin a stage', async () => {
  const plan = await planOf(`
  - clean: { from: handbook }
  - words
  - ask: { teacher: writer, like: tickets }
  - answer: { teacher: writer, agreement: 60% }
  - words: { as: length }
  - clean: { as: tidy }
  - judge: { teacher: judge, drop: 30% }
  - dedupe
  - words: { as: a }
  - rank
  - words: { as: b }
`)
  expect(lines(plan)).toEqual([
    'source handbook',
    'source tickets',
    'map words [clean words] < handbook',
    'map ask < words ~ like: tickets',
    'map answer.draw < ask',
    'map answer.floor < answer.draw',
    'map tidy [length tidy] < answer.floor',
    'map judge.score < tidy',
    'global judge.cut < judge.score',
    'global dedupe < judge.cut',
    'map a < dedupe',
    'map b [rank b] < a',
  ])
  expect(plan.output).toBe('b')
  const nodes = new Map(plan.stages.flatMap(stage => stage.nodes).map(node => [node.key, node]))
  expect(nodes.get('answer.floor')).toMatchObject({ owner: 'answer', options: { by: 'answer/agreement', below: 0.6 } })
  expect(nodes.get('judge.cut')).toMatchObject({ options: { by: 'judge/total', drop: 0.3, unscored: 'drop' } })
  expect(nodes.get('ask')).toMatchObject({ takes: ['document'], gives: ['prompt'], teachers: ['writer'] })
  expect(nodes.get('dedupe')).toMatchObject({ takes: ['conversation'], gives: ['conversation'] })
})

test('what two steps read ends its stage; branches join in a union made once', async () => {
  const plan = await planOf(`
  - clean: { from: handbook }
  - words
  - clean: { as: a, from: words }
  - words: { as: b, from: words }
  - dedupe: { from: [a, b] }
  - clean: { as: again, from: [a, b] }
  - words: { as: last, from: [dedupe, again] }
`)
  expect(lines(plan)).toEqual([
    'source handbook',
    'map words [clean words] < handbook',
    'map a < words',
    'map b < words',
    'union a+b < a b',
    'global dedupe < a+b',
    'map again < a+b',
    'union dedupe+again < dedupe again',
    'map last < dedupe+again',
  ])
})

test('side inputs end stages too, stay apart by name, and come before what reads them', async () => {
  const plan = await planOf(
    `
  - clean: { from: handbook }
  - words: { as: pool, from: notes }
  - decontaminate: { from: clean, against: [pool, ./tests.jsonl] }
  - decontaminate: { as: twice, against: [tickets] }
  - mix: { with: handbook }
`,
    {},
    folder({ 'tests.jsonl': '' }),
  )
  expect(lines(plan)).toEqual([
    'source handbook',
    'source notes',
    'source tests.jsonl',
    'source tickets',
    'map notes.chunk < notes',
    'map pool < notes.chunk',
    'map decontaminate [clean decontaminate] < handbook ~ against: pool tests.jsonl',
    'map twice < decontaminate ~ against: tickets',
    'union twice+handbook < twice handbook',
    'map mix < twice+handbook ~ with: handbook',
  ])
  expect(plan.recipe.sources['tests.jsonl']).toEqual({
    files: 'tests.jsonl',
    license: 'unknown',
    origin: 'real',
    kind: 'document',
  })
  expect(plan.stages.flatMap(stage => stage.nodes).find(node => node.key === 'notes.chunk')).toMatchObject({
    options: { tokens: 200, overlap: 0.1 },
    from: ['notes'],
  })
})

test('a step fed by its own output unrolls: each wave reads the input beside the earlier ones', async () => {
  const grown = await planOf('  - grow: { from: notes, teacher: writer, waves: 3 }\n  - dedupe\n')
  expect(lines(grown)).toEqual([
    'source notes',
    'map notes.chunk < notes',
    'map grow.wave-1 < notes.chunk',
    'map grow.wave-2 < notes.chunk ~ pool: grow.wave-1',
    'map grow.wave-3 < notes.chunk ~ pool: grow.wave-1 grow.wave-2',
    'union grow.wave-1+grow.wave-2+grow.wave-3 < grow.wave-1 grow.wave-2 grow.wave-3',
    'map grow.all < grow.wave-1+grow.wave-2+grow.wave-3',
    'global dedupe < grow.all',
  ])
})

test('a verb without input begins a chain of its own, and primitives can be read by their keys', async () => {
  const plan = await planOf(`
  - instruct: { teacher: writer, topics: [tea] }
  - ask: { from: handbook, teacher: writer }
  - answer: { teacher: writer }
  - dedupe: { from: [instruct, answer.draw, answer] }
`)
  expect(lines(plan)).toEqual([
    'source handbook',
    'grid instruct.grid',
    'map instruct < instruct.grid',
    'map ask < handbook',
    'map answer.draw < ask',
    'map answer.floor < answer.draw',
    'union instruct+answer.draw+answer.floor < instruct answer.draw answer.floor',
    'global dedupe < instruct+answer.draw+answer.floor',
  ])
})

test('a restriction stands once in front of the first paid steps that read the same, and changes nothing else', async () => {
  const steps = `
  - clean: { from: notes }
  - grow: { teacher: writer, waves: 2 }
  - answer: { teacher: writer }
  - ask: { from: handbook, teacher: writer }
  - answer: { as: other, teacher: writer }
  - dedupe: { from: [answer, other] }
`
  const [all, some] = [await planOf(steps), await planOf(steps, { restrict: { limit: 5 } })]
  expect(lines(some).filter(text => /limit|wave|^map ask/.test(text))).toEqual([
    'global grow.wave-1.limit < clean',
    'map grow.wave-1 < grow.wave-1.limit',
    'map grow.wave-2 < grow.wave-1.limit ~ pool: grow.wave-1',
    'union grow.wave-1+grow.wave-2 < grow.wave-1 grow.wave-2',
    'map grow.all < grow.wave-1+grow.wave-2',
    'global ask.limit < handbook',
    'map ask < ask.limit',
  ])
  const dropped = await planOf(steps, { restrict: { drop: ['a'] } })
  expect(lines(dropped)).toContain('map grow.wave-1.leave-out < clean')
  const ids = (plan: Plan) => new Map(plan.stages.map(stage => [stage.key, stage.id]))
  for (const [key, id] of ids(all)) expect([ids(some).get(key), ids(dropped).get(key)]).toEqual([id, id])
  expect(lines(await planOf(steps, { restrict: {} }))).toEqual(lines(all))
})

test('--set overrides raw options before they are checked', async () => {
  const steps =
    '  - ask: { from: handbook, teacher: writer }\n  - answer: { teacher: writer }\n  - judge: { teacher: judge, drop: 30% }\n'
  const options = (plan: Plan, key: string) => plan.stages.flatMap(s => s.nodes).find(node => node.key === key)!.options
  const plan = await planOf(steps, { set: { 'judge.drop': '50%', 'ask.questions': '3', 'answer.agreement': 0.2 } })
  expect(options(plan, 'judge.cut').drop).toBe(0.5)
  expect(options(plan, 'ask').questions).toBe(3)
  expect(options(plan, 'answer.floor').below).toBe(0.2)
  const same = ['ask', 'answer.draw', 'judge.score']
  const before = await planOf(steps)
  for (const key of same.slice(1)) {
    expect(plan.stages.find(s => s.key === key)!.id).toBe(before.stages.find(s => s.key === key)!.id)
  }
  const failed = async (set: PlanContext['set']) => {
    const error = await planOf(steps, { set }).catch(e => e)
    return StillroomError.is(error) ? error.diagnostics.map(d => [d.code, d.path, d.hint, d.position]) : error
  }
  expect(await failed({ 'jugde.drop': '1%', 'judge.dorp': '1%' })).toEqual([
    ['SR_RECIPE_REFERENCE', '--set jugde.drop', 'did you mean `judge`?', undefined],
  ])
  expect(await failed({ 'judge.dorp': '1%' })).toEqual([
    ['SR_RECIPE_KEY', '--set steps.2.judge.dorp', 'did you mean `drop`?', undefined],
  ])
  expect(await failed({ 'judge.drop': '{' })).toMatchObject([
    ['SR_RECIPE_VALUE', '--set judge.drop', undefined, undefined],
  ])
  expect(await failed({ judge: '1' })).toEqual([
    ['SR_RECIPE_KEY', '--set judge', 'write judge.<option>=<value>', undefined],
  ])
})

test('a recipe in TypeScript is the same recipe', async () => {
  const base = folder()
  const recipe = defineRecipe({
    name: 'typed',
    sources: { a: { files: 'a.md', license: 'x' } },
    steps: ['clean', { dedupe: { near: '80%' } }],
  })
  const plan = await planRecipe(await parseRecipe(recipe, base, language), base, language)
  expect(lines(plan)).toEqual(['source a', 'map clean < a', 'global dedupe < clean'])
  expect(plan.stages[2]!.nodes[0]!.options).toEqual({ near: 0.8 })
})

test('a user module runs as a step, wherever its folder lies; what it imports is part of what it is', async () => {
  const zod = join(import.meta.dirname, '../../node_modules/zod/index.js')
  const module = `import { z } from '${zod}'
import { floor } from './floor.ts'
const options: unknown = z.strictObject({ least: z.number().default(floor) })
export default { shape: 'filter', verb: 'mine', about: 'Mine.', version: 1, options, takes: ['document'], gives: 'same',
  reasons: ['short'], test: () => ({ is: 'passed' }) }`
  const at = async (floor: string, options = '') => {
    const base = folder({
      'mine.ts': module,
      'floor.ts': `import './deep.ts'\nexport const floor = 3`,
      'deep.ts': floor,
    })
    const plan = await planOf(`  - use: ./mine.ts\n    from: handbook\n${options}  - dedupe\n`, {}, base)
    return plan.stages.find(stage => stage.nodes[0]?.step.verb === 'mine')!
  }
  const stage = await at('export {}')
  expect(stage.nodes[0]).toMatchObject({
    key: 'mine',
    options: { least: 3 },
    module: expect.stringMatching(/^file:.*mine\.ts$/),
  })
  expect((await at('export {}')).id).toBe(stage.id)
  expect((await at('export {} // changed')).id).not.toBe(stage.id)
  expect((await at('export {}', '    options: { least: 40% }\n')).nodes[0]!.options).toEqual({ least: 0.4 })
})
