import Anthropic from '@anthropic-ai/sdk'
import OpenAI, { toFile } from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { type Simulator, type SimulatorOptions, startSimulator } from './index.ts'

const open: Simulator[] = []
afterEach(() => Promise.all(open.splice(0).map(simulator => simulator.stop())))
const start = async (options: SimulatorOptions = {}) => {
  const simulator = await startSimulator({ clock: () => 1_800_000_000_000, ...options })
  open.push(simulator)
  return simulator
}

const messages = (i: number) => [{ role: 'user' as const, content: `Explain part ${i} of the pump.` }]
const count = <T>(items: T[], by: (item: T) => string) =>
  Object.fromEntries([...Map.groupBy(items, by)].map(([key, group]) => [key, group.length]))

describe('batches of the openai package', () => {
  const clientOf = (simulator: Simulator) =>
    new OpenAI({ apiKey: 'none', baseURL: `${simulator.url}/v1`, maxRetries: 0 })
  const body = (i: number) => ({ model: 'writer', seed: i, messages: messages(i) })
  const line = (i: number, more: object = {}) => ({
    custom_id: `row-${i}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: body(i),
    ...more,
  })
  const submit = async (openai: OpenAI, lines: (object | string)[], metadata?: Record<string, string>) => {
    const text = lines.map(one => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n')
    const file = await openai.files.create({ file: await toFile(Buffer.from(text), 'rows.jsonl'), purpose: 'batch' })
    return openai.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      ...(metadata && { metadata }),
    })
  }
  type Result = {
    custom_id: string
    response: { status_code: number; request_id: string; body: OpenAI.ChatCompletion } | null
    error: { code: string } | null
  }
  const resultsOf = async (openai: OpenAI, id: string | undefined): Promise<Result[]> =>
    id
      ? (await (await openai.files.content(id)).text())
          .trim()
          .split('\n')
          .map(text => JSON.parse(text))
      : []
  const rows = (n: number, more: object = {}) => Array.from({ length: n }, (_, i) => line(i, more))

  it('go through their states look by look, and answer as calls do, in another order', async () => {
    const simulator = await start({ batch: { looks: 3 }, prices: { input: 2, output: 10, batch: 0.5 } })
    const openai = clientOf(simulator)
    const made = await submit(openai, rows(40), { run: 'x' })
    expect(made).toMatchObject({ status: 'validating', metadata: { run: 'x' }, created_at: 1_800_000_000 })
    const seen = []
    for (let batch = made; batch.status !== 'completed'; ) {
      batch = await openai.batches.retrieve(made.id)
      seen.push(batch.status)
      expect(batch.output_file_id === null).toBe(batch.status !== 'completed')
    }
    expect(seen).toEqual(['in_progress', 'finalizing', 'completed'])
    const done = await openai.batches.retrieve(made.id)
    expect(done).toMatchObject({ request_counts: { total: 40, completed: 40, failed: 0 }, error_file_id: null })
    const results = await resultsOf(openai, done.output_file_id)
    const ids = results.map(row => row.custom_id)
    expect(ids.toSorted()).toEqual(
      rows(40)
        .map(row => row.custom_id)
        .sort(),
    )
    expect(ids).not.toEqual(rows(40).map(row => row.custom_id))
    const half = simulator.stats.usd
    for (const { custom_id, response } of results) {
      const online = await openai.chat.completions.create(body(Number(custom_id.slice(4))))
      expect(response).toEqual({ status_code: 200, request_id: expect.any(String), body: { ...online } })
    }
    expect(simulator.stats).toMatchObject({ calls: 40, rows: 40, batches: 1, files: 1, distinct: 40, repeats: 40 })
    expect(simulator.stats.usd).toBeCloseTo(3 * half, 12)
    expect(simulator.log.filter(entry => entry.batch === made.id)).toHaveLength(40)
  })

  it('lists newest first in pages, finds files, and deletes them', async () => {
    const openai = clientOf(await start())
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.unshift((await submit(openai, [line(i)])).id)
    const listed: string[] = []
    for await (const batch of openai.batches.list({ limit: 2 })) listed.push(batch.id)
    expect(listed).toEqual(ids)
    const files = (await openai.files.list({ purpose: 'batch' })).data
    expect(files).toHaveLength(5)
    expect(await (await openai.files.content(files[0]!.id)).text()).toBe(JSON.stringify(line(4)))
    expect(await openai.files.delete(files[0]!.id)).toMatchObject({ deleted: true })
    await expect(openai.files.content(files[0]!.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(openai.batches.retrieve('batch_none')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })

  it.each([
    ['duplicate_custom_id', [line(1), line(1)], 2],
    ['invalid_json_line', [line(1), '{"custom_id": '], 2],
    ['invalid_url', [line(1, { url: '/v1/completions' })], 1],
    ['invalid_method', [line(1, { method: 'GET' })], 1],
    ['invalid_request', [line(1, { extra: 1 })], 1],
    ['mismatched_model', [line(1), line(2, { body: { model: 'other', messages: messages(1) } })], 2],
    ['missing_required_parameter', [{ custom_id: 'x', method: 'POST', url: '/v1/chat/completions' }], 1],
    ['empty_file', [], null],
    ['too_many_requests', rows(4), null],
    ['file_too_large', [line(1), line(2), 'x'.repeat(2000)], null],
  ])('fail with %s', async (code, lines, at) => {
    const simulator = await start({ limits: { rows: 3, bytes: 2000 } })
    const openai = clientOf(simulator)
    const { id } = await submit(openai, lines)
    expect(await openai.batches.retrieve(id)).toMatchObject({
      status: 'failed',
      errors: { data: [{ code, line: at }] },
      output_file_id: null,
    })
    expect(simulator.stats.rows).toBe(0)
  })

  it('refuse a submit that does not follow the published shape', async () => {
    const openai = clientOf(await start())
    const file = await openai.files.create({ file: await toFile(Buffer.from('{}'), 'x.jsonl'), purpose: 'batch' })
    const good = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const
    for (const [body, param] of [
      [{ ...good, endpont: 1 }, 'endpont'],
      [{ ...good, endpoint: '/v1/embeddings' }, 'endpoint'],
      [{ ...good, completion_window: '1h' }, 'completion_window'],
      [{ ...good, metadata: { a: 'x'.repeat(513) } }, 'metadata.a'],
    ] as const)
      await expect(openai.batches.create(body as never)).rejects.toMatchObject({ status: 400, param })
    await expect(openai.batches.create({ ...good, input_file_id: 'file-none' })).rejects.toMatchObject({ status: 404 })
    await expect(
      openai.files.create({ file: await toFile(Buffer.from('x'), 'x.txt'), purpose: 'batch' }),
    ).rejects.toMatchObject({ status: 400 })
    await expect(
      openai.files.create({ file: await toFile(Buffer.from('x'), 'x.jsonl'), purpose: 'batch', more: '1' } as never),
    ).rejects.toMatchObject({ status: 400, param: 'more' })
  })

  const ended = async (openai: OpenAI, id: string) => {
    for (;;) {
      const batch = await openai.batches.retrieve(id)
      if (['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) return batch
    }
  }

  it('meet the fate of their number, whose rows go by custom_id', async () => {
    const simulator = await start({
      prices: { input: 1, output: 1 },
      batch: {
        fates: [
          { expires: 0.5 },
          { errors: 0.5 },
          { unsupported: { parameter: 'seed', share: 0.5 } },
          { fails: 'token_limit_exceeded' },
        ],
      },
    })
    const openai = clientOf(simulator)
    const outcome = async () => {
      const batch = await ended(openai, (await submit(openai, rows(100))).id)
      const [done, failed] = await Promise.all([
        resultsOf(openai, batch.output_file_id),
        resultsOf(openai, batch.error_file_id),
      ])
      expect(done.every(row => row.response?.status_code === 200)).toBe(true)
      expect(batch.request_counts).toEqual(
        batch.status === 'failed'
          ? { total: 0, completed: 0, failed: 0 }
          : { total: 100, completed: done.length, failed: failed.length },
      )
      return {
        status: batch.status,
        done,
        failed,
        kinds: count(failed, row => String(row.response?.status_code ?? row.error?.code)),
      }
    }
    const expired = await outcome()
    expect(expired).toMatchObject({ status: 'expired', kinds: { batch_expired: expect.any(Number) } })
    expect(expired.done.length).toBeGreaterThan(30)
    expect(expired.done.length).toBeLessThan(70)
    expect(simulator.stats.rows).toBe(expired.done.length)
    const errors = await outcome()
    expect(errors.kinds).toEqual({ 500: 100 - errors.done.length })
    const unsupported = await outcome()
    expect(unsupported.kinds).toEqual({ 400: 100 - unsupported.done.length })
    expect(unsupported.failed[0]!.response!.body).toMatchObject({
      error: { code: 'unsupported_parameter', param: 'seed' },
    })
    expect((await outcome()).status).toBe('failed')
    expect(await outcome()).toMatchObject({ status: 'completed', kinds: {} })
    const again = await ended(openai, (await submit(openai, rows(100))).id)
    expect(again.status).toBe('completed')
  })

  it('keep what had its turn when cancelled, and bill no more', async () => {
    const simulator = await start({ batch: { looks: 4, fates: [undefined, { hangs: true }] } })
    const openai = clientOf(simulator)
    const { id } = await submit(openai, rows(100))
    await openai.batches.retrieve(id)
    const running = await openai.batches.retrieve(id)
    expect((await openai.batches.cancel(id)).status).toBe('cancelling')
    const batch = await openai.batches.retrieve(id)
    expect(batch.status).toBe('cancelled')
    expect(batch.request_counts!.completed).toBe(running.request_counts!.completed)
    const done = await resultsOf(openai, batch.output_file_id)
    const failed = await resultsOf(openai, batch.error_file_id)
    expect(done.length).toBeGreaterThan(30)
    expect(done.length + failed.length).toBe(100)
    expect(failed.every(row => row.error?.code === 'batch_cancelled')).toBe(true)
    expect(simulator.stats).toMatchObject({ rows: done.length, tokens: { input: expect.any(Number) } })
    expect(simulator.bought().size).toBe(done.length)
    await expect(openai.batches.cancel(id)).rejects.toBeInstanceOf(OpenAI.ConflictError)

    const hung = await submit(openai, rows(10))
    for (let i = 0; i < 9; i++) expect((await openai.batches.retrieve(hung.id)).status).toBe('in_progress')
    await openai.batches.cancel(hung.id)
    expect(await openai.batches.retrieve(hung.id)).toMatchObject({ status: 'cancelled', output_file_id: null })
    expect(simulator.stats.rows).toBe(done.length)
  })

  it('may lose the answer to a submit, and are found in the list', async () => {
    const openai = clientOf(await start({ batch: { fates: [{ losesAnswer: true }] } }))
    await expect(submit(openai, rows(3), { name: 'ours' })).rejects.toBeInstanceOf(OpenAI.APIConnectionError)
    const found = (await openai.batches.list()).data.find(batch => batch.metadata?.name === 'ours')
    expect((await ended(openai, found!.id)).request_counts!.completed).toBe(3)
  })

  it('meet faults on the paths that rules name, and those alone', async () => {
    const simulator = await start({
      faults: [
        { path: 'POST /files', kind: 'reset', count: 1 },
        { path: 'GET /batches/*', kind: { status: 503 }, from: 2, count: 1 },
        { path: 'GET /files/*/content', kind: 'truncated', count: 1 },
      ],
    })
    const openai = clientOf(simulator)
    await expect(submit(openai, rows(2))).rejects.toBeInstanceOf(OpenAI.APIConnectionError)
    const { id } = await submit(openai, rows(2))
    await openai.batches.retrieve(id)
    await expect(openai.batches.retrieve(id)).rejects.toMatchObject({ status: 503 })
    const batch = await ended(openai, id)
    await expect(resultsOf(openai, batch.output_file_id)).rejects.toThrow()
    expect(await resultsOf(openai, batch.output_file_id)).toHaveLength(2)
    expect(simulator.stats).toMatchObject({ faults: 3, files: 1, batches: 1 })
  })
})

describe('batches of the @anthropic-ai/sdk package', () => {
  const clientOf = (simulator: Simulator) => new Anthropic({ apiKey: 'none', baseURL: simulator.url, maxRetries: 0 })
  const params = (i: number, draw = 0) => ({
    model: 'claude',
    max_tokens: 900,
    messages: messages(i),
    metadata: { user_id: `draw:${draw}` },
  })
  const rows = (n: number) => Array.from({ length: n }, (_, i) => ({ custom_id: `row-${i}`, params: params(i, i % 3) }))
  const ended = async (client: Anthropic, id: string) => {
    for (;;) {
      const batch = await client.messages.batches.retrieve(id)
      if (batch.processing_status === 'ended') return batch
    }
  }
  const resultsOf = async (client: Anthropic, id: string) => {
    const results: Anthropic.Messages.MessageBatchIndividualResponse[] = []
    for await (const row of await client.messages.batches.results(id)) results.push(row)
    return results
  }

  it('end at a look, and answer as calls of the same draw do', async () => {
    const simulator = await start()
    const client = clientOf(simulator)
    const made = await client.messages.batches.create({ requests: rows(30) })
    expect(made).toMatchObject({
      processing_status: 'in_progress',
      request_counts: { processing: 30, succeeded: 0 },
      results_url: null,
      created_at: '2027-01-15T08:00:00.000Z',
    })
    await expect(client.messages.batches.delete(made.id)).rejects.toMatchObject({ status: 400 })
    const batch = await ended(client, made.id)
    expect(batch.request_counts).toEqual({ processing: 0, succeeded: 30, errored: 0, canceled: 0, expired: 0 })
    const results = await resultsOf(client, made.id)
    expect(results.map(row => row.custom_id)).not.toEqual(rows(30).map(row => row.custom_id))
    for (const { custom_id, result } of results) {
      const i = Number(custom_id.slice(4))
      // The draw as the body says it, and as the header of our own calls does.
      const online = await client.messages.create(
        { model: 'claude', max_tokens: 900, messages: messages(i) },
        { headers: { 'x-stillroom-draw': String(i % 3) } },
      )
      expect(result).toEqual({ type: 'succeeded', message: { ...online } })
    }
    expect(simulator.stats).toMatchObject({ rows: 30, distinct: 30, repeats: 30 })
    expect(await client.messages.batches.delete(made.id)).toEqual({ id: made.id, type: 'message_batch_deleted' })
    await expect(client.messages.batches.retrieve(made.id)).rejects.toBeInstanceOf(Anthropic.NotFoundError)
  })

  it('are listed newest first, in pages either way', async () => {
    const client = clientOf(await start())
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.unshift((await client.messages.batches.create({ requests: rows(1) })).id)
    const listed: string[] = []
    for await (const batch of client.messages.batches.list({ limit: 2 })) listed.push(batch.id)
    expect(listed).toEqual(ids)
    const before = await client.messages.batches.list({ before_id: ids[4]!, limit: 2 })
    expect(before.data.map(batch => batch.id)).toEqual([ids[2], ids[3]])
    expect(before.has_more).toBe(true)
  })

  it('tell the fates of rows apart', async () => {
    const simulator = await start({
      batch: { looks: 4, fates: [{ expires: 0.5 }, { errors: 0.5 }, undefined, { fails: 'no room' }] },
    })
    const client = clientOf(simulator)
    const outcome = async () => {
      const { id } = await client.messages.batches.create({ requests: rows(100) })
      const { request_counts: counts } = await ended(client, id)
      const results = await resultsOf(client, id)
      const found = count(results, row => row.result.type)
      expect(counts).toEqual({ processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0, ...found })
      return { found, results }
    }
    expect(Object.keys((await outcome()).found).sort()).toEqual(['expired', 'succeeded'])
    const { found, results } = await outcome()
    expect(Object.keys(found).sort()).toEqual(['errored', 'succeeded'])
    expect(results.find(row => row.result.type === 'errored')!.result).toMatchObject({
      error: { type: 'error', error: { type: 'api_error' } },
    })

    const { id } = await client.messages.batches.create({ requests: rows(100) })
    await client.messages.batches.retrieve(id)
    expect(await client.messages.batches.cancel(id)).toMatchObject({ processing_status: 'canceling' })
    const cancelled = await ended(client, id)
    expect(cancelled.request_counts.canceled).toBeGreaterThan(50)
    expect(cancelled.request_counts.succeeded).toBeGreaterThan(10)
    await expect(client.messages.batches.cancel(id)).rejects.toMatchObject({ status: 400 })
    await expect(client.messages.batches.create({ requests: rows(1) })).rejects.toThrow('no room')
  })

  it('check what is submitted, rows by themselves', async () => {
    const client = clientOf(await start({ limits: { rows: 3 } }))
    const create = (requests: object[], more: object = {}) =>
      client.messages.batches.create({ requests, ...more } as never)
    const one = rows(1)[0]!
    for (const wrong of [
      create([]),
      create([one, one]),
      create([{ ...one, custom_id: 'a b' }]),
      create([{ ...one, extra: 1 }]),
      create([one], { extra: 1 }),
      create(rows(4)),
    ])
      await expect(wrong).rejects.toBeInstanceOf(Anthropic.BadRequestError)
    const { id } = await create([one, { custom_id: 'bad', params: { ...params(1), temprature: 1 } }])
    await ended(client, id)
    const results = await resultsOf(client, id)
    expect(results.find(row => row.custom_id === 'bad')!.result).toMatchObject({
      type: 'errored',
      error: { error: { type: 'invalid_request_error', message: 'temprature: Extra inputs are not permitted' } },
    })
    expect(count(results, row => row.result.type)).toEqual({ succeeded: 1, errored: 1 })
  })
})
