import { StillroomError } from '../errors/index.ts'
import { canonical, type Sha, sha256 } from '../records/index.ts'
import { type Job, openSandbox, type Ran } from '../sandbox/index.ts'
import type { Executed } from '../steps/index.ts'
import { callBase, callSha, type Journal } from '../workspace/index.ts'
import { asStop, type Stop, Stopped } from './stop.ts'

export type Executor = {
  /** How a job ended: from the journal, or from the sandbox, which is opened for the first one. */
  execute(job: Job): Promise<Executed>
  /** Ends what runs, and leaves no process behind. */
  close(): Promise<void>
}

/** A result in the journal; `content` is what is shown of it where calls are shown. */
type Kept = { ran: Ran; content: string }

/** A result has no length to be cut at, and costs nothing. */
const [cap, free] = [1, { usd: 0, tokens: 0 }]

/**
 * Jobs are rows of the journal, so that a verdict stays what it was however busy the machine is when a run goes on; equal
 * jobs share one. Intent and result are committed together: a job that a crash cut off costs nothing, and is run again. So
 * it is with closed teachers, since nobody is paid for it.
 */
export function openExecutor({ journal, stop }: { journal: Journal; stop: Stop }): Executor {
  const air = new Map<Sha, Promise<Executed>>()
  let sandbox: ReturnType<typeof openSandbox> | undefined
  stop.tripped.catch(() => sandbox?.close())

  async function run(job: Job): Promise<Executed> {
    sandbox ??= openSandbox()
    const text = canonical(job)
    const model = job.interpreter ?? job.language
    const named = { provider: 'sandbox', model, revision: await sandbox.version(job), request: sha256(text), draw: 0 }
    const key = { ...named, attempt: journal.attempt(callBase(named)) }
    const call = callSha(key)
    const known = journal.lookup<Kept>(call, cap)
    if (known) return { ...known.body.ran, call }
    const shared = air.get(call)
    if (shared) return shared
    const running = sandbox.run(job).then(async ran => {
      const body: Kept = { ran, content: ran.error ?? ran.stdout }
      const settled = { cap, body, money: free, finish: ran.ended, outputTokens: 0 }
      await Promise.all([journal.intend(call, key, cap, 'http', free, text), journal.settle(call, settled)])
      return { ...ran, call }
    })
    air.set(call, running)
    return running.finally(() => air.delete(call))
  }

  return {
    async execute(job) {
      stop.check()
      try {
        return await run(job)
      } catch (error) {
        if (stop.reason || (StillroomError.is(error) && error.code === 'SR_INTERRUPTED')) throw new Stopped()
        // What keeps the sandbox from running says nothing of the code: it ends the run, and no row.
        const why = asStop(error)
        stop.trip(why)
        throw why
      }
    },
    async close() {
      await Promise.allSettled([sandbox?.close(), ...air.values()])
    },
  }
}
