import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Rec } from '../../src/records/index.ts'
import { defineFilter, defineGroup } from '../../src/steps/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
afterAll(() => simulator.stop())

/** A group step that writes down who came together. */
function gatherer() {
  const groups: Rec[][] = []
  const gather = defineGroup<{ group?: string }, 'conversation', 'conversation'>({
    verb: 'gather',
    about: 'Looks at what arrives together.',
    version: 1,
    options: z.strictObject({ group: z.string().optional() }),
    takes: ['conversation'],
    gives: ['conversation'],
    reasons: [],
    group: ({ group }) => group,
    async run(records) {
      groups.push(records)
      return { each: new Map(records.map(r => [r.id, { is: 'passed' as const }])) }
    },
  })
  return { groups, gather }
}

const second = defineFilter({
  verb: 'second',
  about: 'Keeps the second draw of each prompt.',
  version: 1,
  options: z.strictObject({}),
  takes: ['conversation'],
  gives: 'same',
  reasons: ['first'],
  test: record => (record.facets.draw === 1 ? { is: 'passed' } : { is: 'dropped', reason: 'first' }),
})

function recipe(steps: object[], chunk?: object) {
  const teacher = (model: string) => ({ model, at: `${simulator.url}/v1`, price: 'free' })
  return {
    name: 'families',
    teachers: { a: teacher('a'), b: teacher('b') },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0', ...(chunk ? { chunk } : {}) } },
    steps,
  }
}
const branches = [
  { ask: { from: 'docs', teacher: 'a', questions: 2 } },
  { answer: { as: 'strong', from: 'ask', teacher: 'a' } },
  { answer: { as: 'weak', from: 'ask', teacher: 'b' } },
]
const parents = (records: Rec[]) => new Set(records.map(r => r.lineage.parents[0]!.id))

test('a group step behind a union receives whole families, of the step it names', async () => {
  const { groups, gather } = gatherer()
  const made = await runIn(
    folder(documents(6)),
    recipe([...branches, { gather: { from: ['strong', 'weak'], group: 'ask' } }]),
    { steps: [gather] },
  )
  expect(made.error).toBeUndefined()
  // Two questions a document, two answers a question, on two branches.
  expect(groups.map(g => g.length)).toEqual([4, 4, 4, 4, 4, 4])
  for (const group of groups) expect(group.map(r => r.lineage.made!.step)).toEqual(['strong', 'strong', 'weak', 'weak'])
  for (const group of groups) expect(parents(group).size).toBe(2)
  expect(made.all).toHaveLength(24)
})

test('families of a step in between are told apart, also where a filter stands behind the union', async () => {
  const { groups, gather } = gatherer()
  const steps = [...branches, { length: { from: ['strong', 'weak'], max: 9999 } }, { gather: { group: 'ask' } }]
  // Every document is several chunks: the union is in order of documents, the families are those of chunks.
  const made = await runIn(folder(documents(4)), recipe(steps, { tokens: 60 }), { steps: [gather] })
  expect(made.error).toBeUndefined()
  expect(groups.length).toBeGreaterThan(4)
  const asked = groups.map(g => g.filter(r => r.lineage.made!.step === 'strong').length)
  expect(groups.map(g => g.length)).toEqual(asked.map(n => 2 * n))
})

test('a family that a union would tear apart stays whole for the nearest step as well', async () => {
  const { groups, gather } = gatherer()
  const steps = [
    { ask: { from: 'docs', teacher: 'a', questions: 1 } },
    { answer: { as: 'drawn', teacher: 'a', samples: 2 } },
    { second: { from: ['drawn.draw'] } },
    { gather: { from: ['second', 'drawn.draw'] } },
  ]
  const made = await runIn(folder(documents(5)), recipe(steps), { steps: [gather, second] })
  expect(made.error).toBeUndefined()
  expect(groups.map(g => g.length)).toEqual([2, 2, 2, 2, 2])
})

test.each([
  ['an unknown step', 'askk', 'did you mean `ask`?'],
  ['a step that makes nothing', 'length', 'known: '],
  ['a source', 'docs', 'known: '],
])('a group that names %s is a finding before anything is asked', async (_, group, hint) => {
  const { gather } = gatherer()
  const before = simulator.stats.calls
  const steps = [...branches, { length: { max: 9999 } }, { gather: { from: ['strong', 'weak'], group } }]
  await expect(runIn(folder(documents(2)), recipe(steps), { steps: [gather] })).rejects.toMatchObject({
    code: 'SR_RECIPE_REFERENCE',
    hint: expect.stringContaining(hint),
    diagnostics: [{ path: 'steps.4.gather.group', position: { line: expect.any(Number) } }],
  })
  expect(simulator.stats.calls).toBe(before)
})
