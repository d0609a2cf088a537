/** Watches the process it is a thread of: a parser that never comes back cannot be asked how it is. */
import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { Allowed } from './child.ts'

export type Watched = { turns: Int32Array; allowed: Allowed; parent: number }

const { turns, allowed, parent } = workerData as Watched
const lookEveryMs = 20
/** Where the parent listens for the reason. */
const told = 4

function end(why: 'memory' | 'time' | 'wait'): void {
  writeSync(told, why)
  process.kill(process.pid, 'SIGKILL')
}

const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

let turn = 0
let began = 0
let looks = 0
setInterval(() => {
  // A parent that was killed cannot say so to a process that is busy.
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  const now = Atomics.load(turns, 0)
  if (now !== turn) {
    turn = now
    began = cpu()
    looks = 0
  }
  if (turn % 2 === 0) return
  if (process.memoryUsage.rss() > allowed.memory) end('memory')
  else if (cpu() - began > allowed.cpu) end('time')
  // One that waits for ever uses no processor time. Looks are counted, since a process that was stopped does not look.
  else if (++looks > (5 * allowed.cpu) / lookEveryMs) end('wait')
}, lookEveryMs)
