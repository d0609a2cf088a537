import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { Rec } from '../../src/records/index.ts'
import { openSession } from '../../src/run/index.ts'
import { type Ctx, defineMap } from '../../src/steps/index.ts'
import { fastClock } from '../support/clock.ts'
import { documents } from '../support/documents.ts'
import { folder, type Ran, runIn } from '../support/project.ts'
import { type Scripted, scriptedServer } from '../support/scripted-server.ts'

const servers: Scripted[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})
async function serve(answer: Parameters<typeof scriptedServer>[0]): Promise<Scripted> {
  const server = await scriptedServer(answer)
  servers.push(server)
  return server
}

type Two = { a: string; b: string }
const options = z.strictObject({ a: z.string(), b: z.string(), pool: z.string().default('pool') })
const user = (content: string | null) => [{ role: 'user' as const, content }]
const shared = { about: 'A step of this test.', version: 1, options, needs: { teachers: ['a', 'b'] as const } }
const files = {
  'docs/a.md': '# One\n\nThe valve opens slowly when pressure passes the limit.\n',
  'pool.jsonl': Array.from({ length: 5 }, (_, i) => JSON.stringify({ prompt: `how do I set part ${i}?` })).join('\n'),
}

function recipe(url: string, steps: object[], more: object = {}) {
  return {
    name: 'lineage',
    teachers: {
      w: { model: 'writer', at: url, price: 'free' },
      e: { model: 'editor', at: url, price: 'free' },
    },
    sources: {
      docs: { files: 'docs/*.md', license: 'cc0-1.0' },
      pool: { files: 'pool.jsonl', license: 'cc0-1.0', kind: 'prompt', origin: 'synthetic', generation: 3 },
    },
    steps,
    ...more,
  }
}
const asks = (step: { run(r: Rec<'document'>, ctx: Ctx<Two>): Promise<string> }) =>
  defineMap<Two & { pool: string }, 'document', 'prompt'>({
    ...shared,
    verb: 'asks',
    takes: ['document'],
    gives: ['prompt'],
    reasons: [],
    run: async (r, ctx) => ({
      is: 'made',
      made: [{ index: 0, payload: { kind: 'prompt', messages: user(await step.run(r, ctx)) } }],
    }),
  })
const again = (ran: Ran): void => {
  for (const name of ['tasks', 'stages']) rmSync(join(ran.dir, '.stillroom', name), { recursive: true })
}

test('lineage does not depend on which of two replies came first', async () => {
  let release = (): void => {}
  const held = new Promise<void>(resolve => (release = resolve))
  const server = await serve(content => {
    if (content.startsWith('B')) release()
    return { content, ...(content.startsWith('A') ? { after: held } : {}) }
  })
  const both = asks({
    run: async (r, ctx) =>
      (
        await Promise.all([
          ctx.call(ctx.options.a, { messages: user(`A ${r.text}`) }),
          ctx.call(ctx.options.b, { messages: user(`B ${r.text}`) }),
        ])
      )
        .map(reply => reply.content)
        .join(' '),
  })
  const dir = folder(files)
  const first = await runIn(dir, recipe(server.url, [{ asks: { from: 'docs', a: 'w', b: 'e' } }]), { steps: [both] })
  expect(first.all[0]!.lineage.made?.teachers).toEqual(['self/writer', 'self/editor'])
  again(first)
  const second = await runIn(dir, recipe(server.url, [{ asks: { from: 'docs', a: 'w', b: 'e' } }]), { steps: [both] })
  expect(second.all).toEqual(first.all)
})

test('equal requests under two caps share the reply that serves both', async () => {
  const server = await serve((_, n) => ({ content: `reply ${n}` }))
  const twice = asks({
    run: async (r, ctx) =>
      (
        await Promise.all([
          ctx.call(ctx.options.a, { messages: user(r.text) }),
          ctx.call(ctx.options.b, { messages: user(r.text) }),
        ])
      )
        .map(reply => reply.content)
        .join(' '),
  })
  const caps = recipe(server.url, [{ asks: { from: 'docs', a: 'w', b: 'e' } }])
  Object.assign(caps.teachers, {
    w: { model: 'm', at: server.url, price: 'free', max_tokens: 500 },
    e: { model: 'm', at: server.url, price: 'free', max_tokens: 900 },
  })
  const ran = await runIn(folder(files), caps, { steps: [twice] })
  expect((ran.all[0] as Rec<'prompt'>).messages[0]!.content).toBe('reply 0 reply 0')
  expect(server.bodies).toHaveLength(1)
})

test('what a model repairs or judges names everything it saw and everyone who wrote', async () => {
  const server = await serve(content => ({ content: `reply to ${content.slice(0, 7)}` }))
  const write = asks({
    run: async (r, ctx) => (await ctx.call(ctx.options.a, { messages: user(`write ${r.text}`) })).content!,
  })
  const side = (o: { pool: string }) => [{ name: 'pool', from: o.pool }]
  const rewrite = defineMap<Two & { pool: string }, 'prompt', 'prompt'>({
    ...shared,
    verb: 'repair',
    takes: ['prompt'],
    gives: 'same',
    reasons: ['rewritten'],
    side,
    async run(r, ctx) {
      const shots = JSON.stringify(ctx.draw('pool', 2))
      const reply = await ctx.call(ctx.options.b, {
        messages: user(`rewrite ${JSON.stringify(r.messages)} like ${shots}`),
      })
      return { is: 'fixed', reason: 'rewritten', payload: { kind: 'prompt', messages: user(reply.content) } }
    },
  })
  const grade = defineMap<Two & { pool: string }, 'prompt', 'prompt'>({
    ...shared,
    verb: 'rate-two',
    takes: ['prompt'],
    gives: 'same',
    reasons: [],
    side,
    async run(r, ctx) {
      await ctx.call(ctx.options.b, {
        messages: user(`grade ${JSON.stringify(r.messages)} ${JSON.stringify(ctx.draw('pool', 2))}`),
      })
      return { is: 'passed', notes: { scores: { s: { method: 'm', value: 1 } } } }
    },
  })
  const two = { a: 'w', b: 'e' }
  const steps = [write, rewrite, grade]
  const repaired = await runIn(
    folder(files),
    recipe(server.url, [{ asks: { from: 'docs', ...two } }, { repair: two }]),
    { steps },
  )
  const { lineage } = repaired.all[0]!
  expect(lineage.made).toMatchObject({ step: 'repair', teachers: ['self/writer', 'self/editor'] })
  expect(lineage.made?.calls).toHaveLength(2)
  expect(lineage.parents.map(p => p.role)).toEqual(['subject', 'context', 'context'])
  expect(lineage.generation).toBe(4)

  const graded = await runIn(
    folder(files),
    recipe(server.url, [{ asks: { from: 'docs', ...two } }, { 'rate-two': two }]),
    {
      steps,
    },
  )
  expect(graded.all[0]!.scores['rate-two/s']).toMatchObject({
    judge: 'self/editor',
    call: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect(graded.all[0]!.lineage.parents.map(p => p.role)).toEqual(['subject', 'context', 'context'])
  expect(graded.all[0]!.lineage.generation).toBe(1)
})

test('calls that no server worked on cost no budget, however often they are tried', async () => {
  const priced = (at: string) => ({
    name: 'down',
    teachers: { w: { model: 'm', at, license: 'apache-2.0', price: { input: 1, output: 100 }, patience: 1 } },
    budget: { usd: 3 },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [{ ask: { from: 'docs', teacher: 'w', questions: 1 } }],
  })
  const limited = await serve(() => ({ status: 429 }))
  const dir = folder(documents(8))
  for (let round = 0; round < 2; round++) {
    const down = await runIn(dir, priced('http://127.0.0.1:9/v1'), { clock: fastClock(5000) })
    expect(down.error?.code).toBe('SR_TEACHER_DOWN')
    const stop = new AbortController()
    let faults = 0
    const renderers = [(event: { event: string }) => void (event.event === 'route' && ++faults === 12 && stop.abort())]
    const busy = await runIn(dir, priced(limited.url), { clock: fastClock(100), signal: stop.signal, renderers })
    expect(busy.status).toBe('interrupted')
  }
  const session = openSession(join(dir, '.stillroom'), { command: 'test' })
  expect(session.journal.spent()).toMatchObject({ usd: 0, orphans: 0 })
  session.close()
})

test('a step that awaits its calls one after the other survives a stop, and two drafts of one index are its mistake', async () => {
  const server = await serve(content => ({ content }))
  const inTurn = asks({
    async run(r, ctx) {
      const calls = ['a', 'b', 'c'].map(word => ctx.call(ctx.options.a, { messages: user(`${word} ${r.text}`) }))
      let text = ''
      for (const call of calls) text += (await call).content
      return text
    },
  })
  const steps = [{ asks: { from: 'docs', a: 'w', b: 'e' } }]
  const stopped = await runIn(
    folder({ ...documents(8), 'pool.jsonl': files['pool.jsonl'] }),
    recipe(server.url, steps, { budget: { calls: 5 } }),
    { steps: [inTurn] },
  )
  expect(stopped.status).toBe('budget')
  const same = defineMap<Two & { pool: string }, 'document', 'prompt'>({
    ...shared,
    verb: 'asks',
    takes: ['document'],
    gives: ['prompt'],
    reasons: [],
    run: async () => ({
      is: 'made',
      made: [0, 0].map(index => ({ index, payload: { kind: 'prompt', messages: user('?') } })),
    }),
  })
  const wrong = await runIn(folder(files), recipe(server.url, steps), { steps: [same] })
  expect(wrong.error).toMatchObject({ code: 'SR_STEP_OUTCOME', message: expect.stringContaining('the same index') })
})

test('what a model writes is a generation deeper than what it was trained on; a repair by it as well', async () => {
  const server = await serve(() => ({ content: 'fine' }))
  const write = asks({
    run: async (_, { call, options }) => (await call(options.a, { messages: user('write') })).content!,
  })
  const edit = defineMap<Two & { pool: string }, 'prompt', 'prompt'>({
    ...shared,
    verb: 'edit',
    takes: ['prompt'],
    gives: 'same',
    reasons: ['edited'],
    async run(_, { call, options }) {
      const { content } = await call(options.b, { messages: user('edit') })
      return { is: 'fixed', reason: 'edited', payload: { kind: 'prompt', messages: user(content) } }
    },
  })
  const depth = async (w: object, e: object, ...steps: object[]) => {
    const { teachers, ...rest } = recipe(server.url, [{ asks: { from: 'docs', a: 'w', b: 'e' } }, ...steps])
    const trained = { w: { ...teachers.w, ...w }, e: { ...teachers.e, ...e } }
    const { all } = await runIn(folder(files), { ...rest, teachers: trained }, { steps: [write, edit] })
    return all[0]!.lineage.generation
  }
  expect(await depth({}, {})).toBe(1)
  expect(await depth({ generation: 2 }, {})).toBe(3)
  // The deeper of what was repaired and of what the repairer was trained on.
  const repaired = { edit: { a: 'w', b: 'e' } }
  expect(await depth({}, { generation: 4 }, repaired)).toBe(5)
  expect(await depth({ generation: 4 }, { generation: 1 }, repaired)).toBe(6)
})
