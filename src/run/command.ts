import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** How a command ended; `cause` where it could not begin. */
export type Ending = { code: number | null; signal: NodeJS.Signals | null; cause?: Error }

/** A command at work in a process group of its own. */
export type Command = {
  /** Absent where it could not begin. */
  pid: number | undefined
  /** Never rejects. */
  ended: Promise<Ending>
  /** Sends a signal to it and all that it began. */
  signal(name: NodeJS.Signals): void
}

/** What a command runs in: folder, environment, and the file that all it says is added to. */
export type Surroundings = { cwd: string; env: Record<string, string | undefined>; log: string }

/**
 * Starts a command of the user, by the shell where it is one text, in a process group of its own. What it says goes straight
 * into the log, so that it goes on undisturbed when this process dies; with `heard`, what it says on its standard output
 * passes by here first.
 */
export function startCommand(
  command: string | readonly string[],
  { cwd, env, log, heard }: Surroundings & { heard?(text: string): void },
): Command {
  mkdirSync(dirname(log), { recursive: true })
  const file = openSync(log, 'a')
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', heard ? 'pipe' : file, file]
  const options = { cwd, env, detached: true, stdio }
  const child: ChildProcess =
    typeof command === 'string'
      ? spawn(command, { ...options, shell: true })
      : spawn(command[0]!, command.slice(1), options)
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    writeSync(file, text)
    heard!(text)
  })
  const ended = new Promise<Ending>(resolve => {
    let cause: Error | undefined
    child.on('error', error => {
      cause ??= error
      if (child.pid === undefined) resolve({ code: null, signal: null, cause: error })
    })
    // Not before all that was said has passed by: who holds the pipe may live longer.
    child.on('close', (code, signal) => resolve({ code, signal, ...(cause ? { cause } : {}) }))
  }).finally(() => closeSync(file))
  return {
    pid: child.pid,
    ended,
    signal(name) {
      if (child.pid === undefined) return
      try {
        process.kill(-child.pid, name)
      } catch {
        // It has just ended by itself, or there are no process groups here.
        child.kill(name)
      }
    },
  }
}
