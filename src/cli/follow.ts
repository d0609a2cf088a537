import { exits } from '../errors/index.ts'
import type { Plan } from '../recipe/index.ts'
import type { Emit } from '../workspace/index.ts'
import { tellsStarter } from './background.ts'
import type { Io } from './io.ts'
import type { Reporter } from './reporter.ts'

/**
 * Runs something while a reporter shows it. The first interrupt asks for a clean stop, the second leaves at once.
 */
export async function follow<T>(
  io: Io,
  reporter: Reporter,
  plan: Plan,
  work: (view: { renderers: Emit[]; signal: AbortSignal }, notice: (text: string) => void) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const view = reporter.follow(plan)
  const forget = io.onInterrupt(() => {
    if (stop.signal.aborted) {
      view.end()
      io.leave(exits.interrupted)
      return
    }
    view.notice('Stopping: what is in the air still lands. Interrupt again to stop at once.')
    stop.abort()
  })
  try {
    return await work({ renderers: [view.emit, ...tellsStarter(io)], signal: stop.signal }, view.notice)
  } finally {
    forget()
    view.end()
  }
}
