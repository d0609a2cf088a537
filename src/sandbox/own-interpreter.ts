import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { StillroomError } from '../errors/index.ts'
import { bounded, type Language, most, type Ran, timedOut, type WholeJob } from './job.ts'

/** The user's interpreter in an OS sandbox: a process for every job. */
export type OwnInterpreter = { version: string; run(job: WholeJob): Promise<Ran>; close(): Promise<void> }

const ask = promisify(execFile)
const install =
  'install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap) on Linux, or leave `interpreter` out'

/** Printed by the interpreter outside of the sandbox: its version, and the folders that it reads. */
const about = `import json, sys; print(json.dumps([sys.version.split()[0], sys.executable, sys.prefix, sys.base_prefix]))`

/** Reads the job from standard input and reports on a pipe of its own; a random word tells its report from a forged one. */
const wrapper = (harness: string): string => `
import json, os, resource, sys
job = json.loads(sys.stdin.buffer.read())
resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
resource.setrlimit(resource.RLIMIT_CPU, (job["seconds"], job["seconds"]))
resource.setrlimit(resource.RLIMIT_FSIZE, (job["memory"], job["memory"]))
resource.setrlimit(resource.RLIMIT_NPROC, (16, 16))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
sys.dont_write_bytecode = True
harness = {"__name__": "harness"}
exec(compile(${JSON.stringify(harness)}, "<frozen harness>", "exec"), harness)
word = job.pop("word")
run, write, say, leave = harness["run"], os.write, json.dumps, os._exit
report = run(job)
write(3, say({**report, "word": word}).encode())
leave(0 if report["ended"] == "ok" else 3)
`

const [clone, clone3, forks] = process.arch === 'arm64' ? [220, 435, []] : [56, 435, [57, 58]]
/**
 * A filter of system calls that refuses new processes and leaves threads alone (classic BPF as seccomp(2) reads it). The
 * limit on processes does not hold for root. Undefined on processors whose numbers of calls are not known here.
 */
function noProcesses(): Buffer | undefined {
  if (process.arch !== 'x64' && process.arch !== 'arm64') return undefined
  const [load, equal, atLeast, anyBit, end] = [0x20, 0x15, 0x35, 0x45, 0x06]
  const [allow, refuse, unknown] = [0x7fff0000, 0x00050001, 0x00050026]
  const thread = 0x00010000
  const program: [code: number, yes: number, no: number, value: number][] = [
    [load, 0, 0, 0],
    // Other numberings of the same calls.
    [atLeast, 0, 1, 0x40000000],
    [end, 0, 0, refuse],
    ...forks.flatMap((call): typeof program => [
      [equal, 0, 1, call],
      [end, 0, 0, refuse],
    ]),
    // As an old kernel would: the C library falls back on the call whose flags can be looked at.
    [equal, 0, 1, clone3],
    [end, 0, 0, unknown],
    [equal, 1, 0, clone],
    [end, 0, 0, allow],
    [load, 0, 0, 16],
    [anyBit, 0, 1, thread],
    [end, 0, 0, allow],
    [end, 0, 0, refuse],
  ]
  const bytes = Buffer.alloc(program.length * 8)
  for (const [i, [code, yes, no, value]] of program.entries()) {
    bytes.writeUInt16LE(code, i * 8)
    bytes.writeUInt8(yes, i * 8 + 2)
    bytes.writeUInt8(no, i * 8 + 3)
    bytes.writeUInt32LE(value, i * 8 + 4)
  }
  return bytes
}

/**
 * Opens `command` (Python alone) inside bubblewrap: no network, no files but its own and the system's libraries, read-only,
 * no processes but itself, limits on processor time, memory and files. Throws SR_SANDBOX where bubblewrap or
 * the interpreter is missing.
 */
export async function openOwnInterpreter(language: Language, command: string, slots: number): Promise<OwnInterpreter> {
  if (language !== 'python')
    throw new StillroomError('SR_SANDBOX', 'Only Python runs in an interpreter of your own.', {
      received: `${language} in ${command}`,
      hint: 'leave `interpreter` out: JavaScript runs in QuickJS',
    })
  try {
    await ask('bwrap', ['--version'])
  } catch (cause) {
    throw new StillroomError('SR_SANDBOX', 'Running code in an interpreter of your own needs bubblewrap (bwrap).', {
      cause,
      hint: install,
    })
  }
  let found: [version: string, executable: string, prefix: string, base: string]
  try {
    found = JSON.parse((await ask(command, ['-I', '-c', about])).stdout)
  } catch (cause) {
    throw new StillroomError('SR_SANDBOX', `The interpreter ${command} cannot be asked for its version.`, {
      cause,
      hint: 'name a Python 3 that is on the path',
    })
  }
  const [version, executable, prefix, base] = found
  const harness = wrapper(readFileSync(new URL('./harness.py', import.meta.url), 'utf8'))
  const folders = [...new Set(['/usr', prefix, base])].filter(path => path !== '/')
  const filter = noProcesses()
  const args = [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
    ...folders.flatMap(path => ['--ro-bind', path, path]),
    ...['/lib', '/lib64', '/bin', '/etc/ld.so.cache'].flatMap(path => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--dev', '/dev', '--size', String(64 * 2 ** 20), '--tmpfs', '/tmp', '--chdir', '/tmp'],
    ...['--setenv', 'PYTHONHASHSEED', '0', '--setenv', 'HOME', '/tmp', '--setenv', 'TZ', 'UTC'],
    ...(filter ? ['--seccomp', '4'] : []),
    ...[executable, '-s', '-c', harness],
  ]
  const running = new Map<ChildProcess, Promise<unknown>>()
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false

  async function run({ code, tests, stdin, timeoutMs, memoryMb }: WholeJob): Promise<Ran> {
    const word = randomBytes(16).toString('hex')
    const seconds = Math.ceil(timeoutMs / 1000)
    const memory = (memoryMb + 128) * 2 ** 20
    const child = spawn('bwrap', args, { stdio: ['pipe', 'pipe', 'ignore', 'pipe', 'pipe'] })
    const output = bounded()
    let report = ''
    let late = false
    child.stdout!.setEncoding('utf8').on('data', output.write)
    const reports = child.stdio[3] as NodeJS.ReadableStream
    reports.setEncoding('utf8').on('data', text => {
      if (report.length < 4 * most.error) report += text
    })
    // The code may end before it has read what it is given.
    child.stdin!.on('error', () => {})
    const filtering = child.stdio[4] as NodeJS.WritableStream
    filtering.on('error', () => {})
    filtering.end(filter ?? '')
    child.stdin!.end(JSON.stringify({ code, tests, stdin, word, seconds, memory }))
    const timer = setTimeout(
      () => {
        late = true
        child.kill('SIGKILL')
      },
      5 * timeoutMs + 1000,
    )
    const over = new Promise<number | null>(resolve => {
      child.on('close', resolve).on('error', () => resolve(null))
    })
    running.set(child, over)
    const status = await over
    clearTimeout(timer)
    running.delete(child)
    const stdout = output.text()
    // 128 and the number of the signal: SIGKILL or SIGXCPU, of the limit on processor time.
    if (late || status === 137 || status === 152) return { ended: 'timeout', error: timedOut(timeoutMs), stdout }
    try {
      const { word: said, ...ran } = JSON.parse(report) as Ran & { word: string }
      if (said === word && status === (ran.ended === 'ok' ? 0 : 3)) return { ...ran, stdout }
    } catch {
      // No report: the code took the interpreter along.
    }
    return status === 0 || status === null
      ? { ended: 'failed', error: 'the code ended the interpreter', stdout }
      : { ended: 'crashed', error: 'the interpreter crashed', stdout }
  }

  return {
    version: `bubblewrap python ${version}`,
    async run(job) {
      if (busy >= slots) await new Promise<void>(resolve => waiting.push(resolve))
      busy++
      try {
        if (closed) throw new StillroomError('SR_INTERRUPTED', 'The sandbox was closed.')
        return await run(job)
      } finally {
        busy--
        waiting.shift()?.()
      }
    },
    async close() {
      closed = true
      for (const child of running.keys()) child.kill('SIGKILL')
      await Promise.all(running.values())
    },
  }
}
