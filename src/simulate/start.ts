import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anthropic } from './anthropic.ts'
import { anthropicBatches } from './anthropic-batches.ts'
import { openBatches } from './batches.ts'
import { promptCache } from './cache.ts'
import { callHandler } from './call.ts'
import { openSlots } from './capacity.ts'
import { completions } from './completions.ts'
import { control } from './control.ts'
import { embeddings } from './embeddings.ts'
import { visitHandler } from './endpoint.ts'
import { faultPlan } from './faults.ts'
import { openFiles } from './files.ts'
import { openLedger, type SimulatorEntry, type SimulatorStats } from './ledger.ts'
import { modelList } from './models.ts'
import { openai } from './openai.ts'
import { openaiBatches } from './openai-batches.ts'
import type { SimulatorOptions } from './options.ts'
import type { Protocol } from './protocol.ts'
import { respondent } from './question.ts'
import { rateLimits } from './rate.ts'
import { rewards } from './rewards.ts'
import { send } from './send.ts'
import { openStored } from './stored.ts'

export type Simulator = {
  /** Base without path, such as `http://127.0.0.1:4010`; OpenAI clients append `/v1`. */
  url: string
  /** The newest requests, oldest first. */
  readonly log: SimulatorEntry[]
  readonly stats: SimulatorStats
  /** How often each question was answered, by the first 20 digits of its digest and the draw. */
  bought(): Map<string, number>
  /** Forgets everything but what is in flight: as if just started. */
  reset(): void
  /** Breaks what is still open and frees the port. */
  stop(): Promise<void>
}

/**
 * Starts a server that speaks the protocols of OpenAI (chat completions, stored ones too, embeddings, models, files, batches),
 * Anthropic (messages, their batches, models) and vLLM (completions with the log-probabilities of a prompt, a head that scores
 * conversations); the `/v1` of a path may be left out. Requests are checked against the
 * published shapes. A reply depends on seed, request and draw (the body's `seed` or a `metadata.user_id` of `draw:<n>`,
 * else the header `x-stillroom-draw`, else 0), never on order, time or whether it came in a batch; the cap only cuts it.
 * Other processes look at it by `GET /__stats`, `/__log` and `/__bought`, and `POST /__reset`.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { seed = 1, limits = {}, key } = options
  const clock = options.clock ?? (() => performance.timeOrigin + performance.now())
  const ledger = openLedger(options, clock)
  const cache = options.cache && promptCache(options.cache)
  const stored = openStored()
  const models = respondent(options, cache, stored)
  const faults = faultPlan(options)
  const rate = rateLimits(options, clock)
  const ofLimits = limits.concurrency === undefined ? undefined : { concurrency: limits.concurrency }
  const slots = openSlots(options.capacity ?? ofLimits, clock)
  const files = openFiles(seed, ledger, () => Math.floor(clock() / 1000))
  const own = new Map<string, Protocol>([
    ['/chat/completions', openai],
    ['/messages', anthropic],
    ['/embeddings', embeddings(seed)],
    ['/completions', completions(seed)],
    [`/${options.rewards ?? 'classify'}`, rewards(seed, options.rewards ?? 'classify')],
  ])
  const batches = openBatches(options, models, ledger, clock)

  const stats = (): SimulatorStats => ({ ...ledger.stats(), ...slots.read() })
  const reset = () => {
    for (const part of [ledger, faults, rate, slots]) part.reset()
    for (const part of [files, batches, stored, cache]) part?.clear()
  }
  const endpoints = [
    files.endpoint,
    openaiBatches(batches, files, limits),
    anthropicBatches(batches, limits),
    stored.endpoint,
    modelList(options.models),
    control(ledger, stats, reset),
  ]
  const answer = callHandler(options, { respondent: models, ledger, faults, rate, slots })
  const visit = visitHandler({ endpoints, key, ledger, faults, rate })

  function receive(req: IncomingMessage, res: ServerResponse) {
    const url = req.url ?? '/'
    const end = url.indexOf('?')
    const path = (end < 0 ? url : url.slice(0, end)).replace(/^\/v1(?=\/)/, '')
    const inAnthropicShape = path.startsWith('/messages') || req.headers['anthropic-version'] !== undefined
    const protocol = inAnthropicShape ? anthropic : (own.get(path) ?? openai)
    if (req.method === 'POST' && own.has(path)) {
      ledger.arrives()
      let text = ''
      req.setEncoding('utf8')
      req.on('data', (part: string) => (text += part))
      req.on('end', () => answer({ req, res, path, protocol, text }))
      // Emitted once, answered or broken off.
      res.on('close', ledger.leaves)
      return
    }
    const parts: Buffer[] = []
    req.on('data', (part: Buffer) => parts.push(part))
    req.on('end', () => {
      const query = end < 0 ? '' : url.slice(end + 1)
      visit({ req, res, path, query, protocol, body: Buffer.concat(parts) }).catch((error: Error) =>
        send(res, { status: 500, body: JSON.stringify(protocol.error(500, error.message)) }),
      )
    })
  }

  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, receive)
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1')
  const { address, port } = server.address() as AddressInfo
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    get log() {
      return ledger.log()
    },
    get stats() {
      return stats()
    },
    bought: ledger.bought,
    reset,
    stop: () =>
      new Promise(resolve => {
        slots.stop()
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
