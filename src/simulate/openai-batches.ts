import type { Asked, Batch, Batches, Row } from './batches.ts'
import { integer, matching, nullable, object, oneOf, record, string } from './check.ts'
import { type Endpoint, json, limitOf, ok, page, type Result } from './endpoint.ts'
import type { Files } from './files.ts'
import { invalidField, metadataProblem, openai, refusal } from './openai.ts'
import type { SimulatorLimits } from './options.ts'

const endpoint = '/v1/chat/completions'
/** Errors that a failed batch lists at most. */
const listed = 100

const request = object(
  {
    input_file_id: string,
    endpoint: oneOf(endpoint),
    completion_window: oneOf('24h'),
    metadata: nullable(record),
    output_expires_after: object({ anchor: oneOf('created_at'), seconds: integer(3600, 2_592_000) }, [
      'anchor',
      'seconds',
    ]),
  },
  ['input_file_id', 'endpoint', 'completion_window'],
)
const line = object({ custom_id: matching(/^[\s\S]{1,512}$/), method: string, url: string, body: record }, [
  'custom_id',
  'method',
  'url',
  'body',
])

type Line = { custom_id: string; method: string; url: string; body: { model?: unknown } }
type Fault = { code: string; message: string; line: number | null; param: string | null }

const fault = (code: string, message: string, at: number | null = null, param: string | null = null): Fault => ({
  code,
  message,
  line: at,
  param,
})

function lineFault(parsed: Line | undefined, at: number): Fault | undefined {
  if (parsed === undefined) return fault('invalid_json_line', 'This line is not parseable as valid JSON.', at)
  const problem = line(parsed, '')
  if (problem) {
    const code = problem.is === 'missing' ? 'missing_required_parameter' : 'invalid_request'
    return fault(code, `${problem.path}: expected ${problem.expected}, got ${problem.received}.`, at, problem.path)
  }
  if (parsed.method !== 'POST') return fault('invalid_method', 'The method has to be POST.', at, 'method')
  if (parsed.url !== endpoint) return fault('invalid_url', `The URL has to be ${endpoint}.`, at, 'url')
  return undefined
}

/** What the vendor keeps beside the rows. */
type Sheet = { input: string; metadata: unknown; errors: Fault[]; output?: string; failed?: string }

/** `/v1/batches` of the OpenAI protocol. */
export function openaiBatches(batches: Batches, files: Files, limits: SimulatorLimits): Endpoint {
  const sheets = new WeakMap<Batch, Sheet>()
  const rowsAllowed = limits.rows ?? 50_000
  const bytesAllowed = limits.bytes ?? 200_000_000

  function read(content: Buffer): { rows: Asked[]; errors: Fault[] } {
    if (content.length > bytesAllowed)
      return { rows: [], errors: [fault('file_too_large', `The input file exceeds ${bytesAllowed} bytes.`)] }
    const rows: Asked[] = []
    const errors: Fault[] = []
    const seen = new Set<string>()
    let model: unknown
    for (const [i, text] of content.toString().split('\n').entries()) {
      if (text.trim() === '') continue
      const parsed = json(text) as Line
      const problem = lineFault(parsed, i + 1)
      model ??= parsed?.body?.model
      if (problem) errors.push(problem)
      else if (seen.has(parsed.custom_id))
        errors.push(fault('duplicate_custom_id', 'The custom_id of this request was used before.', i + 1, 'custom_id'))
      else if (parsed.body.model !== model)
        errors.push(fault('mismatched_model', 'All requests of a batch have to ask one model.', i + 1, 'body.model'))
      else {
        seen.add(parsed.custom_id)
        rows.push({ customId: parsed.custom_id, body: parsed.body })
      }
    }
    if (rows.length === 0 && errors.length === 0) errors.push(fault('empty_file', 'The input file is empty.'))
    if (rows.length > rowsAllowed)
      errors.push(fault('too_many_requests', `The input file exceeds ${rowsAllowed} requests.`))
    return { rows, errors }
  }

  async function create(body: unknown): Promise<Result> {
    const problem = request(body, '') ?? metadataProblem((body as { metadata?: unknown }).metadata)
    if (problem) return invalidField(problem)
    const { input_file_id: input, metadata } = body as { input_file_id: string; metadata?: unknown }
    const content = files.content(input)
    if (!content) return refusal(`No such File object: ${input}`, 'input_file_id', 404)
    if (files.purpose(input) !== 'batch') return refusal('The file was not uploaded for batches.', 'input_file_id')
    const { rows, errors } = read(content)
    const failed = errors.length > 0 || batches.next().fails !== undefined
    const batch = batches.open(failed ? [] : rows, openai, '/chat/completions', 'batch_')
    if (batch.fate.fails !== undefined) errors.push(fault(batch.fate.fails, 'The batch was refused.'))
    sheets.set(batch, { input, metadata: metadata ?? null, errors: errors.slice(0, listed) })
    await batches.fill(batch, failed ? [] : rows)
    return { ...ok(shown(batch)), ...(batch.fate.losesAnswer && { cut: true }) }
  }

  /** A look: where the batch stands now. */
  function look(batch: Batch) {
    const sheet = sheets.get(batch)!
    if (sheet.errors.length > 0 && batch.state !== 'ended') {
      batch.state = 'ended'
      batch.how = 'failed'
    } else if (batches.look(batch)) {
      const written = (rows: Row[], name: string) =>
        rows.length > 0
          ? files.keep(`${batch.id}_${name}.jsonl`, 'batch_output', Buffer.from(rows.map(lineOf).join(''))).id
          : undefined
      const output = written(
        batch.rows.filter(row => row.outcome === 'succeeded'),
        'output',
      )
      const failed = written(
        batch.rows.filter(row => row.outcome !== 'succeeded'),
        'error',
      )
      if (output) sheet.output = output
      if (failed) sheet.failed = failed
      // The files hold them now.
      for (const row of batch.rows) row.body = ''
    }
  }

  function shown(batch: Batch) {
    const { input, metadata, errors, output, failed } = sheets.get(batch)!
    const { state, how } = batch
    const seconds = (ms: number | undefined) => (ms === undefined ? null : Math.floor(ms / 1000))
    const begun = batch.looks > 0 && how !== 'failed'
    const finalizing = state === 'running' && !batch.fate.hangs && batch.looks > 1 && batch.looks === batch.end - 1
    const status =
      how ?? (state === 'cancelling' ? state : finalizing ? 'finalizing' : begun ? 'in_progress' : 'validating')
    const at = (is: Batch['how']) => (how === is ? seconds(batch.ended ?? batch.created) : null)
    const done = errors.length > 0 ? [] : batches.done(batch)
    const completed = done.filter(row => row.outcome === 'succeeded').length
    const failures = done.filter(row => row.outcome === 'errored' || row.outcome === 'expired').length
    return {
      id: batch.id,
      object: 'batch',
      endpoint,
      errors: how === 'failed' ? { object: 'list', data: errors } : null,
      input_file_id: input,
      completion_window: '24h',
      status,
      output_file_id: output ?? null,
      error_file_id: failed ?? null,
      created_at: seconds(batch.created),
      in_progress_at: begun ? seconds(batch.created) : null,
      expires_at: seconds(batch.created + 86_400_000),
      finalizing_at: finalizing || how === 'completed' ? seconds(batch.ended ?? batch.created) : null,
      completed_at: at('completed'),
      failed_at: at('failed'),
      expired_at: at('expired'),
      cancelling_at: seconds(batch.cancelled),
      cancelled_at: at('cancelled'),
      request_counts: { total: batch.rows.length, completed, failed: failures },
      metadata,
    }
  }

  return ({ method, path, query, body }) => {
    if (path[0] !== 'batches') return undefined
    if (path.length === 1) {
      if (method === 'POST') return create(json(body))
      if (method !== 'GET') return undefined
      const limit = limitOf(query, 20, 100)
      if (limit === undefined) return refusal("Invalid value for 'limit'.", 'limit')
      const { data, ...ends } = page(batches.list(openai), query.get('after'), limit)
      return ok({ object: 'list', data: data.map(shown), ...ends })
    }
    const batch = batches.find(path[1]!, openai)
    if (!batch) return refusal(`No batch found with id '${path[1]}'.`, null, 404)
    if (method === 'GET' && path.length === 2) {
      look(batch)
      return ok(shown(batch))
    }
    if (method !== 'POST' || path[2] !== 'cancel' || path.length !== 3) return undefined
    if (batch.state === 'ended') return refusal(`Cannot cancel a batch with status '${batch.how}'.`, null, 409)
    if (batch.state === 'running') batches.cancel(batch)
    return ok(shown(batch))
  }
}

function lineOf({ id, customId, outcome, status, body }: Row): string {
  const answered = outcome === 'succeeded' || outcome === 'errored'
  const errors = {
    expired: {
      code: 'batch_expired',
      message: 'This request could not be executed before the completion window expired.',
    },
    canceled: { code: 'batch_cancelled', message: 'This request was not executed because the batch was cancelled.' },
  }
  const response = answered ? `{"status_code":${status},"request_id":"req_${id}","body":${body}}` : 'null'
  const error = answered ? null : errors[outcome]
  return `{"id":"batch_req_${id}","custom_id":${JSON.stringify(customId)},"response":${response},"error":${JSON.stringify(error)}}\n`
}
