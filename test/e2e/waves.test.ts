import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtinSteps } from '../../src/builtin-steps.ts'
import type { Rec } from '../../src/records/index.ts'
import { funnelErrors, openProject, openSession, readRun, rejectsOf } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { rougeL, rougeTokens } from '../../src/text/index.ts'
import { folder, type Ran, runIn, write } from '../support/project.ts'

/** Whole runs of the verbs that feed on their own output. */

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 3, logSize: 5000, latencyMs: [0, 5] })
})
afterAll(() => simulator.stop())

const subjects = ['bread dough', 'night trains', 'tax returns', 'garden ponds', 'chess openings', 'wool coats']
const verbs = ['Explain the history of', 'List five facts about', 'Write a limerick on', 'Plan a lesson about']
const seeds = verbs.flatMap(verb => subjects.map(subject => `${verb} ${subject} for my neighbour.`))
const files = { 'seeds.jsonl': seeds.map(prompt => JSON.stringify({ prompt, topic: 'home' })).join('\n') }
const recipe = (steps: object[]) => ({
  name: 'waves',
  teachers: { writer: { model: 'writer', at: `${simulator.url}/v1`, price: 'free' } },
  sources: { seeds: { files: 'seeds.jsonl', license: 'cc0-1.0', kind: 'prompt', columns: { topic: 'topic' } } },
  steps,
})
const textOf = (record: Rec) => (record as Rec<'prompt'>).messages[0]!.content!
const context = (record: Rec) => record.lineage.parents.filter(p => p.role === 'context').map(p => p.id)
const subject = (record: Rec) => record.lineage.parents.find(p => p.role === 'subject')!.id

/** Rejects of the last run in a folder. */
async function rejects(ran: Ran, step: string) {
  const session = openSession((await openProject(`${ran.dir}/recipe.yaml`, builtinSteps)).workspace, {
    command: 'test',
  })
  try {
    return [...rejectsOf(session.store, readRun(session.paths, ran.run), { step })]
  } finally {
    session.close()
  }
}

/** Texts that were shown between marks, and the digest of what they were shown in. */
const shownTo = (n: number) =>
  simulator.log.slice(n).map(({ body }) => {
    const text = (body as { messages: { content: string }[] }).messages.map(message => message.content).join('\n')
    return [...text.matchAll(/<(?:example|prompt)>\n([\s\S]*?)\n<\/\w+>/g)].map(found => found[1]!)
  })

test('self-instruct: waves grow until the target is met, and a row names all that was shown for it', async () => {
  const use = { from: 'seeds', teacher: 'writer', target: 60, waves: 5, 'per-call': 4 }
  const before = simulator.log.length
  const ran = await runIn(folder(files), recipe([{ 'self-instruct': use }]))
  expect(ran.error).toBeUndefined()
  expect(funnelErrors(ran.funnel)).toEqual([])

  const kept = ['w1', 'w2', 'w3', 'w4', 'w5'].map(wave => ran.funnel[`self-instruct.${wave}`]?.passed ?? 0)
  const reached = kept.findIndex((_, i) => kept.slice(0, i + 1).reduce((a, b) => a + b) >= 60) + 1
  expect(reached).toBeGreaterThan(1)
  expect(reached).toBeLessThan(5)
  // No call is made behind the wave that met the target.
  const late = ran.funnel[`self-instruct.w${reached + 1}-input`]!
  expect(late.dropped).toEqual({ 'target-met': late.in })
  expect(kept.slice(reached)).toEqual(kept.slice(reached).map(() => 0))
  expect(ran.all).toHaveLength(kept.reduce((a, b) => a + b))

  const byId = new Map(ran.all.map(record => [record.id, record]))
  const asked = shownTo(before).map(shown => new Set(shown))
  for (const record of ran.all) {
    const [, wave] = /\.w(\d)-ask$/.exec(record.lineage.made!.step)!
    const parents = [subject(record), ...context(record)]
    expect(parents).toHaveLength(8)
    const grown = parents.flatMap(id => (byId.has(id) ? [byId.get(id)!] : []))
    expect(grown).toHaveLength(wave === '1' ? 0 : 2)
    for (const parent of grown) expect(parent.lineage.made!.step < record.lineage.made!.step).toBe(true)
    // What is named is what was shown.
    const texts = grown.map(parent => textOf(parent).split('\n\n')[0]!)
    expect(asked.some(shown => shown.size === 8 && texts.every(text => shown.has(text)))).toBe(true)
    expect(record.lineage.made).toMatchObject({ teachers: ['self/writer'] })
    expect(record.lineage.made!.prompts).toHaveLength(1)
    expect(record.lineage.made!.calls).toHaveLength(1)
    expect(record.lineage.generation).toBe(1 + Math.max(0, ...grown.map(parent => parent.lineage.generation)))
    expect(record.facets.topic).not.toBe('home')
  }

  const pool = [...seeds, ...ran.all.map(record => textOf(record).split('\n\n')[0]!)].map(text => rougeTokens(text))
  for (const [i, tokens] of pool.entries())
    for (const other of pool.slice(seeds.length, i)) expect(rougeL(tokens, other)).toBeLessThan(0.7)
  const [gone] = await rejects(ran, 'self-instruct.w2')
  expect(gone).toMatchObject({ reason: 'not-novel', evidence: { units: 'mixed' } })
  expect((gone!.evidence as { rougeL: number }).rougeL).toBeGreaterThanOrEqual(0.7)
})

test('evolve: rounds lie beside each other, what failed is tried again, and another prompt repeats its own calls alone', async () => {
  const use = { from: 'seeds', teacher: 'writer', waves: 3, keep: 'all' }
  const invent = { from: 'seeds', teacher: 'writer', target: 70, waves: 1, 'per-call': 4 }
  const steps = (own: object) =>
    recipe([{ 'self-instruct': invent }, { evolve: { ...use, from: 'self-instruct', ...own } }])
  const dir = folder(files)
  const ran = await runIn(dir, steps({}))
  expect(ran.error).toBeUndefined()
  expect(funnelErrors(ran.funnel)).toEqual([])

  const rounds = [0, 1, 2, 3].map(n =>
    ran.all.filter(r => (/w(\d)$/.exec(r.lineage.made!.step)?.[1] ?? '0') === `${n}`),
  )
  const failed = [1, 2, 3].map(n => ran.funnel[`evolve.w${n}`]!.dropped['no-information'] ?? 0)
  expect(failed[0]).toBeGreaterThan(0)
  // Each round works on as many prompts: those of the round before, and those that it failed on.
  for (const n of [1, 2, 3]) {
    expect(ran.funnel[`evolve.w${n}`]!.in).toBe(rounds[0]!.length)
    expect(rounds[n]!.length + failed[n - 1]!).toBe(rounds[0]!.length)
  }
  const byId = new Map(ran.all.map(record => [record.id, record]))
  let tried = 0
  for (const record of rounds.slice(1).flat()) {
    const parent = byId.get(subject(record))!
    const { operator, depth, root } = record.facets
    expect(depth).toBe(Number(parent.facets.depth ?? 0) + Number(operator !== 'breadth'))
    expect(root).toBe(parent.facets.root ?? parent.id)
    if (operator !== 'breadth') expect(textOf(record).startsWith(textOf(parent))).toBe(true)
    expect(record.lineage.made!.prompts).toHaveLength(operator === 'breadth' ? 1 : 2)
    if (record.lineage.made!.step === 'evolve.w2' && rounds[0]!.includes(parent)) tried++
  }
  expect(tried).toBeGreaterThan(0)
  expect(new Set(rounds.slice(1).flatMap(all => all.map(r => r.facets.operator))).size).toBe(6)

  // The newest alone: one for each that came in, out of the same replies.
  const before = simulator.stats.calls
  const last = await runIn(dir, steps({ keep: 'last' }))
  expect(last.all).toHaveLength(rounds[0]!.length)
  expect(simulator.stats.calls).toBe(before)

  write(dir, { 'breadth.md': '## user\nThink of a rarer request than this one.\n\n{{prompt}}\n' })
  const bred = ran.all.filter(record => record.facets.operator === 'breadth')
  const edited = await runIn(dir, steps({ 'breadth-prompt': 'breadth.md' }))
  expect(edited.error).toBeUndefined()
  const again = shownTo(before)
  // Of the first round the new prompts are asked for anew, and later what came of them; nothing of what stands before.
  expect(again.length).toBeGreaterThanOrEqual(bred.filter(r => r.lineage.made!.step === 'evolve.w1').length)
  expect(again.every(shown => shown.length === 1)).toBe(true)
  const kept = new Map(edited.all.map(record => [record.id, record]))
  for (const record of rounds[1]!.filter(r => r.facets.operator !== 'breadth'))
    expect(kept.get(record.id)!.lineage.made!.calls).toEqual(record.lineage.made!.calls)
})

test('evolve-answers: variants lie beside each other; what a solver has tried, `answer` does not ask again', async () => {
  const before = simulator.stats.calls
  const ran = await runIn(
    folder(files),
    recipe([
      { evolve: { from: 'seeds', teacher: 'writer', solver: 'writer', waves: 1, keep: 'last' } },
      { answer: { teacher: 'writer' } },
      { 'evolve-answers': { teacher: 'writer', waves: 2 } },
    ]),
  )
  expect(ran.error).toBeUndefined()
  expect(funnelErrors(ran.funnel)).toEqual([])
  const into = (step: string) => ran.funnel[step]!.in
  // One rewriting and one answer a prompt, though answers are wanted twice.
  const answers = into('evolve-answers.w1') + into('evolve-answers.w2')
  expect(simulator.stats.calls - before).toBe(2 * seeds.length + answers)
  const variants = Map.groupBy(ran.all as Rec<'conversation'>[], r => r.messages[0]!.content)
  expect(variants.size).toBe(seeds.length)
  expect(ran.all.length).toBe(
    seeds.length + ['w1', 'w2'].reduce((sum, w) => sum + ran.funnel[`evolve-answers.${w}`]!.made, 0),
  )
  expect(ran.all.length).toBeGreaterThan(2 * seeds.length)
  for (const all of variants.values()) expect(new Set(all.map(r => r.messages.at(-1)!.content)).size).toBe(all.length)
})
