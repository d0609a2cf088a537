import { anthropic } from './anthropic.ts'
import { type Endpoint, ok, type Result } from './endpoint.ts'
import { openai } from './openai.ts'

/** `GET /v1/models` in either shape. */
export function modelList(names: string[] = ['writer', 'solver', 'judge']): Endpoint {
  return ({ method, path, headers }): Result | undefined => {
    if (method !== 'GET' || path[0] !== 'models' || path.length > 2) return undefined
    const inAnthropicShape = headers['anthropic-version'] !== undefined
    const models = names.map(id =>
      inAnthropicShape
        ? { id, type: 'model', display_name: id, created_at: '1970-01-01T00:00:00Z' }
        : { id, object: 'model', created: 0, owned_by: 'stillroom' },
    )
    if (path.length === 1) {
      const ends = { has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null }
      return ok(inAnthropicShape ? { data: models, ...ends } : { object: 'list', data: models })
    }
    const one = models.find(model => model.id === path[1])
    if (one) return ok(one)
    return { status: 404, body: (inAnthropicShape ? anthropic : openai).error(404, `No model ${path[1]}`) }
  }
}
