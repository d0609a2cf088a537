import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { exits } from '../../errors/index.ts'
import { backgroundLog, listRuns, readEnd, readRunPlan, runNamed } from '../../run/index.ts'
import { type Event, type Holder, lockHolder, type Paths, workspacePaths } from '../../workspace/index.ts'
import type { Call, Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { type LogTeller, logTeller } from '../log-text.ts'
import { here, noRun, workspaceFolder } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

/** Milliseconds between two looks at a log that is followed, and lines of the past that are shown first. */
const pause = 300
const past = 20

type Told = Event & { at: string }

export const run: Run = async call => {
  const { io, args, given } = call
  const paths = workspacePaths(workspaceFolder(call))
  const reporter = reporterOf(call)
  const wanted = args[0] === undefined ? undefined : runNamed(listRuns(paths), args[0])
  if (!given.follow) {
    const id = wanted ?? listRuns(paths).at(-1)
    if (id === undefined) throw noRun(io, paths.root, 'run')
    const at = atWork(paths)
    const log = openLog(paths, id, reporter)
    print(call, log.read(), given.n)
    log.close()
    if (log.ended === undefined && !at(id)) reporter.say(killed(id))
    return exits.done
  }
  return follow(call, paths, reporter, wanted)
}

/**
 * Who works here and at which run, looked at before a log is read: where nobody is at work any more, all that was written
 * is in it. Only the newest run can go on.
 */
function atWork(paths: Paths): (id: string) => Holder | undefined {
  const holder = lockHolder(paths.lock)
  const newest = listRuns(paths).at(-1)
  return id => (newest === id ? holder : undefined)
}

const killed = (id: string): string =>
  `Run ${id} was killed: nothing more comes. The same run again goes on where it stopped.`

/** Prints lines, the last n of them where asked. */
function print({ io }: Call, lines: string[], n?: number): void {
  const shown = n === undefined ? lines : lines.slice(Math.max(0, lines.length - n))
  if (shown.length > 0) io.out(`${shown.join('\n')}\n`)
}

type Log = { id: string; read(): string[]; ended?: { exit: number; at: string }; close(): void }

/** The log of one run: each `read` gives what has come since, told line by line. It may come later, or begin anew. */
function openLog(paths: Paths, id: string, reporter: Reporter): Log {
  const file = join(paths.run(id), 'events.ndjson')
  let fd: number | undefined
  let at = 0
  let rest = Buffer.alloc(0)
  let tell: LogTeller | undefined
  const log: Log = {
    id,
    read() {
      if (fd !== undefined && isOther(fd, at, file)) log.close()
      if (fd === undefined) {
        if (!existsSync(file)) return []
        fd = openSync(file, 'r')
        ;[at, rest] = [0, Buffer.alloc(0)]
      }
      const size = fstatSync(fd).size
      const fresh = Buffer.alloc(Math.max(0, size - at))
      at += readSync(fd, fresh, 0, fresh.length, at)
      const bytes = Buffer.concat([rest, fresh])
      const end = bytes.lastIndexOf(10) + 1
      rest = bytes.subarray(end)
      tell ??= logTeller(readRunPlan(paths, id), reporter.paint)
      return bytes
        .subarray(0, end)
        .toString('utf8')
        .split('\n')
        .flatMap(line => lineOf(line))
    },
    close() {
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
  function lineOf(line: string): string[] {
    let event: Told
    try {
      event = JSON.parse(line) as Told
    } catch {
      // An empty line, or one that a full disk cut off.
      return []
    }
    if (event.event === 'run-ended') log.ended = { exit: event.exit, at: event.at }
    return reporter.kind === 'json' ? [line] : tell!(event)
  }
  return log
}

/** True where another file stands under the name by now, or the same one was cut: it is read from its front. */
function isOther(fd: number, at: number, file: string): boolean {
  const [own, there] = [fstatSync(fd), statSync(file, { throwIfNoEntry: false })]
  return own.size < at || (there !== undefined && there.ino !== own.ino)
}

/**
 * Shows a run as it goes on, and the one after it where the same process begins another. Ends with the exit code of the
 * command that ran it.
 */
async function follow(call: Call, paths: Paths, reporter: Reporter, wanted: string | undefined): Promise<number> {
  const { io, given } = call
  let left = false
  const forget = io.onInterrupt(() => {
    left = true
  })
  let log: Log | undefined
  let waits = false
  try {
    for (; ; await io.wait(pause)) {
      if (left) {
        reporter.say('The run goes on.')
        return exits.interrupted
      }
      // Looked at before the log is: where nobody is at work any more, all that was written is in it.
      const holder = lockHolder(paths.lock)
      const newest = listRuns(paths).at(-1)
      const id = wanted ?? newest
      if (id === undefined) {
        if (!waits) io.err('Waits for a run to begin.\n')
        waits = true
        continue
      }
      if (log === undefined || (log.id !== id && wanted === undefined)) {
        log?.close()
        log = openLog(paths, id, reporter)
        print(call, log.read(), given.n ?? past)
      } else print(call, log.read())
      const { ended } = log
      if (!ended) {
        if (holder && newest === log.id) continue
        reporter.say(killed(log.id))
        return exits.failed
      }
      // A release is still to be written, or the next round begins; who came later has nothing to do with this run.
      if (holder && (wanted === undefined || holder.since <= ended.at)) continue
      return outcome(call, paths, log.id, ended.exit, reporter)
    }
  } finally {
    forget()
    log?.close()
  }
}

/** What became of the command around a run that is over. */
function outcome({ io }: Call, paths: Paths, id: string, exit: number, reporter: Reporter): number {
  const end = readEnd(paths, id)
  if (end?.release) reporter.say(`${counted(end.rows ?? 0, 'row')} released to ${here(io, end.release)}.`)
  if (end && end.exit !== exit)
    reporter.say(`Nothing was released, exit code ${end.exit}: ${end.message ?? 'no reason was kept'}`)
  const said = backgroundLog(paths, id)
  if (existsSync(said)) reporter.say(`Its summary is in ${here(io, said)}.`)
  return end?.exit ?? exit
}
