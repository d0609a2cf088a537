import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Json, Rec } from '../../src/records/index.ts'
import { startSimulator } from '../../src/simulate/index.ts'
import {
  defineFilter,
  defineGlobal,
  defineGrid,
  defineGroup,
  defineMap,
  defineVerb,
  type MapStep,
  type Primitive,
} from '../../src/steps/index.ts'
import { folder, runIn, write } from '../support/project.ts'

/** Steps that strain the contracts, each about as long as a user's own would be. */

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 1 })
})
afterAll(() => simulator.stop())

const teacher = () => ({ model: 'writer', at: `${simulator.url}/v1`, price: 'free' })
const base = (steps: object[], more: object = {}) => ({
  name: 'contract',
  teachers: { writer: teacher() },
  sources: {
    docs: { files: 'docs/*.md', license: 'cc0-1.0' },
    pool: { files: 'pool.jsonl', license: 'cc0-1.0', kind: 'prompt' },
  },
  steps,
  ...more,
})
const files: { [path: string]: string } = {
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [
      `docs/d${i}.md`,
      `# Note ${i}\n\nThe valve number ${i} opens when pressure passes ${i * 7} bar.\n`,
    ]),
  ),
  'pool.jsonl': Array.from({ length: 9 }, (_, i) => JSON.stringify({ prompt: `how do i open valve ${i}?` })).join('\n'),
}
const one = z.strictObject({ teacher: z.string(), pool: z.string().default('pool') })
const user = (content: string) => [{ role: 'user' as const, content }]

/** A map fed by a pool: few-shot rows are drawn and become context parents. */
const imitate = defineMap<z.infer<typeof one>, 'document', 'prompt'>({
  verb: 'imitate',
  about: 'Asks a question in the manner of drawn ones.',
  version: 1,
  options: one,
  takes: ['document'],
  gives: ['prompt'],
  reasons: [],
  needs: { teachers: ['teacher'] },
  side: o => [{ name: 'pool', from: o.pool }],
  async run(record, ctx) {
    const shots = ctx.draw('pool', 2) as Rec<'prompt'>[]
    const text = `${shots.map(s => s.messages[0]?.content).join('\n')}\n---\n${record.text}`
    const reply = await ctx.call(ctx.options.teacher, { messages: user(text) })
    return { is: 'made', made: [{ payload: { kind: 'prompt', messages: user(reply.content ?? '') }, index: 0 }] }
  },
})

/** A map that looks at more rows of a pool than it shows: the ones with the highest numbers of eight. */
const closest = defineMap<z.infer<typeof one>, 'document', 'prompt'>({
  ...imitate,
  verb: 'closest',
  async run(record, ctx) {
    const number = (shot: Rec) => Number(/\d+/.exec((shot as Rec<'prompt'>).messages[0]!.content!)![0])
    const shots = ctx.draw('pool', 2, { of: 8, by: number }) as Rec<'prompt'>[]
    const reply = await ctx.call(ctx.options.teacher, { messages: user(`${record.text}\n${shots.map(number)}`) })
    return {
      is: 'made',
      made: [{ payload: { kind: 'prompt', messages: user(`${shots.map(number)}\n${reply.content}`) }, index: 0 }],
    }
  },
})

/** A ranking group step: the longest answer of a family is chosen, the shortest rejected, the rest consumed. */
const longest = defineGroup<Record<string, never>, 'conversation', 'preference'>({
  verb: 'longest',
  about: 'Pairs the longest with the shortest answer.',
  version: 1,
  options: z.strictObject({}),
  takes: ['conversation'],
  gives: ['preference'],
  reasons: ['one-answer'],
  async run(records) {
    const sorted = [...records].sort((a, b) => length(b) - length(a) || (a.id < b.id ? -1 : 1))
    const [best, worst] = [sorted[0]!, sorted.at(-1)!]
    if (best === worst) return { each: new Map([[best.id, { is: 'dropped', reason: 'one-answer' }]]) }
    const [prompt, chosen] = [best.messages.slice(0, -1), best.messages.slice(-1)]
    return {
      each: new Map(records.map(r => [r.id, { is: 'consumed' as const }])),
      made: [
        {
          payload: { kind: 'preference', prompt, chosen, rejected: worst.messages.slice(-1) },
          index: 0,
          from: [best.id, worst.id],
        },
      ],
    }
  },
})
const length = (r: Rec<'conversation'>): number => r.messages.at(-1)?.content?.length ?? 0

/** A global with a side input: documents that a pool row names are kept out. */
const unseen = defineGlobal<{ against: string }>({
  verb: 'unseen',
  about: 'Drops documents whose number a row of the side input mentions.',
  version: 1,
  options: z.strictObject({ against: z.string() }),
  takes: ['document'],
  gives: 'same',
  reasons: ['seen'],
  side: o => [{ name: 'against', from: o.against }],
  passes: [
    {
      survey(records, _, { side }) {
        const numbers = [...records].map(r => [
          r.id,
          /\d+/.exec(JSON.stringify(side ? r : { t: (r as Rec<'document'>).text }).replace(r.id, ''))?.[0] ?? '',
        ])
        return new Map([[0, side ? { side: numbers, main: [] } : { side: [], main: numbers }]])
      },
      merge: (a: Both, b: Both) => ({ side: [...a.side, ...b.side], main: [...a.main, ...b.main] }),
      decide(_, { side, main }: Both) {
        const named = new Set(side.map(([, n]) => n))
        return main.filter(([, n]) => named.has(n!)).map(([id]) => id)
      },
      combine: (parts: string[][]) => ({ each: new Map(parts.flat().map(id => [id, true as Json])) }),
    },
  ],
  apply: (_, seen) => (seen ? { is: 'dropped', reason: 'seen' } : { is: 'passed' }),
})
type Both = { side: string[][]; main: string[][] }

/** A synthesizer fitted on a whole input: it consumes the rows and emits new ones whose one parent is the corpus. */
const fit = defineGlobal<{ rows: number }>({
  verb: 'fit',
  about: 'Emits rows with the mean length of the input.',
  version: 1,
  options: z.strictObject({ rows: z.number() }),
  takes: ['document'],
  gives: ['row'],
  reasons: [],
  passes: [
    {
      survey(records) {
        const texts = [...records].map(r => (r as Rec<'document'>).text.length)
        return new Map([[0, { n: texts.length, sum: texts.reduce((a, b) => a + b, 0) }]])
      },
      merge: (a: Sum, b: Sum) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
      decide: (_, s: Sum) => s.sum / s.n,
      combine: (means: number[]) => ({ shared: means[0]!, each: new Map() }),
    },
  ],
  apply: () => ({ is: 'consumed' }),
  *emit(mean, { rows }) {
    for (let i = 0; i < rows; i++)
      yield { payload: { kind: 'row', columns: { length: Math.round(mean as number) + i } }, index: i }
  },
})
type Sum = { n: number; sum: number }

/** Grows a pool in waves: each wave sees the earlier ones; what an earlier wave already said is dropped in id order. */
const wave = defineMap<z.infer<typeof one>, 'prompt', 'prompt'>({
  ...imitate,
  verb: 'wave',
  takes: ['prompt'],
  side: () => [],
  async run(record, ctx) {
    const shot = ctx.draw('pool', 1)[0] as Rec<'prompt'> | undefined
    const text = `${record.messages[0]?.content} | ${shot?.messages[0]?.content ?? 'nothing yet'}`
    return { is: 'made', made: [{ payload: { kind: 'prompt', messages: user(text.slice(0, 60)) }, index: 0 }] }
  },
})
const until = defineGlobal<{ target: number }>({
  verb: 'until',
  about: 'Lets nothing through once the earlier waves have met the target.',
  version: 1,
  options: z.strictObject({ target: z.number() }),
  takes: ['prompt'],
  gives: 'same',
  reasons: ['target-met'],
  passes: [
    {
      survey: (records, _, { side }) => new Map([[0, side ? [...records].length : 0]]),
      merge: (a: number, b: number) => a + b,
      decide: (_, n: number, { target }) => n >= target,
      combine: (met: boolean[]) => ({ shared: met[0] ?? false, each: new Map() }),
    },
  ],
  apply: (_, __, met) => (met ? { is: 'dropped', reason: 'target-met' } : { is: 'passed' }),
})
const grow = defineVerb<{ teacher: string; waves: number; target: number }>({
  verb: 'grow',
  about: 'Grows prompts out of prompts.',
  options: z.strictObject({ teacher: z.string(), waves: z.number(), target: z.number() }),
  takes: ['prompt'],
  expand({ teacher, waves, target }) {
    const names = Array.from({ length: waves }, (_, i) => `w${i + 1}`)
    const steps: Primitive[] = names.flatMap((as, i) => {
      const earlier = names.slice(0, i)
      const pool = earlier.length > 0 ? earlier : ['$in']
      return [
        { as: `${as}-gate`, step: until, options: { target }, from: ['$in'], ...(i > 0 ? { side: { pool } } : {}) },
        { as, step: wave, options: { teacher }, from: [`${as}-gate`], side: { pool } },
      ]
    })
    return [...steps, { as: 'all', step: keep, options: {}, from: names }]
  },
})
const keep = defineFilter({
  verb: 'keep',
  about: 'Keeps everything.',
  version: 1,
  options: z.strictObject({}),
  takes: ['prompt'],
  gives: 'same',
  reasons: [],
  test: () => ({ is: 'passed' }),
})

/** A map that asks what is no chat: how likely a text is after its title, and what a head says of it. */
const weigh = defineMap<{ teacher: string }, 'document', 'document'>({
  verb: 'weigh',
  about: 'Scores a text by its likelihood and by a head.',
  version: 1,
  options: z.strictObject({ teacher: z.string() }),
  takes: ['document'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], forms: { teacher: 'score' } },
  async run(record, ctx) {
    const messages = [...user('# Note\n\n'), ...user(record.text)]
    const [told, marked] = await Promise.all(
      (['score', 'reward'] as const).map(form => ctx.call(ctx.options.teacher, { form, messages })),
    )
    const sum = told!.logprobs!.reduce((sum, { logprob }) => sum + logprob, 0)
    const scores = {
      likelihood: { method: `by ${told!.by}`, value: sum },
      reward: { method: 'head', call: marked!.call, value: marked!.marks![0]!.value },
    }
    return { is: 'passed', notes: { scores } }
  },
})

const steps = [imitate, closest, longest, unseen, fit, grow, keep, wave, until, weigh]

test('a map fed by a pool names drawn rows as context, and other rows do not change the draw of one', async () => {
  const all = await runIn(folder(files), base([{ imitate: { from: 'docs', teacher: 'writer' } }]), { steps })
  expect(all.error).toBeUndefined()
  expect(all.all).toHaveLength(12)
  for (const record of all.all) {
    expect(record.lineage.parents.map(p => p.role)).toEqual(['subject', 'context', 'context'])
    expect(record.lineage).toMatchObject({ origin: 'synthetic', generation: 1 })
  }
  const { 'docs/d3.md': _, ...fewer } = files
  const less = await runIn(folder(fewer), base([{ imitate: { from: 'docs', teacher: 'writer' } }]), { steps })
  const before = new Map(all.all.map(r => [r.id, JSON.stringify(r)]))
  for (const record of less.all) expect(before.get(record.id)).toBe(JSON.stringify(record))
})

test('a map may look at more rows of a pool than it shows, and only the shown ones become parents', async () => {
  const { error, all } = await runIn(folder(files), base([{ closest: { from: 'docs', teacher: 'writer' } }]), { steps })
  expect(error).toBeUndefined()
  for (const record of all) {
    expect(record.lineage.parents.map(p => p.role)).toEqual(['subject', 'context', 'context'])
    // Of nine rows eight are looked at, so that at most one of the highest is out of sight.
    const [high, low] = (record as Rec<'prompt'>).messages[0]!.content!.split('\n')[0]!.split(',').map(Number)
    expect(high! + low!).toBeGreaterThanOrEqual(13)
    expect(high).toBeGreaterThan(low!)
  }
})

test('another turn draws others for the same record, and names those alone that it drew', async () => {
  type Turn = { turn?: number | undefined }
  const turns: MapStep<Turn, 'document', 'prompt'> = defineMap<Turn, 'document', 'prompt'>({
    ...(imitate as object as typeof turns),
    verb: 'turns',
    options: z.strictObject({ turn: z.number().optional() }),
    needs: {},
    side: () => [{ name: 'pool', from: 'pool' }],
    async run(_, ctx) {
      const shots = ctx.draw('pool', 2, ctx.options.turn === undefined ? {} : { turn: ctx.options.turn })
      return {
        is: 'made',
        made: [{ payload: { kind: 'prompt', messages: user(shots.map(s => s.id).join()) }, index: 0 }],
      }
    },
  })
  const drawn = async (turn: object) => {
    const { all } = await runIn(folder(files), base([{ turns: { from: 'docs', ...turn } }]), { steps: [turns] })
    return all.map(r => {
      const context = r.lineage.parents.filter(p => p.role === 'context').map(p => p.id)
      expect((r as Rec<'prompt'>).messages[0]!.content).toBe(context.join())
      return context.join()
    })
  }
  const [without, first, again, second] = [
    await drawn({}),
    await drawn({ turn: 1 }),
    await drawn({ turn: 1 }),
    await drawn({ turn: 2 }),
  ]
  expect(first).toEqual(again)
  expect(first).toHaveLength(12)
  const alike = (a: string[], b: string[]) => a.filter((ids, i) => ids === b[i]).length
  expect([alike(without, first), alike(first, second), alike(without, second)].every(n => n < 4)).toBe(true)
})

/** A map that hands on what it was given beside what a teacher made of it. */
const beside = defineMap<{ teacher: string }, 'document', 'document'>({
  verb: 'beside',
  about: 'Keeps the original beside a new version.',
  version: 1,
  options: z.strictObject({ teacher: z.string() }),
  takes: ['document'],
  gives: ['document'],
  reasons: [],
  needs: { teachers: ['teacher'] },
  async run({ text }, ctx) {
    const { content, call } = await ctx.call(ctx.options.teacher, { messages: user(text) })
    const draft = (index: number, text: string, calls: string[]) => ({
      payload: { kind: 'document' as const, text },
      index,
      calls,
    })
    return { is: 'made', made: [draft(0, text, []), draft(1, content!, [call])] }
  },
})

test('a draft that no call stands behind keeps origin and generation of its subject, whatever its siblings are', async () => {
  const result = await runIn(folder(files), base([{ beside: { from: 'docs', teacher: 'writer' } }]), {
    steps: [beside],
  })
  expect(result.all).toHaveLength(24)
  for (const { lineage } of result.all) {
    const { origin, generation, made } = lineage
    if (made!.calls.length > 0) expect([origin, generation, made!.teachers.length]).toEqual(['synthetic', 1, 1])
    else expect([origin, generation, made!.teachers]).toEqual(['real', 0, []])
  }
})

test('a group step sees the draws of one prompt together and makes one record from several', async () => {
  const recipe = base([
    { ask: { from: 'docs', teacher: 'writer', questions: 3 } },
    { answer: { teacher: 'writer', samples: 4 } },
    { longest: {} },
  ])
  // Straight after the draws, before `agree` chooses among them.
  const drawn = base([recipe.steps[0]!, recipe.steps[1]!, { longest: { from: 'answer.draw' } }])
  const result = await runIn(folder(files), drawn, { steps })
  expect(result.error).toBeUndefined()
  expect(result.all.length).toBeGreaterThan(20)
  for (const record of result.all) {
    expect(record.kind).toBe('preference')
    expect(record.lineage.parents.filter(p => p.role === 'subject')).toHaveLength(2)
    expect(record.lineage.generation).toBe(2)
  }
  const counts = result.funnel.longest!
  expect(counts.consumed).toBe(counts.in)
})

test('what two steps made of one record is a family without a name for it, and a synthetic half makes a pair synthetic', async () => {
  const copied = defineMap<Record<string, never>, 'prompt', 'conversation'>({
    verb: 'copied',
    about: 'Answers with the question, without a teacher.',
    version: 1,
    options: z.strictObject({}),
    takes: ['prompt'],
    gives: ['conversation'],
    reasons: [],
    async run({ messages }) {
      const said = `${messages[0]!.content} `.repeat(40)
      return {
        is: 'made',
        made: [
          {
            payload: { kind: 'conversation', messages: [...messages, { role: 'assistant', content: said }] },
            index: 0,
          },
        ],
      }
    },
  })
  const branches = base([
    { copied: { from: 'pool' } },
    { answer: { as: 'strong', from: 'pool', teacher: 'writer', grounded: false } },
    { answer: { as: 'drawn', from: 'pool', teacher: 'writer', grounded: false, samples: 2 } },
    { longest: { from: ['copied', 'strong', 'drawn.draw'] } },
  ])
  const result = await runIn(folder(files), branches, { steps: [...steps, copied] })
  expect(result.error).toBeUndefined()
  expect(result.funnel.longest).toMatchObject({ in: 36, consumed: 36, made: 9 })
  for (const record of result.all) {
    const { chosen, lineage } = record as Rec<'preference'>
    expect(chosen[0]!.content).toMatch(/^(how do i open valve \d\? ){40}$/)
    expect(lineage).toMatchObject({ origin: 'synthetic', generation: 1 })
  }
})

test('a global sees side shards by name and its decision reaches the right records', async () => {
  const result = await runIn(folder(files), base([{ unseen: { from: 'docs', against: 'pool' } }]), { steps })
  expect(result.funnel.unseen).toMatchObject({ in: 12, passed: 3, dropped: { seen: 9 } })
  expect(result.funnel.pool).toMatchObject({ in: 9 })
})

test('a synthesizer emits rows whose one parent is the digest of the whole input', async () => {
  const dir = folder(files)
  const result = await runIn(dir, base([{ fit: { from: 'docs', rows: 5 } }]), { steps })
  expect(result.error).toBeUndefined()
  expect(result.funnel.fit).toMatchObject({ in: 12, consumed: 12, made: 5, items: 5 })
  const corpora = new Set(result.all.flatMap(r => r.lineage.parents.map(p => `${p.role} ${p.id}`)))
  expect(corpora.size).toBe(1)
  expect([...corpora][0]).toMatch(/^corpus [0-9a-f]{64}$/)
  expect(result.all.every(r => r.lineage.origin === 'synthetic' && r.lineage.generation === 1)).toBe(true)
})

test('a self-fed step is unrolled: a wave reads the earlier ones and gets no input once the target is met', async () => {
  const grown = await runIn(
    folder(files),
    base([{ grow: { from: 'pool', teacher: 'writer', waves: 3, target: 18 } }]),
    { steps },
  )
  expect(grown.error).toBeUndefined()
  expect(grown.funnel['grow.w1']).toMatchObject({ in: 9, made: 9 })
  expect(grown.funnel['grow.w2']).toMatchObject({ in: 9, made: 9 })
  expect(grown.funnel['grow.w3-gate']).toMatchObject({ in: 9, dropped: { 'target-met': 9 } })
  expect(grown.all).toHaveLength(18)
  const first = new Set(grown.all.slice(0, 9).map(r => r.id))
  for (const second of grown.all.slice(9)) {
    expect(second.lineage.parents.some(p => p.role === 'context' && first.has(p.id))).toBe(true)
  }
})

/** A verb that reads records, unless its options say what there is. */
const laid = defineGrid<{ names: string[] }>({
  verb: 'laid',
  about: 'A row a name.',
  version: 1,
  options: z.strictObject({ names: z.array(z.string()) }),
  takes: [],
  gives: ['prompt'],
  reasons: [],
  *rows({ names }) {
    for (const [index, name] of names.entries())
      yield { payload: { kind: 'prompt', messages: user(name) }, index, key: name }
  },
})
const either = defineVerb<{ names?: string[] }>({
  verb: 'either',
  about: 'Prompts out of its input, or out of names.',
  options: z.strictObject({ names: z.array(z.string()).optional() }),
  takes: ['prompt'],
  alone: ({ names }) => names !== undefined,
  expand: ({ names }) => [
    ...(names ? [{ as: 'laid', step: laid, options: { names } }] : []),
    { as: '', step: keep, options: {} },
  ],
})

test('a verb whose options stand in for its input reads none, and says so when it is given one', async () => {
  const of = (options: object) => runIn(folder(files), base([{ either: options }]), { steps: [either, laid, keep] })
  expect((await of({ names: ['a', 'b'] })).all).toHaveLength(2)
  expect((await of({ from: 'pool' })).all).toHaveLength(9)
  await expect(of({ from: 'pool', names: ['a'] })).rejects.toMatchObject({ code: 'SR_RECIPE_CONFLICT' })
})

test("a user's step in its own file runs, and an edit of a file it imports is another step", async () => {
  const mine = (word: string) => ({
    ...files,
    'word.ts': `export const word: string = '${word}'\n`,
    'mine.ts': `import { word } from './word.ts'
export default {
  shape: 'map', verb: 'mine', about: 'Shouts.', version: 1,
  options: { safeParse: (data: unknown) => ({ success: true, data }), parse: (x: unknown) => x },
  takes: ['document'], gives: 'same', reasons: ['shouted'],
  run: async (r: { text: string }) => ({ is: 'fixed', reason: 'shouted', payload: { kind: 'document', text: r.text + word } }),
}\n`,
  })
  const recipe = base([{ use: './mine.ts', from: 'docs' }])
  const first = await runIn(folder(mine('!')), recipe)
  expect(first.error).toBeUndefined()
  expect(first.funnel.mine).toMatchObject({ in: 12, fixed: 12 })
  expect(first.all.every(r => (r as Rec<'document'>).text.endsWith('!'))).toBe(true)
  const second = await runIn(folder(mine('?')), recipe)
  expect(second.all.every(r => (r as Rec<'document'>).text.endsWith('?'))).toBe(true)
  expect(second.all.map(r => r.id)).toEqual(first.all.map(r => r.id))
})

test('what is no chat is an ordinary call: journalled, told who answered, and the same whatever is sampled', async () => {
  const dir = folder(files)
  const recipe = (more: object) => ({
    ...base([{ weigh: { from: 'docs', teacher: 'writer' } }]),
    teachers: { writer: { ...teacher(), ...more } },
  })
  const first = await runIn(dir, recipe({}), { steps })
  expect(first.error).toBeUndefined()
  for (const { scores } of first.all) {
    expect(scores['weigh/likelihood']).toMatchObject({ method: 'by self/writer', judge: 'self/writer' })
    expect((scores['weigh/likelihood'] as { value: number }).value).toBeLessThan(-10)
    expect(scores['weigh/reward']).toMatchObject({ value: expect.any(Number), judge: 'self/writer' })
  }
  const asked = simulator.stats.calls
  const second = await runIn(dir, recipe({ temperature: 0.7, max_tokens: 9 }), { steps })
  expect(second.all.map(({ scores }) => scores)).toEqual(first.all.map(({ scores }) => scores))
  expect(simulator.stats.calls).toBe(asked)
  const refused = runIn(dir, recipe({ forms: ['continue'] }), { steps })
  await expect(refused).rejects.toMatchObject({
    code: 'SR_RECIPE_CONFLICT',
    message: expect.stringContaining('log-probabilities'),
  })
})

test('a global whose code throws ends the run under the name of the step', async () => {
  const broken = defineGlobal<{ [key: string]: never }>({
    ...(fit as object as typeof fit & { options: never }),
    verb: 'broken',
    options: z.strictObject({}),
    apply: () => {
      throw new TypeError('no such column')
    },
  } as never)
  const result = await runIn(folder(files), base([{ broken: { from: 'docs' } }]), { steps: [broken] })
  expect(result.error).toMatchObject({ code: 'SR_STEP_FAILED', message: 'Step broken threw: no such column' })
  expect(result.exit).toBe(1)
})

test('a side input without a record stops the run before it is used', async () => {
  const broken = folder({ ...files, 'pool.jsonl': '"no object"\n"nor this"\n' })
  const before = simulator.stats.calls
  const what = base([{ unseen: { from: 'docs', against: 'pool' } }])
  const found = { code: 'SR_SOURCE_EMPTY', received: '2 wrong-shape' }
  await expect(runIn(broken, what, { steps })).rejects.toMatchObject(found)
  // More rows than a plan looks at.
  write(broken, { 'pool.jsonl': '"no object"\n'.repeat(120) })
  const stopped = await runIn(broken, what, { steps })
  expect(stopped.error).toMatchObject({ ...found, received: '120 wrong-shape' })
  expect(simulator.stats.calls).toBe(before)
})
