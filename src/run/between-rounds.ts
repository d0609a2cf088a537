import { StillroomError } from '../errors/index.ts'
import { type Rounds, type ServedStudent, servedStudent } from '../recipe/index.ts'
import { askUntil } from './ask-until.ts'
import { type Surroundings, startCommand } from './command.ts'
import type { Clock } from './session.ts'

type Between = NonNullable<Rounds['between']>

/** What a command between two rounds runs in: folder, environment, and the file that its output is added to. */
export type Around = Surroundings & { signal?: AbortSignal }

const failed = (message: string, more: { received?: string; expected?: string; hint: string }): StillroomError =>
  new StillroomError('SR_BETWEEN_ROUNDS', message, more)
const again = 'mend it and run `stillroom rounds` again: it goes on here, and no round before it is repeated'

/**
 * Runs a command of the user by the shell, in a process group of its own; everything it prints goes to the log. Resolves to
 * the last line it printed, trimmed. Throws SR_BETWEEN_ROUNDS when it fails or takes longer than `timeout` seconds,
 * SR_INTERRUPTED.
 */
export async function runCommand(command: string, timeout: number, { signal, ...around }: Around): Promise<string> {
  let ended: StillroomError | undefined
  let said = ''
  const running = startCommand(command, {
    ...around,
    // The end is all that is asked for.
    heard: text => (said = (said + text).slice(-65_536)),
  })
  function end(why: StillroomError): void {
    ended ??= why
    running.signal('SIGKILL')
  }
  const late = setTimeout(
    () => end(failed(`The command between rounds took longer than ${timeout} s.`, { received: command, hint: again })),
    timeout * 1000,
  )
  const interrupt = (): void => end(new StillroomError('SR_INTERRUPTED', 'Interrupted.', { hint: again }))
  if (signal?.aborted) interrupt()
  signal?.addEventListener('abort', interrupt, { once: true })
  const { code, signal: killed, cause } = await running.ended
  clearTimeout(late)
  signal?.removeEventListener('abort', interrupt)
  if (ended) throw ended
  if (cause) throw failed(`The command between rounds could not begin: ${cause.message}`, { hint: again })
  if (code === 0) return said.trimEnd().split('\n').at(-1)!.trim()
  const received = `${command}: ${killed ?? `exit code ${code}`}`
  throw failed('The command between rounds failed.', {
    received,
    hint: `${again}; what it said lies in ${around.log}`,
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
  { clock, signal }: { clock: Clock; signal?: AbortSignal | undefined },
): Promise<void> {
  const wanted = [revision, ...(model === undefined ? [] : [model])]
  const asked = await askUntil(
    [url],
    text => names(asJson(text), wanted) || undefined,
    { every, timeout },
    { clock, fetch, signal },
  )
  if ('found' in asked) return
  if (asked.interrupted) throw new StillroomError('SR_INTERRUPTED', 'Interrupted.', { hint: again })
  const message = `No student ${wanted.join(' or ')} appeared at ${url} in ${timeout} s.`
  throw failed(message, { received: asked.last, hint: again })
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text.trim()
  }
}
