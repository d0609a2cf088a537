import { expect, test } from 'vitest'
import type { Node } from '../recipe/index.ts'
import type { Rec } from '../records/index.ts'
import { sealMade } from './seal.ts'

const subject = {
  ...{ kind: 'document', id: 'd', digest: 'x', text: 'A still heats 12 litres.', facets: {}, scores: {} },
  lineage: { origin: 'real', generation: 0, parents: [] },
} as unknown as Rec
const node = { key: 'rephrase.write', owner: 'rephrase', step: { verb: 'rephrase-write', version: 1 } } as Node
const asked = (teacher: string, call: string) => ({ teacher, generation: 0, calls: [call], prompts: [] })

test('who wrote a record has judged none of it: a score is a teacher’s where it names the call alone', () => {
  const scores = {
    numbers: { method: 'share of the numbers kept', value: 1 },
    back: { method: 'chrF', call: 'c2', value: 0.5 },
  }
  const draft = { payload: { kind: 'document' as const, text: 'Twelve.' }, index: 0, calls: ['c1'], notes: { scores } }
  const used = { asked: [asked('a/writer', 'c1'), asked('b/back', 'c2')], context: [] }
  const made = sealMade(draft, [subject], node, used)
  expect(made.lineage.made).toMatchObject({ teachers: ['a/writer'], calls: ['c1'] })
  expect(made.scores).toEqual({
    'rephrase/numbers': scores.numbers,
    'rephrase/back': { ...scores.back, judge: 'b/back' },
  })
})
