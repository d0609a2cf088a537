import { startSimulator } from '../../simulate/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const { port, seed, latency, errorRate, malformedRate, refusalRate, rpm, concurrency } = given
  const simulator = await startSimulator({
    ...(port === undefined ? {} : { port }),
    ...(seed === undefined ? {} : { seed }),
    ...(latency === undefined ? {} : { latencyMs: latency }),
    ...(errorRate === undefined ? {} : { errorRate }),
    ...(malformedRate === undefined ? {} : { malformedRate }),
    ...(refusalRate === undefined ? {} : { refusalRate }),
    ...(rpm === undefined && concurrency === undefined
      ? {}
      : { limits: { ...(rpm === undefined ? {} : { rpm }), ...(concurrency === undefined ? {} : { concurrency }) } }),
  })
  const reporter = reporterOf(call)
  reporter.say(
    `Simulated models at ${simulator.url}`,
    '',
    `  export STILLROOM_SIMULATOR=${simulator.url}`,
    '',
    'Teachers with model: simulate/<any name> then ask it. OpenAI clients take the base URL',
    `${simulator.url}/v1, Anthropic clients ${simulator.url}. Interrupt to stop.`,
  )
  reporter.result({ url: simulator.url })
  await new Promise<void>(resolve => {
    const forget = io.onInterrupt(() => {
      forget()
      resolve()
    })
  })
  const { calls, distinct, faults, invalid, limited } = simulator.stats
  await simulator.stop()
  reporter.say(
    '',
    `${counted(calls, 'call')}, ${distinct} distinct, ${faults} faults, ${limited} over the limits, ${invalid} invalid.`,
  )
  reporter.result({ url: simulator.url, stats: simulator.stats })
  return 0
}
