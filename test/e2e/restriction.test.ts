import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { canonical, type Rec } from '../../src/records/index.ts'
import { openProject, openSession, replay, run } from '../../src/run/index.ts'
import { defineGlobal, type Step } from '../../src/steps/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { commandLine } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn, write } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
afterAll(() => simulator.stop())

const prompts = (name: string, n: number) => ({
  [`${name}.jsonl`]: Array.from({ length: n }, (_, i) =>
    JSON.stringify({ prompt: `${name}: how do i open ${i}?` }),
  ).join('\n'),
})
const files = { ...documents(3), ...prompts('tickets', 12), ...prompts('faq', 5) }
const ask = { ask: { from: 'docs', teacher: 'writer', questions: 1 } }
const answer = (from?: string[]) => ({ answer: { ...(from ? { from } : {}), teacher: 'writer' } })

function recipe(steps: object[]) {
  const source = (name: string) => ({ files: `${name}.jsonl`, license: 'cc0-1.0', kind: 'prompt' })
  return {
    name: 'restricted',
    floor: 0,
    teachers: { writer: { model: 'writer', at: `${simulator.url}/v1`, price: 'free' } },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' }, tickets: source('tickets'), faq: source('faq') },
    steps,
  }
}

const limited = (steps: object[]) => runIn(folder(files), recipe(steps), { context: { restrict: { limit: 1 } } })

test.each([[['ask', 'tickets', 'faq']], [['tickets', 'faq', 'ask']], [['tickets', 'ask', 'faq']]])(
  'a limit bounds what joins behind a paid step: answer from %j',
  async from => {
    const { funnel, error } = await limited([ask, answer(from)])
    expect(error).toBeUndefined()
    // One document is asked about, and one of all prompts that no paid step made goes with its questions.
    expect(funnel.ask!.in).toBe(1)
    expect(funnel['answer.limit']).toMatchObject({ in: 17, passed: 1 })
    expect(funnel.answer!.in).toBe(2)
  },
)

test('the restriction stands where a branch enters the paid part, and only where a paid step follows', async () => {
  const through = await limited([ask, { dedupe: { from: ['ask', 'tickets'], near: false } }, answer()])
  expect(through.funnel['dedupe.exact']!.in).toBe(2)
  expect(through.funnel.answer!.in).toBe(2)
  // A free step sees all of what nobody pays for.
  const free = await limited([ask, { dedupe: { from: ['ask', 'tickets'], near: false } }])
  expect(free.all).toHaveLength(13)
})

async function opened<T>(
  dir: string,
  steps: object[],
  more: Step[],
  work: (project: Awaited<ReturnType<typeof openProject>>, session: ReturnType<typeof openSession>) => Promise<T>,
): Promise<T> {
  write(dir, { 'recipe.yaml': stringify(recipe(steps)) })
  const project = await openProject(join(dir, 'recipe.yaml'), [...builtinSteps, ...more])
  const session = openSession(project.workspace, { command: 'test' })
  try {
    return await work(project, session)
  } finally {
    session.close()
  }
}
const lines = (rows: Iterable<Rec>) => [...rows].map(canonical).join('\n')

test.each<[string, object[], number]>([
  ['the other branch second', [ask, answer(['ask', 'tickets'])], 11],
  ['the other branch first', [ask, answer(['tickets', 'ask'])], 11],
  ['a free step between', [ask, { dedupe: { from: ['faq', 'ask', 'tickets'], near: false } }, answer()], 16],
])('a replay ends, and is the run restricted to the roots it has replies for: %s', async (_, steps, left) => {
  const dir = folder(files)
  // Paid for: every question, and the answers to four tickets.
  await runIn(dir, recipe([ask]))
  await runIn(dir, recipe([answer(['tickets'])]), { context: { restrict: { limit: 4 } } })
  const before = simulator.stats.calls
  await opened(dir, steps, [], async (project, session) => {
    let rounds = 0
    const { result, unpaid } = await replay(project, session, {
      renderers: [event => event.event === 'run-started' && rounds++],
    })
    expect([result.status, rounds]).toEqual(['done', 2])
    expect(result.funnel.answer).toMatchObject({ in: 4, made: 4 })
    // Three documents, whose questions lack answers, eight tickets, and the whole of the third branch.
    expect(unpaid).toHaveLength(left)
    const real = await run({ plan: await project.plan({ restrict: { drop: unpaid } }), session, env: {} })
    expect(lines(result.rows())).toBe(lines(real.rows()))
    expect(result.funnel).toEqual(real.funnel)
  })
  expect(simulator.stats.calls).toBe(before)
})

test('a replay of waves leaves out what was not paid for, and nothing that a later wave asks because of it', async () => {
  const dir = folder(files)
  const steps = [{ evolve: { from: 'tickets', teacher: 'writer', waves: 3, keep: 'last' } }, answer()]
  const first = await runIn(dir, recipe(steps), { context: { restrict: { limit: 4 } } })
  expect(first.all).toHaveLength(4)
  await opened(dir, steps, [], async (project, session) => {
    const { result, unpaid } = await replay(project, session)
    expect(unpaid).toHaveLength(12 - 4)
    expect(lines(result.rows())).toBe(lines(first.all))
  })
})

test('a root that no restriction can leave out ends the replay by name instead of starting it over', async () => {
  // What a global makes out of paid records enters nowhere: no restriction stands before it.
  const compose = defineGlobal({
    verb: 'compose',
    about: 'Adds one prompt about the whole input.',
    version: 1,
    options: z.strictObject({}),
    takes: ['prompt'],
    gives: ['prompt'],
    reasons: [],
    passes: [
      {
        survey: () => new Map([[0, 0]]),
        merge: () => 0,
        decide: () => 0,
        combine: () => ({ each: new Map() }),
      },
    ],
    apply: () => ({ is: 'passed' }),
    emit: () => [
      { index: 0, payload: { kind: 'prompt', messages: [{ role: 'user', content: 'what have they in common?' }] } },
    ],
  })
  const dir = folder(documents(2))
  const steps = [ask, { compose: {} }, answer()]
  await opened(dir, [ask], [], async (project, session) => run({ plan: await project.plan(), session, env: {} }))
  const failed = opened(dir, steps, [compose], (project, session) => replay(project, session))
  await expect(failed).rejects.toMatchObject({ code: 'SR_INTERNAL', received: expect.stringMatching(/^[0-9a-f]{32}$/) })
})

test('a preview that a step leaves empty shows what came as far as any, and says nothing of what the limit held back', async () => {
  const dir = folder(files)
  const steps = [ask, answer(), { judge: { teacher: 'writer', rubric: 'accuracy-clarity-usefulness', min: 10 } }]
  write(dir, { 'recipe.yaml': stringify({ ...recipe([...steps, { dedupe: { near: false } }]), floor: 1 }) })
  const { code, out, err } = await commandLine(dir, 'preview recipe.yaml -n 1')
  expect([code, err]).toEqual([5, expect.stringContaining('Step judge.cut left nothing.')])
  expect(out).toMatch(/^No row came to the end\. What judge\.score gave, the last to give anything:\n\nconversation /m)
  expect(out).toMatch(/^Left out: 1 below-threshold$/m)
  expect(out).not.toContain('over-limit')
})
