import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { StillroomError } from '../errors/index.ts'
import { type Rounds, type ServedStudent, servedStudent } from '../recipe/index.ts'
import type { Clock } from './session.ts'

type Between = NonNullable<Rounds['between']>

/** What a command between two rounds runs in: folder, environment, and the file that its output is added to. */
export type Around = { cwd: string; env: Record<string, string | undefined>; log: string; signal?: AbortSignal }

const failed = (message: string, more: { received?: string; expected?: string; hint: string }): StillroomError =>
  new StillroomError('SR_BETWEEN_ROUNDS', message, more)
const again = 'mend it and run `stillroom rounds` again: it goes on here, and no round before it is repeated'

/**
 * Runs a command of the user by the shell, in a process group of its own; everything it prints goes to the log. Resolves to
 * the last line it printed, trimmed. Throws SR_BETWEEN_ROUNDS when it fails or takes longer than `timeout` seconds,
 * SR_INTERRUPTED.
 */
export function runCommand(command: string, timeout: number, { cwd, env, log, signal }: Around): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let ended: StillroomError | undefined
    let said = ''
    function end(why: StillroomError): void {
      ended ??= why
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // It has just ended by itself, or there are no process groups here.
        child.kill('SIGKILL')
      }
    }
    const late = setTimeout(
      () =>
        end(failed(`The command between rounds took longer than ${timeout} s.`, { received: command, hint: again })),
      timeout * 1000,
    )
    const interrupt = (): void => end(new StillroomError('SR_INTERRUPTED', 'Interrupted.', { hint: again }))
    if (signal?.aborted) interrupt()
    signal?.addEventListener('abort', interrupt, { once: true })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      appendFileSync(log, text)
      // The end is all that is asked for.
      said = (said + text).slice(-65_536)
    })
    child.stderr.on('data', text => appendFileSync(log, text))
    child.on('error', cause =>
      end(failed(`The command between rounds could not begin: ${cause.message}`, { hint: again })),
    )
    child.on('close', (code, killed) => {
      clearTimeout(late)
      signal?.removeEventListener('abort', interrupt)
      if (ended) reject(ended)
      else if (code === 0) resolve(said.trimEnd().split('\n').at(-1)!.trim())
      else {
        const received = `${command}: ${killed ?? `exit code ${code}`}`
        reject(
          failed('The command between rounds failed.', { received, hint: `${again}; what it said lies in ${log}` }),
        )
      }
    })
  })
}

/** The student that a command named on its last line: a JSON object. Throws SR_BETWEEN_ROUNDS. */
export function studentSaid(line: string): ServedStudent {
  let read: unknown
  try {
    read = JSON.parse(line)
  } catch {
    // As any other line that is no student.
  }
  const parsed = servedStudent.safeParse(read)
  if (parsed.success) return parsed.data
  throw failed('The command between rounds does not say who the next student is.', {
    expected: 'a last line such as {"revision": "r2", "at": "http://localhost:8002/v1"}',
    received: line.slice(0, 200) || 'nothing',
    hint: again,
  })
}

/** True where a text of the answer is one of the names: a list of models, or whatever a health endpoint says as JSON. */
function names(answer: unknown, wanted: readonly string[]): boolean {
  if (typeof answer === 'string') return wanted.includes(answer)
  return typeof answer === 'object' && answer !== null && Object.values(answer).some(part => names(part, wanted))
}

/**
 * Asks a URL until its answer (JSON, or a plain word) names the student's revision or model. A server that is down, or says
 * something else, is asked again. Throws SR_BETWEEN_ROUNDS after `timeout` seconds, SR_INTERRUPTED.
 */
export async function waitForStudent(
  url: string,
  { revision, model }: ServedStudent,
  { every, timeout }: Pick<Between, 'every' | 'timeout'>,
  { clock, signal }: { clock: Clock; signal?: AbortSignal },
): Promise<void> {
  const wanted = [revision, ...(model === undefined ? [] : [model])]
  const began = clock.elapsed()
  let last = 'nothing answered'
  while (clock.elapsed() - began < timeout * 1000) {
    if (signal?.aborted) throw new StillroomError('SR_INTERRUPTED', 'Interrupted.', { hint: again })
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
      const text = await response.text()
      last = `${response.status} ${text.slice(0, 120)}`
      if (response.ok && names(asJson(text), wanted)) return
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    await clock.sleep(every * 1000, signal).catch(() => {})
  }
  throw failed(`No student ${wanted.join(' or ')} appeared at ${url} in ${timeout} s.`, { received: last, hint: again })
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text.trim()
  }
}
