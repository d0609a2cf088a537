import { type AddressInfo, createServer } from 'node:net'
import { StillroomError } from '../../errors/index.ts'
import { shellWord } from '../../train/index.ts'
import { askUntil } from '../ask-until.ts'
import { startCommand } from '../command.ts'
import { again, below, interrupted, textOf } from './ended.ts'
import type { WhichModel } from './events.ts'
import { endChildren } from './processes.ts'
import { type Around, environmentOf } from './trainer.ts'

/** A model that answers on this machine: the base URL of its API, and the name that it answers to. */
export type Served = { at: string; model: string }

/** Seconds that a server has to load its model, and between two questions whether it has. */
const toLoad = 1800
const every = 0.5

/** A port of loopback that nobody has. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Servers that list whatever lies in their cache, and answer to the name they were given. */
const listsItsCache = /\btransformers\s+serve\b/

/** What a model is called in a list as OpenAI's API gives it: the only one there, of several the name that was given. */
function listedModel(text: string, given: string): string | undefined {
  try {
    const ids = ((JSON.parse(text) as { data?: { id?: unknown }[] }).data ?? []).flatMap(({ id }) =>
      typeof id === 'string' ? [id] : [],
    )
    return ids.length === 1 ? ids[0] : ids.length > 1 ? given : undefined
  } catch {
    return undefined
  }
}

/**
 * Serves a model by the command of the user on a free port of this machine, waits until it answers (`/v1/models` names a
 * model, or `/health` says yes), does the work, and ends the server with all that it began, whatever happens.
 * @throws StillroomError SR_SERVE with the last lines of its log, SR_INTERRUPTED.
 */
export async function whileServed<T>(
  serve: string,
  model: string,
  what: WhichModel,
  around: Around,
  work: (served: Served) => Promise<T>,
): Promise<T> {
  const { places, clock, tell, stop, kill, reached } = around
  const log = places.serve(what)
  const port = await freePort()
  const command = serve.replaceAll('{model}', () => shellWord(model)).replaceAll('{port}', String(port))
  const running = startCommand(command, { cwd: places.folder, env: environmentOf(around), log })
  if (running.pid !== undefined) around.child({ pid: running.pid, what: `the server of the ${what} model` })
  reached('serve.started')
  const over = new AbortController()
  const end = (): void => over.abort()
  stop?.addEventListener('abort', end, { once: true })
  if (stop?.aborted) end()
  let gone = false
  const ended = running.ended.then(ending => {
    gone = true
    end()
    return ending
  })
  try {
    const root = `http://127.0.0.1:${port}`
    tell({ event: 'serving', what, at: `${root}/v1`, log })
    const asked = await askUntil(
      [`${root}/v1/models`, `${root}/health`],
      // A server without a list of models answers to the name it was given.
      (text, url) => (listsItsCache.test(serve) || url.endsWith('/health') ? model : listedModel(text, model)),
      { every, timeout: toLoad },
      { clock, fetch: around.fetch, signal: over.signal },
    )
    if ('last' in asked) {
      if (stop?.aborted) throw interrupted()
      const ending = gone ? await ended : undefined
      const how = ending ? `ended with ${ending.signal ?? `exit code ${ending.code}`}` : `did not answer in ${toLoad} s`
      throw new StillroomError('SR_SERVE', `The server of the ${what} model ${how}.${below(textOf(log))}`, {
        received: gone ? command : asked.last,
        hint: `mend \`train.serve\`; then ${again}: nothing is trained twice`,
      })
    }
    return await work({ at: `${root}/v1`, model: asked.found })
  } finally {
    stop?.removeEventListener('abort', end)
    running.signal('SIGTERM')
    await endChildren(places.folder, { clock, now: kill })
    running.signal('SIGKILL')
    await running.ended
    around.child(undefined)
  }
}
