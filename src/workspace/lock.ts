import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { StillroomError } from '../errors/index.ts'
import { sha256 } from '../records/index.ts'

/** The process that has a workspace: `since` and `command` are told to people, `born` tells a reused pid apart. */
export type Holder = { pid: number; host: string; since: string; born: string; command: string; nonce: string }

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

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined for what is damaged and so says nothing of a holder. */
function holderOf(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder
  } catch {
    return undefined
  }
}

/** The living process that has a workspace; undefined where none has, or the one that had it is gone. Takes nothing. */
export function lockHolder(file: string): Holder | undefined {
  const text = read(file)
  const holder = text === undefined ? undefined : holderOf(text)
  return holder && alive(holder) ? holder : undefined
}

/**
 * Takes the workspace for this process; returns the release. A lock whose holder is gone is taken over by one process
 * only: the right to replace it is a lock of its own, named by what is replaced, and taken over in turn where its holder
 * died meanwhile. Throws SR_LOCKED, which says by which process.
 */
export function takeLock(file: string, now: Date, command: string): () => void {
  const since = now.toISOString()
  const nonce = randomUUID()
  const mine: Holder = { pid: process.pid, host: hostname(), since, born: born(process.pid), command, nonce }
  const release = (): void => rmSync(file, { force: true })
  const draft = `${file}.${nonce}`
  try {
    // Linked or renamed when whole: a lock that another process finds always says whose it is.
    writeFileSync(draft, JSON.stringify(mine))
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(draft, file)
        return release
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const stale = read(file)
      if (stale === undefined) continue
      const holder = holderOf(stale)
      if (holder && alive(holder)) {
        throw new StillroomError('SR_LOCKED', `This workspace is in use by process ${holder.pid} on ${holder.host}.`, {
          received: `${holder.command}, since ${holder.since}`,
          hint:
            holder.host === hostname()
              ? 'wait for it, or: stillroom stop'
              : `wait for it, or give there: kill -INT ${holder.pid}`,
        })
      }
      const replaced = takeLock(`${file}.${sha256(stale).slice(0, 12)}`, now, command)
      try {
        // While the right is held nobody else replaces it; before, another one may have.
        if (read(file) === stale) {
          renameSync(draft, file)
          return release
        }
      } finally {
        replaced()
      }
    }
  } finally {
    rmSync(draft, { force: true })
  }
  throw new StillroomError('SR_LOCKED', 'Another process keeps taking this workspace.', {
    hint: 'run again in a moment',
  })
}
