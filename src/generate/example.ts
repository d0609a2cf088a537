import type { Rec } from '../records/index.ts'

/** The text a side-input record is shown with: its first user turn, else the document. */
export function example(record: Rec): string | undefined {
  if ('messages' in record) return record.messages.find(message => message.role === 'user')?.content ?? undefined
  return record.kind === 'document' ? record.text : undefined
}
