import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type TeacherConfig, teacherConfig } from '../config.ts'
import type { BatchCall, BatchClient, BatchResult, Request } from '../contract.ts'
import { openTeacher } from '../open.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const secret = 'sk-test-0123456789abcdef'
const key = (n: number) => String(n).padStart(64, '0')
const hot: Request = { messages: [{ role: 'user', content: 'How deep is 海?' }], sampling: { temperature: 0.5 } }
const call = (n: number, request = hot): BatchCall => ({ key: key(n), request, wire: { seed: n, cap: 50, draw: 0 } })

type Got = { method: string; path: string; body: string; length?: string | undefined; type?: string | undefined }
type Answer = { status?: number; json?: unknown; text?: string; cut?: boolean }

/** A teacher whose server answers as told; what it was asked. */
async function vendor(
  protocol: 'openai' | 'anthropic',
  answer: (got: Got) => Answer,
  more: Partial<TeacherConfig> = {},
) {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    request.setEncoding('utf8')
    for await (const part of request) body += part
    const { 'content-length': length, 'content-type': type } = request.headers
    const one = { method: request.method!, path: request.url!, body, length, type }
    got.push(one)
    const { status = 200, json, text = JSON.stringify(json), cut } = answer(one)
    response.writeHead(status, { 'content-type': 'application/octet-stream' })
    if (!cut) response.end(text)
    else response.write(text, () => response.socket!.resetAndDestroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const config = teacherConfig.parse({ model: 'm', at, protocol, key: 'SOME_KEY', price: 'free', ...more })
  const teacher = openTeacher('t', config, { env: { SOME_KEY: secret } })
  closing.push(() => teacher.close?.())
  closing.push(() => server.closeAllConnections())
  return { batch: teacher.batch as BatchClient, teacher, got }
}

async function all(results: AsyncIterable<BatchResult>): Promise<BatchResult[]> {
  const found: BatchResult[] = []
  for await (const result of results) found.push(result)
  return found
}
const lines = (rows: unknown[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('')
const completion = (content: string) => ({
  model: 'm-1',
  choices: [{ finish_reason: 'stop', message: { content } }],
  usage: { prompt_tokens: 7, completion_tokens: 3 },
})
const message = (text: string) => ({
  model: 'm-1',
  content: [{ type: 'text', text }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 7, output_tokens: 3 },
})
const refused = {
  openai: {
    error: { message: "Unsupported parameter: 'temperature'", param: 'temperature', code: 'unsupported_parameter' },
  },
  anthropic: {
    type: 'error',
    error: { type: 'invalid_request_error', message: '`temperature` is deprecated for this model.' },
  },
}

describe('a batch at OpenAI', () => {
  it('uploads rows as one file, with a length where they can be walked twice, and starts from it', async () => {
    const { batch, got } = await vendor('openai', ({ path }) => ({
      json: { id: path === '/v1/files' ? 'file-1' : 'batch_1' },
    }))
    const rows = [1, 2, 3].map(n => batch.encode(call(n)))
    expect(JSON.parse(rows[0]!)).toMatchObject({
      custom_id: key(1),
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'm', messages: hot.messages, temperature: 0.5, seed: 1, max_tokens: 50 },
    })
    expect(rows.some(row => row.includes('\n') || row.includes('"stream"'))).toBe(false)
    expect(await batch.upload!('run-7.1', rows)).toBe('file-1')
    await batch.upload!(
      'run-7.1',
      (function* () {
        yield* rows
      })(),
    )
    expect(got.map(({ length }) => length !== undefined)).toEqual([true, false])
    expect(got[1]!.body).toBe(got[0]!.body)
    expect(Number(got[0]!.length)).toBe(Buffer.byteLength(got[0]!.body))
    const form = await new Response(got[0]!.body, { headers: { 'content-type': got[0]!.type! } }).formData()
    expect(form.get('purpose')).toBe('batch')
    const file = form.get('file') as File
    expect(file.name).toBe('run-7.1.jsonl')
    expect(await file.text()).toBe(rows.map(row => `${row}\n`).join(''))

    expect(await batch.submit('run-7.1', { upload: 'file-1', rows: () => rows })).toBe('batch_1')
    expect(JSON.parse(got[2]!.body)).toEqual({
      input_file_id: 'file-1',
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      metadata: { stillroom: 'run-7.1' },
    })
  })

  it('reads each row as the call would have been read, and lets only what may pass be asked again', async () => {
    const row = (n: number, status_code: number, body: unknown) => ({
      custom_id: key(n),
      response: { status_code, body },
      error: null,
    })
    const output = lines([row(1, 200, completion('深い')), row(2, 200, { choices: [] })])
    const errors = lines([
      row(3, 400, refused.openai),
      row(4, 400, { error: { message: `bad ${secret}` } }),
      row(5, 429, { error: { message: 'slow' } }),
      row(6, 500, { error: { message: 'broken' } }),
      { custom_id: key(7), response: null, error: { code: 'batch_expired', message: 'too late' } },
      row(8, 413, { error: { message: 'too long' } }),
    ])
    const { batch, teacher, got } = await vendor('openai', ({ path, body }) => {
      if (path.endsWith('/out/content')) return { text: output }
      if (path.endsWith('/err/content')) return { text: errors }
      if (path.startsWith('/v1/batches'))
        return { json: { status: 'completed', output_file_id: 'out', error_file_id: 'err' } }
      return JSON.parse(body).temperature === undefined
        ? { json: completion('深い') }
        : { status: 400, json: refused.openai }
    })
    const callOf = (wanted: string) => call(Number(wanted))
    const first = await all(batch.results('batch_1', callOf))
    expect(first).toEqual([
      {
        key: key(1),
        reply: expect.objectContaining({
          content: '深い',
          served: 'm-1',
          usage: { input: 7, output: 3 },
          warnings: [],
        }),
      },
      { key: key(2), failed: 'HTTP 502: a reply without choices' },
      { key: key(3), failed: expect.stringContaining('temperature was refused') },
      {
        key: key(4),
        reply: expect.objectContaining({ finish: 'rejected', rejected: { status: 400, message: 'bad [key]' } }),
      },
      { key: key(5), failed: 'HTTP 429: slow' },
      { key: key(6), failed: 'HTTP 500: broken' },
      { key: key(7), failed: 'batch_expired: too late' },
      {
        key: key(8),
        reply: expect.objectContaining({ finish: 'rejected', rejected: { status: 413, message: 'too long' } }),
      },
    ])
    // What was learnt holds for the next rows and for calls alike, and a server that still refuses means the request.
    expect(JSON.parse(batch.encode(call(3))).body).not.toHaveProperty('temperature')
    expect((await all(batch.results('batch_1', callOf)))[2]).toEqual(first[2])
    const again = await all(batch.results('batch_2', callOf))
    expect(again[2]).toMatchObject({ reply: { finish: 'rejected', rejected: { status: 400 } } })
    expect(again[0]).toEqual({ key: key(1), reply: await teacher.doGenerate(hot, call(1).wire) })
    expect(got.at(-1)!.path).toBe('/v1/chat/completions')
  })

  it('does not take a download that is cut for whole', async () => {
    const text = `${lines([1, 2].map(n => ({ custom_id: key(n), response: { status_code: 200, body: completion('x') } })))}{"custom_id": "`
    for (const cut of [true, false]) {
      const { batch } = await vendor('openai', ({ path }) =>
        path.endsWith('content') ? { text, cut } : { json: { output_file_id: 'out' } },
      )
      await expect(all(batch.results('b', n => call(Number(n))))).rejects.toMatchObject({
        name: 'Fault',
        policy: 'health',
      })
    }
  })

  it.each([
    ['validating', 'running'],
    ['in_progress', 'running'],
    ['finalizing', 'running'],
    ['cancelling', 'running'],
    ['something new', 'running'],
    ['completed', 'ended'],
    ['expired', 'ended'],
    ['cancelled', 'ended'],
    ['failed', 'failed'],
  ])('takes %s for %s', async (status, state) => {
    const { batch } = await vendor('openai', () => ({
      json: { status, request_counts: { total: 9, completed: 4, failed: 1 } },
    }))
    expect(await batch.poll('b')).toMatchObject({ state, total: 9, done: 4, failed: 1 })
  })

  it('says why a batch failed, and that one is gone', async () => {
    const data = [
      { code: 'token_limit_exceeded', message: `Enqueued too much for ${secret}` },
      { code: 'invalid', line: 3 },
    ]
    const { batch } = await vendor('openai', ({ path }) =>
      path.endsWith('gone')
        ? { status: 404, json: { error: { message: 'no' } } }
        : { json: { status: 'failed', errors: { data } } },
    )
    expect(await batch.poll('b')).toEqual({
      state: 'failed',
      message: 'token_limit_exceeded: Enqueued too much for [key]; invalid (line 3)',
    })
    expect(await batch.poll('gone')).toMatchObject({ state: 'gone', message: expect.stringContaining('gone') })
  })

  it('finds a batch whose answer was lost: by name on any page, else by its file, and no further back than it can be', async () => {
    const since = Date.parse('2026-11-20T10:00:00Z')
    const at = since / 1000
    const page = (from: number, more: object[] = []) => ({
      data: [
        ...more,
        ...Array.from({ length: 2 }, (_, i) => ({
          id: `b${from + i}`,
          created_at: at - (from + i) * 201,
          metadata: {},
        })),
      ],
      has_more: true,
    })
    let named: object[] = []
    const { batch, got } = await vendor('openai', ({ path }) => {
      const after = new URL(path, 'http://x').searchParams.get('after')
      if (after === null) return { json: page(0, [{ id: 'same-file', input_file_id: 'file-1', created_at: at + 5 }]) }
      if (after === 'b1') return { json: page(2, named) }
      return { json: page(4) }
    })
    const lost = { name: 'run-7', upload: 'file-1', rows: 3, since, known: new Set<string>(), ours: () => true }
    named = [{ id: 'by-name', metadata: { stillroom: 'run-7' }, created_at: at - 300 }]
    expect(await batch.find(lost)).toBe('by-name')
    named = []
    got.length = 0
    expect(await batch.find(lost)).toBe('same-file')
    // b3 was begun more than ten minutes before, so what follows cannot be it.
    expect(got).toHaveLength(2)
    expect(await batch.find({ ...lost, known: new Set(['same-file']) })).toBeUndefined()
  })

  it('takes back what is over or gone without a word, and nothing else', async () => {
    let status = 409
    const { batch, got } = await vendor('openai', () => ({ status, json: { error: { message: 'no' } } }))
    await batch.cancel('b/1')
    status = 404
    await batch.cancel('b/1')
    await batch.discard!('file-1')
    expect(got.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/batches/b%2F1/cancel',
      'POST /v1/batches/b%2F1/cancel',
      'DELETE /v1/files/file-1',
    ])
    status = 401
    await expect(batch.discard!('file-1')).rejects.toMatchObject({ policy: 'route' })
    status = 429
    await expect(batch.submit('x', { upload: 'file-1', rows: () => [] })).rejects.toMatchObject({ policy: 'capacity' })
    status = 500
    await expect(batch.upload!('x', [])).rejects.toMatchObject({ policy: 'health' })
    status = 400
    await expect(batch.submit('x', { upload: 'file-1', rows: () => [] })).rejects.toMatchObject({ policy: 'route' })
  })
})

describe('a batch at Anthropic', () => {
  it('sends the rows themselves', async () => {
    const { batch, got } = await vendor('anthropic', () => ({ json: { id: 'msgbatch_1' } }))
    const rows = [1, 2].map(n => batch.encode(call(n)))
    expect(await batch.submit('run-7', { rows: () => rows })).toBe('msgbatch_1')
    expect(batch.upload).toBeUndefined()
    expect(got[0]!.path).toBe('/v1/messages/batches')
    expect(Number(got[0]!.length)).toBe(Buffer.byteLength(got[0]!.body))
    expect(JSON.parse(got[0]!.body).requests).toEqual(
      [1, 2].map(n => ({
        custom_id: key(n),
        params: { model: 'm', max_tokens: 50, messages: hot.messages, temperature: 0.5 },
      })),
    )
  })

  it('reads each row as the call would have been read, and lets only what may pass be asked again', async () => {
    const error = (type: string, message: string) => ({ type: 'error', error: { type, message } })
    const row = (n: number, type: string, more: object = {}) => ({ custom_id: key(n), result: { type, ...more } })
    const text = lines([
      row(1, 'succeeded', { message: message('深い') }),
      row(2, 'errored', { error: refused.anthropic }),
      row(3, 'errored', { error: error('invalid_request_error', 'prompt is too long') }),
      row(4, 'errored', { error: error('api_error', `at ${secret}`) }),
      row(5, 'errored', { error: error('overloaded_error', 'Overloaded') }),
      row(6, 'expired'),
      row(7, 'canceled'),
    ])
    const { batch } = await vendor('anthropic', () => ({ text }))
    const callOf = (wanted: string) => call(Number(wanted))
    expect(await all(batch.results('msgbatch_1', callOf))).toEqual([
      { key: key(1), reply: expect.objectContaining({ content: '深い', usage: { input: 7, output: 3 } }) },
      { key: key(2), failed: expect.stringContaining('temperature was refused') },
      {
        key: key(3),
        reply: expect.objectContaining({
          finish: 'rejected',
          rejected: { status: 400, message: 'prompt is too long' },
        }),
      },
      { key: key(4), failed: 'HTTP 502: at [key]' },
      { key: key(5), failed: 'HTTP 529: Overloaded' },
      { key: key(6), failed: 'expired' },
      { key: key(7), failed: 'canceled' },
    ])
    expect(JSON.parse(batch.encode(call(2))).params).not.toHaveProperty('temperature')
    expect((await all(batch.results('msgbatch_2', callOf)))[1]).toMatchObject({ reply: { finish: 'rejected' } })
  })

  it('finds a batch whose answer was lost by its size, its time and its keys', async () => {
    const since = Date.parse('2026-11-20T10:00:00Z')
    const one = (id: string, seconds: number, more: object = {}) => ({
      id,
      created_at: new Date(since + seconds * 1000).toISOString(),
      processing_status: 'in_progress',
      request_counts: { processing: 3, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
      ...more,
    })
    const over = {
      processing_status: 'ended',
      request_counts: { processing: 0, succeeded: 2, errored: 1, canceled: 0, expired: 0 },
    }
    let data: object[] = []
    const { batch, got } = await vendor('anthropic', ({ path }) => {
      if (path.endsWith('/results'))
        return { text: lines([{ custom_id: path.includes('/theirs/') ? 'other' : key(1) }]) }
      return { json: { data, has_more: true } }
    })
    const find = (known: string[] = []) =>
      batch.find({ name: 'run-7', rows: 3, since, known: new Set(known), ours: name => name === key(1) })
    data = [
      one('late', 90),
      one('soon', 1),
      one('other-size', 1, { request_counts: { processing: 4 } }),
      one('old', -3600),
    ]
    expect(await find()).toBe('soon')
    expect(await find(['soon'])).toBe('late')
    expect(got).toHaveLength(2)
    data = [one('late', 90), one('theirs', 3, over), one('ours', 2, over), one('old', -3600)]
    expect(await find()).toBe('ours')
    data = [one('theirs', 3, over), one('old', -3600)]
    expect(await find()).toBeUndefined()
  })

  it('counts what is done, and says when the results are gone', async () => {
    const counts = { processing: 1, succeeded: 5, errored: 1, canceled: 2, expired: 3 }
    let json: object = { processing_status: 'canceling', request_counts: counts }
    let status = 200
    const { batch } = await vendor('anthropic', () => ({ status, json }))
    expect(await batch.poll('b')).toEqual({ state: 'running', done: 5, failed: 6, total: 12 })
    json = { ...json, processing_status: 'ended' }
    expect(await batch.poll('b')).toMatchObject({ state: 'ended' })
    json = { ...json, archived_at: '2026-12-20T00:00:00Z' }
    expect(await batch.poll('b')).toMatchObject({ state: 'gone', message: expect.stringContaining('2026-12-20') })
    status = 404
    expect(await batch.poll('b')).toMatchObject({ state: 'gone' })
    await batch.cancel('b')
  })
})

describe.each(['openai', 'anthropic'] as const)('rows from %s in no known shape', protocol => {
  it('harm no other row, and no call', async () => {
    let text = ''
    const { batch, teacher } = await vendor(protocol, ({ path }) => {
      if (path.endsWith('/content') || path.endsWith('/results') || path.endsWith('s')) return { text }
      return { json: { output_file_id: 'out' } }
    })
    const good =
      protocol === 'openai'
        ? { response: { status_code: 200, body: completion('x') } }
        : { result: { type: 'succeeded', message: message('x') } }
    const strange = fc.oneof(
      fc.jsonValue(),
      fc.record({ choices: fc.tuple(fc.jsonValue()), content: fc.tuple(fc.jsonValue()), error: fc.jsonValue() }),
      fc.record({ choices: fc.tuple(fc.record({ message: fc.jsonValue(), logprobs: fc.jsonValue() })) }),
    )
    const row = fc.oneof(
      fc.jsonValue(),
      fc.record({ custom_id: fc.constant(key(1)), response: strange, result: strange, error: fc.jsonValue() }),
      fc.record({
        custom_id: fc.constant(key(1)),
        response: fc.record({ status_code: fc.constantFrom(200, 400, 500), body: strange }),
        result: fc.record({ type: fc.constantFrom('succeeded', 'errored'), message: strange, error: strange }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(row, strange, async (row, reply) => {
        text = lines([row, { custom_id: key(2), ...good }])
        const found = await all(batch.results('b', n => call(Number(n))))
        expect(found.at(-1)).toMatchObject({ key: key(2), reply: { content: 'x' } })
        text = JSON.stringify(reply)
        const error = await teacher.doGenerate(hot, call(1).wire).then(
          ({ content }) => void expect(content === null || typeof content === 'string').toBe(true),
          error => error,
        )
        if (error) expect(error.name).toBe('Fault')
      }),
      { numRuns: 150 },
    )
  })
})
