import { afterEach, describe, expect, it } from 'vitest'
import { sha256 } from '../records/index.ts'
import {
  type BatchCall,
  type BatchClient,
  type BatchResult,
  openTeacher,
  type Request,
  type SeenLimits,
  type Teacher,
  teacherConfig,
} from '../teachers/index.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from './index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function start(
  options: SimulatorOptions,
  config: object,
): Promise<{ simulator: Simulator; teacher: Teacher; batch: BatchClient }> {
  const simulator = await startSimulator(options)
  closing.push(simulator.stop)
  const parsed = teacherConfig.parse({ model: 'simulate/writer', ...config })
  const teacher = openTeacher('writer', parsed, { env: { STILLROOM_SIMULATOR: simulator.url } })
  closing.push(() => teacher.close?.())
  return { simulator, teacher, batch: teacher.batch! }
}

const calls: BatchCall[] = Array.from({ length: 30 }, (_, n) => ({
  key: sha256(String(n)),
  request: {
    messages: [{ role: 'user', content: `Tell me of harbour ${n}, of its 海 and of its ships.` }],
    sampling: { temperature: 0.7 },
  },
  wire: { seed: 100 + n, cap: n % 3 === 0 ? 5 : 200, draw: n % 4 },
}))
const callOf = (key: string) => calls.find(call => call.key === key)

async function submit(batch: BatchClient, name: string, some = calls): Promise<string> {
  const rows = some.map(call => batch.encode(call))
  const upload = await batch.upload?.(name, rows)
  return await batch.submit(name, { ...(upload !== undefined && { upload }), rows: () => rows })
}

async function finish(batch: BatchClient, remote: string): Promise<Map<string, BatchResult>> {
  for (let looks = 0; (await batch.poll(remote)).state === 'running'; looks++) expect(looks).toBeLessThan(20)
  const found = new Map<string, BatchResult>()
  for await (const result of batch.results(remote, callOf)) found.set(result.key, result)
  return found
}

describe.each(['openai', 'anthropic'] as const)('batches over the %s protocol', protocol => {
  it('bring the replies that calls would have brought', async () => {
    const { teacher, batch } = await start({}, { protocol })
    const found = await finish(batch, await submit(batch, 'run-1'))
    expect(found.size).toBe(calls.length)
    for (const { key, request, wire } of calls)
      expect(found.get(key)).toEqual({ key, reply: await teacher.doGenerate(request, wire) })
  })

  it('give back every row once, as a reply or as one to be asked again', async () => {
    const { batch } = await start({ batch: { fates: [{ expires: 0.7, errors: 0.3 }] } }, { protocol })
    const found = await finish(batch, await submit(batch, 'run-1'))
    expect([...found.keys()].sort()).toEqual(calls.map(call => call.key).sort())
    const failed = [...found.values()].filter(result => 'failed' in result)
    expect(failed.length).toBeGreaterThan(3)
    expect(failed.length).toBeLessThan(calls.length - 3)
  })

  it('leave out of the next batch what was refused in one', async () => {
    const { batch } = await start({ rejects: ['temperature'] }, { protocol })
    const first = await finish(batch, await submit(batch, 'run-1'))
    expect(
      [...first.values()].every(result => 'failed' in result && /^temperature was refused/.test(result.failed)),
    ).toBe(true)
    const second = await finish(batch, await submit(batch, 'run-2'))
    expect([...second.values()].every(result => 'reply' in result && result.reply.finish !== 'rejected')).toBe(true)
  })

  it('are found when the answer of their submit was lost', async () => {
    const { simulator, batch } = await start({ batch: { fates: [{}, { losesAnswer: true }] } }, { protocol })
    const since = Date.now()
    const first = await submit(batch, 'run-1')
    const rows = calls.map(call => batch.encode(call))
    const upload = await batch.upload?.('run-2', rows)
    const from = { ...(upload !== undefined && { upload }), rows: () => rows }
    await expect(batch.submit('run-2', from)).rejects.toMatchObject({ policy: 'health', unsent: false })
    const lost = {
      name: 'run-2',
      rows: rows.length,
      since,
      known: new Set([first]),
      ours: (key: string) => callOf(key) !== undefined,
    }
    const remote = await batch.find({ ...lost, ...(upload !== undefined && { upload }) })
    expect(remote).toBeDefined()
    expect(remote).not.toBe(first)
    expect(simulator.stats.batches).toBe(2)
    expect((await finish(batch, remote!)).size).toBe(calls.length)
    // Over as well as running.
    expect(await batch.find({ ...lost, ...(upload !== undefined && { upload }) })).toBe(remote)
    expect(await batch.find({ ...lost, name: 'run-3', known: new Set([first, remote!]) })).toBeUndefined()
  })

  it('end when they are cancelled, and what they were made of can be removed', async () => {
    const { batch } = await start({ batch: { fates: [{ hangs: true }] } }, { protocol })
    const rows = calls.map(call => batch.encode(call))
    const upload = await batch.upload?.('run-1', rows)
    const remote = await batch.submit('run-1', { ...(upload !== undefined && { upload }), rows: () => rows })
    expect(await batch.poll(remote)).toMatchObject({ state: 'running', total: calls.length })
    await batch.cancel(remote)
    const found = await finish(batch, remote)
    expect([...found.values()].every(result => 'failed' in result)).toBe(true)
    await batch.cancel(remote)
    if (upload === undefined) return
    await batch.discard!(upload)
    await batch.discard!(upload)
  })
})

describe('a batch that fails its check', () => {
  it('says why', async () => {
    const { batch } = await start({ batch: { fates: [{ fails: 'token_limit_exceeded' }] } }, {})
    const remote = await submit(batch, 'run-1')
    expect(await batch.poll(remote)).toMatchObject({ state: 'failed', message: expect.stringMatching(/./) })
  })
})

describe.each(['openai', 'anthropic'] as const)('the %s client', protocol => {
  const word = 'The harbour is old. '

  it('receives in parts what it would have received whole', async () => {
    const whole = await start({}, { protocol })
    const parts = await start({}, { protocol, stream: true })
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'find', parameters: { type: 'object', properties: { q: { type: 'string' } } } },
      },
    ]
    const asked: Request[] = [
      ...calls.slice(0, 6).map(call => call.request),
      { messages: [{ role: 'user', content: 'x' }], sampling: { reasoning_effort: 'low' }, logprobs: 2 },
      ...Array.from({ length: 6 }, (_, i) => ({ messages: [{ role: 'user' as const, content: `find ${i}` }], tools })),
    ]
    for (const request of asked) {
      const wire = { seed: 3, cap: 60, draw: 1 }
      expect(await parts.teacher.doGenerate(request, wire)).toEqual(await whole.teacher.doGenerate(request, wire))
    }
    expect(parts.simulator.log.every(entry => (entry.body as { stream?: boolean }).stream)).toBe(true)
  })

  it('hears of limits with replies and refusals', async () => {
    const { teacher } = await start({ limits: { rpm: 2 }, headers: protocol }, { protocol })
    const heard: SeenLimits[] = []
    const wire = { seed: 1, cap: 9, draw: 0, limits: (seen: SeenLimits) => heard.push(seen) }
    for (let i = 0; i < 3; i++) await teacher.doGenerate(calls[i]!.request, wire).catch(() => {})
    expect(heard).toHaveLength(3)
    expect(heard[0]!.requests).toMatchObject({ limit: 2, remaining: 1 })
    expect(heard[2]!.requests?.remaining).toBe(0)
    expect(heard[2]!.requests?.resetMs).toBeGreaterThan(10_000)
  })

  it('counts what came from the cache', async () => {
    const { teacher } = await start({ cache: {} }, { protocol })
    const document = `Read this:\n${word.repeat(600)}`
    const ask = (question: string) =>
      teacher.doGenerate(
        {
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'user', content: `${document}\n${question}` },
          ],
          prefix: { messages: 1, characters: document.length },
        },
        { seed: 1, cap: 9, draw: 0 },
      )
    const first = (await ask('How old?')).usage
    const second = (await ask('How deep?')).usage
    expect(first.cachedInput ?? 0).toBe(0)
    expect(second.cachedInput).toBeGreaterThan(1000)
    expect(second.input).toBeGreaterThanOrEqual(second.cachedInput!)
    if (protocol === 'anthropic') expect(first.cacheWrite).toBeGreaterThan(1000)
  })
})
