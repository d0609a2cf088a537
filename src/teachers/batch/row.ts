import { type BatchCall, type BatchResult, Fault } from '../contract.ts'
import type { Dialect } from '../dialect.ts'
import type { Answered } from '../post.ts'

/** How a row of a batch, named by `remote`, is read: as the answer to the same call would be. */
export type RowReader = (
  remote: string,
  key: string,
  answered: Pick<Answered, 'status' | 'json'>,
  call: BatchCall | undefined,
) => BatchResult

/**
 * A row whose parameter was refused may be asked again without it, once for each parameter: the next batch leaves it out,
 * and a server that still refuses it then means the request.
 */
export function rowReader(dialect: Dialect): RowReader {
  /** The batch that each refusal came with first: its results may be read again. */
  const firstIn = new Map<string, string>()
  return (remote, key, { status, json }, call) => {
    const { body, warnings } = call ? dialect.prepare(call.request, call.wire) : { body: {}, warnings: [] }
    const full = status >= 400 && call ? dialect.prepare(call.request, call.wire, { fresh: true }).body : body
    try {
      const answered = { status, json, text: '', headers: {} }
      const { reply, again } = dialect.read(answered, full, warnings, call?.request.schema)
      const first = firstIn.get(`${key} ${again}`) ?? remote
      if (again === undefined || first !== remote) return { key, reply }
      firstIn.set(`${key} ${again}`, remote)
      return { key, failed: `${again} was refused: ${reply.rejected?.message}` }
    } catch (error) {
      if (error instanceof Fault) return { key, failed: error.message }
      throw error
    }
  }
}
