import { type Endpoint, json, limitOf, ok, page } from './endpoint.ts'
import { invalidField, metadataProblem, refusal } from './openai.ts'

type Message = { content?: unknown; [field: string]: unknown }
type Kept = { id: string; model: string; metadata: Record<string, string>; [field: string]: unknown }

/** Completions kept with `store: true`, under `/v1/chat/completions`, in the order in which they were made. */
export function openStored() {
  const kept = new Map<string, { completion: Kept; messages: object[] }>()

  function keep(body: Record<string, unknown>, reply: object) {
    const { id } = reply as Kept
    const asked = (name: string, fallback: unknown = null) => body[name] ?? fallback
    const completion = {
      ...(reply as Kept),
      request_id: `req_${id}`,
      tool_choice: asked('tool_choice'),
      tools: asked('tools'),
      seed: asked('seed'),
      temperature: asked('temperature', 1),
      top_p: asked('top_p', 1),
      presence_penalty: asked('presence_penalty', 0),
      frequency_penalty: asked('frequency_penalty', 0),
      response_format: asked('response_format'),
      service_tier: 'default',
      input_user: asked('user'),
      metadata: (body.metadata ?? {}) as Record<string, string>,
    }
    const messages = (body.messages as Message[]).map((message, i) => {
      const parts = Array.isArray(message.content) ? message.content : null
      return { id: `${id}-${i}`, ...message, content: parts ? null : (message.content ?? null), content_parts: parts }
    })
    // The newest place, when an equal call is stored again.
    kept.delete(id)
    kept.set(id, { completion, messages })
  }

  const endpoint: Endpoint = ({ method, path, query, body }) => {
    if (path[0] !== 'chat' || path[1] !== 'completions') return undefined
    const limit = limitOf(query, 20, 100)
    if (limit === undefined) return refusal("Invalid value for 'limit'.", 'limit')
    const ordered = <T>(items: T[]) => (query.get('order') === 'desc' ? items.reverse() : items)
    if (path.length === 2) {
      if (method !== 'GET') return undefined
      const wanted = [...query].flatMap(([name, value]) => {
        const key = /^metadata\[(.*)\]$/.exec(name)?.[1]
        return key === undefined ? [] : [[key, value] as const]
      })
      const model = query.get('model')
      const found = [...kept.values()]
        .map(({ completion }) => completion)
        .filter(one => model === null || one.model === model)
        .filter(({ metadata }) => wanted.every(([key, value]) => metadata[key] === value))
      return ok({ object: 'list', ...page(ordered(found), query.get('after'), limit) })
    }
    const one = kept.get(path[2]!)
    if (!one) return refusal(`Chat completion ${path[2]} not found`, 'id', 404)
    if (path[3] === 'messages' && path.length === 4 && method === 'GET') {
      const messages = ordered([...one.messages] as { id: string }[])
      return ok({ object: 'list', ...page(messages, query.get('after'), limit) })
    }
    if (path.length > 3) return undefined
    if (method === 'GET') return ok(one.completion)
    if (method === 'POST') {
      const { metadata } = (json(body) ?? {}) as { metadata?: Record<string, string> }
      const problem = metadataProblem(metadata)
      if (problem) return invalidField(problem)
      one.completion.metadata = metadata ?? {}
      return ok(one.completion)
    }
    if (method !== 'DELETE') return undefined
    kept.delete(path[2]!)
    return ok({ object: 'chat.completion.deleted', id: path[2], deleted: true })
  }

  return { endpoint, keep, clear: () => kept.clear() }
}

export type Stored = ReturnType<typeof openStored>
