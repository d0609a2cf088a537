import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { FaultPlan } from './faults.ts'
import type { Ledger } from './ledger.ts'
import type { Protocol } from './protocol.ts'
import type { RateLimits } from './rate.ts'
import { failureOf, isFailure, stranger } from './refuse.ts'
import { isSpoilt, send } from './send.ts'

/** A request beside the calls of a model. `path` is without `/v1` and query, cut at its slashes. */
export type Visit = {
  method: string
  path: string[]
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** Scheme, host and port that the caller used. */
  origin: string
}

/** What is sent back; `type` is JSON unless said. `cut` breaks the connection instead, when the work is done. */
export type Result = { status: number; body: object | string | Uint8Array; type?: string; cut?: boolean }

/** One noun of the interface; undefined is for somebody else. */
export type Endpoint = (visit: Visit) => Result | undefined | Promise<Result | undefined>

export const ok = (body: Result['body'], type?: string): Result => ({ status: 200, body, ...(type && { type }) })

/** The JSON body of a visit; undefined when it is none. */
export function json(body: Buffer | string): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    return undefined
  }
}

/** A page of a list in its order: `limit` items after the one named. */
export function page<T extends { id: string }>(items: T[], after: string | null, limit: number) {
  const from = after === null ? 0 : items.findIndex(item => item.id === after) + 1
  const data = items.slice(from, from + limit)
  return {
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + limit < items.length,
  }
}

/** `limit` of a query within its bounds; undefined when it is no such number. */
export function limitOf(query: URLSearchParams, fallback: number, most: number): number | undefined {
  const text = query.get('limit')
  if (text === null) return fallback
  const limit = Number(text)
  return Number.isInteger(limit) && limit >= 1 && limit <= most ? limit : undefined
}

export type Arrived = {
  req: IncomingMessage
  res: ServerResponse
  path: string
  query: string
  protocol: Protocol
  body: Buffer
}
type Parts = { endpoints: Endpoint[]; key: string | undefined; ledger: Ledger; faults: FaultPlan; rate: RateLimits }

/** Brings what is no call of a model to its endpoint, past the key and the faults of its path. Models and `/__` are open to all. */
export function visitHandler({ endpoints, key, ledger, faults, rate }: Parts) {
  return async ({ req, res, path, query, protocol, body }: Arrived): Promise<void> => {
    const method = req.method ?? 'GET'
    const open = path.startsWith('/__') || path.startsWith('/models')
    const entry = open ? undefined : ledger.entry(method, path)
    const end = (status: number) => {
      if (entry) ledger.note(entry, status)
    }
    const unknown = open ? undefined : stranger(key, req.headers, protocol)
    if (unknown) return end(send(res, unknown))
    const fault = faults.visit(method, path)
    if (fault !== undefined) ledger.counts.faults++
    if (fault === 'stall') return end(0)
    if (fault === 'reset') {
      res.destroy()
      return end(0)
    }
    if (isFailure(fault)) return end(send(res, failureOf(fault, protocol, rate.retryAfter)))
    const visit: Visit = {
      method,
      path: path.slice(1).split('/').map(decodeURIComponent),
      query: new URLSearchParams(query),
      headers: req.headers,
      body,
      origin: `http://${req.headers.host}`,
    }
    let result: Result | undefined
    for (const endpoint of endpoints) result ??= await endpoint(visit)
    const {
      status,
      body: made,
      type,
      cut,
    } = result ?? {
      status: 404,
      body: protocol.error(404, `Unknown request: ${method} ${req.url}`),
    }
    if (cut) {
      res.destroy()
      return end(0)
    }
    const out = typeof made === 'string' || made instanceof Uint8Array ? made : JSON.stringify(made)
    const sent = () => end(send(res, { status, body: out, ...(type && { type }) }, isSpoilt(fault) ? fault : undefined))
    if (typeof fault === 'object' && 'delayMs' in fault) setTimeout(sent, fault.delayMs)
    else sent()
  }
}
