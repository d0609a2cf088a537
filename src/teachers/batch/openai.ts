import { sha256 } from '../../records/index.ts'
import { type BatchClient, type BatchStatus, Fault } from '../contract.ts'
import type { Dialect } from '../dialect.ts'
import { ask, type Connection, endpointOf, scrub } from '../post.ts'
import { lines } from './lines.ts'
import { rowReader } from './row.ts'
import { upload } from './upload.ts'

/** https://developers.openai.com/api/docs/guides/batch, as far as it is used. All of it doubtful: servers differ. */
type Batch = {
  id?: string
  status?: string
  created_at?: number
  input_file_id?: string
  output_file_id?: string | null
  error_file_id?: string | null
  errors?: { data?: { code?: string | null; message?: string | null; line?: number | null }[] | null } | null
  metadata?: { [label: string]: string } | null
  request_counts?: { total?: number; completed?: number; failed?: number } | null
}
type Row = {
  custom_id?: string
  response?: { status_code?: number; body?: unknown } | null
  error?: { code?: string | null; message?: string | null } | null
}

const ended = new Set(['completed', 'expired', 'cancelled'])
/** Clocks that differ, and dates in whole seconds. */
const slack = 600_000

/** Batches of chat completions: a file of rows, a batch over it, and files of what came of them. */
export function openaiBatch(base: string, connection: Connection, dialect: Dialect): BatchClient {
  const at = (path: string) => endpointOf(`${base}${path}`)
  const read = rowReader(dialect)
  const named = ({ id }: { id?: unknown }, what: string): string => {
    if (typeof id !== 'string' || !id) throw new Fault('health', `the server named no ${what}`)
    return id
  }
  return {
    limits: { rows: 50_000, bytes: 200_000_000 },

    encode({ key, request, wire }) {
      const { body } = dialect.prepare(request, wire)
      return JSON.stringify({ custom_id: key, method: 'POST', url: '/v1/chat/completions', body: dialect.sent(body) })
    },

    async upload(name, rows) {
      // A row is one line, and a line that begins with this cannot be one.
      const boundary = `stillroom-${sha256(name).slice(0, 32)}`
      const field = (disposition: string) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`
      const file = `name="file"; filename="${encodeURIComponent(name)}.jsonl"`
      const body = upload(`multipart/form-data; boundary=${boundary}`, () => rows, {
        head: `${field('name="purpose"')}\r\nbatch\r\n${field(file)}Content-Type: application/jsonl\r\n\r\n`,
        between: '\n',
        tail: `\n\r\n--${boundary}--\r\n`,
        again: rows[Symbol.iterator]() !== (rows as unknown),
      })
      const { json } = await ask(connection, 'POST', at('/files'), body)
      return named(json, 'file')
    },

    async submit(name, { upload: file }) {
      const body = {
        input_file_id: file,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
        metadata: { stillroom: name },
      }
      const { json } = await ask(connection, 'POST', at('/batches'), JSON.stringify(body))
      return named(json, 'batch')
    },

    async find({ name, upload: file, since, known }) {
      let same: string | undefined
      for (let after = ''; ; ) {
        const { json } = await ask(
          connection,
          'GET',
          at(`/batches?limit=100${after && `&after=${encodeURIComponent(after)}`}`),
        )
        const data = (Array.isArray(json.data) ? json.data : []) as Batch[]
        for (const batch of data) {
          if (batch.metadata?.stillroom === name) return batch.id
          if (file !== undefined && batch.input_file_id === file && batch.id && !known.has(batch.id)) same ??= batch.id
        }
        const last = data.at(-1)
        // Newest first.
        if (!json.has_more || !last?.id || last.id === after || (last.created_at ?? 0) * 1000 < since - slack)
          return same
        after = last.id
      }
    },

    async poll(remote): Promise<BatchStatus> {
      const { status, json } = await ask(
        connection,
        'GET',
        at(`/batches/${encodeURIComponent(remote)}`),
        undefined,
        [404],
      )
      if (status === 404) return { state: 'gone', message: `the server knows no batch ${remote}` }
      const { status: is = '', request_counts: counts, errors } = json as Batch
      const said = (errors?.data ?? [])
        .slice(0, 5)
        .map(
          ({ message, code, line }) => `${[code, message].filter(Boolean).join(': ')}${line ? ` (line ${line})` : ''}`,
        )
        .join('; ')
      return {
        state: is === 'failed' ? 'failed' : ended.has(is) ? 'ended' : 'running',
        ...(counts?.completed !== undefined && { done: counts.completed }),
        ...(counts?.failed !== undefined && { failed: counts.failed }),
        ...(counts?.total !== undefined && { total: counts.total }),
        ...(said
          ? { message: scrub(said, connection.secret) }
          : is === 'expired' || is === 'cancelled'
            ? { message: is }
            : {}),
      }
    },

    async *results(remote, callOf) {
      const { json } = await ask(connection, 'GET', at(`/batches/${encodeURIComponent(remote)}`))
      const { output_file_id: output, error_file_id: errors } = json as Batch
      for (const file of [output, errors]) {
        if (!file) continue
        for await (const line of lines(connection, `${base}/files/${encodeURIComponent(file)}/content`)) {
          const { custom_id: key, response, error } = line as Row
          if (typeof key !== 'string') continue
          if (response?.status_code !== undefined) {
            yield read(remote, key, { status: response.status_code, json: response.body }, callOf(key))
          } else {
            const why = [error?.code, error?.message].filter(Boolean).join(': ') || 'no explanation'
            yield { key, failed: scrub(why, connection.secret) }
          }
        }
      }
    },

    async cancel(remote) {
      // One that is over, or gone, needs no cancelling.
      await ask(connection, 'POST', at(`/batches/${encodeURIComponent(remote)}/cancel`), undefined, [400, 404, 409])
    },

    async discard(file) {
      await ask(connection, 'DELETE', at(`/files/${encodeURIComponent(file)}`), undefined, [404])
    },
  }
}
