import type { Paths, Store } from '../workspace/index.ts'
import { listRuns, type PastRun, readRun } from './log.ts'
import { droppedIds } from './rejects.ts'
import { isReplay } from './replay.ts'

/** How the verdicts of one step differ between two runs: records that it drops now, and records that it drops no longer. */
export type VerdictChange = { step: string; dropped: number; kept: number }

/**
 * What two runs decided differently, in the order of the later run's steps. Reads the rejects of the tasks that the two
 * do not share, and nothing else.
 */
export function verdictChanges(session: { store: Store }, earlier: PastRun, now: PastRun): VerdictChange[] {
  const own = (run: PastRun, other: PastRun) => {
    const shared = new Set(other.tasks.map(({ task }) => task))
    return run.tasks.filter(({ task }) => !shared.has(task))
  }
  const before = droppedIds(session.store, earlier, own(earlier, now))
  const after = droppedIds(session.store, now, own(now, earlier))
  const steps = [...now.stages, ...earlier.stages].flatMap(stage => [stage.key, ...stage.nodes.map(node => node.key)])
  return [...new Set(steps)].flatMap(step => {
    const was = before.get(step) ?? new Set()
    const is = after.get(step) ?? new Set()
    const dropped = is.difference(was).size
    const kept = was.difference(is).size
    return dropped + kept > 0 ? [{ step, dropped, kept }] : []
  })
}

/** True for a run in which only some records reached the first paid step. */
export const isRestricted = (run: PastRun): boolean =>
  run.stages.some(stage => stage.nodes.some(({ verb }) => verb === 'limit' || verb === 'leave-out'))

/**
 * The latest run of a workspace that came to its end, replays apart: of this recipe, restricted or not as asked, and
 * before a run. A run that left too little came to its end as well.
 */
export function lastFinished(
  paths: Paths,
  wanted: { recipe?: string; restricted?: boolean; before?: string } = {},
): PastRun | undefined {
  for (const id of listRuns(paths).reverse()) {
    if (wanted.before !== undefined && id >= wanted.before) continue
    if (isReplay(paths, id)) continue
    const run = readRun(paths, id)
    if (run.status !== 'done' && run.status !== 'yield') continue
    if (wanted.recipe !== undefined && run.recipe !== wanted.recipe) continue
    if (wanted.restricted !== undefined && isRestricted(run) !== wanted.restricted) continue
    return run
  }
  return undefined
}
