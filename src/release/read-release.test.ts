import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { handmadeInput, handmadeRecords, record } from '../../test/support/handmade-release.ts'
import type { Payload, Rec } from '../records/index.ts'
import { readRelease, writeRelease } from './index.ts'
import { nextVersion } from './read-release.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-read-'))
let releases = 0
const manifestOf = (dir: string) => readFileSync(join(dir, 'manifest.json'), 'utf8')

async function again(given: { rows: Rec[]; all: Rec[] }, format: 'parquet' | 'jsonl'): Promise<[string, string]> {
  const [first, second] = [join(folder, `pumps-${releases++}`), join(folder, `pumps-${releases++}`)]
  const run = { run: 'r', usd: 1 }
  await writeRelease(handmadeInput(given, { format, rowsPerFile: 2, run }), first)
  const { close, ...input } = await readRelease(first)
  await writeRelease(input, second).finally(close)
  return [manifestOf(first), manifestOf(second)]
}

const call = { type: 'function' as const, function: { name: 'look', arguments: { at: 'x' } } }
const payloads: Payload[] = [
  {
    kind: 'conversation',
    messages: [
      { role: 'user', content: 'Look', name: 'ann' },
      { role: 'assistant', content: null, tool_calls: [call], reasoning: 'must look', weight: 0 },
      { role: 'tool', content: 'seen', name: 'look' },
    ],
    tools: [{ type: 'function', function: { name: 'look' } }],
  },
  {
    kind: 'conversation',
    messages: [
      { role: 'user', content: '1 + 1' },
      { role: 'assistant', content: '2' },
    ],
    reference: '2',
    verifier: { kind: 'number', tolerance: 0 },
  },
  {
    kind: 'preference',
    prompt: [{ role: 'user', content: 'Hi', weight: 1 }],
    chosen: [{ role: 'assistant', content: 'A', weight: 0 }],
    rejected: [{ role: 'assistant', content: 'B', weight: 1 }],
  },
  { kind: 'feedback', prompt: [{ role: 'user', content: 'Hi' }], completion: [], label: false },
  { kind: 'prompt', messages: [{ role: 'user', content: '1 + 1' }], reference: '2', verifier: { kind: 'number' } },
  { kind: 'exam', prompt: [{ role: 'user', content: '1 + 1' }], target: '2', choices: ['2', '3'], rubric: 'right' },
  { kind: 'document', text: 'text \u2028', title: 'title' },
  { kind: 'row', columns: { age: 4 } },
  { kind: 'row', columns: { name: 'x', list: [1, { a: null }] } },
]

test.each(['parquet', 'jsonl'] as const)(
  'a release that is read back is written as the same release (%s)',
  async format => {
    const [first, second] = await again(handmadeRecords(), format)
    expect(second).toBe(first)
    const rows = payloads.map((payload, i) => record(`p${i}`, payload, {}))
    const [made, remade] = await again({ rows, all: rows }, format)
    expect(remade).toBe(made)
  },
)

test('rows of a class of licenses of their own stay in their config, under the license of the class', async () => {
  const given = handmadeRecords()
  const [own] = given.rows.map(({ id }) => id)
  const first = join(folder, `pumps-${releases++}`)
  const apart = { rows: new Map([[own!, 'share-alike']]), licenses: { 'share-alike': 'cc-by-sa-4.0' } }
  const ground = { license: 'CC-BY-SA-4.0', strength: 'copy' as const, sources: ['wiki'] }
  const licenses = [{ grounds: [ground], under: 'cc-by-sa-4.0', config: 'share-alike', rows: 1 }]
  await writeRelease(handmadeInput(given, { apart, licenses }), first)
  const configs = Object.keys(JSON.parse(manifestOf(first)).rows)
  expect(configs.filter(name => name.endsWith('-share-alike'))).toHaveLength(1)
  const { license } = JSON.parse(readFileSync(join(first, 'croissant.json'), 'utf8'))
  expect(license).toContain('https://spdx.org/licenses/CC-BY-SA-4.0.html')
  const { close, ...input } = await readRelease(first)
  const second = join(folder, `pumps-${releases++}`)
  await writeRelease(input, second).finally(close)
  expect(manifestOf(second)).toBe(manifestOf(first))
})

test('the next version is one that nothing lies under', async () => {
  const dir = join(folder, 'pumps-0.1.0')
  await writeRelease(handmadeInput(handmadeRecords()), dir)
  expect(nextVersion(dir)).toEqual({ version: '0.1.0', next: '0.1.1' })
  await writeRelease(handmadeInput(handmadeRecords(), { version: '0.1.1' }), join(folder, 'pumps-0.1.1'))
  expect(nextVersion(dir)).toEqual({ version: '0.1.0', next: '0.1.2' })
})
