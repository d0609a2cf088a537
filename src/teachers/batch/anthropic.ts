import { type BatchClient, type BatchStatus, Fault } from '../contract.ts'
import type { Dialect } from '../dialect.ts'
import { ask, type Connection, endpointOf, errorOf, statusOf } from '../post.ts'
import { lines } from './lines.ts'
import { rowReader } from './row.ts'
import { upload } from './upload.ts'

/** https://platform.claude.com/docs/en/build-with-claude/batch-processing, as far as it is used. */
type Batch = {
  id?: string
  processing_status?: string
  created_at?: string
  archived_at?: string | null
  request_counts?: { processing?: number; succeeded?: number; errored?: number; canceled?: number; expired?: number }
}
type Row = { custom_id?: string; result?: { type?: string; message?: unknown; error?: unknown } }

const total = ({ request_counts: counts = {} }: Batch): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)
/** Clocks that differ. */
const slack = 600_000

/** Batches of messages. The rows are the request itself, and nothing of ours but their ids travels with a batch. */
export function anthropicBatch(base: string, connection: Connection, dialect: Dialect): BatchClient {
  const at = (path: string) => endpointOf(`${base}/messages/batches${path}`)
  const one = (remote: string) => `/${encodeURIComponent(remote)}`
  const rowsOf = (remote: string) => lines(connection, `${base}/messages/batches${one(remote)}/results`)
  const read = rowReader(dialect)

  /** Whether the first row of a batch that ended is one of ours. */
  async function isOurs(remote: string, ours: (key: string) => boolean): Promise<boolean> {
    for await (const line of rowsOf(remote)) return ours(String((line as Row).custom_id))
    return false
  }

  return {
    limits: { rows: 100_000, bytes: 256_000_000 },

    encode({ key, request, wire }) {
      const { body } = dialect.prepare(request, wire)
      return JSON.stringify({ custom_id: key, params: dialect.sent(body) })
    },

    async submit(_, { rows }) {
      const body = upload('application/json', rows, { head: '{"requests":[', between: ',', tail: ']}', again: true })
      const { json } = await ask(connection, 'POST', at(''), body)
      const { id } = json as Batch
      if (!id) throw new Fault('health', 'the server named no batch')
      return id
    },

    async find({ rows, since, known, ours }) {
      let running: string | undefined
      for (let after = ''; ; ) {
        const { json } = await ask(
          connection,
          'GET',
          at(`?limit=100${after && `&after_id=${encodeURIComponent(after)}`}`),
        )
        const data = (Array.isArray(json.data) ? json.data : []) as Batch[]
        for (const batch of data) {
          const { id, created_at: created = '', processing_status: is } = batch
          if (Date.parse(created) < since - slack) return running
          if (!id || known.has(id) || total(batch) !== rows) continue
          // Newest first, so the one begun soonest after `since` stays.
          if (is !== 'ended') running = id
          else if (!batch.archived_at && (await isOurs(id, ours))) return id
        }
        const last = data.at(-1)?.id
        if (!json.has_more || !last || last === after) return running
        after = last
      }
    },

    async poll(remote): Promise<BatchStatus> {
      const { status, json } = await ask(connection, 'GET', at(one(remote)), undefined, [404])
      if (status === 404) return { state: 'gone', message: `the server knows no batch ${remote}` }
      const batch = json as Batch
      const { succeeded, errored = 0, canceled = 0, expired = 0 } = batch.request_counts ?? {}
      const counts = {
        ...(succeeded !== undefined && { done: succeeded, failed: errored + canceled + expired }),
        ...(batch.request_counts && { total: total(batch) }),
      }
      if (batch.processing_status !== 'ended') return { state: 'running', ...counts }
      if (!batch.archived_at) return { state: 'ended', ...counts }
      return { state: 'gone', ...counts, message: `the server has kept no results since ${batch.archived_at}` }
    },

    async *results(remote, callOf) {
      for await (const line of rowsOf(remote)) {
        const { custom_id: key, result } = line as Row
        if (typeof key !== 'string') continue
        if (result?.type === 'succeeded') yield read(remote, key, { status: 200, json: result.message }, callOf(key))
        else if (result?.type === 'errored') {
          yield read(remote, key, { status: statusOf(errorOf(result.error)), json: result.error }, callOf(key))
        } else yield { key, failed: result?.type ?? 'no result' }
      }
    },

    async cancel(remote) {
      // One that is over, or gone, needs no cancelling.
      await ask(connection, 'POST', at(`${one(remote)}/cancel`), undefined, [400, 404, 409])
    },
  }
}
