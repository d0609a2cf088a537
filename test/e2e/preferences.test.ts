import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { builtinSteps } from '../../src/builtin-steps.ts'
import type { Json, Rec } from '../../src/records/index.ts'
import { readRows } from '../../src/release/index.ts'
import { funnelErrors, openProject, openSession, type RunResult, releaseRun, run } from '../../src/run/index.ts'
import { defineMap } from '../../src/steps/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { folder, runIn } from '../support/project.ts'

const root = join(import.meta.dirname, '..', '..')
const home = mkdtempSync(join(tmpdir(), 'stillroom-preferences-'))
let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5, logSize: 5000 })
  const filter = (path: string) => !/[\\/](?:\.stillroom|releases)$/.test(path)
  for (const part of ['recipes', 'examples/quickstart'])
    cpSync(join(root, part), join(home, part), { recursive: true, filter })
})
afterAll(async () => {
  await simulator.stop()
  rmSync(home, { recursive: true, force: true })
})

type Finished = RunResult & { all: Rec[]; released: { [column: string]: Json }[] }

/** A ready recipe to its release, with options over its own. */
async function finish(name: string, set: { [option: string]: string } = {}): Promise<Finished> {
  const project = await openProject(join(home, 'recipes', `${name}.yaml`), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    const plan = await project.plan({ set })
    const result = await run({ plan, session, env: { STILLROOM_SIMULATOR: simulator.url } })
    expect(result.error).toBeUndefined()
    expect(funnelErrors(result.funnel)).toEqual([])
    const released: Finished['released'] = []
    if (Object.keys(set).length === 0) {
      const { dir } = await releaseRun(project, session, result)
      for await (const { row } of readRows(dir)) released.push(row)
    }
    return { ...result, all: [...result.rows()], released }
  } finally {
    session.close()
  }
}

const turn = <R extends string>(...roles: R[]) =>
  z.strictObject({ role: z.enum(roles), content: z.string().regex(/\S/) })
const said = turn('system', 'user', 'assistant', 'tool')
const prompt = z
  .array(said)
  .refine(turns => ['user', 'tool'].includes(turns.at(-1)?.role ?? ''), 'ends with a question')
const answer = z.tuple([turn('assistant')])
const first = (turns: { content: string }[]) => turns[0]!.content

/** Rows as TRL's trainers take them: conversational, the prompt apart and in neither answer. */
const pair = z
  .object({ prompt, chosen: answer, rejected: answer })
  .refine(row => first(row.chosen) !== first(row.rejected), 'the answers differ')
  .refine(
    row => ![row.chosen, row.rejected].some(side => first(side).startsWith(first(row.prompt))),
    'no prompt in them',
  )
const unpaired = z.object({ prompt, completion: answer, label: z.boolean() })

test('answers of two teachers become pairs over a margin, and every pair answers for itself', async () => {
  const { funnel, all, released, notes } = await finish('preferences')
  expect(funnel['judge.score']!.in).toBe(4 * funnel.ask!.made)
  const { in: came, consumed, made, dropped } = funnel['rank.pairs']!
  expect(consumed).toBe(2 * made)
  expect(came).toBe(consumed + Object.values(dropped).reduce((sum, n) => sum + n, 0))
  expect(made).toBeGreaterThan(60)

  const writers = new Set<unknown>()
  for (const record of all) {
    const { facets, scores, lineage } = record
    const value = (aspect: string) => (scores[`rank/${aspect}`] as { value: number }).value
    expect(value('margin')).toBeCloseTo(value('chosen') - value('rejected'), 9)
    expect(value('margin')).toBeGreaterThanOrEqual(1 - 1e-9)
    expect(lineage.parents.map(({ role }) => role)).toEqual(['subject', 'subject'])
    expect(lineage).toMatchObject({ origin: 'synthetic', generation: 2, made: { step: 'rank.pairs' } })
    expect(facets).toMatchObject({ judgedBy: 'simulate/judge', ownFamily: 'none' })
    writers.add(`${facets.chosenBy} over ${facets.rejectedBy}`)
  }
  expect(writers).toContain('simulate/large over simulate/small')
  expect(writers).toContain('simulate/small over simulate/large')

  expect(released).toHaveLength(all.length)
  for (const row of released) expect(pair.safeParse(row).error).toBeUndefined()
  expect(notes.some(({ step, message }) => step === 'preference-bias' && /longer one in/.test(message))).toBe(true)

  // Another margin and another policy read what was judged, and ask nobody.
  const calls = simulator.stats.calls
  const every = await finish('preferences', { 'rank.pairs': 'all', 'rank.margin': '2' })
  expect(every.funnel['rank.pairs']!.made).toBeGreaterThan(0)
  expect(simulator.stats.calls).toBe(calls)
}, 30_000)

test('a student that judges itself asks for four answers and three judgements each, and ties make no pair', async () => {
  const before = simulator.stats.calls
  const { funnel, all, released } = await finish('self-reward')
  const { made } = funnel['self-reward.candidates']!
  expect(made).toBe(4 * funnel.sample!.passed)
  // The same answer twice is asked about once.
  expect(simulator.stats.calls - before).toBeLessThanOrEqual(made + 3 * made)
  expect(funnel['self-reward.pairs']!.consumed).toBe(2 * funnel['self-reward.pairs']!.made)
  for (const { facets, scores } of all) {
    expect(facets).toMatchObject({ ownFamily: 'both', chosenBy: 'simulate/student@round-1' })
    expect((scores['self-reward/margin'] as { value: number }).value).toBeGreaterThan(0)
  }
  expect(released.length).toBeGreaterThan(20)
  for (const row of released) expect(pair.safeParse(row).error).toBeUndefined()
}, 30_000)

test('a log becomes feedback and pairs, without a teacher', async () => {
  const { funnel, released, notes } = await finish('thumbs')
  expect(funnel.thumbs).toMatchObject({ in: 37, made: 35, dropped: { 'no-signal': 4, contradicted: 2 } })
  const [liked, pairs] = [released.filter(row => 'label' in row), released.filter(row => 'chosen' in row)]
  expect([liked.length, pairs.length]).toEqual([27, 8])
  for (const row of liked) expect(unpaired.safeParse(row).error).toBeUndefined()
  for (const row of pairs) expect(pair.safeParse(row).error).toBeUndefined()
  // Who voted is counted and goes nowhere.
  expect(JSON.stringify(released)).not.toMatch(/"u\d\d"/)
  expect(notes.map(({ message }) => message)).toContain(
    '16 liked and 11 disliked replies: for KTO desirable_weight 1 and undesirable_weight 1.45; undesirable_weight may lie from 1.09 to 1.45',
  )
})

/** Stands for a step that revises answers: the original and two revisions, siblings. */
const revise = defineMap<Record<string, never>, 'conversation', 'conversation'>({
  verb: 'revise',
  about: 'Leaves the answer and two revisions of it.',
  version: 1,
  options: z.strictObject({}),
  takes: ['conversation'],
  gives: ['conversation'],
  reasons: [],
  async run({ messages }) {
    const content = messages.at(-1)!.content!
    const kept = /valve 3/.test(messages[0]!.content!)
    return {
      is: 'made',
      made: [content, kept ? content : `${content} Take care.`, kept ? content : 'Ask a fitter.'].map(
        (said, index) => ({
          payload: { kind: 'conversation', messages: [...messages.slice(0, -1), { role: 'assistant', content: said }] },
          index,
          notes: { facets: { revision: index } },
        }),
      ),
    }
  },
})
const asked = Array.from({ length: 6 }, (_, n) => JSON.stringify({ prompt: `How do I open valve ${n}?` })).join('\n')
const chats = Array.from({ length: 6 }, (_, n) =>
  JSON.stringify({ prompt: `How do I open valve ${n}?`, completion: `Turn wheel ${n} to the left until it stops.` }),
).join('\n')
const base = (steps: object[]) => ({
  name: 'pairs',
  teachers: { student: { model: 'student', at: `${simulator.url}/v1`, price: 'free', revision: 'round-2' } },
  sources: {
    asked: { files: 'asked.jsonl', license: 'cc0-1.0', kind: 'prompt' },
    chats: { files: 'chats.jsonl', license: 'cc0-1.0', kind: 'conversation' },
  },
  steps,
})
const files = () => folder({ 'asked.jsonl': asked, 'chats.jsonl': chats })

test('two answers of one prompt are revised apart: each last revision stands against its own original', async () => {
  const steps = [
    { answer: { from: 'asked', teacher: 'student', samples: 2 } },
    { revise: { from: 'answer.draw' } },
    'contrast',
  ]
  const { error, all, funnel } = await runIn(files(), base(steps as object[]), { steps: [revise] })
  expect(error).toBeUndefined()
  expect(funnelErrors(funnel)).toEqual([])
  expect(funnel.contrast).toMatchObject({ in: 36, consumed: 20, made: 10, dropped: { unchanged: 4, between: 12 } })
  for (const record of all as Rec<'preference'>[]) {
    expect(record.chosen[0]!.content).toBe('Ask a fitter.')
    expect(record.lineage.parents).toHaveLength(2)
  }
  expect(new Set((all as Rec<'preference'>[]).map(({ rejected }) => rejected[0]!.content)).size).toBeGreaterThan(5)
})

/** Stands for a verifier: an answer of an even length is right, one in five is not decided. */
const grade = defineMap<Record<string, never>, 'conversation', 'conversation'>({
  verb: 'decide',
  about: 'Grades answers by their length.',
  version: 1,
  options: z.strictObject({}),
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  async run({ messages }) {
    const { length } = messages.at(-1)!.content!
    const score = { method: 'length', ...(length % 5 === 0 ? { unscored: 'undecided' } : { value: 1 - (length % 2) }) }
    return { is: 'passed', notes: { scores: { correct: score as { method: string; value: number } } } }
  },
})

test('right samples of a prompt are set against wrong ones, and what nobody decided is neither', async () => {
  const steps = [
    { answer: { from: 'asked', teacher: 'student', samples: 6 } },
    { decide: { from: 'answer.draw' } },
    { 'verified-pairs': { by: 'decide/correct', most: 2 } },
  ]
  const { error, all, funnel } = await runIn(files(), base(steps), { steps: [grade] })
  expect(error).toBeUndefined()
  expect(funnelErrors(funnel)).toEqual([])
  const { in: came, consumed, made, dropped } = funnel['verified-pairs']!
  expect([came, consumed]).toEqual([36, 2 * made])
  expect(made).toBeGreaterThan(6)
  expect(dropped.undecided).toBeGreaterThan(0)
  for (const { chosen, rejected } of all as Rec<'preference'>[]) {
    expect([chosen, rejected].map(side => side[0]!.content!.length % 2)).toEqual([0, 1])
  }
})

test('self-play sets what people wrote over what the named revision of the student says', async () => {
  const { error, all } = await runIn(files(), base([{ 'self-play': { from: 'chats', teacher: 'student' } }]))
  expect(error).toBeUndefined()
  expect(all).toHaveLength(6)
  for (const record of all as Rec<'preference'>[]) {
    expect(record.chosen[0]!.content).toMatch(/^Turn wheel \d/)
    expect(record.lineage).toMatchObject({
      origin: 'synthetic',
      generation: 1,
      made: { teachers: ['self/student@round-2'] },
    })
    expect(pair.safeParse(record).error).toBeUndefined()
  }
})

test('a score that no earlier step stores is a finding, in a list as well', async () => {
  const before = simulator.stats.calls
  const steps = [
    { answer: { from: 'asked', teacher: 'student', samples: 2 } },
    { judge: { from: 'answer.draw', teacher: 'student' } },
    { rank: { by: ['judge/overall', 'jugde/clarity'] } },
  ]
  await expect(runIn(files(), base(steps))).rejects.toMatchObject({
    code: 'SR_RECIPE_REFERENCE',
    message: 'there is no earlier step `jugde`',
    hint: expect.stringContaining('judge'),
  })
  expect(simulator.stats.calls).toBe(before)
})

test('the report on pairs that people preferred', async () => {
  const sources = { pairs: { files: join(root, 'test/fixtures/hh-rlhf/*.jsonl'), license: 'MIT' } }
  const { error, all, notes } = await runIn(folder(), { name: 'people', sources, steps: ['preference-bias'] })
  expect(error).toBeUndefined()
  expect(all).toHaveLength(10)
  const tokens = all.map(({ facets }) => [facets.chosenTokens, facets.rejectedTokens] as [number, number])
  const longer = tokens.filter(([chosen, rejected]) => chosen > rejected).length
  expect(notes[0]!.message).toContain(`the chosen answer is the longer one in ${10 * longer}.0 %`)
})
