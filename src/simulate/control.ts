import { type Endpoint, ok } from './endpoint.ts'
import type { Ledger, SimulatorEntry, SimulatorStats } from './ledger.ts'

/** What the process of the simulator knows, for others: `GET /__stats`, `/__log?field=value`, `/__bought`, `POST /__reset`. */
export function control(ledger: Ledger, stats: () => SimulatorStats, reset: () => void): Endpoint {
  return ({ method, path: [name, ...more], query }) => {
    if (more.length > 0) return undefined
    if (method === 'POST' && name === '__reset') {
      reset()
      return ok({})
    }
    if (method !== 'GET') return undefined
    if (name === '__stats') return ok(stats())
    if (name === '__bought') return ok(Object.fromEntries(ledger.bought()))
    if (name !== '__log') return undefined
    const wanted = [...query] as [keyof SimulatorEntry, string][]
    return ok(ledger.log().filter(entry => wanted.every(([field, value]) => String(entry[field]) === value)))
  }
}
