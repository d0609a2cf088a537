import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { canonical, sha256, unit } from '../records/index.ts'
import { anthropic } from './anthropic.ts'
import { openai } from './openai.ts'
import { tokensOf } from './prose.ts'
import type { Protocol } from './protocol.ts'
import { replyTo } from './reply.ts'

/** Something a server can do instead of answering. `status` is sent in the vendor's error shape. */
export type SimulatorFault =
  | { status: number; message?: string; headers?: Record<string, string> }
  | 'reset'
  | 'truncated'
  | 'not-json'
  | 'stall'

export type SimulatorOptions = {
  /** Another seed gives other replies to the same requests. */
  seed?: number
  /** 0, any free port, unless given. */
  port?: number
  host?: string
  /** Time before each reply; a pair is a range, drawn in order of arrival. */
  latencyMs?: number | [number, number]
  /** Share of calls that fail for a moment (500, 503, reset, truncated body), by hash of request and attempt. */
  errorRate?: number
  /** Beyond them the answer is 429 with Retry-After (`retryAfterMs`, default 1000). */
  limits?: { rpm?: number; concurrency?: number; retryAfterMs?: number }
  /** Share of structured replies whose JSON is spoilt; half of those can still be read by a patient reader. */
  malformedRate?: number
  refusalRate?: number
  /** Parameters that these models refuse with a 400, as some vendors refuse `temperature`. */
  rejects?: string[]
  /** Only these model names exist; any name unless given. */
  models?: string[]
  /** Key that callers must send; any or none unless given. */
  key?: string
  /** Faults for the first calls, in order of arrival. `undefined` answers. */
  schedule?: (SimulatorFault | undefined)[]
  /** Requests kept in the log; default 1000, the newest stay. */
  logSize?: number
  /** Milliseconds, for the limit of requests a minute. */
  clock?: () => number
}

/** One call as received. `request` digests seed and body without seed and cap, so equal questions have equal ones. */
export type SimulatorEntry = {
  n: number
  path: string
  model?: string
  request?: string
  draw?: string
  /** 0 when the connection was broken off. */
  status: number
  body: unknown
}

/** `distinct` counts pairs of request and draw that passed validation; the rest are counts of what was answered. */
export type SimulatorStats = {
  calls: number
  distinct: number
  inFlight: number
  maxInFlight: number
  answered: number
  refused: number
  truncated: number
  invalid: number
  limited: number
  faults: number
}

export type Simulator = {
  /** Base without path, such as `http://127.0.0.1:4010`; OpenAI clients append `/v1`. */
  url: string
  /** The newest requests, oldest first. */
  readonly log: SimulatorEntry[]
  readonly stats: SimulatorStats
  /** Breaks what is still open and frees the port. */
  stop(): Promise<void>
}

/** Left out of the digest: they do not change what is asked, only how it goes out. */
const unasked = new Set([
  'seed',
  'max_tokens',
  'max_completion_tokens',
  'stream',
  'stream_options',
  'user',
  'metadata',
  'store',
  'service_tier',
])

/** The request as it is hashed, in canonical form. */
function asQuestion(body: Record<string, unknown>): string {
  let text = ''
  for (const key of Object.keys(body).sort()) if (!unasked.has(key)) text += `${key}:${canonical(body[key])}\n`
  return text
}

type Call = {
  res: ServerResponse
  path: string
  protocol: Protocol
  headers: IncomingMessage['headers']
  text: string
  n: number
}

/**
 * Starts a server that speaks `POST /v1/chat/completions`, `POST /v1/messages` and `GET /v1/models` (the `/v1` may be
 * left out), and `GET /__log` and `/__stats`. Requests are checked against the published shapes. A reply depends on
 * seed, request and draw (the body's `seed`, else the header `x-stillroom-draw`, else 0), never on order or time; the
 * cap only cuts it.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const {
    seed = 1,
    latencyMs = 0,
    errorRate = 0,
    limits = {},
    logSize = 1000,
    clock = () => performance.now(),
  } = options
  const habits = { malformedRate: options.malformedRate ?? 0, refusalRate: options.refusalRate ?? 0 }
  const schedule = [...(options.schedule ?? [])]
  const known = options.models && new Set(options.models)
  const stats: SimulatorStats = {
    calls: 0,
    distinct: 0,
    inFlight: 0,
    maxInFlight: 0,
    answered: 0,
    refused: 0,
    truncated: 0,
    invalid: 0,
    limited: 0,
    faults: 0,
  }
  const seen = new Set<string>()
  const failures = new Map<string, number>()
  const ring: SimulatorEntry[] = []
  const minute: number[] = []
  let minuteHead = 0

  const log = () => ring.filter(entry => entry !== undefined).sort((a, b) => a.n - b.n)

  function note(entry: SimulatorEntry): void {
    if (logSize > 0) ring[(entry.n - 1) % logSize] = entry
  }

  function send(res: ServerResponse, status: number, payload: string, headers?: Record<string, string>): void {
    if (res.destroyed) return
    res.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      ...headers,
    })
    res.end(payload)
  }

  /** True while a minute's requests are used up. */
  function overRate(): boolean {
    if (limits.rpm === undefined) return false
    const now = clock()
    while (minuteHead < minute.length && minute[minuteHead]! <= now - 60_000) minuteHead++
    if (minute.length - minuteHead >= limits.rpm) return true
    if (minuteHead > 1000) {
      minute.splice(0, minuteHead)
      minuteHead = 0
    }
    minute.push(now)
    return false
  }

  function answer(call: Call) {
    const { res, protocol, path, headers } = call
    const entry: SimulatorEntry = { n: call.n, path, status: 0, body: undefined }
    const finish = (status: number, body: object, more?: Record<string, string>) => {
      entry.status = status
      note(entry)
      send(res, status, JSON.stringify(body), more)
    }
    const invalid = (status: number, body: object) => {
      stats.invalid++
      finish(status, body)
    }
    let body: unknown
    try {
      body = JSON.parse(call.text)
    } catch {
      return invalid(400, protocol.error(400, 'We could not parse the JSON body of your request.'))
    }
    entry.body = body
    if (
      options.key !== undefined &&
      headers.authorization !== `Bearer ${options.key}` &&
      headers['x-api-key'] !== options.key
    ) {
      return invalid(
        401,
        protocol.error(
          401,
          `Incorrect API key provided: ${headers.authorization?.slice(7) ?? headers['x-api-key'] ?? 'none'}.`,
        ),
      )
    }
    const problem = protocol.check(body)
    if (problem) return invalid(400, problem)
    const asked = protocol.asked(body)
    entry.model = asked.model
    if (known && !known.has(asked.model))
      return invalid(404, protocol.error(404, `The model \`${asked.model}\` does not exist.`))
    const refused = options.rejects?.find(name => (body as Record<string, unknown>)[name] !== undefined)
    if (refused !== undefined) return invalid(400, protocol.refuse(refused))

    const request = sha256(`${seed}\n${asQuestion(body as Record<string, unknown>)}`)
    const draw = asked.draw ?? (headers['x-stillroom-draw'] as string | undefined) ?? '0'
    entry.request = request
    entry.draw = draw
    const id = `${request.slice(0, 20)}${draw}`
    if (seen.size !== seen.add(id).size) stats.distinct++

    const planned = schedule.length > 0 ? schedule.shift() : undefined
    const fault = planned ?? transient(request, draw)
    if (fault !== undefined) {
      stats.faults++
      return fail(call, entry, fault)
    }
    if (stats.inFlight > (limits.concurrency ?? Number.POSITIVE_INFINITY) || overRate()) {
      stats.limited++
      const ms = limits.retryAfterMs ?? 1000
      return finish(429, protocol.error(429, 'Rate limit reached.'), {
        'retry-after': String(Math.ceil(ms / 1000)),
        'retry-after-ms': String(ms),
      })
    }
    asked.input = asked.messages.reduce((sum, message) => sum + 4 + tokensOf(message.text), 0)
    const said = []
    for (let i = 0; i < asked.choices; i++) said.push(replyTo(asked, request, i === 0 ? draw : `${draw}#${i}`, habits))
    stats.answered++
    if (said[0]!.refusal !== undefined) stats.refused++
    if (said[0]!.cut) stats.truncated++
    finish(200, protocol.reply(asked, said, id, body))
  }

  function transient(request: string, draw: string): SimulatorFault | undefined {
    if (errorRate <= 0) return undefined
    const key = `${request} ${draw}`
    const attempt = failures.get(key) ?? 0
    if (unit(seed, key, attempt) >= errorRate) {
      failures.delete(key)
      return undefined
    }
    failures.set(key, attempt + 1)
    const kinds: SimulatorFault[] = [{ status: 500 }, { status: 503 }, 'reset', 'truncated']
    return kinds[Math.floor(unit(seed, key, attempt, 'kind') * kinds.length)]!
  }

  function fail({ res, protocol }: Call, entry: SimulatorEntry, fault: SimulatorFault) {
    if (typeof fault === 'object') {
      entry.status = fault.status
      note(entry)
      return send(
        res,
        fault.status,
        JSON.stringify(protocol.error(fault.status, fault.message ?? 'The server had an error.')),
        fault.headers,
      )
    }
    if (fault === 'not-json') {
      entry.status = 200
      note(entry)
      return send(res, 200, '<html>upstream is busy</html>')
    }
    note(entry)
    if (fault === 'reset') res.destroy()
    if (fault === 'truncated') {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': 400 })
      res.write('{"id": "cut off', () => res.destroy())
    }
  }

  const delayed = typeof latencyMs !== 'number' || latencyMs > 0
  /** A range is drawn by the order of arrival: time is no part of a reply. */
  const delay = () =>
    typeof latencyMs === 'number' ? latencyMs : latencyMs[0] + unit(seed, stats.calls) * (latencyMs[1] - latencyMs[0])

  function receive(req: IncomingMessage, res: ServerResponse) {
    const path = (req.url ?? '/').split('?')[0]!.replace(/^\/v1(?=\/)/, '')
    const protocol = path === '/messages' || req.headers['anthropic-version'] !== undefined ? anthropic : openai
    if (req.method === 'GET') return look(path, protocol === anthropic, res)
    if (req.method !== 'POST' || (path !== '/chat/completions' && path !== '/messages')) {
      return send(res, 404, JSON.stringify(protocol.error(404, `Unknown request: ${req.method} ${req.url}`)))
    }
    stats.inFlight++
    if (stats.inFlight > stats.maxInFlight) stats.maxInFlight = stats.inFlight
    const call: Call = { res, path, protocol, headers: req.headers, text: '', n: 0 }
    req.setEncoding('utf8')
    req.on('data', (part: string) => (call.text += part))
    req.on('end', () => {
      call.n = ++stats.calls
      if (delayed) setTimeout(answer, delay(), call)
      else answer(call)
    })
    // Emitted once, answered or broken off.
    res.on('close', () => stats.inFlight--)
  }

  function look(path: string, inAnthropicShape: boolean, res: ServerResponse) {
    if (path === '/__stats') return send(res, 200, JSON.stringify(stats))
    if (path === '/__log') return send(res, 200, JSON.stringify(log()))
    const models = (options.models ?? ['writer', 'solver', 'judge']).map(id =>
      inAnthropicShape
        ? { id, type: 'model', display_name: id, created_at: '1970-01-01T00:00:00Z' }
        : { id, object: 'model', created: 0, owned_by: 'stillroom' },
    )
    if (path === '/models') {
      const ends = { has_more: false, first_id: models[0]?.id ?? null, last_id: models.at(-1)?.id ?? null }
      return send(
        res,
        200,
        JSON.stringify(inAnthropicShape ? { data: models, ...ends } : { object: 'list', data: models }),
      )
    }
    const one = path.startsWith('/models/')
      ? models.find(model => model.id === decodeURIComponent(path.slice(8)))
      : undefined
    if (one) return send(res, 200, JSON.stringify(one))
    send(res, 404, JSON.stringify((inAnthropicShape ? anthropic : openai).error(404, `Nothing at ${path}`)))
  }

  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, receive)
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1')
  const { address, port } = server.address() as AddressInfo
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    get log() {
      return log()
    },
    get stats() {
      return { ...stats }
    },
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
