import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exits } from '../errors/index.ts'
import type { Plan } from '../recipe/index.ts'
import { backgroundLog, checkKeys, checkTerms } from '../run/index.ts'
import { type Emit, makeWorkspace, takeLock } from '../workspace/index.ts'
import type { Call } from './commands.ts'
import type { Io } from './io.ts'
import { here } from './open.ts'
import { type Given, options } from './options.ts'
import { reporterOf } from './reporter.ts'

/** Set for a process that was started in the background: its starter waits to hear that it is at work. */
const mark = 'STILLROOM_BACKGROUND'

/** The words that give a command these options again. */
export function wordsOf(given: Given): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const { flags } = options[name as keyof typeof options]
    const flag = flags.split(/,? /)[0]!
    if (flag.startsWith('--no-')) return value === false ? [flag] : []
    if (value === true) return [flag]
    return [value].flat().flatMap(one => (one === undefined || one === false ? [] : [flag, String(one)]))
  })
}

/** What a process in the background does with its first event: it tells its starter that nothing stood in its way. */
export function tellsStarter(io: Io): Emit[] {
  if (!io.env[mark] || !io.tellStarter) return []
  let run = ''
  let told = false
  return [
    event => {
      if (event.event === 'run-started') run = event.run
      // Terms, keys and addresses are looked at before the first stage knows its input.
      if (told || ['run-started', 'note', 'run-ended'].includes(event.event)) return
      told = true
      io.tellStarter!({ run })
    },
  ]
}

/**
 * Gives the same command to a process of its own that outlives this one and its shell, and waits until that is at work.
 * One that ends before says so here: its words go where those of this process go, and its exit code is returned.
 */
export async function startInBackground(
  call: Call,
  command: 'run' | 'rounds',
  { workspace, plan }: { workspace: string; plan: Plan },
): Promise<number> {
  const { io, args, given } = call
  const paths = makeWorkspace(workspace)
  // Told at once and without another process, as far as it can be known here.
  takeLock(paths.lock, io.now(), `stillroom ${command}`)()
  checkTerms(plan, paths.root)
  await checkKeys(plan, io.env)
  const log = join(paths.root, `background-${process.pid}.log`)
  const bin = fileURLToPath(new URL('../../bin/stillroom.js', import.meta.url))
  const { background: _, ...rest } = given
  const file = openSync(log, 'w')
  const child = spawn(process.execPath, [bin, command, ...args, ...wordsOf(rest)], {
    cwd: io.cwd,
    env: { ...io.env, [mark]: '1' },
    detached: true,
    stdio: ['ignore', file, file, 'ipc'],
  })
  closeSync(file)
  const forget = io.onInterrupt(() => child.kill('SIGINT'))
  const began = await new Promise<{ run: string } | { code: number | null }>((resolve, reject) => {
    child.on('error', reject)
    child.on('message', message => resolve(message as { run: string }))
    child.on('close', code => resolve({ code }))
  }).finally(forget)
  if ('code' in began) {
    const said = readFileSync(log, 'utf8')
    rmSync(log, { force: true })
    if (began.code === 0 || given.json) io.out(said)
    else io.err(said)
    return began.code ?? exits.failed
  }
  child.disconnect()
  child.unref()
  const kept = backgroundLog(paths, began.run)
  // The process goes on writing to it under its new name.
  if (existsSync(log)) renameSync(log, kept)
  const of = args[0] === undefined ? '' : ` ${args[0]}`
  const beside = args[0] === undefined ? '' : ` --recipe ${args[0]}`
  const where = given.workspace === undefined ? '' : ` --workspace ${given.workspace}`
  const reporter = reporterOf(call)
  reporter.say(
    reporter.paint('bold', `Run ${began.run} is at work in the background, process ${child.pid}.`),
    `  stillroom logs -f${beside}${where}   follows it to its end`,
    `  stillroom status${of}${where}    says how it stands, and how it ended`,
    `  stillroom stop${of}${where}      stops it cleanly: what is in the air still lands, and a later run goes on from there`,
    `What it says goes to ${here(io, kept)}.`,
  )
  reporter.result({ run: began.run, pid: child.pid, log: kept })
  return exits.done
}
