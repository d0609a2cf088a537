import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { curateSteps } from '../../src/curate/index.ts'
import type { Rec } from '../../src/records/index.ts'
import { funnelErrors } from '../../src/run/index.ts'
import { folder, runIn, write } from '../support/project.ts'

const line = (id: string, asked: string, answered?: string) =>
  JSON.stringify({
    id,
    messages: [{ role: 'user', content: asked }, ...(answered ? [{ role: 'assistant', content: answered }] : [])],
  })
const asked = (n: number) => `What is the use of part ${n} of a still in practice?`
const answered = (n: number) =>
  `Certainly! Part ${n} leads the vapour of run ${n} to the condenser, and number ${n} is cooled by ${n} litres of water.`

const source = { license: 'CC0-1.0', origin: 'synthetic' }
const conversations = {
  name: 'conversations',
  use: 'fine-tuning',
  language: 'en',
  seed: 7,
  teachers: { judge: { model: 'builtin/heuristic' } },
  sources: {
    rows: { ...source, files: 'rows.jsonl' },
    real: { ...source, files: 'real.jsonl', origin: 'real' },
  },
  steps: [
    { clean: { from: 'rows' } },
    { judge: { teacher: 'judge', min: 5 } },
    { counterfactual: { teacher: 'judge', against: 'judge/overall' } },
    { verify: { by: { kind: 'regex', pattern: 'litres|drips' } } },
    { best: { by: 'judge/overall' } },
    { distinct: {} },
    { length: { min: 5, max: 400 } },
    { dedupe: { near: 0.9 } },
    { decontaminate: { against: ['tests.jsonl'] } },
    { balance: { by: 'length', bounds: [10, 400], difficulty: { medium: 1 } } },
    { mix: { with: 'real', real: '10%' } },
    { split: { into: { train: '80%', test: '20%' } } },
    { sample: { n: 40 } },
  ],
  release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-11-20' },
}

test('conversations: each verb expands, reads its sides and counts what it drops', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => line(`r${i}`, asked(i % 50), answered(i % 50)))
  rows[57] = line('r57', asked(57), `${'It is the same again. '.repeat(6)}Part 57 cools.`)
  rows[58] = line('r58', asked(58), 'Steam moves.')
  rows[59] = line('r59', 'Is it safe?', "I'm sorry, but I can't help with that.")
  const files = {
    'rows.jsonl': rows.join('\n'),
    'real.jsonl': Array.from({ length: 20 }, (_, i) =>
      line(`t${i}`, `My still ${i} drips, why?`, `Joint ${i} is loose.`),
    ).join('\n'),
    'tests.jsonl': line('q1', asked(7)),
  }
  const { error, funnel, all } = await runIn(folder(files), conversations)
  expect(error).toBeUndefined()
  expect(funnelErrors(funnel)).toEqual([])
  expect(funnel.clean).toMatchObject({ in: 60, fixed: 57, passed: 2, dropped: { refusal: 1 } })
  expect(funnel['clean.cut']).toMatchObject({ in: 59, dropped: { 'repeated-sentence': 1 } })
  expect(funnel['judge.cut']).toMatchObject({ in: 58, passed: 57, dropped: { 'below-threshold': 1 } })
  expect(funnel['verify.grade']).toMatchObject({ in: 57, fixed: 57 })
  for (const alone of ['verify.cut', 'best', 'distinct']) expect(funnel[alone]).toMatchObject({ in: 57, passed: 57 })
  expect(funnel['dedupe.exact']).toMatchObject({ in: 57, passed: 50, dropped: { 'exact-duplicate': 7 } })
  expect(funnel.decontaminate).toMatchObject({ in: 50, dropped: { contaminated: 1 } })
  expect(funnel['balance.share']).toMatchObject({ in: 49, passed: 49 })
  // 49 synthetic rows need 6 real ones to make a tenth.
  expect(funnel.mix).toMatchObject({ in: 69, passed: 55, dropped: { 'not-taken': 14 } })
  expect(all).toHaveLength(40)
  for (const row of all) expect(['train', 'test']).toContain(row.facets.split)
  const merged = all.find(row => row.lineage.members?.length)
  expect(merged?.facets).toMatchObject({ cleaned: 'Certainly!', difficulty: 'medium' })
  expect(merged?.scores['judge/overall']).toMatchObject({ judge: 'builtin/heuristic' })
})

const subjects = {
  brewing: ['the wort', 'the mash', 'the yeast', 'the barrel', 'the malt', 'the kettle'],
  rivers: ['the weir', 'the flood', 'the bank', 'the gravel', 'the sluice', 'the eel'],
  trains: ['the signal', 'the boiler', 'the brake', 'the sleeper', 'the points', 'the wagon'],
}
/** A page about one of three subjects, that of trains without full stops. Numbers keep pages apart. */
function page(i: number): string {
  const [name, things] = Object.entries(subjects)[i % 3]!
  const said = Array.from({ length: 5 }, (_, n) => {
    const [one, other] = [things[(i + n) % 6]!, things[(i * 5 + 2 * n + 1) % 6]!]
    const number = i * 31 + n * 7
    const ways = [
      `In ${name} of year ${number}, ${one} is looked at before ${other}, because it fails first.`,
      `Whoever changes ${one} ${number} times knows that ${other} has to be cleaned as well.`,
      `If ${one} takes more than ${number} minutes, ${other} was set too high, for example by ${n + 2} turns.`,
      `${number} people wrote about ${one}, since ${other} is what most of them had come for.`,
      `For this reason ${one} of size ${number} is kept apart from ${other} when it rains.`,
    ]
    return ways[(i + n) % 5]!
  }).join(' ')
  return name === 'trains' ? said.replace(/[.]/g, ' and').slice(0, -4) : said
}
const notice = 'This page was printed from the reading room of the archive and must be handed back at the desk.'
const passage =
  'Nobody who has seen the great flood from the tower forgets how the water came over the fields in one long brown line, lifting hay and fences and at last the bridge itself, until only the poplars showed where the road had been.'
const planted = [
  page(1),
  page(3).split('. ').reverse().join('. '),
  `${page(200)}\n\n${notice}`,
  `${page(201)}\n\n${notice}`,
  `${page(202)} ${passage} ${page(203)}`,
  `${page(204)} ${passage} ${page(205)}`,
  `${page(206)} Ask hilde.brandt@waterworks-lindau.de for the key.`,
  `${page(207)} The password is in postgres://ledger:Vq7tR2mXw9LkP4sd@db.lindau.de/ledger.`,
  'Die Schleuse wird im Winter geschlossen, weil das Eis die Tore sonst aus den Angeln hebt und der Wärter nichts dagegen tun kann.',
  'home menu home menu home menu home menu home menu home menu home menu home menu home menu home menu home menu home menu',
  `${page(208)} What does the miller do with the third sack of flour when the river is too low to turn the wheel?`,
]

const documents = {
  name: 'documents',
  language: 'en',
  seed: 7,
  teachers: { judge: { model: 'builtin/heuristic' } },
  sources: {
    pages: { files: 'pages.jsonl', license: 'CC0-1.0', kind: 'document' },
    real: { files: 'real.jsonl', license: 'CC0-1.0', kind: 'document' },
  },
  steps: [
    { language: { from: 'pages', keep: ['en'] } },
    { 'personal-data': { action: 'placeholder' } },
    { rules: { profiles: 'gopher-repetition', 'gopher-quality': { 'min-words': 20 } } },
    { dedupe: { near: 0.9, semantic: 0.97, paragraphs: true } },
    { 'dedupe-substring': { tokens: 30 } },
    { decontaminate: { against: ['tests.jsonl'] } },
    { review: { reviews: 'reviews.jsonl' } },
    { classifier: { teacher: 'judge', labels: 400 } },
    { extract: { by: 'classifier', keep: '60%' } },
    { vectors: { dimensions: 32 } },
    { topics: { vectors: 'vectors', topics: 2 } },
    { select: { method: 'diverse', share: '80%', by: 'classifier/score', vectors: 'vectors' } },
    { resample: { like: 'real', share: '50%' } },
    { holdout: { share: '20%' } },
  ],
}

const textOf = (row: Rec) => (row.kind === 'document' ? row.text : '')

test('documents: from pages as they come to a part of them, each step doing what it says', async () => {
  const pages = [...Array(170).keys()].map(page)
  const files = {
    'pages.jsonl': [...pages, ...planted].map(text => JSON.stringify({ text })).join('\n'),
    'real.jsonl': [...Array(40).keys()].map(i => JSON.stringify({ text: page(3 * i + 601) })).join('\n'),
    'tests.jsonl': JSON.stringify({
      prompt: 'What does the miller do with the third sack of flour when the river is too low to turn the wheel?',
    }),
    'reviews.jsonl': '{"review":"none","digest":"none","verdict":"accept","by":"me"}\n',
  }
  const dir = folder(files)
  const { error, funnel, all, notes } = await runIn(dir, documents)
  expect(error).toBeUndefined()
  expect(funnelErrors(funnel)).toEqual([])
  const dropped = Object.entries(funnel).flatMap(([key, counts]) =>
    Object.entries(counts.dropped).map(([reason, n]) => `${key} ${reason} ${n}`),
  )
  expect(dropped).toEqual([
    'language.keep other-language 1',
    'personal-data secret 1',
    'rules.cut top-2-gram 1',
    'dedupe.exact exact-duplicate 1',
    'dedupe.semantic semantic-duplicate 1',
    'decontaminate contaminated 1',
    'extract.cut bottom-share 70',
    expect.stringMatching(/^select\.diverse not-selected/),
    expect.stringMatching(/^select\.diverse too-similar/),
    'resample not-resampled 42',
    expect.stringMatching(/^holdout\.out held-out \d+$/),
  ])
  expect(Object.entries(funnel).flatMap(([key, { repairs }]) => Object.entries(repairs).map(r => [key, ...r]))).toEqual(
    [
      ['personal-data', 'redacted', 1],
      ['dedupe.paragraphs', 'repeated-paragraphs', 1],
      ['dedupe-substring', 'repeated-span', 1],
    ],
  )
  expect(funnel['select.diverse']!.passed).toBe(84)
  expect(notes.find(({ step }) => step === 'classifier.fit')?.message).toMatch(/^175 labels by builtin\/heuristic/)
  // Pages about trains have no full stops, and the target is about rivers.
  const { topic } = all[0]!.facets
  for (const row of all) {
    expect(textOf(row)).toMatch(/rivers|weir|flood|bank|gravel|sluice|eel/)
    expect(row.facets.topic).toBe(topic)
    expect(row.scores['classifier/score']).toMatchObject({ value: expect.closeTo(4, 0) })
  }

  const [edited, rejected] = all as [Rec, Rec]
  const review = (row: Rec, verdict: string, more = {}) =>
    JSON.stringify({ review: row.id, digest: row.digest, verdict, by: 'hilde', ...more })
  const text = `${textOf(edited)} It was measured twice.`
  write(dir, {
    'reviews.jsonl': [
      review(edited, 'edit', { payload: { kind: 'document', text } }),
      review(rejected, 'reject', { note: 'wrong' }),
      review({ ...all[2]!, digest: 'another' }, 'reject'),
    ].join('\n'),
  })
  const again = await runIn(dir, documents)
  expect(again.funnel.review).toMatchObject({ in: 175, fixed: 1, passed: 173, dropped: { 'rejected-by-review': 1 } })
  const said = again.notes.filter(({ step }) => step === 'review').map(({ message }) => message)
  expect(said).toEqual([
    '0 accepted, 1 edited, 1 rejected by people',
    expect.stringMatching(/^1 reviews are of another/),
  ])
  expect(again.all.map(({ id }) => id)).not.toContain(rejected.id)
})

test('every verb of curation stands in a run above, in a ready recipe, or in a test of its own', () => {
  const used = [conversations, documents].flatMap(({ steps }) => steps.flatMap(step => Object.keys(step)))
  const root = join(import.meta.dirname, '..', '..')
  const others = globSync(['recipes/*.yaml', 'test/e2e/*.test.ts'], { cwd: root }).map(path =>
    readFileSync(join(root, path), 'utf8'),
  )
  const inUse = (verb: string) =>
    used.includes(verb) || others.some(text => new RegExp(`[{-] .?${verb}.?: `).test(text))
  expect(curateSteps.map(({ verb }) => verb).filter(verb => !inUse(verb))).toEqual([])
})
