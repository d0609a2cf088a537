import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { handmadeInput, handmadeRecords, record } from '../../test/support/handmade-release.ts'
import type { Json, Rec } from '../records/index.ts'
import { readRows, writeRelease } from './index.ts'

const python = process.env.STILLROOM_PYTHON ?? 'python3'
const offline = { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1', HF_HUB_DISABLE_TELEMETRY: '1' }
const probe = spawnSync(python, ['-c', 'import datasets; print(datasets.__version__)'], {
  encoding: 'utf8',
  env: offline,
})
const version = probe.status === 0 ? probe.stdout.trim() : undefined
if (version === undefined) {
  console.log(`skipped: ${python} cannot import datasets; set STILLROOM_PYTHON to a Python that can`)
}

/** Everything that `load_dataset` finds in a release, by config and split, as Python sees it. */
const script = `
import json, sys, tempfile
from datasets import get_dataset_config_names, load_dataset
found = {}
with tempfile.TemporaryDirectory() as cache:
    for config in get_dataset_config_names(sys.argv[1]):
        for split, rows in load_dataset(sys.argv[1], config, cache_dir=cache).items():
            found[config + "/" + split] = [row for row in rows]
print(json.dumps(found))
`

async function load(rows: Rec[], all: Rec[], format: 'parquet' | 'jsonl'): Promise<{ python: unknown; ours: unknown }> {
  const dir = join(mkdtempSync(join(tmpdir(), 'stillroom-datasets-')), 'pumps-0.1.0')
  await writeRelease(handmadeInput({ rows, all }, { format }), dir)
  const run = spawnSync(python, ['-c', script, dir], { encoding: 'utf8', env: offline })
  expect(run.status, run.stderr).toBe(0)
  const ours: { [name: string]: Json[] } = {}
  for await (const { config, split, row } of readRows(dir)) {
    const name = `${config}/${split}`
    ours[name] = [...(ours[name] ?? []), row]
  }
  return { python: JSON.parse(run.stdout), ours }
}

describe.skipIf(version === undefined)(
  `datasets ${version ?? 'not installed'}: load_dataset reads a release as it is`,
  () => {
    test.each(['parquet', 'jsonl'] as const)(
      'configs and splits in %s, every value',
      { timeout: 120_000 },
      async format => {
        const { rows, all } = handmadeRecords()
        const pair = record(
          'pair',
          {
            kind: 'preference',
            prompt: [{ role: 'user', content: '問い' }],
            chosen: [{ role: 'assistant', content: 'A' }],
            rejected: [{ role: 'assistant', content: '' }],
          },
          {},
        )
        const found = await load([...rows, pair], [...all, pair], format)
        expect(found.python).toEqual(found.ours)
        expect(Object.keys(found.python as object).sort()).toEqual(['preference/train', 'sft/test', 'sft/train'])
      },
    )

    test('tool calls and free columns of another shape in each row', { timeout: 120_000 }, async () => {
      const parameters = (args: { [key: string]: Json }) => ({ type: 'object', properties: args })
      const chat = (name: string, args: { [key: string]: Json }) =>
        record(
          name,
          {
            kind: 'conversation',
            messages: [
              { role: 'user', content: 'Look' },
              {
                role: 'assistant',
                content: null,
                tool_calls: [{ type: 'function', function: { name, arguments: args } }],
              },
              { role: 'tool', content: 'seen', name },
            ],
            tools: [{ type: 'function', function: { name, parameters: parameters(args) } }],
          },
          {},
        )
      const table = (name: string, columns: { [column: string]: Json }) => record(name, { kind: 'row', columns }, {})
      // A null at the head of a list is what pyarrow's JSON reader loses when it has to guess.
      const calls = [chat('look', { at: 'x' }), chat('count', { from: 1, to: [null, 2] })]
      const rows = [...calls, table('r1', { a: 1 }), table('r2', { a: 'one', b: [null, 'x'] })]
      const found = await load(rows, rows, 'parquet')
      expect(found.python).toEqual(found.ours)
      expect(Object.keys(found.python as object).sort()).toEqual(['row/train', 'sft/train'])
    })
  },
)
