import { afterEach } from 'vitest'
import { startSimulator } from '../../src/testing.ts'

export type Simulator = Awaited<ReturnType<typeof startSimulator>>
export type SimulatorOptions = NonNullable<Parameters<typeof startSimulator>[0]>

const open: Simulator[] = []
afterEach(() => Promise.all(open.splice(0).map(server => server.stop())))

/** A simulator of a fixed seed with a long log, that stops with the test. */
export async function simulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const started = await startSimulator({ seed: 5, logSize: 10_000, ...options })
  open.push(started)
  return started
}
