import { hostname } from 'node:os'
import { StillroomError } from '../../errors/index.ts'
import { listRuns, readEnd, readRun } from '../../run/index.ts'
import { lockHolder, workspacePaths } from '../../workspace/index.ts'
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
  process.kill(holder.pid, 'SIGINT')
  reporter.say(
    `Process ${holder.pid} (${holder.command}) was asked to stop: what is in the air still lands. The same command again stops it at once.`,
  )
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
  const past = id === undefined ? undefined : readRun(paths, id)
  const end = id === undefined ? undefined : readEnd(paths, id)
  reporter.say(
    past ? `It has stopped. Run ${past.id}: ${past.status}. The same run again goes on from there.` : 'It has stopped.',
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
