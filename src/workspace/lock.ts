import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { StillroomError } from '../errors/index.ts'

type Holder = { pid: number; host: string; since: string; born: string; command: string }

/** Start time of a process, so that a reused pid is not taken for the old holder. Empty where there is no /proc. */
function born(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function alive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return holder.born === '' || holder.born === born(holder.pid)
}

/**
 * Takes the workspace for this process; returns the release. A lock whose holder is gone is taken over.
 * Throws SR_LOCKED, which says by which process.
 */
export function takeLock(file: string, now: Date, command: string): () => void {
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    since: now.toISOString(),
    born: born(process.pid),
    command,
  }
  const draft = `${file}.${process.pid}`
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      // Linked when whole: a lock that another process finds always says whose it is.
      writeFileSync(draft, JSON.stringify(mine))
      linkSync(draft, file)
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft, { force: true })
    }
    let holder: Holder | undefined
    try {
      holder = JSON.parse(readFileSync(file, 'utf8')) as Holder
    } catch {
      // Removed in between, or damaged: take it over.
    }
    if (holder && alive(holder)) {
      throw new StillroomError('SR_LOCKED', `This workspace is in use by process ${holder.pid} on ${holder.host}.`, {
        received: `${holder.command}, since ${holder.since}`,
        hint: `wait for it, or stop it with: kill ${holder.pid}`,
      })
    }
    rmSync(file, { force: true })
  }
  throw new StillroomError('SR_LOCKED', 'Another process keeps taking this workspace.', {
    hint: 'run again in a moment',
  })
}
