/** For tests of recipes and steps: the simulator server, and the named instants at which a process may be killed. */
import type { Reached } from './workspace/index.ts'

export { readAnswers, startSimulator } from './simulate/index.ts'

/** Kills this very process, as `kill -9` would, when a point is reached for the n-th time. */
export function killAt(point: string, n: number): Reached {
  let times = 0
  return reached => {
    if (reached === point && ++times === n) process.kill(process.pid, 'SIGKILL')
  }
}

/** Counts how often each point is reached, for choosing where to kill. */
export function countPoints(): { reached: Reached; counts: Map<string, number> } {
  const counts = new Map<string, number>()
  return { counts, reached: point => counts.set(point, (counts.get(point) ?? 0) + 1) }
}
