/** Watches the process it is a thread of: a parser that never comes back cannot be asked how it is. */
import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { Allowed } from './child.ts'

export type Watched = { turns: Int32Array; allowed: Allowed; parent: number }

const { turns, allowed, parent } = workerData as Watched
const lookEveryMs = 20
/** Where the parent listens for the reason. */
const told = 4

function end(why: 'memory' | 'time'): void {
  writeSync(told, why)
  process.kill(process.pid, 'SIGKILL')
}

const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

let turn = 0
let began = { cpu: 0, wall: 0 }
setInterval(() => {
  // A parent that was killed cannot say so to a process that is busy.
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  const now = Atomics.load(turns, 0)
  if (now !== turn) {
    turn = now
    began = { cpu: cpu(), wall: performance.now() }
  }
  if (turn % 2 === 0) return
  if (process.memoryUsage.rss() > allowed.memory) end('memory')
  // One that waits for ever uses no processor time.
  else if (cpu() - began.cpu > allowed.cpu || performance.now() - began.wall > 5 * allowed.cpu) end('time')
}, lookEveryMs)
