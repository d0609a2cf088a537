import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { idOf, record } from '../../test/support/handmade-release.ts'
import type { Rec } from '../records/index.ts'
import { openClosure } from './closure.ts'

const prompt = (text: string) => ({ kind: 'prompt' as const, messages: [{ role: 'user' as const, content: text }] })
const source = { name: 'logs', uri: 'logs.jsonl', license: 'cc0-1.0' }
const pool = record('pool', prompt('how?'), { source })
const child = record('child', prompt('why?'), { parents: [{ id: pool.id, role: 'context' }] })
// The same record as it left the recipe: repaired, and judged.
const released = record(
  'pool',
  prompt('HOW?'),
  { source },
  { scores: { 'judge/fit': { method: 'rubric', judge: 'j/1', value: 1 } } },
)

test.each<[string, Rec[]]>([
  ['after its child', [child, released]],
  ['before its child', [released, child]],
])('a released row %s is written as it was released, once', async (_, rows) => {
  const dir = mkdtempSync(join(tmpdir(), 'stillroom-closure-'))
  try {
    const closure = openClosure(async id => (id === pool.id ? pool : undefined), join(dir, 'spool'))
    for (const row of rows) expect(await closure.add(row)).toEqual({ sources: [idOf('pool')], licenses: ['CC0-1.0'] })
    closure.write(join(dir, 'provenance.jsonl'))
    const text = readFileSync(join(dir, 'provenance.jsonl'), 'utf8').trim().split('\n')
    const lines = new Map(text.map(line => [JSON.parse(line).id, JSON.parse(line)]))
    expect([text.length, closure.count()]).toEqual([2, 2])
    expect(lines.get(pool.id)).toMatchObject({ digest: released.digest, scores: released.scores })
    expect([...closure.judges]).toEqual(['j/1'])
  } finally {
    rmSync(dir, { recursive: true })
  }
})
