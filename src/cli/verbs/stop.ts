import { hostname } from 'node:os'
import { StillroomError } from '../../errors/index.ts'
import { listRuns, readEnd, readRun } from '../../run/index.ts'
import { type Holder, lockHolder, workspacePaths } from '../../workspace/index.ts'
import type { Run } from '../commands.ts'
import { here, workspaceFolder } from '../open.ts'
import { reporterOf } from '../reporter.ts'

/** Milliseconds between two looks whether it has ended. */
const pause = 200

export const run: Run = async call => {
  const { io, args } = call
  // Not by the recipe, which may be under repair.
  const paths = workspacePaths(workspaceFolder(call, args[0]))
  const holder = lockHolder(paths.lock)
  const reporter = reporterOf(call)
  if (!holder) {
    throw new StillroomError('SR_NOT_FOUND', `Nothing is at work in ${here(io, paths.root)}.`, {
      hint: 'stillroom status says how the last runs ended',
    })
  }
  if (holder.host !== hostname()) {
    throw new StillroomError('SR_USAGE', `What works here is process ${holder.pid} of another machine.`, {
      received: `${holder.host}: ${holder.command}`,
      hint: `give there: kill -INT ${holder.pid}`,
    })
  }
  if (interrupt(holder)) {
    reporter.say(
      `Process ${holder.pid} (${holder.command}) was asked to stop: what is in the air still lands. The same command again stops it at once.`,
    )
  }
  let left = false
  const forget = io.onInterrupt(() => {
    left = true
  })
  try {
    // Another process may take the workspace next: only this one is waited for.
    while (!left && lockHolder(paths.lock)?.nonce === holder.nonce) await io.wait(pause)
  } finally {
    forget()
  }
  if (left) {
    reporter.say('It goes on stopping by itself.')
    reporter.result({ pid: holder.pid, stopped: false })
    return 0
  }
  const id = listRuns(paths).at(-1)
  const newest = id === undefined ? undefined : readRun(paths, id)
  // What stopped need not have begun a run: an older one is no business of it.
  const past = newest?.started !== undefined && newest.started >= holder.since ? newest : undefined
  const end = past && readEnd(paths, past.id)
  const over = past?.status === 'done' || past?.status === 'yield'
  reporter.say(
    past
      ? `It has stopped. Run ${past.id}: ${past.status}.${over ? '' : ' The same run again goes on from there.'}`
      : 'It has stopped.',
  )
  reporter.result({
    pid: holder.pid,
    stopped: true,
    run: past?.id ?? null,
    status: past?.status ?? null,
    exit: end?.exit ?? null,
  })
  return 0
}

/** Interrupts a process. False where it has ended meanwhile. Throws SR_USAGE where it is of another user. */
function interrupt({ pid, command }: Holder): boolean {
  try {
    process.kill(pid, 'SIGINT')
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') return false
    if (code !== 'EPERM') throw error
    throw new StillroomError('SR_USAGE', `Process ${pid} belongs to another user, and was not asked to stop.`, {
      received: command,
      hint: `let that user give: stillroom stop, or: kill -INT ${pid}`,
      cause: error,
    })
  }
}
