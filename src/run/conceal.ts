import type { Payload, Rec } from '../records/index.ts'

/** Nothing of what a record of each kind may say. */
const nothing: { [K in Payload['kind']]: Omit<Payload<K>, 'kind'> } = {
  document: { text: '' },
  prompt: { messages: [] },
  conversation: { messages: [] },
  preference: { prompt: [], chosen: [], rejected: [] },
  feedback: { prompt: [], completion: [], label: false },
  exam: { prompt: [], target: '' },
  row: { columns: {} },
}

/** The record without its content, which holds what must not be kept; where it came from stays. */
export function concealed({ kind, id, digest, language, lineage }: Rec): Rec {
  return { kind, ...nothing[kind], id, digest, language, facets: {}, scores: {}, lineage } as Rec
}
