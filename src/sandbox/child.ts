/** What a sandbox process runs: one interpreter, one job after the other, until its parent is gone. */
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { type Ran, timedOut, type WholeJob } from './job.ts'

export type Engine = {
  run(job: WholeJob): Ran | Promise<Ran>
  /** It should be replaced by a new one. */
  worn(): boolean
}
/** Processor time of the job at hand. `over` is cheap enough to be asked all the time. */
export type Meter = { over(): boolean; said(): string }
export type Hello = { language: WholeJob['language']; folder: string }
export type Answer = { ready: true } | { ran: Ran; worn: boolean } | { broken: string }

const hold = process.send!.bind(process)
const { cpuUsage } = process
const now = performance.now.bind(performance)

function openMeter(): Meter & { begin(job: WholeJob): void } {
  let began = 0
  let wall = 0
  let most = 0
  let asked = 0
  const used = (): number => {
    const { user, system } = cpuUsage.call(process)
    return (user + system) / 1000
  }
  return {
    begin({ timeoutMs }) {
      began = used()
      wall = now()
      most = timeoutMs
    },
    // Processor time cannot be over before that much time has passed.
    over: () => (++asked & 15) === 0 && now() - wall > most && (used() - began > most || now() - wall > most * 5),
    said: () => timedOut(most),
  }
}

/**
 * What this process could do for code that got out of its interpreter: nothing. The permission model refuses files,
 * processes, workers and addons; the network is refused here, since not every version of Node does.
 */
function disarm(): void {
  const require = createRequire(import.meta.url)
  const refuse = (): never => {
    throw new Error('refused in the sandbox')
  }
  const net = require('node:net')
  for (const method of ['connect']) net.Socket.prototype[method] = refuse
  net.Server.prototype.listen = refuse
  for (const name of [
    'node:dgram',
    'node:dns',
    'node:http',
    'node:https',
    'node:http2',
    'node:tls',
    'node:child_process',
  ]) {
    const module = require(name)
    for (const [key, value] of Object.entries(module)) {
      if (typeof value === 'function' && /^[a-z]/.test(key)) module[key] = refuse
    }
  }
  syncBuiltinESMExports()
  for (const name of ['fetch', 'WebSocket', 'EventSource']) Reflect.deleteProperty(globalThis, name)
  // Pyodide asks for these constants alone, and the permission model refuses all of it.
  const { constants } = require('node:fs')
  Object.assign(process, { binding: () => ({ fs: constants }) })
}

const { language, folder } = JSON.parse(process.argv[2]!) as Hello
// The parent says when to end: an interrupt goes to the whole group of processes.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))
disarm()
const meter = openMeter()
try {
  const engine =
    language === 'python'
      ? await (await import('./python.ts')).openPython(folder, meter)
      : await (await import('./javascript.ts')).openJavascript(folder, meter)
  process.on('message', async (job: WholeJob) => {
    meter.begin(job)
    const ran = await engine.run(job)
    hold({ ran, worn: engine.worn() } satisfies Answer)
  })
  hold({ ready: true } satisfies Answer)
} catch (error) {
  hold({ broken: String((error as Error).message).slice(0, 500) } satisfies Answer)
}
