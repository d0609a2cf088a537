import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { handmadeInput, handmadeRecords, idOf, record } from '../../test/support/handmade-release.ts'
import { type Json, sha256 } from '../records/index.ts'
import { type Manifest, type ReleaseInput, readRows, verifyRelease, writeRelease } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-release-'))
let releases = 0
const fresh = () => join(folder, `pumps-${releases++}`)

async function release(
  more: Partial<ReleaseInput> = {},
  given = handmadeRecords(),
  dir = fresh(),
  pause?: () => Promise<void>,
): Promise<string> {
  await writeRelease(handmadeInput(given, more, pause), dir)
  return dir
}
async function rowsOf(dir: string): Promise<{ [name: string]: { [column: string]: Json }[] }> {
  const rows: { [name: string]: { [column: string]: Json }[] } = {}
  for await (const { config, split, row } of readRows(dir)) {
    const name = `${config}/${split}`
    rows[name] = [...(rows[name] ?? []), row]
  }
  return rows
}
const tree = (dir: string) =>
  (readdirSync(dir, { recursive: true }) as string[]).filter(path => /\.\w+$/.test(path)).sort()
const bytes = (dir: string) => Object.fromEntries(tree(dir).map(path => [path, sha256(readFileSync(join(dir, path)))]))
const problems = async (dir: string) => (await verifyRelease(dir)).problems

test('a release holds the files of the layout, verifies, and tells its story', async () => {
  const dir = await release({ run: { usd: 1.5 } })
  expect(tree(dir)).toEqual([
    'README.md',
    'croissant.json',
    'data/sft/test-00000-of-00001.parquet',
    'data/sft/train-00000-of-00001.parquet',
    'facts.jsonl',
    'gates.json',
    'leaves.jsonl',
    'manifest.json',
    'provenance.jsonl',
    'run.json',
    'spdx.json',
    'training-content.md',
  ])
  expect(await problems(dir)).toEqual([])
  const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest
  expect(manifest.rows).toEqual({ sft: { test: 1, train: 2 } })
  expect(manifest.files.map(file => file.path)).not.toContain('run.json')
  await expect(readFileSync(join(dir, 'README.md'), 'utf8')).toMatchFileSnapshot('fixtures/card.md')
  await expect(
    readFileSync(join(dir, 'croissant.json'), 'utf8').replaceAll(/[0-9a-f]{64}|\d+ B/g, '<measured>'),
  ).toMatchFileSnapshot('fixtures/croissant.json')
})

describe('rows', () => {
  test.each(['parquet', 'jsonl'] as const)(
    'in %s have the same keys; what only some messages have stands beside them',
    async format => {
      const rows = await rowsOf(await release({ format }))
      const [first, second] = rows['sft/train']!
      expect(first).toEqual({
        id: idOf('a1'),
        messages: [
          { role: 'user', content: 'When does the pump stop?' },
          { role: 'assistant', content: 'At 80 °C.' },
        ],
        reasoning: ['', 'The guide says 80 °C.'],
        difficulty: 'easy',
        tokens: 120,
        language: 'en',
        score: 8,
        scores: [{ name: 'judge/overall', value: 8 }],
        origin: 'synthetic',
        generation: 2,
        // The few-shot row counts too: its text entered the prompt.
        source_ids: [idOf('guide'), idOf('shot')].sort(),
        licenses: ['CC-BY-4.0', 'LicenseRef-proprietary'],
      })
      expect(second).toMatchObject({ reasoning: ['', ''], source_ids: [idOf('notes')], licenses: ['CC-BY-4.0'] })
      expect((second!.messages as { content: string }[])[1]!.content).toBe('百度。\u2028以上')
      expect(rows['sft/test']![0]).toMatchObject({ difficulty: null, score: null, scores: null })
      expect(Object.keys(rows['sft/test']![0]!)).toEqual(Object.keys(first!))
    },
  )

  test('a key that every message has stays in the messages; configs with tools are JSON lines with native calls', async () => {
    const chat = (name: string, weight: 0 | 1) =>
      record(
        name,
        {
          kind: 'preference',
          prompt: [{ role: 'user', content: 'Hi', weight }],
          chosen: [{ role: 'assistant', content: 'A', weight }],
          rejected: [{ role: 'assistant', content: 'B', weight }],
        },
        {},
      )
    const call = { type: 'function' as const, function: { name: 'look', arguments: { at: 'x' } } }
    const tools = record(
      't',
      {
        kind: 'conversation',
        messages: [
          { role: 'user', content: 'Look' },
          { role: 'assistant', content: null, tool_calls: [call], reasoning: 'must look' },
          { role: 'tool', content: 'seen', name: 'look' },
        ],
        tools: [{ type: 'function', function: { name: 'look' } }],
      },
      {},
    )
    const given = [
      chat('p', 1),
      tools,
      record('r', { kind: 'row', columns: { age: 4 } }, {}),
      record('s', { kind: 'row', columns: { name: 'x' } }, {}),
    ]
    const dir = await release({}, { rows: given, all: given })
    expect(tree(join(dir, 'data'))).toEqual([
      'preference/train-00000-of-00001.parquet',
      'row/train-00000-of-00001.jsonl',
      'sft/train-00000-of-00001.jsonl',
    ])
    const rows = await rowsOf(dir)
    expect(rows['preference/train']![0]!.chosen).toEqual([{ role: 'assistant', content: 'A', weight: 1 }])
    expect(rows['sft/train']![0]).toMatchObject({
      messages: [
        { role: 'user', content: 'Look' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', content: 'seen', name: 'look' },
      ],
      reasoning: ['', 'must look', ''],
      tools: [{ type: 'function', function: { name: 'look' } }],
    })
    expect(rows['row/train']!.map(row => row.columns)).toEqual([
      { age: 4, name: null },
      { age: null, name: 'x' },
    ])
    expect(await problems(dir)).toEqual([])
  })

  test('are cut into files in their order', async () => {
    const rows = Array.from({ length: 7 }, (_, i) =>
      record(`d${i}`, { kind: 'document', text: `text ${i} \ud800` }, {}),
    )
    const dir = await release({ rowsPerFile: 3, format: 'jsonl' }, { rows, all: rows })
    expect(tree(join(dir, 'data/document'))).toEqual([0, 1, 2].map(n => `train-0000${n}-of-00003.jsonl`))
    expect((await rowsOf(dir))['document/train']!.map(row => row.text)).toEqual(rows.map((_, i) => `text ${i} \ufffd`))
    expect(await problems(dir)).toEqual([])
  })
})

test('provenance holds each record of the closure once, sorted, without text', async () => {
  const text = readFileSync(join(await release(), 'provenance.jsonl'), 'utf8')
  const ids = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line).id)
  expect(ids).toEqual(['guide', 'notes', 'shot', 'q1', 'q2', 'a1', 'a2', 'a3'].map(idOf).sort())
  expect(text).toContain('"uri":"docs/guide.md"')
  expect(text).not.toContain('pump')
})

test('two runs with other timing give the same bytes, run.json apart', async () => {
  let n = 0
  const ticks = async () => {
    for (let i = n++ % 5; i > 0; i--) await new Promise(resolve => setImmediate(resolve))
  }
  const [first, second] = [
    await release({ run: { usd: 1 } }),
    await release({ run: { usd: 2 } }, handmadeRecords(), fresh(), ticks),
  ]
  expect({ ...bytes(second), 'run.json': '' }).toEqual({ ...bytes(first), 'run.json': '' })
})

describe('writing', () => {
  test('an equal release is left alone, another one refused; nothing is left beside', async () => {
    const dir = await release({ run: { usd: 1 } })
    const again = await writeRelease(handmadeInput(handmadeRecords(), { run: { usd: 2 } }), dir)
    expect(again).toMatchObject({ existed: true, manifest: sha256(readFileSync(join(dir, 'manifest.json'))) })
    expect(readFileSync(join(dir, 'run.json'), 'utf8')).toContain('1')
    const before = bytes(dir)
    await expect(release({ license: 'mit' }, handmadeRecords(), dir)).rejects.toMatchObject({
      code: 'SR_RELEASE_EXISTS',
    })
    expect(bytes(dir)).toEqual(before)
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([])
  })

  test.each([
    [
      'SR_GATE',
      {
        gates: [{ id: 'terms', level: 'critical', about: '', required: true, is: 'block', why: 'no', evidence: null }],
      },
    ],
    ['SR_WORKSPACE', { lookup: async () => undefined }],
    ['SR_YIELD', { records: (async function* () {})() }],
  ] as [string, Partial<ReleaseInput>][])('%s leaves no release', async (code, more) => {
    const dir = fresh()
    await expect(writeRelease(handmadeInput(handmadeRecords(), more), dir)).rejects.toMatchObject({ code })
    expect(existsSync(dir)).toBe(false)
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([])
  })
})

describe('verify finds', () => {
  /** Changes a file and makes the manifest and Croissant agree again, as somebody would who hides it. */
  function forge(dir: string, path: string, change: (text: string) => string): void {
    const old = readFileSync(join(dir, path))
    writeFileSync(join(dir, path), change(old.toString('utf8')))
    const now = readFileSync(join(dir, path))
    for (const name of ['croissant.json', 'manifest.json']) {
      const text = readFileSync(join(dir, name), 'utf8')
      writeFileSync(join(dir, name), text.replaceAll(sha256(old), sha256(now)))
    }
    const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest
    for (const file of manifest.files) {
      const content = readFileSync(join(dir, file.path))
      Object.assign(file, { bytes: content.length, sha256: sha256(content) })
    }
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest))
  }
  const drop = (n: number) => (text: string) =>
    text
      .split('\n')
      .filter((_, i) => i !== n)
      .join('\n')
  const data = 'data/sft/train-00000-of-00001.jsonl'

  test.each<[string, (dir: string) => void, { file: string; line?: number; message: RegExp }]>([
    [
      'a changed byte',
      dir => writeFileSync(join(dir, data), readFileSync(join(dir, data), 'utf8').replace('80', '90')),
      { file: data, message: /sha256/ },
    ],
    ['an appended byte', dir => appendFileSync(join(dir, 'README.md'), ' '), { file: 'README.md', message: /bytes/ }],
    ['a missing file', dir => rmSync(join(dir, 'gates.json')), { file: 'gates.json', message: /missing/ }],
    [
      'a file too many',
      dir => writeFileSync(join(dir, 'data/sft/extra.jsonl'), ''),
      { file: 'data/sft/extra.jsonl', message: /not in the manifest/ },
    ],
    [
      'a forged row count',
      dir => forge(dir, data, drop(1)),
      { file: 'data/sft/train', message: /has 1 rows, the manifest says 2/ },
    ],
    [
      'a row without provenance',
      dir => forge(dir, data, text => text.replace(idOf('a1'), idOf('nobody'))),
      { file: data, line: 1, message: /no line in provenance/ },
    ],
    [
      'a doubled row',
      dir => forge(dir, data, text => text.replace(idOf('a2'), idOf('a1'))),
      { file: data, line: 2, message: /twice/ },
    ],
    [
      'a gap in the lineage',
      dir =>
        forge(dir, 'provenance.jsonl', text =>
          text
            .split('\n')
            .filter(line => !line.includes(`"id":"${idOf('guide')}","kind"`))
            .join('\n'),
        ),
      { file: 'provenance.jsonl', message: new RegExp(`parent ${idOf('guide')}`) },
    ],
    [
      'a blocking gate',
      dir => forge(dir, 'gates.json', text => text.replace('"pass"', '"block"')),
      { file: 'gates.json', message: /blocks/ },
    ],
    [
      'a glob that finds nothing',
      dir => forge(dir, 'README.md', text => text.replace('train-*.jsonl', 'training-*.jsonl')),
      { file: 'README.md', message: /finds no file/ },
    ],
    [
      'a broken row',
      dir => forge(dir, data, text => text.replace('{', '')),
      { file: data, line: 1, message: /cannot be read/ },
    ],
    [
      'a path out of the release',
      dir =>
        writeFileSync(
          join(dir, 'manifest.json'),
          readFileSync(join(dir, 'manifest.json'), 'utf8').replace('README.md', '../README.md'),
        ),
      { file: 'manifest.json', message: /outside/ },
    ],
  ])('%s', async (_, tamper, expected) => {
    const dir = await release({ format: 'jsonl' })
    tamper(dir)
    const found = await problems(dir)
    expect(found).toContainEqual({
      ...expected,
      ...(expected.file === 'provenance.jsonl' && { line: expect.any(Number) }),
      message: expect.stringMatching(expected.message),
    })
  })

  test('nothing wrong with a copy elsewhere, nor with a report added later', async () => {
    const copy = fresh()
    cpSync(await release(), copy, { recursive: true })
    mkdirSync(join(copy, 'report'))
    writeFileSync(join(copy, 'report', 'index.html'), '<p>')
    expect(await problems(copy)).toEqual([])
    await expect(verifyRelease(fresh())).rejects.toMatchObject({ code: 'SR_NOT_FOUND' })
  })
})
