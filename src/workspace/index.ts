/** The workspace on disk: journal, tasks with their done records, lock, event types. Storage is the truth. */
export type { CallTotals, Emit, Event, Saved, Status } from './event.ts'
export {
  type Batch,
  type BatchedCall,
  type CallKey,
  type CallRow,
  type Carrier,
  type Cited,
  callBase,
  callSha,
  type Journal,
  type Money,
  openJournal,
  type Settled,
} from './journal.ts'
export { type JournalHealth, journalHealth } from './journal-health.ts'
export { destroyKey, keyOrNew, readKey } from './keystore.ts'
export { type Expense, readLedger, spend } from './ledger.ts'
export { type LineWriter, lineWriter, writeAll } from './line-writer.ts'
export { type Holder, lockHolder, takeLock } from './lock.ts'
export { makeWorkspace, type Paths, runId, workspacePaths } from './paths.ts'
export { putWhole } from './put-whole.ts'
export { type HeldCall, openInBatch, readHeld, type Sent, scrubJournal, sentTo } from './scrub.ts'
export { type Counts, type Done, openStore, type Reached, running, type Store, type TaskWriter } from './store.ts'
