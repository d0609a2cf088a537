import { setTimeout as wait } from 'node:timers/promises'
import { StillroomError } from '../errors/index.ts'
import type { Json } from '../records/index.ts'
import { Fault } from './contract.ts'
import { ask, type Connection, endpointOf, openAgent } from './post.ts'

export type StoredQuery = {
  /** Base URL with its version, such as https://api.openai.com/v1. */
  baseUrl: string
  key?: string
  model?: string
  /** Labels that a completion must all bear. */
  metadata?: { [label: string]: string }
  /** Completions whose messages are not wanted, by id: they are not given out either. */
  skip?: (id: string) => boolean
  signal?: AbortSignal
  sleep?: (ms: number) => Promise<unknown>
}

/** A stored completion as the API has it, and the messages it answers, in order. */
export type StoredCompletion = { completion: { id: string; [field: string]: Json | undefined }; messages: Json[] }

type Page = { data?: { id?: string }[]; last_id?: string | null; has_more?: boolean }

/** Completions whose messages are asked for at a time: each costs a request of its own. */
const atOnce = 8
const attempts = 6

/**
 * The completions that a provider keeps (`store: true`), oldest first: `GET /chat/completions` page by page, and of each
 * its messages.
 * @throws StillroomError SR_KEY_MISSING, SR_TEACHER_REJECTS, SR_TEACHER_DOWN when it still fails after six attempts.
 */
export async function* storedCompletions(query: StoredQuery): AsyncGenerator<StoredCompletion> {
  const { baseUrl, key, model, metadata = {}, skip = () => false, signal } = query
  const { sleep = ms => wait(ms, undefined, { signal }).catch(() => {}) } = query
  const base = `${baseUrl.replace(/\/+$/, '')}/chat/completions`
  const dispatcher = openAgent(120)
  const connection: Connection = {
    dispatcher,
    headers: key ? { authorization: `Bearer ${key}` } : {},
    ...(key && { secret: key }),
  }

  async function page(path: string, fields: [string, string][]): Promise<Page> {
    const to = endpointOf(`${base}${path}?${new URLSearchParams(fields)}`)
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      try {
        return ((await ask(connection, 'GET', to)).json ?? {}) as Page
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        if (error.policy === 'route' || attempt >= attempts) throw refused(error, baseUrl, key)
        await sleep(error.retryAfter ?? 500 * 2 ** (attempt - 1))
      }
    }
  }

  async function* pages(path: string, fields: [string, string][]): AsyncGenerator<NonNullable<Page['data']>> {
    for (let after: string | undefined; ; ) {
      const {
        data = [],
        last_id,
        has_more,
      } = await page(path, after === undefined ? fields : [...fields, ['after', after]])
      if (data.length > 0) yield data
      const last = last_id ?? data.at(-1)?.id
      if (!has_more || data.length === 0 || last === undefined || last === after) return
      after = last
    }
  }

  async function messagesOf(completion: StoredCompletion['completion']): Promise<StoredCompletion> {
    const messages: Json[] = []
    const path = `/${encodeURIComponent(completion.id)}/messages`
    for await (const part of pages(path, ascending)) messages.push(...(part as Json[]))
    return { completion, messages }
  }

  const labels = Object.entries(metadata).map(([label, value]): [string, string] => [`metadata[${label}]`, value])
  const fields: [string, string][] = [
    ...ascending,
    ...(model === undefined ? [] : [['model', model] as [string, string]]),
    ...labels,
  ]
  try {
    for await (const part of pages('', fields)) {
      const wanted = (part as StoredCompletion['completion'][]).filter(({ id }) => typeof id === 'string' && !skip(id))
      for (let i = 0; i < wanted.length; i += atOnce) {
        yield* await Promise.all(wanted.slice(i, i + atOnce).map(messagesOf))
      }
    }
  } finally {
    await dispatcher.destroy()
  }
}

const ascending: [string, string][] = [
  ['limit', '100'],
  ['order', 'asc'],
]

function refused(fault: Fault, baseUrl: string, key: string | undefined): StillroomError {
  const { host } = new URL(baseUrl)
  if (fault.status === 401 && key === undefined) {
    return new StillroomError('SR_KEY_MISSING', `${host} asks for an API key.`, {
      hint: 'Name the environment variable that holds it: --key OPENAI_API_KEY',
    })
  }
  const down = fault.policy !== 'route'
  return new StillroomError(down ? 'SR_TEACHER_DOWN' : 'SR_TEACHER_REJECTS', `${host}: ${fault.message}`, {
    hint: down
      ? 'What came so far is kept. Run the same command again to go on.'
      : 'Check the base URL and the key; stored completions are listed at GET /chat/completions.',
  })
}
