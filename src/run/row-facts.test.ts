import { expect, test } from 'vitest'
import type { Rec } from '../records/index.ts'
import { containment, lookAtRows } from './row-facts.ts'

const about = (id: string, lineage: Partial<Rec['lineage']>, more: object = {}) => ({
  ...{ id, digest: id, facets: {}, scores: {}, ...more },
  lineage: { origin: 'real' as const, generation: 0, parents: [], ...lineage },
})
const source = (name: string, license: string) => ({ name, uri: name, license })
const made = (...teachers: string[]) => ({ step: 's', version: 's@1', teachers, prompts: [], calls: [] })
const text = 'A tide is the slow rise and fall of the sea at a coast, twice in most days.'
const documents = ['CC-BY-SA-4.0', 'MIT', 'CC-BY-NC-4.0'].map(
  (license, i) =>
    ({ kind: 'document', text: `${text} ${i}`, ...about(`d${i}`, { source: source(`s${i}`, license) }) }) as Rec,
)
const says = (id: string, content: string, lineage: Partial<Rec['lineage']>, more?: object): Rec =>
  ({ kind: 'conversation', messages: [{ role: 'assistant', content }], ...about(id, lineage, more) }) as Rec
const subject = (id: string) => ({ id, role: 'subject' as const })
const shown = (id: string) => ({ id, role: 'context' as const })

const look = (rows: Rec[], more: object = {}) => {
  const all = new Map([...documents, ...rows].map(record => [record.id, record]))
  return lookAtRows(rows, {
    ...{
      lookup: async id => all.get(id),
      member: async id => all.get(id),
      sources: [],
      generations: new Map(),
      fitted: () => [],
    },
    ...{ release: { license: 'cc-by-4.0' }, ...more },
  })
}

test('half of the runs of five words make a near copy, whatever stands around them', () => {
  const row = says('r', `It is said that ${text.toLowerCase()}`, {})
  expect(containment(row, documents[0]!)).toBeGreaterThan(0.5)
  expect(containment(says('r', 'The sea goes up and down, which people call a tide.', {}), documents[0]!)).toBe(0)
})

test('licenses come from every parent and every row that a row stands for, each as strong as its text', async () => {
  const written = { origin: 'synthetic' as const, generation: 1, made: made('a/writer') }
  const rows = [
    says('copied', text, { ...written, parents: [subject('d0')] }),
    says('told', 'The sea goes up and down.', { ...written, parents: [subject('d0'), shown('d1')] }),
    // The row that it stands for came from a document that nobody may sell.
    says('kept', 'Water comes and goes.', { ...written, parents: [subject('d1')], members: ['gone'] }),
  ]
  const gone = says('gone', 'Water comes and goes!', { ...written, parents: [subject('d2')] })
  const { facts } = await look(rows, { member: async (id: string) => (id === 'gone' ? gone : undefined) })
  const strengths = facts.licenses.map(({ grounds }) => grounds.map(one => `${one.license} ${one.strength}`))
  expect(strengths.sort()).toEqual([
    ['CC-BY-NC-4.0 paraphrase', 'MIT paraphrase'],
    ['CC-BY-SA-4.0 copy'],
    ['CC-BY-SA-4.0 paraphrase', 'MIT knowledge'],
  ])
  expect(facts).toMatchObject({ rows: 3, real: 0, depths: { 1: 3 }, seeds: { documents: 3 }, writers: ['a/writer'] })
})

test('a chain of calls is one training; a synthetic source, and a teacher trained on one, are deeper', async () => {
  const chain = { origin: 'synthetic' as const, generation: 2, made: made('a/solver') }
  const asked = says('asked', 'Why is there a tide?', { ...chain, parents: [subject('d1')] })
  const old = { ...says('old', 'x', { origin: 'synthetic', generation: 1, source: source('old', 'MIT') }) }
  const rows = [
    says('answered', 'Because of the moon.', { ...chain, generation: 3, parents: [subject('asked')] }),
    says('again', 'y', { ...chain, parents: [subject('old')] }),
    says('student', 'z', { ...chain, parents: [subject('d1')], made: made('me/student') }),
    old,
  ]
  const all = new Map([asked, old, ...documents].map(record => [record.id, record]))
  const { facts } = await look(rows, {
    lookup: async (id: string) => all.get(id),
    generations: new Map([['me/student', 3]]),
  })
  expect(facts.depths).toEqual({ 1: 2, 2: 1, 4: 1 })
})

test('a row of a fitted table takes the licenses of the sources it was fitted on, and counts as what people left', async () => {
  const sources = [
    { ...{ name: 'visits', uri: 'visits', license: 'CC-BY-NC-4.0', origin: 'real' } },
    { ...{ name: 'aside', uri: 'aside', license: 'MIT', origin: 'real' } },
  ]
  const lineage = { origin: 'synthetic' as const, generation: 1, parents: [{ id: 'table', role: 'corpus' as const }] }
  const row = says('sampled', 'a row', { ...lineage, made: { ...made(), step: 'copula' } })
  const { facts } = await look([row], { sources, fitted: (step: string) => (step === 'copula' ? ['visits'] : []) })
  expect(facts.licenses.map(({ grounds }) => grounds.map(({ license }) => license))).toEqual([['CC-BY-NC-4.0']])
  expect(facts.seeds).toMatchObject({ queries: 1 })
})
