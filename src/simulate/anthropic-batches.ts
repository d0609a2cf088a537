import { anthropic } from './anthropic.ts'
import type { Batch, Batches, Outcome, Row } from './batches.ts'
import { list, matching, object, record } from './check.ts'
import { type Endpoint, json, limitOf, ok, type Result } from './endpoint.ts'
import type { SimulatorLimits } from './options.ts'

const request = object(
  {
    requests: list(
      object({ custom_id: matching(/^[a-zA-Z0-9_-]{1,64}$/), params: record }, ['custom_id', 'params']),
      1,
    ),
  },
  ['requests'],
)
type Body = { requests: { custom_id: string; params: unknown }[] }

const refusal = (message: string, status = 400): Result => ({
  status,
  body:
    status === 400
      ? { type: 'error', error: { type: 'invalid_request_error', message }, request_id: null }
      : anthropic.error(status, message),
})
const date = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())

/** `/v1/messages/batches` of the Anthropic protocol. */
export function anthropicBatches(batches: Batches, limits: SimulatorLimits): Endpoint {
  const rowsAllowed = limits.rows ?? 100_000
  const bytesAllowed = limits.bytes ?? 256_000_000

  async function create(raw: Buffer, origin: string): Promise<Result> {
    if (raw.length > bytesAllowed) return refusal('Request exceeds the maximum size', 413)
    const body = json(raw)
    if (body === undefined) return refusal('The request body is not valid JSON.')
    const problem = request(body, '')
    if (problem) {
      const said = { unknown: 'Extra inputs are not permitted', missing: 'Field required', type: '', value: '' }
      return refusal(
        `${problem.path}: ${said[problem.is] || `Input should be ${problem.expected}, not ${problem.received}`}`,
      )
    }
    const { requests } = body as Body
    if (requests.length > rowsAllowed) return refusal(`requests: List should have at most ${rowsAllowed} items`)
    const seen = new Set<string>()
    for (const { custom_id: id } of requests) {
      if (seen.size === seen.add(id).size) return refusal(`requests: custom_id ${id} is not unique`)
    }
    const rows = requests.map(({ custom_id: customId, params }) => ({ customId, body: params }))
    const { fails } = batches.next()
    if (fails !== undefined) {
      batches.skip()
      return refusal(fails)
    }
    const batch = batches.open(rows, anthropic, '/messages', 'msgbatch_')
    await batches.fill(batch, rows)
    return { ...ok(shown(batch, origin)), ...(batch.fate.losesAnswer && { cut: true }) }
  }

  function shown(batch: Batch, origin: string) {
    const over = batch.state === 'ended'
    const counted = (outcome: Outcome) => (over ? batch.rows.filter(row => row.outcome === outcome).length : 0)
    return {
      id: batch.id,
      type: 'message_batch',
      processing_status: { running: 'in_progress', cancelling: 'canceling', ended: 'ended' }[batch.state],
      request_counts: {
        processing: over ? 0 : batch.rows.length,
        succeeded: counted('succeeded'),
        errored: counted('errored'),
        canceled: counted('canceled'),
        expired: counted('expired'),
      },
      created_at: date(batch.created),
      expires_at: date(batch.created + 86_400_000),
      ended_at: date(batch.ended),
      cancel_initiated_at: date(batch.cancelled),
      archived_at: null,
      results_url: over ? `${origin}/v1/messages/batches/${batch.id}/results` : null,
    }
  }

  function pageOf(query: URLSearchParams, origin: string): Result {
    const limit = limitOf(query, 20, 1000)
    if (limit === undefined) return refusal('limit: Input should be from 1 to 1000')
    const all = batches.list(anthropic)
    const after = all.findIndex(batch => batch.id === query.get('after_id'))
    const before = all.findIndex(batch => batch.id === query.get('before_id'))
    const from = before >= 0 ? Math.max(0, before - limit) : after + 1
    const to = before >= 0 ? before : from + limit
    const data = all.slice(from, to).map(batch => shown(batch, origin))
    return ok({
      data,
      has_more: before >= 0 ? from > 0 : to < all.length,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
    })
  }

  return ({ method, path, query, body, origin }) => {
    if (path[0] !== 'messages' || path[1] !== 'batches') return undefined
    if (path.length === 2) {
      if (method === 'POST') return create(body, origin)
      return method === 'GET' ? pageOf(query, origin) : undefined
    }
    const batch = batches.find(path[2]!, anthropic)
    if (!batch) return refusal(`Message Batch ${path[2]} was not found.`, 404)
    const last = path[3]
    if (path.length > 4) return undefined
    if (method === 'GET' && last === undefined) {
      batches.look(batch)
      return ok(shown(batch, origin))
    }
    if (method === 'GET' && last === 'results') {
      if (batch.state !== 'ended') return refusal(`Message Batch ${batch.id} has no results yet.`, 404)
      return ok(batch.rows.map(lineOf).join(''), 'application/x-jsonl')
    }
    if (method === 'POST' && last === 'cancel') {
      if (batch.state === 'ended') return refusal(`Message Batch ${batch.id} has already ended.`)
      if (batch.state === 'running') batches.cancel(batch)
      return ok(shown(batch, origin))
    }
    if (method !== 'DELETE' || last !== undefined) return undefined
    if (batch.state !== 'ended') return refusal(`Message Batch ${batch.id} cannot be deleted while it is processed.`)
    batches.remove(batch)
    return ok({ id: batch.id, type: 'message_batch_deleted' })
  }
}

function lineOf({ customId, outcome, body }: Row): string {
  const result = {
    succeeded: () => `{"type":"succeeded","message":${body}}`,
    errored: () => `{"type":"errored","error":${body}}`,
    expired: () => '{"type":"expired"}',
    canceled: () => '{"type":"canceled"}',
  }[outcome]()
  return `{"custom_id":${JSON.stringify(customId)},"result":${result}}\n`
}
