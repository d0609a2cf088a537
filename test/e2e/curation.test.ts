import { expect, test } from 'vitest'
import { folder, runIn } from '../support/project.ts'

const line = (id: string, asked: string, answered?: string) =>
  JSON.stringify({
    id,
    messages: [{ role: 'user', content: asked }, ...(answered ? [{ role: 'assistant', content: answered }] : [])],
  })
const asked = (n: number) => `What is the use of part ${n} of a still in practice?`
const answered = (n: number) =>
  `Certainly! Part ${n} leads the vapour of run ${n} to the condenser, and number ${n} is cooled by ${n} litres of water.`

test('curation from end to end: each verb expands, reads its sides and counts what it drops', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => line(`r${i}`, asked(i % 50), answered(i % 50)))
  rows[59] = line('r59', 'Is it safe?', "I'm sorry, but I can't help with that.")
  const files = {
    'rows.jsonl': rows.join('\n'),
    'real.jsonl': Array.from({ length: 20 }, (_, i) =>
      line(`t${i}`, `My still ${i} drips, why?`, `Joint ${i} is loose.`),
    ).join('\n'),
    'tests.jsonl': line('q1', asked(7)),
  }
  const { funnel, all } = await runIn(folder(files), {
    name: 'curation',
    use: 'fine-tuning',
    language: 'en',
    seed: 7,
    sources: {
      rows: { files: 'rows.jsonl', license: 'CC0-1.0', origin: 'synthetic' },
      real: { files: 'real.jsonl', license: 'CC0-1.0', origin: 'real' },
    },
    steps: [
      { clean: { from: 'rows' } },
      { length: { min: 5, max: 400 } },
      { dedupe: { near: 0.9 } },
      { decontaminate: { against: ['tests.jsonl'] } },
      { balance: { by: 'length', bounds: [10, 400], difficulty: { medium: 1 } } },
      { mix: { with: 'real', real: '10%' } },
      { split: { into: { train: '80%', test: '20%' } } },
      { sample: { n: 40 } },
    ],
    release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-11-20' },
  })
  expect(funnel.clean).toMatchObject({ in: 60, fixed: 59, dropped: { refusal: 1 } })
  expect(funnel['dedupe.exact']).toMatchObject({ in: 59, passed: 50, dropped: { 'exact-duplicate': 9 } })
  expect(funnel.decontaminate).toMatchObject({ in: 50, dropped: { contaminated: 1 } })
  expect(funnel['balance.share']).toMatchObject({ in: 49, passed: 49 })
  // 49 synthetic rows need 6 real ones to make a tenth.
  expect(funnel.mix).toMatchObject({ in: 69, passed: 55, dropped: { 'not-taken': 14 } })
  expect(all).toHaveLength(40)
  for (const row of all) expect(['train', 'test']).toContain(row.facets.split)
  const merged = all.find(row => row.lineage.members?.length)
  expect(merged?.facets).toMatchObject({ cleaned: 'Certainly!', difficulty: 'medium' })
})
