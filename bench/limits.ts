import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { SimulatorOptions, SimulatorStats } from '../src/simulate/index.ts'
import { openRoute, openTeacher, type RouteOptions, teacherConfig } from '../src/teachers/index.ts'
import type { Figure } from './benches.ts'

type Driven = {
  /** Milliseconds from the first call to each reply, and of that reply. */
  replies: { at: number; ms: number }[]
  /** Milliseconds to the moment when so many calls were in the air for the first time. */
  filled: number | undefined
  width: number
  stats: SimulatorStats
}

/** Calls over real sockets for some seconds, more at once than the route lets out, against the simulator in a child process. */
async function drive(
  server: SimulatorOptions,
  options: Partial<RouteOptions> & { concurrency: number },
  seconds: number,
  fill = Number.POSITIVE_INFINITY,
): Promise<Driven> {
  const program = join(import.meta.dirname, '../test/support/simulator-process.ts')
  const child = fork(program, [JSON.stringify(server)])
  const url = await new Promise<string>(resolve => child.once('message', url => resolve(String(url))))
  const { concurrency } = options
  const config = teacherConfig.parse({ model: 'bench', at: `${url}/v1`, price: 'free', concurrency })
  const teacher = openTeacher('bench', config, { env: {} })
  const route = openRoute({ id: teacher.id, names: ['bench'], start: 8, ...options })
  const replies: Driven['replies'] = []
  const start = performance.now()
  const end = start + seconds * 1000
  let filled: number | undefined
  let calls = 0
  async function work(): Promise<void> {
    while (performance.now() < end) {
      const draw = calls++
      let sent = 0
      await route.call(
        limits => {
          sent = performance.now()
          if (route.inFlight >= fill) filled ??= sent - start
          const request = { messages: [{ role: 'user' as const, content: `Question ${draw}` }] }
          return teacher.doGenerate(request, { seed: draw, cap: 64, draw, limits })
        },
        { lane: 'bench' },
      )
      replies.push({ at: performance.now() - start, ms: performance.now() - sent })
    }
  }
  try {
    await Promise.all(Array.from({ length: 2 * concurrency }, work))
    const { width } = route
    await route.close()
    const stats = (await (await fetch(`${url}/__stats`)).json()) as SimulatorStats
    return { replies, filled, width, stats }
  } finally {
    await teacher.close?.()
    child.disconnect()
  }
}

function between({ replies }: Driven, from: number, to: number): { rate: number; median: number } {
  const some = replies.filter(({ at }) => at >= from * 1000 && at < to * 1000)
  const sorted = some.map(({ ms }) => ms).sort((a, b) => a - b)
  return { rate: some.length / (to - from), median: sorted[sorted.length >> 1] ?? Number.NaN }
}

const share = (metric: string, rate: number, ceiling: number): Figure => ({
  metric,
  value: rate,
  unit: 'calls/s',
  ceiling,
  ratio: rate / ceiling,
  target: '>= 0.90 of capacity',
  holds: rate >= 0.9 * ceiling,
})

/** A server that takes 64 calls at once and refuses more, asking for a pause of a second. */
export async function* refusing(): AsyncGenerator<Figure> {
  const server: SimulatorOptions = {
    latencyMs: [180, 220],
    capacity: { concurrency: 64, beyond: 'refuse' },
    limits: { retryAfterMs: 1000 },
  }
  const driven = await drive(server, { concurrency: 256 }, 40)
  yield share('steady state', between(driven, 10, 40).rate, 320)
  const rejected = (100 * driven.stats.limited) / driven.stats.calls
  yield { metric: 'rejected calls, from the first', value: rejected, unit: '%', target: '< 1', holds: rejected < 1 }
}

/** A server of 32 slots that never refuses. */
export async function* queueing(): AsyncGenerator<Figure> {
  const server: SimulatorOptions = { latencyMs: [180, 220], capacity: { concurrency: 32, beyond: 'queue' } }
  const alone = between(await drive(server, { concurrency: 1, start: 1 }, 5), 1, 5).median
  const { rate, median } = between(await drive(server, { concurrency: 512 }, 30), 8, 30)
  yield share('steady state', rate, 160)
  const ratio = median / alone
  yield {
    metric: 'median latency',
    value: median,
    unit: 'ms',
    ceiling: alone,
    ratio,
    target: '<= 2 x unloaded',
    holds: ratio <= 2,
  }
}

/** A server of 512 slots, from eight calls in the air. */
export async function* widening(): AsyncGenerator<Figure> {
  const server: SimulatorOptions = { latencyMs: 200, capacity: { concurrency: 512, beyond: 'refuse' } }
  const { filled = Number.POSITIVE_INFINITY } = await drive(server, { concurrency: 512 }, 4, 512)
  yield { metric: '512 in the air after', value: filled / 1000, unit: 's', target: '<= 3', holds: filled <= 3000 }
}

/** A server of 600 requests a minute that says so in its headers. */
export async function* metered(): AsyncGenerator<Figure> {
  const server: SimulatorOptions = { latencyMs: [180, 220], limits: { rpm: 600 }, headers: 'openai' }
  const driven = await drive(server, { concurrency: 64 }, 75)
  const { stats } = driven
  const rejected = (100 * stats.limited) / stats.calls
  // A full bucket, and what flows in afterwards.
  yield share('calls', between(driven, 0, 75).rate, (600 + 75 * 10) / 75)
  yield { metric: 'rejected calls, from the first', value: rejected, unit: '%', target: '< 1', holds: rejected < 1 }
}
