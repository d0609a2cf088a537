import { readdirSync, readFileSync } from 'node:fs'
import { StillroomError } from '../../errors/index.ts'
import type { Clock } from '../session.ts'

/** In the environment of all that a training starts: whose it is. */
export const mark = 'STILLROOM_TRAINING'

/**
 * The processes that a training of this folder started and that still live, wherever they are in the tree of processes.
 * Undefined where the system has no /proc to tell it. What is dead and only waits to be collected is not among them.
 */
export function childrenOf(folder: string): number[] | undefined {
  const wanted = `${mark}=${folder}`
  let all: string[]
  try {
    all = readdirSync('/proc')
    readFileSync('/proc/self/environ')
  } catch {
    return undefined
  }
  return all.flatMap(name => {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) return []
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted) ? [pid] : []
    } catch {
      // Of another user, or gone meanwhile.
      return []
    }
  })
}

function send(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Ends all that a training started: asks first, and after `grace` seconds, or when `now` is aborted, asks no more. */
export async function endChildren(
  folder: string,
  { clock, grace = 10, now }: { clock: Clock; grace?: number; now?: AbortSignal | undefined },
): Promise<number> {
  const found = childrenOf(folder) ?? []
  if (found.length === 0) return 0
  send(found, 'SIGTERM')
  const began = clock.elapsed()
  while (clock.elapsed() - began < grace * 1000 && !now?.aborted) {
    if (childrenOf(folder)!.length === 0) return found.length
    await clock.sleep(50, now).catch(() => {})
  }
  send(childrenOf(folder)!, 'SIGKILL')
  return found.length
}

/**
 * Where the system cannot tell whose a process is, a trainer that may still be at work is named, and nothing is begun beside
 * it. Throws SR_LOCKED.
 */
export function refuseBeside(child: { pid: number; what: string } | undefined, state: string): void {
  if (!child) return
  try {
    process.kill(child.pid, 0)
  } catch {
    return
  }
  throw new StillroomError('SR_LOCKED', `Process ${child.pid} may be ${child.what} of this training, still at work.`, {
    hint: `end it with: kill ${child.pid} - or, if it is another program, take "child" out of ${state}`,
  })
}
