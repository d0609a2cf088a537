import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StillroomError } from '../errors/index.ts'
import type { Answer, Hello } from './child.ts'
import { type Language, type Ran, timedOut, type WholeJob } from './job.ts'

/** Memory of the process beside what the job may use: its own garbage, and a copy of the interpreter's memory. */
const slackMb = 256
const lookEveryMs = 50

const packages = {
  python: { name: 'pyodide', install: 'npm install pyodide@314.0.7', reads: ['pyodide'] },
  javascript: {
    name: 'quickjs-emscripten',
    install: 'npm install quickjs-emscripten@0.32.0',
    reads: [
      ...['quickjs-emscripten', 'quickjs-emscripten-core'],
      ...['release-sync', 'release-asyncify', 'debug-sync', 'debug-asyncify'].map(
        name => `@jitl/quickjs-wasmfile-${name}`,
      ),
      '@jitl/quickjs-ffi-types',
    ],
  },
} as const

/** Where the package of a language lies, and its version: part of what a result depends on. */
export type Interpreter = { version: string; entry: string; reads: string[] }

/**
 * Folders to read packages from, which lie beside the first one. Where a package manager keeps each package apart, beside
 * links to what it needs, the folder around it is one of them.
 */
function whereabouts(first: string, names: readonly string[]): string[] {
  const homes = new Set([first])
  const folders = new Set<string>()
  for (const name of names) {
    for (const home of homes) {
      const path = join(home, name)
      if (!existsSync(path)) continue
      folders.add(path)
      const real = realpathSync(path)
      if (real === path) continue
      const around = real.slice(0, -name.length - 1)
      homes.add(around)
      folders.add(around)
    }
  }
  return [...folders]
}

/** Throws SR_SANDBOX when the package is not installed. */
export function interpreterOf(language: Language): Interpreter {
  const { name, install, reads } = packages[language]
  try {
    const manifest = fileURLToPath(import.meta.resolve(`${name}/package.json`))
    const folder = dirname(manifest)
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
    const entry = language === 'python' ? new URL('./', import.meta.resolve(name)).href : import.meta.resolve(name)
    return {
      version: `${name} ${version}`,
      entry,
      reads: whereabouts(dirname(folder), reads),
    }
  } catch (cause) {
    throw new StillroomError(
      'SR_SANDBOX',
      `Code in ${language} is run by the package ${name}, which is not installed.`,
      {
        cause,
        hint: install,
      },
    )
  }
}

/** An interpreter in a process of its own. */
export type Machine = {
  /** Never rejects; a machine that is `spent` afterwards has to be closed. */
  run(job: WholeJob): Promise<Ran>
  readonly spent: boolean
  close(): void
}

/** A machine on its way, and the moment at which its process is gone. */
export type Starting = { machine: Promise<Machine>; gone: Promise<void> }

/**
 * Starts a process that runs jobs and can do little else: under Node's permission model it reads its own package and
 * this folder, writes nothing, starts nothing. `machine` rejects with SR_SANDBOX when it does not come up. The signal ends
 * it, whatever it does.
 */
export function startMachine(language: Language, { entry, reads }: Interpreter, signal: AbortSignal): Starting {
  const own = `.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`
  const folder = fileURLToPath(new URL('./', import.meta.url))
  const readable = [folder, ...reads.map(path => join(path, '/'))]
  const child = fork(join(folder, `child${own}`), [JSON.stringify({ language, folder: entry } satisfies Hello)], {
    execArgv: [
      '--permission',
      ...readable.map(path => `--allow-fs-read=${path}`),
      ...['--disallow-code-generation-from-strings', '--max-old-space-size=256', '--no-warnings'],
    ],
    env: { TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'json',
    signal,
    killSignal: 'SIGKILL',
  })
  // Told where it is waited for.
  child.on('error', () => {})
  // An idle machine holds no process; the end of one is waited for.
  signal.addEventListener('abort', () => child.ref(), { once: true })
  const gone = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => child.pid === undefined && resolve())
  })
  return { machine: upAndReady(child, language), gone }
}

async function upAndReady(child: ChildProcess, language: Language): Promise<Machine> {
  let spent = false
  const close = (): void => {
    spent = true
    child.kill('SIGKILL')
  }
  const began = await next(child)
  if (!('ready' in began)) {
    close()
    const received =
      'broken' in began ? began.broken : 'gone' in began ? `it ended with ${began.gone}` : 'no word of it'
    throw new StillroomError('SR_SANDBOX', `The interpreter of ${language} did not start.`, {
      received,
      hint: packages[language].install,
    })
  }
  const idle = memoryOf(child)
  child.unref()
  child.channel?.unref()
  return {
    get spent() {
      return spent
    },
    close,
    async run(job) {
      let why: Ran['ended'] | undefined
      const start = { wall: performance.now(), cpu: cpuOf(child) }
      const kill = (ended: Ran['ended']): void => {
        why ??= ended
        close()
      }
      // What the interpreter cannot stop by itself: work that never comes back to it, and memory outside of it.
      const looking = setInterval(() => {
        const wall = performance.now() - start.wall
        const cpu = cpuOf(child)
        const used = cpu === undefined || start.cpu === undefined ? undefined : cpu - start.cpu
        if (wall > 5 * job.timeoutMs + 1000 || (used !== undefined && used > job.timeoutMs + 500)) kill('timeout')
        else if (memoryOf(child) - idle > (job.memoryMb + slackMb) * 2 ** 20) kill('memory')
      }, lookEveryMs)
      child.ref()
      child.channel?.ref()
      try {
        const heard = next(child)
        child.send(job, error => error && close())
        const answer = await heard
        if ('ran' in answer) {
          // An interpreter that was brought down is not used again; nor one that grew.
          if (answer.worn || answer.ran.ended === 'crashed') close()
          return answer.ran
        }
        spent = true
        if (why === 'timeout') return { ended: why, error: timedOut(job.timeoutMs), stdout: '' }
        if (why === 'memory') return { ended: why, error: `more than ${job.memoryMb} MB of memory`, stdout: '' }
        return { ended: 'crashed', error: 'the interpreter crashed', stdout: '' }
      } finally {
        clearInterval(looking)
        child.unref()
        child.channel?.unref()
      }
    },
  }
}

function next(child: ChildProcess): Promise<Answer | { gone: string }> {
  return new Promise(resolve => {
    function heard(answer: Answer | { gone: string }): void {
      child.off('message', message).off('exit', exit).off('error', failed)
      resolve(answer)
    }
    const message = (answer: unknown): void => heard(answer as Answer)
    const exit = (code: number | null, signal: string | null): void => heard({ gone: signal ?? `code ${code}` })
    const failed = (error: Error): void => heard({ gone: error.message })
    child.on('message', message).on('exit', exit).on('error', failed)
    if (child.exitCode !== null || child.signalCode !== null)
      heard({ gone: String(child.signalCode ?? child.exitCode) })
  })
}

/** Processor time of a process so far, in milliseconds, where the system tells (Linux: hundredths of a second). */
function cpuOf({ pid }: ChildProcess): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return undefined
  }
}

/** Bytes in memory, 0 where the system does not tell. */
function memoryOf({ pid }: ChildProcess): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
