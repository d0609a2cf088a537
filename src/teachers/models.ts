import { type OpenOptions, wayTo } from './open.ts'
import { ask, type Connection, endpointOf, openAgent } from './post.ts'
import type { Resolved } from './presets.ts'

/** Names of the models that a server says it has. Free at every provider. Throws a `Fault`, and SR_KEY_MISSING. */
export async function servedModels(
  name: string,
  route: Resolved,
  { env, seconds }: { env: OpenOptions['env']; seconds: number },
): Promise<string[]> {
  const { base, key } = wayTo(name, route, env)
  if (route.protocol !== 'anthropic') return modelsAt(base, { ...(key && { key }), seconds })
  const who = { 'anthropic-version': '2023-06-01', ...(key && { 'x-api-key': key }) }
  return listed(`${base.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/models`, who, key, seconds)
}

/** The same of a server of the OpenAI protocol by its base URL. */
export function modelsAt(base: string, { key, seconds }: { key?: string; seconds: number }): Promise<string[]> {
  const who: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {}
  return listed(`${base.replace(/\/+$/, '')}/models`, who, key, seconds)
}

async function listed(
  url: string,
  headers: Record<string, string>,
  secret: string | undefined,
  seconds: number,
): Promise<string[]> {
  const dispatcher = openAgent(seconds, 1)
  const connection: Connection = { dispatcher, headers, ...(secret && { secret }) }
  try {
    const { json } = await ask(connection, 'GET', endpointOf(url))
    const data = Array.isArray(json.data) ? (json.data as { id?: unknown }[]) : []
    return data.flatMap(({ id }) => (typeof id === 'string' ? [id] : []))
  } finally {
    await dispatcher.destroy()
  }
}
