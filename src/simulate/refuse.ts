import type { IncomingHttpHeaders } from 'node:http'
import type { SimulatorFault } from './options.ts'
import type { Protocol } from './protocol.ts'
import type { Outgoing } from './send.ts'

/** The vendor's 401 for a caller with another key. */
export function stranger(
  key: string | undefined,
  headers: IncomingHttpHeaders,
  protocol: Protocol,
): Outgoing | undefined {
  if (key === undefined || headers.authorization === `Bearer ${key}` || headers['x-api-key'] === key) return undefined
  const given = headers.authorization?.slice(7) ?? headers['x-api-key'] ?? 'none'
  return { status: 401, body: JSON.stringify(protocol.error(401, `Incorrect API key provided: ${given}.`)) }
}

/** A fault that keeps a request from being worked on, but not from an answer. */
export type Failure = Extract<SimulatorFault, { status: number } | { unsupported: string }>
export const isFailure = (fault: SimulatorFault | undefined): fault is Failure =>
  typeof fault === 'object' && !('delayMs' in fault)

export function failureOf(
  fault: Failure,
  protocol: Protocol,
  retryAfter: (ms: number) => Record<string, string>,
): Outgoing {
  if ('unsupported' in fault) return { status: 400, body: JSON.stringify(protocol.refuse(fault.unsupported)) }
  const { status, headers, retryAfterMs } = fault
  const usual =
    status === 429 ? 'Rate limit reached.' : status < 500 ? 'The request was refused.' : 'The server failed.'
  return {
    status,
    body: JSON.stringify(protocol.error(status, fault.message ?? usual)),
    headers: { ...(retryAfterMs !== undefined && retryAfter(retryAfterMs)), ...headers },
  }
}
