import { setMaxListeners } from 'node:events'
import { availableParallelism } from 'node:os'
import { StillroomError } from '../errors/index.ts'
import { type Job, type Language, type Ran, type WholeJob, wholeJob } from './job.ts'
import { type OwnInterpreter, openOwnInterpreter } from './own-interpreter.ts'
import { type Interpreter, interpreterOf, type Machine, type Starting, startMachine } from './processes.ts'

/**
 * Runs code that nobody has read: in warm interpreters, one process each, in which every job finds the same bytes. No job
 * reaches files, the network, other processes or the next job; time and memory are bounded.
 */
export type Sandbox = {
  /** How the job ended. Throws SR_SANDBOX when what would run it is not installed or does not start. */
  run(job: Job): Promise<Ran>
  /** Whatever a result depends on beside the job. Throws SR_SANDBOX when it is not installed. */
  version(job: Pick<Job, 'language' | 'interpreter'>): Promise<string>
  /** Jobs that run at once. */
  slots: number
  /** Ends what runs: such jobs reject. No process is left when it resolves. */
  close(): Promise<void>
}

/** Rises when the harness or the limits may judge a job otherwise than before. */
const harness = 1

type Waiting = { job: WholeJob; resolve(ran: Ran): void; reject(error: unknown): void }

/** Nothing is started before the first job. `slots`: processes of each language, default one a core. */
export function openSandbox({ slots = availableParallelism() } = {}): Sandbox {
  const interpreters = new Map<Language, Interpreter>()
  const pools = new Map<Language, Pool>()
  const owned = new Map<string, Promise<OwnInterpreter>>()
  let closed = false

  function interpreter(language: Language): Interpreter {
    let known = interpreters.get(language)
    if (!known) {
      known = interpreterOf(language)
      interpreters.set(language, known)
    }
    return known
  }
  function own(language: Language, command: string): Promise<OwnInterpreter> {
    const key = `${language} ${command}`
    let known = owned.get(key)
    if (!known) {
      known = openOwnInterpreter(language, command, slots)
      owned.set(key, known)
    }
    return known
  }

  return {
    slots,
    async version({ language, interpreter: command }) {
      const version = command === undefined ? interpreter(language).version : (await own(language, command)).version
      return `${version} harness ${harness}`
    },
    async run(given) {
      if (closed) throw ended()
      const job = wholeJob(given)
      const { language } = job
      if (job.interpreter !== undefined) return (await own(language, job.interpreter)).run(job)
      let pool = pools.get(language)
      if (!pool) {
        const found = interpreter(language)
        pool = openPool(slots, signal => startMachine(language, found, signal))
        pools.set(language, pool)
      }
      return pool.run(job)
    },
    async close() {
      closed = true
      const own = [...owned.values()].map(one => one.then(({ close }) => close()))
      await Promise.allSettled([...own, ...[...pools.values()].map(pool => pool.close())])
    },
  }
}

const ended = (): Error => new StillroomError('SR_INTERRUPTED', 'The sandbox was closed.')

type Pool = { run(job: WholeJob): Promise<Ran>; close(): Promise<void> }

/** Machines on demand, up to a number; one that is spent is replaced when the next job needs it. */
function openPool(slots: number, start: (signal: AbortSignal) => Starting): Pool {
  const idle: Machine[] = []
  const there = new Set<Promise<void>>()
  const queue: Waiting[] = []
  const end = new AbortController()
  // One for each machine, of which there may be many.
  setMaxListeners(0, end.signal)
  let busy = 0

  function serve(): void {
    while (busy < slots && queue.length > 0) {
      busy++
      void work(queue.shift()!).finally(() => {
        busy--
        serve()
      })
    }
  }
  async function work({ job, resolve, reject }: Waiting): Promise<void> {
    try {
      const machine = idle.pop() ?? (await started())
      const ran = await machine.run(job)
      if (end.signal.aborted) throw ended()
      if (!machine.spent) idle.push(machine)
      resolve(ran)
    } catch (error) {
      reject(end.signal.aborted ? ended() : error)
    }
  }
  function started(): Promise<Machine> {
    const { machine, gone } = start(end.signal)
    there.add(gone)
    void gone.then(() => there.delete(gone))
    return machine
  }
  return {
    run: job =>
      new Promise((resolve, reject) => {
        if (end.signal.aborted) return reject(ended())
        queue.push({ job, resolve, reject })
        serve()
      }),
    async close() {
      for (const { reject } of queue.splice(0)) reject(ended())
      end.abort()
      await Promise.all(there)
    },
  }
}
