import type { startSimulator } from '../../src/testing.ts'

type Simulator = Awaited<ReturnType<typeof startSimulator>>

/**
 * What servers of one seed were asked for and sold together. `calls`: chat calls and rows of batches received. `distinct`:
 * questions answered. `twice`: replies made and billed beyond one for each of these, whether they arrived or not. `failed`:
 * faults, refusals, and rows that came to nothing. Rows are read from the log, so it must be long enough.
 */
export type Billed = { calls: number; distinct: number; retries: number; twice: number; failed: number }

export function billed(...servers: Simulator[]): Billed {
  const answered = new Set(servers.flatMap(server => [...server.bought().keys()]))
  const sum = (of: (server: Simulator) => number) => servers.reduce((all, server) => all + of(server), 0)
  const rows = servers.flatMap(server => server.log.filter(entry => entry.batch !== undefined))
  const calls = rows.length + sum(({ stats }) => stats.calls)
  const replies = sum(({ stats }) => Object.values(stats.models).reduce((all, model) => all + model.replies, 0))
  return {
    calls,
    distinct: answered.size,
    retries: calls - answered.size,
    twice: replies - answered.size,
    failed:
      rows.filter(({ status }) => status !== 200).length +
      sum(({ stats }) => stats.faults + stats.limited + stats.invalid),
  }
}
