import { StillroomError } from '../errors/index.ts'
import { type Hub, hostOf, scrubbed } from './endpoint.ts'

export type Asked = {
  method?: 'GET' | 'POST'
  body?: object
  signal?: AbortSignal
}

/** Milliseconds before the second and third try. */
const waits = [100, 2000]
/** Longest wait that a server may ask for, milliseconds. */
const longestWait = 60_000

/**
 * One request to the Hub, with whatever status it ends in. What fails on the way, 429 and 5xx are tried three times.
 * The token is sent to the endpoint alone: `fetch` leaves it out where a redirect leads to another host.
 * Throws SR_HUB where no answer comes, and what the signal was aborted with.
 */
export async function send(hub: Hub, path: string, { method = 'GET', body, signal }: Asked = {}): Promise<Response> {
  const headers = {
    ...(hub.token === undefined ? {} : { authorization: `Bearer ${hub.token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  for (let tries = 0; ; tries++) {
    const wait = waits[tries]
    let answer: Response
    try {
      answer = await hub.fetch(`${hub.url}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      })
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      if (wait === undefined) throw silent(hub, cause)
      await hub.sleep(wait)
      continue
    }
    if (wait === undefined || (answer.status !== 429 && answer.status < 500)) return answer
    await answer.body?.cancel()
    const asked = Number(answer.headers.get('retry-after')) * 1000
    await hub.sleep(asked > 0 ? Math.min(asked, longestWait) : wait)
  }
}

/** Nothing came back; the cause is told by its code, since its text may hold anything. */
export function silent(hub: Hub, cause: unknown): StillroomError {
  const inner = (cause as { cause?: { code?: string } } | undefined)?.cause
  return new StillroomError('SR_HUB', `The Hub at ${hostOf(hub)} does not answer.`, {
    received: scrubbed(inner?.code ?? (cause as Error | undefined)?.message ?? 'nothing', hub),
    hint: 'check the connection and HF_ENDPOINT, then give the same command again',
  })
}

/** Why the Hub refused, as an error that says what to do: `what` is the thing that was asked for. */
export async function refusal(hub: Hub, answer: Response, what: string): Promise<StillroomError> {
  const code = answer.headers.get('x-error-code') ?? ''
  const said = scrubbed(answer.headers.get('x-error-message') ?? (await messageOf(answer)), hub)
  return explain(hub, answer.status, code, said, what)
}

async function messageOf(answer: Response): Promise<string> {
  const text = await answer.text().catch(() => '')
  try {
    const { error, message } = JSON.parse(text) as { error?: string; message?: string }
    return String(error ?? message ?? '').slice(0, 300)
  } catch {
    // A page for people, which says nothing here.
    return ''
  }
}

/** The same from parts, for whoever has no response at hand. */
export function explain(hub: Hub, status: number, code: string, said: string, what: string): StillroomError {
  const host = hostOf(hub)
  const more = { received: [`status ${status}`, code, said].filter(Boolean).join(', ') }
  const anonymous = hub.token === undefined
  const show = anonymous
    ? 'where it is private or gated, set HF_TOKEN to a token that may read it'
    : 'the token of HF_TOKEN may not see it: check the name, and what the token is for'
  if (code === 'GatedRepo')
    return new StillroomError('SR_HUB', `${what} is gated: its owner has to let you in.`, {
      ...more,
      hint: `ask for access on its page at ${host}, and set HF_TOKEN to a token of that account`,
    })
  if (code === 'RevisionNotFound')
    return new StillroomError('SR_HUB', `${what} does not exist: the repository has no such revision.`, {
      ...more,
      hint: 'name a branch, a tag or a commit that its page lists',
    })
  if (code === 'EntryNotFound') return new StillroomError('SR_HUB', `${what} does not exist.`, more)
  if (code === 'RepoNotFound' || status === 404)
    return new StillroomError('SR_HUB', `${what} is not to be found at ${host}.`, { ...more, hint: show })
  if (status === 401)
    return new StillroomError(
      'SR_HUB',
      anonymous ? `${what} wants to know who asks.` : `${host} does not accept the token of HF_TOKEN.`,
      { ...more, hint: anonymous ? show : `make a new one at ${hub.url}/settings/tokens` },
    )
  if (status === 403)
    return new StillroomError('SR_HUB', `${host} does not allow it: ${what}.`, {
      ...more,
      hint: anonymous ? show : 'give the token of HF_TOKEN the right to this repository',
    })
  return new StillroomError('SR_HUB', `${host} failed at ${what}.`, {
    ...more,
    hint: 'give the same command again; what was done is not done twice',
  })
}

/** Asks and gives the answer as data. Throws SR_HUB for every status but success. */
export async function askJson(hub: Hub, path: string, what: string, asked: Asked = {}): Promise<unknown> {
  const answer = await send(hub, path, asked)
  if (!answer.ok) throw await refusal(hub, answer, what)
  try {
    return await answer.json()
  } catch {
    throw strange(hub, what)
  }
}

/** An answer in a form that the Hub does not have. */
export const strange = (hub: Hub, what: string): StillroomError =>
  new StillroomError('SR_HUB', `What ${hostOf(hub)} says of ${what} cannot be understood.`, {
    hint: 'check that HF_ENDPOINT names a Hub',
  })
