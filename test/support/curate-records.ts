import { type Facets, type Id, type Lineage, type Rec, sha256 } from '../../src/records/index.ts'

type More = {
  facets?: Facets
  scores?: Rec['scores']
  lineage?: Partial<Lineage>
  language?: string
}

const around = (id: Id, { facets = {}, scores = {}, lineage = {}, language }: More) => ({
  id,
  digest: sha256(id),
  facets,
  scores,
  lineage: { origin: 'synthetic' as const, generation: 1, parents: [], ...lineage },
  ...(language ? { language } : {}),
})

/** Records as the engine would hand them out, for tests of pure steps. */
export const conversation = (id: Id, asked: string, answered: string, more: More = {}): Rec<'conversation'> => ({
  kind: 'conversation',
  messages: [
    { role: 'user', content: asked },
    { role: 'assistant', content: answered },
  ],
  ...around(id, more),
})
export const document = (id: Id, text: string, more: More = {}): Rec<'document'> => ({
  kind: 'document',
  text,
  ...around(id, more),
})
export const exam = (id: Id, asked: string, target: string, more: More = {}): Rec<'exam'> => ({
  kind: 'exam',
  prompt: [{ role: 'user', content: asked }],
  target,
  ...around(id, more),
})
