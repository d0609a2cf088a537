import { existsSync, writeFileSync } from 'node:fs'
import { StillroomError } from '../errors/index.ts'
import type { Plan } from '../recipe/index.ts'
import type { Id } from '../records/index.ts'
import type { Emit, Paths } from '../workspace/index.ts'
import { replayNote } from './log.ts'
import type { Project } from './project.ts'
import { type RunResult, run } from './run.ts'
import type { Session } from './session.ts'

export type ReplayOptions = {
  /** Options over those of the recipe, by `<step>.<option>`. */
  set?: { [option: string]: unknown }
  limit?: number
  renderers?: Emit[]
  signal?: AbortSignal
}

export type Replay = {
  result: RunResult
  plan: Plan
  /** Roots left out because a reply to them was never paid for. */
  unpaid: Id[]
}

/** True for a run that asked nobody: it is no state of the recipe that a later run could be compared with. */
export const isReplay = (paths: Paths, id: string): boolean => existsSync(replayNote(paths, id))

export function noteReplay(paths: Paths, id: string): void {
  writeFileSync(replayNote(paths, id), '{}')
}

/**
 * Runs with closed teachers until no root is unpaid. A root that lacks a reply is left out from the start and everything
 * runs again without it, since globals decide over what is there: the result equals a real run restricted to the same
 * roots. Ends early where a run does not come to its end. Throws SR_INTERNAL where leaving a root out changes nothing.
 */
export async function replay(project: Project, session: Session, options: ReplayOptions = {}): Promise<Replay> {
  const { set, limit, renderers, signal } = options
  const unpaid = new Set<Id>()
  for (;;) {
    const drop = [...unpaid].sort()
    const plan = await project.plan({
      ...(set ? { set } : {}),
      restrict: { ...(limit === undefined ? {} : { limit }), ...(drop.length > 0 ? { drop } : {}) },
    })
    const result = await run({
      plan,
      session,
      env: {},
      closed: true,
      replay: { set, limit, left: drop.length },
      ...(renderers ? { renderers } : {}),
      ...(signal ? { signal } : {}),
    })
    if (result.status !== 'done' || result.unpaid.length === 0) return { result, plan, unpaid: drop }
    for (const id of result.unpaid) unpaid.add(id)
    // Every round leaves out more roots, of which there are only so many; one that stays would go on for ever.
    if (unpaid.size === drop.length) {
      const root = result.unpaid[0]!
      throw new StillroomError('SR_INTERNAL', `Root ${root} was left out and still asks for a reply nobody paid for.`, {
        received: root,
        hint: 'run the recipe to its end, so that no reply is missing; then there is nothing to leave out',
      })
    }
  }
}
