import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Rec } from '../../src/records/index.ts'
import { newSigningKey, readProvenance, readRows, verifyRelease } from '../../src/release/index.ts'
import { type Erasure, findErasure, openPlace, type Wanted } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { keyOrNew } from '../../src/workspace/index.ts'
import { commandLine } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { write } from '../support/project.ts'
import { finish } from '../support/released.ts'
import { remains } from '../support/remains.ts'
import { taughtRecipe } from '../support/taught-recipe.ts'

const person = 'Zebulon Quist'
const secret = 'The calibration of valve 77 was signed by Zebulon Quist at his house in Marrow Lane on a wet evening.'
const ticket = 'My boiler at Thistle Yard 9 drips since Monday, who can come and look at the gasket of it?'
const teacher = (name: string) => ({ model: `simulate/${name}` })
const teachers = { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge') }

/** Documents of which one tells of a person, and tickets that are shown to the writer beside them. */
const files = (): { [path: string]: string } => {
  const docs = documents(5)
  const recipe = taughtRecipe('forgetful', teachers, { samples: 1 }) as {
    sources: object
    steps: { [verb: string]: object }[]
  }
  recipe.sources = {
    ...recipe.sources,
    tickets: { files: 'logs/tickets.jsonl', license: 'proprietary', kind: 'prompt' },
  }
  recipe.steps[0] = { extract: { from: 'docs' } }
  recipe.steps[1] = { ask: { teacher: 'writer', questions: 3, like: 'tickets' } }
  recipe.steps.splice(3, 0, { dedupe: { near: 0.9 } })
  const tickets = [
    'How do I bleed the radiator in the hall of our old school?',
    ticket,
    'Why does the pump hum at night?',
  ]
  return {
    ...docs,
    'docs/part-02.md': `${docs['docs/part-02.md']}\n${secret}\n`,
    'logs/tickets.jsonl': tickets.map(prompt => `${JSON.stringify({ prompt })}\n`).join(''),
    'recipe.yaml': stringify(recipe),
  }
}

const made = mkdtempSync(join(tmpdir(), 'stillroom-erase-'))
let copies = 0
/** A project that was run and released; each test has its own. */
function project(): { dir: string; root: string } {
  const dir = join(made, `copy-${copies++}`)
  cpSync(join(made, 'first'), dir, { recursive: true })
  return { dir, root: join(dir, '.stillroom') }
}
let server: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  server = await startSimulator({ seed: 5 })
  const dir = join(made, 'first')
  write(dir, files())
  keyOrNew(join(dir, '.stillroom'), 'signing.pem', newSigningKey)
  expect((await finish(dir, server.url)).error).toBeUndefined()
}, 60_000)
afterAll(() => server.stop())

const sources = (path: string) => /^(docs|logs|recipe)/.test(path)
const released = async (dir: string) => {
  const ids: string[] = []
  for await (const { row } of readRows(dir)) ids.push(String(row.id))
  return ids
}
async function provenance(dir: string) {
  const all: Pick<Rec, 'id' | 'lineage'>[] = []
  for await (const one of readProvenance(dir)) all.push(one)
  return all
}
/** Ids of the records of a release that descend from something in a source file, by its own walk. */
async function below(dir: string, uri: string): Promise<Set<string>> {
  const all = await provenance(dir)
  const found = new Set(all.filter(one => one.lineage.source?.uri === uri).map(one => one.id))
  for (let size = -1; size !== found.size; ) {
    size = found.size
    for (const one of all) if (one.lineage.parents.some(({ id }) => found.has(id))) found.add(one.id)
  }
  return found
}

describe('after an erasure by subject', () => {
  const { dir, root } = { dir: join(made, 'subject'), root: join(made, 'subject', '.stillroom') }
  let gone: Set<string>
  let before: string[]
  beforeAll(async () => {
    cpSync(join(made, 'first'), dir, { recursive: true })
    const old = join(dir, 'releases', 'forgetful-0.1.0')
    gone = await below(old, 'docs/part-02.md')
    before = await released(old)
    expect(before.some(id => gone.has(id))).toBe(true)
    const written = await commandLine(dir, 'train write releases/forgetful-0.1.0 --base Qwen/Qwen3-0.6B-Base')
    expect(written.err).toBe('')
    expect(JSON.parse(readFileSync(join(dir, 'training/forgetful-0.1.0/training.json'), 'utf8')).purpose).toBeDefined()
    const release = { name: 'forgetful', version: '0.1.0' }
    const lineage = { name: 'forgetful', version: '0.1.0', model: 'out/sft-merged', phases: [{ release }] }
    write(join(dir, 'training', 'forgetful-0.1.0'), {
      'model.json': JSON.stringify(lineage),
      'run/sft.log': `step 1\n${secret}\n`,
    })
    expect(await remains(dir, [secret, person], sources)).toContain('training/forgetful-0.1.0/data/sft/train.jsonl')
    const dry = await commandLine(dir, `erase --subject "${person}"`)
    expect(dry.out).toMatch(/source docs: 1 record/)
    expect(dry.out).toContain('Nothing is done yet')
    expect(dry.out).toContain('training/forgetful-0.1.0/data/sft')
    expect(await released(old)).toEqual(before)
    const done = await commandLine(dir, `erase --subject "${person}" --note "request 12" --by "the data officer" --yes`)
    expect(done.err).toBe('')
    expect(done.code).toBe(0)
  }, 60_000)

  test('nothing of it is left in shards, looks, journal pages, free pages, logs or releases', async () => {
    expect(await remains(dir, [secret, person, ...gone], sources)).toEqual([])
    const db = new DatabaseSync(join(root, 'journal.sqlite'), { readOnly: true })
    expect(db.prepare('pragma freelist_count').get()).toEqual({ freelist_count: 0 })
    db.close()
  })

  test('its release is a signed tombstone, and the next version has every other row and a notice', async () => {
    const next = join(dir, 'releases', 'forgetful-0.1.1')
    const key = readFileSync(join(next, 'signature.pub'), 'utf8')
    expect(await verifyRelease(next, { key })).toMatchObject({ problems: [], signed: { trusted: true } })
    expect(await released(next)).toEqual(before.filter(id => !gone.has(id)))
    expect(readFileSync(join(next, 'README.md'), 'utf8')).toContain('Version 0.1.0 is withdrawn')
    const old = join(dir, 'releases', 'forgetful-0.1.0')
    expect(readdirSync(old).sort()).toEqual(['signature.json', 'signature.pub', 'tombstone.json'])
    expect((await verifyRelease(old, { key })).problems).toEqual([
      { file: 'tombstone.json', message: expect.stringMatching(/withdrawn on .*version 0\.1\.1 stands in its place/) },
    ])
  })

  test('the certificate is signed, names the teachers that were sent it, and holds no id', async () => {
    const [folder = ''] = readdirSync(join(root, 'erasures')).filter(name => name.startsWith('E-'))
    const read = (name: string) => readFileSync(join(root, 'erasures', folder, name), 'utf8')
    const certificate = JSON.parse(read('certificate.json'))
    expect(certificate).toMatchObject({ reason: 'request 12', by: 'the data officer', wanted: { kind: 'subject' } })
    expect(certificate.records.length).toBeGreaterThanOrEqual(gone.size)
    expect(certificate.journal.sentTo.map((one: { model: string }) => one.model)).toEqual(['judge', 'solver', 'writer'])
    for (const id of gone) expect(read('certificate.json') + read('certificate.md')).not.toContain(id)
    const at = join(root, 'erasures', folder)
    const key = read('signature.pub')
    expect(await verifyRelease(at, { key })).toMatchObject({ problems: [], signed: { trusted: true } })
    const copy = join(made, 'certificate')
    cpSync(at, copy, { recursive: true })
    write(copy, { 'certificate.json': read('certificate.json').replace('request 12', 'request 13') })
    expect((await verifyRelease(copy, { key })).problems).toEqual([
      { file: 'certificate.json', message: 'is not what was signed' },
    ])
  })

  test('rows of trainings are gone, models that learnt from them are named, and nobody trains on', async () => {
    const [folder = ''] = readdirSync(join(root, 'erasures')).filter(name => name.startsWith('E-'))
    const text = readFileSync(join(root, 'erasures', folder, 'certificate.json'), 'utf8')
    const { trainings, models } = JSON.parse(text)
    const model = { name: 'forgetful', version: '0.1.0', path: 'out/sft-merged', finished: true }
    expect(trainings).toEqual([{ name: 'forgetful-0.1.0', rows: ['data/sft'], model }])
    expect(models).toContain('forgetful 0.1.0 in training/forgetful-0.1.0/out/sft-merged')
    expect(existsSync(join(dir, 'training/forgetful-0.1.0/data/sft'))).toBe(false)
    const { code, err } = await commandLine(dir, 'train run training/forgetful-0.1.0')
    expect([code, err]).toEqual([2, expect.stringContaining('was withdrawn')])
  })

  test('the next run keeps it out by reason, and pays for nothing', async () => {
    const { calls } = server.stats
    write(dir, { 'recipe.yaml': files()['recipe.yaml']!.replace('0.1.0', '0.2.0') })
    const result = await finish(dir, server.url)
    expect(result.error).toBeUndefined()
    expect(result.funnel.docs).toMatchObject({ dropped: { erased: 1 }, passed: 4 })
    expect(server.stats.calls).toBe(calls)
    expect(await remains(dir, [secret, person, ...gone], sources)).toEqual([])
  })
})

test('a row that was shown beside others: they are made anew without it', async () => {
  const { dir, root } = project()
  const old = join(dir, 'releases', 'forgetful-0.1.0')
  const all = await provenance(old)
  const row = all.find(one => one.lineage.source?.row === 2)!
  const shownTo = await below(old, 'logs/tickets.jsonl')
  const { place, close } = openPlace(root, join(dir, 'releases'), { command: 'test', now: new Date(0) })
  const erasure = await findErasure(place, { row: row.id })
  close()
  const fates = new Map(erasure.records.map(({ id, fate }) => [id, fate]))
  expect(fates.get(row.id)).toBe('delete')
  expect([...fates.values()].filter(fate => fate === 'delete')).toHaveLength(1)
  expect([...fates.keys()].filter(id => all.some(one => one.id === id)).every(id => shownTo.has(id))).toBe(true)
  expect((await commandLine(dir, `erase --row ${row.id} --yes`)).code).toBe(0)
  expect(await remains(dir, [ticket, ...fates.keys()], sources)).toEqual([])
  const { calls } = server.stats
  write(dir, { 'recipe.yaml': files()['recipe.yaml']!.replace('0.1.0', '0.2.0') })
  expect((await finish(dir, server.url)).error).toBeUndefined()
  expect(server.stats.calls).toBeGreaterThan(calls)
  expect(await remains(dir, [ticket, row.id], sources)).toEqual([])
})

test('a whole source leaves no row, and so no next version; rows of another recipe are named and stay', async () => {
  const { dir, root } = project()
  const rows = join(dir, 'training', 'other-0.1.0', 'data', 'preference')
  write(rows, {
    'export.json': JSON.stringify({ release: { name: 'other', version: '0.1.0' }, files: ['train.jsonl'] }),
    'train.jsonl': `${JSON.stringify({ text: secret })}\n`,
  })
  expect((await commandLine(dir, 'erase --source docs --yes')).code).toBe(0)
  expect(readdirSync(join(dir, 'releases'))).toEqual(['forgetful-0.1.0'])
  expect(existsSync(join(dir, 'releases', 'forgetful-0.1.0', 'tombstone.json'))).toBe(true)
  expect(existsSync(join(rows, 'train.jsonl'))).toBe(true)
  const [folder = ''] = readdirSync(join(root, 'erasures')).filter(name => name.startsWith('E-'))
  expect(readFileSync(join(root, 'erasures', folder, 'certificate.md'), 'utf8')).toContain(
    'training/other-0.1.0/data/preference holds something of it as well, out of release other 0.1.0',
  )
})

test('what fits nothing, or far too much, changes nothing', async () => {
  const { dir } = project()
  for (const [args, code] of [
    ['--subject "Nobody At All"', 1],
    ['--subject a', 2],
    [`--subject "${person}" --row abcd`, 2],
    ['', 2],
  ] as const)
    expect((await commandLine(dir, `erase ${args} --yes`)).code).toBe(code)
  expect(existsSync(join(dir, '.stillroom', 'erasures'))).toBe(false)
})

const points = ['erase.suppressed', 'erase.release', 'erase.journal', 'erase.task', 'erase.files', 'erase.certificate']
const some = process.env.STILLROOM_LONG === undefined ? ['erase.task'] : points

test.each(some)('killed at %s, nothing runs before it has gone on to the same end', async point => {
  const { dir } = project()
  const gone = await below(join(dir, 'releases', 'forgetful-0.1.0'), 'docs/part-02.md')
  const script = join(import.meta.dirname, '..', 'support', 'erase-until-killed.ts')
  expect(spawnSync(process.execPath, [script, dir, person, point]).signal).toBe('SIGKILL')
  await expect(finish(dir, server.url)).rejects.toMatchObject({ code: 'SR_WORKSPACE' })
  expect((await commandLine(dir, 'erase --yes')).code).toBe(0)
  expect(await remains(dir, [secret, person, ...gone], sources)).toEqual([])
  expect((await verifyRelease(join(dir, 'releases', 'forgetful-0.1.1'))).problems).toEqual([])
})

/** Rows that a teacher answers, of two files; `notes` is what a file says beside them. */
const answered = (
  name: string,
  rows: { [file: string]: object[] },
  steps: object[] = [],
): { [path: string]: string } => ({
  ...Object.fromEntries(
    Object.entries(rows).map(([file, all]) => [`logs/${file}`, all.map(row => `${JSON.stringify(row)}\n`).join('')]),
  ),
  'recipe.yaml': stringify({
    name,
    teachers: { solver: teacher('solver') },
    sources: { tickets: { files: 'logs/*.jsonl', license: 'proprietary', kind: 'prompt', id: 'n' } },
    steps: [...steps, { answer: { teacher: 'solver', samples: 1 } }],
    release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
    gates: { decontaminated: { override: 'a test has no evaluation set' } },
  }),
})
async function found(dir: string, wanted: Wanted): Promise<Erasure> {
  const { place, close } = openPlace(join(dir, '.stillroom'), join(dir, 'releases'), {
    command: 'test',
    now: new Date(0),
  })
  return findErasure(place, wanted).finally(close)
}

test('a reply that a live row shares is deleted, and that row asks again', async () => {
  const dir = join(made, 'shared')
  // Other content and the same request: the reference is no part of what is asked.
  const row = (n: number, reference: string) => ({
    n,
    prompt: 'How long does the relief spring of a pump last?',
    reference,
  })
  write(dir, answered('shared', { 'a.jsonl': [row(1, 'ten years')], 'b.jsonl': [row(2, 'two years')] }))
  expect((await finish(dir, server.url)).error).toBeUndefined()
  const { calls } = server.stats
  const { records } = await found(dir, { source: 'tickets', path: 'a.jsonl' })
  const fates = Map.groupBy(records, ({ fate, at }) => `${fate} ${at}`)
  expect(Object.fromEntries([...fates].map(([fate, of]) => [fate, of.length]))).toEqual({
    'delete source tickets': 1,
    'delete answer': 1,
    'regenerate answer': 1,
  })
  expect((await commandLine(dir, 'erase --source tickets/a.jsonl --yes')).code).toBe(0)
  expect(await remains(dir, ['ten years', ...records.map(({ id }) => id)], sources)).toEqual([])
  // The version that was withdrawn is taken for good.
  await expect(finish(dir, server.url)).rejects.toMatchObject({ code: 'SR_RELEASE_EXISTS' })
  expect(server.stats.calls).toBe(calls + 1)
})

test('a near copy in the same cluster goes too, and one that only resembles it does not', async () => {
  const dir = join(made, 'cluster')
  const text = 'My name is Quill and the boiler in the cellar of the mill at Orchard Row drips on the coal since May.'
  write(
    dir,
    answered(
      'cluster',
      {
        'a.jsonl': [{ n: 1, prompt: text }],
        'b.jsonl': [
          { n: 2, prompt: `${text} Please come.` },
          { n: 3, prompt: 'Which oil does the pump of a mill take?' },
        ],
      },
      [{ dedupe: { near: 0.7 } }],
    ),
  )
  expect((await finish(dir, server.url)).error).toBeUndefined()
  for (const path of ['a.jsonl', 'b.jsonl']) {
    const erasure = await found(dir, { source: 'tickets', path })
    const gone = erasure.records.filter(({ at }) => at === 'source tickets')
    expect(gone).toHaveLength(path === 'a.jsonl' ? 2 : 3)
  }
})
