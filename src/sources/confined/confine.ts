import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Unreadable } from '../bytes.ts'
import type { About, Prose } from '../form.ts'
import type { Allowed, Answer, Job } from './child.ts'

/** What reading one document may take: bytes in memory with the process itself, milliseconds of processor time. */
export const allowed: Allowed = { memory: 420 * 2 ** 20, cpu: 60_000 }

/** `answered` counts the documents that it has given back: memory of a process grows over many. */
type Reader = { child: ChildProcess; said(): string; answered: number }

/** How a parser brings its process down by itself. */
const crashes = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'code 1']

let reader: Reader | undefined
let last: Promise<unknown> = Promise.resolve()

/**
 * Reads a document in a process of its own, one after the other: a file that takes too much memory or time, or brings the
 * parser down, ends that process and nothing else. It may read files and do nothing else. Throws `Unreadable`.
 */
export function readConfined(
  job: { absolute: string; about: About } | { bytes: Buffer; about: About },
): Promise<Prose> {
  const turn = last.then(() => read(job))
  last = turn.catch(() => undefined)
  return turn
}

async function read(job: Job): Promise<Prose> {
  reader ??= start()
  const current = reader
  const { child, said } = current
  child.ref()
  child.channel?.ref()
  const answer = await asked(child, job)
  if ('gone' in answer) {
    reader = undefined
    const why = said()
    // What the documents before it left behind is not its fault: it is judged in a process of its own.
    if (why !== 'time' && why !== 'wait' && current.answered > 0) return read(job)
    if (why === 'time') throw new Unreadable('too-costly', `more than ${allowed.cpu / 1000} s of processor time`)
    if (why === 'wait') throw new Unreadable('too-costly', 'its reader came to no end')
    if (why === 'memory' || answer.gone === 'SIGABRT')
      throw new Unreadable('too-costly', `more than ${allowed.memory / 2 ** 20} MB of memory`)
    // Somebody else ended it, or it never began: nothing is said of the file.
    if (!crashes.includes(answer.gone)) throw new Error(`the process that reads it ended: ${answer.gone}`)
    throw new Unreadable('damaged', `its reader ended with ${answer.gone}`)
  }
  current.answered++
  child.unref()
  child.channel?.unref()
  if ('refused' in answer) throw new Error(answer.refused)
  if ('unreadable' in answer) throw new Unreadable(answer.unreadable, answer.message, answer.evidence)
  return answer.prose
}

function start(): Reader {
  const own = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const child = fork(fileURLToPath(new URL(`./child.${own}`, import.meta.url)), [JSON.stringify(allowed)], {
    execArgv: [
      '--permission',
      '--allow-fs-read=*',
      '--allow-worker',
      '--max-old-space-size=260',
      '--max-semi-space-size=8',
      '--no-warnings',
    ],
    env: { TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
    serialization: 'advanced',
    killSignal: 'SIGKILL',
  })
  child.on('error', () => {})
  // One that ends while it has nothing to do is not asked again.
  child.once('close', () => {
    if (reader?.child === child) reader = undefined
  })
  let why = ''
  const pipe = child.stdio[4] as NodeJS.ReadableStream & { unref?(): void }
  pipe.on('data', chunk => (why += String(chunk)))
  pipe.on('error', () => {})
  pipe.unref?.()
  return { child, said: () => why, answered: 0 }
}

function asked(child: ChildProcess, job: Job): Promise<Answer | { gone: string }> {
  return new Promise(resolve => {
    function heard(answer: Answer | { gone: string }): void {
      child.off('message', message).off('close', closed).off('error', failed)
      resolve(answer)
    }
    const message = (answer: unknown): void => heard(answer as Answer)
    // After `close` all that it said has been read as well.
    const closed = (code: number | null, signal: string | null): void => heard({ gone: signal ?? `code ${code}` })
    const failed = (error: Error): void => heard({ gone: error.message })
    child.on('message', message).on('close', closed).on('error', failed)
    child.send(job, error => error && heard({ gone: error.message }))
  })
}
