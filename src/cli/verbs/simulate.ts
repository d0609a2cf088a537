import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { type Drill, readAnswers, readDrill, type SimulatorOptions, startSimulator } from '../../simulate/index.ts'
import type { Run } from '../commands.ts'
import { counted, dollars } from '../figures.ts'
import type { Given } from '../options.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const simulator = await startSimulator(optionsOf(given, io.cwd))
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
  const { stats } = simulator
  await simulator.stop()
  const { calls, distinct, repeats, faults, invalid, limited, batches, rows, usd } = stats
  reporter.say(
    '',
    `${counted(calls, 'call')}, ${distinct} distinct, ${faults} faults, ${limited} over the limits, ${invalid} invalid.`,
    ...(batches > 0 ? [`${counted(batches, 'batch', 'batches')} with ${counted(rows, 'row')} answered.`] : []),
    ...(repeats > 0 ? [`${counted(repeats, 'question')} answered more than once.`] : []),
    ...(usd > 0 ? [`They would have cost ${dollars(usd)}.`] : []),
  )
  reporter.result({ url: simulator.url, stats })
  return 0
}

function optionsOf(given: Given, cwd: string): SimulatorOptions {
  const { port, seed, latency, msPerToken, errorRate, malformedRate, refusalRate } = given
  const { rpm, tpm, concurrency, queue, headers, cache, batchLooks } = given
  if (headers !== undefined && headers !== 'openai' && headers !== 'anthropic')
    throw new StillroomError('SR_USAGE', `--headers ${headers} names no vendor.`, {
      expected: 'openai or anthropic',
      received: headers,
      hint: 'give --headers openai or --headers anthropic, with --rpm or --tpm',
    })
  const drill: Drill = given.faults === undefined ? {} : readDrill(textOf(given.faults, '--faults', cwd), given.faults)
  const { answers } = given
  return {
    ...drill,
    ...(port !== undefined && { port }),
    ...(seed !== undefined && { seed }),
    ...(latency !== undefined && { latencyMs: latency }),
    ...(msPerToken !== undefined && { msPerToken }),
    ...(errorRate !== undefined && { errorRate }),
    ...(malformedRate !== undefined && { malformedRate }),
    ...(refusalRate !== undefined && { refusalRate }),
    ...(answers !== undefined && { answers: readAnswers(textOf(answers, '--answers', cwd), answers) }),
    limits: { ...(rpm !== undefined && { rpm }), ...(tpm !== undefined && { tpm }) },
    ...(concurrency !== undefined && { capacity: { concurrency, beyond: queue ? 'queue' : 'refuse' } }),
    ...(headers !== undefined && { headers }),
    ...(cache !== undefined && { cache: { minTokens: cache } }),
    ...(batchLooks !== undefined && { batch: { ...drill.batch, looks: batchLooks } }),
  }
}

function textOf(file: string, option: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8')
  } catch (error) {
    throw new StillroomError('SR_USAGE', `${file} cannot be read: ${(error as Error).message}`, {
      hint: `give ${option} the path of a ${option === '--faults' ? 'YAML or JSON' : 'JSON Lines'} file`,
      cause: error,
    })
  }
}
