import { sha256, unit } from '../records/index.ts'
import type { Ledger, SimulatorEntry } from './ledger.ts'
import type { SimulatorBatchFate, SimulatorOptions } from './options.ts'
import type { Protocol } from './protocol.ts'
import type { Respondent, Used } from './question.ts'

export type Outcome = 'succeeded' | 'errored' | 'expired' | 'canceled'

/** A row as it ends: its reply or error as JSON, when somebody worked on it. */
export type Row = {
  id: string
  customId: string
  /** Its place in [0, 1) in the order of work, by hash. */
  turn: number
  outcome: Outcome
  status: number
  body: string
  entry: SimulatorEntry
  sold?: { id: string; model: string; used: Used }
}

export type Batch = {
  id: string
  protocol: Protocol
  rows: Row[]
  fate: SimulatorBatchFate
  /** Looks until it ends, and so far. */
  end: number
  looks: number
  /** All its rows have been worked on. */
  full: boolean
  state: 'running' | 'cancelling' | 'ended'
  how?: 'completed' | 'expired' | 'cancelled' | 'failed'
  /** Milliseconds since 1970. */
  created: number
  cancelled?: number
  ended?: number
}

export type Asked = { customId: string; body: unknown }

/** Rows answered before the server attends to other calls. */
const slice = 100

/**
 * Batches as both vendors know them. They move on when they are looked at, not with time: at the n-th look of `looks`
 * the n-th part of the rows is done, and at the last the batch ends. What will be done is answered and billed when the
 * batch is made; a cancellation takes back what had not had its turn.
 */
export function openBatches(options: SimulatorOptions, respondent: Respondent, ledger: Ledger, clock: () => number) {
  const { seed = 1, batch: { looks = 2, fates = [] } = {} } = options
  /** Oldest first. */
  let all: Batch[] = []
  let made = 0

  const turnOf = (customId: string, what = 'turn') => unit(seed, what, customId)

  function work(row: Row, body: unknown, { protocol, fate }: Batch) {
    const settle = (outcome: Outcome, status: number, answer: object) => {
      row.outcome = outcome
      row.status = status
      row.body = JSON.stringify(answer)
    }
    if (turnOf(row.customId, 'error') < (fate.errors ?? 0))
      return settle('errored', 500, protocol.error(500, 'The server had an error while processing your request.'))
    const { unsupported } = fate
    if (unsupported && turnOf(row.customId, 'unsupported') < (unsupported.share ?? 1))
      return settle('errored', 400, protocol.refuse(unsupported.parameter))
    const read = respondent.read(body, protocol)
    row.entry.model = 'asked' in read ? read.asked.model : read.model
    if (!('asked' in read)) return settle('errored', read.status, read.body)
    if (read.body.stream) return settle('errored', 400, protocol.error(400, 'Streaming is not supported in batches.'))
    row.entry.request = read.request
    row.entry.draw = read.draw
    ledger.asked(read)
    const { body: reply, used, begins } = respondent.reply(read)
    begins()
    row.sold = { id: read.id, model: read.asked.model, used }
    ledger.row(read.id, read.asked.model, used, 1)
    settle('succeeded', 200, reply)
  }

  return {
    /** What will befall the next batch. */
    next: (): SimulatorBatchFate => fates[made] ?? {},
    /** Passes over a batch that never came to be. */
    skip: () => void made++,

    /** Makes a batch, to be seen at once. Its rows are worked on by `fill`. */
    open(asked: Asked[], protocol: Protocol, path: string, prefix: string): Batch {
      const fate = fates[made++] ?? {}
      const id = `${prefix}${sha256(`${seed} batch ${made}`).slice(0, 24)}`
      const rows = asked.map(({ customId }): Row => {
        const entry = ledger.entry('POST', path)
        entry.batch = id
        const turn = turnOf(customId)
        const late = turn >= (fate.expires ?? 1)
        return { id: '', customId, turn, outcome: late ? 'expired' : 'canceled', status: 0, body: '', entry }
      })
      const batch: Batch = {
        id,
        protocol,
        rows,
        fate,
        end: fate.looks ?? looks,
        looks: 0,
        state: 'running',
        full: false,
        created: clock(),
      }
      all.push(batch)
      ledger.counts.batches++
      return batch
    },

    /** Answers what will be done of a batch by the code that answers calls, and puts the rows into the order of work. */
    async fill(batch: Batch, asked: Asked[]): Promise<void> {
      const { rows, fate } = batch
      for (const [i, row] of rows.entries()) {
        if (i % slice === slice - 1) await new Promise(setImmediate)
        row.id = sha256(`${batch.id} ${row.customId}`).slice(0, 24)
        row.entry.body = asked[i]!.body
        if (batch.state === 'running' && !fate.hangs && row.outcome !== 'expired') work(row, asked[i]!.body, batch)
        ledger.note(row.entry, row.status)
      }
      batch.rows = rows.toSorted((a, b) => a.turn - b.turn || (a.customId < b.customId ? -1 : 1))
      batch.full = true
    },

    /** Moves a batch on by one look. True when it ended by it. */
    look(batch: Batch): boolean {
      if (batch.state === 'ended') return false
      batch.looks++
      if (!batch.full) return false
      const cancelled = batch.state === 'cancelling'
      if (!cancelled && (batch.fate.hangs || batch.looks < batch.end)) return false
      batch.state = 'ended'
      batch.how = cancelled ? 'cancelled' : batch.fate.expires === undefined ? 'completed' : 'expired'
      batch.ended = clock()
      return true
    },

    cancel(batch: Batch) {
      const done = batch.fate.hangs ? 0 : batch.looks / Math.max(1, batch.end)
      batch.state = 'cancelling'
      batch.cancelled = clock()
      for (const row of batch.rows) {
        if (row.turn < done && row.outcome !== 'expired') continue
        if (row.sold) ledger.row(row.sold.id, row.sold.model, row.sold.used, -1)
        row.outcome = 'canceled'
        row.status = 0
        row.entry.status = 0
      }
    },

    /** Rows that have had their turn by now. */
    done: (batch: Batch): Row[] =>
      batch.state === 'running' && batch.fate.hangs
        ? []
        : batch.rows.filter(row => batch.state !== 'running' || row.turn < batch.looks / Math.max(1, batch.end)),

    find: (id: string, protocol: Protocol): Batch | undefined =>
      all.find(batch => batch.id === id && batch.protocol === protocol),
    /** Newest first. */
    list: (protocol: Protocol): Batch[] => all.filter(batch => batch.protocol === protocol).reverse(),
    remove(gone: Batch) {
      all = all.filter(batch => batch !== gone)
    },
    clear() {
      all = []
      made = 0
    },
  }
}

export type Batches = ReturnType<typeof openBatches>
