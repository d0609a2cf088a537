import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../../recipe/index.ts'
import type { Sha } from '../../records/index.ts'
import type { Paths } from '../../workspace/index.ts'
import { listRuns, type PastRun, readRun } from '../log.ts'
import { isReplay } from '../replay.ts'
import { isRestricted } from '../verdicts.ts'
import { releasedBy } from '../which-release.ts'

/** A run whose tasks stay, and why. */
export type Kept = { run: string; why: string }

/** What stays of a workspace: runs with their reasons, their tasks, and the stages of those that are not at their end. */
export type Needed = {
  kept: Kept[]
  tasks: Set<Sha>
  /** Fingerprints of stages of runs that stopped on the way: a task of theirs may not have got into the log. */
  open: Set<Sha>
}

const ended = ({ status }: PastRun): boolean => status === 'done' || status === 'yield'

/** Runs that releases beside the recipe were written from. */
function releasedRuns(releases: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of existsSync(releases) ? readdirSync(releases).sort() : []) {
    const run = releasedBy(join(releases, name))
    if (run !== undefined) found.set(run, name)
  }
  return found
}

/**
 * What the recipes of a workspace need of its tasks. Of each recipe that ever ran here: its last run that came to its end,
 * a last limited one, and all after it. Of each recipe that is there now: what its stages did last, whatever ran since.
 * And the runs that are named, or that releases were written from. Replays count for nothing: they cost no call.
 */
export function findNeeded(
  paths: Paths,
  wanted: { plans: readonly Plan[]; keep: readonly string[]; releases?: string },
): Needed {
  const reasons = new Map<string, string[]>()
  const tasks = new Set<Sha>()
  const open = new Set<Sha>()
  const because = (run: PastRun, why: string): void => {
    reasons.set(run.id, [...(reasons.get(run.id) ?? []), why])
  }
  function keepAll(run: PastRun, why: string): void {
    because(run, why)
    for (const { task } of run.tasks) tasks.add(task)
    if (!ended(run)) for (const { id } of run.stages) open.add(id)
  }
  const all = listRuns(paths)
    .map(id => readRun(paths, id))
    .reverse()
  const runs = all.filter(({ id }) => !isReplay(paths, id))

  for (const [name, own] of Map.groupBy(runs, ({ recipe }) => recipe)) {
    const settled = { whole: false, limited: false }
    for (const run of own) {
      const limited = isRestricted(run)
      const last = limited ? 'limited' : 'whole'
      if (settled.whole && (settled.limited || !limited)) continue
      if (run.tasks.length > 0)
        keepAll(run, ended(run) ? `the last ${limited ? 'limited ' : ''}run of ${name}` : `${name} goes on from it`)
      if (run.status === 'done') settled[last] = true
    }
  }
  for (const plan of wanted.plans) {
    const missing = new Set(plan.stages.map(({ id }) => id))
    for (const run of runs) {
      const shared = run.stages.filter(({ id }) => missing.has(id))
      if (shared.length === 0) continue
      const keys = new Set(shared.map(({ key }) => key))
      const found = run.tasks.filter(({ stage }) => keys.has(stage))
      if (isRestricted(run)) keepAll(run, `what is told ahead of ${plan.recipe.name}`)
      else if (found.length > 0) because(run, `stages of ${plan.recipe.name}`)
      for (const { task } of found) tasks.add(task)
      if (!ended(run)) for (const { id } of shared) open.add(id)
      else if (!isRestricted(run)) for (const { id } of shared) missing.delete(id)
    }
  }
  const released = wanted.releases === undefined ? new Map<string, string>() : releasedRuns(wanted.releases)
  for (const run of all) {
    const release = released.get(run.id)
    if (release !== undefined) keepAll(run, `release ${release}`)
    if (wanted.keep.includes(run.id)) keepAll(run, 'asked for')
  }
  return { kept: [...reasons].map(([run, why]) => ({ run, why: [...new Set(why)].join(', ') })), tasks, open }
}
