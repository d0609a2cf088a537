import { availableParallelism } from 'node:os'
import { StillroomError } from '../errors/index.ts'
import { type Job, type Language, type Ran, type WholeJob, wholeJob } from './job.ts'
import { type OwnInterpreter, openOwnInterpreter } from './own-interpreter.ts'
import { type Interpreter, interpreterOf, type Machine, startMachine } from './processes.ts'

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
  /** Ends what runs: such jobs reject. */
  close(): void
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
        pool = openPool(slots, () => startMachine(language, found))
        pools.set(language, pool)
      }
      return pool.run(job)
    },
    close() {
      closed = true
      for (const pool of pools.values()) pool.close()
      for (const one of owned.values())
        one.then(
          ({ close }) => close(),
          () => {},
        )
    },
  }
}

const ended = (): Error => new StillroomError('SR_INTERRUPTED', 'The sandbox was closed.')

type Pool = { run(job: WholeJob): Promise<Ran>; close(): void }

/** Machines on demand, up to a number; one that is spent is replaced when the next job needs it. */
function openPool(slots: number, start: () => Promise<Machine>): Pool {
  const idle: Machine[] = []
  const machines = new Set<Machine>()
  const queue: Waiting[] = []
  let busy = 0
  let closed = false

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
      if (closed) throw ended()
      if (machine.spent) machines.delete(machine)
      else idle.push(machine)
      resolve(ran)
    } catch (error) {
      reject(error)
    }
  }
  async function started(): Promise<Machine> {
    const machine = await start()
    machines.add(machine)
    if (closed) {
      machine.close()
      throw ended()
    }
    return machine
  }
  return {
    run: job =>
      new Promise((resolve, reject) => {
        queue.push({ job, resolve, reject })
        serve()
      }),
    close() {
      closed = true
      for (const { reject } of queue.splice(0)) reject(ended())
      for (const machine of machines) machine.close()
    },
  }
}
