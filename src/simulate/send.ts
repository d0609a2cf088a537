import type { ServerResponse } from 'node:http'
import type { SimulatorFault } from './options.ts'

export type Outgoing = {
  status: number
  body: string | Uint8Array
  /** JSON unless said. */
  type?: string
  headers?: Record<string, string> | undefined
}

const page = '<!doctype html>\n<title>upstream is busy</title>\n'

/** A fault that befalls the reply itself, when the model has done its work. */
export type Spoilt = 'truncated' | 'stall-body' | 'cut-json' | 'not-json' | 'text'
const spoilt = new Set<SimulatorFault>(['truncated', 'stall-body', 'cut-json', 'not-json', 'text'])
export const isSpoilt = (fault: SimulatorFault | undefined): fault is Spoilt => fault !== undefined && spoilt.has(fault)

/** Sends a whole answer, or what its fault leaves of it. Returns the status for the log: 0 when it is broken off. */
export function send(res: ServerResponse, { status, body, type, headers }: Outgoing, fault?: Spoilt): number {
  if (res.destroyed) return 0
  const halved = fault === 'truncated' || fault === 'stall-body' || fault === 'cut-json'
  const sent = fault === 'not-json' ? page : halved ? body.slice(0, Math.floor(body.length / 2)) : body
  // What breaks off promises the whole.
  const promised = fault === 'truncated' || fault === 'stall-body' ? body : sent
  const named = fault === 'not-json' ? 'text/html' : fault === 'text' ? 'text/plain; charset=utf-8' : type
  res.writeHead(status, {
    'content-type': named ?? 'application/json',
    'content-length': typeof promised === 'string' ? Buffer.byteLength(promised) : promised.length,
    ...headers,
  })
  if (promised === sent) res.end(sent)
  else if (fault === 'stall-body') res.write(sent)
  else res.write(sent, () => res.destroy())
  return promised === sent ? status : 0
}

/** Writes of one stream at most, and the shortest time between two, in milliseconds. */
const writes = 40
const gap = 4

/** Sends events spread over `ms`; `done` hears the status for the log, and whether all of it went out. */
export function sendEvents(
  res: ServerResponse,
  all: string[],
  ms: number,
  headers: Record<string, string> | undefined,
  fault: Spoilt | undefined,
  done: (status: number, whole: boolean) => void,
): void {
  if (fault === 'not-json' || fault === 'text' || res.destroyed) {
    const status = send(res, { status: 200, body: all.join(''), headers }, fault)
    done(status, status === 200 && fault === 'text')
    return
  }
  const events = fault ? all.slice(0, Math.ceil(all.length / 2)) : all
  if (fault === 'cut-json') events.push((all[events.length] ?? '').slice(0, 30))
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...headers })
  const groups = Math.max(1, Math.min(writes, events.length, Math.floor(ms / gap)))
  const write = (group: number) => {
    if (res.destroyed) {
      done(0, false)
      return
    }
    const from = Math.floor((events.length * group) / groups)
    const to = Math.floor((events.length * (group + 1)) / groups)
    const text = events.slice(from, to).join('')
    if (group + 1 < groups) {
      res.write(text)
      setTimeout(write, ms / groups, group + 1)
    } else if (fault === 'truncated') {
      res.write(text, () => res.destroy())
      done(0, false)
    } else if (fault === 'stall-body') {
      res.write(text)
      done(0, false)
    } else {
      res.end(text)
      done(200, fault === undefined)
    }
  }
  if (ms > 0) setTimeout(write, ms / groups, 0)
  else write(0)
}
